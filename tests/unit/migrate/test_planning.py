"""Ranges cover the space once, and cuts lie behind the watermark, whatever was seen."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from elysiadash.jobs import keyspace
from elysiadash.migrate import planning

keys = st.integers(0, 2**128 - 1)


@settings(deadline=None)
@given(st.none() | st.integers(0, 10**9))
def test_intervals_cover_the_space_once(objects: int | None) -> None:
    found = planning.intervals(objects)
    assert keyspace.gaps(found) == []
    assert keyspace.overlap(found) is None
    if objects is not None and objects > 40_000:
        assert len(found) >= 16
        assert objects / len(found) <= planning.WANTED_OBJECTS or len(found) == 1 << 16


@given(
    st.lists(keys, min_size=3, max_size=3, unique=True),
    st.integers(0, 10**6),
    st.integers(1, 10**6),
)
def test_cuts_rise_behind_the_watermark(three: list[int], seen: int, wanted: int) -> None:
    start, watermark, upper = (key.to_bytes(16) for key in sorted(three))
    found = planning.cuts(start, watermark, upper, seen, wanted)
    assert found == sorted(set(found))
    assert all(watermark < key <= upper for key in found)
    # They are such that a range can be cut there.
    first = keyspace.after(watermark)
    assert first is not None
    keyspace.cut((first, upper), found)


def test_cuts_follow_how_close_ids_lie() -> None:
    """1,000 ids side by side, 300 of them done: pieces of 100 for the rest, then the empty rest."""
    low, done, end = (number.to_bytes(16) for number in (0, 299, 2**128 - 1))
    found = planning.cuts(low, done, end, seen=300, wanted=100)
    assert [int.from_bytes(key) for key in found[:3]] == [400, 500, 600]
    assert len(found) == 16
