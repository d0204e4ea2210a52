"""What the nodes that do not answer, or start, hold of a collection, as far as they told before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from elysiadash.cluster.last_shards import NodeList
from elysiadash.cluster.shards import ShardReport
from elysiadash.cluster.view import LIVE_STATES, ClusterView
from elysiadash.weaviate.models import ShardReplica


class HeldReplica(msgspec.Struct, frozen=True, gc=False):
    """A replica as its node listed it last, at ``seen_at`` (wall-clock seconds)."""

    replica: ShardReplica
    seen_at: float


Held = dict[str, dict[str, HeldReplica]]
"""Shard -> node -> what the node had of it."""


class Away(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the nodes that do not answer, or not yet in full, may have of one collection."""

    nodes: frozenset[str] = frozenset()
    starting: frozenset[str] = frozenset()
    """Those of them that are back and list not all of their shards yet."""
    remembered: frozenset[str] = frozenset()
    """Those of them whose last list is known."""
    held: Held = {}
    """Of every shard that one of them listed last."""
    lost: frozenset[str] = frozenset()
    """Shards that there should be, and no node that answers lists."""
    unnamed: int = 0
    """How many more there should be, whose names nobody has told."""
    missing: int | None = None
    """How many there should be that are on no list; None where that is not known."""
    unlisted: int = 0
    """How many are remembered and on no list: more than ``missing`` where some were dropped."""

    @property
    def in_doubt(self) -> bool:
        """Whether what is missing is not just what is remembered."""
        return self.missing is not None and self.missing != self.unlisted


NOBODY_AWAY = Away()


def away_nodes(
    view: ClusterView, report: ShardReport, starting: frozenset[str] = frozenset()
) -> frozenset[str]:
    """Expected nodes that are not live, those that did not answer for their shards, and those
    that are ``starting``."""
    missing = {node.node for node in view.nodes if node.expected and node.status not in LIVE_STATES}
    return frozenset(missing | set(report.silent)) | _unlisted(view, report) | starting


def starting_nodes(
    view: ClusterView, report: ShardReport, reported_at: float, short: frozenset[str]
) -> frozenset[str]:
    """Live nodes that came after the report of ``reported_at`` (wall-clock seconds), and those
    whose list in it is ``short`` of what they had."""
    live = {node.node for node in view.nodes if node.status in LIVE_STATES}
    newer = view.asked_at is not None and view.asked_at > reported_at
    return (short & live) | (_unlisted(view, report) if newer else frozenset())


def _unlisted(view: ClusterView, report: ShardReport) -> frozenset[str]:
    """Expected live nodes that the report does not have."""
    # An answer that lists nobody tells of nobody.
    listed = {node.name for node in report.nodes.nodes}
    live = {node.node for node in view.nodes if node.expected and node.status in LIVE_STATES}
    return frozenset(live - listed) if listed else frozenset()


def shards_away(
    report: ShardReport,
    collection: str,
    nodes: frozenset[str],
    lists: Mapping[str, NodeList],
    *,
    wanted: int | None,
    dark: frozenset[str] | None = None,
    starting: frozenset[str] = frozenset(),
) -> Away:
    """What is to be known of a collection's shards on ``nodes``, of which some are ``starting``.

    For a thread: reads whole lists.
    ``wanted`` is how many shards there should be, ``dark`` the tenants that were found active
    and on no list; None where either is not known. A shard that was dropped is not lost.
    """
    if not nodes:
        return NOBODY_AWAY
    held = _held(collection, lists)
    listed = {one.name for node in report.nodes.nodes for one in _of(node.shards, collection)}
    unlisted = lost = frozenset(held.keys() - listed)
    missing = None if wanted is None else max(0, wanted - len(listed))
    unnamed = 0
    if dark is not None:
        lost = dark - listed
    elif missing is not None:
        # Where every shard is on a list, what else is remembered was dropped meanwhile.
        lost = lost if missing else frozenset()
        unnamed = max(0, missing - len(lost))
    return Away(
        nodes=nodes,
        starting=starting & nodes,
        remembered=frozenset(lists),
        held=held,
        lost=lost,
        unnamed=unnamed,
        missing=missing,
        unlisted=len(unlisted),
    )


def _held(collection: str, lists: Mapping[str, NodeList]) -> Held:
    held: Held = {}
    for node, each in lists.items():
        for replica in _of(each.replicas, collection):
            held.setdefault(replica.name, {})[node] = HeldReplica(replica, each.seen_at)
    return held


def _of(replicas: Iterable[ShardReplica] | None, collection: str) -> Iterable[ShardReplica]:
    return (one for one in replicas or () if one.collection == collection)
