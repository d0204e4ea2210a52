"""What a shard's replicas say, in words: for the status line and the description."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from elysiadash.cluster.shards_away import HeldReplica
from elysiadash.tui import numbers
from elysiadash.tui.plain import plain
from elysiadash.tui.replica_grid import LOST, NO_ANSWER, STARTING, ShardRow, held_objects
from elysiadash.weaviate.models import ShardReplica

if TYPE_CHECKING:
    from elysiadash.tui.description import Entry, Section


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
        Entry(what=node, value=_held_words(row, node, held, now))
        for node, held in sorted(row.before.items())
    )
    sections = (Section("Replicas", replicas), Section("Shard", tuple(whole)))
    return (*(each for each in sections if each.entries), *of_requests(requests))


def _replica_entry(row: ShardRow, node: str) -> Entry:
    from elysiadash.tui.description import Entry

    return Entry(what=node, value=_replica_words(row, row.replicas[node]))


def line_of(row: ShardRow, now: float) -> str:
    """A shard's replicas in one line, for the status line; ``now`` is wall-clock seconds."""
    if row.lost:
        return f"{plain(row.name)}: {_lost_words(row, now)}"
    parts = []
    for node, replica in sorted(row.replicas.items()):
        parts.append(f"{plain(node)} {_replica_words(row, replica)}")
    parts += [
        f"{plain(node)} {_held_words(row, node, held, now)}"
        for node, held in sorted(row.before.items())
    ]
    lacking = row.lacks_replicas - len(row.before)
    if lacking > 0:
        parts.append(f"{lacking} more should be there and no node lists them")
    return f"{plain(row.name)}: {'; '.join(parts)}"


def _lost_words(row: ShardRow, now: float) -> str:
    """``no live replica, was on weaviate-0, ~308 objects flushed 20 s ago``."""
    if row.before:
        was = [
            f"was on {plain(node)}, {held_objects(held, False)}"
            f"{' objects flushed' if held.replica.loaded else ''} "
            f"{numbers.span(now - held.seen_at)} ago"
            for node, held in sorted(row.before.items())
        ]
        return f"{LOST}, {'; '.join(was)}"
    if row.unnamed:
        return f"{LOST}, and nobody has told the names since this began; {_silent_words(row)}"
    return f"{LOST}; {_silent_words(row)}, and it was not seen there"


def _silent_words(row: ShardRow) -> str:
    """``no answer from weaviate-0, weaviate-1; weaviate-2 is starting``."""
    mute, starting = sorted(row.silent - row.starting), sorted(row.starting)
    said = [f"{NO_ANSWER} from {', '.join(map(plain, mute))}"] if mute else []
    said += [f"{plain(node)} is {STARTING}" for node in starting]
    return "; ".join(said)


def _held_words(row: ShardRow, node: str, held: HeldReplica, now: float) -> str:
    """What a node that does not answer, or starts, had."""
    why = STARTING if node in row.starting else NO_ANSWER
    objects = f"{held_objects(held, False)}{' objects flushed' if held.replica.loaded else ''}"
    return f"{why}, had {objects} {numbers.span(now - held.seen_at)} ago"


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
