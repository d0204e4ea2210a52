"""The recent past of each collection: ring buffers with explicit gaps.

One time axis serves all series of a history, so that a row of charts lines up; a value that
was not there is NaN and drawn as a gap.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping

import msgspec

_NAN = math.nan
_BUDGET_POINTS = 6_000_000
"""Points of all series together (48 MB): many collections get a shorter past."""


class Points(msgspec.Struct, frozen=True, gc=False):
    """One series, oldest first: wall-clock seconds and values, None is a gap."""

    times: tuple[float, ...]
    values: tuple[float | None, ...]


class History:
    """Series by (metric, name); every ``append`` adds one point to all of them.

    ``max_points`` bounds a series; the total is bounded too. A clock that goes backwards, or a
    pause longer than ``gap_after`` seconds, leaves an explicit gap.
    """

    def __init__(self, max_points: int, *, gap_after: float = 60.0) -> None:
        self._max = max(2, max_points)
        self._gap_after = gap_after
        self._times: array[float] = array("d")
        self._series: dict[tuple[str, str], array[float]] = {}

    def append(self, at: float, frame: Mapping[str, Mapping[str, float | None]]) -> None:
        """Add one point: metric -> name -> value (None or absent: a gap) at wall clock ``at``."""
        if self._times and not 0 < at - self._times[-1] <= self._gap_after:
            self._add_point(max(at, self._times[-1]), {})
        self._add_point(max(at, self._times[-1]) if self._times else at, frame)

    def points(self, metric: str, name: str, last: int | None = None) -> Points:
        """The last points of one series (all when None); empty when it never had a value."""
        series = self._series.get((metric, name))
        if series is None:
            return Points((), ())
        count = len(series) if last is None else min(last, len(series))
        times = tuple(self._times[len(self._times) - count :])
        values = tuple(None if math.isnan(v) else v for v in series[len(series) - count :])
        return Points(times, values)

    def __len__(self) -> int:
        return len(self._times)

    def _add_point(self, at: float, frame: Mapping[str, Mapping[str, float | None]]) -> None:
        self._times.append(at)
        length = len(self._times)
        fresh = {
            (metric, name): value
            for metric, values in frame.items()
            for name, value in values.items()
            if value is not None
        }
        for key, series in self._series.items():
            series.append(fresh.pop(key, _NAN))
        for key, value in fresh.items():
            self._series[key] = array("d", [_NAN]) * (length - 1)
            self._series[key].append(value)
        self._trim()

    def _trim(self) -> None:
        allowed = min(self._max, max(60, _BUDGET_POINTS // max(1, len(self._series))))
        surplus = len(self._times) - allowed
        # Cutting a tenth at once keeps the cost of an append flat.
        if surplus < max(1, allowed // 10):
            return
        del self._times[:surplus]
        for key in [k for k, s in self._series.items() if _all_gaps(s, surplus)]:
            del self._series[key]
        for series in self._series.values():
            del series[:surplus]


def _all_gaps(series: array[float], start: int) -> bool:
    return all(math.isnan(value) for value in series[start:])
