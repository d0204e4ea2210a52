"""The watch over one cluster: pollers in their lanes, and what they know put together.

Owned by a face: the app runs it for ever, a command asks once. ``rows`` and ``cluster`` are
pure views of the store; a hidden screen simply does not call them.
"""

from __future__ import annotations

import asyncio
import bisect
import logging
import time
from collections.abc import Callable, Collection
from pathlib import Path

import msgspec

from elysiadash.cluster.asks import Asks
from elysiadash.cluster.charted import CHARTED_KINDS, frame_of
from elysiadash.cluster.directory import Directory, NodeAddress
from elysiadash.cluster.events.event import Event
from elysiadash.cluster.events.log import EventLog
from elysiadash.cluster.events.observer import LastRun, Observer
from elysiadash.cluster.history import History
from elysiadash.cluster.known import KnownRows
from elysiadash.cluster.lanes import EVERYTHING, FAST, pollers
from elysiadash.cluster.last_seen import LastSeen
from elysiadash.cluster.last_shards import LastShards
from elysiadash.cluster.nodes import view_cluster
from elysiadash.cluster.past import Past
from elysiadash.cluster.poller import Poller
from elysiadash.cluster.recording.moment import Moment
from elysiadash.cluster.recording.recorder import Recorder
from elysiadash.cluster.recording.state import RecordingState
from elysiadash.cluster.remembered import Memory, Remembered
from elysiadash.cluster.series import Series
from elysiadash.cluster.slices import Kind, Problem
from elysiadash.cluster.stats import CollectionStats
from elysiadash.cluster.store import Store
from elysiadash.cluster.view import ClusterView
from elysiadash.weaviate.budget import OwnLoad
from elysiadash.weaviate.client import Client
from elysiadash.weaviate.models import Tenant

log = logging.getLogger(__name__)

_SAVE_EVERY_S = 30.0
_PACES = (1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0)
"""Seconds between two polls of the fast lane that one can step through."""
_LEAST_S = {True: 1.0, False: 5.0}
"""Seconds, at least, between two polls: of the fast lane, and of the others."""


