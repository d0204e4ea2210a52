"""A watch that stands still: fixed slices, fixed rows, a clock that is moved by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import msgspec

from elysiadash.cluster.events.event import Event
from elysiadash.cluster.events.log import EventLog
from elysiadash.cluster.history import History
from elysiadash.cluster.last_shards import LastShards
from elysiadash.cluster.recording.state import RecordingState
from elysiadash.cluster.rows import TenantCounts
from elysiadash.cluster.series import Series, in_steps
from elysiadash.cluster.shards import report_shards
from elysiadash.cluster.slices import Kind, Problem
from elysiadash.cluster.stats import APPROXIMATE, PARTIAL, CollectionStats
from elysiadash.cluster.store import Store
from elysiadash.cluster.view import HEALTHY, MISSING, ClusterView, NodeView
from elysiadash.config.profile import Profile
from elysiadash.tui.source import Replaying
from elysiadash.weaviate.budget import OwnLoad
from elysiadash.weaviate.errors import WeaviateError
from elysiadash.weaviate.models import (
    Alias,
    CollectionDefinition,
    MultiTenancy,
    Node,
    Nodes,
    Readiness,
    Replication,
    Schema,
    Sharding,
    ShardReplica,
    Tenant,
)

START = 1_790_000_000.0
NODES = ("weaviate-0", "weaviate-1", "weaviate-2")
NO_METRICS = "no metrics: set metrics in the profile; needs PROMETHEUS_MONITORING_ENABLED=true"


class Clock:
    """Wall and monotonic seconds at once; moves only when told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


class Pace(msgspec.Struct):
    """How often a question is asked."""

    interval: float = 15.0
    cost_factor: float = 0.0


class StillPoller(msgspec.Struct):
    """The state of a poller that asks nothing."""

    schedule: Pace
    last_seconds: float | None = 0.02
    next_at: float | None = None
    asked_at: float | None = None


