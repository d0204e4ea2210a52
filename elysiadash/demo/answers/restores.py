"""Restoring backups: asking for it, its states, cancelling; one takes 6 s."""

from __future__ import annotations

from typing import Any

import msgspec

from elysiadash.demo.answers.backups import chosen_of, no_backend, path_of
from elysiadash.demo.kept import Restore, land
from elysiadash.demo.messages import Answer, Request, failure, library_failure, nothing, payload
from elysiadash.demo.world import World

_TAKES_SECONDS = 6.0


class _Wanted(msgspec.Struct, gc=False):
    include: list[str] = []
    exclude: list[str] = []
    node_mapping: dict[str, str] = {}
    overwriteAlias: bool = False  # noqa: N815 - as it is on the wire


async def start_restore(world: World, request: Request) -> Answer:
    """Begin one: taken names are found out later, unknown nodes and backups at once."""
    missing = no_backend(world, request, "backend")
    if missing is not None:
        return missing
    try:
        wanted = request.json(_Wanted) if request.body else _Wanted()
    except msgspec.DecodeError as error:
        return library_failure(400, f'parsing body body from "" failed, because {error}')
    identity, model = request.params["id"], world.model
    found = next((one for one in model.backups if one["id"] == identity), None)
    if found is None or "kept" not in found:
        where = f"get object path could not find {path_of(world, identity)}/backup_config.json"
        words = f'backup id "{identity}" does not exist: {where}: metadata not found'
        return failure(404, words)
    under_way = next((one for one in model.landing if not one.status), None)
    if under_way is not None:
        return failure(422, f"restoration {under_way.backup} already in progress")
    if found["completedAt"] > world.now() or found["status"] != "SUCCESS":
        return failure(422, f"invalid backup status: {found['status']}")
    if wanted.include and wanted.exclude:
        words = "malformed request: 'include' and 'exclude' cannot both contain values"
        return failure(422, words)
    classes = chosen_of(found["classes"], wanted.include, wanted.exclude)
    for node in found["kept"].nodes:
        if wanted.node_mapping.get(node, node) not in model.nodes:
            words = f'cannot resolve hostname for "{node}", nodes=map[{node}:0x1ae498441540]'
            return failure(500, f"{words}, nodeMapping=map[]")
    restore = Restore(
        backup=identity,
        by=model.name,
        classes=classes,
        kept=found["kept"],
        began=world.now(),
        ends=world.now() + world.scaled(_TAKES_SECONDS),
        mapping=wanted.node_mapping,
        overwrite_alias=wanted.overwriteAlias,
    )
    model.landing.append(restore)
    model.restores[identity] = restore
    return payload(
        {
            "backend": model.backend,
            "classes": classes,
            "id": identity,
            "path": path_of(world, identity),
            "status": "STARTED",
        }
    )


async def restore_status(world: World, request: Request) -> Answer:
    """How the last restore of this backup stands, whichever cluster was asked for it."""
    missing = no_backend(world, request, "provider")
    if missing is not None:
        return missing
    identity = request.params["id"]
    land(world.model, world.now())
    restore = world.model.restores.get(identity)
    if restore is None:
        where = f"{identity}/restore_config.json"
        return failure(
            404,
            'coordinator cannot get status: metadata not found: "": get object path could not'
            f" find {where}: no such key store: {{0001-01-01 00:00:00 +0000 UTC     }}",
        )
    told: dict[str, Any] = {"backend": world.model.backend}
    if restore.error:
        told["error"] = restore.error
    told |= {
        "id": identity,
        "path": path_of(world, identity),
        "status": restore.status_at(world.now()),
    }
    return payload(told)


async def cancel_restore(world: World, request: Request) -> Answer:
    """Cancel a running one before it puts things in their places; unknown ids do not matter."""
    missing = no_backend(world, request, "backend")
    if missing is not None:
        return missing
    land(world.model, world.now())
    restore = world.model.restores.get(request.params["id"])
    if restore is None or restore.status == "CANCELED":
        return nothing(204)
    if restore.status:
        return failure(422, f'restore "{restore.backup}" already {restore.status.lower()}')
    if world.now() >= restore.finalizing_from:
        return failure(422, f'restore "{restore.backup}" is finalizing and cannot be cancelled')
    restore.status = "CANCELED"
    return nothing(204)
