"""Several clusters at a glance: a light watch for each, and one row of what it knows.

The cluster that the app watches anyway is not watched twice. Every other one has tasks and
connections of its own: whatever happens to one, the others' rows go on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from elysiadash.cluster.slices import Kind, Problem
from elysiadash.cluster.stats import CollectionStats
from elysiadash.config.profile import Profile
from elysiadash.tui.bridge import Bridge
from elysiadash.tui.clusters import Clusters
from elysiadash.tui.facts import Facts, gather
from elysiadash.tui.freshness import look
from elysiadash.tui.row_health import assess
from elysiadash.tui.source import Watched

if TYPE_CHECKING:
    from elysiadash.health.finding import Finding

log = logging.getLogger(__name__)

_AT_FULL_PACE = 12
"""Clusters that are looked at as often as one; of more, each more rarely."""
_RESTART_AFTER_S = 5.0
_FAREWELL_S = 2.0
_AGAIN_AFTER_S = 5.0
"""Seconds after which a row of which nothing is new is worked out again: it may be late."""
_NO_ACCESS = frozenset({"unauthorized", "no credentials", "forbidden"})

OK, WARNING, UNKNOWN, CRITICAL = "ok", "warning", "unknown", "critical"
LOST, NO_ACCESS, UNUSABLE, ASKING = "lost", "no access", "not usable", "asking"


class FleetRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One cluster. ``state`` is one of the words above.

    ``why`` is the worst thing about it in words; ``old`` means that the values are not of now:
    of the last answer, or of an earlier run. Numbers that are not known are None. ``age`` is
    seconds since the oldest of what the row rests on was fetched.
    """

    name: str
    url: str
    environment: str | None = None
    colour: str | None = None
    demo: bool = False
    current: bool = False
    state: str = ASKING
    why: str = ""
    old: bool = False
    versions: tuple[str, ...] = ()
    live: int | None = None
    expected: int | None = None
    leader: str | None = None
    """"" means that every answering node says there is none."""
    objects: int | None = None
    objects_sign: str = ""
    queue: int | None = None
    queue_sign: str = ""
    collections: int | None = None
    alerts: int | None = None
    age: float | None = None


class Fleet:
    """Looks at every cluster of ``clusters`` from ``start`` until ``rest`` or ``aclose``.

    ``current`` is watched by somebody else and only read. ``news`` says that a ``pull`` may find
    something: whoever shows the rows looks at it now and then, since a dozen clusters that each
    ask for a repaint would get one all the time.
    """

    def __init__(
        self, clusters: Clusters, current: Watched, monotonic: Callable[[], float]
    ) -> None:
        self._clusters = clusters
        self._current = current.profile.name
        self._monotonic = monotonic
        profiles = {current.profile.name: current.profile, **clusters.profiles}
        self._looks = {
            name: _Look(profile, demo=name in clusters.simulated, current=name == self._current)
            for name, profile in profiles.items()
        }
        self.news = True
        self._tasks: list[asyncio.Task[None]] = []
        self._looks[self._current].begin(current, self._changed)

    @property
    def running(self) -> bool:
        """Whether the other clusters are being asked."""
        return bool(self._tasks)

    def start(self) -> None:
        """Ask the other clusters, if they are not being asked."""
        if self._tasks:
            return
        others = [each for each in self._looks.values() if not each.current]
        pace = max(1.0, (len(others) + 1) / _AT_FULL_PACE)
        self._tasks = [
            asyncio.create_task(self._keep(each, pace), name=f"fleet {each.profile.name}")
            for each in others
        ]

    async def rest(self) -> None:
        """Ask no more and close the connections; the rows stay, and get old."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def aclose(self) -> None:
        """End for good."""
        self._looks[self._current].end()
        await self.rest()

    def refresh_now(self) -> None:
        """Ask every cluster at once."""
        for each in self._looks.values():
            if each.watch is not None:
                each.watch.refresh_now()

    async def pull(self) -> None:
        """Take what changed from the watches; what is worked out goes to threads."""
        self.news = False
        for each in self._looks.values():
            await each.pull()

    def rows(self) -> tuple[FleetRow, ...]:
        """Every cluster, in the settings' order; cheap enough for once a second."""
        now = self._monotonic()
        rows = [each.row(now) for each in self._looks.values()]
        rows += [
            FleetRow(name=name, url="", state=UNUSABLE, why=why)
            for name, why in self._clusters.broken.items()
        ]
        return tuple(rows)

    def findings_of(self, name: str) -> tuple[Finding, ...]:
        """What the checks found of a cluster, the worst first."""
        each = self._looks.get(name)
        return each.findings if each is not None else ()

    def _changed(self) -> None:
        self.news = True

    async def _keep(self, each: _Look, pace: float) -> None:
        """One cluster's light watch, for as long as the task lives."""
        watch: Watched | None = None
        try:
            while True:
                try:
                    if watch is None:
                        # It reads from disk what an earlier run has kept.
                        watch = await asyncio.to_thread(
                            self._clusters.look, each.profile, pace=pace
                        )
                        each.begin(watch, self._changed)
                    await watch.run()
                except Exception as error:
                    # Ours, not the server's; the other rows have nothing to do with it.
                    log.exception("the fleet's look at %s failed", each.profile.name)
                    each.fault = f"our own fault: {type(error).__name__}: {error}"
                    self._changed()
                await asyncio.sleep(_RESTART_AFTER_S)
                each.fault = ""
        finally:
            each.end()
            if watch is not None:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_FAREWELL_S):
                        await watch.aclose()


