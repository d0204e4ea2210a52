"""The health of each row: the worst that the checks found of that collection."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from elysiadash.cluster.slices import Kind
from elysiadash.cluster.stats import CollectionStats
from elysiadash.health.finding import Finding, Severity
from elysiadash.tui import numbers
from elysiadash.tui.severity import look
from elysiadash.tui.widgets.table import StyleName

if TYPE_CHECKING:
    from elysiadash.health.picture import Pictured

_ALONE = {Severity.OK: "ok", Severity.UNKNOWN: "? unknown"}
"""What is said without a finding, where that is not the sign."""


class RowHealth(msgspec.Struct, frozen=True, gc=False):
    """How a collection is, and its worst finding where it has one of its own."""

    severity: Severity
    finding: Finding | None = None


class Assessment(msgspec.Struct, frozen=True, gc=False):
    """The health of all rows. Empty before anything live was answered."""

    by_collection: dict[str, RowHealth] = {}
    findings: tuple[Finding, ...] = ()

    def judge(self, row: CollectionStats) -> tuple[str, StyleName]:
        """A row's health in words, and how they look."""
        found = self.by_collection.get(row.collection)
        if found is None:
            return numbers.UNKNOWN, "unknown"
        sign, style, _ = look(found.severity)
        if found.finding is None:
            return _ALONE.get(found.severity, sign), style
        # The row has the name already.
        message = found.finding.message.removeprefix(f"{row.collection}: ")
        return f"{sign} {found.finding.code} {message}", style

    def is_problem(self, row: CollectionStats) -> bool:
        """Whether something is wrong with the row, or may be and cannot be seen."""
        found = self.by_collection.get(row.collection)
        return found is not None and found.severity is not Severity.OK


async def assess(watch: Pictured, rows: tuple[CollectionStats, ...]) -> Assessment:
    """Run the checks beside the event loop; nothing is asked for it."""
    # The checks load the whole client: too early for the first paint.
    from elysiadash.health.findings import find, health_of_all
    from elysiadash.health.picture import picture_of

    live = any(watch.store.get(kind).value is not None for kind in (Kind.SCHEMA, Kind.VERBOSE))
    if not live and watch.store.get(Kind.NODES).problem is None:
        return Assessment()
    picture = picture_of(watch, rows if live else ())
    findings = await asyncio.to_thread(find, picture)
    if not live:
        # Rows of an earlier run say nothing of now; that nobody answers does.
        return Assessment(findings=findings)
    names = [row.collection for row in rows]
    seen = picture.report is not None
    worst = _worst_of_each(findings)
    return Assessment(
        {
            name: RowHealth(severity, worst.get(name))
            for name, severity in health_of_all(findings, names, shards_seen=seen).items()
        },
        findings,
    )


def _worst_of_each(findings: tuple[Finding, ...]) -> Mapping[str, Finding]:
    """Findings come with the worst first."""
    worst: dict[str, Finding] = {}
    for finding in findings:
        if finding.collection is not None:
            worst.setdefault(finding.collection, finding)
    return worst
