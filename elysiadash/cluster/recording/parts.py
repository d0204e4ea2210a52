"""A moment as named parts of bytes, so that only the parts that changed need to be kept.

A part's name begins with its group (the part up to the first tab). Times are kept in whole
milliseconds, latencies in tenths of them. Field names stand beside the values, so that a later
release with more fields still reads an older recording.
"""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import Any

import msgspec
from msgspec.structs import astuple

from elysiadash.cluster.disks import NodeDisk
from elysiadash.cluster.rows import TenantCounts
from elysiadash.cluster.shards import FAILED_NODE_STATES, ShardReport
from elysiadash.cluster.slices import Key, Kind, Problem, Slice
from elysiadash.cluster.stats import CollectionStats
from elysiadash.cluster.view import ClusterView, NodeView
from elysiadash.weaviate.capabilities import Capabilities
from elysiadash.weaviate.models import (
    Alias,
    Backup,
    Meta,
    Nodes,
    Readiness,
    ReplicationOperation,
    Schema,
    ShardReplica,
    Statistics,
    Task,
)
from elysiadash.weaviate.node_metrics import NodeMetrics

Parts = dict[str, bytes]
"""Name -> content."""

STATE, SCHEMA, SHARDS, REPLICAS, FACTS, NUMBERS = (
    "state",
    "schema",
    "shards",
    "replicas",
    "facts",
    "numbers",
)
GROUPS = (STATE, SCHEMA, SHARDS, REPLICAS, FACTS, NUMBERS)
"""In the order in which a keyframe holds them."""

WHOLE_TYPES: dict[Kind, Any] = {
    Kind.READY: Readiness,
    Kind.NODES: Nodes,
    Kind.STATISTICS: Statistics,
    Kind.META: Meta,
    Kind.ALIASES: tuple[Alias, ...],
    Kind.TENANTS: TenantCounts,
    Kind.OPERATIONS: tuple[ReplicationOperation, ...],
    Kind.TASKS: dict[str, tuple[Task, ...]],
    Kind.BACKUPS: tuple[Backup, ...],
    Kind.METRICS: NodeMetrics,
    Kind.DISK: NodeDisk,
    Kind.CAPABILITIES: Capabilities,
    Kind.COUNT: int,
}
"""Kinds whose value is one part; schema and verbose have one for each collection."""

FACT_FIELDS = (
    "collection",
    "objects_are",
    "tenants_by_state",
    "vector_index",
    "compression",
    "aliases",
    "missing_nodes",
    "not_exposed",
)
NUMBER_FIELDS = tuple(name for name in CollectionStats.__struct_fields__ if name not in FACT_FIELDS)
REPLICA_FIELDS = tuple(
    name for name in ShardReplica.__struct_fields__ if name not in ("collection", "name")
)
_FACT_PLACES = tuple(CollectionStats.__struct_fields__.index(name) for name in FACT_FIELDS)
_NUMBER_PLACES = tuple(CollectionStats.__struct_fields__.index(name) for name in NUMBER_FIELDS)
_NAME_PLACE = ShardReplica.__struct_fields__.index("name")
_COLUMN_PLACES = tuple(ShardReplica.__struct_fields__.index(name) for name in REPLICA_FIELDS)

CLUSTER = f"{STATE}\tcluster"
NODES_SEEN = f"{STATE}\tseen"
LOAD = f"{STATE}\tload"
COLUMNS = f"{STATE}\tcolumns"

encode = msgspec.msgpack.Encoder().encode


