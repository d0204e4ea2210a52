"""The recent past of each collection: ring buffers with explicit gaps.

One time axis serves all series of a history, so that a row of charts lines up; a value that
was not there is NaN and drawn as a gap.
"""

from __future__ import annotations

import math
import threading
from array import array
from collections import deque
from collections.abc import Mapping
from itertools import islice
from statistics import median_low

import msgspec

_NAN = math.nan
_BUDGET_POINTS = 6_000_000
"""Points of all series together (48 MB): many collections get a shorter past."""
_LEAST_POINTS = 60
_STEPS = 5
_PAUSE_FACTOR = 2.5
_SLEW_S = 5.0
"""A clock that is further back than this was set."""


class Points(msgspec.Struct, frozen=True, gc=False):
    """One series, oldest first: wall-clock seconds and values.

    None is a gap at the places in ``breaks``: it was looked at and not known. Elsewhere its source
    said nothing new at that time.
    """

    times: tuple[float, ...]
    values: tuple[float | None, ...]
    breaks: tuple[int, ...] = ()


class _Row(msgspec.Struct, frozen=True):
    """One moment: metric -> values by place; places beyond the end had no value yet.

    Only metrics that were looked at are in there: NaN is what was not known of one.
    """

    at: float
    values: dict[str, array[float]]


class _Places:
    """Where each name of one metric has its value in a row, and when it last had one."""

    def __init__(self) -> None:
        self.of: dict[str, int] = {}
        self.seen: array[int] = array("q")
        self._free: list[int] = []

    def add(self, name: str) -> int:
        """A place for a new name."""
        if self._free:
            place = self._free.pop()
        else:
            place = len(self.seen)
            self.seen.append(-1)
        self.of[name] = place
        return place

    def drop_older(self, oldest: int) -> None:
        """Frees the places of names without a value since row number ``oldest``."""
        # No row that is left has a value there, so the place can serve another name.
        for name in [name for name, place in self.of.items() if self.seen[place] < oldest]:
            self._free.append(self.of.pop(name))


class History:
    """Series by (metric, name); every ``append`` adds one point to all of them.

    ``max_points`` bounds a series; the total is bounded too. A pause longer than ``gap_after``
    seconds and than two and a half of the usual steps leaves an explicit gap, and so does a clock
    that goes backwards: where it was set back, what is later than now is dropped. Safe to use from
    several threads.
    """

    def __init__(self, max_points: int, *, gap_after: float = 60.0) -> None:
        self._max = max(2, max_points)
        self._gap_after = gap_after
        self._lock = threading.Lock()
        self._rows: deque[_Row] = deque()
        self._places: dict[str, _Places] = {}
        self._steps: deque[float] = deque(maxlen=_STEPS)
        self._added = 0
        self._swept = 0

    def append(self, at: float, frame: Mapping[str, Mapping[str, float | None]]) -> None:
        """Add one point: metric -> name -> value at wall clock ``at``.

        None, or a name that is absent from a metric that has others: looked at and not known, a
        gap. A metric that is absent was not looked at.

        May run in a thread: thousands of collections take a few milliseconds.
        """
        with self._lock:
            was_set_back = bool(self._rows) and self._rows[-1].at - at > _SLEW_S
            if was_set_back:
                self._drop_later(at)
            if self._rows:
                last = self._rows[-1].at
                if was_set_back or self._is_gap(at - last):
                    self._add_row(max(at, last), {})
                at = max(at, last)
            self._add_row(at, frame)

    def points(self, metric: str, name: str, last: int | None = None) -> Points:
        """The last points of one series (all when None); empty when it never had a value."""
        with self._lock:
            places = self._places.get(metric)
            place = places.of.get(name) if places else None
            if places is None or place is None or places.seen[place] < self._oldest():
                return Points((), ())
            newest_first = tuple(islice(reversed(self._rows), last))
        rows = tuple(reversed(newest_first))
        times = tuple(row.at for row in rows)
        values = tuple(_value(row, metric, place) for row in rows)
        breaks = tuple(
            number
            for number, (row, value) in enumerate(zip(rows, values, strict=True))
            if value is None and metric in row.values
        )
        return Points(times, values, breaks)

    @property
    def since(self) -> float | None:
        """Wall-clock seconds of the first moment that is kept; None while there is none."""
        with self._lock:
            return self._rows[0].at if self._rows else None

    def __len__(self) -> int:
        return len(self._rows)

    def _is_gap(self, step: float) -> bool:
        usual = median_low(self._steps) if self._steps else 0.0
        if step > 0:
            self._steps.append(step)
        return not 0 < step <= max(self._gap_after, _PAUSE_FACTOR * usual)

    def _drop_later(self, at: float) -> None:
        """Take back the rows of a time that is yet to come."""
        while self._rows and self._rows[-1].at > at:
            self._rows.pop()
            self._added -= 1
        for metric, places in self._places.items():
            for place, seen in enumerate(places.seen):
                if seen >= self._added:
                    places.seen[place] = self._last_seen(metric, place)

    def _last_seen(self, metric: str, place: int) -> int:
        """The number of the last row with a value there; -1 where none has."""
        for back, row in enumerate(reversed(self._rows), start=1):
            if _value(row, metric, place) is not None:
                return self._added - back
        return -1

    def _oldest(self) -> int:
        """The number of the oldest row kept, counted from the first one ever."""
        return self._added - len(self._rows)

    def _add_row(self, at: float, frame: Mapping[str, Mapping[str, float | None]]) -> None:
        values = {metric: self._place(metric, found) for metric, found in frame.items() if found}
        self._rows.append(_Row(at, values))
        self._added += 1
        self._trim()

    def _place(self, metric: str, found: Mapping[str, float | None]) -> array[float]:
        places = self._places.setdefault(metric, _Places())
        of, seen, number = places.of, places.seen, self._added
        row = array("d", [_NAN]) * len(seen)
        for name, value in found.items():
            if value is None:
                continue
            place = of.get(name)
            if place is None:
                place = places.add(name)
                if place == len(row):
                    row.append(_NAN)
            row[place] = value
            seen[place] = number
        return row

    def _trim(self) -> None:
        width = sum(len(places.seen) for places in self._places.values())
        allowed = min(self._max, max(_LEAST_POINTS, _BUDGET_POINTS // max(1, width)))
        while len(self._rows) > allowed:
            self._rows.popleft()
        oldest = self._oldest()
        # Looking for names that are gone costs as much as a point: once in a tenth of the past.
        if oldest - self._swept < max(1, allowed // 10):
            return
        self._swept = oldest
        for places in self._places.values():
            places.drop_older(oldest)


def _value(row: _Row, metric: str, place: int) -> float | None:
    values = row.values.get(metric)
    if values is None or place >= len(values):
        return None
    value = values[place]
    return None if math.isnan(value) else value
