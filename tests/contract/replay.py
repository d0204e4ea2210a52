"""Answers requests from recordings, as an httpx transport."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

_TELLING_HEADERS = ("consistency", "connect-protocol-version")
_QUICK_S = 3.0


class NotRecorded(Exception):
    """The client asked what was not recorded: another request than before, or another state."""


class Replay(httpx.AsyncBaseTransport):
    """Plays one state of one version's recordings.

    The host of a request's address is the node's name. An answer that took long when it was
    recorded takes ``time_scale`` times as long now. ``users`` maps keys to users.
    """

    def __init__(
        self,
        folder: Path,
        *,
        state: str = "healthy",
        users: Mapping[str, str] | None = None,
        time_scale: float = 0.0,
    ) -> None:
        self.state = state
        self._folder = folder
        self._index = json.loads((folder / "index.json").read_text("utf-8"))
        self._users = dict(users or {})
        self._time_scale = time_scale
        self._recordings = {
            _key(
                entry["state"],
                entry["node"],
                entry["method"],
                entry["path"],
                entry.get("headers", {}),
                entry.get("user"),
                entry.get("body"),
            ): entry
            for entry in self._index["recordings"]
        }

    @property
    def version(self) -> str:
        """The server's version."""
        return str(self._index["version"])

    @property
    def nodes(self) -> list[str]:
        """The nodes that were asked."""
        return list(dict.fromkeys(entry["node"] for entry in self._index["recordings"]))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The recorded answer; raises ``NotRecorded`` where there is none."""
        body = await request.aread()
        asked = _key(
            self.state,
            request.url.host,
            request.method,
            request.url.raw_path.decode(),
            request.headers,
            self._user(request),
            json.loads(body) if body else None,
        )
        entry = self._recordings.get(asked)
        if entry is None:
            raise NotRecorded(f"{self.state}: {request.method} {request.url} {body.decode()}")
        if entry["outcome"] == "refused":
            raise httpx.ConnectError("connection refused") from ConnectionRefusedError(111, "")
        seconds = float(entry["seconds"])
        if seconds >= _QUICK_S:
            await asyncio.sleep(seconds * self._time_scale)
        if entry["outcome"] == "no answer":
            await asyncio.Event().wait()
        if entry["outcome"] == "closed":
            raise httpx.RemoteProtocolError("closed without an answer")
        content_type = entry.get("content_type")
        return httpx.Response(
            entry["status"],
            headers={"content-type": content_type} if content_type else {},
            content=(self._folder / entry["file"]).read_bytes() if "file" in entry else b"",
        )

    def _user(self, request: httpx.Request) -> str | None:
        header = request.headers.get("authorization")
        return self._users[header.removeprefix("Bearer ")] if header else None


def _key(
    state: str,
    node: str,
    method: str,
    path: str,
    headers: Mapping[str, str],
    user: str | None,
    body: Any,
) -> tuple[str, ...]:
    parts = urlsplit(path)
    lowered = {name.lower(): value for name, value in headers.items()}
    return (
        state,
        node,
        method,
        parts.path,
        json.dumps(sorted(parse_qsl(parts.query))),
        json.dumps([lowered.get(name, "") for name in _TELLING_HEADERS]),
        user or "",
        json.dumps(body, sort_keys=True),
    )
