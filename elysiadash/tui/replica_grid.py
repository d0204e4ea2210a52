"""Shards by nodes: one row a shard, one column a node, what each replica says in the cell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import takewhile
from math import inf
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from elysiadash.tui.description import Entry, Section

_WIDE_CELL = 16
"""Cells a node's column needs for whole numbers; with less, numbers are short."""
_BESIDE_NODES = 44
"""Cells that the other columns take."""
_LOST = "no live replica"


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
    """Nodes that do not answer and have, or may have, a replica."""
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
        "state": lambda row: _LOST if row.lost else " ".join(row.states),
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
    return (ShardRow("", {}, None, {}, away.nodes, away.unnamed), *rows)


def is_problem(row: ShardRow) -> bool:
    """Whether a replica is in a state that refuses or lacks something, or is not there."""
    bad = any(map(refuses, row.states))
    return bad or row.lost or row.lacks_replicas > 0


def _row(shard: str, replicas: Iterable[ReplicaOnNode], away: Away) -> ShardRow:
    by_node = {found.node: found.replica for found in replicas}
    counts = [replica.object_count for replica in by_node.values() if replica.loaded]
    before = {node: held for node, held in away.held.get(shard, {}).items() if node not in by_node}
    silent = _silent(by_node, before, away)
    return ShardRow(shard, by_node, max(counts, default=None), before, silent)


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
    view: ClusterView, silent: Iterable[str], listed: Iterable[str], room: int = 200
) -> tuple[Column[ShardRow], ...]:
    """The columns for these nodes in ``room`` cells; ``silent`` ones did not answer for their
    replicas. Where many nodes share the room, numbers are short and names lose what is common.
    """
    states = {node.node: node.status for node in view.nodes}
    mute = frozenset(silent) | {
        node.node for node in view.nodes if node.expected and node.status not in LIVE_STATES
    }
    nodes = sorted(set(states) | set(listed) | mute)
    narrow = len(nodes) * (_WIDE_CELL + 2) > room - _BESIDE_NODES
    titles = _short_names(nodes) if narrow else dict(zip(nodes, nodes, strict=True))
    behind, room_behind = (_behind_narrow, (6, 8)) if narrow else (_behind, (16, 30))
    return (
        Column("shard", "Shard", _name, (10, 40), "left", 100, lambda row: row.shard, letter="s"),
        Column("behind", "Behind", behind, room_behind, "left", 60, *_by_gap, letter="b"),
        *(
            _node_column(node, titles[node], states.get(node), node in mute, narrow)
            for node in nodes
        ),
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


def _node_column(
    node: str, title: str, state: str | None, mute: bool, narrow: bool
) -> Column[ShardRow]:
    why = "" if narrow else f" {state or 'no answer'}"
    words = f"{plain(title)} ✖{why}" if mute else plain(title)
    silence = "silent" if narrow else "no answer"

    def render(row: ShardRow) -> Cell:
        if (replica := row.replicas.get(node)) is not None:
            return _replica(replica, row.highest, narrow)
        if row.lost and (held := row.before.get(node)) is not None:
            return Cell(f"{_held_objects(held, narrow)} old", "unknown")
        return Cell(silence, "unknown") if node in row.silent else Cell("·", "muted")

    width = (8, 12) if narrow else (12, 40)
    return Column(node, words, render, width, "left", 50, _count_on(node), True)


def _held_objects(held: HeldReplica, narrow: bool) -> str:
    if not held.replica.loaded:
        return "unloaded" if narrow else "not loaded"
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
        words.append("unloaded" if narrow else "not loaded")
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


def sections_of(
    collection: str, row: ShardRow, requests: Mapping[str, str], now: float
) -> tuple[Section, ...]:
    """A shard in full: each of its replicas, then what holds for all of them."""
    from elysiadash.tui.description import Entry, Section, of_requests

    gap = numbers.UNKNOWN if row.gap is None else numbers.count(row.gap)
    whole = [
        Entry(what="Shard", value=row.name),
        Entry(what="Collection", value=collection),
        Entry(
            what="Widest gap",
            value=gap,
            meaning="objects between the loaded replicas that hold the most and the fewest",
            why="" if row.gap is not None else "fewer than two replicas are loaded",
        ),
        Entry(what="Queue", value=numbers.count(row.queue), meaning="vectors of all replicas"),
    ]
    if row.lost:
        whole.append(Entry(what="Live replicas", value="0", why=_lost_words(row, now)))
    if row.lacks_replicas:
        why = "the schema wants them, and no node that answers lists them"
        whole.append(Entry(what="Replicas missing", value=str(row.lacks_replicas), why=why))
    replicas = tuple(_replica_entry(row, node) for node in sorted(row.replicas)) + tuple(
        Entry(what=node, value=_held_words(held, now)) for node, held in sorted(row.before.items())
    )
    sections = (Section("Replicas", replicas), Section("Shard", tuple(whole)))
    return (*(each for each in sections if each.entries), *of_requests(requests))


def _replica_entry(row: ShardRow, node: str) -> Entry:
    from elysiadash.tui.description import Entry

    return Entry(what=node, value=_replica_words(row, row.replicas[node]))


def _name(row: ShardRow) -> Cell:
    return Cell(plain(row.name), "critical" if is_problem(row) else "strong")


def _behind(row: ShardRow) -> Cell:
    """Which replica lacks most, and how many objects."""
    if row.lost:
        return Cell(_LOST, "critical")
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
    return Cell("–" if row.gap is None else "0", "muted")


def _queue(row: ShardRow) -> Cell:
    return Cell(numbers.count(row.queue), "accent" if row.queue else "muted")


def line_of(row: ShardRow, now: float) -> str:
    """A shard's replicas in one line, for the status line; ``now`` is wall-clock seconds."""
    if row.lost:
        return f"{plain(row.name)}: {_lost_words(row, now)}"
    parts = []
    for node, replica in sorted(row.replicas.items()):
        parts.append(f"{plain(node)} {_replica_words(row, replica)}")
    parts += [
        f"{plain(node)} {_held_words(held, now)}" for node, held in sorted(row.before.items())
    ]
    lacking = row.lacks_replicas - len(row.before)
    if lacking > 0:
        parts.append(f"{lacking} more should be there and no node lists them")
    return f"{plain(row.name)}: {'; '.join(parts)}"


def _lost_words(row: ShardRow, now: float) -> str:
    """``no live replica, was on weaviate-0, ~308 objects flushed 20 s ago``."""
    if row.before:
        was = [
            f"was on {plain(node)}, {_held_objects(held, False)}"
            f"{' objects flushed' if held.replica.loaded else ''} "
            f"{numbers.span(now - held.seen_at)} ago"
            for node, held in sorted(row.before.items())
        ]
        return f"{_LOST}, {'; '.join(was)}"
    nodes = ", ".join(plain(node) for node in sorted(row.silent))
    if row.unnamed:
        return f"{_LOST}, and nobody has told the names since this began; no answer from {nodes}"
    return f"{_LOST}; no answer from {nodes}, and it was not seen there"


def _held_words(held: HeldReplica, now: float) -> str:
    """What a node that does not answer had."""
    objects = f"{_held_objects(held, False)}{' objects flushed' if held.replica.loaded else ''}"
    return f"no answer, had {objects} {numbers.span(now - held.seen_at)} ago"


def _replica_words(row: ShardRow, replica: ShardReplica) -> str:
    said = [plain(replica.status) or numbers.UNKNOWN]
    if replica.loaded:
        said.append(f"{numbers.count(replica.object_count)} objects flushed")
        lacking = (row.highest or 0) - replica.object_count
        if lacking > 0:
            said.append(f"{numbers.count(lacking)} behind")
    else:
        said.append("not loaded, so not counted")
    if replica.vector_queue_length:
        said.append(f"queue {numbers.count(replica.vector_queue_length)}")
    return ", ".join(said)