class _Look:
    """What is known of one cluster, worked out again only when it may differ."""

    def __init__(self, profile: Profile, *, demo: bool, current: bool) -> None:
        self.profile = profile
        self.demo = demo
        self.current = current
        self.watch: Watched | None = None
        self.fault = ""
        """Why nobody asks the cluster right now, where that is a fault of ours."""
        self._unreadable = ""
        self.collections: tuple[CollectionStats, ...] = ()
        self.findings: tuple[Finding, ...] = ()
        self._assessed = False
        self._listed = False
        self._bridge: Bridge | None = None
        self._told: object = None
        self._last: FleetRow | None = None
        self._alerts_seen: int | None = None
        self._row: FleetRow | None = None
        self._worked_out_of: object = None
        self._worked_out_at = float("-inf")
        self._pulls = 0

    def begin(self, watch: Watched, changed: Callable[[], None]) -> None:
        """Read this watch from now on."""
        self.watch = watch
        self._told = None
        self._bridge = Bridge(watch, lambda _: changed())

    def end(self) -> None:
        """Read nothing any more."""
        if self._bridge is not None:
            self._bridge.stop()
        self._bridge = self.watch = self._worked_out_of = None

    async def pull(self) -> None:
        """Rows and findings, where they can differ from those of the last time."""
        watch, bridge = self.watch, self._bridge
        if watch is None or bridge is None:
            return
        nodes = watch.cluster()
        told = (nodes.leader, nodes.expected, watch.problems())
        if not bridge.take() and told == self._told:
            return
        self._told = told
        listed = watch.store.get(Kind.SCHEMA).value is not None
        try:
            collections = await watch.rows()
            assessment = await assess(watch, collections)
        except Exception as error:
            # Ours, not the server's; the other rows have nothing to do with it.
            log.exception("the row of %s cannot be worked out", self.profile.name)
            self._pulls += 1
            self._unreadable = f"our own fault: {type(error).__name__}: {error}"
            return
        self._pulls += 1
        if self.watch is watch:
            self._unreadable = ""
            self.collections, self.findings = collections, assessment.findings
            self._listed = listed
            self._assessed = watch.store.get(Kind.VERBOSE).value is not None

    def row(self, loop_time: float) -> FleetRow:
        """What is known now; without anything new, what was known last."""
        watch = self.watch
        if watch is None:
            return self._kept()
        of = (watch, watch.store.seq, self._pulls, self.fault)
        passed = loop_time - self._worked_out_at
        if of != self._worked_out_of or self._row is None or passed >= _AGAIN_AFTER_S:
            self._worked_out_of, self._worked_out_at = of, loop_time
            self._row = self._work_out(watch, loop_time)
        elif self._row.state in (LOST, NO_ACCESS):
            # Its words count seconds.
            return self._work_out(watch, loop_time)
        elif self._row.age is not None:
            return msgspec.structs.replace(self._row, age=self._row.age + passed)
        return self._row

    def _work_out(self, watch: Watched, loop_time: float) -> FleetRow:
        fresh = look(watch, loop_time)
        facts = gather(watch, self.collections, fresh, demo=self.demo, findings=self.findings)
        state, why = self._state(watch, facts)
        if state in (LOST, NO_ACCESS, ASKING) and fresh.age is None and self._last is not None:
            # Another watch looks by now, and this one has not been answered yet.
            return msgspec.structs.replace(self._last, state=state, why=why, old=True)
        queue, queue_sign = _queue(self.collections)
        if self._listed and not self.collections:
            queue = 0
        known = fresh.age is not None or bool(facts.versions)
        counted = self._listed or bool(self.collections)
        row = FleetRow(
            name=self.profile.name,
            url=self.profile.url,
            environment=self.profile.environment,
            colour=self.profile.colour,
            demo=self.demo,
            current=self.current,
            state=state,
            why=why,
            old=fresh.remembered or state in (LOST, NO_ACCESS),
            versions=facts.versions,
            # As in the header: who is there now cannot be said while nobody answers.
            live=facts.live if known and facts.fresh.connected else None,
            expected=facts.expected,
            leader=facts.leader,
            objects=facts.objects if counted else None,
            objects_sign=facts.objects_sign,
            queue=queue,
            queue_sign=queue_sign,
            collections=len(self.collections) if counted else None,
            alerts=self._alerts(state, facts),
            age=fresh.age,
        )
        if fresh.age is not None:
            self._last = row
        return row

    def _alerts(self, state: str, facts: Facts) -> int | None:
        """Of a cluster that does not answer, those of the last time; none seen is not 0."""
        if state not in (LOST, NO_ACCESS):
            seen = facts.alerts if self.findings or self._assessed else None
            self._alerts_seen = seen or (None if state in (ASKING, UNKNOWN) else seen)
        return self._alerts_seen

    def _kept(self) -> FleetRow:
        if self._last is not None:
            return msgspec.structs.replace(self._last, state=ASKING, why=self.fault, old=True)
        return FleetRow(
            name=self.profile.name,
            url=self.profile.url,
            environment=self.profile.environment,
            colour=self.profile.colour,
            demo=self.demo,
            current=self.current,
            why=self.fault,
        )

    def _state(self, watch: Watched, facts: Facts) -> tuple[str, str]:
        """(the state, the worst thing in words)."""
        if self.fault or self._unreadable:
            return UNKNOWN, self.fault or self._unreadable
        problem = _barrier(watch)
        if problem is not None:
            words = f"{problem.what}; {problem.hint}" if problem.hint else problem.what
            return NO_ACCESS, words
        line = facts.fresh.line() or ""
        if not facts.fresh.connected:
            return LOST, line
        if not self.findings and not self._assessed:
            # Something answers there, and none of it is what was asked for.
            silent = facts.fresh.age is None and facts.fresh.trouble is not None
            return UNKNOWN if silent else ASKING, line
        worst = next(iter(self.findings), None)
        if worst is None:
            return OK, line
        return worst.severity.value, f"{worst.code} {worst.message}"


def _barrier(watch: Watched) -> Problem | None:
    """Why nothing may be seen: no key, a wrong one, or no right to anything."""
    found = [watch.store.get(kind).problem for kind in (Kind.NODES, Kind.SCHEMA)]
    closed = [problem for problem in found if problem and problem.kind in _NO_ACCESS]
    return closed[0] if len(closed) == len(found) else None


def _queue(rows: tuple[CollectionStats, ...]) -> tuple[int | None, str]:
    """Vectors that wait to be indexed; ``≥`` where some collections do not say."""
    known = [row.vector_queue for row in rows if row.vector_queue is not None]
    if not known:
        return None, ""
    return sum(known), "≥" if len(known) < len(rows) else ""
