"""READONLY shards: what the replicas of a collection say, and setting it.

States come from verbose nodes (``GET /schema/{c}/shards`` is never asked) and are set by
``PUT /v1/schema/{c}/shards/{s}``, which answers 200 for a shard that does not exist: only what is
read back counts. READONLY is lost with a restart of the node and with COLD -> HOT (1.39.0).
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from typing import Final

import msgspec

from elysiadash.weaviate.client import Client, path_segment
from elysiadash.weaviate.errors import NotFound, WeaviateError
from elysiadash.weaviate.guard import Permit
from elysiadash.weaviate.models import Nodes
from elysiadash.weaviate.transport import Call

READONLY: Final = "READONLY"
READY: Final = "READY"
_SIDE_BY_SIDE: Final = 8

Shard = tuple[str, str]
"""Collection and shard; the shard of a tenant has the tenant's name."""


class Replica(msgspec.Struct, frozen=True, gc=False):
    """One replica of one shard, as its node says."""

    collection: str
    shard: str
    node: str
    status: str
    of: int
    """Replicas that the shard has."""


class Replicas(msgspec.Struct, frozen=True, gc=False):
    """All replicas that answered, and the nodes that were listed with their state."""

    rows: tuple[Replica, ...]
    nodes: tuple[tuple[str, str], ...]

    def of_shard(self) -> dict[Shard, list[Replica]]:
        """The replicas by shard."""
        found: dict[Shard, list[Replica]] = {}
        for row in self.rows:
            found.setdefault((row.collection, row.shard), []).append(row)
        return found


async def replicas(client: Client, collections: Iterable[str]) -> Replicas:
    """The replicas of some collections; a collection that is no more has none."""
    rows: list[Replica] = []
    nodes: dict[str, str] = {}
    for name in collections:
        try:
            answer = await client.nodes(verbose=True, collection=name)
        except NotFound:
            continue
        rows += _rows(answer, name)
        nodes |= {node.name: node.status for node in answer.nodes}
    return Replicas(tuple(rows), tuple(sorted(nodes.items())))


async def set_status(
    client: Client, shards: Sequence[Shard], status: str, permit: Permit
) -> WeaviateError | None:
    """Ask for a state of shards, some side by side; the first that failed, all being asked.

    Read back what came of it.
    """
    turn = asyncio.Semaphore(_SIDE_BY_SIDE)

    async def one(collection: str, shard: str) -> WeaviateError | None:
        call = Call(
            method="PUT",
            path=f"/v1/schema/{path_segment(collection)}/shards/{path_segment(shard)}",
            json={"status": status},
            timeout=client.profile.timeouts.slow,
            permit=permit,
        )
        async with turn:
            try:
                await client.transport.send(call)
            except WeaviateError as error:
                return error
        return None

    failed = await asyncio.gather(*(one(*shard) for shard in shards))
    return next((error for error in failed if error is not None), None)


def not_frozen(found: Replicas, shards: Collection[Shard]) -> list[str]:
    """What speaks against these shards being READONLY on every replica, in words."""
    by_shard, wrong = found.of_shard(), list[str]()
    for collection, shard in shards:
        rows = by_shard.get((collection, shard), [])
        expected = max((row.of for row in rows), default=1)
        if len(rows) < max(1, expected):
            wrong.append(
                f"{len(rows)} of {expected} replicas of {collection}/{shard} are to be seen"
            )
        wrong += [
            f"{row.node} has {collection}/{shard} {row.status or 'without a state'}"
            for row in rows
            if row.status != READONLY
        ]
    return wrong


def still_readonly(found: Replicas, shards: Collection[Shard]) -> list[Shard]:
    """Those of the shards that have a READONLY replica."""
    wanted = set(shards)
    return sorted(
        {(row.collection, row.shard) for row in found.rows if row.status == READONLY} & wanted
    )


def _rows(answer: Nodes, collection: str) -> list[Replica]:
    return [
        Replica(row.collection, row.name, node.name, row.status, row.number_of_replicas)
        for node in answer.nodes
        for row in node.shards or ()
        if row.collection == collection
    ]
