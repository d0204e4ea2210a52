"""Requests and answers as the simulator's handlers see them, and a server's standard bodies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from elysiadash.demo.keys import User

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"


class ConnectionDropped(Exception):
    """Raised by a handler whose caller gets no answer at all: the connection is closed."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request to one node."""

    node: str
    method: str
    path: str
    params: dict[str, str]
    """Values of the route's `{placeholders}`, percent-decoded."""
    query: dict[str, str]
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes = b""
    user: User | None = None
    """Who asks, where keys are asked for."""

    def json(self, into: Any = Any) -> Any:
        """The body decoded; raises `msgspec.DecodeError` where it is not that."""
        return msgspec.json.decode(self.body, type=into)


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back. A body in pieces is sent one after the other, without being joined."""

    status: int = 200
    body: bytes | Sequence[bytes] = b""
    content_type: str | None = JSON
    headers: dict[str, str] = field(default_factory=dict)
    cors: bool = True

    @property
    def size(self) -> int:
        if isinstance(self.body, bytes):
            return len(self.body)
        return sum(map(len, self.body))


def payload(value: Any, status: int = 200) -> Answer:
    """A JSON body as handlers of the API write it: with a newline at its end."""
    return Answer(status, msgspec.json.encode(value) + b"\n")


def failure(status: int, message: str) -> Answer:
    """The usual error body of a handler."""
    return payload({"error": [{"message": message}]}, status)


def schema_failure(message: str) -> Answer:
    """422 of `POST /v1/schema` and its kin."""
    return payload({"allowed": None, "error": [{"message": message}]}, 422)


def library_failure(status: int, message: str, code: int | None = None) -> Answer:
    """The error body of the layer before the handlers: no newline, a `code`."""
    body = {"code": status if code is None else code, "message": message}
    return Answer(status, msgspec.json.encode(body))


def nothing(status: int, *, content_type: str | None = None) -> Answer:
    """No body. Some handlers still name a content type, which is passed on."""
    return Answer(status, b"", content_type)
