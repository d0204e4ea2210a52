"""The columns of ``stats``, as a table for people and as CSV for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal

from elysiadash.cli import words
from elysiadash.cli.documents import StatsItem
from elysiadash.cli.tables import Column, Table

Metrics = Literal["all", "basic", "performance"]
Shown = tuple[Column, Callable[[StatsItem], str], tuple[str, ...]]


def _number(header: str, make: Callable[[StatsItem], str], *fields: str, spare: int = 0) -> Shown:
    return Column(header, right=True, spare=spare), make, fields


def _text(header: str, make: Callable[[StatsItem], str], *fields: str, spare: int = 0) -> Shown:
    return Column(header, spare=spare), make, fields


_NAME = _text("COLLECTION", lambda item: item.collection)
_OBJECTS = _number("OBJECTS", lambda item: _objects(item), "objects")
_CHANGE = _number("+/S", lambda item: words.change(item.objects_per_s), "objects_per_s", spare=6)
_SHARDS = _number("SHARDS", lambda item: _shards(item), "shards", "shards_answered", spare=1)
_FACTOR = _number(
    "RF", lambda item: words.count(item.replication_factor), "replication_factor", spare=5
)
_TENANTS = _number("TENANTS", lambda item: _tenants(item), spare=8)
_QUEUE = _number("QUEUE", lambda item: words.count(item.vector_queue), "vector_queue", spare=2)
_QUERIES = _number(
    "QUERY/S", lambda item: _rate(item, item.queries_per_s), "queries_per_s", spare=3
)
_P50 = _number(
    "P50 MS",
    lambda item: _bounded(item.query_ms_p50, item.query_ms_p50_below),
    "query_ms_p50",
    spare=7,
)
_P95 = _number(
    "P95 MS",
    lambda item: _bounded(item.query_ms_p95, item.query_ms_p95_below, item.query_ms_above),
    "query_ms_p95",
    spare=3,
)
_IMPORTS = _number(
    "IMPORT/S", lambda item: _rate(item, item.imports_per_s), "imports_per_s", spare=4
)
_VECTORS = _number(
    "VECTOR/S", lambda item: _rate(item, item.vector_ops_per_s), "vector_ops_per_s", spare=5
)
_SEGMENTS = _number("SEGMENTS", lambda item: _segments(item), "segments", spare=10)
_TOMBSTONES = _number(
    "TOMBST.", lambda item: words.percent(item.tombstone_ratio), "tombstone_ratio", spare=9
)
_SIZE = _number(
    "LSM SIZE",
    lambda item: _at_least(words.size(item.lsm_bytes), item.lsm_partial or item.metrics_partial),
    "lsm_bytes",
    spare=6,
)
_INDEX = _text("INDEX", lambda item: item.vector_index or words.UNKNOWN, spare=5)
_COMPRESSION = _text("COMPRESSION", lambda item: item.compression or words.UNKNOWN, spare=6)
_HEALTH = _text("HEALTH", lambda item: item.health)

_SHOWN: dict[Metrics, tuple[Shown, ...]] = {
    "all": (
        _NAME,
        _OBJECTS,
        _CHANGE,
        _SHARDS,
        _FACTOR,
        _TENANTS,
        _P50,
        _P95,
        _QUERIES,
        _IMPORTS,
        _QUEUE,
        _SEGMENTS,
        _TOMBSTONES,
        _SIZE,
        _HEALTH,
    ),
    "basic": (
        _NAME,
        _OBJECTS,
        _CHANGE,
        _SHARDS,
        _FACTOR,
        _TENANTS,
        _QUEUE,
        _INDEX,
        _COMPRESSION,
        _HEALTH,
    ),
    "performance": (
        _NAME,
        _OBJECTS,
        _QUERIES,
        _P50,
        _P95,
        _IMPORTS,
        _VECTORS,
        _QUEUE,
        _HEALTH,
    ),
}

CSV_FIELDS = tuple(
    name for name in StatsItem.__struct_fields__ if name not in ("not_exposed", "sources")
)


def stats_table(items: Iterable[StatsItem], metrics: Metrics, title: str) -> Table:
    """The table of the chosen set of columns."""
    shown = _SHOWN[metrics]
    return Table(
        title=title,
        columns=tuple(column for column, _, _ in shown),
        rows=tuple(tuple(make(item) for _, make, _ in shown) for item in items),
        empty="no collections",
    )


def reasons(items: Iterable[StatsItem], metrics: Metrics) -> list[str]:
    """Why cells are empty, one line for each reason."""
    found: dict[str, list[str]] = {}
    for item in items:
        for column, _, fields in _SHOWN[metrics]:
            for field in fields:
                why = item.not_exposed.get(field)
                headers = found.setdefault(why, []) if why else []
                if why and column.header not in headers:
                    headers.append(column.header)
    return [f"{', '.join(headers)}: {why}" for why, headers in found.items()]


def csv_header() -> list[str]:
    """Names of the CSV's columns; ``at`` is when the line was made."""
    return [*CSV_FIELDS, "at"]


def csv_rows(items: Iterable[StatsItem], at: str) -> Iterable[list[Any]]:
    """One line for each item."""
    return ([*(getattr(item, name) for name in CSV_FIELDS), at] for item in items)


def _objects(item: StatsItem) -> str:
    marks = {"approximate": "~", "partial": ">="}
    if item.objects is None:
        return words.UNKNOWN
    return f"{marks.get(item.objects_are, '')}{words.count(item.objects)}"


def _rate(item: StatsItem, value: float | None) -> str:
    return _at_least(words.rate(value), item.metrics_partial)


def _at_least(text: str, partial: bool) -> str:
    """The sign of a part; what is not known has none."""
    return f">={text}" if partial and text != words.UNKNOWN else text


def _shards(item: StatsItem) -> str:
    if item.shards_answered is None:
        return words.count(item.shards)
    return f"{words.count(item.shards_answered)}/{words.count(item.shards)}"


def _tenants(item: StatsItem) -> str:
    return words.count(item.tenants) if item.multi_tenant else ""


def _bounded(milliseconds: float | None, below: bool, above: bool = False) -> str:
    if milliseconds is None:
        return words.milliseconds(None)
    return f"{'<' if below else '>' if above else ''}{words.milliseconds(milliseconds)}"


def _segments(item: StatsItem) -> str:
    most, fewest = item.segments, item.segments_min
    if most is None or fewest is None or most == fewest:
        return words.count(most)
    return f"{fewest}-{most}"
