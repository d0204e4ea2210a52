"""What a simulated cluster holds: nodes, collections, shards, tenants, and how they move in time.

The state at a moment is a pure function of the blueprint, the seed, that moment and the writes of
clients so far. Nothing here knows HTTP; faults are laid over it by `world`.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from elysiadash.demo.clock import Clock
from elysiadash.demo.definitions import Definition, is_compressed
from elysiadash.demo.flows import NOTHING, Flow, Latency
from elysiadash.demo.writes import ShardWrites

if TYPE_CHECKING:
    from elysiadash.demo.kept import Restore

VERSION = "1.39.0"

#: A replica's memtable is written to disk about this often; until then its listed count lags.
FLUSH_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Drift:
    """A number that grows steadily: `base` at the model's start, `per_second` more each second."""

    base: float = 0.0
    per_second: float = 0.0

    def after(self, seconds: float) -> int:
        return max(0, int(self.base + self.per_second * seconds))


STILL = Drift()


@dataclass(slots=True)
class Node:
    """A member of the cluster as it was configured, whether or not it answers now."""

    name: str
    raft_address: str
    first_started_at: float
    version: str = VERSION
    batch_rate: int = 0


@dataclass(slots=True)
class Shard:
    """A shard (or a tenant, which is a shard with an activity) and its replicas."""

    name: str
    nodes: tuple[str, ...]
    objects: int
    key: int
    share: float = 0.0
    activity: str = ""
    frozen: dict[str, str] = field(default_factory=dict)
    """Node -> why its replica is READONLY."""
    behind: dict[str, Drift] = field(default_factory=dict)
    """Node -> how many objects its replica misses."""
    queue: Drift = STILL
    """Vectors waiting to be indexed, on every replica."""
    tombstones: float = 0.0
    """Deleted entries in the vector index, as a share of its live ones."""
    segments: int = 4
    writes: ShardWrites | None = None

    @property
    def loaded(self) -> bool:
        return self.activity != "COLD"


@dataclass(frozen=True, slots=True)
class Past:
    """How the objects of a restored collection came, where that was: they keep their times."""

    imports: Flow
    since: float
    until: float


@dataclass(slots=True)
class Collection:
    """A collection with its shards, its definition and its traffic."""

    name: str
    definition: Definition
    shards: dict[str, Shard]
    created_at: float
    lengths: dict[str, int] = field(default_factory=dict)
    """How long each vector is, by its name, as soon as there is one."""
    queries: Flow = NOTHING
    imports: Flow = NOTHING
    latency: Latency = field(default_factory=lambda: Latency(8.0))
    slower_since: tuple[float, Latency] | None = None
    """From this moment (unix seconds) on, queries take this long instead."""
    bytes_per_object: int = 1800
    past: Past | None = None
    """Set where it was restored from a backup."""

    def arrived(self, started_at: float, at: float) -> float:
        """Objects that came by themselves until `at`, since the model started."""
        if self.past is None:
            return self.imports.total(started_at, at)
        return self.past.imports.total(self.past.since, min(at, self.past.until))

    @property
    def replication_factor(self) -> int:
        return int(self.definition["replicationConfig"]["factor"])

    @property
    def multi_tenant(self) -> bool:
        return bool(self.definition["multiTenancyConfig"]["enabled"])

    @property
    def async_replication(self) -> bool:
        return bool(self.definition["replicationConfig"]["asyncEnabled"])

    @property
    def compressed(self) -> bool:
        return is_compressed(self.definition)

    @property
    def moving(self) -> bool:
        """Whether anything about its replicas changes by itself."""
        return self.imports.rate > 0 or any(
            shard.queue is not STILL or shard.behind for shard in self.shards.values()
        )


