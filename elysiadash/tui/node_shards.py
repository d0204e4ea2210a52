"""The replicas on one node as a list, grouped by collection."""

from __future__ import annotations

import msgspec

from elysiadash.cluster.shards import LOADING_STATES, ShardReport, refuses
from elysiadash.tui import numbers
from elysiadash.tui.filtering import Fields
from elysiadash.tui.plain import plain
from elysiadash.tui.widgets.table import Cell, Column, StyleName
from elysiadash.weaviate.models import ShardReplica

_DEEP_LINK = " shard "


class ReplicaRow(msgspec.Struct, frozen=True, gc=False):
    """One replica on the node; ``highest`` is the most objects that a loaded replica of its
    shard has anywhere."""

    replica: ShardReplica
    highest: int | None

    @property
    def key(self) -> tuple[str, str]:
        """Collection and shard."""
        return (self.replica.collection, self.replica.name)

    @property
    def objects(self) -> int | None:
        """Flushed objects; None while it is not loaded."""
        return self.replica.object_count if self.replica.loaded else None

    @property
    def behind(self) -> int | None:
        """Objects that another replica has more; None where that cannot be said."""
        if self.highest is None or self.objects is None:
            return None
        return self.highest - self.objects

    @property
    def is_problem(self) -> bool:
        """Whether it is in a state that refuses something."""
        return refuses(self.replica.status)


def replica_rows(report: ShardReport, node: str) -> tuple[ReplicaRow, ...] | None:
    """The replicas of a node by collection and name; None where it did not answer for them.

    Reads the whole report: run it in a thread.
    """
    listed = next((each for each in report.nodes.nodes if each.name == node), None)
    if listed is None or node not in report.answered:
        return None
    found = sorted(listed.shards or (), key=lambda each: (each.collection, each.name))
    return tuple(ReplicaRow(each, _highest(report, each)) for each in found)


def _highest(report: ShardReport, replica: ShardReplica) -> int | None:
    of_collection = report.by_collection.get(replica.collection)
    return of_collection.counts.get(replica.name) if of_collection else None


def split_link(argument: str) -> tuple[str, str | None]:
    """``weaviate-1 shard abc`` -> the node and the shard, None where only a node is named."""
    name, _, shard = argument.strip().partition(_DEEP_LINK)
    return name.strip(), shard.strip() or None


def find_shard(report: ShardReport | None, node: str, shard: str) -> tuple[str, str] | None:
    """(collection, shard) of a shard on a node, by ``shard`` or ``Collection/shard``."""
    listed = report.nodes.nodes if report else ()
    for replica in (each for one in listed if one.name == node for each in one.shards or ()):
        if shard in (replica.name, f"{replica.collection}/{replica.name}"):
            return (replica.collection, replica.name)
    return None


def describe(row: ReplicaRow) -> str:
    """A replica in one line, for the status line."""
    parts = [f"{row.replica.collection}/{row.replica.name}: {row.replica.status or '–'}"]
    if row.objects is None:
        parts.append("not loaded, so not counted")
    else:
        parts.append(f"{numbers.count(row.objects)} objects flushed")
    if row.behind:
        parts.append(f"{numbers.count(row.behind)} behind the fullest replica")
    if row.replica.vector_queue_length:
        parts.append(f"{numbers.count(row.replica.vector_queue_length)} vectors wait")
    return plain(", ".join(parts))


def _state(row: ReplicaRow) -> Cell:
    status = row.replica.status
    style: StyleName = "unknown" if status in LOADING_STATES else ""
    style = "critical" if row.is_problem else style
    words = plain(status) or numbers.UNKNOWN
    return Cell(words if row.replica.loaded else f"{words}, not loaded", style)


def _count(value: int | None, zero: StyleName = "") -> Cell:
    return Cell(numbers.count(value), "unknown" if value is None else "" if value else zero)


def _flushed(value: int | None) -> Cell:
    """``~0``: what is not flushed yet is not counted."""
    return _count(value) if value is None else Cell(f"~{numbers.count(value)}")


COLUMNS: tuple[Column[ReplicaRow], ...] = (
    Column(
        "collection",
        "Collection",
        lambda row: Cell(plain(row.replica.collection), "strong"),
        (10, 40),
        "left",
        100,
        lambda row: row.key,
        letter="c",
    ),
    Column(
        "shard",
        "Shard",
        lambda row: Cell(plain(row.replica.name)),
        (8, 40),
        "left",
        95,
        lambda row: row.replica.name,
        letter="s",
    ),
    Column(
        "state", "State", _state, (6, 26), "left", 90, lambda row: row.replica.status, letter="t"
    ),
    Column(
        "objects",
        "Flushed objects",
        lambda row: _flushed(row.objects),
        (8, 15),
        "right",
        80,
        lambda row: row.objects,
        True,
        letter="b",
    ),
    Column(
        "behind",
        "Behind",
        lambda row: _count(row.behind, "muted"),
        (6, 12),
        "right",
        60,
        lambda row: row.behind,
        True,
        letter="h",
    ),
    Column(
        "queue",
        "Queue",
        lambda row: _count(row.replica.vector_queue_length, "muted"),
        (5, 11),
        "right",
        70,
        lambda row: row.replica.vector_queue_length,
        True,
        letter="u",
    ),
)

FIELDS: Fields[ReplicaRow] = Fields(
    lambda row: (row.replica.collection, row.replica.name),
    {
        "collection": lambda row: row.replica.collection,
        "shard": lambda row: row.replica.name,
        "state": lambda row: row.replica.status,
        "objects": lambda row: row.objects,
        "behind": lambda row: row.behind,
        "queue": lambda row: row.replica.vector_queue_length,
    },
)
"""What the list can be filtered by."""
