"""From rows of statistics to the items that ``stats`` prints."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from elysiadash.cli.documents import Source, StatsItem
from elysiadash.cli.envelope import source_of
from elysiadash.cluster.slices import Kind, Slice
from elysiadash.cluster.stats import EXACT, SOURCES, CollectionStats, declared_source
from elysiadash.cluster.store import Store
from elysiadash.health.finding import Severity

_FIELDS = tuple(
    name
    for name in StatsItem.__struct_fields__
    if name in CollectionStats.__struct_fields__ and name != "not_exposed"
)
_OF_COLLECTION = frozenset({Kind.TENANTS, Kind.COUNT})
EXACT_SOURCE = "Aggregate objectsCount (gRPC API, or GraphQL meta count)"


def stats_items(
    rows: Iterable[CollectionStats],
    store: Store,
    health: dict[str, Severity],
    not_asked: dict[Kind, str],
) -> tuple[StatsItem, ...]:
    """One item for each row. ``not_asked``: kinds left out on purpose, and why."""
    now = store.clock()
    shared = _Sources(store, now)
    return tuple(
        _item(row, shared, health.get(row.collection, Severity.UNKNOWN), not_asked) for row in rows
    )


def _item(
    row: CollectionStats, shared: _Sources, health: Severity, not_asked: dict[Kind, str]
) -> StatsItem:
    values: dict[str, Any] = {name: getattr(row, name) for name in _FIELDS}
    not_exposed = dict(row.not_exposed)
    for field, source in SOURCES.items():
        if source.kind in not_asked and values.get(field, ...) is None:
            not_exposed[field] = not_asked[source.kind]
    return StatsItem(
        **values,
        metrics_partial=row.metrics_partial,
        health=health.value,
        not_exposed={field: why for field, why in not_exposed.items() if field in values},
        sources=shared.of(row, values),
    )


class _Sources:
    """Builds the sources of rows; those of one slice are made once for thousands of rows."""

    def __init__(self, store: Store, now: float) -> None:
        self._store = store
        self._now = now
        self._made: dict[tuple[str, float], Source] = {}

    def of(self, row: CollectionStats, values: dict[str, Any]) -> dict[str, Source]:
        found: dict[str, Source] = {}
        for field in SOURCES:
            if values.get(field) is None:
                continue
            declared = declared_source(row, field)
            kind, text = declared.kind, declared.text
            if field == "objects" and row.objects_are == EXACT:
                kind, text = Kind.COUNT, EXACT_SOURCE
            at = self._fetched_at(kind, row.collection)
            if at is not None:
                found[field] = self._source(text, at)
        return found

    def _fetched_at(self, kind: Kind, collection: str) -> float | None:
        """When the slice behind a value was fetched: the oldest, where there are several."""
        of = collection if kind in _OF_COLLECTION else None
        slices: dict[str, Slice[Any]] = (
            self._store.all(kind) if of is None else {of: self._store.get(kind, of)}
        )
        times = [piece.fetched_at for piece in slices.values() if piece.fetched_at is not None]
        return min(times, default=None)

    def _source(self, text: str, at: float) -> Source:
        made = self._made.get((text, at))
        if made is None:
            made = self._made[(text, at)] = source_of(text, at, self._now)
        return made
