"""The clock a simulated cluster lives by: any function that says the unix time in seconds.

Everything that moves is a function of this time, so a test that holds the clock still gets the
same answer twice, and one that moves it by an hour gets an hour's traffic at once.
"""

from __future__ import annotations

from collections.abc import Callable

Clock = Callable[[], float]

#: Where a `ManualClock` starts: a round moment of 2026, so that dates in answers look like dates.
MANUAL_START = 1_790_000_000.0


class ManualClock:
    """A clock that only moves when told to."""

    def __init__(self, start: float = MANUAL_START) -> None:
        self._now = start

    def __call__(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass; time never runs backwards."""
        if seconds < 0:
            raise ValueError(f"a clock cannot be set back by {-seconds} s")
        self._now += seconds
