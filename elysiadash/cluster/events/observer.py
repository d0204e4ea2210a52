"""Looks at the store whenever something new is in it, and tells what changed.

The detectors are pure and run in a thread, one look after the other; this keeps what each of
them last saw. Nothing here may end the watch: a detector that fails is logged, told once, and
begins anew with its next look.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from elysiadash.cluster.events.event import Event
from elysiadash.cluster.events.log import EventLog
from elysiadash.cluster.events.nodes import node_changes, remembered_nodes
from elysiadash.cluster.events.nodes_memory import NodesMemory
from elysiadash.cluster.events.restarts import restart
from elysiadash.cluster.events.schema import (
    alias_changes,
    names_since,
    schema_changes,
    tenant_changes,
)
from elysiadash.cluster.events.seen import Seen, told_together
from elysiadash.cluster.events.shards import ShardsMemory, shard_changes
from elysiadash.cluster.events.work import backup_changes, operation_changes, task_changes
from elysiadash.cluster.slices import Key, Kind
from elysiadash.cluster.store import Store
from elysiadash.cluster.view import ClusterView
from elysiadash.weaviate.models import Schema

log = logging.getLogger(__name__)

_COALESCE_S = 0.25
_AGAIN_S = 1.0
"""While something is held back, it is looked at so often even without news."""
_TENANTS_EVERY_S = 60.0
"""Tenants that activate themselves come and go all the time: one line a minute says as much."""

_NODE_KINDS = frozenset({Kind.READY, Kind.NODES, Kind.STATISTICS})
_WATCHED = _NODE_KINDS | {
    Kind.SCHEMA,
    Kind.ALIASES,
    Kind.VERBOSE,
    Kind.TENANTS,
    Kind.OPERATIONS,
    Kind.TASKS,
    Kind.BACKUPS,
    Kind.METRICS,
}

_WHOLE: dict[Kind, Callable[[Any, Any, Seen], list[Event]]] = {
    Kind.SCHEMA: schema_changes,
    Kind.ALIASES: alias_changes,
    Kind.OPERATIONS: operation_changes,
    Kind.TASKS: task_changes,
}
"""Kinds of one slice."""
_EACH: dict[Kind, Callable[[str, Any, Any, Seen], list[Event]]] = {
    Kind.TENANTS: tenant_changes,
    Kind.BACKUPS: backup_changes,
    Kind.METRICS: restart,
}
"""Kinds with a slice for each collection, backend or address."""


class LastRun(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How the cluster looked at the end of an earlier run; wall-clock seconds."""

    cluster: ClusterView | None = None
    cluster_at: float = 0.0
    collections: frozenset[str] = frozenset()
    collections_at: float | None = None


class _Last(msgspec.Struct, frozen=True, gc=False):
    """The value a detector compared with last; ``at`` is when it was fetched."""

    value: Any
    at: float


