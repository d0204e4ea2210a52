"""The watch over one cluster: pollers in their lanes, and what they know put together.

Owned by a face: the app runs it for ever, a command asks once. ``rows`` and ``cluster`` are
pure views of the store; a hidden screen simply does not call them.
"""

from __future__ import annotations

import asyncio
import bisect
import time
from collections.abc import Callable, Collection
from typing import Any

import msgspec

from elysiadash.cluster.asks import Asks
from elysiadash.cluster.directory import Directory, NodeAddress
from elysiadash.cluster.events.event import Event
from elysiadash.cluster.events.log import EventLog
from elysiadash.cluster.events.observer import LastRun, Observer
from elysiadash.cluster.history import History
from elysiadash.cluster.nodes import view_cluster
from elysiadash.cluster.poller import Poller, Schedule
from elysiadash.cluster.recording.state import RecordingState
from elysiadash.cluster.remembered import Memory, Remembered
from elysiadash.cluster.rows import Known, collection_rows
from elysiadash.cluster.series import Series, in_steps
from elysiadash.cluster.slices import Kind, Problem
from elysiadash.cluster.stats import CollectionStats
from elysiadash.cluster.store import Store
from elysiadash.cluster.traffic import Traffic
from elysiadash.cluster.view import LIVE_STATES, ClusterView
from elysiadash.weaviate.budget import OwnLoad
from elysiadash.weaviate.client import Client
from elysiadash.weaviate.models import Tenant

_SAVE_EVERY_S = 30.0
_PACES = (1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0)
"""Seconds between two polls of the fast lane that one can step through."""
_LEAST_S = {True: 1.0, False: 5.0}
"""Seconds, at least, between two polls: of the fast lane, and of the others."""
_CHARTED = (
    "objects",
    "objects_per_s",
    "queries_per_s",
    "query_ms_p50",
    "query_ms_p95",
    "imports_per_s",
    "vector_queue",
)

FAST = frozenset({Kind.READY, Kind.NODES, Kind.STATISTICS})
SLOW = frozenset(
    {
        Kind.CAPABILITIES,
        Kind.SCHEMA,
        Kind.ALIASES,
        Kind.VERBOSE,
        Kind.TENANTS,
        Kind.OPERATIONS,
        Kind.TASKS,
        Kind.BACKUPS,
    }
)
METRICS = frozenset({Kind.METRICS})
EVERYTHING = FAST | SLOW | METRICS


