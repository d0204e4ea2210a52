"""From an HTTP answer to a typed value, or to the error that says what it was instead."""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec

from elysiadash.weaviate.errors import (
    BadAnswer,
    Forbidden,
    NotFound,
    NotSupported,
    Rejected,
    ServerFault,
    Unauthorized,
    WeaviateError,
)
from elysiadash.weaviate.models import ENVELOPES, MOST_NODES

T = TypeVar("T")
_DETAIL_CHARS = 300
_ERROR_BYTES = 64 * 1024
_NO_LEADER = "leader not found"
_REFUSED_KEY = "extract auth: "
_NO_ROUTE = re.compile(r"path \S+ was not found")


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What came back: ``seconds`` from sending to the last byte, ``date`` the server's clock."""

    status: int
    content_type: str
    location: str
    body: bytes
    request: str
    seconds: float
    date: str = ""


def decode(kind: type[T], answer: Answer) -> T:
    """The JSON body as ``kind``; raises ``BadAnswer`` saying what the body was instead."""
    try:
        value = msgspec.json.decode(answer.body, type=kind)
    except msgspec.ValidationError as error:
        if "of length <=" in str(error):
            raise BadAnswer(
                f"the answer lists more than {MOST_NODES:,} nodes, which no cluster has ({error})",
                request=answer.request,
                hint="the address may be another service, or what stands before it is broken",
            ) from None
        raise BadAnswer(
            f"the answer has a field of another type than Weaviate sends ({error})",
            request=answer.request,
            hint="the address may be another service, or the version is newer than this program",
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _not_json(answer, str(error)) from None
    if ENVELOPES.get(kind, b"") not in answer.body:
        raise BadAnswer(
            "the answer is JSON, but not what Weaviate sends",
            request=answer.request,
            hint="another program or a login page answers at this address",
        )
    return value


def raise_for_status(answer: Answer) -> None:
    """Raise the error that an answer with another status than 2xx stands for."""
    status = answer.status
    if 200 <= status < 300:
        return
    words = message_of(answer.body)
    common: dict[str, Any] = {"request": answer.request, "status": status, "detail": words}
    if 300 <= status < 400:
        raise BadAnswer(
            f"a redirect ({status}) instead of an answer",
            hint="the url of the profile may need another scheme, host or path",
            **common,
        )
    if _NO_LEADER in (words or ""):
        # Seen as 422 for tenants and classes, as 500 elsewhere.
        raise ServerFault(
            "the cluster has no raft leader",
            hint="most nodes are down or cannot reach each other; reads of local state still work",
            **common,
        )
    # The protobuf doors wrap a refused key into a 500.
    if status == 401 or (words or "").startswith(_REFUSED_KEY):
        raise Unauthorized(
            f"the server did not accept who we are ({status})", hint=_hint(words), **common
        )
    if status == 403:
        raise Forbidden(
            "the user lacks the permission for this request (403)",
            hint="ask for a role with read access; the built-in viewer role is enough to watch",
            **common,
        )
    if status in (405, 501) or (status == 404 and _is_no_route(answer, words)):
        raise NotSupported(f"this server does not offer the request ({status})", **common)
    if status == 404:
        raise NotFound("not found (404)", **common)
    if status < 500:
        raise Rejected(f"the server refused the request ({status})", **common)
    raise _server_fault(answer, common)


def message_of(body: bytes) -> str | None:
    """The server's own words from any of its error bodies, cut short; None when it said nothing.

    Seen on 1.39.0: ``{"error":[{"message"}]}``, ``{"code","message"}``, ``{"error":"..."}``,
    a JSON string, plain text, nothing.
    """
    text = body[:8192].decode("utf-8", "replace").strip()
    if not text:
        return None
    if _looks_like_html(body):
        return None
    try:
        document = msgspec.json.decode(body[:_ERROR_BYTES])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _short(text)
    found = _message_in(document)
    return _short(found) if found else _short(text)


def _message_in(document: Any) -> str | None:
    if isinstance(document, str):
        return document
    if not isinstance(document, dict):
        return None
    error = document.get("error")
    if isinstance(error, str):
        return error
    if isinstance(error, list) and error and isinstance(error[0], dict):
        return str(error[0].get("message") or "") or None
    message = document.get("message")
    return message if isinstance(message, str) else None


def _server_fault(answer: Answer, common: dict[str, Any]) -> WeaviateError:
    status: int = common["status"]
    if _looks_like_html(answer.body):
        return ServerFault(
            f"a proxy answered {status} in the server's place",
            hint="check the proxy or load balancer before Weaviate",
            **common,
        )
    return ServerFault(f"the server failed with {status}", **common)


def _not_json(answer: Answer, why: str) -> BadAnswer:
    if _looks_like_html(answer.body):
        return BadAnswer(
            "an HTML page instead of an answer",
            request=answer.request,
            hint="a proxy, a login page or another service answers at this address",
        )
    if not answer.body:
        return BadAnswer("an empty body instead of an answer", request=answer.request)
    return BadAnswer(
        f"the answer is cut off or is not JSON ({why})",
        request=answer.request,
        hint="a proxy may cut long answers; it is asked again at the next interval",
    )


def _is_no_route(answer: Answer, words: str | None) -> bool:
    return bool(words and (_NO_ROUTE.search(words) or words == "Not Found")) or (
        _looks_like_html(answer.body)
    )


def _looks_like_html(body: bytes) -> bool:
    head = body[:256].lstrip().lower()
    return head.startswith((b"<!doctype", b"<html", b"<head", b"<body"))


def _hint(words: str | None) -> str:
    if words and "no authentication scheme is configured" in words:
        return "the server has no authentication: remove auth from the profile"
    if words and "anonymous access not enabled" in words:
        return "set auth in the profile: this server needs a key or a token"
    return "check the key or token that the profile names"


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _DETAIL_CHARS else flat[: _DETAIL_CHARS - 1] + "…"