class StillWatch:
    """What the app needs of a watch, without a cluster."""

    def __init__(
        self,
        rows: Iterable[CollectionStats] = (),
        *,
        profile: Profile | None = None,
        clock: Clock | None = None,
        view: ClusterView | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self.profile = profile or Profile(
            name="prod-eu", url="http://weaviate.example:8080", environment="prod", colour="#b02a37"
        )
        self.store = Store(self.clock)
        self.last_shards = LastShards(self.store)
        self.history = History(720)
        self.events = EventLog()
        self.recording: RecordingState | None = None
        self.replay: Replaying | None = None
        self.pollers = {
            kind: StillPoller(Pace(5.0 if kind is Kind.NODES else 15.0)) for kind in Kind
        }
        self.own = OwnLoad(76, 38.0, 1)
        self.view = view or three_nodes()
        self.remembered_rows: tuple[CollectionStats, ...] = ()
        self.remembered_at: float | None = None
        self.refreshes = 0
        self.pace = 5.0
        self.closed = False
        self.tenants_of: dict[str, tuple[Tenant, ...]] = {}
        self.tenants_refused: WeaviateError | None = None
        self.tenant_questions = 0
        self._rows = tuple(rows)

    async def run(self) -> None:
        """Nothing happens by itself."""
        await asyncio.Event().wait()

    async def aclose(self) -> None:
        """Noted, for tests."""
        self.closed = True

    def change_pace(self, step: int) -> float:
        """Remembered, for tests."""
        self.pace = max(1.0, self.pace * 2**step)
        return self.pace

    def refresh_now(self) -> None:
        """Counted, for tests."""
        self.refreshes += 1

    def cluster(self) -> ClusterView:
        """The nodes."""
        return self.view

    def own_load(self) -> OwnLoad:
        """Fixed."""
        return self.own

    async def rows(self) -> tuple[CollectionStats, ...]:
        """The rows given, once something was answered."""
        return self._rows if self._is_live() else self.remembered_rows

    async def series(self, metric: str, collection: str, seconds: float, steps: int) -> Series:
        """From the history given."""
        now = self.clock()
        values = in_steps(self.history.points(metric, collection), now, seconds, steps)
        return Series(start=now - seconds, end=now, values=values, source="this session")

    async def past_events(
        self, since: float | None = None, until: float | None = None, limit: int = 1000
    ) -> tuple[Event, ...]:
        """The events of the log."""
        found = self.events.newest(since=since)
        return tuple(event for event in found if until is None or event.at <= until)[:limit]

    async def tenants(self, collection: str) -> tuple[Tenant, ...]:
        """The tenants given; ``tenants_refused`` is raised where that is set."""
        self.tenant_questions += 1
        if self.tenants_refused is not None:
            raise self.tenants_refused
        return self.tenants_of.get(collection, ())

    def rows_at(self) -> float | None:
        """When the rows' slices were put."""
        if not self._is_live():
            return self.remembered_at
        times = [self.store.get(kind).fetched_at for kind in (Kind.SCHEMA, Kind.VERBOSE)]
        return min((at for at in times if at is not None), default=None)

    def problems(self) -> tuple[tuple[Kind, str, Problem], ...]:
        """Every slice's problem."""
        return tuple(
            (kind, of, piece.problem)
            for kind in Kind
            for of, piece in self.store.all(kind).items()
            if piece.problem is not None
        )

    def give(self, rows: Iterable[CollectionStats]) -> None:
        """Other rows, and the notice that something changed."""
        self._rows = tuple(rows)
        self.answer()

    def answer(self, report: Any = None) -> None:
        """Everything was answered now."""
        now = self.clock.now
        self.store.put(Kind.NODES, Nodes(), asked_at=now)
        ready = Readiness(ready=True, status=200, seconds=0.002)
        self.store.put(Kind.READY, ready, of=self.profile.url, asked_at=now)
        self.store.put(Kind.SCHEMA, schema_of(self._rows), asked_at=now)
        self.store.put(Kind.VERBOSE, report or report_shards(Nodes()), asked_at=now)
        self.store.put(Kind.ALIASES, (Alias("Docs", "Documents"),), asked_at=now)
        for row in self._rows:
            if row.tenants_by_state is not None:
                counts = TenantCounts(row.tenants_by_state)
                self.store.put(Kind.TENANTS, counts, of=row.collection, asked_at=now)

    def lose(self, problem: Problem, kinds: Iterable[Kind] = ()) -> None:
        """These questions (all, when none is named) fail from now on."""
        for kind in kinds or (Kind.NODES, Kind.SCHEMA, Kind.VERBOSE):
            self.store.fail(kind, problem)

    def _is_live(self) -> bool:
        return self.store.get(Kind.SCHEMA).value is not None


def three_nodes(*, missing: str | None = None) -> ClusterView:
    """Three nodes, the first leading; one may be missing."""
    views = tuple(
        NodeView(
            node=name,
            status=MISSING if name == missing else HEALTHY,
            version="1.38.11",
            leader=name == NODES[0],
            seen_at=START,
        )
        for name in NODES
    )
    return ClusterView(
        nodes=views,
        expected=3,
        live=3 - (missing is not None),
        leader=NODES[0],
        versions=("1.38.11",),
        probed=3,
        asked_at=START,
    )


def schema_of(rows: Iterable[CollectionStats]) -> Schema:
    """A schema that has these collections."""
    return Schema(
        classes=[
            CollectionDefinition(
                name=row.collection,
                replication_config=Replication(factor=row.replication_factor or 1),
                multi_tenancy_config=MultiTenancy(enabled=row.multi_tenant),
                sharding_config=Sharding(actual_count=row.shards or 1),
            )
            for row in rows
        ]
    )


def lost() -> Problem:
    """What a dead server looks like."""
    return Problem(
        "unreachable",
        "no connection: Connection refused",
        "GET http://weaviate.example:8080/v1/nodes",
        "check that the server runs and that the address is right",
    )


def five_rows() -> tuple[CollectionStats, ...]:
    """A small cluster with something of everything."""
    return (
        _row(
            "Documents",
            objects=120_403_112,
            aliases=("Docs",),
            objects_per_s=812.4,
            queries_per_s=212.0,
            query_ms_p50=4.12,
            query_ms_p95=18.3,
            imports_per_s=812.0,
            lsm_bytes=212_400_000_000,
            segments=14,
            segments_min=9,
            tombstones=240_000,
            tombstone_ratio=0.002,
            compression="rq-8",
        ),
        _row(
            "Chunks",
            objects=98_114_007,
            objects_per_s=0.0,
            queries_per_s=80.0,
            query_ms_p50=6.0,
            query_ms_p95=41.0,
            imports_per_s=0.0,
            vector_queue=12_804,
            lsm_bytes=410_000_000_000,
            segments=22,
            segments_min=22,
            tombstone_ratio=0.31,
            compression="none",
        ),
        _row(
            "Customers",
            multi_tenant=True,
            objects=812_004,
            objects_are=PARTIAL,
            shards_answered=640,
            shards=1_204,
            tenants=4_000,
            tenants_by_state={"HOT": 1_204, "COLD": 2_796},
            objects_per_s=-12.25,
            queries_per_s=3.0,
            query_ms_p50=10.0,
            query_ms_p95=10.0,
            query_ms_p50_below=True,
            query_ms_p95_below=True,
            imports_per_s=0.4,
            lsm_bytes=18_000_000_000,
        ),
        _row(
            "Events",
            objects=None,
            objects_are="unknown",
            replication_factor=1,
            shards_answered=0,
            shards=6,
            missing_nodes=("weaviate-2",),
            not_exposed={
                "objects": "none of its shards answered",
                "queries_per_s": NO_METRICS,
                "query_ms_p50": NO_METRICS,
                "query_ms_p95": NO_METRICS,
                "imports_per_s": NO_METRICS,
                "lsm_bytes": NO_METRICS,
                "tenants": "not a multi-tenant collection",
            },
        ),
        _row("Glossary", objects=1_204, objects_are="exact", shards_answered=1, shards=1),
    )


def _row(name: str, **fields: Any) -> CollectionStats:
    given: dict[str, Any] = {
        "collection": name,
        "objects_are": APPROXIMATE,
        "shards_answered": 12,
        "shards": 12,
        "replicas": 36,
        "replication_factor": 3,
        "vector_queue": 0,
        "vector_index": "hnsw",
        "unloaded_replicas": 0,
        "readonly_replicas": 0,
        "replica_gap": 0,
        "not_exposed": {"tenants": "not a multi-tenant collection"},
    }
    return CollectionStats(**{**given, **fields})


def still_cluster(clock: Clock | None = None) -> StillWatch:
    """Five collections on three nodes, with ten minutes of history, answered just now."""
    watch = StillWatch(five_rows(), clock=clock)
    for step in range(40):
        at = START - 600 + 15 * (step + 1)
        growth = {"Documents": 20.0 * step, "Chunks": 0.0, "Customers": 5.0 if step < 20 else None}
        latency = {"Documents": 10.0 + step % 7}
        watch.history.append(at, {"objects_per_s": growth, "query_ms_p95": latency})
    watch.answer(report_shards(Nodes(nodes=[_node(name) for name in NODES])))
    return watch


def _node(name: str) -> Node:
    place = NODES.index(name)
    replicas = [
        ShardReplica(
            collection="Documents",
            name=f"shard{number:02d}",
            object_count=10_033_592 - 17 * place * (number == 3),
            status="READONLY" if (number, place) == (5, 1) else "READY",
            vector_queue_length=1_204 if number == 7 else 0,
            loaded=(number, place) != (9, 2),
            number_of_replicas=3,
        )
        for number in range(12)
        if (number, place) != (11, 2)
    ]
    return Node(name=name, status="HEALTHY", shards=replicas)
