"""How a part's ids are cut into ranges, and where a crowded range is cut again. Pure arithmetic.

Ids that were made in order (counters, UUID v1 and v7) crowd into a few of 2^k equal ranges, so
boundaries are only a beginning: what crowds is cut where it stands, by how densely it lies.
"""

from __future__ import annotations

from elysiadash.jobs import keyspace
from elysiadash.jobs.keyspace import Interval

WANTED_OBJECTS = 50_000
"""Of a range."""
CROWDED_OBJECTS = 100_000
"""A range with more ends where it stands."""
_FEWEST = 16
_SMALL = 40_000
_TINY = 2_000
_MOST_RANGES = 1 << 16
_MOST_CUTS = 16


def intervals(objects: int | None) -> list[Interval]:
    """The whole space for so many objects; one piece where their number is not known."""
    if objects is None or objects <= _TINY:
        return keyspace.evenly(1)
    if objects <= _SMALL:
        return keyspace.evenly(4)
    pieces = _FEWEST
    while pieces * WANTED_OBJECTS < objects and pieces < _MOST_RANGES:
        pieces *= 2
    return keyspace.evenly(pieces)


def cuts(start: bytes, watermark: bytes, upper: bytes, seen: int, wanted: int) -> list[bytes]:
    """First keys of new pieces behind the watermark, each for about ``wanted`` objects, if they go
    on to lie as densely as the ``seen`` ones between ``start`` and the watermark."""
    low, here, end = (int.from_bytes(key) for key in (start, watermark, upper))
    if seen < 1 or here >= end:
        return []
    step = max(1, (here - low + 1) * wanted // seen)
    found = []
    for number in range(1, _MOST_CUTS + 1):
        key = here + 1 + step * number
        if key > end:
            break
        found.append(key.to_bytes(16))
    return found
