"""Which charts a collection has, and the scales of the small ones in lists."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from elysiadash.tui import numbers


class ChartPlan(msgspec.Struct, frozen=True, gc=False):
    """One chart: ``metrics`` are (series, name) of one or two numbers; ``write`` their figures."""

    key: str
    title: str
    metrics: tuple[tuple[str, str], ...]
    write: Callable[[float | None], str]


CHARTS: tuple[ChartPlan, ...] = (
    ChartPlan("growth", "Growth, objects/s", (("objects_per_s", ""),), numbers.signed_rate),
    ChartPlan("imports", "Imports, objects/s", (("imports_per_s", ""),), numbers.rate),
    ChartPlan("queries", "Queries/s", (("queries_per_s", ""),), numbers.rate),
    ChartPlan(
        "latency",
        "Query time",
        (("query_ms_p50", "p50"), ("query_ms_p95", "p95")),
        numbers.milliseconds,
    ),
    ChartPlan("queue", "Vector queue, vectors", (("vector_queue", ""),), numbers.short),
    ChartPlan("objects", "Flushed objects", (("objects", ""),), numbers.short),
)
"""All charts, in the order in which they are shown."""


def top(values: tuple[float | None, ...]) -> float:
    """The upper end of a scale that starts at 0; 1 where nothing rises above 0."""
    highest = max((value for value in values if value is not None), default=0.0)
    return highest if highest > 0 else 1.0
