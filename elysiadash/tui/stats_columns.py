"""The columns of the Stats screen, and what its rows can be filtered by."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from elysiadash.cluster.slices import Kind
from elysiadash.cluster.stats import CollectionStats
from elysiadash.config.profile import Profile
from elysiadash.health.finding import Severity
from elysiadash.tui import charts, numbers, values
from elysiadash.tui.filtering import Fields, Value
from elysiadash.tui.plain import plain
from elysiadash.tui.trends import Trends
from elysiadash.tui.widgets.table import Cell, Column, SparkCell, StyleName

_CHART_CELLS = 10
CHART_STEPS = 2 * _CHART_CELLS

Row = CollectionStats
Judge = Callable[[Row], tuple[str, StyleName]]
"""A row's health in a word and how it looks."""


class StatsColumns:
    """Renders cells from what is known now; ``late`` and ``now`` are set before each repaint."""

    def __init__(self, profile: Profile, trends: Trends, judge: Judge) -> None:
        self.late: frozenset[Kind] = frozenset()
        self.now = 0.0
        self.window = 600.0
        """Seconds that the small chart of a row shows."""
        self._thresholds = profile.thresholds
        self._trends = trends
        self._judge = judge
        self.columns: tuple[Column[Row], ...] = self._build()

    def _build(self) -> tuple[Column[Row], ...]:
        return (
            _column("collection", "Collection", self._name, (14, 32), "left", 100, _name_order),
            self._of("objects", "Objects", values.objects, (8, 15), 90),
            self._of("objects_per_s", "Δ/s", _growth, (5, 7), 70),
            Column("trend", "10 min", self._chart, _CHART_CELLS, "left", 45, in_file={}),
            _column("shards", "Shards", self._shards, (6, 13), "right", 85, _shards_order, True),
            self._of("replication_factor", "RF", _factor, 3, 40),
            self._of("tenants", "Tenants", values.tenants, (7, 9), 30),
            self._of("query_ms_p95", "Query p50/p95", values.query_times, (13, 16), 60),
            self._of("queries_per_s", "QPS", values.rate("queries_per_s"), (5, 7), 75),
            self._of("imports_per_s", "Import/s", values.rate("imports_per_s"), 8, 55),
            _column("vector_queue", "Queue", self._queue, (5, 11), "right", 80, _queue_order, True),
            self._of("segments", "Segments", values.segments, (8, 9), 20),
            _column(
                "tombstone_ratio", "Tombst.", self._tombstones, 7, "right", 35, _tombst_order, True
            ),
            self._of("lsm_bytes", "LSM size", values.lsm_size, (8, 9), 50),
            self._words("vector_index", "Index", (5, 22), 15),
            self._words("compression", "Compression", (11, 22), 10),
            _column(
                "health",
                "Health",
                self._health,
                (11, 48),
                "left",
                95,
                self._health_order,
                True,
                whole=True,
            ),
        )

    def _of(
        self, field: str, title: str, show: values.Show, width: int | tuple[int, int], rank: int
    ) -> Column[Row]:
        """A column of numbers that fades when its source is late."""

        def render(row: Row) -> Cell:
            return Cell(show(row), self._look(field, row))

        return _column(field, title, render, width, "right", rank, _order(field), True)

    def _words(self, field: str, title: str, width: tuple[int, int], rank: int) -> Column[Row]:
        def render(row: Row) -> Cell:
            text = getattr(row, field)
            return Cell(plain(text) if text else numbers.UNKNOWN, self._look(field, row))

        return _column(field, title, render, width, "left", rank, _order(field))

    def _look(self, field: str, row: Row, known: StyleName = "") -> StyleName:
        if values.is_late(field, self.late):
            return "muted"
        return "unknown" if getattr(row, field) is None else known

    def _name(self, row: Row) -> Cell:
        name = plain(row.collection)
        style: StyleName = "muted" if Kind.SCHEMA in self.late else "strong"
        return Cell(f"{name} (MT)" if row.multi_tenant else name, style)

    def _chart(self, row: Row) -> SparkCell | Cell:
        steps = self._trends.steps(row.collection, self.now, self.window)
        if all(step is None for step in steps):
            return Cell("", "unknown")
        style: StyleName = "muted" if Kind.VERBOSE in self.late else "accent"
        return SparkCell(steps, 0.0, charts.top(steps), style)

    def _shards(self, row: Row) -> Cell:
        # A shard that is merely not loaded (lazy loading) is not known either, but no trouble.
        silent: StyleName = "critical" if row.missing_nodes else "unknown"
        style = silent if _unanswered(row) else ""
        return Cell(values.shards(row), self._look("shards_answered", row, style))

    def _queue(self, row: Row) -> Cell:
        limits = self._thresholds
        style = _grade(row.vector_queue, limits.vector_queue_warn, limits.vector_queue_critical)
        return Cell(values.queue(row), self._look("vector_queue", row, style))

    def _tombstones(self, row: Row) -> Cell:
        limits = self._thresholds
        style = _grade(
            row.tombstone_ratio, limits.tombstone_ratio_warn, limits.tombstone_ratio_critical
        )
        text = numbers.percent(row.tombstone_ratio)
        return Cell(text, self._look("tombstone_ratio", row, style))

    def _health(self, row: Row) -> Cell:
        words, style = self._judge(row)
        return Cell(plain(words), style)

    def _health_order(self, row: Row) -> int:
        return Severity(self._judge(row)[1]).rank


