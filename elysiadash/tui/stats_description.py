"""A collection described for people: what was found, and what each number means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from elysiadash.cluster.stats import CollectionStats, rests_on
from elysiadash.health.finding import Finding
from elysiadash.tui import numbers
from elysiadash.tui.collection_facts import FINDING, Fact, is_title
from elysiadash.tui.description import Entry, Section, of_requests
from elysiadash.tui.plain import plain
from elysiadash.tui.source import Watched
from elysiadash.tui.values import VALUES, Value, has_no_tenants, reason

MEANINGS: dict[str, str] = {
    "objects": "objects that live, each counted once, not once a replica; ~ counts flushed ones "
    "only and lags, ≥ lacks shards that did not answer",
    "objects_per_s": "how fast the count grows or shrinks: a slope over minutes, since counts "
    "move only when a node flushes",
    "growth_pct_per_day": "the same slope as a share of all objects, if it went on for a day",
    "shards_answered": "shards with a loaded replica on a node that answers, and all shards",
    "replicas": "copies of shards on the nodes that answer",
    "replication_factor": "copies that each shard is to have, by the schema",
    "replica_gap": "largest difference of flushed objects between two replicas of one shard; "
    "a gap that stays is a reason for a comparison",
    "readonly_replicas": "replicas that refuse writes: a batch to them stores nothing",
    "unloaded_replicas": "replicas that a node has on disk and not in memory; a first query loads "
    "them",
    "tenants": "tenants of all states",
    "tenants_by_state": "HOT answers queries, COLD is on disk only, FROZEN is offloaded",
    "queries_per_s": "queries that the nodes answered, all together",
    "query_ms_p50": "half of the queries, and 95 of 100, were answered within this time, as the "
    "nodes' buckets tell it; < and > where the outermost bucket holds it",
    "imports_per_s": "objects that came in by batches, where the metrics count them",
    "vector_ops_per_s": "vectors put into the index, taken out of it, and cleaned up",
    "vector_queue": "vectors that wait for the index: they are stored, and searches find them "
    "only slowly or not yet",
    "lsm_bytes": "segments on disk of all replicas: objects, inverted index and vectors; no "
    "write-ahead logs",
    "segments": "segments of the objects bucket, of the shards that have the fewest and the most; "
    "many make reads slow until they are merged",
    "tombstones": "deleted vectors that still stand in the index",
    "tombstone_ratio": "tombstones as a share of the objects; many make searches slow and worse",
    "dimensions": "dimensions of all vectors together: what a hosted cluster is billed by",
    "vector_index": "kind of index, for each named vector",
    "compression": "how vectors are stored in memory, as configured",
}
"""Field -> what its value means to somebody who looks after the cluster."""


def describe(
    watch: Watched,
    row: CollectionStats,
    findings: Iterable[Finding],
    requests: Mapping[str, str],
) -> tuple[Section, ...]:
    """Everything known of a collection. Reads what is kept; asks nothing."""
    now = watch.store.clock()
    own = [finding for finding in findings if finding.collection == row.collection]
    sections = (
        Section("Found", tuple(_found(own, now))),
        Section("Who it is", tuple(_who(row))),
        Section("Numbers", tuple(_number(watch, row, value, now) for value in VALUES)),
        *of_requests(requests),
    )
    return tuple(section for section in sections if section.entries)


def describe_fact(collection: str, fact: Fact, now: float) -> tuple[Section, ...]:
    """One line of what is known of a collection, in full."""
    if is_title(fact):
        return (Section(f"{fact.what} of {collection}", ()),)
    known, found = fact.value != numbers.UNKNOWN, fact.key.startswith(FINDING)
    # A finding's words are what it means; those of a value are where it comes from.
    entry = Entry(
        what=fact.what,
        value=fact.value,
        meaning=fact.words if found else MEANINGS.get(fact.key, ""),
        source=fact.words if known and not found else "",
        age=None if fact.at is None or found else now - fact.at,
        why="" if known else f"missing: {fact.words}",
    )
    ends = Entry(what="Last 10 min", value=fact.ends)
    return (Section(collection, (entry, ends) if fact.ends else (entry,)),)


def _found(findings: Iterable[Finding], now: float) -> Iterator[Entry]:
    for finding in findings:
        kinds = (("shard", finding.shard), ("tenant", finding.tenant), ("on", finding.node))
        where = " ".join(f"{kind} {part}" for kind, part in kinds if part)
        since = "" if finding.since is None else f"since {numbers.span(now - finding.since)}"
        seen = ", ".join(part for part in (where, since) if part)
        yield Entry(
            what=f"{finding.code} {finding.severity.value}",
            value=finding.message,
            meaning=finding.impact,
            source="",
            why="; ".join(part for part in (f"do: {finding.action}", seen) if part),
        )


def _who(row: CollectionStats) -> Iterator[Entry]:
    yield Entry(what="Collection", value=row.collection)
    if row.aliases:
        yield Entry(
            what="Aliases",
            value=", ".join(row.aliases),
            meaning="other names under which it is read and written",
            source="GET /v1/aliases",
        )
    if row.multi_tenant:
        yield Entry(what="Multi-tenant", value="yes", meaning="each tenant is a shard of its own")
    if row.missing_nodes:
        yield Entry(
            what="Nodes missing",
            value=", ".join(row.missing_nodes),
            meaning="they did not answer: what they hold is not counted",
        )
    if row.nodes_to_read:
        yield Entry(
            what="Metrics read",
            value=f"of {row.metrics_nodes} of {row.nodes_to_read} nodes",
            meaning="rates, times and sizes are sums over these nodes only",
        )


def _number(watch: Watched, row: CollectionStats, value: Value, now: float) -> Entry:
    text = value.show(row)
    if value.field in ("tenants", "tenants_by_state") and has_no_tenants(row):
        return Entry(what=value.title, value="none", meaning="it is not multi-tenant")
    piece, source = rests_on(watch.store, row, value.field)
    known = text != numbers.UNKNOWN
    why = "" if known else f"missing: {reason(row, value.field) or 'not known yet'}"
    if piece.problem is not None:
        late = "not answered now" if known else "not answered"
        why = "; ".join(part for part in (why, f"{late}: {plain(piece.problem.what)}") if part)
    age = piece.age(now) if known else None
    return Entry(
        what=value.title,
        value=text,
        meaning=MEANINGS.get(value.field, ""),
        source=source if known else "",
        age=age,
        why=why,
    )
