"""Reading collections: definitions, shards, indexes, aliases."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from elysiadash.demo.answers.leader import no_leader
from elysiadash.demo.definitions import Definition
from elysiadash.demo.messages import Answer, Request, failure, nothing, payload
from elysiadash.demo.model import Shard
from elysiadash.demo.world import World

#: A name that is not known is looked up again before the server says so.
_RETRY_SECONDS = 0.155

_STRONG = "could not read schema with strong consistency: failed to execute query: "


class RenderedSchema:
    """Every definition as JSON, kept until the schema changes: 5,000 of them are 10 MB."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._layout = -1
        self._body = b""

    def body(self) -> bytes:
        """`{"classes": [...]}`."""
        collections = self._world.collections()
        if not collections:
            return b'{"classes":[]}\n'
        if self._layout != self._world.model.layout:
            classes = [msgspec.json.encode(known.definition) for known in collections.values()]
            self._body = b'{"classes":[' + b",".join(classes) + b"]}\n"
            self._layout = self._world.model.layout
        return self._body


def wants_leader(request: Request) -> bool:
    """Reads ask the leader unless the header `consistency: false` is sent."""
    return request.headers.get("consistency", "true").lower() != "false"


async def schema(world: World, request: Request) -> Answer:
    """All definitions; from the leader, or from the node's own copy."""
    if wants_leader(request):
        refused = await no_leader(world, request.node, after=18.6, prefix=_STRONG)
        if refused is not None:
            return refused
    return Answer(200, world.kept(RenderedSchema).body())


async def schema_class(world: World, request: Request) -> Answer:
    """One definition, by name or alias; an empty 404 where there is none."""
    if wants_leader(request):
        refused = await no_leader(
            world, request.node, after=18.6, prefix="failed to execute query: "
        )
        if refused is not None:
            return refused
    collection = world.collection(request.params["className"])
    return nothing(404) if collection is None else payload(collection.definition)


async def shards(world: World, request: Request) -> Answer:
    """Asks every shard on its owner, and wakes the lazy ones: no watcher may call it."""
    name = request.params["className"]
    collection = world.collection(name)
    if collection is None:
        await asyncio.sleep(world.scaled(_RETRY_SECONDS))
        return failure(
            404, f"cannot get shards status for a non-existing index for {name}: not found"
        )
    wanted = request.query.get("tenant")
    chosen = [
        shard for shard in collection.shards.values() if wanted is None or shard.name == wanted
    ]
    for shard in chosen:
        if not shard.loaded:
            await asyncio.sleep(world.scaled(7.0))
            missing = f"status code: 500 body: (local {shard.name} shard not found\n)"
            return failure(500, f"shard {shard.name}: {missing}")
        if not world.reachable(shard):
            return failure(500, f'shard {shard.name}: resolve node name "{shard.nodes[0]}" to host')
    return payload([_shard_status(world, shard) for shard in chosen])


def _shard_status(world: World, shard: Shard) -> dict[str, Any]:
    queue = world.model.queue_length(shard, world.now())
    status = "READONLY" if shard.frozen else "INDEXING" if queue else "READY"
    return {"name": shard.name, "status": status, "vectorQueueSize": 0}


async def indexes(world: World, request: Request) -> Answer:
    """The inverted indexes of every property."""
    collection = world.collection(request.params["className"])
    if collection is None:
        await asyncio.sleep(world.scaled(_RETRY_SECONDS))
        return nothing(404)
    return payload(
        {
            "collection": collection.name,
            "properties": [_indexes_of(known) for known in collection.definition["properties"]],
        }
    )


def _indexes_of(known: Definition) -> dict[str, Any]:
    present: list[dict[str, str]] = []
    words = {"tokenization": known["tokenization"]} if "tokenization" in known else {}
    if known["indexFilterable"]:
        present.append({"status": "ready", **words, "type": "filterable"})
    if known["indexSearchable"]:
        present.append({"algorithm": "blockmax", "status": "ready", **words, "type": "searchable"})
    if known["indexRangeFilters"]:
        present.append({"status": "ready", "type": "rangeFilters"})
    return {"dataType": known["dataType"][0], "indexes": present, "name": known["name"]}


async def aliases(world: World, request: Request) -> Answer:
    """Every alias, or those of one collection (`?class=`); the leader is asked."""
    refused = await no_leader(world, request.node, after=19.0, prefix="failed to execute query: ")
    if refused is not None:
        return refused
    wanted = request.query.get("class")
    return payload(
        {
            "aliases": [
                {"alias": alias, "class": name}
                for alias, name in _aliases(world).items()
                if wanted is None or wanted == name
            ]
        }
    )


async def alias(world: World, request: Request) -> Answer:
    """One alias; an empty 404 where there is none."""
    name = request.params["aliasName"]
    target = _aliases(world).get(name)
    if target is None:
        return nothing(404, content_type="application/json")
    return payload({"alias": name, "class": target})


def _aliases(world: World) -> dict[str, str]:
    return world.model.aliases if world.collections() else {}
