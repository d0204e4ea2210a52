"""The numbers of a row that are kept over time."""

from __future__ import annotations

from collections.abc import Iterable

from elysiadash.cluster.stats import CollectionStats

CHARTED = (
    "objects",
    "objects_per_s",
    "queries_per_s",
    "query_ms_p50",
    "query_ms_p95",
    "imports_per_s",
    "vector_queue",
)


def frame_of(rows: Iterable[CollectionStats]) -> dict[str, dict[str, float | None]]:
    """Metric -> collection -> value; for a thread where there are thousands."""
    found = tuple(rows)
    return {field: {row.collection: getattr(row, field) for row in found} for field in CHARTED}