class Head(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A slice without its value."""

    answered: bool
    fetched_ms: int | None
    latency: int | None
    problem: Problem | None = None
    since_ms: int | None = None
    every: float = 0.0


def group_of(name: str) -> str:
    """The group that a part belongs to."""
    return name.split("\t", 1)[0]


def to_ms(at: float | None) -> int | None:
    """Seconds as whole milliseconds."""
    return None if at is None else round(at * 1000)


def from_ms(at: int | None) -> float | None:
    """Whole milliseconds as seconds."""
    return None if at is None else at / 1000


def head_name(key: Key) -> str:
    """Where a slice's times and problem are."""
    return f"{STATE}\thead\t{key.kind.value}\t{key.of}"


def value_name(key: Key) -> str:
    """Where a slice's value is, or its beginning."""
    return f"{STATE}\tvalue\t{key.kind.value}\t{key.of}"


def head_bytes(piece: Slice[Any]) -> bytes:
    """A slice without its value."""
    return encode(
        Head(
            piece.value is not None,
            to_ms(piece.fetched_at),
            None if piece.latency is None else round(piece.latency * 10_000),
            piece.problem,
            to_ms(piece.problem_since),
            piece.every,
        )
    )


def value_parts(key: Key, value: Any) -> Parts:
    """The value of a slice; empty for a kind that is not recorded."""
    name = value_name(key)
    if key.kind is Kind.SCHEMA:
        return _schema_parts(name, value)
    if key.kind is Kind.VERBOSE:
        return _report_parts(name, value)
    if key.kind is Kind.METRICS:
        # What they say of each collection is in the rows.
        value = msgspec.structs.replace(value, per_collection={})
    return {name: encode(value)} if key.kind in WHOLE_TYPES else {}


def row_parts(row: CollectionStats) -> Parts:
    """One row: what rarely changes apart from the numbers."""
    values = astuple(row)
    name = row.collection
    return {
        f"{FACTS}\t{name}": encode([values[place] for place in _FACT_PLACES]),
        f"{NUMBERS}\t{name}": encode([values[place] for place in _NUMBER_PLACES]),
    }


def cluster_parts(view: ClusterView) -> Parts:
    """The nodes; the times that change with every answer are together in one part."""
    seen = [[node.node, to_ms(node.seen_at)] for node in view.nodes]
    bare = msgspec.structs.replace(view, nodes=(), asked_at=None)
    parts = {CLUSTER: encode(bare), NODES_SEEN: encode([to_ms(view.asked_at), seen])}
    for node in view.nodes:
        parts[f"{STATE}\tnode\t{node.node}"] = encode(msgspec.structs.replace(node, seen_at=None))
    return parts


def fixed_parts() -> Parts:
    """The names of the fields whose values are kept without."""
    return {COLUMNS: encode([FACT_FIELDS, NUMBER_FIELDS, REPLICA_FIELDS])}


def _schema_parts(name: str, schema: Schema) -> Parts:
    if schema.classes is None:
        return {name: encode(None)}
    parts = {name: encode([item.name for item in schema.classes])}
    for item in schema.classes:
        parts[f"{SCHEMA}\t{item.name}"] = encode(item)
    return parts


def _report_parts(name: str, report: ShardReport) -> Parts:
    """Shards change rarely, what is counted of them often; many are alike."""
    bare = [
        msgspec.structs.replace(node, shards=None if node.shards is None else [])
        for node in report.nodes.nodes
    ]
    shards: dict[str, list[Any]] = {}
    replicas: dict[str, list[Any]] = {}
    for place, node in enumerate(report.nodes.nodes):
        if node.status in FAILED_NODE_STATES:
            continue
        for collection, run in groupby(node.shards or (), attrgetter("collection")):
            columns = list(zip(*map(astuple, run), strict=True))
            shards.setdefault(collection, []).append([place, columns[_NAME_PLACE]])
            short = [_shortened(columns[column]) for column in _COLUMN_PLACES]
            replicas.setdefault(collection, []).append([place, short])
    parts = {name: encode(bare)}
    for collection, found in shards.items():
        parts[f"{SHARDS}\t{collection}"] = encode(found)
        parts[f"{REPLICAS}\t{collection}"] = encode(replicas[collection])
    return parts


def _shortened(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """One value where all are the same."""
    return values[:1] if values.count(values[0]) == len(values) else values


def decoded_node(content: bytes, seen_ms: int | None) -> NodeView:
    """One node of the cluster."""
    node = msgspec.msgpack.decode(content, type=NodeView)
    return msgspec.structs.replace(node, seen_at=from_ms(seen_ms))
