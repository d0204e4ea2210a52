"""Shards by nodes: one row a shard, one column a node, what each replica says in the cell."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from elysiadash.cluster.shards import ReplicaOnNode, ShardReport, replicas_of
from elysiadash.cluster.view import LIVE_STATES, ClusterView
from elysiadash.tui import numbers
from elysiadash.tui.plain import plain
from elysiadash.tui.widgets.table import Cell, Column, StyleName
from elysiadash.weaviate.models import ShardReplica

_QUIET = frozenset({"READY", ""})
_LOADING = frozenset({"LOADING", "LAZY_LOADING", "INDEXING"})


class ShardRow(msgspec.Struct, frozen=True, gc=False):
    """One shard: its replicas by node, and the highest count among the loaded ones."""

    shard: str
    replicas: dict[str, ShardReplica]
    highest: int | None

    @property
    def gap(self) -> int | None:
        """The largest difference between two loaded replicas; None with fewer than two."""
        counts = [r.object_count for r in self.replicas.values() if r.loaded]
        return max(counts) - min(counts) if len(counts) > 1 else None

    @property
    def queue(self) -> int:
        """Vectors waiting to be indexed, all replicas together."""
        return sum(replica.vector_queue_length for replica in self.replicas.values())


def shard_rows(report: ShardReport, collection: str) -> tuple[ShardRow, ...]:
    """The shards of a collection by name. Reads the whole report: run it in a thread."""
    found = replicas_of(report, collection)
    return tuple(_row(shard, replicas) for shard, replicas in found.items())


def _row(shard: str, replicas: Iterable[ReplicaOnNode]) -> ShardRow:
    by_node = {found.node: found.replica for found in replicas}
    counts = [replica.object_count for replica in by_node.values() if replica.loaded]
    return ShardRow(shard, by_node, max(counts, default=None))


def grid_columns(
    view: ClusterView, silent: Iterable[str], listed: Iterable[str]
) -> tuple[Column[ShardRow], ...]:
    """The columns for these nodes; ``silent`` ones did not answer for their replicas."""
    states = {node.node: node.status for node in view.nodes}
    mute = frozenset(silent) | {
        node.node for node in view.nodes if node.expected and node.status not in LIVE_STATES
    }
    nodes = sorted(set(states) | set(listed) | mute)
    return (
        Column("shard", "Shard", _name, (10, 40), "left", 100, lambda row: row.shard),
        *(_node_column(node, states.get(node), node in mute) for node in nodes),
        Column("queue", "Queue", _queue, (5, 11), "right", 20, lambda row: row.queue, True),
        Column("gap", "Gap", _gap, (4, 11), "right", 30, lambda row: row.gap, True),
    )


def _node_column(node: str, state: str | None, mute: bool) -> Column[ShardRow]:
    title = plain(node) if not mute else f"{plain(node)} ✖ {state or 'no answer'}"

    def render(row: ShardRow) -> Cell:
        replica = row.replicas.get(node)
        if replica is None:
            return Cell("no answer", "unknown") if mute else Cell("·", "muted")
        return _replica(replica, row.highest)

    return Column(node, title, render, (12, 34), "left", 50, _count_on(node), True)


def _count_on(node: str) -> Callable[[ShardRow], int | None]:
    def count(row: ShardRow) -> int | None:
        replica = row.replicas.get(node)
        return None if replica is None or not replica.loaded else replica.object_count

    return count


def _replica(replica: ShardReplica, highest: int | None) -> Cell:
    """``10,033,592``, with what is not as usual behind it."""
    if not replica.loaded:
        return Cell("not loaded", "unknown")
    words = [numbers.count(replica.object_count)]
    style: StyleName = ""
    if highest is not None and replica.object_count < highest:
        words.append(f"−{numbers.count(highest - replica.object_count)}")
    if replica.status not in _QUIET:
        words.append(plain(replica.status))
        style = "unknown" if replica.status in _LOADING else "critical"
    return Cell(" ".join(words), style)


def _name(row: ShardRow) -> Cell:
    return Cell(plain(row.shard), "strong")


def _queue(row: ShardRow) -> Cell:
    return Cell(numbers.count(row.queue), "accent" if row.queue else "muted")


def _gap(row: ShardRow) -> Cell:
    gap = row.gap
    return Cell(numbers.count(gap), "accent" if gap else "muted")


def describe(row: ShardRow) -> str:
    """A shard's replicas in one line, for the status line."""
    parts = []
    for node, replica in sorted(row.replicas.items()):
        said = [f"{plain(node)} {plain(replica.status) or '–'}"]
        if replica.loaded:
            said.append(f"{numbers.count(replica.object_count)} objects flushed")
        else:
            said.append("not loaded, so not counted")
        if replica.vector_queue_length:
            said.append(f"queue {numbers.count(replica.vector_queue_length)}")
        parts.append(", ".join(said))
    return f"{plain(row.shard)}: {'; '.join(parts)}"
