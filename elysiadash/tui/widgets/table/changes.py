"""When the values of a row changed, and which way: seen by comparing each load with the last."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Generic, NamedTuple, Protocol

from elysiadash.tui.widgets.table.cells import Column, RowT

FRESH_S = 60.0
"""Seconds for which a changed number carries its mark."""


class Course(Protocol):
    """How time goes for the rows."""

    @property
    def leaps(self) -> int:
        """Another number: the rows do not follow from those before, as after a step back."""

    def now(self) -> float:
        """Seconds, by which changes have their age."""


class Passing:
    """Time that only passes. ``clock`` is seconds."""

    leaps = 0

    def __init__(self, clock: Callable[[], float]) -> None:
        self.now = clock


class Change(NamedTuple):
    """A change of a column's value. ``way`` is 1 up, -1 down; ``at`` is of the course's time."""

    column: str
    way: int
    at: float


class Changes(Generic[RowT]):
    """Remembers the last value and the last change of each compared cell of the rows that live.

    A value that is not known changes nothing: what it was before is compared with what comes.
    Nothing is compared over a leap, and what was seen before it is forgotten.
    """

    def __init__(self, columns: Iterable[Column[RowT]], course: Course) -> None:
        self._compared = [(column.key, column.compare) for column in columns if column.compare]
        self._course = course
        self._leaps = course.leaps
        self._values: dict[Hashable, dict[str, float]] = {}
        self._seen: dict[Hashable, dict[str, Change]] = {}

    def __bool__(self) -> bool:
        return bool(self._seen)

    def note(self, rows: Sequence[RowT], row_key: Callable[[RowT], Hashable]) -> None:
        """Compare rows with those before; rows that are not among them are forgotten."""
        if not self._compared:
            return
        if self._leaps != self._course.leaps:
            self._leaps, self._values, self._seen = self._course.leaps, {}, {}
        now, values, seen = self._course.now(), self._values, self._seen
        living: dict[Hashable, dict[str, float]] = {}
        for row in rows:
            key = row_key(row)
            known = living[key] = values.get(key, {})
            for column, compare in self._compared:
                value = None if compare is None else compare(row)
                if value is None or value != value:
                    continue
                before = known.get(column)
                known[column] = value
                if before is not None and before != value:
                    way = 1 if value > before else -1
                    seen.setdefault(key, {})[column] = Change(column, way, now)
        self._values = living
        self._seen = {key: changes for key, changes in seen.items() if key in living}

    def trend(self, key: Hashable, column: str) -> int:
        """1 or -1 while a change is fresh, else 0."""
        change = self._seen.get(key, {}).get(column)
        return change.way if change and self._course.now() - change.at < FRESH_S else 0

    def last(self, key: Hashable) -> Change | None:
        """The newest change of a row."""
        changes = self._seen.get(key)
        return max(changes.values(), key=lambda change: change.at) if changes else None

    def age(self, change: Change) -> float:
        """Seconds since a change."""
        return max(0.0, self._course.now() - change.at)
