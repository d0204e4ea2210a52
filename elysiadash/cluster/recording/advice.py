"""What a recorded row advises about settings, where the recording knows better or nothing."""

from __future__ import annotations

import msgspec

from elysiadash.cluster.recording.moment import Moment
from elysiadash.cluster.rows import NO_METRICS, NOT_READ
from elysiadash.cluster.stats import CollectionStats

NOT_KNOWN = "not known in this recording"


def as_recorded(moment: Moment, metrics: str | None) -> Moment:
    """The moment without the advice to set metrics, unless the profile named none.

    ``metrics`` is what the recording says of its profile: ``yes`` or ``no``; None where the
    release that wrote it did not keep that.
    """
    if metrics == "no" or not any(NO_METRICS in row.not_exposed.values() for row in moment.rows):
        return moment
    words = NOT_READ if metrics == "yes" else NOT_KNOWN
    rows = tuple(_reworded(row, words) for row in moment.rows)
    return msgspec.structs.replace(moment, rows=rows)


def _reworded(row: CollectionStats, words: str) -> CollectionStats:
    why = {
        field: words if found == NO_METRICS else found for field, found in row.not_exposed.items()
    }
    return msgspec.structs.replace(row, not_exposed=why)
