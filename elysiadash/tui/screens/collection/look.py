"""What the panes are drawn from: one moment of a collection, taken from the store at once."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from elysiadash.cluster.shards import ShardReport
from elysiadash.cluster.shards_away import starting_nodes
from elysiadash.cluster.slices import Kind, Problem
from elysiadash.cluster.stats import CollectionStats
from elysiadash.cluster.view import ClusterView
from elysiadash.health.finding import Finding
from elysiadash.tui.source import Watched
from elysiadash.weaviate.models import CollectionDefinition


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """A collection at ``at`` (wall-clock seconds).

    ``starting`` are nodes that are back, and whose shards ``report`` does not have in full yet.
    ``row`` and ``definition`` are the last known ones once the collection is gone, which was
    noticed at ``gone_at``; ``schema_at`` is None while no schema was answered.
    """

    collection: str
    at: float
    view: ClusterView
    row: CollectionStats | None = None
    definition: CollectionDefinition | None = None
    schema_at: float | None = None
    report: ShardReport | None = None
    report_problem: Problem | None = None
    starting: frozenset[str] = frozenset()
    findings: tuple[Finding, ...] = ()
    gone_at: float | None = None

    @property
    def multi_tenant(self) -> bool:
        """Whether each tenant is a shard of its own, as far as is known."""
        return self.row is not None and self.row.multi_tenant


def look_at(
    watch: Watched,
    collection: str,
    rows: Iterable[CollectionStats],
    findings: tuple[Finding, ...],
    before: Look | None,
) -> Look:
    """The collection now; ``before`` gives what is not there any more."""
    now = watch.store.clock()
    schema = watch.store.get(Kind.SCHEMA)
    report = watch.store.get(Kind.VERBOSE)
    row = next((row for row in rows if row.collection == collection), None)
    classes = schema.value.classes or () if schema.value is not None else ()
    definition = next((each for each in classes if each.name == collection), None)
    gone_at = None
    if row is None and schema.value is not None:
        gone_at = before.gone_at if before is not None and before.gone_at is not None else now
    view, starting = watch.cluster(), frozenset[str]()
    if report.value is not None:
        reported_at = report.fetched_at or now
        starting = starting_nodes(view, report.value, reported_at, watch.last_shards.short)
    return Look(
        collection=collection,
        at=now,
        view=view,
        row=row or (before.row if before else None),
        definition=definition or (before.definition if before else None),
        schema_at=schema.fetched_at,
        report=report.value,
        report_problem=report.problem,
        starting=starting,
        findings=findings,
        gone_at=gone_at,
    )
