"""Every value of a collection as text, and in plain words why a value is missing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import msgspec

from elysiadash.cluster.slices import Kind
from elysiadash.cluster.stats import (
    APPROXIMATE,
    EXACT,
    PARTIAL,
    SOURCES,
    UNKNOWN,
    CollectionStats,
)
from elysiadash.tui import numbers
from elysiadash.tui.plain import plain

SIGNS = {EXACT: "", APPROXIMATE: "~", PARTIAL: "≥", UNKNOWN: ""}
"""What stands before a count: how well it is known."""

Show = Callable[[CollectionStats], str]


class Value(msgspec.Struct, frozen=True, gc=False):
    """One value of a collection: the field it is in, what it is called, and its text."""

    field: str
    title: str
    show: Show


def objects(row: CollectionStats) -> str:
    """``~1,204,031``; the sign says how well it is known."""
    if row.objects is None:
        return numbers.UNKNOWN
    return f"{SIGNS.get(row.objects_are, '~')}{numbers.count(row.objects)}"


def shards(row: CollectionStats) -> str:
    """``11/12``: shards that answered, and shards there are."""
    if row.shards_answered is None and row.shards is None:
        return numbers.UNKNOWN
    return f"{numbers.count(row.shards_answered)}/{numbers.count(row.shards)}"


def query_times(row: CollectionStats) -> str:
    """``14.1 / 18 ms``; ``<10 / 18 ms`` and ``<10 ms`` where the buckets tell no more."""
    if row.query_ms_p50 is None or row.query_ms_p95 is None:
        return numbers.UNKNOWN
    if row.query_ms_p95_below:
        return f"<{numbers.milliseconds(row.query_ms_p95)}"
    middle, high = map(numbers.milliseconds, (row.query_ms_p50, row.query_ms_p95))
    if row.query_ms_above:
        high = f">{high}"
    if row.query_ms_p50_below:
        middle = f"<{middle}"
    if middle.endswith(" ms") and high.endswith(" ms"):
        middle = middle.removesuffix(" ms")
    return f"{middle} / {high}"


def segments(row: CollectionStats) -> str:
    """``9–14``: of the shards with the fewest and the most."""
    if row.segments is None:
        return numbers.UNKNOWN
    if row.segments_min is None or row.segments_min == row.segments:
        return numbers.count(row.segments)
    return f"{numbers.count(row.segments_min)}–{numbers.count(row.segments)}"


def tenants_by_state(row: CollectionStats) -> str:
    """``640 HOT, 3,360 COLD``."""
    if row.tenants_by_state is None:
        return numbers.UNKNOWN
    if not row.tenants_by_state:
        return "none"
    states = sorted(row.tenants_by_state.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{numbers.count(many)} {plain(state)}" for state, many in states)


def _count(field: str) -> Show:
    return lambda row: numbers.count(getattr(row, field))


def rate(field: str) -> Show:
    """``212``; ``≥212`` where not all nodes' metrics were read."""
    return lambda row: _at_least(numbers.rate(getattr(row, field)), row.metrics_partial)


def lsm_size(row: CollectionStats) -> str:
    """``212 GB``; ``≥212 GB`` where not all nodes' metrics were read."""
    return _at_least(numbers.size(row.lsm_bytes), row.lsm_partial or row.metrics_partial)


def _at_least(text: str, partial: bool) -> str:
    """What is not known at all is not known to be a part."""
    return f"≥{text}" if partial and text != numbers.UNKNOWN else text


def _sum(field: str) -> Show:
    return lambda row: _at_least(numbers.count(getattr(row, field)), row.metrics_partial)


def queue(row: CollectionStats) -> str:
    """``0``; ``≥0`` where not all shards answered."""
    return _at_least(numbers.count(row.vector_queue), row.queue_partial)


def _words(field: str) -> Show:
    return lambda row: plain(getattr(row, field) or numbers.UNKNOWN)


def _growth_a_day(row: CollectionStats) -> str:
    if row.growth_pct_per_day is None:
        return numbers.UNKNOWN
    return f"{numbers.signed_rate(row.growth_pct_per_day)} %"


VALUES: tuple[Value, ...] = (
    Value("objects", "Objects", objects),
    Value("objects_per_s", "Growth /s", lambda row: numbers.signed_rate(row.objects_per_s)),
    Value("growth_pct_per_day", "Growth a day", _growth_a_day),
    Value("shards_answered", "Shards answered", shards),
    Value("replicas", "Replicas seen", _count("replicas")),
    Value("replication_factor", "Replication factor", _count("replication_factor")),
    Value("replica_gap", "Widest gap", _count("replica_gap")),
    Value("readonly_replicas", "Read-only replicas", _count("readonly_replicas")),
    Value("unloaded_replicas", "Replicas not loaded", _count("unloaded_replicas")),
    Value("tenants", "Tenants", _count("tenants")),
    Value("tenants_by_state", "Tenants by state", tenants_by_state),
    Value("queries_per_s", "Queries /s", rate("queries_per_s")),
    Value("query_ms_p50", "Query p50 / p95", query_times),
    Value("imports_per_s", "Imports /s", rate("imports_per_s")),
    Value("vector_ops_per_s", "Vector operations /s", rate("vector_ops_per_s")),
    Value("vector_queue", "Vector queue", queue),
    Value("lsm_bytes", "LSM size", lsm_size),
    Value("segments", "Segments", segments),
    Value("tombstones", "Tombstones", _sum("tombstones")),
    Value("tombstone_ratio", "Tombstones, share", lambda row: numbers.percent(row.tombstone_ratio)),
    Value("dimensions", "Vector dimensions", _sum("dimensions")),
    Value("vector_index", "Vector index", _words("vector_index")),
    Value("compression", "Compression", _words("compression")),
)
"""All values, in the order in which the detail shows them."""

_OF_TENANTS = frozenset({"tenants", "tenants_by_state"})
_TITLES = {value.field: value.title for value in VALUES} | {
    "shards": "Shards",
    "query_ms_p95": "Query p50 / p95",
    "segments_min": "Segments",
}


_IN_COMMANDS = re.compile(r"\s*\(stats [^()]*\)$")
"""What a reason says of options of the command ``stats``; the app has none."""


def reason(row: CollectionStats, field: str) -> str | None:
    """Why a value is missing, as the app says it; None where nothing is said."""
    found = row.not_exposed.get(field)
    return None if found is None else plain(_IN_COMMANDS.sub("", found))


def has_no_tenants(row: CollectionStats) -> bool:
    """Whether the row's collection is one that has no tenants: then none are missing."""
    return not row.multi_tenant and row.tenants is None


def tenants(row: CollectionStats) -> str:
    """``4,000``; nothing for a collection that has none."""
    return "" if has_no_tenants(row) else numbers.count(row.tenants)


def missing(row: CollectionStats, fields: Iterable[str]) -> list[tuple[str, str]]:
    """(titles, reason) of the unknown values among ``fields``; alike reasons are put together."""
    by_reason: dict[str, list[str]] = {}
    for field in fields:
        why = reason(row, field)
        if why is None or (field in _OF_TENANTS and has_no_tenants(row)):
            continue
        titles = by_reason.setdefault(why, [])
        title = _TITLES.get(field, field)
        if title not in titles:
            titles.append(title)
    return [(", ".join(titles), why) for why, titles in by_reason.items()]


def is_late(field: str, late: frozenset[Kind]) -> bool:
    """Whether the value of ``field`` rests on late data."""
    source = SOURCES.get(field)
    return source is not None and source.kind in late
