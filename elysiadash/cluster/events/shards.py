"""Changes of shards on nodes: READONLY and back, replicas that appear and leave.

A node that does not answer, or has just come back, shows nothing or only a part of its shards:
its last whole list is kept to compare with, until it shows a whole one again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

import msgspec

from elysiadash.cluster.events.event import Event, EventSeverity
from elysiadash.cluster.events.seen import Seen, listed
from elysiadash.cluster.shards import ShardReport
from elysiadash.weaviate.models import ShardReplica

_READONLY = "READONLY"
_VERBOSE = "GET /v1/nodes?output=verbose"
_SINGLY = 8
_YOUNG_S = 60.0

ShardKey = tuple[str, str]
"""Collection and shard."""


class NodeShards(msgspec.Struct, frozen=True, gc=False):
    """The shards on one node, and which of them are READONLY."""

    seen_at: float
    present: frozenset[ShardKey]
    readonly: frozenset[ShardKey]


class ShardsMemory(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The last whole list of each node, and since when each collection is known to have shards
    (0.0: since the first look)."""

    nodes: dict[str, NodeShards] = {}
    collections: dict[str, float] = {}
    whole: bool = False


def shard_changes(
    before: ShardsMemory,
    after: ShardReport,
    now: float,
    *,
    settled: Collection[str],
    single_tenant: Collection[str] | None,
    expected: Collection[str] | None,
) -> tuple[list[Event], ShardsMemory]:
    """What changed of shards; and the memory for the next look.

    ``settled`` are the nodes whose lists are whole; ``single_tenant`` the collections without
    tenants (None: not known): tenants' shards come and go with their state, which the tenants'
    counts tell. A node that is neither listed nor ``expected`` (None: not known who is) is gone for
    good, and forgotten.
    """
    listed_now = {node.name for node in after.nodes.nodes}
    nodes = {
        name: kept
        for name, kept in before.nodes.items()
        if expected is None or name in listed_now or name in expected
    }
    lists = {
        node.name: _shards_of(node.shards or (), now)
        for node in after.nodes.nodes
        if node.name in after.answered and node.name in settled
    }
    # Where a node is away, a collection that nobody lists may be there as before.
    kept = {} if nodes.keys() <= lists.keys() else before.collections
    collections = {
        name: before.collections.get(name, now if before.whole else 0.0)
        for name in (*kept, *after.by_collection)
    }
    both = {name: (nodes[name], lists[name]) for name in lists if name in nodes}
    events = _readonly(both, now)
    if single_tenant is not None:
        old = {name for name, since in collections.items() if now - since >= _YOUNG_S}
        events += _moved(both, old & before.collections.keys() & set(single_tenant), now)
    memory = ShardsMemory(
        nodes={**nodes, **lists}, collections=collections, whole=before.whole or bool(lists)
    )
    return events, memory


def _shards_of(replicas: Iterable[ShardReplica], now: float) -> NodeShards:
    return NodeShards(
        now,
        frozenset([(replica.collection, replica.name) for replica in replicas]),
        frozenset([(one.collection, one.name) for one in replicas if one.status == _READONLY]),
    )


def _readonly(both: Mapping[str, tuple[NodeShards, NodeShards]], now: float) -> list[Event]:
    began: dict[ShardKey, list[str]] = {}
    ended: dict[ShardKey, list[str]] = {}
    for node, (was, is_now) in both.items():
        for key in is_now.readonly - was.readonly:
            began.setdefault(key, []).append(node)
        for key in (was.readonly - is_now.readonly) & is_now.present:
            ended.setdefault(key, []).append(node)
    return [
        *_told(began, "shard.readonly", "is READONLY", "warning", _seen(began, both, now)),
        *_told(ended, "shard.ready", "takes writes again", "info", _seen(ended, both, now)),
    ]


def _moved(
    both: Mapping[str, tuple[NodeShards, NodeShards]], of: Collection[str], now: float
) -> list[Event]:
    came: dict[ShardKey, list[str]] = {}
    went: dict[ShardKey, list[str]] = {}
    for node, (was, is_now) in both.items():
        if was.present == is_now.present:
            continue
        for key in is_now.present - was.present:
            if key[0] in of:
                came.setdefault(key, []).append(node)
        for key in was.present - is_now.present:
            if key[0] in of:
                went.setdefault(key, []).append(node)
    return [
        *_told(came, "shard.appeared", "has a replica", "info", _seen(came, both, now)),
        *_told(went, "shard.left", "has no replica any more", "info", _seen(went, both, now)),
    ]


def _told(
    found: Mapping[ShardKey, list[str]], kind: str, words: str, severity: EventSeverity, seen: Seen
) -> list[Event]:
    """One event for each shard, or for each collection or all of them when they are many."""
    evidence = seen.words(_VERBOSE)
    if len(found) <= _SINGLY:
        return [
            Event(
                at=seen.at,
                kind=kind,
                message=f"{collection}/{shard} {words} on {listed(sorted(nodes))}",
                severity=severity,
                node=nodes[0] if len(nodes) == 1 else None,
                collection=collection,
                shard=shard,
                evidence=evidence,
            )
            for (collection, shard), nodes in sorted(found.items())
        ]
    where = sorted({node for nodes in found.values() for node in nodes})
    by_collection = Counter(collection for collection, _ in found)
    names = sorted(by_collection)
    if len(names) <= _SINGLY:
        return [
            Event(
                at=seen.at,
                kind=kind,
                message=f"{by_collection[name]:,} shards of {name}: "
                f"each {words} on {listed(where)}",
                severity=severity,
                node=where[0] if len(where) == 1 else None,
                collection=name,
                evidence=evidence,
            )
            for name in names
        ]
    return [
        Event(
            at=seen.at,
            kind=kind,
            message=f"{len(found):,} shards of {len(names):,} collections ({listed(names)}): "
            f"each {words} on {listed(where)}",
            severity=severity,
            node=where[0] if len(where) == 1 else None,
            evidence=evidence,
        )
    ]


def _seen(
    found: Mapping[ShardKey, list[str]],
    both: Mapping[str, tuple[NodeShards, NodeShards]],
    now: float,
) -> Seen:
    nodes = {node for names in found.values() for node in names}
    return Seen(now, min((both[node][0].seen_at for node in nodes), default=None))
