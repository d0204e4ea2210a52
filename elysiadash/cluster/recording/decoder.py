"""From named parts back to a moment; what did not change since the last one is not made anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain, repeat
from typing import Any, TypeVar

import msgspec

from elysiadash.cluster.recording import parts as names
from elysiadash.cluster.recording.moment import Moment
from elysiadash.cluster.recording.parts import Head, Parts
from elysiadash.cluster.shards import CollectionShards, ShardReport, report_shards
from elysiadash.cluster.slices import Key, Kind, Slice
from elysiadash.cluster.stats import CollectionStats
from elysiadash.cluster.view import ClusterView
from elysiadash.weaviate.budget import OwnLoad
from elysiadash.weaviate.models import (
    AsyncReplicationStatus,
    CollectionDefinition,
    Node,
    Nodes,
    Schema,
    ShardReplica,
)

T = TypeVar("T")

_ASYNC = "async_replication_status"
_KINDS = {kind.value: kind for kind in Kind}

decode = msgspec.msgpack.decode


class _Replicas(msgspec.Struct, frozen=True, gc=False):
    """One collection's replicas by the node's place, and what they add up to."""

    by_node: dict[int, list[ShardReplica]]
    tally: CollectionShards
    objects: dict[int, int]


class Decoder:
    """Remembers what it made of each part's content: stepping costs what changed."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[Any, Any]] = {}
        self._columns: tuple[tuple[str, ...], ...] = (
            names.FACT_FIELDS,
            names.NUMBER_FIELDS,
            names.REPLICA_FIELDS,
        )

    def moment(self, at: float, parts: Parts) -> Moment:
        """The moment that the parts say; kinds and fields this release does not know are left
        out."""
        self._take_columns(parts)
        if len(self._made) > 2 * len(parts) + 100:
            self._made = {name: made for name, made in self._made.items() if name in parts}
        return Moment(
            at=at,
            slices=self._slices(parts),
            rows=self._rows(parts),
            cluster=self._cluster(parts),
            load=self._load(parts),
        )

    def _take_columns(self, parts: Parts) -> None:
        if names.COLUMNS in parts:
            columns = tuple(map(tuple, decode(parts[names.COLUMNS])))
            if columns != self._columns:
                self._columns = columns
                self._made.clear()

    def _slices(self, parts: Parts) -> dict[Key, Slice[Any]]:
        found: dict[Key, Slice[Any]] = {}
        start = f"{names.STATE}\thead\t"
        for name, content in parts.items():
            if not name.startswith(start):
                continue
            kind, _, of = name.removeprefix(start).partition("\t")
            if kind in _KINDS:
                key = Key(_KINDS[kind], of)
                head = decode(content, type=Head)
                found[key] = self._slice(key, head, parts)
        return found

    def _slice(self, key: Key, head: Head, parts: Parts) -> Slice[Any]:
        return Slice(
            value=self._value(key, parts) if head.answered else None,
            fetched_at=names.from_ms(head.fetched_ms),
            latency=None if head.latency is None else head.latency / 10_000,
            problem=head.problem,
            problem_since=names.from_ms(head.since_ms),
            every=head.every,
        )

    def _value(self, key: Key, parts: Parts) -> Any:
        name = names.value_name(key)
        content = parts.get(name)
        if content is None:
            return None
        if key.kind is Kind.SCHEMA:
            return self._schema(name, content, parts)
        if key.kind is Kind.VERBOSE:
            return self._report(name, content, parts)
        wanted = names.WHOLE_TYPES.get(key.kind)
        if wanted is None:
            return None
        return self._once(name, content, lambda: decode(content, type=wanted))

    def _schema(self, name: str, content: bytes, parts: Parts) -> Schema:
        order = decode(content)
        if order is None:
            return Schema(classes=None)
        found = [parts[f"{names.SCHEMA}\t{item}"] for item in order]

        def made() -> Schema:
            return Schema(
                classes=[
                    self._definition(f"{names.SCHEMA}\t{item}", piece)
                    for item, piece in zip(order, found, strict=True)
                ]
            )

        return self._once(name, (content, found), made)

    def _definition(self, name: str, content: bytes) -> CollectionDefinition:
        return self._once(name, content, lambda: decode(content, type=CollectionDefinition))

    def _report(self, name: str, content: bytes, parts: Parts) -> ShardReport:
        prefix = f"{names.REPLICAS}\t"
        found = {
            item.removeprefix(prefix): (parts[f"{names.SHARDS}\t{item[len(prefix) :]}"], piece)
            for item, piece in parts.items()
            if item.startswith(prefix)
        }
        return self._once(name, (content, found), lambda: self._joined(content, found))

    def _joined(self, content: bytes, found: dict[str, tuple[bytes, bytes]]) -> ShardReport:
        bare = decode(content, type=list[Node])
        pieces = {
            collection: self._pieces(collection, *piece) for collection, piece in found.items()
        }
        nodes = [_with_shards(place, node, pieces.values()) for place, node in enumerate(bare)]
        plain = report_shards(Nodes(nodes=bare))
        places = {node.name: place for place, node in enumerate(bare)}
        return ShardReport(
            nodes=Nodes(nodes=nodes),
            by_collection={collection: piece.tally for collection, piece in pieces.items()},
            answered=plain.answered,
            silent=plain.silent,
            node_objects={
                node: sum(piece.objects.get(places[node], 0) for piece in pieces.values())
                for node in plain.answered
            },
            node_shards={node: len(nodes[places[node]].shards or ()) for node in plain.answered},
        )

    def _pieces(self, collection: str, shards: bytes, replicas: bytes) -> _Replicas:
        name = f"{names.REPLICAS}\t{collection}"
        return self._once(
            name, (shards, replicas), lambda: self._replicas(collection, shards, replicas)
        )

    def _replicas(self, collection: str, shards: bytes, replicas: bytes) -> _Replicas:
        by_node: dict[int, list[ShardReplica]] = {}
        for (place, found), (_, columns) in zip(decode(shards), decode(replicas), strict=True):
            # A server that mixes collections gives one of them in several runs.
            by_node.setdefault(place, []).extend(self._on_node(collection, found, columns))
        numbered = [Node(name=str(place), shards=found) for place, found in by_node.items()]
        report = report_shards(Nodes(nodes=numbered))
        objects = {int(place): count for place, count in report.node_objects.items()}
        return _Replicas(by_node, report.by_collection[collection], objects)

    def _on_node(
        self, collection: str, shards: list[str], columns: list[list[Any]]
    ) -> list[ShardReplica]:
        fields = self._columns[2]
        long = {
            field: repeat(column[0], len(shards)) if len(column) < len(shards) else column
            for field, column in zip(fields, columns, strict=True)
            if field in names.REPLICA_FIELDS
        }
        if _ASYNC in long and any(found is not None for found in columns[fields.index(_ASYNC)]):
            wanted = list[AsyncReplicationStatus] | None
            long[_ASYNC] = [msgspec.convert(found, wanted) for found in long[_ASYNC]]
        if tuple(long) == names.REPLICA_FIELDS:
            return [
                ShardReplica(collection, *values)
                for values in zip(shards, *long.values(), strict=True)
            ]
        return [
            ShardReplica(collection, name, **dict(zip(long, values, strict=True)))
            for name, *values in zip(shards, *long.values(), strict=True)
        ]

    def _rows(self, parts: Parts) -> tuple[CollectionStats, ...]:
        start = f"{names.FACTS}\t"
        rows = [
            self._row(name, content, parts[f"{names.NUMBERS}\t{name[len(start) :]}"])
            for name, content in parts.items()
            if name.startswith(start)
        ]
        return tuple(sorted(rows, key=lambda row: row.collection))

    def _row(self, name: str, facts: bytes, numbers: bytes) -> CollectionStats:
        def made() -> CollectionStats:
            fact_fields, number_fields, _ = self._columns
            pairs = chain(
                zip(fact_fields, decode(facts), strict=True),
                zip(number_fields, decode(numbers), strict=True),
            )
            known = {field: value for field, value in pairs if field in _ROW_FIELDS}
            for field in known.keys() & {"aliases", "missing_nodes"}:
                known[field] = tuple(known[field])
            return CollectionStats(**known)

        return self._once(name, (facts, numbers), made)

    def _cluster(self, parts: Parts) -> ClusterView:
        if names.CLUSTER not in parts:
            return ClusterView()
        asked_ms, seen = decode(parts[names.NODES_SEEN])
        bare = decode(parts[names.CLUSTER], type=ClusterView)
        nodes = tuple(
            names.decoded_node(parts[f"{names.STATE}\tnode\t{node}"], seen_ms)
            for node, seen_ms in seen
        )
        return msgspec.structs.replace(bare, nodes=nodes, asked_at=names.from_ms(asked_ms))

    def _load(self, parts: Parts) -> OwnLoad:
        content = parts.get(names.LOAD)
        return OwnLoad(0, None, 0) if content is None else decode(content, type=OwnLoad)

    def _once(self, name: str, content: Any, make: Callable[[], T]) -> T:
        known = self._made.get(name)
        if known is not None and known[0] == content:
            made: T = known[1]
            return made
        value = make()
        self._made[name] = (content, value)
        return value


_ROW_FIELDS = frozenset(CollectionStats.__struct_fields__)


def _with_shards(place: int, node: Node, pieces: Iterable[_Replicas]) -> Node:
    if node.shards is None:
        return node
    found = [piece.by_node[place] for piece in pieces if place in piece.by_node]
    return msgspec.structs.replace(node, shards=list(chain.from_iterable(found)))