class Watch:
    """Everything known of one cluster, kept fresh."""

    def __init__(
        self, client: Client, memory: Memory, clock: Callable[[], float] = time.time
    ) -> None:
        self.client = client
        self.profile = client.profile
        self.store = Store(clock)
        self.history = History(self.profile.limits.history_points)
        self._memory = memory
        self._remembered = memory.load()
        directory = Directory(self.profile, self._remembered.learned)
        self.asks = Asks(client, self.store, directory, self._remembered.expected)
        self.pollers: dict[Kind, Poller] = _pollers(self.asks, self.store, self.profile)
        self.asks.nodes_changed = self._look_again
        self._usual = {kind: poller.schedule.interval for kind, poller in self.pollers.items()}
        self._pace = 1.0
        self.events = EventLog()
        self.observer = Observer(self.store, self.events, self.cluster, _last_run(self._remembered))
        self.recording: RecordingState | None = None
        self.replay: None = None
        self._rows: tuple[int, tuple[CollectionStats, ...]] | None = None
        self._saved_at = 0.0

    async def run(self) -> None:
        """Poll in all lanes until cancelled; the state is saved on the way and at the end."""
        try:
            async with asyncio.TaskGroup() as group:
                for poller in self.pollers.values():
                    group.create_task(self._run_in_turn(poller))
                group.create_task(self.observer.run())
                group.create_task(self._keep())
        finally:
            await self._save()

    async def once(
        self, kinds: Collection[Kind] = EVERYTHING, *, limit: float | None = None
    ) -> None:
        """Ask each question once, side by side where they do not need one another.

        Returns after ``limit`` seconds at the latest; what has not answered then is noted as a
        problem. Never raises for a server.
        """
        try:
            async with asyncio.timeout(limit):
                await self._once(frozenset(kinds))
        except TimeoutError:
            for kind in kinds:
                if not self.store.all(kind):
                    self.store.fail(kind, Problem("no answer", f"no answer within {limit:g} s"))
        await self._save()

    async def aclose(self) -> None:
        """Close the connections."""
        if self.asks.prometheus is not None:
            await self.asks.prometheus.aclose()
        await self.client.aclose()

    def refresh_now(self) -> None:
        """Ask everything at once instead of at the end of each wait."""
        for poller in self.pollers.values():
            poller.refresh_now()

    def change_pace(self, step: int) -> float:
        """Ask more often (-1) or less often (1); returns the seconds of the fast lane now.

        A lane never goes below the least interval that the settings allow.
        """
        fast = self.profile.intervals.fast
        at = bisect.bisect_left(_PACES, fast * self._pace) + step
        wanted = _PACES[max(0, min(len(_PACES) - 1, at))]
        self._pace = wanted / fast
        for kind, poller in self.pollers.items():
            interval = max(_LEAST_S[kind in FAST], self._usual[kind] * self._pace)
            poller.schedule = msgspec.structs.replace(poller.schedule, interval=interval)
        self.refresh_now()
        return wanted

    def _look_again(self) -> None:
        """A node changed: what the other lanes know of the cluster is of before that."""
        for kind, poller in self.pollers.items():
            if kind not in (Kind.READY, Kind.BACKUPS):
                poller.refresh_now()

    def own_load(self) -> OwnLoad:
        """What we cost the cluster."""
        return self.client.transport.budget.load()

    def cluster(self) -> ClusterView:
        """The nodes right now; cheap. Before the first answer, the remembered ones."""
        if self.store.seq == 0 and self._remembered.cluster is not None:
            return self._remembered.cluster
        view = view_cluster(self.store, self.addresses(), self.asks.remembered)
        contact = self.client.transport.contact
        if contact == self.profile.url:
            return view
        return msgspec.structs.replace(view, contact=contact)

    def addresses(self) -> tuple[NodeAddress, ...]:
        """Every address asked directly, with its node where known."""
        return self.asks.addresses()

    async def rows(self) -> tuple[CollectionStats, ...]:
        """The statistics of every collection, built in a thread and kept until data changes.

        Before the first answer, the rows of the last run (``rows_at`` has their time).
        """
        seq = self.store.seq
        if self._rows is not None and self._rows[0] == seq:
            return self._rows[1]
        if not self._has_live_rows():
            return self._remembered.rows
        rows = await asyncio.to_thread(_build_rows, self._known(), self.asks.traffic)
        self._rows = (seq, rows)
        return rows

    def rows_at(self) -> float | None:
        """Wall-clock seconds of the oldest data the rows' counts rest on."""
        if not self._has_live_rows():
            return self._remembered.rows_at
        times = [self.store.get(kind).fetched_at for kind in (Kind.SCHEMA, Kind.VERBOSE)]
        return min((at for at in times if at is not None), default=None)

    async def series(self, metric: str, collection: str, seconds: float, steps: int) -> Series:
        """One number of a collection over the last ``seconds``, in ``steps`` even steps."""
        now = self.store.clock()
        points = self.history.points(metric, collection)
        values = in_steps(points, now, seconds, steps)
        return Series(start=now - seconds, end=now, values=values, source="this session")

    async def past_events(
        self, since: float | None = None, until: float | None = None, limit: int = 1000
    ) -> tuple[Event, ...]:
        """What changed in this session, newest first; times are wall-clock seconds."""
        found = self.events.newest(since=since)
        return tuple(event for event in found if until is None or event.at <= until)[:limit]

    async def tenants(self, collection: str) -> tuple[Tenant, ...]:
        """Every tenant of a collection, by name: one question to the leader, whole.

        The route has no paging on any version and its order is random, so the answer is sorted
        in the decoding thread. Raises ``WeaviateError``.
        """
        return await self.client.tenants(collection, then=_by_name)

    def problems(self) -> tuple[tuple[Kind, str, Problem], ...]:
        """Every question that has no fresh answer now: (kind, of, problem)."""
        found = [
            (kind, of, piece.problem)
            for kind in Kind
            for of, piece in self.store.all(kind).items()
            if piece.problem is not None
        ]
        return tuple(found)

    def missing_nodes(self) -> tuple[str, ...]:
        """Expected nodes that do not take part now."""
        return tuple(
            node.node
            for node in self.cluster().nodes
            if node.expected and node.status not in LIVE_STATES
        )

    def _known(self) -> Known:
        store = self.store
        schema = store.get(Kind.SCHEMA).value
        aliases: dict[str, list[str]] = {}
        for alias in store.get(Kind.ALIASES).value or ():
            aliases.setdefault(alias.collection, []).append(alias.alias)
        missing = self.missing_nodes()
        metrics = self._usable_metrics()
        known = Known(
            definitions=tuple(schema.classes or ()) if schema else None,
            report=store.get(Kind.VERBOSE).value,
            tenants=_values(store, Kind.TENANTS),
            aliases={name: tuple(sorted(found)) for name, found in aliases.items()},
            metrics=tuple(metrics.values()),
            metrics_at=frozenset(metrics),
            growth=self.asks.growth,
            counts=self._fresh_counts(),
            missing_nodes=missing,
            live_nodes=self.cluster().live,
            why=self._why(),
        )
        return known if self.asks.prometheus is None else self.asks.prometheus.known(known)

    def _usable_metrics(self) -> dict[str, Any]:
        """Address -> metrics of the nodes that answered last time.

        A node that failed is left out, so that half a sum does not look whole; when all of them
        failed the last values stay, as old as they are.
        """
        slices = self.store.all(Kind.METRICS)
        away = set(self.missing_nodes())
        known = self.store.get(Kind.NODES).problem is None
        gone = {entry.metrics for entry in self.addresses() if known and entry.node in away}
        held = {at: piece for at, piece in slices.items() if piece.value and at not in gone}
        fresh = {at: piece for at, piece in held.items() if piece.problem is None}
        return {at: piece.value for at, piece in (fresh or held).items()}

    def _fresh_counts(self) -> dict[str, int]:
        """Exact counts, until the shards were listed again: exact is exact at its moment only."""
        listed_at = self.store.get(Kind.VERBOSE).fetched_at or 0.0
        return {
            name: piece.value
            for name, piece in self.store.all(Kind.COUNT).items()
            if piece.value is not None and (piece.fetched_at or 0.0) >= listed_at
        }

    def _why(self) -> dict[str, str]:
        """Why a part is not known, in the words of its problem."""
        parts = {"shards": Kind.VERBOSE, "tenants": Kind.TENANTS, "metrics": Kind.METRICS}
        words: dict[str, str] = {}
        for part, kind in parts.items():
            problems = [p.problem.what for p in self.store.all(kind).values() if p.problem]
            if problems:
                words[part] = problems[0]
        scraped = any(entry.metrics for entry in self.addresses())
        if not scraped and self.asks.prometheus is None:
            words.pop("metrics", None)
        return words

    def _has_live_rows(self) -> bool:
        return (
            self.store.get(Kind.SCHEMA).value is not None
            or self.store.get(Kind.VERBOSE).value is not None
        )

    async def _once(self, kinds: frozenset[Kind]) -> None:
        # Who there is comes first: addresses, features and tenants hang on it.
        first = (kinds & (FAST | {Kind.CAPABILITIES, Kind.SCHEMA})) - {Kind.READY}
        probing = asyncio.create_task(self.pollers[Kind.READY].once())
        asking = asyncio.gather(*(self.pollers[kind].once() for kind in first))
        try:
            await probing
            if self.client.transport.contact != self.profile.url:
                asking.cancel()
                asking = asyncio.gather(*(self.pollers[kind].once() for kind in first))
            await asking
        finally:
            probing.cancel()
            asking.cancel()
        if Kind.READY in kinds and self.profile.nodes.template:
            await self.pollers[Kind.READY].once()
        rest = kinds - first - {Kind.READY}
        await asyncio.gather(*(self.pollers[kind].once() for kind in rest))

    async def _run_in_turn(self, poller: Poller) -> None:
        """Features, tenants and addresses are known only after the first answers."""
        if poller.name in _LATER:
            await self._first_answers()
        await poller.run()

    async def _first_answers(self) -> None:
        needed = (Kind.NODES, Kind.SCHEMA, Kind.CAPABILITIES)
        changed = asyncio.Event()
        stop = self.store.listen(lambda _: changed.set())
        try:
            while not all(self._settled(kind) for kind in needed):
                await changed.wait()
                changed.clear()
        finally:
            stop()

    def _settled(self, kind: Kind) -> bool:
        found = self.store.get(kind)
        return found.value is not None or found.problem is not None

    async def _keep(self) -> None:
        """Adds a point to the charts each slow interval and saves now and then."""
        seen = -1
        while True:
            await asyncio.sleep(self.profile.intervals.fast)
            report_seq = self.store.get(Kind.VERBOSE).seq + self._metrics_seq()
            if report_seq != seen and self._has_live_rows():
                seen = report_seq
                rows = await self.rows()
                frame = await asyncio.to_thread(_frame, rows)
                await asyncio.to_thread(self.history.append, self.store.clock(), frame)
            if time.monotonic() - self._saved_at > _SAVE_EVERY_S:
                await self._save()

    def _answered(self, kind: Kind) -> bool:
        found = self.store.get(kind)
        return found.value is not None and found.problem is None

    def _metrics_seq(self) -> int:
        return max((piece.seq for piece in self.store.all(Kind.METRICS).values()), default=0)

    async def _save(self) -> None:
        self._saved_at = time.monotonic()
        if self.store.get(Kind.NODES).value is None:
            return
        whole = all(self._answered(kind) for kind in (Kind.SCHEMA, Kind.VERBOSE))
        # A command that asked for less must not make the next start poorer.
        old = self._memory.load() if not whole else self._remembered
        state = Remembered(
            saved_at=self.store.clock(),
            expected=self.asks.remembered,
            learned=dict(self.asks.directory.learned),
            cluster=self.cluster(),
            rows=await self.rows() if whole else old.rows,
            rows_at=self.rows_at() if whole else old.rows_at,
        )
        await asyncio.to_thread(self._memory.save, state)


