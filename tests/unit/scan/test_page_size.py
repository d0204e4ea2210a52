"""Pages come to about as many bytes as wanted, and never past what a server takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elysiadash.scan.errors import RowTooLarge
from elysiadash.scan.page_size import PageSize


@given(st.integers(1, 10**6), st.integers(1, 3000), st.integers(10**3, 10**8))
def test_pages_settle_within_the_budget(row: int, most: int, ceiling: int) -> None:
    size = PageSize(first=100, most=most, ceiling=ceiling)
    for _ in range(8):
        size.saw(size.limit, size.limit * row)
    assert 1 <= size.limit <= most
    assert size.limit * row <= ceiling or size.limit == 1
    assert size.limit == most or (size.limit + 1) * row > min(ceiling, 8 << 20)


def test_a_page_grows_by_steps_since_rows_may_differ() -> None:
    size = PageSize(first=100, most=10_000)
    size.saw(100, 100)
    assert size.limit == 400


def test_what_was_refused_is_not_asked_for_again() -> None:
    size = PageSize(first=1000, most=1000)
    size.refused(1000)
    size.saw(500, 500)
    assert size.limit == 500


def test_one_row_that_is_too_large_is_said() -> None:
    size = PageSize(first=4, most=1000)
    for asked in (4, 2):
        size.refused(asked)
    with pytest.raises(RowTooLarge, match="single object"):
        size.refused(1)
