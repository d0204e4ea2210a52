"""Whether raft is stuck on a change: several looks, since one says nothing.

Measured on 1.39.0: a wedged node keeps ``fsmPending`` above 0 while its applied index stands
still, stays HEALTHY, and every later change of the schema or of a tenant hangs.
"""

from __future__ import annotations

import msgspec

from elysiadash.weaviate.models import Statistics

LOOKS_NEEDED = 3


class StuckChange(msgspec.Struct, frozen=True, gc=False):
    """A node that waited for the same change in ``looks`` looks, over ``seconds``."""

    node: str
    looks: int
    seconds: float
    pending: str
    applied_index: str


class _Waiting(msgspec.Struct, frozen=True, gc=False):
    applied_index: str
    since: float
    looks: int


class ApplyLooks:
    """Takes one answer of ``/cluster/statistics`` after the other."""

    def __init__(self) -> None:
        self._waiting: dict[str, _Waiting] = {}
        self._stuck: tuple[StuckChange, ...] = ()

    def look(self, statistics: Statistics, at: float) -> tuple[StuckChange, ...]:
        """Take a new answer, asked at ``at`` (monotonic seconds); returns who is stuck."""
        before, self._waiting = self._waiting, {}
        stuck: list[StuckChange] = []
        for row in statistics.statistics:
            raft = row.raft
            if raft is None or raft.fsm_pending in ("", "0"):
                continue
            known = before.get(row.name)
            if known is None or known.applied_index != raft.applied_index:
                known = _Waiting(raft.applied_index, at, 0)
            waiting = _Waiting(known.applied_index, known.since, known.looks + 1)
            self._waiting[row.name] = waiting
            if waiting.looks >= LOOKS_NEEDED:
                stuck.append(
                    StuckChange(
                        row.name,
                        waiting.looks,
                        at - waiting.since,
                        raft.fsm_pending,
                        waiting.applied_index,
                    )
                )
        return tuple(stuck)

    @property
    def any_waiting(self) -> bool:
        """Whether looking again could tell more."""
        return bool(self._waiting)
