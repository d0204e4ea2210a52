"""What the checks look at: one moment of one cluster, with what could not be seen."""

from __future__ import annotations

from typing import Protocol

import msgspec

from elysiadash.cluster.shards import ShardReport
from elysiadash.cluster.slices import Kind, Problem, Slice
from elysiadash.cluster.stats import CollectionStats
from elysiadash.cluster.store import Store
from elysiadash.cluster.view import LIVE_STATES, ClusterView
from elysiadash.config.profile import Profile, Thresholds
from elysiadash.health.applying import StuckChange
from elysiadash.weaviate.models import Readiness


class Picture(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Everything the checks may know. ``now`` is wall-clock seconds.

    ``readiness`` is by address. ``stuck`` needs several looks and stays empty with one.
    ``advice`` asks also for what is no trouble now (replication factor 1, releases with known
    faults).
    """

    url: str
    now: float
    cluster: ClusterView
    rows: tuple[CollectionStats, ...] = ()
    report: ShardReport | None = None
    report_at: float | None = None
    readiness: dict[str, Slice[Readiness]] = {}
    problems: tuple[tuple[Kind, str, Problem], ...] = ()
    stuck: tuple[StuckChange, ...] = ()
    thresholds: Thresholds = Thresholds()
    advice: bool = False

    def problem(self, kind: Kind) -> Problem | None:
        """The first problem of a kind of question, None when it has a fresh answer."""
        return next((problem for found, _, problem in self.problems if found is kind), None)

    @property
    def nodes_known(self) -> bool:
        """Whether the cluster's own list of nodes was ever answered."""
        return self.cluster.asked_at is not None

    def silent_nodes(self) -> tuple[str, ...]:
        """Nodes whose shards are not in the report: gone, listed and silent, or back since."""
        if self.report is None:
            return ()
        gone = {
            node.node
            for node in self.cluster.nodes
            if node.expected and node.status not in LIVE_STATES
        }
        missed = gone | set(self.report.silent) | set(self.returned_nodes())
        return tuple(sorted(missed - set(self.report.answered)))

    def returned_nodes(self) -> tuple[str, ...]:
        """Nodes that are live again and were not when the shards were listed last."""
        asked_at, report = self.cluster.asked_at, self.report
        if report is None or asked_at is None or (self.report_at or 0.0) >= asked_at:
            return ()
        return tuple(
            node.node
            for node in self.cluster.nodes
            if node.expected and node.status in LIVE_STATES and node.node not in report.answered
        )


class Pictured(Protocol):
    """What a picture is taken of: a watch, live or played back."""

    @property
    def profile(self) -> Profile:
        """Which cluster."""

    @property
    def store(self) -> Store:
        """The slices."""

    def cluster(self) -> ClusterView:
        """The nodes."""

    def problems(self) -> tuple[tuple[Kind, str, Problem], ...]:
        """Questions without a fresh answer."""


def picture_of(
    watch: Pictured,
    rows: tuple[CollectionStats, ...],
    *,
    stuck: tuple[StuckChange, ...] = (),
    advice: bool = False,
) -> Picture:
    """The present moment of a watch; ``rows`` are its rows of now, not those of an earlier run."""
    store = watch.store
    shards: Slice[ShardReport] = store.get(Kind.VERBOSE)
    return Picture(
        url=watch.profile.url,
        now=store.clock(),
        cluster=watch.cluster(),
        rows=rows,
        report=shards.value,
        report_at=shards.fetched_at,
        readiness=store.all(Kind.READY),
        problems=watch.problems(),
        stuck=stuck,
        thresholds=watch.profile.thresholds,
        advice=advice,
    )
