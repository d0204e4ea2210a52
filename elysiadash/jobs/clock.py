"""The two clocks: wall time for people, steady time for how long somebody has been silent."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Where the time comes from; tests bring their own."""

    def wall(self) -> float:
        """Seconds since 1970, UTC. May jump."""

    def steady(self) -> float:
        """Seconds that only go forward, the same for all processes since the machine started."""


class SystemClock:
    """The machine's clocks. Steady time stands still while the machine sleeps, so that nobody is
    taken for dead when it wakes."""

    def wall(self) -> float:
        """See ``Clock``."""
        return time.time()

    def steady(self) -> float:
        """See ``Clock``. CLOCK_MONOTONIC on Linux, mach_absolute_time on macOS."""
        return time.monotonic()