_SINGLE = frozenset(
    {
        Kind.NODES,
        Kind.STATISTICS,
        Kind.SCHEMA,
        Kind.ALIASES,
        Kind.VERBOSE,
        Kind.OPERATIONS,
        Kind.TASKS,
        Kind.CAPABILITIES,
    }
)
"""Kinds with one slice only."""

_LATER = frozenset({"tenants", "verbose", "operations", "tasks", "backups", "metrics"})


def _pollers(asks: Asks, store: Store, profile: Any) -> dict[Kind, Poller]:
    intervals, limits = profile.intervals, profile.limits
    backoff = {
        "backoff_first": limits.backoff_first_s,
        "backoff_max": limits.backoff_max_s,
        "refused": 10 * limits.backoff_max_s,
    }
    park = profile.timeouts.park
    # A refused connection costs nothing, and seeing a node come back soon is worth it.
    probes = Schedule(interval=intervals.fast, **{**backoff, "backoff_max": intervals.fast})
    fan_out = Schedule(interval=intervals.fast, park=park, **backoff)
    slow = Schedule(interval=intervals.slow, cost_factor=intervals.slow_cost_factor, **backoff)
    verbose = Schedule(
        interval=intervals.slow, cost_factor=intervals.slow_cost_factor, park=park, **backoff
    )
    metrics = Schedule(
        interval=intervals.metrics, cost_factor=intervals.metrics_cost_factor, **backoff
    )
    backups = Schedule(interval=intervals.backups, **backoff)
    plan: tuple[tuple[Kind, Any, Schedule], ...] = (
        (Kind.READY, asks.ready, probes),
        (Kind.NODES, asks.nodes, fan_out),
        (Kind.STATISTICS, asks.statistics, fan_out),
        (Kind.CAPABILITIES, asks.capabilities, slow),
        (Kind.SCHEMA, asks.schema, slow),
        (Kind.ALIASES, asks.aliases, slow),
        (Kind.VERBOSE, asks.verbose, verbose),
        (Kind.TENANTS, asks.tenants, slow),
        (Kind.OPERATIONS, asks.operations, slow),
        (Kind.TASKS, asks.tasks, slow),
        (Kind.BACKUPS, asks.backups, backups),
        (Kind.METRICS, asks.metrics, metrics),
    )
    return {
        kind: Poller(
            kind.value,
            ask,
            _noting(store, kind),
            schedule,
            held=asks.verbose_held if kind is Kind.VERBOSE else lambda: None,
        )
        for kind, ask, schedule in plan
    }


