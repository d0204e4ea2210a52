"""How fast a copy goes, and what holds it back, from where its slices' time went."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Protocol

from elysiadash.migrate.checkpoint import Pace
from elysiadash.migrate.tasks import SliceResult, Spent

_WINDOW_S = 30.0
_BUSY = 0.85
"""Of a core, from which on a process has no time to spare."""


class Held(Protocol):
    """What is known of the lanes."""

    lanes: int
    held_back: str


class Pacer:
    """Collects results of the last half minute."""

    def __init__(self) -> None:
        self.stuck = ""
        """Why nothing gets on, in words; empty while something does."""
        self._seen: deque[tuple[float, int, Spent]] = deque()
        self._since: float | None = None

    def add(self, results: Sequence[SliceResult], now: float) -> None:
        """Take what a task brought at ``now`` (steady seconds)."""
        for one in results:
            spent = one.moved.spent
            if self._since is None:
                self._since = now - spent.seconds
            self._seen.append((now, one.moved.read, spent))
        while self._seen and now - self._seen[0][0] > _WINDOW_S:
            self._since = self._seen.popleft()[0]

    def now(self, lanes: Held, rate: float | None) -> Pace:
        """Objects a second over the window, and the bottleneck by name."""
        return Pace(
            objects_per_s=self.objects_per_s(),
            lanes=lanes.lanes,
            bottleneck=bottleneck([spent for _, _, spent in self._seen], rate),
            throttled=self.stuck or lanes.held_back,
        )

    def objects_per_s(self) -> float | None:
        """None before anything came back."""
        if not self._seen or self._since is None:
            return None
        seconds = self._seen[-1][0] - self._since
        objects = sum(read for _, read, _ in self._seen)
        return objects / seconds if seconds > 0 else None


def bottleneck(spent: Sequence[Spent], rate: float | None) -> str:
    """What most of the time was waited for: the target, the source, our own CPU or the limit."""
    seconds = sum(one.seconds for one in spent)
    if seconds <= 0:
        return ""
    shares = {
        "target": sum(one.writing for one in spent) / seconds,
        "source": sum(one.reading for one in spent) / seconds,
        "the limit": sum(one.held for one in spent) / seconds,
    }
    name = max(shares, key=lambda one: shares[one])
    if name == "the limit" and rate is not None:
        return f"the limit: {rate:g} objects/s"
    cpu = sum(one.cpu for one in spent)
    lanes = max(1.0, seconds / max(0.001, max(one.seconds for one in spent)))
    busy = cpu / (seconds / lanes)
    if busy >= _BUSY and shares[name] < _BUSY:
        return f"this machine: {busy:.0%} of a core in each process"
    what = "writing" if name == "target" else "reading"
    return f"{name}: {shares[name]:.0%} of the time is {what}"
