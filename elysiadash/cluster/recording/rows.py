"""Stored rows unpacked one by one: one that cannot be costs itself, never those around it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from elysiadash.cluster.recording.file import CANNOT_UNPACK

T = TypeVar("T")
P = ParamSpec("P")


class Rows:
    """Counts the rows of one question. ``what`` names them in words, as many."""

    def __init__(self, what: str) -> None:
        self.read = 0
        self.unread = 0
        self._what = what
        self._why = ""

    def unpack(self, how: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """What a row holds; None where it is damaged, or of a kind that only a later release
        knows."""
        try:
            found = how(*args, **kwargs)
        except CANNOT_UNPACK as error:
            self.unread += 1
            self._why = f"{type(error).__name__}: {error}"
            return None
        self.read += 1
        return found

    @property
    def words(self) -> str | None:
        """How many cannot be read, of how many, and why the last of them; None: all can."""
        if not self.unread:
            return None
        total = self.read + self.unread
        return f"{self.unread:,} of {total:,} {self._what} cannot be read: {self._why}"
