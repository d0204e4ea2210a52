"""Why a chart has gaps: some shards or nodes did not answer, and a part is not the whole."""

from __future__ import annotations

from elysiadash.cluster.charted import is_partial
from elysiadash.cluster.series import Series
from elysiadash.cluster.stats import CollectionStats

_WORDS = {
    "objects": ("counts are partial", "some shards do not answer", "some shards did not answer"),
    "vector_queue": (
        "the queue is partial",
        "some shards do not answer",
        "some shards did not answer",
    ),
}
_RATES = ("rates are partial", "some nodes' metrics are not read", "some nodes' metrics not read")


def partial_words(
    metric: str, whole: Series, partial: Series, row: CollectionStats | None
) -> str | None:
    """For the chart's foot; None where nothing of this time was partial."""
    gaps = any(
        part is not None and value is None
        for value, part in zip(whole.values, partial.values, strict=True)
    )
    if not gaps and not (row is not None and is_partial(row, metric)):
        return None
    what, now, then = _WORDS.get(metric, _RATES)
    if not whole.known:
        return f"{what}, not charted: {now}"
    return f"gaps: {then}"
