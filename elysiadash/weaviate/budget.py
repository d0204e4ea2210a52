"""Our own load on a cluster: how many requests, how slow, and where we stop ourselves."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable

import msgspec

from elysiadash.weaviate.errors import Refused

_WINDOW_S = 60.0
_LATENCIES_KEPT = 512


class OwnLoad(msgspec.Struct, frozen=True, gc=False):
    """What we cost the cluster: requests in the last 60 s, p95 of their latency, in flight now."""

    requests_per_minute: int
    p95_ms: float | None
    in_flight: int


class Budget:
    """Counts every request of one profile and refuses those above the limit per minute."""

    def __init__(self, limit_per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit_per_minute = limit_per_minute
        self.outcomes: Counter[tuple[str, str]] = Counter()
        """(request class, result) -> count since the start, for our own metrics."""
        self._clock = clock
        self._starts: deque[float] = deque()
        self._latencies: deque[tuple[float, float]] = deque(maxlen=_LATENCIES_KEPT)
        self._in_flight = 0

    def start(self, request: str) -> float:
        """Count a request that starts now; raises ``Refused`` when the minute is used up."""
        now = self._clock()
        self._forget(now)
        if len(self._starts) >= self.limit_per_minute:
            raise Refused(
                f"our own budget of {self.limit_per_minute} requests a minute is used up",
                request=request,
                hint="raise limits.requests_per_minute or make the intervals longer",
            )
        self._starts.append(now)
        self._in_flight += 1
        return now

    def end(self, started: float, request_class: str, result: str) -> float:
        """Count the end of a request; returns its seconds."""
        now = self._clock()
        self._in_flight -= 1
        seconds = max(0.0, now - started)
        self._latencies.append((now, seconds))
        self.outcomes[(request_class, result)] += 1
        return seconds

    def load(self) -> OwnLoad:
        """Our load over the last minute."""
        now = self._clock()
        self._forget(now)
        recent = sorted(seconds for at, seconds in self._latencies if now - at <= _WINDOW_S)
        p95 = recent[min(len(recent) - 1, int(len(recent) * 0.95))] * 1000 if recent else None
        return OwnLoad(len(self._starts), p95, self._in_flight)

    def _forget(self, now: float) -> None:
        while self._starts and now - self._starts[0] > _WINDOW_S:
            self._starts.popleft()
