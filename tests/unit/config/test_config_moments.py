"""Times as people type them."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elysiadash.config.moments import read_moment

NOW = 1_790_000_000.0


@pytest.mark.parametrize(
    ("text", "before"),
    [("90s", 90), ("15m", 900), ("2h", 7200), ("1.5d", 129_600), ("1w", 604_800), (" 1m ", 60)],
)
def test_a_length_is_so_long_before_now(text: str, before: float) -> None:
    assert read_moment(text, NOW) == NOW - before


def test_a_moment_with_a_zone() -> None:
    assert read_moment("1970-01-01T00:01:00Z", NOW) == 60.0


@pytest.mark.parametrize("text", ["", "soon", "30 minutes", "25:00", "03:61", "Documents", "n-1"])
def test_anything_else_is_no_time(text: str) -> None:
    assert read_moment(text, NOW) is None


@given(st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))
def test_a_time_of_day_is_the_last_one_that_was(hour: int, minute: int, second: int) -> None:
    found = read_moment(f"{hour:02}:{minute:02}:{second:02}", NOW)
    assert found is not None
    assert NOW - 26 * 3600 < found <= NOW
    told = datetime.datetime.fromtimestamp(found)
    assert (told.hour, told.minute, told.second) == (hour, minute, second)