@dataclass(slots=True)
class Model:
    """One cluster's state. `revision` grows with every change that a client makes."""

    name: str
    seed: int
    clock: Clock
    started_at: float
    nodes: dict[str, Node]
    collections: dict[str, Collection]
    aliases: dict[str, str] = field(default_factory=dict)
    backend: str = "s3"
    backups: list[dict[str, Any]] = field(default_factory=list)
    restores: dict[str, Restore] = field(default_factory=dict)
    """The last restore of each backup, whichever cluster was asked for it."""
    landing: list[Restore] = field(default_factory=list)
    """Restores of this cluster whose collections are not there yet."""
    tasks: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    replications: list[dict[str, Any]] = field(default_factory=list)
    replica_movement: bool = True
    async_indexing: bool = False
    base_raft_index: int = 1180
    revision: int = 0
    layout: int = 0
    """Grows whenever rows of answers that were rendered before may not be used again."""
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Requests so far, by node and `METHOD /route/{template}`."""

    imported: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Objects that clients wrote, by the node they asked and collection."""

    before_restart: dict[str, Counter[str]] = field(default_factory=dict)
    """What a node's counters had reached when its process ended, by route and by collection."""

    def called(self, route: str, node: str | None = None) -> int:
        """How often `METHOD /route/{template}` was asked, of one node or of all."""
        return sum(
            count
            for (asked, template), count in self.calls.items()
            if template == route and node in (None, asked)
        )

    def resolve(self, name: str) -> Collection | None:
        """The collection of that name, or the one an alias of that name stands for."""
        return self.collections.get(self.aliases.get(name, name))

    def replicas_on(self, node: str) -> Iterator[tuple[Collection, Shard]]:
        """What a node holds and lists: by collection, then by shard; COLD tenants are not."""
        for name in sorted(self.collections):
            collection = self.collections[name]
            for shard_name in sorted(collection.shards):
                shard = collection.shards[shard_name]
                if node in shard.nodes and shard.loaded:
                    yield collection, shard

    def true_count(self, collection: Collection, shard: Shard, at: float) -> int:
        """How many objects the shard has at `at`."""
        count = shard.objects
        if shard.share:
            count += int(shard.share * collection.arrived(self.started_at, at))
        if shard.writes is not None:
            count += shard.writes.delta(at)
        return count

    def replica_count(self, collection: Collection, shard: Shard, node: str, at: float) -> int:
        """How many objects one replica has at `at`: less than the shard, where it is behind."""
        missing = shard.behind.get(node)
        count = self.true_count(collection, shard, at)
        return count if missing is None else max(0, count - missing.after(at - self.started_at))

    def listed_count(self, collection: Collection, shard: Shard, node: str, at: float) -> int:
        """What verbose nodes and `object_count` say: what the replica had written to disk by `at`.

        A small tail of a client's writes stays in the memtable and is not listed, however long
        one waits.
        """
        if not shard.share and shard.writes is None and node not in shard.behind:
            return shard.objects
        flushed_at = self.last_flush(shard, node, at)
        count = shard.objects
        if shard.share:
            count += int(shard.share * collection.arrived(self.started_at, flushed_at))
        if shard.writes is not None:
            count += shard.writes.flushed_delta(flushed_at)
        missing = shard.behind.get(node)
        return count if missing is None else max(0, count - missing.after(at - self.started_at))

    def last_flush(self, shard: Shard, node: str, at: float) -> float:
        """When the replica last wrote its memtable to disk; replicas do so at moments of their own.

        Never before the model's start: what was there then is on disk.
        """
        offset = zlib.crc32(f"{shard.name}/{node}".encode()) % 6000 / 100.0
        return max(self.started_at, at - (at - offset) % FLUSH_SECONDS)

    def queue_length(self, shard: Shard, at: float) -> int:
        """Vectors that wait to be indexed."""
        return shard.queue.after(at - self.started_at)

    def raft_index(self) -> int:
        """The index of the last change of the cluster's schema."""
        return self.base_raft_index + self.revision

    def changed(self) -> None:
        """Note a change of the schema, of tenants or of shard states."""
        self.revision += 1
        self.layout += 1

    def restarted(self, node: str) -> None:
        """Forget what a node's process loses: its counters, and that shards are READONLY."""
        self.before_restart[node] = Counter(
            {route: count for (asked, route), count in self.calls.items() if asked == node}
            | {name: count for (asked, name), count in self.imported.items() if asked == node}
        )
        for _, shard in self.replicas_on(node):
            shard.frozen.pop(node, None)
        self.layout += 1

    def called_since_start(self, node: str) -> dict[str, int]:
        """Requests by route that the node's present process was asked."""
        before = self.before_restart.get(node, Counter())
        return {
            route: count - before[route]
            for (asked, route), count in sorted(self.calls.items())
            if asked == node and count > before[route]
        }

    def imported_since_start(self, node: str, collection: str) -> int:
        """Objects of a collection that clients wrote through the node's present process."""
        before = self.before_restart.get(node, Counter())
        return self.imported[node, collection] - before[collection]

    def writes_of(self, shard: Shard) -> ShardWrites:
        """Where clients' writes to the shard are kept, made at the first one."""
        if shard.writes is None:
            shard.writes = ShardWrites()
            self.layout += 1
        return shard.writes
