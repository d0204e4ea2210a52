"""The rows of verbose nodes, one per replica, kept rendered until something about them moves.

A cluster of 50,000 shards is 13 MB of rows: rendering them for every request would measure the
simulator instead of its client.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from elysiadash.demo.model import Collection, Shard
from elysiadash.demo.world import World

#: Replicas compare their hash trees about this often.
_COMPARE_SECONDS = 30.0


@dataclass(slots=True)
class _NodeRows:
    """Rendered rows of one node, in the order of the answer."""

    version: tuple[int, int]
    rows: list[bytes] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)
    moving: list[tuple[int, Collection, Shard]] = field(default_factory=list)


class ShardRows:
    """The rendered rows of every node of one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._nodes: dict[str, _NodeRows] = {}

    def of_node(self, node: str, only: str | None = None) -> tuple[list[bytes], int]:
        """The rows of a node (of one collection, if named) and the objects they list."""
        at = self._world.now()
        kept = self._fresh(node, at)
        for place, collection, shard in kept.moving:
            kept.rows[place], kept.counts[place] = self._row(collection, shard, node, at)
        if not self._world.collections():
            return [], 0
        if only is None:
            return kept.rows, sum(kept.counts)
        first, last = kept.spans.get(only, (0, 0))
        return kept.rows[first:last], sum(kept.counts[first:last])

    def _fresh(self, node: str, at: float) -> _NodeRows:
        model = self._world.model
        version = (model.layout, int(at // _COMPARE_SECONDS))
        kept = self._nodes.get(node)
        if kept is not None and kept.version == version:
            return kept
        made = _NodeRows(version)
        for collection, shard in model.replicas_on(node):
            place = len(made.rows)
            row, count = self._row(collection, shard, node, at)
            made.rows.append(row)
            made.counts.append(count)
            first, _ = made.spans.setdefault(collection.name, (place, place))
            made.spans[collection.name] = (first, place + 1)
            if shard.share or shard.writes is not None or shard.behind or shard.queue.per_second:
                made.moving.append((place, collection, shard))
        self._nodes[node] = made
        return made

    def _row(self, collection: Collection, shard: Shard, node: str, at: float) -> tuple[bytes, int]:
        model = self._world.model
        count = model.listed_count(collection, shard, node, at)
        queue = model.queue_length(shard, at)
        row = {
            "asyncReplicationStatus": self._comparisons(collection, shard, node, at),
            "class": collection.name,
            "compressed": collection.compressed,
            "loaded": True,
            "name": shard.name,
            "numberOfReplicas": len(shard.nodes),
            "objectCount": count,
            "replicationFactor": collection.replication_factor,
            "vectorIndexingStatus": _status(shard, node, queue),
            "vectorQueueLength": queue,
        }
        return msgspec.json.encode(row), count

    def _comparisons(
        self, collection: Collection, shard: Shard, node: str, at: float
    ) -> list[dict[str, int | str]]:
        """What the replica last compared: an entry without a target means nothing was to do."""
        if not collection.async_replication or len(shard.nodes) < 2:
            return []
        offset = shard.key % 30_000 / 1000
        started = int((at - (at - offset) % _COMPARE_SECONDS) * 1000)
        late = [peer for peer in shard.behind if peer != node and self._world.is_up(peer)]
        if not late:
            return [{"startDiffTimeUnixMillis": started}]
        return [
            {"objectsPropagated": 0, "startDiffTimeUnixMillis": started, "targetNode": peer}
            for peer in late
        ]


def _status(shard: Shard, node: str, queue: int) -> str:
    if node in shard.frozen:
        return "READONLY"
    return "INDEXING" if queue else "READY"
