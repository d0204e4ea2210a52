"""The numbers of a row that are kept over time."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from elysiadash.cluster.slices import Kind
from elysiadash.cluster.stats import PARTIAL, SOURCES, CollectionStats

PARTIAL_OF = {
    field: f"{field}_partial"
    for field in ("objects", "queries_per_s", "imports_per_s", "vector_queue")
}
"""Sum -> the series of what it is where shards or nodes did not answer: never in that of all."""
_WHOLE = {part: field for field, part in PARTIAL_OF.items()}

CHARTED = (
    "objects",
    "objects_per_s",
    "queries_per_s",
    "query_ms_p50",
    "query_ms_p95",
    "imports_per_s",
    "vector_queue",
    *_WHOLE,
)


SOURCE = {field: SOURCES[_WHOLE.get(field, field)].kind for field in CHARTED}
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
    for part in _WHOLE.keys() & frame.keys():
        # Mostly there are none: nobody asks for the gaps of these.
        frame[part] = {name: value for name, value in frame[part].items() if value is not None}
    return frame


def lacks_shards(row: CollectionStats) -> bool:
    """Whether its objects are counted without shards that should have answered.

    What inactive tenants hold is never counted: that is no gap in what is.
    """
    if row.objects_are != PARTIAL:
        return False
    answered = row.shards is not None and (row.shards_answered or 0) >= row.shards
    return not (row.inactive_tenants and answered)


def is_partial(row: CollectionStats, field: str) -> bool:
    """Whether what the row has in a field is the sum of a part only."""
    if field == "objects":
        return lacks_shards(row)
    return row.queue_partial if field == "vector_queue" else row.metrics_partial


def _value(row: CollectionStats, field: str) -> float | None:
    whole = _WHOLE.get(field, field)
    value: float | None = getattr(row, whole)
    if whole not in PARTIAL_OF:
        return value
    return value if is_partial(row, whole) is (field in _WHOLE) else None