class Observer:
    """Compares what the store holds with what it held, and adds the difference to the log.

    ``view`` gives the picture of the nodes. What changed since ``last_run`` is told at the first
    look, with the time between which it happened.
    """

    def __init__(
        self,
        store: Store,
        events: EventLog,
        view: Callable[[], ClusterView],
        last_run: LastRun | None = None,
    ) -> None:
        self._store = store
        self._events = events
        self._view = view
        self._last_run = run = last_run or LastRun()
        self._nodes = (
            remembered_nodes(run.cluster, run.cluster_at) if run.cluster else NodesMemory()
        )
        self._shards = ShardsMemory()
        self._last: dict[Key, _Last] = {}
        self._seen_seq: dict[Kind, int] = {}
        self._told_at: dict[Key, float] = {}
        self._faulty: set[str] = set()

    async def run(self) -> None:
        """Look whenever the store has changed, until cancelled."""
        changed = asyncio.Event()
        stop = self._store.listen(lambda kind: changed.set() if kind in _WATCHED else None)
        try:
            while True:
                await _set_within(changed, _AGAIN_S if self._nodes.waits() else None)
                changed.clear()
                await self.look()
                await asyncio.sleep(_COALESCE_S)
        finally:
            stop()

    async def look(self) -> None:
        """Compare once, everything that is new in the store."""
        now = self._store.clock()
        found = await self._guarded("nodes", self._look_at_nodes(now))
        for kind in sorted(_WATCHED - _NODE_KINDS):
            slices = self._store.all(kind)
            seq = max((piece.seq for piece in slices.values()), default=0)
            if seq != self._seen_seq.get(kind, 0):
                self._seen_seq[kind] = seq
                look = self._look_at_shards() if kind is Kind.VERBOSE else self._look_at(kind)
                found += await self._guarded(kind.value, look)
        self._events.add(*sorted(found, key=lambda event: event.at))

    async def _guarded(self, name: str, look: Awaitable[list[Event]]) -> list[Event]:
        try:
            return await look
        except Exception:
            # A fault in what only watches must not end the watch; it is told, and only once.
            if name in self._faulty:
                return []
            self._faulty.add(name)
            log.exception("what changed of %s was not found out", name)
            return [_fault(name, self._store.clock())]

    async def _look_at_nodes(self, now: float) -> list[Event]:
        # Half a picture is none: the three questions behind it must have been asked.
        if not all(self._store.all(kind) for kind in _NODE_KINDS):
            return []
        answered = any(
            piece.value is not None and piece.problem is None
            for kind in _NODE_KINDS
            for piece in self._store.all(kind).values()
        )
        events, self._nodes = node_changes(self._nodes, self._view(), now, answered=answered)
        return told_together(events)

    async def _look_at(self, kind: Kind) -> list[Event]:
        slices = self._store.all(kind)
        if kind is Kind.TENANTS:
            # A collection that is made anew is another one, though it has the same name.
            for gone in [key for key in self._last if key.kind is kind and key.of not in slices]:
                del self._last[gone]
                self._told_at.pop(gone, None)
        found: list[Event] = []
        for of, piece in slices.items():
            if piece.value is not None and piece.fetched_at is not None:
                found += await self._look_at_one(Key(kind, of), piece.value, piece.fetched_at)
        return told_together(found)

    async def _look_at_one(self, key: Key, value: Any, at: float) -> list[Event]:
        last = self._last.get(key)
        if last is not None and (value is last.value or self._told_just_now(key, at)):
            return []
        # Kept first: what cannot be compared now is not compared for ever.
        self._last[key] = _Last(value, at)
        if last is None:
            return self._since_last_run(value, at) if key.kind is Kind.SCHEMA else []
        seen = Seen(at, last.at)
        if key.kind in _WHOLE:
            return await asyncio.to_thread(_WHOLE[key.kind], last.value, value, seen)
        events = _EACH[key.kind](key.of, last.value, value, seen)
        if events and key.kind is Kind.TENANTS:
            self._told_at[key] = at
        return events

    def _told_just_now(self, key: Key, at: float) -> bool:
        """Tenants only: the change is told later, together with what comes after it."""
        told_at = self._told_at.get(key)
        return (
            key.kind is Kind.TENANTS
            and told_at is not None
            and 0 <= at - told_at < _TENANTS_EVERY_S
        )

    async def _look_at_shards(self) -> list[Event]:
        key, piece = Key(Kind.VERBOSE), self._store.get(Kind.VERBOSE)
        last = self._last.get(key)
        if piece.value is None or piece.fetched_at is None:
            return []
        if last is not None and piece.value is last.value:
            return []
        self._last[key] = _Last(piece.value, piece.fetched_at)
        schema: Schema | None = self._store.get(Kind.SCHEMA).value
        events, self._shards = await asyncio.to_thread(
            shard_changes,
            self._shards,
            piece.value,
            piece.fetched_at,
            settled=self._nodes.settled(piece.fetched_at),
            single_tenant=_single_tenant(schema) if schema else None,
            expected=_expected(self._view()),
        )
        return told_together(events)

    def _since_last_run(self, schema: Schema, at: float) -> list[Event]:
        names, seen_at = self._last_run.collections, self._last_run.collections_at
        if not names or seen_at is None:
            return []
        return names_since(names, schema, Seen(at, seen_at))


def _expected(view: ClusterView) -> frozenset[str] | None:
    """Who should be there; None where nobody says."""
    if view.expected is None:
        return None
    return frozenset(node.node for node in view.nodes if node.expected)


def _single_tenant(schema: Schema) -> frozenset[str]:
    return frozenset(
        definition.name
        for definition in schema.classes or ()
        if not (definition.multi_tenancy_config and definition.multi_tenancy_config.enabled)
    )


def _fault(name: str, at: float) -> Event:
    return Event(
        at=at,
        kind="watch.fault",
        message=f"a fault of ours: changes of {name} may not be told (see our log)",
        severity="warning",
        name=name,
        evidence="our own log",
    )


async def _set_within(event: asyncio.Event, seconds: float | None) -> None:
    """Wait for the event, or until the time is up."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
