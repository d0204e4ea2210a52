"""The space of object ids: 16-byte keys in byte order, cut into closed intervals.

Pure arithmetic. Both ends of an interval belong to it, so the nil UUID and the last one have a
place like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

KEY_BYTES = 16
FIRST = bytes(KEY_BYTES)
LAST = b"\xff" * KEY_BYTES

Interval = tuple[bytes, bytes]
"""The first and the last key of a piece of the space."""


def evenly(pieces: int) -> list[Interval]:
    """The whole space in equal pieces."""
    if pieces < 1:
        raise ValueError("the space has one piece at least")
    cuts = [_key((place << 128) // pieces) for place in range(1, pieces)]
    return cut((FIRST, LAST), cuts)


def cut(interval: Interval, cuts: Sequence[bytes]) -> list[Interval]:
    """An interval in pieces, each cut being the first key of the next piece.

    Raises ``ValueError`` for cuts that do not ascend or do not lie inside.
    """
    lower, upper = interval
    pieces = []
    for key in cuts:
        check(key)
        if not lower < key <= upper:
            raise ValueError(f"a cut at {key.hex()} lies outside, or not behind the one before")
        pieces.append((lower, before(key)))
        lower = key
    return [*pieces, (lower, upper)]


def gaps(intervals: Iterable[Interval], whole: Interval = (FIRST, LAST)) -> list[Interval]:
    """What of the whole no interval covers."""
    open_from: bytes | None = whole[0]
    missing = []
    for lower, upper in sorted(intervals):
        if open_from is None or upper < open_from:
            continue
        if lower > open_from:
            missing.append((open_from, min(before(lower), whole[1])))
        open_from = after(upper)
        if open_from is not None and open_from > whole[1]:
            open_from = None
    if open_from is not None:
        missing.append((open_from, whole[1]))
    return [(lower, upper) for lower, upper in missing if lower <= upper]


def overlap(intervals: Iterable[Interval]) -> Interval | None:
    """Two of them meet in here; None where each key belongs to one at most."""
    highest: bytes | None = None
    for lower, upper in sorted(intervals):
        if highest is not None and lower <= highest:
            return lower, min(upper, highest)
        highest = upper
    return None


def after(key: bytes) -> bytes | None:
    """The next key; None behind the last."""
    return None if key == LAST else _key(int.from_bytes(key) + 1)


def before(key: bytes) -> bytes:
    """The key ahead; raises ``ValueError`` ahead of the first."""
    if key == FIRST:
        raise ValueError("nothing lies ahead of the first key")
    return _key(int.from_bytes(key) - 1)


def check(key: bytes) -> None:
    """Raise ``ValueError`` for what is no key."""
    if len(key) != KEY_BYTES:
        raise ValueError(f"a key has {KEY_BYTES} bytes, not {len(key)}")


def _key(number: int) -> bytes:
    return number.to_bytes(KEY_BYTES)
