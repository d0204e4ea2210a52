"""What ``stats`` is asked for, and the document it answers with."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from elysiadash.cli.choosing import Chosen
from elysiadash.cli.documents import StatsDocument
from elysiadash.cli.envelope import (
    cluster_of,
    problems_of,
)
from elysiadash.cli.named_collection import only_named
from elysiadash.cli.output import Format
from elysiadash.cli.selection import chosen_items
from elysiadash.cli.session import live_rows
from elysiadash.cli.stats_items import stats_items
from elysiadash.cli.stats_table import Metrics
from elysiadash.cluster.lanes import FAST
from elysiadash.cluster.slices import Kind
from elysiadash.cluster.watch import Watch
from elysiadash.config.moments import rfc3339
from elysiadash.health.findings import find, health_of_all
from elysiadash.health.picture import picture_of

_BASIC = FAST | {Kind.SCHEMA, Kind.VERBOSE, Kind.TENANTS}
KINDS: dict[Metrics, frozenset[Kind]] = {
    "all": _BASIC | {Kind.METRICS},
    "basic": _BASIC,
    "performance": (_BASIC | {Kind.METRICS}) - {Kind.TENANTS},
}
"""The questions behind each set of columns."""


class StatsWish(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the command line asks for. ``interval`` and ``rates`` are seconds."""

    name: str | None = None
    format: Format = "table"
    metrics: Metrics = "all"
    watch: bool = False
    interval: float | None = None
    times: int | None = None
    rates: float | None = None
    exact: bool = False
    filters: tuple[str, ...] = ()
    sort: str | None = None
    self_metrics: Path | None = None


async def stats_document(watch: Watch, chosen: Chosen, wish: StatsWish) -> StatsDocument:
    """What is known now. Raises ``CommandFailed`` for an unknown name, field or filter."""
    rows = await live_rows(watch)
    # Findings look at all rows, the answer only at the wanted ones.
    picture = picture_of(watch, rows)
    findings = await asyncio.to_thread(find, picture)
    rows = await only_named(watch, rows, wish.name)
    health = health_of_all(
        findings, (row.collection for row in rows), shards_seen=picture.report is not None
    )
    items = stats_items(rows, watch.store, health, _not_asked(wish))
    return StatsDocument(
        at=rfc3339(watch.store.clock()),
        cluster=cluster_of(watch, demo=chosen.demo),
        problems=problems_of(watch),
        items=chosen_items(items, "collection", wish.filters, wish.sort),
    )


def _not_asked(wish: StatsWish) -> dict[Kind, str]:
    why = f"not asked for: --metrics {wish.metrics}"
    return {kind: why for kind in (Kind.METRICS, Kind.TENANTS) if kind not in KINDS[wish.metrics]}
