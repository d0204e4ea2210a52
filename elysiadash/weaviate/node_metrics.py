"""What the console keeps of one Weaviate node's metrics (``GET :port/metrics``).

Facts are of 1.39.0, checked on a real server against what was done to it. Counters of queries
and imports count on the node that was contacted, so a cluster's number is the sum over nodes;
everything else counts a node's own replicas. What a node does not say is None, never 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Final

import msgspec

from elysiadash.weaviate.exposition import Aggregation, Exposition, ExpositionReader, Table

#: ``(upper bound in ms, queries up to it)``, ascending; the last bound is infinite.
Buckets = tuple[tuple[float, float], ...]

_QUERIES: Final = "queries_durations_ms"
_GROUPED_NAME: Final = "n/a"


class CollectionMetrics(msgspec.Struct, frozen=True, gc=False):
    """One node's numbers for one collection; counters run since the process started.

    A name here may be of a collection dropped since: some series outlive it until a restart.
    """

    query_buckets: Buckets = ()
    query_count: float | None = None
    """Searches of every kind and door, by GraphQL or gRPC; errors included, aggregations not.
    A collection has none of the three before its first search since the process started."""
    query_sum_ms: float | None = None
    imports: float | None = None
    """Objects in batches this node took, failed ones included; single-object POSTs not."""
    vector_ops: float | None = None
    """Vectors put into or removed from HNSW graphs here; absent for flat indexes."""
    queue_size: float | None = None
    """Vectors waiting for asynchronous indexing; of several named vectors only the last told."""
    segments_min: float | None = None
    """Fewest and most segments in the objects bucket of any shard that said so."""
    segments_max: float | None = None
    segments_total: float | None = None
    """Segments in all buckets. A shard tells its LSM numbers with its first compaction round,
    up to a minute or so after it was loaded."""
    segments_unloaded: float | None = None
    """Segments opened only when needed: ``lsm_bytes`` does not include them."""
    lsm_shards: float | None = None
    """Shards that told their segments; fewer than ``shards`` means the LSM numbers are partial."""
    lsm_bytes: float | None = None
    """Index plus payload of loaded segments: 2 to 5 % below the segment files on disk (secondary
    indexes and property lengths are not in it); without memtables, WAL and HNSW commit logs."""
    tombstones: float | None = None
    tombstones_cleaned: float | None = None
    """Work done by tombstone clean-up. Despite its name this counts graph nodes that were
    linked anew around deleted ones, so it may exceed the deletions many times."""
    vector_slots: float | None = None
    """Places in HNSW graphs, grown ahead in steps: not a number of vectors."""
    dimensions: float | None = None
    """Dimensions stored, over all vectors; only with TRACK_VECTOR_DIMENSIONS=true."""
    object_count: float | None = None
    """Objects flushed to disk, summed over this node's replicas."""
    shards: float | None = None
    """This node's shards that told their objects: those loaded since the process started."""


