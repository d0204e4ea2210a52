"""Tenants of a multi-tenant collection: listing, one, creating, changing, deleting."""

from __future__ import annotations

from typing import Any

import msgspec

from elysiadash.demo.answers.leader import no_leader, told_by_leader
from elysiadash.demo.answers.schema import wants_leader
from elysiadash.demo.messages import Answer, Request, failure, library_failure, nothing, payload
from elysiadash.demo.model import Collection, Shard
from elysiadash.demo.world import World

_MOST_CHANGED_AT_ONCE = 100
_PREFIX = "failed to execute query: "

#: What a client may call a status, and what the server makes of it.
_ACTIVITIES = {"HOT": "HOT", "ACTIVE": "HOT", "COLD": "COLD", "INACTIVE": "COLD"}
_OFFLOADED = ("FROZEN", "OFFLOADED")


class _Tenant(msgspec.Struct, gc=False):
    name: str
    activityStatus: str = "HOT"  # noqa: N815 - the API's own name


async def list_tenants(world: World, request: Request) -> Answer:
    """All tenants, in no order. With `consistency: false` there are none, whatever there is."""
    if not wants_leader(request):
        return payload([])
    collection = await _multi_tenant(world, request)
    if isinstance(collection, Answer):
        return collection
    return payload([_as_json(shard) for shard in _unordered(collection)])


async def one_tenant(world: World, request: Request) -> Answer:
    """One tenant, GET or HEAD; an empty 404 where there is none."""
    collection = await _multi_tenant(world, request)
    if isinstance(collection, Answer):
        return collection
    shard = collection.shards.get(request.params["tenantName"])
    return nothing(404) if shard is None else payload(_as_json(shard))


async def add_tenants(world: World, request: Request) -> Answer:
    """Create tenants; those that exist stay as they are."""
    prepared = await _prepare(world, request)
    if isinstance(prepared, Answer):
        return prepared
    collection, tenants = prepared
    nodes = list(world.model.nodes)
    for tenant in tenants:
        if tenant.name in collection.shards:
            continue
        first = len(collection.shards)
        holders = tuple(
            nodes[(first + step) % len(nodes)]
            for step in range(min(collection.replication_factor, len(nodes)))
        )
        collection.shards[tenant.name] = Shard(
            name=tenant.name,
            nodes=holders,
            objects=0,
            key=(world.model.seed * 1_000_003 + first) & ((1 << 64) - 1),
            activity=_ACTIVITIES[tenant.activityStatus],
            segments=1,
        )
    world.model.changed()
    return payload([_echo(tenant) for tenant in tenants])


async def change_tenants(world: World, request: Request) -> Answer:
    """Activate or deactivate tenants, a hundred at most; READONLY is lost on the way."""
    prepared = await _prepare(world, request)
    if isinstance(prepared, Answer):
        return prepared
    collection, tenants = prepared
    if len(tenants) > _MOST_CHANGED_AT_ONCE:
        return failure(
            422,
            "maximum number of tenants allowed to be updated simultaneously is"
            f" {_MOST_CHANGED_AT_ONCE}. Please reduce the number of tenants in your request and"
            " try again",
        )
    for tenant in tenants:
        if tenant.name not in collection.shards:
            why = f"updating schema: TYPE_UPDATE_TENANT: shard not found: {tenant.name}"
            return failure(422, told_by_leader(world, request.node, why, "NotFound", "not found"))
    for tenant in tenants:
        shard = collection.shards[tenant.name]
        activity = _ACTIVITIES[tenant.activityStatus]
        if shard.activity == "COLD" and activity == "HOT":
            shard.frozen.clear()
        shard.activity = activity
    world.model.changed()
    return payload([_echo(tenant) for tenant in tenants])


async def delete_tenants(world: World, request: Request) -> Answer:
    """Delete tenants by name; unknown ones do not matter."""
    collection = await _multi_tenant(world, request)
    if isinstance(collection, Answer):
        return collection
    try:
        names = request.json(list[str])
    except msgspec.DecodeError as error:
        return library_failure(400, f'parsing tenants body from "" failed, because {error}')
    for name in names:
        collection.shards.pop(name, None)
    world.model.changed()
    return Answer(200, b"", None)


async def _prepare(world: World, request: Request) -> tuple[Collection, list[_Tenant]] | Answer:
    collection = await _multi_tenant(world, request)
    if isinstance(collection, Answer):
        return collection
    try:
        tenants = request.json(list[_Tenant])
    except msgspec.DecodeError as error:
        return library_failure(400, f'parsing body body from "" failed, because {error}')
    for tenant in tenants:
        if tenant.activityStatus in _OFFLOADED:
            what = "can't offload tenants, because offload-s3 module is not enabled"
            return failure(422, what)
        if tenant.activityStatus not in _ACTIVITIES:
            return failure(422, f"invalid tenant activity status: {tenant.activityStatus}")
    return collection, tenants


async def _multi_tenant(world: World, request: Request) -> Collection | Answer:
    refused = await no_leader(world, request.node, after=17.4, status=422, prefix=_PREFIX)
    if refused is not None:
        return refused
    name = request.params["className"]
    collection = world.collection(name)
    if collection is None or not collection.multi_tenant:
        why = "could not get tenants: could not get tenants: "
        if collection is None:
            told = told_by_leader(
                world, request.node, f"{why}class not found", "NotFound", "not found"
            )
        else:
            tail = "multi-tenancy is not enabled"
            why += f'{tail} for class "{name}"'
            told = told_by_leader(world, request.node, why, "FailedPrecondition", tail)
        return failure(422, f"{_PREFIX}{told}")
    return collection


def _unordered(collection: Collection) -> list[Shard]:
    return sorted(collection.shards.values(), key=lambda shard: shard.key)


def _as_json(shard: Shard) -> dict[str, Any]:
    return {"activityStatus": shard.activity, "name": shard.name}


def _echo(tenant: _Tenant) -> dict[str, Any]:
    """What was sent, not what is; HOT is the default and left out."""
    activity = _ACTIVITIES[tenant.activityStatus]
    if activity == "HOT":
        return {"name": tenant.name}
    return {"activityStatus": activity, "name": tenant.name}
