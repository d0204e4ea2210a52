"""Shards by nodes: one row a shard, one column a node, what each replica says in the cell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import takewhile
from math import inf

import msgspec

from elysiadash.cluster.shards import (
    LOADING_STATES,
    QUIET_STATES,
    ReplicaOnNode,
    ShardReport,
    refuses,
    replicas_of,
)
from elysiadash.cluster.shards_away import NOBODY_AWAY, Away, HeldReplica
from elysiadash.cluster.view import LIVE_STATES, ClusterView
from elysiadash.tui import numbers
from elysiadash.tui.filtering import Fields
from elysiadash.tui.plain import plain
from elysiadash.tui.widgets.table import Cell, Column, StyleName
from elysiadash.weaviate.models import ShardReplica

_WIDE_CELL = 16
"""Cells a node's column needs for whole numbers; with less, numbers are short."""
_BESIDE_NODES = 44
"""Cells that the other columns take."""
LOST = "no live replica"
NO_ANSWER = "no answer"
STARTING = "starting"
NOT_LOADED = "not loaded"


class ShardRow(msgspec.Struct, frozen=True, gc=False):
    """One shard: its replicas by node, and the highest count among the loaded ones.

    ``unnamed`` is 0, or how many shards the row stands for that nobody named; ``shard`` is "" then.
    """

    shard: str
    replicas: dict[str, ShardReplica]
    highest: int | None
    before: dict[str, HeldReplica] = {}
    """Node that does not answer -> the replica that it had when it did."""
    silent: frozenset[str] = frozenset()
    """Nodes that do not answer, or start, and have, or may have, a replica."""
    starting: frozenset[str] = frozenset()
    """Those of them that are back and list not all of their shards yet."""
    unnamed: int = 0

    @property
    def gap(self) -> int | None:
        """The largest difference between two loaded replicas; None with fewer than two."""
        counts = [r.object_count for r in self.replicas.values() if r.loaded]
        return max(counts) - min(counts) if len(counts) > 1 else None

    @property
    def behind(self) -> tuple[tuple[str, int], ...]:
        """(node, objects it lacks) of the loaded replicas that hold fewer, the worst first."""
        if self.highest is None:
            return ()
        lacking = (
            (node, self.highest - replica.object_count)
            for node, replica in self.replicas.items()
            if replica.loaded and replica.object_count < self.highest
        )
        return tuple(sorted(lacking, key=lambda found: (-found[1], found[0])))

    @property
    def queue(self) -> int | None:
        """Vectors waiting to be indexed, all replicas together; None where none is known."""
        if self.lost:
            return None
        return sum(replica.vector_queue_length for replica in self.replicas.values())

    @property
    def states(self) -> tuple[str, ...]:
        """The states of the replicas, each once."""
        return tuple(sorted({replica.status for replica in self.replicas.values()} - {""}))

    @property
    def lacks_replicas(self) -> int:
        """Replicas that the shard should have and no answering node lists; 0 where unknown."""
        wanted = max((r.number_of_replicas for r in self.replicas.values()), default=0)
        return max(0, wanted - len(self.replicas))

    @property
    def uncompared(self) -> bool:
        """Whether there is, or may be, a replica that did not tell how many objects it has."""
        return self.lacks_replicas > 0 or bool(self.silent)

    @property
    def lost(self) -> bool:
        """Whether no node that answers has a replica."""
        return not self.replicas

    @property
    def name(self) -> str:
        """The shard, or how many there are without a name."""
        if not self.unnamed:
            return self.shard
        return f"{numbers.count(self.unnamed)} shard{'s' if self.unnamed > 1 else ''} unnamed"


FIELDS: Fields[ShardRow] = Fields(
    lambda row: (row.name,),
    {
        "shard": lambda row: row.name,
        "objects": lambda row: row.highest,
        "gap": lambda row: row.gap,
        "queue": lambda row: row.queue,
        "state": lambda row: LOST if row.lost else " ".join(row.states),
        "node": lambda row: " ".join((*row.replicas, *row.before)),
    },
)
"""What the grid can be filtered by."""


def shard_rows(
    report: ShardReport, collection: str, away: Away = NOBODY_AWAY
) -> tuple[ShardRow, ...]:
    """The shards of a collection by name, also those that only nodes ``away`` have.

    Reads the whole report: run it in a thread.
    """
    found = {**dict.fromkeys(away.lost, ()), **replicas_of(report, collection)}
    rows = tuple(_row(shard, found[shard], away) for shard in sorted(found))
    if not away.unnamed:
        return rows
    return (ShardRow("", {}, None, {}, away.nodes, away.starting, away.unnamed), *rows)


