"""A number over time, ready to be charted: even steps, gaps kept."""

from __future__ import annotations

from math import ceil

import msgspec

from elysiadash.cluster.history import Points


class Series(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One number in even steps over ``start`` to ``end`` (wall-clock seconds).

    Each value is the mean of what was seen in its step, None where nothing was: a gap.
    ``source`` says in words where the values come from ("this session", "recording",
    "Prometheus"); ``problem`` why a part or all of them is missing.
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


def in_steps(points: Points, end: float, seconds: float, steps: int) -> tuple[float | None, ...]:
    """The mean of each of ``steps`` equal parts of the ``seconds`` before ``end``.

    A part without a sample is None: a gap.
    """
    sums, counts = [0.0] * steps, [0] * steps
    start = end - seconds
    for at, value in zip(points.times, points.values, strict=True):
        if value is None or not start < at <= end:
            continue
        # Each part is open at its beginning, as the whole is.
        place = max(0, min(steps, ceil((at - start) * steps / seconds)) - 1)
        sums[place] += value
        counts[place] += 1
    return tuple(
        total / count if count else None for total, count in zip(sums, counts, strict=True)
    )
