"""`/v1/nodes` and `/v1/nodes/{className}`, minimal and verbose."""

from __future__ import annotations

import asyncio

import msgspec

from elysiadash.demo.answers.verbose import ShardRows
from elysiadash.demo.messages import Answer, Request, failure
from elysiadash.demo.world import Peer, World

_OUTPUTS = ("minimal", "verbose")


async def nodes(world: World, request: Request) -> Answer:
    """Every member that the asked node lists; a hung one makes the answer late."""
    output = request.query.get("output", "minimal")
    if output not in _OUTPUTS:
        possible = ", ".join(f'"{known}"' for known in _OUTPUTS)
        return failure(422, f'invalid output: "{output}", possible values are: {possible}')
    only = request.params.get("className")
    if only is not None:
        collection = world.collection(only)
        if collection is None:
            return failure(404, f'class "{only}" not found')
        only = collection.name
    peers = world.peers(request.node)
    delay = world.fan_out_delay(request.node)
    if delay:
        await asyncio.sleep(delay)
    if output == "minimal":
        pieces = [_minimal(world, peer) for peer in peers]
        return Answer(200, b'{"nodes":[' + b",".join(pieces) + b"]}\n")
    blind = request.user is not None and request.user.role == "nobody"
    rows = None if blind else world.kept(ShardRows)
    body = [b'{"nodes":[']
    for place, peer in enumerate(peers):
        body.append(b"," if place else b"")
        body.extend(_verbose(world, peer, rows, only))
    body.append(b"]}\n")
    return Answer(200, b"".join(body))


def _lost(peer: Peer) -> bytes:
    return msgspec.json.encode({"name": peer.node.name, "shards": None, "status": peer.status})


def _is_lost(peer: Peer) -> bool:
    return peer.status in ("UNAVAILABLE", "TIMEOUT")


def _batch_stats(world: World, peer: Peer) -> dict[str, int]:
    """With asynchronous indexing there is no batch queue, and the field is not there."""
    imported = sum(
        collection.imports.rate_at(world.now()) for collection in world.collections().values()
    )
    rate = int(imported) if imported else peer.node.batch_rate
    if world.model.async_indexing:
        return {"ratePerSecond": rate}
    return {"queueLength": 0, "ratePerSecond": rate}


def _minimal(world: World, peer: Peer) -> bytes:
    if _is_lost(peer):
        return _lost(peer)
    return msgspec.json.encode(
        {
            "batchStats": _batch_stats(world, peer),
            "name": peer.node.name,
            "operationalMode": "ReadWrite",
            "shards": None,
            "status": peer.status,
            "version": peer.node.version,
        }
    )


def _verbose(world: World, peer: Peer, rows: ShardRows | None, only: str | None) -> list[bytes]:
    """A node's row; without `rows` (a user without a role) it lists no shards."""
    if _is_lost(peer):
        return [_lost(peer)]
    shards, objects = rows.of_node(peer.node.name, only) if rows is not None else ([], 0)
    head = msgspec.json.encode(
        {
            "batchStats": _batch_stats(world, peer),
            "name": peer.node.name,
            "operationalMode": "ReadWrite",
        }
    )
    tail = msgspec.json.encode(
        {
            "stats": {"objectCount": objects, "shardCount": len(shards)},
            "status": peer.status,
            "version": peer.node.version,
        }
    )
    return [head[:-1], b',"shards":[', b",".join(shards), b"],", tail[1:]]
