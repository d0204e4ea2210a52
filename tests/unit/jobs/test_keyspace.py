"""Cutting the key space loses no key and gives none away twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elysiadash.jobs import keyspace
from elysiadash.jobs.keyspace import FIRST, LAST

EDGES = [0, 1, 2, 255, 256, 2**64, 2**127, 2**128 - 2, 2**128 - 1]
numbers = st.sampled_from(EDGES) | st.integers(0, 2**128 - 1)
keys = numbers.map(lambda number: number.to_bytes(16))
small = st.integers(0, 30)


def near(number: int) -> bytes:
    return number.to_bytes(16)


@given(st.integers(1, 300))
def test_equal_pieces_are_the_whole(pieces: int) -> None:
    found = keyspace.evenly(pieces)
    assert len(found) == pieces
    assert (found[0][0], found[-1][1]) == (FIRST, LAST)
    assert keyspace.gaps(found) == []
    assert keyspace.overlap(found) is None
    sizes = {int.from_bytes(upper) - int.from_bytes(lower) for lower, upper in found}
    assert max(sizes) - min(sizes) <= 1


@given(st.sets(keys, min_size=1))
def test_cuts_are_the_first_keys_of_the_pieces(cuts: set[bytes]) -> None:
    cuts.discard(FIRST)
    found = keyspace.cut((FIRST, LAST), sorted(cuts))
    assert [lower for lower, _ in found[1:]] == sorted(cuts)
    assert keyspace.gaps(found) == []
    assert keyspace.overlap(found) is None


@pytest.mark.parametrize("cuts", [[5, 5], [7, 6], [2], [11], [3]])
def test_cuts_that_do_not_ascend_inside_are_refused(cuts: list[int]) -> None:
    with pytest.raises(ValueError, match="lies outside"):
        keyspace.cut((near(3), near(10)), [near(cut) for cut in cuts])


@given(st.lists(st.tuples(small, small).map(lambda pair: (min(pair), max(pair)))), small)
def test_gaps_and_overlap_are_what_counting_finds(pieces: list[tuple[int, int]], end: int) -> None:
    intervals = [(near(lower), near(upper)) for lower, upper in pieces]
    times = [sum(lower <= key <= upper for lower, upper in pieces) for key in range(31)]
    missing = keyspace.gaps(intervals, (FIRST, near(end)))
    uncovered = {
        key for lower, upper in missing
        for key in range(int.from_bytes(lower), int.from_bytes(upper) + 1)
    }  # fmt: skip
    assert uncovered == {key for key in range(end + 1) if not times[key]}
    assert (keyspace.overlap(intervals) is not None) == any(count > 1 for count in times)


@given(keys)
def test_neighbours(key: bytes) -> None:
    after = keyspace.after(key)
    assert (after is None) == (key == LAST)
    if after is not None:
        assert keyspace.before(after) == key
        assert after > key


def test_what_is_no_key_or_has_no_neighbour() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        keyspace.check(b"short")
    with pytest.raises(ValueError, match="ahead"):
        keyspace.before(FIRST)
    with pytest.raises(ValueError, match="one piece"):
        keyspace.evenly(0)
