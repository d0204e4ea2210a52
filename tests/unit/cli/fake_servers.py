"""Servers that misbehave, in the place of the network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from elysiadash.cli import session
from elysiadash.cluster.connect import connect

Handler = Callable[[httpx.Request], httpx.Response]


def put_in_place(monkeypatch: pytest.MonkeyPatch, handler: Handler) -> list[httpx.Request]:
    """Let every request go to ``handler``; returns the requests as they come."""
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return handler(request)

    def open_with_fake(profile: Any, **others: Any) -> Any:
        return connect(profile, **others, http=httpx.MockTransport(answer))

    monkeypatch.setattr(session, "connect", open_with_fake)
    return requests


def refused(_: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("no") from ConnectionRefusedError(111, "Connection refused")


def wrong_key(request: httpx.Request) -> httpx.Response:
    if request.url.path.startswith("/v1/.well-known"):
        return httpx.Response(200)
    return httpx.Response(401, json={"code": 401, "message": "unauthorized: invalid api key"})


def login_page(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, html="<!doctype html><title>Sign in</title>")


def overloaded(_: httpx.Request) -> httpx.Response:
    return httpx.Response(503, html="<html>Service Unavailable</html>")
