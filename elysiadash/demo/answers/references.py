"""`/v1/batch/references` and `/v1/objects/{c}/{id}/references/{p}`.

A batch adds, whether or not the reference is there already, and takes ids that lead nowhere;
PUT replaces the list and refuses those.
"""

from __future__ import annotations

import copy
from typing import Any

import msgspec

from elysiadash.demo import stored
from elysiadash.demo.messages import Answer, Request, failure, library_failure, nothing, payload
from elysiadash.demo.model import Collection
from elysiadash.demo.references import kept, reference_names, refuse_dangling
from elysiadash.demo.stored import Refusal
from elysiadash.demo.world import World


class _Added(msgspec.Struct, gc=False):
    source: str = msgspec.field(name="from", default="")
    to: str = ""
    tenant: str = ""


class _Beacon(msgspec.Struct, gc=False):
    beacon: str


async def batch_references(world: World, request: Request) -> Answer:
    """Add references to objects that are there."""
    try:
        batch = request.json(list[_Added])
    except msgspec.DecodeError as error:
        return library_failure(400, f'parsing body body from "" failed, because {error}')
    for one in batch:
        for name, value in (("from", one.source), ("to", one.to)):
            if "://" not in value:
                text = f'{name} in body must be of type uri: "{value}"'
                return library_failure(422, text, 601)
    return payload([_result(one, _add(world, request.node, one)) for one in batch])


def _add(world: World, node: str, one: _Added) -> str | None:
    """Why the reference was not added, or None."""
    parts = one.source.removeprefix("weaviate://localhost/").split("/")
    if len(parts) != 3:
        return f"invalid reference: {one.source}"
    name, identity, known = parts
    collection = world.collection(name)
    if collection is None:
        return f"class '{name}' not present in schema"
    try:
        found = stored.find(world, collection, one.tenant, identity)
        if found is None:
            return f"object with id '{identity}' not found"
        beacons = [*(found.properties.get(known) or []), kept(collection, one.to)]
        _replace(world, node, collection, one.tenant, identity, known, beacons)
    except Refusal as refusal:
        return str(refusal)
    if known not in reference_names(collection):
        # Said to have failed, and stored.
        return f"property '{known}' not found in schema"
    return None


def _replace(
    world: World,
    node: str,
    collection: Collection,
    tenant: str,
    identity: str,
    name: str,
    beacons: list[dict[str, str]],
) -> None:
    found = stored.find(world, collection, tenant, identity)
    if found is None:
        raise Refusal(f"object with id '{identity}' not found")
    changed = copy.copy(found)
    changed.properties = {**found.properties, name: beacons}
    changed.updated_ms = int(world.now() * 1000)
    stored.put(world, node, collection, changed)


def _result(one: _Added, error: str | None) -> dict[str, Any]:
    result: dict[str, Any] = {"status": "SUCCESS"}
    if error is not None:
        result = {"errors": {"error": [{"message": error}]}, "status": "FAILED"}
    return {"from": one.source, "to": one.to, "result": result}


async def put_references(world: World, request: Request) -> Answer:
    """Replace the whole list."""
    try:
        given = request.json(list[_Beacon])
    except msgspec.DecodeError as error:
        return library_failure(400, f'parsing body body from "" failed, because {error}')
    collection = world.collection(request.params["className"])
    if collection is None:
        return nothing(404)
    tenant = request.query.get("tenant", "")
    try:
        for one in given:
            refuse_dangling(world, one.beacon, tenant)
    except Refusal as refusal:
        why = f"msg:validate existence code:400 err:validate reference: {refusal}"
        return failure(422, why)
    name = request.params["propertyName"]
    if name not in reference_names(collection):
        return failure(422, f"property '{name}' not found in schema")
    try:
        _replace(
            world, request.node, collection, tenant, request.params["id"], name,
            [kept(collection, one.beacon) for one in given],
        )  # fmt: skip
    except Refusal:
        return nothing(404)
    return Answer(200, b"")
