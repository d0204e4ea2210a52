"""What the checks judge: gathered once, plain data, so that each check is a function of it."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from elysiadash.cluster.disks import NodeDisk
from elysiadash.migrate.definitions import Translation
from elysiadash.migrate.parts import Part
from elysiadash.migrate.spec import Spec, Wanted
from elysiadash.schema.definition import Definition
from elysiadash.weaviate.models import Alias, Node, OwnInfo, ReplicationOperation

T = TypeVar("T")


class Told(msgspec.Struct, Generic[T], frozen=True, gc=False):
    """An answer, or why there is none, in words."""

    value: T | None = None
    why: str = ""


class Replica(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One replica of a shard, as its node tells it."""

    node: str
    shard: str
    objects: int
    """Flushed ones only; a placeholder while it is not loaded."""
    status: str
    loaded: bool = True
    queue: int = 0


class Sampled(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Objects that were read from several places of a collection."""

    objects: int = 0
    bytes: int = 0
    """Of their JSON and their vectors, as they came over the wire."""
    all_of_them: bool = False
    """The collection has no others."""
    vectorless: tuple[tuple[str, int], ...] = ()
    """Vector (empty for the unnamed one) and how many objects lack it."""
    extreme_ints: tuple[tuple[str, str], ...] = ()
    """(Property, id) of ints at +2^63-1, which a server serves as 9223372036854776000."""
    why: str = ""
    """Why some or all could not be read."""

    @property
    def bytes_per_object(self) -> float | None:
        """None without a sample."""
        return self.bytes / self.objects if self.objects else None


class CollectionFacts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One collection on its way."""

    wanted: Wanted
    translation: Translation
    tenants: dict[str, str] | None
    """Tenant -> state; None without tenants."""
    replicas: Told[tuple[Replica, ...]]
    """Of the source."""
    objects: Told[int]
    """Exactly, of what can be counted without activating a tenant."""
    uncounted: int = 0
    """Tenants that are not active, so that their objects were not counted."""
    sample: Sampled = Sampled()
    there: Definition | None = None
    """What has the target's name already."""
    made_by_job: bool = False
    not_kept: str | None = None
    """Why what is overwritten cannot be kept; None where it can, or nothing is overwritten."""


class ClusterFacts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One of the two clusters."""

    name: str
    url: str
    version: str
    write: bool
    """Whether its profile lets us write."""
    grpc: bool
    modules: frozenset[str]
    backends: tuple[str, ...]
    expected: tuple[str, ...]
    """Its nodes by raft's configuration."""
    nodes: Told[tuple[Node, ...]]
    """Those that are listed."""
    addressed: frozenset[str]
    """Nodes with an address of their own in the profile."""
    collections: Told[tuple[str, ...]]
    aliases: Told[tuple[Alias, ...]]
    own: Told[OwnInfo]
    operations: Told[tuple[ReplicationOperation, ...]]
    readonly: Told[dict[str, tuple[int, int]]]
    """Node -> READONLY shards and shards in all."""
    disks: Told[dict[str, NodeDisk]]


class RungFacts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One way to keep writers out, and why it cannot be had here (empty: it can)."""

    how: str
    why_not: str = ""
    way_out: str = ""


class Facts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Everything the checks look at."""

    spec: Spec
    source: ClusterFacts
    target: ClusterFacts
    collections: tuple[CollectionFacts, ...]
    parts: tuple[Part, ...]
    rungs: Told[tuple[RungFacts, ...]]
    """Empty where no freeze is wanted."""
    state_folder: str
    free_here: int
    """Free bytes where the job's files are."""
    scan: Told[float]
    """Ids a second of an id+time scan of the source, one stream."""
    rate: float | None = None
    """The job's limit of objects a second, which scans keep too."""

    @property
    def objects(self) -> int | None:
        """All that are to be copied; None where some could not be counted."""
        counts = [one.objects.value for one in self.collections]
        if None in counts or any(one.uncounted for one in self.collections):
            return None
        return sum(count for count in counts if count is not None)

    @property
    def counted(self) -> int:
        """As many as could be counted."""
        return sum(one.objects.value or 0 for one in self.collections)
