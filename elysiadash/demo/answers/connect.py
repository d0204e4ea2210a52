"""The Connect door: the protobuf API's unary calls as POST on the REST port.

It speaks JSON and protobuf, asks for the header `Connect-Protocol-Version: 1`, and answers
404 `Not Found` in plain text to whatever it does not know.
"""

from __future__ import annotations

import json
from typing import Any

from elysiadash.demo.messages import JSON, TEXT, Answer, Request
from elysiadash.demo.world import World

PROTO = "application/proto"
_VARY = {"vary": "Origin"}
_STATUSES = {"permission_denied": 403, "not_found": 404, "failed_precondition": 400}
_PLAIN = {"vary": "Origin", "x-content-type-options": "nosniff"}


async def call(world: World, request: Request) -> Answer:
    """One unary call."""
    from elysiadash.demo.calls import CallRefused, perform
    from elysiadash.proto.service import METHODS, SERVICE

    media = request.headers.get("content-type", "").split(";")[0].strip()
    name = request.params["method"]
    version = request.headers.get("connect-protocol-version")
    known = request.params["service"] == SERVICE and name in METHODS
    if version != "1" or media not in (JSON, PROTO) or not known:
        return Answer(404, b"Not Found\n", TEXT, _PLAIN, cors=False)
    method = METHODS[name]
    try:
        message = _read(method.request, request.body, media)
    except ValueError as error:
        return _failure(*error.args)
    try:
        authorization = request.headers.get("authorization")
        reply = await perform(world, request.node, name, message, authorization)
    except CallRefused as refused:
        return _failure(refused.code, str(refused))
    body = reply.SerializeToString() if media == PROTO else _as_json(reply)
    return Answer(200, body, media, _VARY, cors=False)


async def not_allowed(world: World, request: Request) -> Answer:
    """Calls are made by POST only."""
    headers = {"allow": "POST", **_PLAIN}
    return Answer(405, b"Method Not Allowed\n", TEXT, headers, cors=False)


def _read(kind: Any, body: bytes, media: str) -> Any:
    """The message; unknown fields do not matter. Raises `ValueError(code, message)`."""
    from google.protobuf import json_format
    from google.protobuf.message import DecodeError

    try:
        if media == PROTO:
            return kind.FromString(body)
        return json_format.Parse(body, kind(), ignore_unknown_fields=True)
    except DecodeError:
        why = "grpc: error unmarshalling request: proto:\u00a0cannot parse invalid wire-format data"
        raise ValueError("internal", why) from None
    except json_format.ParseError:
        raise ValueError("unknown", "proto:\u00a0unexpected EOF") from None


def _as_json(reply: Any) -> bytes:
    """Protobuf's JSON: 64-bit numbers are strings, enums are names, empty lists are there."""
    from google.protobuf import json_format

    fields = json_format.MessageToDict(reply, always_print_fields_with_no_presence=True)
    return json.dumps(fields, separators=(", ", ":"), ensure_ascii=False).encode()


def _failure(code: str, message: str) -> Answer:
    body = json.dumps({"code": code, "message": message}, separators=(",", ":"), ensure_ascii=False)
    return Answer(_STATUSES.get(code, 500), body.encode(), JSON, _VARY, cors=False)
