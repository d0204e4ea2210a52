"""Series made ready to be drawn: even steps in time, gaps kept, nothing invented."""

from __future__ import annotations

from math import ceil

from elysiadash.cluster.history import Points


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


def top(values: tuple[float | None, ...]) -> float:
    """The upper end of a scale that starts at 0; 1 where nothing rises above 0."""
    highest = max((value for value in values if value is not None), default=0.0)
    return highest if highest > 0 else 1.0
