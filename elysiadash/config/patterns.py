"""A regular expression as a person types it: smart case, and an end to its patience.

Python's ``re`` can take for ever on a short text, and nothing can stop it: no signal, no other
thread. What can take long is therefore searched by ``regex``, which can be given a time limit and
costs ten times as much for each search; everything ordinary goes to ``re``.
"""

from __future__ import annotations

import re
import time
from typing import Any

_SEARCH_S = 0.05
"""For one text."""
_RUN_S = 0.5
"""For many texts, one after the other."""
_PAUSE_S = 0.05
"""Longer without a search: another run begins."""
_REPEATED_GROUP = re.compile(r"\)[*+?{]")
_MOST_REPEATS = 2
_SHOWN = 12
"""Characters of a text that an error repeats."""


class PatternError(ValueError):
    """The text is no regular expression; the message says why."""


class PatternTooSlow(Exception):
    """Searching with it takes too long to be waited for."""


class Pattern:
    """Found anywhere in a text; without capitals, capitals do not matter.

    Raises ``PatternError`` for what is no regular expression.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        flags = re.IGNORECASE if text == text.lower() else re.NOFLAG
        try:
            self._plain = re.compile(text, flags)
        except (re.error, OverflowError, RecursionError) as error:
            raise _mistake(text, error) from None
        self._patient = _with_limit(text, int(flags)) if _may_take_long(text) else None
        self._spent, self._last = 0.0, 0.0

    def found_in(self, text: str) -> bool:
        """Whether it is there. Raises ``PatternTooSlow``."""
        if self._patient is None:
            return self._plain.search(text) is not None
        started = time.perf_counter()
        if started - self._last > _PAUSE_S:
            self._spent = 0.0
        try:
            found = self._patient.search(text, timeout=_SEARCH_S) is not None
        except TimeoutError:
            raise PatternTooSlow(f"{self.text!r} takes too long") from None
        self._last = time.perf_counter()
        self._spent += self._last - started
        if self._spent > _RUN_S:
            raise PatternTooSlow(f"{self.text!r} takes too long")
        return found


def _mistake(text: str, error: Exception) -> PatternError:
    """Short, as it stands beside what is typed: without where in it, and not the whole of it."""
    why = getattr(error, "msg", None) or str(error)
    shown = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
    return PatternError(f"{shown!r} is not a regular expression: {why}")


def _may_take_long(text: str) -> bool:
    """More repetitions than two, or a repeated group: then trying can grow without an end."""
    repeats = sum(text.count(sign) for sign in "*+{")
    return repeats > _MOST_REPEATS or _REPEATED_GROUP.search(text) is not None or "(?" in text


def _with_limit(text: str, flags: int) -> Any:
    # 30 ms of import that hardly anybody needs.
    import regex

    try:
        return regex.compile(text, regex.IGNORECASE if flags else 0)
    except (regex.error, OverflowError, RecursionError) as error:
        raise _mistake(text, error) from None
