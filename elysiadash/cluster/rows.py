"""Builds the statistics row of every collection from the slices.

Pure: takes what is known, returns rows; run it in a thread when there are thousands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from elysiadash.cluster.definition import compression_words, vector_index_words
from elysiadash.cluster.growth import Growth
from elysiadash.cluster.shards import CollectionShards, ShardReport
from elysiadash.cluster.slices import Kind
from elysiadash.cluster.stats import APPROXIMATE, EXACT, PARTIAL, CollectionStats
from elysiadash.cluster.traffic import CollectionTraffic
from elysiadash.weaviate.models import CollectionDefinition
from elysiadash.weaviate.node_metrics import CollectionMetrics, NodeMetrics

ROW_KINDS = (
    Kind.SCHEMA,
    Kind.VERBOSE,
    Kind.METRICS,
    Kind.TENANTS,
    Kind.ALIASES,
    Kind.COUNT,
    Kind.META,
)
"""What rows are made of; of the other answers only the nodes' states show in a row."""

_DAY_S = 86400.0

_NO_METRICS = "no metrics: set metrics in the profile; needs PROMETHEUS_MONITORING_ENABLED=true"
_GROUPED = "metrics carry no collection names: PROMETHEUS_MONITORING_GROUP is on"
_ONE_READING = "needs two readings of the metrics, one interval apart (stats --rates, --watch)"
_NO_QUERIES = "no query since the last reading"
_NO_QUERIES_IN_WINDOW = "no query in the time that Prometheus' rates are over"
_NO_DIMENSIONS = "needs TRACK_VECTOR_DIMENSIONS=true"
_NO_SLOPE = "needs two flushes of each shard: a few minutes of watching (stats --watch)"
_NO_DAY = "needs half an hour of watching"
_NOT_MULTI_TENANT = "not a multi-tenant collection"
_NOT_IN_METRICS = "the nodes' metrics do not mention this collection"
_NO_HNSW = "only an hnsw index has it"
_NO_SEGMENTS = "nothing was written to disk yet, or every shard is unloaded"
_ALL_COLD = "no tenant is active, and the server does not count the others"
_NO_SHARDS = "none of its shards answered"
_FROM_REPLICAS = (
    "shards_answered",
    "replicas",
    "vector_queue",
    "unloaded_replicas",
    "readonly_replicas",
    "replica_gap",
)


class TenantCounts(msgspec.Struct, frozen=True, gc=False):
    """Tenants of one collection by state, as the server names the states (HOT, COLD, ...)."""

    by_state: dict[str, int]

    @property
    def total(self) -> int:
        """All tenants."""
        return sum(self.by_state.values())

    @property
    def active(self) -> int:
        """Tenants whose shard can be loaded."""
        return self.by_state.get("HOT", 0) + self.by_state.get("ACTIVE", 0)


