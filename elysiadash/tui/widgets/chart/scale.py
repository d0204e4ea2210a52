"""The scale of a chart: it always holds 0, and its ends are round numbers."""

from __future__ import annotations

from collections.abc import Iterable
from math import floor, isfinite, log10
from typing import NamedTuple

_ROUND = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


class Scale(NamedTuple):
    """From ``low`` (0, or below where values are) to ``high`` (above 0)."""

    low: float
    high: float

    def height(self, value: float, dots: int) -> int:
        """The dot that ``value`` reaches, from 0 (the lowest) to ``dots - 1``.

        0 is on the baseline's dot, and so is nothing else where there are dots enough: the
        least that is not 0 rises above it or hangs below.
        """
        zero = self.zero(dots)
        if value >= 0:
            return zero + _share(value / self.high, dots - 1 - zero)
        return zero - (_share(value / self.low, zero) if self.low else 0)

    def zero(self, dots: int) -> int:
        """The dot of the baseline."""
        return round(-self.low / (self.high - self.low) * (dots - 1))


def scale_of(values: Iterable[float | None]) -> Scale:
    """A scale that holds 0 and all of ``values``; from 0 to 1 where nothing differs from 0."""
    known = [value for value in values if value is not None and isfinite(value)]
    high, low = max(known, default=0.0), min(known, default=0.0)
    if high <= 0 and low < 0:
        return Scale(-_round_up(-low), _round_up(-low) / 4)
    return Scale(-_round_up(-low) if low < 0 else 0.0, _round_up(high) if high > 0 else 1.0)


def _round_up(value: float) -> float:
    """The least round number that is not below ``value``."""
    power = 10.0 ** floor(log10(value)) if value > 1e-300 else 1e-300
    return next((part * power for part in _ROUND if part * power >= value), 10 * power)


def _share(part: float, dots: int) -> int:
    """``part`` of ``dots``, rounded up: what is there shows."""
    return max(0, min(dots, -int(-part * dots // 1)))
