"""Backups: listing, the status of one, starting and cancelling; one takes 20 s."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import msgspec

from elysiadash.demo.messages import Answer, Request, failure, library_failure, nothing, payload
from elysiadash.demo.world import World

_TAKES_SECONDS = 20.0
_NEVER = "0001-01-01T00:00:00.000Z"
_ID = re.compile(r"[a-z0-9_-]+")


class _Wanted(msgspec.Struct, gc=False):
    id: str = ""
    include: list[str] = []
    exclude: list[str] = []


async def list_backups(world: World, request: Request) -> Answer:
    """All backups of a backend; 422 for a backend whose module is not there."""
    missing = _no_backend(world, request, "backend")
    if missing is not None:
        return missing
    return payload([_listed(backup, world.now()) for backup in world.model.backups])


async def backup_status(world: World, request: Request) -> Answer:
    """One backup; running ones have no size, and a completion in the year 1."""
    missing = _no_backend(world, request, "provider")
    if missing is not None:
        return missing
    identity = request.params["id"]
    for backup in world.model.backups:
        if backup["id"] == identity:
            return payload(_status(world, backup, request))
    where = f"{identity}/backup_config.json"
    return failure(
        404,
        'coordinator cannot get status: metadata not found: "": get object path could not find'
        f" {where}: no such key store: {{0001-01-01 00:00:00 +0000 UTC     }}",
    )


async def start_backup(world: World, request: Request) -> Answer:
    """Start one; one at a time, of collections that exist, under a new id."""
    missing = _no_backend(world, request, "backend")
    if missing is not None:
        return missing
    try:
        wanted = request.json(_Wanted)
    except msgspec.DecodeError as error:
        return library_failure(400, f'parsing body body from "" failed, because {error}')
    refused = _refused(world, wanted)
    if refused is not None:
        return failure(422, refused)
    names = sorted(world.collections())
    classes = wanted.include or [name for name in names if name not in wanted.exclude]
    world.model.backups.append(
        {
            "classes": classes,
            "completedAt": world.now() + world.scaled(_TAKES_SECONDS),
            "id": wanted.id,
            "size": 1.5,
            "startedAt": world.now(),
            "status": "SUCCESS",
        }
    )
    return payload(
        {
            "backend": world.model.backend,
            "classes": classes,
            "id": wanted.id,
            "path": _path(world, wanted.id),
            "status": "STARTED",
        }
    )


async def cancel_backup(world: World, request: Request) -> Answer:
    """Cancel a running one; unknown ids do not matter."""
    missing = _no_backend(world, request, "backend")
    if missing is not None:
        return missing
    for backup in world.model.backups:
        if backup["id"] == request.params["id"]:
            if backup["completedAt"] <= world.now():
                return failure(422, f'backup "{backup["id"]}" already succeeded')
            backup.update(completedAt=world.now(), status="CANCELED")
    return nothing(204)


def _refused(world: World, wanted: _Wanted) -> str | None:
    if not _ID.fullmatch(wanted.id):
        return f"invalid backup id: '{wanted.id}' allowed characters are lowercase, 0-9, _, -"
    if wanted.include and wanted.exclude:
        return "invalid include and exclude: cannot contain both values"
    for name in wanted.include:
        if name not in world.collections():
            return f"class {name} doesn't exist"
    for backup in world.model.backups:
        if backup["id"] == wanted.id:
            return f'backup "{wanted.id}" already exists at "{_path(world, wanted.id)}"'
        if backup["completedAt"] > world.now():
            return f"backup {backup['id']} already in progress"
    return None


def _no_backend(world: World, request: Request, what: str) -> Answer | None:
    backend = request.params["backend"]
    if backend == world.model.backend:
        return None
    why = f"backup: {backend} not found, did you enable the right module?"
    return failure(422, f'no backup {what} "{backend}": {why}')


def _path(world: World, identity: str) -> str:
    return f"{world.model.backend}://demo-backups/{identity}"


def _status(world: World, backup: dict[str, Any], request: Request) -> dict[str, Any]:
    listed = _listed(backup, world.now())
    del listed["classes"]
    listed["backend"] = world.model.backend
    listed["path"] = _path(world, backup["id"])
    if "error" in backup:
        listed["error"] = backup["error"]
    return dict(sorted(listed.items()))


def _listed(backup: dict[str, Any], at: float) -> dict[str, Any]:
    running = backup["completedAt"] > at
    listed = {
        "classes": backup["classes"],
        "completedAt": _NEVER if running else _moment(backup["completedAt"]),
        "id": backup["id"],
        "size": backup["size"],
        "startedAt": _moment(backup["startedAt"]),
        "status": "STARTED" if running else backup["status"],
    }
    if running or backup["status"] != "SUCCESS":
        del listed["size"]
    return listed


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