class Known(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Everything the rows are built from. None: not answered yet, and ``why`` says why."""

    definitions: tuple[CollectionDefinition, ...] | None = None
    report: ShardReport | None = None
    tenants: dict[str, TenantCounts] = {}
    aliases: dict[str, tuple[str, ...]] = {}
    metrics: tuple[NodeMetrics, ...] = ()
    metrics_at: frozenset[str] = frozenset()
    """The addresses ``metrics`` are of."""
    metrics_nodes: int | None = None
    """How many nodes ``metrics`` are of, where one of them stands for several."""
    through: str | None = None
    """Who read the metrics for us, in words; None where we read them ourselves."""
    traffic: dict[str, CollectionTraffic] = {}
    two_readings: bool = False
    growth: dict[str, Growth] = {}
    counts: dict[str, int] = {}
    """Exact counts, asked on demand."""
    missing_nodes: tuple[str, ...] = ()
    live_nodes: int = 0
    expected_nodes: int = 0
    """How many nodes there should be; 0: not known."""
    why: dict[str, str] = {}
    """``shards``, ``tenants``, ``metrics`` -> why that part is not known."""


def collection_rows(known: Known) -> tuple[CollectionStats, ...]:
    """One row for each collection, sorted by name.

    Without a schema (no permission, no answer yet) the collections seen on the nodes count.
    """
    merged = _merge_metrics(known.metrics)
    reasons = _Reasons(known)
    if known.definitions is not None:
        rows = [_row(item.name, item, known, merged, reasons) for item in known.definitions]
    else:
        names = known.report.by_collection if known.report else ()
        rows = [_row(name, None, known, merged, reasons) for name in names]
    return tuple(sorted(rows, key=lambda row: row.collection))


class _Reasons:
    """Why fields are None; equal answers share one dictionary, thousands of rows share few."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._shared: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}
        self.shards = known.why.get("shards", "shard details were not answered yet")
        self.tenants = known.why.get("tenants", "the tenants were not asked yet")
        self.metrics = known.why.get("metrics", _NO_METRICS)
        grouped = bool(known.metrics) and all(node.grouped for node in known.metrics)
        if known.metrics:
            self.metrics = _GROUPED if grouped else _NOT_IN_METRICS
        self.rates = self.metrics if not known.metrics or grouped else _ONE_READING
        self.queries = _NO_QUERIES if known.through is None else _NO_QUERIES_IN_WINDOW

    def share(self, reasons: dict[str, str]) -> dict[str, str]:
        key = tuple(reasons.items())
        return self._shared.setdefault(key, reasons)


def _row(
    name: str,
    definition: CollectionDefinition | None,
    known: Known,
    merged: Mapping[str, CollectionMetrics],
    reasons: _Reasons,
) -> CollectionStats:
    fields: dict[str, Any] = {
        "collection": name,
        "aliases": known.aliases.get(name, ()),
        "metrics_nodes": _nodes_read(known),
        "metrics_through": known.through,
        "live_nodes": known.live_nodes,
        "expected_nodes": known.expected_nodes,
    }
    why: dict[str, str] = {}
    multi_tenant = _from_definition(fields, definition)
    _from_tenants(fields, why, multi_tenant, known.tenants.get(name), reasons)
    shards = known.report.by_collection.get(name) if known.report else None
    _from_shards(fields, why, known, shards, reasons)
    _from_growth(fields, why, known.growth.get(name))
    _from_metrics(fields, why, merged.get(name), reasons)
    _from_traffic(fields, why, known.traffic.get(name), known.two_readings, reasons)
    if name in known.counts:
        fields["objects"], fields["objects_are"] = known.counts[name], EXACT
        why.pop("objects", None)
    return CollectionStats(**fields, not_exposed=reasons.share(why))


def _from_definition(fields: dict[str, Any], definition: CollectionDefinition | None) -> bool:
    if definition is None:
        return False
    tenancy = definition.multi_tenancy_config
    fields["multi_tenant"] = bool(tenancy and tenancy.enabled)
    replication = definition.replication_config
    fields["replication_factor"] = replication.factor if replication else None
    sharding = definition.sharding_config
    if sharding and not fields["multi_tenant"]:
        fields["shards"] = sharding.actual_count or sharding.desired_count or None
    fields["vector_index"] = vector_index_words(definition)
    fields["compression"] = compression_words(definition)
    return bool(fields["multi_tenant"])


def _from_tenants(
    fields: dict[str, Any],
    why: dict[str, str],
    multi_tenant: bool,
    tenants: TenantCounts | None,
    reasons: _Reasons,
) -> None:
    if tenants is not None:
        fields["tenants"], fields["tenants_by_state"] = tenants.total, tenants.by_state
        fields["shards"] = tenants.active
        fields["inactive_tenants"] = tenants.total - tenants.active
        return
    reason = reasons.tenants if multi_tenant else _NOT_MULTI_TENANT
    why["tenants"] = why["tenants_by_state"] = reason
    if multi_tenant or "shards" not in fields:
        why["shards"] = reason if multi_tenant else reasons.shards


def _from_shards(
    fields: dict[str, Any],
    why: dict[str, str],
    known: Known,
    shards: CollectionShards | None,
    reasons: _Reasons,
) -> None:
    fields["missing_nodes"] = known.missing_nodes
    if known.report is None:
        for field in ("objects", *_FROM_REPLICAS):
            why[field] = reasons.shards
        return
    expected = fields.get("shards")
    if shards is None:
        # No shard on any answering node: empty only where it has no shard at all.
        fields["shards_answered"] = fields["replicas"] = 0
        if fields.get("inactive_tenants"):
            why["objects"] = _ALL_COLD
            fields.update(dict.fromkeys(_FROM_REPLICAS, 0))
            return
        if expected == 0:
            fields.update(dict.fromkeys(_FROM_REPLICAS, 0), objects=0, objects_are=APPROXIMATE)
            return
        for field in ("objects", *_FROM_REPLICAS[2:]):
            why[field] = _NO_SHARDS
        return
    answered = len(shards.counts)
    if expected is None and not fields.get("multi_tenant"):
        expected = fields["shards"] = shards.shards
        why.pop("shards", None)
    # How many tenants there should be is not known: with a node away some may be dark.
    complete = not known.missing_nodes if expected is None else answered >= expected
    # The server lists no COLD tenant: what they hold is not in the count.
    complete = complete and not fields.get("inactive_tenants")
    fields.update(
        objects=shards.objects,
        objects_are=APPROXIMATE if complete else PARTIAL,
        shards_answered=answered,
        replicas=shards.replicas,
        vector_queue=shards.vector_queue,
        unloaded_replicas=shards.unloaded_replicas,
        readonly_replicas=shards.readonly_replicas,
        replica_gap=shards.widest_gap,
    )


def _from_growth(fields: dict[str, Any], why: dict[str, str], growth: Growth | None) -> None:
    if growth is None:
        why["objects_per_s"] = _NO_SLOPE
        why["growth_pct_per_day"] = _NO_SLOPE
        return
    fields["objects_per_s"] = growth.per_second
    objects = fields.get("objects")
    if growth.long_per_second is not None and objects:
        fields["growth_pct_per_day"] = 100.0 * growth.long_per_second * _DAY_S / objects
    else:
        why["growth_pct_per_day"] = _NO_DAY


def _from_metrics(
    fields: dict[str, Any],
    why: dict[str, str],
    metrics: CollectionMetrics | None,
    reasons: _Reasons,
) -> None:
    if metrics is None:
        for field in ("lsm_bytes", "segments", "segments_min", "tombstones", "dimensions"):
            why[field] = reasons.metrics
        why["tombstone_ratio"] = reasons.metrics
        return
    fields.update(
        lsm_bytes=_whole(metrics.lsm_bytes),
        segments=_whole(metrics.segments_max),
        segments_min=_whole(metrics.segments_min),
        tombstones=_whole(metrics.tombstones),
        dimensions=_whole(metrics.dimensions),
        tombstone_ratio=_ratio(metrics.tombstones, metrics.vector_slots),
        lsm_partial=bool(
            metrics.lsm_shards and metrics.shards and metrics.lsm_shards < metrics.shards
        ),
    )
    for field in ("lsm_bytes", "segments", "segments_min"):
        if fields[field] is None:
            why[field] = _NO_SEGMENTS
    for field in ("tombstones", "tombstone_ratio"):
        if fields[field] is None:
            why[field] = _NO_HNSW
    if fields["dimensions"] is None:
        why["dimensions"] = _NO_DIMENSIONS


def _from_traffic(
    fields: dict[str, Any],
    why: dict[str, str],
    traffic: CollectionTraffic | None,
    two_readings: bool,
    reasons: _Reasons,
) -> None:
    if traffic is None:
        reason = reasons.metrics if two_readings else reasons.rates
        for field in ("queries_per_s", "imports_per_s", "vector_ops_per_s"):
            why[field] = reason
        why["query_ms_p50"] = why["query_ms_p95"] = reason
        return
    for field in ("queries_per_s", "imports_per_s", "vector_ops_per_s"):
        fields[field] = getattr(traffic, field)
        if fields[field] is None:
            why[field] = reasons.rates
    if traffic.p95 is None or traffic.p50 is None:
        why["query_ms_p50"] = why["query_ms_p95"] = reasons.queries
        return
    fields["query_ms_p50"], fields["query_ms_p95"] = traffic.p50.ms, traffic.p95.ms
    fields["query_ms_p50_below"] = traffic.p50.below
    fields["query_ms_p95_below"] = traffic.p95.below
    fields["query_ms_above"] = traffic.p95.above


def _nodes_read(known: Known) -> int:
    """Nodes whose metrics tell collections apart."""
    told = sum(node.grouped is not True for node in known.metrics)
    return told if known.metrics_nodes is None or not told else known.metrics_nodes


def _merge_metrics(nodes: Iterable[NodeMetrics]) -> dict[str, CollectionMetrics]:
    """Add up the nodes: sizes and counts sum, segments are the widest range of any shard."""
    merged: dict[str, CollectionMetrics] = {}
    for node in nodes:
        for name, metrics in node.per_collection.items():
            other = merged.get(name)
            merged[name] = metrics if other is None else _added(other, metrics)
    return merged


def _added(one: CollectionMetrics, two: CollectionMetrics) -> CollectionMetrics:
    return msgspec.structs.replace(
        one,
        lsm_bytes=_plus(one.lsm_bytes, two.lsm_bytes),
        lsm_shards=_plus(one.lsm_shards, two.lsm_shards),
        shards=_plus(one.shards, two.shards),
        tombstones=_plus(one.tombstones, two.tombstones),
        vector_slots=_plus(one.vector_slots, two.vector_slots),
        dimensions=_plus(one.dimensions, two.dimensions),
        segments_max=_pick(max, one.segments_max, two.segments_max),
        segments_min=_pick(min, one.segments_min, two.segments_min),
    )


def _plus(one: float | None, two: float | None) -> float | None:
    if one is None or two is None:
        return one if two is None else two
    return one + two


def _pick(choose: Any, one: float | None, two: float | None) -> Any:
    values = [value for value in (one, two) if value is not None]
    return choose(values) if values else None


def _ratio(part: float | None, whole: float | None) -> float | None:
    """Never above 1: with several named vectors tombstones of all are added into one series."""
    if part is None or not whole:
        return None
    return min(1.0, part / whole)


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)
