"""How fresh what is shown is, and in plain words why it is not.

A kind of data is late when its last question failed, or when its value is older than the
profile's ``stale_after_s`` on top of the time until it was due to be asked again.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec

from elysiadash.cluster.slices import Kind, Problem, Slice
from elysiadash.cluster.view import LIVE_STATES
from elysiadash.tui.numbers import span
from elysiadash.tui.source import Watched

SHOWN = (
    Kind.NODES,
    Kind.STATISTICS,
    Kind.SCHEMA,
    Kind.VERBOSE,
    Kind.METRICS,
    Kind.TENANTS,
    Kind.ALIASES,
)
"""What the screens' values rest on, the most telling trouble first."""

ROWS = frozenset({Kind.NODES, Kind.SCHEMA, Kind.VERBOSE})
"""What the rows themselves rest on: late ones make the whole picture stale."""

_NAMES = {
    Kind.NODES: "nodes",
    Kind.STATISTICS: "raft state",
    Kind.SCHEMA: "schema",
    Kind.VERBOSE: "shard details",
    Kind.METRICS: "metrics",
    Kind.TENANTS: "tenants",
    Kind.ALIASES: "aliases",
}
_LASTING = frozenset({"forbidden", "not supported"})
_NO_WAY = frozenset({"unreachable", "no answer", "connection lost"})
_JITTER = 1.1
_NOW_S = 2.0
"""Seconds that a call under way is said to be sent now."""


