"""How the faults of a request show: instead of its answer, or in it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from elysiadash.demo.faults import Fault
from elysiadash.demo.messages import JSON, Answer, ConnectionDropped, Request, failure
from elysiadash.demo.world import World

_PROXY_PAGE = (
    "<html>\r\n<head><title>{status} {reason}</title></head>\r\n<body>\r\n"
    "<center><h1>{status} {reason}</h1></center>\r\n<hr><center>nginx</center>\r\n"
    "</body>\r\n</html>\r\n"
)

_REASONS = {
    200: "OK",
    404: "Not Found",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Temporarily Unavailable",
    504: "Gateway Time-out",
}

_FOREVER = 10 * 365 * 86_400.0
_PROTO = "application/proto"
_DENIED = "insert to vector index: context deadline exceeded"


async def before_answer(world: World, faults: Sequence[Fault], route: str) -> Answer | None:
    """Wait, drop or answer as the faults say; None where the request goes on to its handler."""
    for fault in faults:
        match fault.kind:
            case "slow":
                await asyncio.sleep(fault.seconds)
            case "hang":
                await asyncio.sleep(_FOREVER)
            case "drop":
                raise ConnectionDropped
            case "status":
                body = (fault.body or "").encode()
                return Answer(fault.status, body, fault.content_type)
            case "html":
                return _proxy_page(fault.status)
            case "forbidden":
                return forbidden(route, fault.body)
            case _:
                continue
    return None


def after_answer(faults: Sequence[Fault], request: Request, answer: Answer) -> Answer:
    """The answer, spoilt as the faults say. Raises `ConnectionDropped` in its place."""
    for fault in faults:
        match fault.kind:
            case "unanswered":
                raise ConnectionDropped
            case "no_rows" | "few_rows" | "denied":
                answer = _lying(answer, fault, request)
            case "truncated":
                answer = _truncated(answer)
            case "malformed":
                answer = _malformed(answer, fault)
            case _:
                continue
    return answer


def forbidden(route: str, message: str | None = None, user: str = "viewer") -> Answer:
    """403 of a server with RBAC; `/v1/tasks` says nothing more."""
    if route == "/v1/tasks":
        return Answer(403, b"")
    if message is None:
        what = _PERMISSIONS.get(route, "read_collections [[Domain: collections, Collection: *]]")
        message = (
            f"rbac: authorization, forbidden action: user '{user}' has insufficient"
            f" permissions to {what}"
        )
    return failure(403, message)


_PERMISSIONS = {
    "/v1/nodes": "read_nodes [[Domain: nodes, Verbosity: minimal]]",
    "/v1/nodes/{className}": "read_nodes [[Domain: nodes, Verbosity: verbose, Collection: *]]",
    "/v1/cluster/statistics": "read_cluster []",
    "/v1/replication/replicate/list": (
        "read_replicate [[Domain: replicate, Collection: *, Shard: *]]"
    ),
    "/v1/schema/{className}/shards": "read_tenants [[Domain: tenants, Collection: *, Tenant: *]]",
}


def _proxy_page(status: int) -> Answer:
    page = _PROXY_PAGE.format(status=status, reason=_REASONS.get(status, "Error"))
    return Answer(status, page.encode(), "text/html", cors=False)


def _whole(answer: Answer) -> bytes:
    return answer.body if isinstance(answer.body, bytes) else b"".join(answer.body)


def _truncated(answer: Answer) -> Answer:
    """Half of the body, under a header that promises all of it; then the connection closes."""
    body = _whole(answer)
    headers = {**answer.headers, "content-length": str(max(1, len(body)))}
    return Answer(answer.status, body[: len(body) // 2], answer.content_type, headers, answer.cors)


def spoil_reply(faults: Sequence[Fault], request: Any, reply: Any) -> None:
    """Make a reply of the protobuf API lie as the faults say. Raises `ConnectionDropped`."""
    for fault in faults:
        if fault.kind == "unanswered":
            raise ConnectionDropped
        if fault.kind in ("no_rows", "few_rows") and hasattr(reply, "results"):
            del reply.results[_kept(fault, len(reply.results)) :]
        if fault.kind == "denied" and hasattr(reply, "errors"):
            del reply.errors[:]
            for place in range(len(request.objects)):
                reply.errors.add(index=place, error=_DENIED)


def _lying(answer: Answer, fault: Fault, request: Request) -> Answer:
    """A page without rows that are there, a batch that denies what it stored."""
    if answer.status != 200:
        return answer
    body = _whole(answer)
    if answer.content_type == _PROTO:
        from elysiadash.proto.service import METHODS

        method = METHODS[request.params["method"]]
        reply = method.reply.FromString(body)
        spoil_reply([fault], method.request.FromString(request.body), reply)
        body = reply.SerializeToString()
    elif answer.content_type == JSON:
        told = msgspec.json.decode(body)
        if fault.kind == "denied" and isinstance(told, list):
            for one in told:
                one["result"] = {
                    "errors": {"error": [{"message": _DENIED}]},
                    "status": "FAILED",
                }
        elif fault.kind != "denied" and isinstance(told, dict) and "objects" in told:
            told["objects"] = told["objects"][: _kept(fault, len(told["objects"]))]
            told.pop("totalResults", None)
        body = msgspec.json.encode(told)
    return Answer(answer.status, body, answer.content_type, answer.headers, answer.cors)


def _kept(fault: Fault, rows: int) -> int:
    return 0 if fault.kind == "no_rows" else rows // 2


def _malformed(answer: Answer, fault: Fault) -> Answer:
    body = _whole(answer)
    if fault.variant == "not_json" or answer.content_type != JSON:
        spoilt = body[: len(body) // 2] + b"\x00{]" + body[len(body) // 2 :]
    else:
        spoilt = msgspec.json.encode(_spoil(msgspec.json.decode(body or b"null"), fault.variant))
    return Answer(answer.status, spoilt, answer.content_type, answer.headers, answer.cors)


def _spoil(value: Any, variant: str) -> Any:
    """The same shape with every leaf made wrong in one way."""
    if isinstance(value, dict):
        return {key: _spoil(inner, variant) for key, inner in value.items()}
    if isinstance(value, list):
        return [_spoil(inner, variant) for inner in value]
    if variant == "wrong_types":
        return _other_type(value)
    if variant == "huge_numbers" and isinstance(value, int | float) and not isinstance(value, bool):
        return msgspec.Raw(b"98765432109876543210987654321")
    if variant == "unknown_values" and isinstance(value, str):
        return f"{value}_OF_TOMORROW"
    return value


def _other_type(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int | float):
        return {"value": value}
    return [value]