def is_problem(row: ShardRow) -> bool:
    """Whether a replica is in a state that refuses or lacks something, or is not there."""
    bad = any(map(refuses, row.states))
    return bad or row.lost or row.lacks_replicas > 0


def _row(shard: str, replicas: Iterable[ReplicaOnNode], away: Away) -> ShardRow:
    by_node = {found.node: found.replica for found in replicas}
    counts = [replica.object_count for replica in by_node.values() if replica.loaded]
    before = {node: held for node, held in away.held.get(shard, {}).items() if node not in by_node}
    silent = _silent(by_node, before, away)
    return ShardRow(
        shard, by_node, max(counts, default=None), before, silent, silent & away.starting
    )


def _silent(
    replicas: Mapping[str, ShardReplica], before: Mapping[str, HeldReplica], away: Away
) -> frozenset[str]:
    """The nodes away that have a replica, or of which that cannot be said."""
    known = (*replicas.values(), *(held.replica for held in before.values()))
    wanted = max((replica.number_of_replicas for replica in known), default=0)
    others = away.nodes - replicas.keys() - before.keys()
    if wanted and len(known) >= wanted:
        others = frozenset()
    elif known and not wanted:
        others -= away.remembered
    return others | before.keys()


def grid_columns(
    view: ClusterView,
    listed: Iterable[str],
    room: int = 200,
    *,
    away: frozenset[str] = frozenset(),
    starting: frozenset[str] = frozenset(),
) -> tuple[Column[ShardRow], ...]:
    """The columns for these nodes in ``room`` cells; those ``away`` did not answer for their
    replicas, those of them that are ``starting`` not in full. Where many nodes share the room,
    numbers are short and names lose what is common.
    """
    states = {node.node: node.status for node in view.nodes}
    troubles = {node: _trouble(states.get(node), node in starting) for node in away}
    nodes = sorted(set(states) | set(listed) | away)
    narrow = len(nodes) * (_WIDE_CELL + 2) > room - _BESIDE_NODES
    titles = _short_names(nodes) if narrow else dict(zip(nodes, nodes, strict=True))
    behind, room_behind = (_behind_narrow, (6, 8)) if narrow else (_behind, (16, 30))
    return (
        Column("shard", "Shard", _name, (10, 40), "left", 100, lambda row: row.shard, letter="s"),
        Column(
            "behind",
            "Behind",
            behind,
            room_behind,
            "left",
            60,
            *_by_gap,
            letter="b",
            in_file={"behind": lambda row: row.gap, "behind_node": _worst_node},
        ),
        *(_node_column(node, titles[node], troubles.get(node), narrow) for node in nodes),
        Column("queue", "Queue", _queue, (5, 11), "right", 70, *_by_queue, letter="u"),
    )


def _gap_of(row: ShardRow) -> float | None:
    return inf if row.lost else row.gap


def _queue_of(row: ShardRow) -> int | None:
    return row.queue


_by_gap = (_gap_of, True)
_by_queue = (_queue_of, True)


def _common_start(names: Sequence[str]) -> str:
    """What all names begin with."""
    # Whatever the least and the greatest share, those between them share too.
    least, greatest = min(names), max(names)
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(least, greatest, strict=False))
    return "".join(sign for sign, _ in alike)


def _short_names(nodes: Sequence[str]) -> dict[str, str]:
    """``weaviate-12`` -> ``…12`` where all names begin alike."""
    common = _common_start(nodes) if len(nodes) > 1 else ""
    # Numbers stay whole.
    common = common.rstrip("0123456789")
    short = {node: f"…{node[len(common) :]}" for node in nodes}
    return short if len(common) > 2 else {node: node for node in nodes}


def _trouble(state: str | None, starting: bool) -> str:
    """Why a node tells nothing of its replicas, or not of all of them."""
    if starting:
        return STARTING
    # The list of nodes can be older than their silence.
    return NO_ANSWER if state is None or state in LIVE_STATES else state


