"""Numbers as text: few digits, never a wrong magnitude, unknown never as 0."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elysiadash.tui import numbers

_STEPS = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}


@pytest.mark.parametrize(
    "text",
    [
        numbers.count(None),
        numbers.short(None),
        numbers.rate(None),
        numbers.signed_rate(None),
        numbers.size(None),
        numbers.milliseconds(None),
        numbers.percent(None),
    ],
)
def test_unknown_is_a_dash(text: str) -> None:
    assert text == "–"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.001, "<0.01"),
        (0.25, "0.25"),
        (4.12, "4.12"),
        (12.25, "12.2"),
        (99.96, "100"),
        (812.4, "812"),
        (999.4, "999"),
        (999.5, "1k"),
        (1_234, "1.23k"),
        (98_765_432, "98.8M"),
        (-12.25, "−12.2"),
    ],
)
def test_rates_have_three_digits(value: float, text: str) -> None:
    assert numbers.rate(value) == text


def test_a_rate_of_change_says_its_direction() -> None:
    assert numbers.signed_rate(812) == "+812"
    assert numbers.signed_rate(-12) == "−12"
    assert numbers.signed_rate(0) == "0"


@given(st.floats(min_value=0.01, max_value=1e17, allow_nan=False))
def test_a_rate_reads_back_within_half_a_percent(value: float) -> None:
    text = numbers.rate(value)
    match = re.fullmatch(r"([\d.]+)([kMGTP]?)", text)
    assert match is not None
    if value < 9e17:
        assert len(match[1].replace(".", "").lstrip("0")) <= 3
    assert float(match[1]) * _STEPS[match[2]] == pytest.approx(value, rel=0.006, abs=0.006)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 B"), (812, "812 B"), (1_000, "1 kB"), (212_400_000_000, "212 GB"), (9.99e11, "999 GB")],
)
def test_sizes_are_decimal(value: float, text: str) -> None:
    assert numbers.size(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.4, "0.4 ms"), (18.34, "18.3 ms"), (999.6, "1 s"), (1_240, "1.24 s")]
)
def test_latencies(value: float, text: str) -> None:
    assert numbers.milliseconds(value) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (0.0002, "<0.1 %"), (0.031, "3.1 %"), (0.38, "38 %"), (1, "100 %")],
)
def test_shares(share: float, text: str) -> None:
    assert numbers.percent(share) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3, "0 s"),
        (0.9, "0 s"),
        (59.9, "59 s"),
        (134, "2m14s"),
        (11_100, "3h05m"),
        (187_300, "2d04h"),
    ],
)
def test_spans(seconds: float, text: str) -> None:
    assert numbers.span(seconds) == text