def _noting(store: Store, kind: Kind) -> Callable[[Problem], None]:
    def note(problem: Problem) -> None:
        # Kinds with many slices have noted a failure of their own on each of them.
        noted = {piece.problem for piece in store.all(kind).values()}
        if kind in _SINGLE or problem not in noted:
            store.fail(kind, problem)

    return note


def _last_run(remembered: Remembered) -> LastRun:
    return LastRun(
        cluster=remembered.cluster,
        cluster_at=remembered.saved_at,
        collections=frozenset(row.collection for row in remembered.rows),
        collections_at=remembered.rows_at,
    )


def _build_rows(known: Known, traffic: Traffic) -> tuple[CollectionStats, ...]:
    """For a thread: thousands of collections take longer than the event loop may be held."""
    if known.through is not None:
        return collection_rows(known)
    rates = traffic.by_collection(known.metrics_at)
    return collection_rows(
        msgspec.structs.replace(known, traffic=rates, two_readings=traffic.ready())
    )


def _by_name(tenants: tuple[Tenant, ...]) -> tuple[Tenant, ...]:
    return tuple(sorted(tenants, key=lambda tenant: tenant.name))


def _values(store: Store, kind: Kind) -> dict[str, Any]:
    return {of: piece.value for of, piece in store.all(kind).items() if piece.value is not None}


def _frame(rows: tuple[CollectionStats, ...]) -> dict[str, dict[str, float | None]]:
    return {field: {row.collection: getattr(row, field) for row in rows} for field in _CHARTED}