_LETTERS = {
    "collection": "c",
    "objects": "o",
    "objects_per_s": "d",
    "shards": "s",
    "replication_factor": "r",
    "tenants": "t",
    "query_ms_p95": "l",
    "queries_per_s": "q",
    "imports_per_s": "i",
    "vector_queue": "u",
    "segments": "g",
    "tombstone_ratio": "b",
    "lsm_bytes": "z",
    "vector_index": "x",
    "compression": "m",
    "health": "h",
}
"""Column -> what is pressed after the sort key."""

_BESIDE: dict[str, tuple[str, ...]] = {
    "objects": ("objects_are",),
    "shards": ("shards_answered",),
    "query_ms_p95": (
        "query_ms_p50",
        "query_ms_p50_below",
        "query_ms_p95_below",
        "query_ms_above",
    ),
    "queries_per_s": ("metrics_partial",),
    "imports_per_s": ("metrics_partial",),
    "vector_queue": ("queue_partial",),
    "lsm_bytes": ("lsm_partial", "metrics_partial"),
    "segments": ("segments_min",),
    "health": ("finding",),
}
"""What a cell shows besides the value it is called by."""

_COMPARED: dict[str, Callable[[Row], float | None]] = {
    "shards": lambda row: row.shards_answered,
    "replication_factor": lambda row: row.replication_factor,
    "tenants": lambda row: row.tenants,
    "vector_queue": lambda row: row.vector_queue,
}
"""Columns whose changes are news; objects and rates change always, and have columns that say it."""


_ALSO = {
    "δ/s": "growth",
    "query": "p95",
    "query p50/p95": "p95",
    "import/s": "import",
    "imports": "import",
    "tombst.": "tombst",
    "lsm": "size",
    "lsm size": "size",
}
"""What the titles call the fields that a filter knows by another name."""


def stats_fields(judge: Judge) -> Fields[Row]:
    """What a filter line can name: the columns and a few more."""
    numbers_of: dict[str, Callable[[Row], Value]] = {
        "objects": lambda row: row.objects,
        "growth": lambda row: row.objects_per_s,
        "shards": lambda row: row.shards,
        "rf": lambda row: row.replication_factor,
        "tenants": lambda row: row.tenants,
        "p50": lambda row: row.query_ms_p50,
        "p95": lambda row: row.query_ms_p95,
        "qps": lambda row: row.queries_per_s,
        "import": lambda row: row.imports_per_s,
        "queue": lambda row: row.vector_queue,
        "segments": lambda row: row.segments,
        "tombst": lambda row: None if row.tombstone_ratio is None else 100 * row.tombstone_ratio,
        "size": lambda row: row.lsm_bytes,
        "dimensions": lambda row: row.dimensions,
        "gap": lambda row: row.replica_gap,
        "index": lambda row: row.vector_index,
        "compression": lambda row: row.compression,
        "alias": lambda row: " ".join(row.aliases),
        "health": lambda row: judge(row)[0],
    }
    return Fields(_names, numbers_of, _ALSO)


def _names(row: Row) -> Iterable[str]:
    return (row.collection, *row.aliases)


def _column(
    key: str,
    title: str,
    render: Callable[[Row], Any],
    width: int | tuple[int, int],
    align: Any,
    priority: int,
    order: Callable[[Row], Any],
    descending_first: bool = False,
    *,
    whole: bool = False,
) -> Column[Row]:
    return Column(
        key,
        title,
        render,
        width,
        align,
        priority,
        order,
        descending_first,
        _LETTERS.get(key, ""),
        _COMPARED.get(key),
        _BESIDE.get(key, ()),
        whole,
    )


def _order(field: str) -> Callable[[Row], Any]:
    return lambda row: getattr(row, field)


def _name_order(row: Row) -> tuple[str, str]:
    return row.collection.casefold(), row.collection


def _queue_order(row: Row) -> int | None:
    return row.vector_queue


def _tombst_order(row: Row) -> float | None:
    return row.tombstone_ratio


def _shards_order(row: Row) -> tuple[int, int] | None:
    """Collections with silent shards first, then the ones with most shards."""
    return None if row.shards is None else (_unanswered(row), row.shards)


def _unanswered(row: Row) -> int:
    if row.shards is None or row.shards_answered is None:
        return 0
    return max(0, row.shards - row.shards_answered)


def _growth(row: Row) -> str:
    return numbers.signed_rate(row.objects_per_s)


def _factor(row: Row) -> str:
    return numbers.count(row.replication_factor)


def _grade(value: float | None, warn: float, critical: float) -> StyleName:
    if value is None or value < warn:
        return ""
    return "critical" if value >= critical else "warning"
