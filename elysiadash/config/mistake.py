"""What can be wrong with the settings, and how it is told: file, line, key, nearest valid name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import msgspec

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_LONGEST_WORD = 64


class Mistake(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One thing to correct. Never holds the wrong value of a setting that may be secret."""

    file: str
    """Path of the file, or "command line" or "environment"."""
    key: str
    """The dotted key, flag or variable; empty where the whole file is meant."""
    line: int | None
    """Line in the file, from 1; None where there is none."""
    message: str
    """What is wrong, what was expected, what to do."""
    nearest: str | None = None
    """The valid name or value that was probably meant."""

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        subject = f"{place}: {self.key}: " if self.key else f"{place}: "
        hint = f" (did you mean {self.nearest}?)" if self.nearest else ""
        return f"{subject}{self.message}{hint}"


class ConfigError(Exception):
    """The settings do not allow what was asked for. ``str()`` is one line per mistake."""

    def __init__(self, message: str, mistakes: Sequence[Mistake] = ()) -> None:
        super().__init__("\n".join([message, *(f"  {mistake}" for mistake in mistakes)]))
        self.message = message
        """What could not be done and what to do instead."""
        self.mistakes = tuple(mistakes)
        """The mistakes that stand in the way; may be empty."""


class Wrong(Exception):
    """A value does not fit. Raised by parsers; alone or several in an ``ExceptionGroup``."""

    def __init__(
        self, message: str, *, key: Sequence[str | int] = (), nearest: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.key = tuple(key)
        """Keys below the value that was parsed, where one of its parts is meant."""
        self.nearest = nearest


def nearest(word: str, options: Iterable[str], likeness: float = 0.6) -> str | None:
    """The option most like ``word``; None when none is as like as ``likeness``, from 0 to 1."""
    import difflib

    by_plain_form = {_plain(option): option for option in options}
    found = difflib.get_close_matches(
        _plain(word[:_LONGEST_WORD]), list(by_plain_form), n=1, cutoff=likeness
    )
    return by_plain_form[found[0]] if found else None


def dotted(path: Iterable[str | int]) -> str:
    """A key path as one would write it in TOML; odd keys quoted, so that they print safely."""
    parts = (
        str(part)
        if isinstance(part, int) or _BARE_KEY.fullmatch(part)
        else msgspec.json.encode(part[:_LONGEST_WORD]).decode()
        if part.isprintable()
        else ascii(part[:_LONGEST_WORD])
        for part in path
    )
    return ".".join(parts)


def _plain(word: str) -> str:
    return word.lower().replace("-", "_")
