"""What the backup routes can be asked (Weaviate 1.30 to 1.39)."""

from __future__ import annotations

from typing import Any

import msgspec

from elysiadash.weaviate.answers import decode
from elysiadash.weaviate.client import Client, path_segment
from elysiadash.weaviate.errors import NotFound
from elysiadash.weaviate.guard import Permit
from elysiadash.weaviate.transport import Call

RUNNING = frozenset({"STARTED", "TRANSFERRING", "TRANSFERRED", "FINALIZING", "CANCELLING"})
"""Words of a status that will change by itself."""


class Status(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """``GET /v1/backups/{backend}/{id}`` and its ``/restore``; ``size`` in GiB, once done.

    ``classes`` is told only by the answer to the request that begins one.
    """

    id: str = ""
    status: str = ""
    path: str = ""
    error: str = ""
    started_at: str | None = None
    completed_at: str | None = None
    size: float | None = None
    classes: tuple[str, ...] = ()

    @property
    def running(self) -> bool:
        """Whether the server still works on it."""
        return self.status in RUNNING

    @property
    def mark(self) -> list[str]:
        """What two readings of the same backup or restore agree in, once it is over."""
        return [self.status, self.error, self.started_at or "", self.completed_at or ""]


async def status(client: Client, backend: str, name: str, *, restore: bool) -> Status | None:
    """How a backup or its restore stands; None where the server knows of none."""
    try:
        answer = await client.transport.send(
            Call(method="GET", path=_path(backend, name, restore), timeout=_patience(client))
        )
    except NotFound:
        return None
    return decode(Status, answer)


async def create(client: Client, backend: str, body: dict[str, Any], permit: Permit) -> Status:
    """``POST /v1/backups/{backend}``: the answer only says that it was begun."""
    return await _begin(client, f"/v1/backups/{path_segment(backend)}", body, permit)


async def restore(
    client: Client, backend: str, name: str, body: dict[str, Any], permit: Permit
) -> Status:
    """``POST /v1/backups/{backend}/{id}/restore``: 200 also where the class exists already."""
    return await _begin(client, _path(backend, name, restore=True), body, permit)


async def cancel(client: Client, backend: str, name: str, permit: Permit, *, restore: bool) -> None:
    """``DELETE``: 204 also for an unknown id, 422 for one that is done; read back after it."""
    await client.transport.send(
        Call(
            method="DELETE",
            path=_path(backend, name, restore),
            timeout=_patience(client),
            permit=permit,
        )
    )


async def _begin(client: Client, path: str, body: Any, permit: Permit) -> Status:
    answer = await client.transport.send(
        Call(method="POST", path=path, json=body, timeout=_patience(client), permit=permit)
    )
    return decode(Status, answer)


def _path(backend: str, name: str, restore: bool) -> str:
    path = f"/v1/backups/{path_segment(backend)}/{path_segment(name)}"
    return f"{path}/restore" if restore else path


def _patience(client: Client) -> float:
    # The first request of a backup was seen to take 12 s under load.
    return max(60.0, client.profile.timeouts.slow)