class Trouble(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Why the most telling of the late data is late.

    ``age`` is how old the value on screen is, ``lasting`` how long the trouble lasts (seconds),
    ``retry_in`` the seconds until it is asked again: 0 while it is being asked, None unknown;
    ``asked`` the seconds since that call was sent, None while none is under way.
    """

    kind: Kind
    of: str
    problem: Problem | None
    age: float | None
    lasting: float | None
    retry_in: float | None
    asked: float | None = None

    def words(self, *, connected: bool) -> str:
        """One line: how stale, what, why, and when it is tried again."""
        parts = [f"stale {span(self.age)}" if self.age is not None else "no data"]
        if connected:
            parts[0] = f"{_NAMES[self.kind]} {parts[0]}"
        parts[0] += f": {self._cause()}"
        if self.asked is not None and self.asked >= _NOW_S:
            parts.append(f"asked {'again ' if self.problem else ''}{span(self.asked)} ago")
        elif self.retry_in is not None:
            again = f"retry in {span(self.retry_in)}" if self.retry_in >= 1 else "trying now"
            parts.append(again)
        return ", ".join(parts)

    def _cause(self) -> str:
        if self.problem is None:
            return "no newer answer yet"
        return f"{self.of}: {self.problem.what}" if self.of else self.problem.what


class Freshness(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The state of everything shown. ``age`` is of the oldest data the rows rest on."""

    age: float | None
    late: frozenset[Kind]
    trouble: Trouble | None
    connected: bool
    """Whether the cluster's nodes are being answered for."""
    remembered: bool
    """Nothing was answered yet: what is shown is from the last run."""

    @property
    def stale(self) -> bool:
        """Whether the picture as a whole is old, and not only one part of it."""
        return self.remembered or bool(self.late & ROWS)

    def line(self) -> str | None:
        """What the bar under the header says; None when everything is fresh."""
        if self.trouble is not None:
            return self.trouble.words(connected=self.connected)
        if self.remembered and self.age is not None:
            return f"stale {span(self.age)}: from the last run, asking now"
        return None


def look(watch: Watched, loop_time: float) -> Freshness:
    """How fresh the watch's data is. ``loop_time`` is the event loop's."""
    now = watch.store.clock()
    rows_at = watch.rows_at()
    age = None if rows_at is None else max(0.0, now - rows_at)
    remembered = rows_at is not None and not _answered(watch)
    dead = _dead_addresses(watch)
    late = {kind: found for kind in SHOWN if (found := _late_slices(watch, kind, now, dead))}
    return Freshness(
        age=age,
        late=frozenset(SHOWN if remembered else late),
        trouble=_trouble(watch, late, now, loop_time, age if remembered else None),
        connected=_connected(watch),
        remembered=remembered,
    )


def _answered(watch: Watched) -> bool:
    kinds = (Kind.SCHEMA, Kind.VERBOSE)
    return any(watch.store.get(kind).value is not None for kind in kinds)


def _connected(watch: Watched) -> bool:
    """Whether anybody answers: a list of nodes that waits for a hung peer is no lost connection
    while some node is ready."""
    problem = watch.store.get(Kind.NODES).problem
    if problem is None:
        return True
    probes = watch.store.all(Kind.READY).values()
    silent = bool(probes) and all(probe.problem is not None for probe in probes)
    return problem.kind not in _NO_WAY and not silent


def _dead_addresses(watch: Watched) -> frozenset[str]:
    """Addresses of nodes that are gone: the nodes' state says it, and it says more."""
    return frozenset(
        node.metrics_address
        for node in watch.cluster().nodes
        if node.metrics_address is not None and node.status not in LIVE_STATES
    )


def _late_slices(
    watch: Watched, kind: Kind, now: float, dead: frozenset[str]
) -> dict[str, Slice[Any]]:
    limit = watch.profile.thresholds.stale_after_s + _until_due(watch, kind)
    return {
        of: piece
        for of, piece in watch.store.all(kind).items()
        if of not in dead
        and (piece.problem is not None or (piece.age(now) or 0.0) > limit + piece.every)
    }


def _until_due(watch: Watched, kind: Kind) -> float:
    """Seconds that a good value of this kind gets old by before it is asked again."""
    asking = watch.pollers.get(kind)
    if asking is None:
        return 0.0
    cost = asking.schedule.cost_factor * (asking.last_seconds or 0.0)
    return _JITTER * max(asking.schedule.interval, cost)


def _trouble(
    watch: Watched,
    late: dict[Kind, dict[str, Slice[Any]]],
    now: float,
    loop_time: float,
    remembered_age: float | None,
) -> Trouble | None:
    for kind, pieces in late.items():
        for of, piece in pieces.items():
            problem, age = piece.problem, piece.age(now)
            # What this user may not see, or this server does not have, will not get fresher:
            # the values' own reasons say so.
            if problem is not None and problem.kind in _LASTING and piece.value is None:
                continue
            since = piece.problem_since
            return Trouble(
                kind=kind,
                of=_name_of(watch, of),
                problem=problem,
                age=remembered_age if age is None else age,
                lasting=None if since is None else max(0.0, now - since),
                retry_in=_retry_in(watch, kind, problem, loop_time),
                asked=_asked(watch, kind, loop_time),
            )
    return None


def _name_of(watch: Watched, of: str) -> str:
    """The node behind an address where that is known; a collection's name as it is."""
    named = (
        node.node for node in watch.cluster().nodes if of in (node.metrics_address, node.address)
    )
    return next(named, of) if of else of


def _asked(watch: Watched, kind: Kind, loop_time: float) -> float | None:
    asking = watch.pollers.get(kind)
    if asking is None or asking.asked_at is None or watch.replay is not None:
        return None
    return max(0.0, loop_time - asking.asked_at)


def _retry_in(
    watch: Watched, kind: Kind, problem: Problem | None, loop_time: float
) -> float | None:
    asking = watch.pollers.get(kind)
    if asking is None or watch.replay is not None:
        return None
    parked = problem is not None and problem.kind == "parked"
    if asking.next_at is not None and (parked or math.isinf(asking.next_at)):
        # The problem says what it waits for; the answer may come at any time before the next.
        return None
    return 0.0 if asking.next_at is None else max(0.0, asking.next_at - loop_time)
