"""Pages are as heavy as they may be, and never heavier than a message."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from elysiadash.weaviate.objects import PageSize

MESSAGE = 100 << 20


def test_it_begins_small_and_learns() -> None:
    size = PageSize(MESSAGE)
    assert size.limit == 100
    size.took(100, 100 * 3_400)
    assert size.limit == 2_000
    size.took(2_000, 2_000 * 40_000)
    assert 100 <= size.limit <= 320


@given(st.lists(st.tuples(st.integers(1, 2_000), st.integers(1, 10**9)), min_size=1))
def test_the_next_page_of_the_heaviest_so_far_fits(pages: list[tuple[int, int]]) -> None:
    size = PageSize(MESSAGE)
    for objects, weight in pages:
        size.took(objects, weight)
    objects, weight = pages[-1]
    assert 1 <= size.limit <= 2_000
    assert size.limit == 1 or size.limit * weight / objects <= MESSAGE / 2


def test_a_refused_page_is_asked_for_in_halves_down_to_one() -> None:
    size = PageSize(MESSAGE)
    asked = size.limit
    while size.too_large(asked):
        assert size.limit <= max(1, asked // 2)
        asked = size.limit
    assert asked == 1
