"""Why the chart of objects has gaps: some shards did not answer, and a part is not the whole."""

from __future__ import annotations

from elysiadash.cluster.charted import lacks_shards
from elysiadash.cluster.series import Series
from elysiadash.cluster.stats import CollectionStats


def partial_words(objects: Series, partial: Series, row: CollectionStats | None) -> str | None:
    """For the chart's foot; None where no count of this time was partial."""
    gaps = any(
        part is not None and whole is None
        for whole, part in zip(objects.values, partial.values, strict=True)
    )
    if not gaps and not (row is not None and lacks_shards(row)):
        return None
    if not objects.known:
        return "counts are partial, not charted: some shards do not answer"
    return "gaps: some shards did not answer"
