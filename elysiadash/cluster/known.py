"""What is known of the collections, gathered from the slices, and the rows built of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from typing import Any

import msgspec

from elysiadash.cluster.asks import Asks
from elysiadash.cluster.rows import ROW_KINDS, Known, collection_rows
from elysiadash.cluster.slices import Kind
from elysiadash.cluster.stats import CollectionStats
from elysiadash.cluster.store import Store
from elysiadash.cluster.traffic import Traffic
from elysiadash.cluster.view import ClusterView

_PARTS = {"shards": Kind.VERBOSE, "tenants": Kind.TENANTS, "metrics": Kind.METRICS}


class KnownRows:
    """The rows of one cluster, kept until what they are built from changes.

    ``cluster`` gives the nodes right now.
    """

    def __init__(self, store: Store, asks: Asks, cluster: Callable[[], ClusterView]) -> None:
        self._store = store
        self._asks = asks
        self._cluster = cluster
        self._built: tuple[Hashable, tuple[CollectionStats, ...]] | None = None

    async def now(self) -> tuple[CollectionStats, ...]:
        """The rows; built in a thread."""
        basis = self._basis()
        if self._built is not None and self._built[0] == basis:
            return self._built[1]
        rows = await asyncio.to_thread(_build, self._known(), self._asks.traffic)
        self._built = (basis, rows)
        return rows

    def _basis(self) -> Hashable:
        """What the rows are built from: most answers, several a second, change nothing of it."""
        changed = tuple(self._store.changed.get(kind, 0) for kind in ROW_KINDS)
        view = self._cluster()
        states = tuple((node.node, node.status) for node in view.nodes)
        asked = self._store.get(Kind.NODES).problem is None
        return changed, states, view.live, view.expected, asked, self._asks.addresses()

    def _known(self) -> Known:
        store, view = self._store, self._cluster()
        schema = store.get(Kind.SCHEMA).value
        aliases: dict[str, list[str]] = {}
        for alias in store.get(Kind.ALIASES).value or ():
            aliases.setdefault(alias.collection, []).append(alias.alias)
        metrics = self._usable_metrics(view)
        known = Known(
            definitions=tuple(schema.classes or ()) if schema else None,
            report=store.get(Kind.VERBOSE).value,
            tenants=_values(store, Kind.TENANTS),
            aliases={name: tuple(sorted(found)) for name, found in aliases.items()},
            metrics=tuple(metrics.values()),
            metrics_at=frozenset(metrics),
            growth=self._asks.growth,
            counts=self._fresh_counts(),
            missing_nodes=view.missing,
            live_nodes=view.live,
            expected_nodes=view.expected or 0,
            why=self._why(),
        )
        return known if self._asks.prometheus is None else self._asks.prometheus.known(known)

    def _usable_metrics(self, view: ClusterView) -> dict[str, Any]:
        """Address -> metrics of the nodes that answered last time.

        A node that failed is left out, so that half a sum does not look whole; when all of them
        failed the last values stay, as old as they are.
        """
        slices = self._store.all(Kind.METRICS)
        known = self._store.get(Kind.NODES).problem is None
        away = set(view.missing)
        addresses = self._asks.addresses()
        gone = {entry.metrics for entry in addresses if known and entry.node in away}
        held = {at: piece for at, piece in slices.items() if piece.value and at not in gone}
        fresh = {at: piece for at, piece in held.items() if piece.problem is None}
        return {at: piece.value for at, piece in (fresh or held).items()}

    def _fresh_counts(self) -> dict[str, int]:
        """Exact counts, until the shards were listed again: exact is exact at its moment only."""
        listed_at = self._store.get(Kind.VERBOSE).fetched_at or 0.0
        return {
            name: piece.value
            for name, piece in self._store.all(Kind.COUNT).items()
            if piece.value is not None and (piece.fetched_at or 0.0) >= listed_at
        }

    def _why(self) -> dict[str, str]:
        """Why a part is not known, in the words of its problem."""
        words: dict[str, str] = {}
        for part, kind in _PARTS.items():
            problems = [p.problem.what for p in self._store.all(kind).values() if p.problem]
            if problems:
                words[part] = problems[0]
        scraped = any(entry.metrics for entry in self._asks.addresses())
        if not scraped and self._asks.prometheus is None:
            words.pop("metrics", None)
        return words


def _build(known: Known, traffic: Traffic) -> tuple[CollectionStats, ...]:
    """For a thread: thousands of collections take longer than the event loop may be held."""
    if known.through is not None:
        return collection_rows(known)
    rates = traffic.by_collection(known.metrics_at)
    return collection_rows(
        msgspec.structs.replace(known, traffic=rates, two_readings=traffic.ready())
    )


def _values(store: Store, kind: Kind) -> dict[str, Any]:
    return {of: piece.value for of, piece in store.all(kind).items() if piece.value is not None}
