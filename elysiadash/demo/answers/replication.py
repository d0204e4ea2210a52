"""Where replicas are, and the operations that move them."""

from __future__ import annotations

import random
from uuid import UUID

from elysiadash.demo.answers.leader import no_leader
from elysiadash.demo.messages import Answer, Request, failure, library_failure, nothing, payload
from elysiadash.demo.world import World

_PREFIX = "failed to execute query: "


async def sharding_state(world: World, request: Request) -> Answer:
    """The replicas of every shard of a collection; shards come in another order each time."""
    refused = await _refused(world, request)
    if refused is not None:
        return refused
    name = request.query.get("collection")
    if not name:
        return failure(400, "collection is required")
    collection = world.collection(name)
    wanted = request.query.get("shard")
    if collection is None or (wanted is not None and wanted not in collection.shards):
        return nothing(404, content_type="application/json")
    shards = [
        {"replicas": list(shard.nodes), "shard": shard.name}
        for shard in collection.shards.values()
        if wanted is None or shard.name == wanted
    ]
    random.Random(f"{request.node}/{world.now()}").shuffle(shards)
    return payload({"shardingState": {"collection": collection.name, "shards": shards}})


async def list_operations(world: World, request: Request) -> Answer:
    """Replication operations, by collection, shard or target node; `null` becomes a list."""
    refused = await _refused(world, request)
    if refused is not None:
        return refused
    query = request.query
    if "shard" in query and "collection" not in query:
        return failure(400, "shard id provided without collection id")
    filters = ("collection", "shard", "targetNode")
    wanted = {name: query[name] for name in filters if name in query}
    return payload(
        [
            operation
            for operation in world.model.replications
            if all(operation.get(name) == value for name, value in wanted.items())
        ]
    )


async def one_operation(world: World, request: Request) -> Answer:
    """One operation by its id."""
    refused = await _refused(world, request)
    if refused is not None:
        return refused
    identity = request.params["id"]
    try:
        UUID(identity)
    except ValueError:
        return library_failure(422, f'id in path must be of type uuid: "{identity}"', 601)
    for operation in world.model.replications:
        if operation["id"] == identity:
            return payload(operation)
    return nothing(404)


async def tasks(world: World, request: Request) -> Answer:
    """Distributed tasks, such as reindexing, by their namespace."""
    refused = await no_leader(
        world, request.node, after=22.9, prefix=f"list distributed tasks: {_PREFIX}"
    )
    return refused or payload(world.model.tasks)


async def _refused(world: World, request: Request) -> Answer | None:
    """501 without a body where replica movement is off; else 500 where nobody leads."""
    if not world.model.replica_movement:
        return Answer(501, b"")
    return await no_leader(world, request.node, after=23.3, prefix=_PREFIX)