class Watch:
    """Everything known of one cluster, kept fresh.

    ``recorder`` keeps the past while the watch is run; ``recording`` is where it is read from,
    whoever writes it.
    """

    def __init__(
        self,
        client: Client,
        memory: Memory,
        clock: Callable[[], float] = time.time,
        *,
        recorder: Recorder | None = None,
        recording: Path | None = None,
    ) -> None:
        self.client = client
        self.profile = client.profile
        self.store = Store(clock)
        self.last_shards = LastShards(self.store)
        self.history = History(self.profile.limits.history_points)
        self._memory = memory
        self._remembered = memory.load()
        self._last_seen = LastSeen(self._remembered.cluster)
        directory = Directory(self.profile, self._remembered.learned)
        self.asks = Asks(client, self.store, directory, self._remembered.expected)
        self.pollers: dict[Kind, Poller] = pollers(self.asks, self.store, self.profile)
        self.asks.nodes_changed = self._look_again
        self.asks.contact_changed = self._ask_elsewhere
        self._usual = {kind: poller.schedule.interval for kind, poller in self.pollers.items()}
        self._pace = 1.0
        self.events = EventLog()
        self.observer = Observer(self.store, self.events, self.cluster, _last_run(self._remembered))
        self.replay: None = None
        self.recorder = recorder
        self.past = Past(
            self.history,
            self.events,
            lambda: recorder.path if recorder is not None else recording,
            clock,
            self.asks.prometheus,
            None if recorder is None else recorder.found_damage,
        )
        self._rows = KnownRows(self.store, self.asks, self.cluster)
        self._charted: dict[Kind, int] = {}
        """Source of charts -> ``seq`` of the answer or failure that their last point is of."""
        self._saved_at = 0.0

    async def run(self) -> None:
        """Poll in all lanes until cancelled; the state is saved on the way and at the end."""
        stop = _nothing
        try:
            async with asyncio.TaskGroup() as group:
                for poller in self.pollers.values():
                    group.create_task(self._run_in_turn(poller))
                group.create_task(self.observer.run())
                group.create_task(self._keep())
                if self.recorder is not None:
                    stop = self.events.listen(self.recorder.keep_events)
                    group.create_task(self.recorder.run(self._moment))
        finally:
            stop()
            await self._save()

    @property
    def recording(self) -> RecordingState | None:
        """Who keeps the past of this cluster; None: nobody here is meant to."""
        if self.recorder is None:
            return None
        return msgspec.structs.replace(self.recorder.state, unread=self.past.problem)

    async def once(
        self, kinds: Collection[Kind] = EVERYTHING, *, limit: float | None = None
    ) -> None:
        """Ask each question once, side by side where they do not need one another.

        Returns after ``limit`` seconds at the latest; what has not answered then is noted as a
        problem. Never raises for a server.
        """
        kinds = self.pollers.keys() & kinds
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

    def _ask_elsewhere(self) -> None:
        """What was sent to the address that nobody answers at need not be waited for."""
        for kind, poller in self.pollers.items():
            if kind not in (Kind.READY, Kind.METRICS):
                poller.ask_elsewhere()

    def own_load(self) -> OwnLoad:
        """What we cost the cluster."""
        return self.client.transport.budget.load()

    def cluster(self) -> ClusterView:
        """The nodes right now; cheap. Before the first answer, the remembered ones."""
        if self.store.seq == 0 and self._remembered.cluster is not None:
            return self._remembered.cluster
        now = view_cluster(self.store, self.addresses(), self.asks.remembered)
        view = self._last_seen.fill(now)
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
        return await self._rows.now() if self._has_live_rows() else self._remembered.rows

    def rows_at(self) -> float | None:
        """Wall-clock seconds of the oldest data the rows' counts rest on."""
        if not self._has_live_rows():
            return self._remembered.rows_at
        times = [self.store.get(kind).fetched_at for kind in (Kind.SCHEMA, Kind.VERBOSE)]
        return min((at for at in times if at is not None), default=None)

    async def series(self, metric: str, collection: str, seconds: float, steps: int) -> Series:
        """One number of a collection over the last ``seconds``, in ``steps`` even steps."""
        return await self.past.series(metric, collection, seconds, steps)

    async def past_events(
        self, since: float | None = None, until: float | None = None, limit: int = 1000
    ) -> tuple[Event, ...]:
        """What changed, newest first: of the recording and of this session; wall-clock seconds."""
        return await self.past.events(since, until, limit)

    async def tenants(self, collection: str) -> tuple[Tenant, ...]:
        """Every tenant of a collection, by name: one question to the leader, whole.

        The route has no paging on any version and its order is random, so the answer is sorted
        in the decoding thread. Raises ``WeaviateError``.
        """
        return await self.client.tenants(collection, then=_by_name)

    def problems(self) -> tuple[tuple[Kind, str, Problem], ...]:
        """Every question that has no fresh answer now: (kind, of, problem)."""
        return self.store.problems()

    def missing_nodes(self) -> tuple[str, ...]:
        """Expected nodes that do not take part now."""
        return self.cluster().missing

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
            await self.store.until(lambda: self.store.is_settled(*_FIRST))
        await poller.run()

    async def _keep(self) -> None:
        """Adds points to the charts, and saves now and then."""
        await self._seed()
        while True:
            await asyncio.sleep(self.profile.intervals.fast)
            await self._chart_news()
            if time.monotonic() - self._saved_at > _SAVE_EVERY_S:
                await self._save()

    async def _chart_news(self) -> None:
        """Adds a point to the charts whose source has answered anew, a gap where it has begun to
        fail, and nothing to the others."""
        told = {kind: seq for kind in CHARTED_KINDS if (seq := self._news(kind, failed=False))}
        failed = {kind: seq for kind in CHARTED_KINDS if (seq := self._news(kind, failed=True))}
        if not (told or failed) or not self._has_live_rows():
            return
        for kind in told.keys() | failed.keys():
            self._charted[kind] = max(told.get(kind, 0), failed.get(kind, 0))
        frame = await asyncio.to_thread(frame_of, await self.rows(), told.keys(), failed.keys())
        at = self.store.clock()
        await asyncio.to_thread(self.history.append, at, frame)
        if self.recorder is not None:
            self.recorder.keep_points(at, frame)

    async def _seed(self) -> None:
        try:
            await self.past.seed()
        except Exception:
            # A file may hold anything; the charts then begin now, and the watching goes on.
            log.exception("the last minutes cannot be had from the recording")

    async def _moment(self) -> Moment | None:
        """What is on the screens now, for the recording."""
        if self.store.seq == 0:
            return None
        return Moment(
            at=self.store.clock(),
            slices=self.store.slices(),
            rows=await self.rows() if self._has_live_rows() else (),
            cluster=self.cluster(),
            load=self.own_load(),
        )

    def _answered(self, kind: Kind) -> bool:
        found = self.store.get(kind)
        return found.value is not None and found.problem is None

    def _news(self, kind: Kind, *, failed: bool) -> int:
        """``seq`` of the newest answer that nothing has gone wrong since, or of the newest
        beginning of a failure; 0 where the charts know it."""
        pieces = self.store.all(kind).values()
        seqs = (piece.seq for piece in pieces if (piece.problem is not None) is failed)
        newest = max(seqs, default=0)
        return newest if newest > self._charted.get(kind, 0) else 0

    async def _save(self) -> None:
        self._saved_at = time.monotonic()
        if self.store.get(Kind.NODES).value is None:
            return
        whole = all(self._answered(kind) for kind in (Kind.SCHEMA, Kind.VERBOSE))
        # What was not answered must not make the next start poorer.
        old = self._remembered
        state = Remembered(
            saved_at=self.store.clock(),
            expected=self.asks.remembered,
            learned=dict(self.asks.directory.learned),
            cluster=self.cluster(),
            rows=await self.rows() if whole else old.rows,
            rows_at=self.rows_at() if whole else old.rows_at,
        )
        self._remembered = state
        await asyncio.to_thread(self._memory.save, state)


_FIRST = (Kind.NODES, Kind.SCHEMA, Kind.CAPABILITIES)
_LATER = frozenset({"tenants", "verbose", "operations", "tasks", "backups", "metrics"})


def _nothing() -> None:
    """Stops what was not begun."""


def _last_run(remembered: Remembered) -> LastRun:
    return LastRun(
        cluster=remembered.cluster,
        cluster_at=remembered.saved_at,
        collections=frozenset(row.collection for row in remembered.rows),
        collections_at=remembered.rows_at,
    )


def _by_name(tenants: tuple[Tenant, ...]) -> tuple[Tenant, ...]:
    return tuple(sorted(tenants, key=lambda tenant: tenant.name))
