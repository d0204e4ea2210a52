"""How many slices side by side: more while the target gains by it, fewer when it suffers.

Additive increase, multiplicative decrease, by whichever sign is worst, and that one is named. Pure:
who calls brings the signs and the time.
"""

from __future__ import annotations

import msgspec

MOST_P95_S = 8.0
"""A page (up to 1,000 objects) that takes longer to be written and read back is a sign."""
MOST_BATCH_QUEUE = 1_000
"""Objects that wait in a node's queue of batches."""
MOST_VECTOR_QUEUE = 200_000
"""Vectors of the target's collections that wait for asynchronous indexing."""
CRITICAL_VECTOR_QUEUE = 2_000_000
MOST_HEAP = 0.80
"""Of the memory limit of a node."""
CRITICAL_HEAP = 0.92
MOST_ERRORS = 0.2
"""Share of slices that failed for a passing cause."""
_DECREASE = 0.5
_GAIN = 1.05
_CALM_S = 10.0
"""Between two steps up, so that each is measured."""
_HOLD_S = 5.0
"""Between two steps down, so that each can show."""
_CONTENT_S = 120.0
"""Without a try, after a step up gained nothing."""


class Signs(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is seen of the target and of the copy; None where it is not known."""

    objects_per_s: float | None = None
    write_p95_s: float | None = None
    batch_queue: int | None = None
    """The largest of any node."""
    vector_queue: int | None = None
    """Of the collections that are written."""
    heap: float | None = None
    """The largest share of its limit on any node."""
    errors: float = 0.0
    in_window: bool = True
    window: str = ""
    key: int | None = None
    """What a person set: this many lanes at most, 0 for none."""


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """How many lanes, and why not more; 0 lanes is a pause."""

    lanes: int
    reason: str = ""


class Throttle:
    """Decides from time to time. ``most`` and ``least`` bound it, pauses aside."""

    def __init__(self, start: int, most: int, least: int = 1) -> None:
        self._least = least
        self._most = max(most, least)
        self._lanes = min(max(start, least), self._most)
        self._lowered: float | None = None
        self._raised: float | None = None
        self._before: tuple[int, float] | None = None
        """Lanes and objects a second before the last step up, until it was judged."""
        self._content_until = 0.0

    def decide(self, signs: Signs, now: float) -> Verdict:
        """At ``now`` (steady seconds)."""
        pause = _pause(signs)
        if pause:
            self._before, self._raised = None, now
            return Verdict(0, pause)
        reason = _too_much(signs)
        if reason:
            self._lower(now)
        else:
            self._climb(signs.objects_per_s, now)
        lanes = self._lanes
        if signs.key is not None and signs.key < lanes:
            return Verdict(signs.key, f"set to {signs.key} lanes by hand")
        return Verdict(lanes, reason)

    def _lower(self, now: float) -> None:
        if self._lowered is None or now - self._lowered >= _HOLD_S:
            self._lanes = max(self._least, int(self._lanes * _DECREASE))
            self._lowered = now
        self._before, self._raised = None, now

    def _climb(self, speed: float | None, now: float) -> None:
        """One more lane at a time; back again where it gained nothing."""
        if self._raised is None:
            self._raised = now
        if speed is None or now - self._raised < _CALM_S:
            return
        self._raised = now
        if self._before is not None:
            lanes, then = self._before
            self._before = None
            if speed < then * _GAIN:
                self._lanes, self._content_until = lanes, now + _CONTENT_S
                return
        if self._lanes < self._most and now >= self._content_until:
            self._before = (self._lanes, speed)
            self._lanes += 1


def _pause(signs: Signs) -> str:
    if not signs.in_window:
        return f"waits for its hours ({signs.window})"
    if signs.key == 0:
        return "held by hand"
    if signs.heap is not None and signs.heap >= CRITICAL_HEAP:
        return f"paused: a node of the target uses {signs.heap:.0%} of its memory limit"
    if signs.vector_queue is not None and signs.vector_queue >= CRITICAL_VECTOR_QUEUE:
        return f"paused: {signs.vector_queue:,} vectors wait to be indexed in the target"
    return ""


def _too_much(signs: Signs) -> str:
    if signs.heap is not None and signs.heap > MOST_HEAP:
        return f"a node of the target uses {signs.heap:.0%} of its memory limit"
    if signs.errors > MOST_ERRORS:
        return f"{signs.errors:.0%} of the pieces failed and are tried again"
    if signs.vector_queue is not None and signs.vector_queue > MOST_VECTOR_QUEUE:
        return f"{signs.vector_queue:,} vectors wait to be indexed in the target"
    if signs.batch_queue is not None and signs.batch_queue > MOST_BATCH_QUEUE:
        return f"{signs.batch_queue:,} objects wait in a node's queue of batches"
    if signs.write_p95_s is not None and signs.write_p95_s > MOST_P95_S:
        return f"19 of 20 pages take up to {signs.write_p95_s:.1f} s to be written"
    return ""
