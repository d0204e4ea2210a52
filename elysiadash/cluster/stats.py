"""One row for each collection: what is known, how well, from where, and since when."""

from __future__ import annotations

import msgspec

from elysiadash.cluster.slices import EMPTY, Kind, Slice
from elysiadash.cluster.store import Store

EXACT = "exact"
APPROXIMATE = "approximate"
PARTIAL = "partial"
UNKNOWN = "unknown"


class CollectionStats(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Statistics of one collection. None is "not known"; ``not_exposed`` then says why.

    Rates are per second, sizes in bytes, latencies in milliseconds, summed or merged over the
    nodes whose metrics were read.
    """

    collection: str
    multi_tenant: bool = False
    objects: int | None = None
    objects_are: str = UNKNOWN
    """``exact``, ``approximate`` (flushed objects only), ``partial`` (some shards did not
    answer) or ``unknown``."""
    shards_answered: int | None = None
    """Shards with at least one loaded replica on an answering node."""
    shards: int | None = None
    """Shards that the collection has (active tenants, where multi-tenant)."""
    replicas: int | None = None
    """Replicas seen on answering nodes."""
    replication_factor: int | None = None
    tenants: int | None = None
    tenants_by_state: dict[str, int] | None = None
    inactive_tenants: int = 0
    """Tenants whose objects the server does not count."""
    objects_per_s: float | None = None
    """A slope over minutes, since listed counts move only at a flush."""
    growth_pct_per_day: float | None = None
    queries_per_s: float | None = None
    query_ms_p50: float | None = None
    query_ms_p95: float | None = None
    query_ms_p50_below: bool = False
    """The p50 lies in the lowest bucket: read it as "less than"."""
    query_ms_p95_below: bool = False
    """The same of the p95."""
    query_ms_above: bool = False
    """The p95 lies above the highest bound: read it as "more than"."""
    imports_per_s: float | None = None
    vector_ops_per_s: float | None = None
    vector_queue: int | None = None
    lsm_bytes: int | None = None
    lsm_partial: bool = False
    """Some shards have not told their segments yet (after a restart): sizes are lower bounds."""
    segments: int | None = None
    """Segments of the objects bucket, of the shard that has the most."""
    segments_min: int | None = None
    tombstones: int | None = None
    tombstone_ratio: float | None = None
    dimensions: int | None = None
    vector_index: str | None = None
    """``hnsw``, or for several named vectors ``body: hnsw, title: flat``."""
    compression: str | None = None
    """``none``, ``rq-8``, ``pq``, ... as configured; by name for several vectors."""
    aliases: tuple[str, ...] = ()
    unloaded_replicas: int | None = None
    readonly_replicas: int | None = None
    replica_gap: int | None = None
    """Largest difference of flushed counts between two replicas of one shard."""
    missing_nodes: tuple[str, ...] = ()
    """Expected nodes that did not answer: what they hold is not counted."""
    metrics_nodes: int = 0
    """Nodes whose metrics were read; fewer than there should be makes rates and sizes partial."""
    metrics_through: str | None = None
    """Who read the metrics for us, in words with their age; None where we read them ourselves."""
    live_nodes: int = 0
    """Nodes that take part now."""
    expected_nodes: int = 0
    """Nodes that should take part; 0 where that is not known."""
    not_exposed: dict[str, str] = {}
    """Field -> why it is None and which setting or wait would feed it."""

    @property
    def nodes_to_read(self) -> int:
        """Nodes that hold a share of rates and sizes: a dead one took its share with it."""
        return max(self.live_nodes, self.expected_nodes)

    @property
    def metrics_partial(self) -> bool:
        """Whether sums over the nodes' metrics lack a node: they are lower bounds."""
        return 0 < self.metrics_nodes < self.nodes_to_read

    @property
    def queue_partial(self) -> bool:
        """Whether the vector queue lacks shards that did not answer: it is a lower bound."""
        if self.shards is None:
            # How many tenants there should be is not known: with a node away some may be dark.
            return bool(self.missing_nodes)
        return (self.shards_answered or 0) < self.shards


class FieldSource(msgspec.Struct, frozen=True, gc=False):
    """Where a field comes from: the slice that feeds it and the server's own name for it."""

    kind: Kind
    text: str


SOURCES: dict[str, FieldSource] = {
    "objects": FieldSource(Kind.VERBOSE, "GET /v1/nodes?output=verbose shards[].objectCount"),
    "shards_answered": FieldSource(Kind.VERBOSE, "GET /v1/nodes?output=verbose shards[].loaded"),
    "shards": FieldSource(
        Kind.SCHEMA, "GET /v1/schema shardingConfig.actualCount; active tenants where multi-tenant"
    ),
    "replicas": FieldSource(Kind.VERBOSE, "GET /v1/nodes?output=verbose shards[]"),
    "replication_factor": FieldSource(Kind.SCHEMA, "GET /v1/schema replicationConfig.factor"),
    "tenants": FieldSource(Kind.TENANTS, "GET /v1/schema/{collection}/tenants"),
    "tenants_by_state": FieldSource(Kind.TENANTS, "GET /v1/schema/{collection}/tenants"),
    "objects_per_s": FieldSource(Kind.VERBOSE, "slope of objectCount between flushes"),
    "growth_pct_per_day": FieldSource(Kind.VERBOSE, "slope of objectCount between flushes"),
    "queries_per_s": FieldSource(Kind.METRICS, "queries_durations_ms_count"),
    "query_ms_p50": FieldSource(Kind.METRICS, "queries_durations_ms_bucket"),
    "query_ms_p95": FieldSource(Kind.METRICS, "queries_durations_ms_bucket"),
    "imports_per_s": FieldSource(Kind.METRICS, "batch_objects_processed_total"),
    "vector_ops_per_s": FieldSource(Kind.METRICS, "vector_index_operations"),
    "vector_queue": FieldSource(
        Kind.VERBOSE, "GET /v1/nodes?output=verbose shards[].vectorQueueLength"
    ),
    "lsm_bytes": FieldSource(Kind.METRICS, "lsm_segment_size"),
    "segments": FieldSource(Kind.METRICS, "lsm_active_segments of the objects bucket"),
    "segments_min": FieldSource(Kind.METRICS, "lsm_active_segments of the objects bucket"),
    "tombstones": FieldSource(Kind.METRICS, "vector_index_tombstones"),
    "tombstone_ratio": FieldSource(Kind.METRICS, "vector_index_tombstones"),
    "dimensions": FieldSource(Kind.METRICS, "vector_dimensions_sum"),
    "vector_index": FieldSource(Kind.SCHEMA, "GET /v1/schema vectorConfig"),
    "compression": FieldSource(Kind.SCHEMA, "GET /v1/schema vectorIndexConfig"),
    "readonly_replicas": FieldSource(
        Kind.VERBOSE, "GET /v1/nodes?output=verbose shards[].vectorIndexingStatus"
    ),
    "unloaded_replicas": FieldSource(Kind.VERBOSE, "GET /v1/nodes?output=verbose shards[].loaded"),
    "replica_gap": FieldSource(Kind.VERBOSE, "GET /v1/nodes?output=verbose shards[].objectCount"),
    "aliases": FieldSource(Kind.ALIASES, "GET /v1/aliases"),
}
"""Field of ``CollectionStats`` -> where its value comes from (an exact count overrides objects)."""


def declared_source(row: CollectionStats, field: str) -> FieldSource:
    """The ``SOURCES`` of a field, with who read it for us where that was another."""
    declared = SOURCES[field]
    if declared.kind is not Kind.METRICS or row.metrics_through is None:
        return declared
    return FieldSource(declared.kind, f"{declared.text} ({row.metrics_through})")


def rests_on(store: Store, row: CollectionStats, field: str) -> tuple[Slice[object], str]:
    """The oldest slice that a value of ``SOURCES`` rests on, empty where nothing was answered
    yet; and the server's own name for the value."""
    if field == "objects" and row.objects_are == EXACT:
        return store.get(Kind.COUNT, row.collection), "exact count, asked on demand"
    source = declared_source(row, field)
    if source.kind in (Kind.TENANTS, Kind.COUNT):
        return store.get(source.kind, row.collection), source.text
    pieces = [piece for piece in store.all(source.kind).values() if piece.fetched_at is not None]
    return min(pieces, key=lambda piece: piece.fetched_at or 0.0, default=EMPTY), source.text