def _node_column(node: str, title: str, trouble: str | None, narrow: bool) -> Column[ShardRow]:
    """``trouble``: why the node does not tell of its replicas; None where it does."""
    starting = trouble == STARTING
    sign = "…" if starting else "✖"
    why = "" if trouble is None else f" {sign}" if narrow else f" {sign} {trouble}"
    words = f"{plain(title)}{why}"
    silence = STARTING if starting else "silent" if narrow else NO_ANSWER

    def render(row: ShardRow) -> Cell:
        if (replica := row.replicas.get(node)) is not None:
            return _replica(replica, row.highest, narrow)
        if row.lost and (held := row.before.get(node)) is not None:
            return Cell(f"{held_objects(held, narrow)} old", "unknown")
        return Cell(silence, "unknown") if node in row.silent else Cell("·", "muted")

    def state(row: ShardRow) -> str | None:
        if (replica := row.replicas.get(node)) is not None:
            return " ".join(filter(None, (replica.status, "" if replica.loaded else NOT_LOADED)))
        if node not in row.silent:
            return None
        return STARTING if node in row.starting else NO_ANSWER

    width, count = (8, 12) if narrow else (12, 40), _count_on(node)
    in_file = {node: count, f"{node}_state": state}
    return Column(node, words, render, width, "left", 50, count, True, in_file=in_file)


def _worst_node(row: ShardRow) -> str | None:
    return row.behind[0][0] if row.behind else None


def held_objects(held: HeldReplica, narrow: bool) -> str:
    """``~308``: what the replica had when its node told of it last."""
    if not held.replica.loaded:
        return "unloaded" if narrow else NOT_LOADED
    write = numbers.short if narrow else numbers.count
    return f"~{write(held.replica.object_count)}"


def _count_on(node: str) -> Callable[[ShardRow], int | None]:
    def count(row: ShardRow) -> int | None:
        replica = row.replicas.get(node)
        return None if replica is None or not replica.loaded else replica.object_count

    return count


def _replica(replica: ShardReplica, highest: int | None, narrow: bool) -> Cell:
    """``~10,033,592`` flushed objects, with what is not as usual around it, the most telling first.

    A narrow cell says a state alone, and leaves to other columns what is lacking and queued.
    """
    loading = replica.status in LOADING_STATES
    usual = replica.status in QUIET_STATES or (loading and not replica.loaded)
    style: StyleName = "" if usual else "unknown" if loading else "critical"
    words = [] if usual else [plain(replica.status)]
    if not replica.loaded:
        words.append("unloaded" if narrow else NOT_LOADED)
        style = style or "unknown"
    if narrow:
        return Cell(words[0] if words else f"~{numbers.short(replica.object_count)}", style)
    if not replica.loaded:
        return Cell(" ".join(words), style)
    # Beside a state a whole number has no room, and one with its end cut off is a wrong one.
    write = numbers.short if words else numbers.count
    words.append(f"~{write(replica.object_count)}")
    if highest is not None and replica.object_count < highest:
        words.append(f"−{numbers.count(highest - replica.object_count)}")
    if replica.vector_queue_length:
        words.append(f"q{numbers.rate(replica.vector_queue_length)}")
    return Cell(" ".join(words), style)


def _name(row: ShardRow) -> Cell:
    return Cell(plain(row.name), "critical" if is_problem(row) else "strong")


def _behind(row: ShardRow) -> Cell:
    """Which replica lacks most, and how many objects."""
    if row.lost:
        return Cell(LOST, "critical")
    if not row.behind:
        return _in_step(row)
    node, lacking = row.behind[0]
    more = f", {len(row.behind) - 1} more" if len(row.behind) > 1 else ""
    return Cell(f"{plain(node)} −{numbers.count(lacking)}{more}", "accent")


def _behind_narrow(row: ShardRow) -> Cell:
    """How many objects the worst replica lacks."""
    if row.lost:
        return Cell("lost", "critical")
    if not row.behind:
        return _in_step(row)
    # Without its blank it fits: a number with its end cut off is a wrong number.
    return Cell(f"−{numbers.short(row.behind[0][1]).replace(' ', '')}", "accent")


def _in_step(row: ShardRow) -> Cell:
    if row.gap is not None and row.uncompared:
        # Those that answer agree; what the others have nobody knows.
        return Cell("≥0", "unknown")
    return Cell("–" if row.gap is None else "0", "muted")


def _queue(row: ShardRow) -> Cell:
    return Cell(numbers.count(row.queue), "accent" if row.queue else "muted")
