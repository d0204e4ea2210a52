"""Quantities that move by the clock: rates that swell and ebb, and how long things take."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

_STANDARD = NormalDist()


@dataclass(frozen=True, slots=True)
class Flow:
    """Things per second, swinging around `rate` by the fraction `swing` every `period` seconds.

    The total between two moments is exact, so counters made from it never run backwards.
    """

    rate: float
    swing: float = 0.0
    period: float = 900.0
    phase: float = 0.0

    def rate_at(self, at: float) -> float:
        """Things per second at the unix time `at`."""
        return self.rate * (1.0 + self.swing * math.sin(self._angle(at)))

    def total(self, since: float, until: float) -> float:
        """How many things happened in `[since, until)`; 0 where that is empty."""
        if until <= since or self.rate <= 0:
            return 0.0
        wave = math.cos(self._angle(since)) - math.cos(self._angle(until))
        swung = self.swing * self.period / math.tau * wave
        return self.rate * ((until - since) + swung)

    def scaled(self, factor: float) -> Flow:
        """The same rhythm with `factor` times as many things."""
        return Flow(self.rate * factor, self.swing, self.period, self.phase)

    def _angle(self, at: float) -> float:
        return math.tau * at / self.period + self.phase


NOTHING = Flow(0.0)


@dataclass(frozen=True, slots=True)
class Latency:
    """How long one kind of request takes: log-normal around a median, in milliseconds."""

    median_ms: float
    spread: float = 0.7

    @property
    def mean_ms(self) -> float:
        """The mean, which lies above the median."""
        return self.median_ms * math.exp(self.spread**2 / 2)

    def share_within(self, milliseconds: float) -> float:
        """The share of requests that took no longer than that, 0 to 1."""
        if math.isinf(milliseconds):
            return 1.0
        return _STANDARD.cdf((math.log(milliseconds) - math.log(self.median_ms)) / self.spread)

    def buckets(self, count: float, bounds_ms: Sequence[float]) -> list[int]:
        """Cumulative histogram counts for `count` requests; the last bound should be infinite.

        Rounded down, so that each bucket is monotonic in `count`, and no bucket exceeds the next.
        """
        whole = int(count)
        return [int(whole * self.share_within(bound)) for bound in bounds_ms]
