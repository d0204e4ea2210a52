"""The numbers of a row that are kept over time."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from elysiadash.cluster.slices import Kind
from elysiadash.cluster.stats import PARTIAL, SOURCES, CollectionStats

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


SOURCE = {
    field: SOURCES["objects" if field == PARTIAL_OBJECTS else field].kind for field in CHARTED
}
"""Charted number -> the question whose answers it comes from."""
CHARTED_KINDS = frozenset(SOURCE.values())


def frame_of(
    rows: Iterable[CollectionStats],
    told: Collection[Kind] = CHARTED_KINDS,
    failed: Collection[Kind] = (),
) -> dict[str, dict[str, float | None]]:
    """Metric -> collection -> value, of the metrics that what was ``told`` anew feeds; None for
    those of a source that ``failed`` and told nothing.

    A row keeps the last value of a source that does not answer: that is no new point. For a
    thread where there are thousands.
    """
    found = tuple(rows)
    frame: dict[str, dict[str, float | None]] = {}
    for field in CHARTED:
        if SOURCE[field] in told:
            frame[field] = {row.collection: _value(row, field) for row in found}
        elif SOURCE[field] in failed:
            frame[field] = {row.collection: None for row in found}
    return frame


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
