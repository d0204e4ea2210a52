"""Backups: listing, the status of one, starting and cancelling; one takes 20 s."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from elysiadash.demo.kept import keep
from elysiadash.demo.messages import Answer, Request, failure, library_failure, nothing, payload
from elysiadash.demo.world import World

_TAKES_SECONDS = 20.0
_FAILS_SECONDS = 2.0
_NEVER = "0001-01-01T00:00:00.000Z"
_ID = re.compile(r"[a-z0-9_-]+")


class _Wanted(msgspec.Struct, gc=False):
    id: str = ""
    include: list[str] = []
    exclude: list[str] = []
    incremental_base_backup_id: str = ""


async def list_backups(world: World, request: Request) -> Answer:
    """All backups of a backend; 422 for a backend whose module is not there."""
    missing = no_backend(world, request, "backend")
    if missing is not None:
        return missing
    return payload([_listed(backup, world.now()) for backup in world.model.backups])


async def backup_status(world: World, request: Request) -> Answer:
    """One backup; running ones have no size, and a completion in the year 1."""
    missing = no_backend(world, request, "provider")
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
    missing = no_backend(world, request, "backend")
    if missing is not None:
        return missing
    try:
        wanted = request.json(_Wanted)
    except msgspec.DecodeError as error:
        return library_failure(400, f'parsing body body from "" failed, because {error}')
    refused = _refused(world, wanted)
    if refused is not None:
        return failure(422, refused)
    classes = chosen_of(sorted(world.collections()), wanted.include, wanted.exclude)
    backup = {
        "classes": classes,
        "completedAt": world.now() + world.scaled(_TAKES_SECONDS),
        "id": wanted.id,
        "kept": keep(world.model, classes, world.now()),
        "size": 1.5,
        "startedAt": world.now(),
        "status": "SUCCESS",
    }
    readonly = _first_readonly(world, classes)
    if readonly is not None:
        backup |= {
            "status": "FAILED",
            "completedAt": world.now() + world.scaled(_FAILS_SECONDS),
            "error": readonly,
        }
    # A cancelled one of this id makes room.
    world.model.backups[:] = [one for one in world.model.backups if one["id"] != wanted.id]
    world.model.backups.append(backup)
    return payload(
        {
            "backend": world.model.backend,
            "classes": classes,
            "id": wanted.id,
            "path": path_of(world, wanted.id),
            "status": "STARTED",
        }
    )


async def cancel_backup(world: World, request: Request) -> Answer:
    """Cancel a running one; unknown ids do not matter."""
    missing = no_backend(world, request, "backend")
    if missing is not None:
        return missing
    for backup in world.model.backups:
        if backup["id"] == request.params["id"]:
            if backup["completedAt"] <= world.now():
                return failure(422, f'backup "{backup["id"]}" already succeeded')
            backup.update(completedAt=world.now(), status="CANCELED", error="context canceled")
    return nothing(204)


def _refused(world: World, wanted: _Wanted) -> str | None:
    if not _ID.fullmatch(wanted.id):
        return f"invalid backup id: '{wanted.id}' allowed characters are lowercase, 0-9, _, -"
    if wanted.include and wanted.exclude:
        return "malformed request: 'include' and 'exclude' cannot both contain values"
    for name in wanted.include:
        if not chosen_of(sorted(world.collections()), [name], []):
            return f"class {name} doesn't exist"
    base = wanted.incremental_base_backup_id
    if base and base not in {one["id"] for one in world.model.backups}:
        where = f"get object path could not find {path_of(world, base)}/backup_config.json"
        return f"resolve base backup chain: could not fetch base backup: {where}"
    for backup in world.model.backups:
        if backup["id"] == wanted.id and backup["status"] != "CANCELED":
            return f'backup "{wanted.id}" already exists at "{path_of(world, wanted.id)}"'
        if backup["completedAt"] > world.now():
            return f"backup {backup['id']} already in progress"
    return None


def chosen_of(names: list[str], include: list[str], exclude: list[str]) -> list[str]:
    """Which of the names are meant; both lists may have `*`."""
    return [
        name
        for name in names
        if (not include or any(fnmatchcase(name, one) for one in include))
        and not any(fnmatchcase(name, one) for one in exclude)
    ]


def _first_readonly(world: World, classes: list[str]) -> str | None:
    """What the server says of the first shard that it cannot write to disk."""
    for name in classes:
        for shard in world.collections()[name].shards.values():
            if shard.frozen:
                halted = f"snapshot shard {shard.name}: halt for snapshot: flush memtables"
                return (
                    f"backup class {name} descriptor: backup shards with hardlinks: {halted} after"
                    " queue drain: flush memtable: store is read-only"
                )
    return None


def no_backend(world: World, request: Request, what: str) -> Answer | None:
    """The refusal where the asked backend is not switched on, or cannot serve so many nodes."""
    backend = request.params["backend"]
    if backend == world.model.backend:
        several = len(world.model.nodes) > 1 and request.method == "POST"
        if backend == "filesystem" and several:
            return failure(
                422,
                "local filesystem backend is not viable for backing up a node cluster, try s3 or"
                " gcs",
            )
        return None
    why = f"backup: {backend} not found, did you enable the right module?"
    return failure(422, f'no backup {what} "{backend}": {why}')


def path_of(world: World, identity: str) -> str:
    """Where a backup lies."""
    return f"{world.model.backend}://demo-backups/{identity}"


def _status(world: World, backup: dict[str, Any], request: Request) -> dict[str, Any]:
    listed = _listed(backup, world.now())
    del listed["classes"]
    listed["backend"] = world.model.backend
    listed["path"] = path_of(world, backup["id"])
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