class NodeMetrics(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One answer of one node.

    ``families``: the kept families that were read to their end. A family behind the point where
    ``truncated`` or ``incomplete`` stopped the text is unknown, not absent. None of them, with
    ``bad_lines`` above 0, means the address does not serve metrics.
    """

    per_collection: dict[str, CollectionMetrics]
    """By collection; empty where grouped."""
    grouped: bool | None
    """PROMETHEUS_MONITORING_GROUP: every class name is ``n/a``. None: no series has one."""
    node_total: CollectionMetrics | None
    """Where grouped: all collections together, without the gauges that grouping makes wrong."""
    families: frozenset[str]
    bytes_read: int
    truncated: bool
    incomplete: bool
    bad_lines: int

    node_id: str | None = None
    """The node's name in the cluster (1.30.4 and later)."""
    version: str | None = None
    process_start_time: float | None = None
    """Unix seconds; another value means the process, and with it every counter, began anew."""
    cpu_seconds: float | None = None
    resident_bytes: float | None = None
    """Includes pages of memory-mapped files: not the heap."""
    heap_bytes: float | None = None
    """Go heap in use."""
    memory_limit_bytes: float | None = None
    """GOMEMLIMIT; 2**63 where none is set. Told by newer releases (1.39 does)."""
    open_fds: float | None = None
    goroutines: float | None = None
    shards_loaded: float | None = None
    shards_unloaded: float | None = None
    shards_loading: float | None = None
    index_shards_by_status: dict[str, float] | None = None
    """This node's shards by state of the index (READY, READONLY, LOADING, SHUTDOWN, ...); a
    dropped collection's shards stay counted until a restart."""
    schema_shards_by_status: dict[str, float] | None = None
    """All shards of the cluster's schema, the same on every node: never summed over nodes.
    ``""`` is not a tenant, else the tenant's state (HOT, COLD, ...)."""
    raft_applied_index: float | None = None
    raft_candidate_count: float | None = None
    """Times this node stood for election since it started (1 on a calm single node)."""


def _sum(family: str, sample: str = "") -> Aggregation:
    return Aggregation(family, "class_name", "sum", sample=sample)


_OBJECTS_BUCKET: Final = (("path", "*/objects"),)

#: lsm_active_segments counts every segment of a bucket; lsm_segment_count only loaded ones.
_ACTIVE: Final = "lsm_active_segments"
#: With PROMETHEUS_MONITOR_CRITICAL_BUCKETS_ONLY this one is told in place of lsm_active_segments,
#: and lsm_segment_size then leaves most buckets out.
_CRITICAL: Final = "lsm_objects_bucket_segment_count"

_QUERY_BUCKETS: Final = Aggregation(_QUERIES, "class_name", sample=f"{_QUERIES}_bucket", then="le")
#: In the order of CollectionMetrics' fields after query_buckets; the first that exists counts.
_SOURCES: Final[Mapping[str, tuple[Aggregation, ...]]] = {
    "query_count": (_sum(_QUERIES, f"{_QUERIES}_count"),),
    "query_sum_ms": (_sum(_QUERIES, f"{_QUERIES}_sum"),),
    # The series with a shard's name stay 0, only shard_name="n/a" counts: the sum is right.
    "imports": (_sum("batch_objects_processed_total"),),
    "vector_ops": (_sum("vector_index_operations"),),
    "queue_size": (_sum("queue_size"),),
    "segments_min": (
        Aggregation(_ACTIVE, "class_name", "min", _OBJECTS_BUCKET),
        Aggregation(_CRITICAL, "class_name", "min"),
    ),
    "segments_max": (
        Aggregation(_ACTIVE, "class_name", "max", _OBJECTS_BUCKET),
        Aggregation(_CRITICAL, "class_name", "max"),
    ),
    "segments_total": (_sum(_ACTIVE),),
    "segments_unloaded": (_sum("lsm_segment_unloaded"),),
    "lsm_shards": (
        Aggregation(_ACTIVE, "class_name", "count", _OBJECTS_BUCKET),
        Aggregation(_CRITICAL, "class_name", "count"),
    ),
    "lsm_bytes": (_sum("lsm_segment_size"),),
    "tombstones": (_sum("vector_index_tombstones"),),
    "tombstones_cleaned": (_sum("vector_index_tombstone_cleaned"),),
    "vector_slots": (_sum("vector_index_size"),),
    "dimensions": (_sum("vector_dimensions_sum"),),
    "object_count": (_sum("object_count"),),
    "shards": (Aggregation("object_count", "class_name", "count"),),
}
#: Gauges that are set, not counted: with grouping each collection overwrites the others.
_WRONG_WHERE_GROUPED: Final = {"queue_size": None, "tombstones": None, "vector_slots": None}

_PLAIN: Final[Mapping[str, str]] = {
    "process_start_time": "process_start_time_seconds",
    "cpu_seconds": "process_cpu_seconds_total",
    "resident_bytes": "process_resident_memory_bytes",
    "heap_bytes": "go_memstats_heap_inuse_bytes",
    "memory_limit_bytes": "go_gc_gomemlimit_bytes",
    "open_fds": "process_open_fds",
    "goroutines": "go_goroutines",
    "shards_loaded": "shards_loaded",
    "shards_unloaded": "shards_unloaded",
    "shards_loading": "shards_loading",
    "raft_applied_index": "weaviate_cluster_store_raft_last_applied_index",
    "raft_candidate_count": "weaviate_internal_counter_raft_state_candidate",
}
_FSM_APPLIED: Final = "weaviate_cluster_store_fsm_last_applied_index"
_BUILD: Final = "weaviate_build_info"
_INDEX_SHARDS: Final = "weaviate_index_shards_total"
_SCHEMA_SHARDS: Final = "weaviate_schema_shards"

_SAMPLED: Final = frozenset(_PLAIN.values()) | {_FSM_APPLIED, _BUILD, _INDEX_SHARDS, _SCHEMA_SHARDS}
_AGGREGATIONS: Final = (
    _QUERY_BUCKETS,
    *(aggregation for sources in _SOURCES.values() for aggregation in sources),
)
#: Every family that is kept.
WANTED: Final = _SAMPLED | {aggregation.family for aggregation in _AGGREGATIONS}


class NodeMetricsReader:
    """Reads one node's metrics while they stream; for a thread, not for the event loop."""

    def __init__(self, limit_bytes: int) -> None:
        self._reader = ExpositionReader(_SAMPLED, limit_bytes, _AGGREGATIONS)

    def feed(self, chunk: bytes) -> bool:
        """Take a piece of the body; False once ``limit_bytes`` is passed: stop the stream."""
        return self._reader.feed(chunk)

    def close(self) -> NodeMetrics:
        """The node's numbers; the reader is used up after it."""
        return _node_metrics(self._reader.close())


def _node_metrics(exposition: Exposition) -> NodeMetrics:
    collections = _collections(exposition)
    everything = collections.pop(_GROUPED_NAME, None)
    collections.pop("", None)
    grouped = None if everything is None and not collections else not collections
    return NodeMetrics(
        per_collection=collections,
        grouped=grouped,
        node_total=(
            msgspec.structs.replace(everything, **_WRONG_WHERE_GROUPED)
            if grouped and everything is not None
            else None
        ),
        families=exposition.found - {exposition.cut_in},
        bytes_read=exposition.bytes_read,
        truncated=exposition.truncated,
        incomplete=exposition.incomplete,
        bad_lines=exposition.bad_lines,
        node_id=(
            _first_label(exposition, _PLAIN["raft_applied_index"], "nodeID")
            or _first_label(exposition, _FSM_APPLIED, "nodeID")
        ),
        version=_first_label(exposition, _BUILD, "version"),
        index_shards_by_status=_by_status(exposition, _INDEX_SHARDS),
        schema_shards_by_status=_by_status(exposition, _SCHEMA_SHARDS),
        **{field: _value(exposition, family) for field, family in _PLAIN.items()},
    )


def _collections(exposition: Exposition) -> dict[str, CollectionMetrics]:
    columns = [_column(exposition, sources) for sources in _SOURCES.values()]
    if _CRITICAL in exposition.found:
        columns[list(_SOURCES).index("lsm_bytes")] = {}
    tables = {} if exposition.cut_in == _QUERIES else exposition.tables.get(_QUERY_BUCKETS, {})
    names = dict.fromkeys(tables)
    for column in columns:
        names.update(dict.fromkeys(column))
    cells = [column.get for column in columns]
    buckets = _BucketMaker()
    return {
        name: CollectionMetrics(buckets.make(tables.get(name)), *[cell(name) for cell in cells])
        for name in names
    }


def _column(exposition: Exposition, sources: Iterable[Aggregation]) -> dict[str, float]:
    """One field of all collections; nothing from a family whose end was not reached."""
    for aggregation in sources:
        totals = exposition.totals.get(aggregation)
        if totals is not None and aggregation.family != exposition.cut_in:
            return totals
    return {}


class _BucketMaker:
    """Bounds are text in the exposition and the same for every collection: read them once."""

    def __init__(self) -> None:
        self._bounds: dict[tuple[str, ...], tuple[float, ...] | None] = {}

    def make(self, table: Table | None) -> Buckets:
        if table is None:
            return ()
        texts, counts = table
        if texts not in self._bounds:
            bounds = tuple(map(_bound, texts))
            ascending = all(one < two for one, two in pairwise(bounds))
            self._bounds[texts] = bounds if ascending else None
        ready = self._bounds[texts]
        if ready is not None:
            return tuple(zip(ready, counts, strict=True))
        merged: dict[float, float] = {}
        for le, count in zip(texts, counts, strict=True):
            bound = _bound(le)
            if bound == bound:
                merged[bound] = merged.get(bound, 0.0) + count
        return tuple(sorted(merged.items()))


def _bound(le: str) -> float:
    try:
        return float(le)
    except ValueError:
        return float("nan")


def _value(exposition: Exposition, family: str) -> float | None:
    found = exposition.families.get(family)
    return found.samples[0].value if found and found.samples else None


def _first_label(exposition: Exposition, family: str, label: str) -> str | None:
    found = exposition.families.get(family)
    return (found.samples[0].label(label) or None) if found and found.samples else None


def _by_status(exposition: Exposition, family: str) -> dict[str, float] | None:
    found = exposition.families.get(family)
    if not found or not found.samples or family == exposition.cut_in:
        return None
    counts: dict[str, float] = {}
    for sample in found.samples:
        status = sample.label("status")
        counts[status] = counts.get(status, 0.0) + sample.value
    return counts
