"""The numbers of a row that are kept over time."""

from __future__ import annotations

from collections.abc import Iterable

from elysiadash.cluster.stats import PARTIAL, CollectionStats

PARTIAL_OBJECTS = "objects_partial"
"""The count of the shards that answered, where others did not: never in the series of all."""

CHARTED = (
    "objects",
    PARTIAL_OBJECTS,
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
    return {field: {row.collection: _value(row, field) for row in found} for field in CHARTED}


def lacks_shards(row: CollectionStats) -> bool:
    """Whether its objects are counted without shards that should have answered.

    What inactive tenants hold is never counted: that is no gap in what is.
    """
    if row.objects_are != PARTIAL:
        return False
    answered = row.shards is not None and (row.shards_answered or 0) >= row.shards
    return not (row.inactive_tenants and answered)


def _value(row: CollectionStats, field: str) -> float | None:
    if field not in ("objects", PARTIAL_OBJECTS):
        value: float | None = getattr(row, field)
        return value
    return row.objects if lacks_shards(row) is (field == PARTIAL_OBJECTS) else None
