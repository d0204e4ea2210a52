"""From a verbose nodes answer to what it says of each collection."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from elysiadash.weaviate.models import Nodes, ShardReplica

FAILED_NODE_STATES = frozenset({"UNAVAILABLE", "TIMEOUT"})
"""States of a listed node that did not answer the fan-out (1.38.9 and later)."""


QUIET_STATES = frozenset({"READY", ""})
"""Storage states of a replica that serves; servers before the state was listed say nothing."""
LOADING_STATES = frozenset({"LOADING", "LAZY_LOADING", "INDEXING"})
"""Storage states of a replica that will serve."""


def refuses(state: str) -> bool:
    """Whether a replica in this storage state refuses something, such as READONLY does."""
    return state not in QUIET_STATES and state not in LOADING_STATES


class CollectionShards(msgspec.Struct, frozen=True, gc=False):
    """One collection as verbose nodes show it.

    ``objects`` sums, over shards, the highest count among loaded replicas: flushed objects, a
    late lower bound. ``counts`` has that number for each shard with a loaded replica. COLD
    tenants are not listed by the server and so not in here.
    """

    collection: str
    objects: int
    counts: dict[str, int]
    shards: int
    replicas: int
    unloaded_replicas: int
    readonly_replicas: int
    indexing_replicas: int
    vector_queue: int
    """Records waiting, all replicas and vectors together."""
    widest_gap: int
    """The largest difference between the counts of two loaded replicas of one shard."""
    fewest_replicas: int
    """The smallest ``numberOfReplicas`` of a shard; 0 before 1.31, which does not say."""
    compressed: bool


class ShardReport(msgspec.Struct, frozen=True, gc=False):
    """A verbose answer: by collection, with the answer itself for the detail views."""

    nodes: Nodes
    by_collection: dict[str, CollectionShards]
    answered: tuple[str, ...]
    """Nodes whose shards are in here."""
    silent: tuple[str, ...]
    """Listed nodes that did not answer the fan-out."""
    node_objects: dict[str, int]
    """Flushed objects in the loaded shards of each answering node, replicas counted."""
    node_shards: dict[str, int]
    """Shards on each answering node, loaded or not."""


class ReplicaOnNode(msgspec.Struct, frozen=True, gc=False):
    """One replica with the node that holds it."""

    node: str
    replica: ShardReplica


class _Tally:
    """Adds up one collection; mutable on purpose, since it runs for every replica."""

    __slots__ = (
        "compressed",
        "fewest",
        "high",
        "indexing",
        "low",
        "queue",
        "readonly",
        "replicas",
        "shards",
        "unloaded",
    )

    def __init__(self) -> None:
        self.high: dict[str, int] = {}
        self.low: dict[str, int] = {}
        self.shards: set[str] = set()
        self.replicas = self.unloaded = self.readonly = self.indexing = self.queue = 0
        self.fewest = 0
        self.compressed = False

    def add(self, replica: ShardReplica) -> None:
        name = replica.name
        self.replicas += 1
        self.shards.add(name)
        if replica.vector_queue_length:
            self.queue += replica.vector_queue_length
        status = replica.status
        if status != "READY":
            self.readonly += status == "READONLY"
            self.indexing += status == "INDEXING"
        if replica.compressed:
            self.compressed = True
        wanted = replica.number_of_replicas
        if wanted and (self.fewest == 0 or wanted < self.fewest):
            self.fewest = wanted
        if not replica.loaded:
            self.unloaded += 1
            return
        count = replica.object_count
        known = self.high.get(name)
        if known is None:
            self.high[name] = count
            return
        lowest = self.low.get(name, known)
        self.low[name] = min(lowest, count)
        if count > known:
            self.high[name] = count

    def result(self, collection: str) -> CollectionShards:
        gaps = (self.high[name] - low for name, low in self.low.items())
        return CollectionShards(
            collection=collection,
            objects=sum(self.high.values()),
            counts=self.high,
            shards=len(self.shards),
            replicas=self.replicas,
            unloaded_replicas=self.unloaded,
            readonly_replicas=self.readonly,
            indexing_replicas=self.indexing,
            vector_queue=self.queue,
            widest_gap=max(gaps, default=0),
            fewest_replicas=self.fewest,
            compressed=self.compressed,
        )


def report_shards(nodes: Nodes) -> ShardReport:
    """Reduce a verbose answer (50,000 replicas in tens of milliseconds); run it in a thread."""
    tallies: dict[str, _Tally] = {}
    node_objects: dict[str, int] = {}
    node_shards: dict[str, int] = {}
    silent: list[str] = []
    for node in nodes.nodes:
        if node.status in FAILED_NODE_STATES:
            silent.append(node.name)
            continue
        on_node = 0
        for replica in node.shards or ():
            tally = tallies.get(replica.collection)
            if tally is None:
                tally = tallies[replica.collection] = _Tally()
            tally.add(replica)
            on_node += replica.object_count if replica.loaded else 0
        node_objects[node.name] = on_node
        node_shards[node.name] = len(node.shards or ())
    return ShardReport(
        nodes=nodes,
        by_collection={name: tally.result(name) for name, tally in tallies.items()},
        answered=tuple(node_objects),
        silent=tuple(silent),
        node_objects=node_objects,
        node_shards=node_shards,
    )


def replicas_of(report: ShardReport, collection: str) -> dict[str, tuple[ReplicaOnNode, ...]]:
    """Shard name -> its replicas, for one collection's detail; shards sorted by name."""
    found: dict[str, list[ReplicaOnNode]] = {}
    for node in report.nodes.nodes:
        for replica in _of(node.shards or (), collection):
            found.setdefault(replica.name, []).append(ReplicaOnNode(node.name, replica))
    return {name: tuple(found[name]) for name in sorted(found)}


def _of(replicas: Iterable[ShardReplica], collection: str) -> Iterable[ShardReplica]:
    return (replica for replica in replicas if replica.collection == collection)
