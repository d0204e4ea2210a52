"""A number over time, ready to be charted: even steps, gaps kept."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import ceil
from statistics import median_low

import msgspec

from elysiadash.cluster.history import Points

PROMETHEUS, RECORDING, SESSION = "Prometheus", "recording", "this session"
"""Where the values of a series can come from, in words."""

_GAP_FACTOR = 2.5
_LEAST_GAP_S = 90.0


class Sample(msgspec.Struct, frozen=True, gc=False):
    """One value of a series and the second it was seen (the end of its step, where thinned)."""

    at: float
    value: float


class Series(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One number in even steps over ``start`` to ``end`` (wall-clock seconds).

    Each value is the mean of what was seen in its step, or, where samples are further apart than
    steps, the sample that the step is on the way to; None where nothing was for longer than that:
    a gap. ``source`` says in words where the values come from; ``problem`` why a part or all of
    them is missing.
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
    """The values among the points of the ``seconds`` before ``end``."""
    start = end - seconds
    return [
        Sample(at, value)
        for at, value in zip(points.times, points.values, strict=True)
        if value is not None and start < at <= end
    ]


def means(
    samples: Sequence[Sample], end: float, seconds: float, steps: int, *, held: bool = True
) -> tuple[float | None, ...]:
    """The mean of each of ``steps`` equal parts of the ``seconds`` before ``end``.

    Samples are oldest first and all in that time. They are further apart than steps where the
    past was thinned, or the window is short: ``held``, one holds for the steps since the one
    before it, unless that is a gap.
    """
    start, width = end - seconds, seconds / steps
    sums, counts = [0.0] * steps, [0] * steps
    # Each part is open at its beginning, as the whole is.
    places = [max(0, min(steps, ceil((one.at - start) * steps / seconds)) - 1) for one in samples]
    for place, sample in zip(places, samples, strict=True):
        sums[place] += sample.value
        counts[place] += 1
    values = [total / count if count else None for total, count in zip(sums, counts, strict=True)]
    if held:
        usual = median_low([two.at - one.at for one, two in pairwise(samples)] or [0.0])
        bridge = max(_LEAST_GAP_S, _GAP_FACTOR * usual)
        for (one, two), (before, place) in zip(pairwise(samples), pairwise(places), strict=True):
            if width < two.at - one.at <= bridge:
                for between in range(before + 1, place):
                    if values[between] is None:
                        values[between] = two.value
    return tuple(values)


def in_steps(points: Points, end: float, seconds: float, steps: int) -> tuple[float | None, ...]:
    """The mean of each of ``steps`` equal parts of the ``seconds`` before ``end``.

    A part without a sample is None: a gap.
    """
    return means(samples_of(points, end, seconds), end, seconds, steps, held=False)
