"""A typed pattern finds what ``re`` finds, and never holds the program."""

from __future__ import annotations

import re
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elysiadash.config.patterns import Pattern, PatternError, PatternTooSlow

PIECES = st.sampled_from(["a", "b", "Doc", ".", "a+", "b*", "(ab|c)", "(a)*", "^", "$", "[a-c]{2}"])


@given(st.lists(PIECES, max_size=5), st.text("abcDo ", max_size=12))
def test_it_finds_what_re_finds(pieces: list[str], text: str) -> None:
    typed = "".join(pieces)
    flags = re.IGNORECASE if typed == typed.lower() else re.NOFLAG
    try:
        expected = re.search(typed, text, flags) is not None
    except re.error:
        with pytest.raises(PatternError):
            Pattern(typed)
        return
    assert Pattern(typed).found_in(text) is expected


ENDLESS = [r"(\w+)+!", "(.*)*(.*)*(.*)*z", r"(\w|\w\w)+\d$", "a.*b.*c.*d.*!"]


@pytest.mark.parametrize("typed", ENDLESS)
def test_none_of_them_takes_for_ever(typed: str) -> None:
    pattern = Pattern(typed)
    started = time.process_time()
    with suppress(PatternTooSlow):
        assert not pattern.found_in("abcd" * 60)
    # Python's own would take longer than anybody lives.
    assert time.process_time() - started < 5.0


def test_many_slow_ones_are_given_up_together(monkeypatch: pytest.MonkeyPatch) -> None:
    # A busy machine pauses between any two of them.
    monkeypatch.setattr("elysiadash.config.patterns._PAUSE_S", 60.0)
    monkeypatch.setattr("elysiadash.config.patterns._RUN_S", 0.01)
    pattern = Pattern("(a|b|ab)*c(a|b|ab)*d(a|b|ab)*!")
    with pytest.raises(PatternTooSlow):
        sum(pattern.found_in("abab" * 12) for _ in range(100_000))


@pytest.mark.parametrize("typed", ["[", "(", "a{3}{4}{5}*", "*a", "(?P<x"])
def test_what_is_none_is_told(typed: str) -> None:
    with pytest.raises(PatternError, match="is not a regular expression"):
        Pattern(typed)
