"""Times as people type them."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elysiadash.config.moments import read_length, read_moment

NOW = 1_790_000_000.0  # 2026-09-21T14:13:20Z


@pytest.fixture(autouse=True)
def _in_a_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "XST-02:00")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def utc(text: str) -> float:
    return datetime.datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30m", NOW - 1800),
        (" 1.5h ", NOW - 5400),
        ("2d", NOW - 172_800),
        ("1W", NOW - 604_800),
        ("90 s", NOW - 90),
        ("10min", NOW - 600),
        ("2026-09-21T03:12:00Z", utc("2026-09-21T03:12:00+00:00")),
        ("2026-09-21T03:12:00+05:30", utc("2026-09-21T03:12:00+05:30")),
        ("2026-09-21T03:12:00", utc("2026-09-21T03:12:00+02:00")),
        ("2026-09-21 03:12", utc("2026-09-21T03:12:00+02:00")),
        ("2026-09-21", utc("2026-09-21T00:00:00+02:00")),
        ("03:12", utc("2026-09-21T03:12:00+02:00")),
        ("16:13:20", NOW),
        ("16:13:21", NOW - 86_399),
        ("23:59", utc("2026-09-20T23:59:00+02:00")),
    ],
)
def test_a_moment(text: str, expected: float) -> None:
    assert read_moment(text, NOW) == expected


@pytest.mark.parametrize("text", ["", "soon", "m", "-5m", "24:00", "3:7", "12:61", "9999999999w"])
def test_no_moment(text: str) -> None:
    found = read_moment(text, NOW)
    assert found is None or found < 0


@given(st.text(max_size=20))
def test_nothing_that_is_typed_breaks_it(text: str) -> None:
    read_moment(text, NOW)
    read_length(text)
