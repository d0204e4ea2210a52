"""A number over time, ready to be charted: even steps, gaps kept."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import ceil, inf
from statistics import median_low

import msgspec

from elysiadash.cluster.history import Points

PROMETHEUS, RECORDING, SESSION = "Prometheus", "recording", "this session"
"""Where the values of a series can come from, in words."""

_GAP_FACTOR = 2.5
_LEAST_GAP_S = 90.0


class Sample(msgspec.Struct, frozen=True, gc=False):
    """One value of a series and the second it was seen (the end of its step, where thinned).

    None is a break: it was looked at then and not known, or only a part of it.
    """

    at: float
    value: float | None


class Series(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One number in even steps over ``start`` to ``end`` (wall-clock seconds).

    Each value is the mean of what was seen in its step, or, where samples are further apart than
    steps, the sample that the step is on the way to; None where nothing was for longer than that,
    or where it was looked at and not known: a gap. ``source`` says in words where the values come
    from; ``problem`` why a part or all of them is missing.
    """

    start: float
    end: float
    values: tuple[float | None, ...]
    source: str
    problem: str | None = None

    @property
    def known(self) -> tuple[float, ...]:
        """The values that are there, oldest first."""
        return tuple(value for value in self.values if value is not None)


def samples_of(points: Points, end: float, seconds: float) -> list[Sample]:
    """The values and the breaks among the points of the ``seconds`` before ``end``."""
    start, breaks = end - seconds, frozenset(points.breaks)
    return [
        Sample(at, value)
        for place, (at, value) in enumerate(zip(points.times, points.values, strict=True))
        if start < at <= end and (value is not None or place in breaks)
    ]


def means(
    samples: Sequence[Sample],
    end: float,
    seconds: float,
    steps: int,
    *,
    least_gap: float = _LEAST_GAP_S,
) -> tuple[float | None, ...]:
    """The mean of each of ``steps`` equal parts of the ``seconds`` before ``end``.

    Samples are oldest first and none is later than ``end``. They are further apart than steps
    where the past was thinned, the source is slow, or the window is short: one holds for the steps
    since the one before it (that may lie before the window), unless that is a gap: longer than
    ``least_gap`` seconds and than two and a half of the usual steps, or with a break in it.
    """
    start, width = end - seconds, seconds / steps
    sums, counts = [0.0] * steps, [0] * steps
    known: list[tuple[float, float, int, bool]] = []
    """Second, value and place of each, and whether there is a break before it."""
    broken = False
    for sample in samples:
        if sample.value is None:
            broken = True
            continue
        place = _place(sample.at, start, seconds, steps)
        known.append((sample.at, sample.value, place, broken))
        broken = False
        if place >= 0:
            sums[place] += sample.value
            counts[place] += 1
    values = [total / count if count else None for total, count in zip(sums, counts, strict=True)]
    apart = [two[0] - one[0] for one, two in pairwise(known)]
    # Of two samples alone nobody knows whether the time between them is the usual one.
    usual = median_low(apart) if len(apart) > 1 else 0.0
    bridge = max(least_gap, _GAP_FACTOR * usual)
    for (one, _, before, _), (two, value, place, is_broken) in pairwise(known):
        if not is_broken and width < two - one <= bridge:
            for between in range(before + 1, place):
                if values[between] is None:
                    values[between] = value
    return tuple(values)


def _place(at: float, start: float, seconds: float, steps: int) -> int:
    """The part that a moment falls into; -1 before the first. Each is open at its beginning."""
    if at <= start:
        return -1
    return max(0, min(steps, ceil((at - start) * steps / seconds)) - 1)


def in_steps(points: Points, end: float, seconds: float, steps: int) -> tuple[float | None, ...]:
    """The mean of each of ``steps`` equal parts of the ``seconds`` before ``end``.

    A part without a sample is None, a gap, unless samples come more seldom.
    """
    return means(samples_of(points, end, inf), end, seconds, steps, least_gap=0.0)
