"""The ASGI applications of a node's ports: the REST API, metrics, and the demo's own control.

A request meets, in this order: a hung node, the faults given for its route, the keys if any are
asked for, its handler.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl

from elysiadash.demo.auth import OPEN, Unauthorized, identify, refuse, unauthorized
from elysiadash.demo.faults import Fault
from elysiadash.demo.messages import Answer, ConnectionDropped, Request
from elysiadash.demo.mishaps import after_answer, before_answer
from elysiadash.demo.routing import Router
from elysiadash.demo.world import World

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_CORS = {
    "access-control-allow-headers": "Content-Type, Authorization, Batch",
    "access-control-allow-methods": "*",
    "access-control-allow-origin": "*",
    "vary": "Origin",
}

#: Longer bodies are sent in chunks, without a length: the server's own buffer is this small.
_BUFFERED_BYTES = 2048

_PIECE_BYTES = 1 << 18


def node_application(world: World, node: str | None, router: Router) -> Application:
    """What answers on one of a node's ports; None is the demo's own, which has no faults."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = await _read_body(receive)
        if body is None:
            return
        answer = await _unless_gone(receive, _meet(world, node, router, scope, body))
        if answer is None:
            _drop(scope)
        else:
            await _respond(scope, send, answer)

    return application


async def _unless_gone(
    receive: Receive, answering: Coroutine[Any, Any, Answer | None]
) -> Answer | None:
    """The answer, unless the caller leaves before there is one: nothing waits for nobody."""
    answer = asyncio.ensure_future(answering)
    gone = asyncio.ensure_future(receive())
    try:
        await asyncio.wait({answer, gone}, return_when=asyncio.FIRST_COMPLETED)
        return answer.result() if answer.done() else None
    finally:
        answer.cancel()
        gone.cancel()


async def _meet(
    world: World, node: str | None, router: Router, scope: Scope, body: bytes
) -> Answer | None:
    """The answer of a node that may be hung; None where the connection is closed instead."""
    if node is not None:
        await world.until_not_hung(node)
    try:
        return await _answer(world, node, router, scope, body)
    except ConnectionDropped:
        return None


async def _answer(
    world: World, node: str | None, router: Router, scope: Scope, body: bytes
) -> Answer:
    method, path = scope["method"], scope["raw_path"].decode("latin-1")
    asks_keys = router.asks_keys and not path.startswith(OPEN)
    template, params, found = router.find("GET" if method == "HEAD" else method, path)
    faults: list[Fault] = []
    if node is not None:
        world.model.calls[node, f"{method} {template}"] += 1
        faults = world.faults.hitting(node, method, path)
    instead = await before_answer(world, faults, template)
    if instead is not None:
        return instead
    if isinstance(found, Answer):
        return found
    headers = {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
    }
    try:
        user = identify(world.keys, headers.get("authorization")) if asks_keys else None
    except Unauthorized as error:
        return unauthorized(error)
    request = Request(
        node=node or "",
        method=method,
        path=path,
        params=params,
        query=dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
        headers=headers,
        body=body,
        user=user,
    )
    refused = refuse(user, template, request)
    if refused is not None:
        return refused
    return after_answer(faults, request, await found(world, request))


async def _read_body(receive: Receive) -> bytes | None:
    """The whole body; None when the caller left while sending it."""
    pieces = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        pieces.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(pieces)


def _pieces(body: bytes | Sequence[bytes]) -> list[bytes]:
    """The body in pieces that a socket takes without piling them up."""
    parts = [body] if isinstance(body, bytes) else body
    return [
        part[start : start + _PIECE_BYTES]
        for part in parts
        for start in range(0, len(part), _PIECE_BYTES)
    ]


def _drop(scope: Scope) -> None:
    transport = scope["state"].get("transport")
    if transport is not None:
        transport.abort()


async def _respond(scope: Scope, send: Send, answer: Answer) -> None:
    headers = dict(_CORS) if answer.cors else {}
    if answer.content_type is not None:
        headers["content-type"] = answer.content_type
    headers.update(answer.headers)
    headers["date"] = formatdate(usegmt=True)
    size = answer.size
    if size <= _BUFFERED_BYTES and answer.status != 204 and "content-length" not in headers:
        headers["content-length"] = str(size)
    await send(
        {
            "type": "http.response.start",
            "status": answer.status,
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
    )
    pieces = [] if scope["method"] == "HEAD" or answer.status == 204 else _pieces(answer.body)
    for piece in pieces[:-1]:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    last = pieces[-1] if pieces else b""
    if int(headers.get("content-length", 0)) > size:
        await send({"type": "http.response.body", "body": last, "more_body": True})
        _drop(scope)
        return
    await send({"type": "http.response.body", "body": last})
