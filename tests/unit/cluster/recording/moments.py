"""Random moments of a cluster, each a change of the one before it, and recordings of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import strategies as st

from elysiadash.cluster.recording.moment import Moment
from elysiadash.cluster.recording.retention import Retention
from elysiadash.cluster.recording.writer import Batch, Writer
from elysiadash.cluster.rows import TenantCounts
from elysiadash.cluster.shards import ShardReport, report_shards
from elysiadash.cluster.slices import Key, Kind, Problem, Slice
from elysiadash.cluster.stats import CollectionStats
from elysiadash.cluster.view import ClusterView, NodeView
from elysiadash.weaviate.budget import OwnLoad
from elysiadash.weaviate.models import (
    Alias,
    AsyncReplicationStatus,
    CollectionDefinition,
    Node,
    Nodes,
    Readiness,
    Replication,
    Schema,
    ShardReplica,
)

START = 1_790_000_000.0
ABOUT = {"name": "prod-eu", "url": "http://weaviate.example:8080"}
NAMES = ("Docs", "Chunks", "日本語", "[/x]", "a\tb")
NODES = ("n0", "n1", "n2")

_PROBLEM = Problem("unreachable", "no connection: refused", "GET http://n0/v1/nodes", "look")
_counts = st.integers(0, 2**40)
_replicas = st.builds(
    ShardReplica,
    collection=st.sampled_from(NAMES),
    name=st.sampled_from(["s0", "s1", "s2"]),
    object_count=_counts,
    status=st.sampled_from(["READY", "READONLY", ""]),
    vector_queue_length=st.integers(0, 9),
    compressed=st.booleans(),
    loaded=st.booleans(),
    async_replication_status=st.none()
    | st.lists(st.builds(AsyncReplicationStatus, target_node=st.none() | st.just("n1"))),
)
_listed = st.builds(
    Nodes,
    nodes=st.lists(st.sampled_from(NODES), unique=True).flatmap(
        lambda names: st.tuples(*map(_node, names)).map(list)
    ),
)


def _node(name: str) -> st.SearchStrategy[Node]:
    silent = st.builds(
        Node, name=st.just(name), status=st.sampled_from(["UNAVAILABLE", "TIMEOUT", "HEALTHY"])
    )
    answering = st.builds(
        Node,
        name=st.just(name),
        status=st.just("HEALTHY"),
        version=st.none() | st.just("1.39.0"),
        # A replica is listed once on a node.
        shards=st.lists(_replicas, unique_by=lambda one: (one.collection, one.name), max_size=8),
    )
    return silent | answering


_definitions = st.builds(
    CollectionDefinition,
    name=st.sampled_from(NAMES),
    replication_config=st.builds(Replication, factor=st.integers(1, 3)),
)
_VALUES: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.VERBOSE: _listed.map(report_shards),
    Kind.SCHEMA: st.builds(
        Schema, classes=st.none() | st.lists(_definitions, unique_by=lambda one: one.name)
    ),
    Kind.NODES: st.builds(Nodes, nodes=st.lists(st.builds(Node, name=st.sampled_from(NODES)))),
    Kind.ALIASES: st.just((Alias("D", "Docs"),)) | st.just(()),
    Kind.READY: st.builds(
        Readiness, ready=st.booleans(), status=st.just(200), seconds=st.just(0.5)
    ),
    Kind.TENANTS: st.builds(TenantCounts, st.dictionaries(st.just("HOT"), _counts)),
    Kind.COUNT: _counts,
}
_keys = st.sampled_from(
    [
        Key(Kind.VERBOSE),
        Key(Kind.SCHEMA),
        Key(Kind.NODES),
        Key(Kind.ALIASES),
        Key(Kind.READY, "http://n0"),
        Key(Kind.READY, "http://n1"),
        Key(Kind.TENANTS, "a\tb"),
        Key(Kind.COUNT, "Docs"),
    ]
)
_rows = st.lists(
    st.builds(
        CollectionStats,
        collection=st.sampled_from(NAMES),
        objects=st.none() | _counts,
        objects_per_s=st.none() | st.floats(-1e6, 1e6),
        tenants_by_state=st.none() | st.dictionaries(st.just("HOT"), _counts),
        aliases=st.sampled_from([(), ("D",)]),
        missing_nodes=st.sampled_from([(), ("n2",)]),
        not_exposed=st.dictionaries(st.just("queries_per_s"), st.just("no metrics")),
    ),
    unique_by=lambda row: row.collection,
).map(lambda rows: tuple(sorted(rows, key=lambda row: row.collection)))
_views = st.builds(
    ClusterView,
    nodes=st.lists(
        st.builds(
            NodeView,
            node=st.sampled_from(NODES),
            status=st.sampled_from(["healthy", "missing"]),
            seen_at=st.none() | st.integers(0, 10**6).map(lambda s: START + s),
        ),
        unique_by=lambda node: node.node,
    ).map(tuple),
    expected=st.none() | st.integers(0, 5),
    leader=st.sampled_from([None, "", "n0"]),
    asked_at=st.none() | st.just(START),
)
_loads = st.builds(OwnLoad, st.integers(0, 99), st.none() | st.just(12.5), st.integers(0, 8))


@st.composite
def stories(draw: st.DrawFn, longest: int = 12) -> list[Moment]:
    """Moments one after the other; what did not change is the same object, as in a store."""
    moment = Moment(at=START)
    told: list[Moment] = []
    for _ in range(draw(st.integers(1, longest))):
        slices = dict(moment.slices)
        for key in draw(st.sets(_keys, max_size=4)):
            _change(draw, slices, key)
        step = draw(st.sampled_from([5.0, 5.0, 5.0, 60.0, 1000.0]))
        moment = Moment(
            at=round(moment.at + step, 3),
            slices=slices,
            rows=draw(_rows) if draw(st.booleans()) else moment.rows,
            cluster=draw(_views) if draw(st.booleans()) else moment.cluster,
            load=draw(_loads),
        )
        told.append(moment)
    return told


def _change(draw: st.DrawFn, slices: dict[Key, Slice[Any]], key: Key) -> None:
    how = draw(st.sampled_from(["answer", "answer", "fail", "forget"]))
    if how == "forget":
        slices.pop(key, None)
    elif how == "fail":
        old = slices.get(key, Slice())
        slices[key] = msgspec.structs.replace(old, problem=_PROBLEM, problem_since=START + 7)
    else:
        value = draw(_VALUES[key.kind])
        slices[key] = Slice(value, START + draw(st.integers(0, 10**6)), 0, 0.25, every=15.0)


def plain(moment: Moment) -> dict[str, Any]:
    """The moment as data that can be compared: replicas of a node have no order."""
    return {
        "at": moment.at,
        "slices": {key: _plain_slice(piece) for key, piece in moment.slices.items()},
        "rows": moment.rows,
        "cluster": moment.cluster,
        "load": moment.load,
    }


def _plain_slice(piece: Slice[Any]) -> Slice[Any]:
    value = piece.value
    if isinstance(value, ShardReport):
        value = _sorted_report(value)
    return msgspec.structs.replace(piece, value=value, seq=0)


def _sorted_report(report: ShardReport) -> ShardReport:
    nodes = [
        msgspec.structs.replace(
            node,
            shards=node.shards and sorted(node.shards, key=lambda one: (one.collection, one.name)),
        )
        for node in report.nodes.nodes
    ]
    return msgspec.structs.replace(report, nodes=Nodes(nodes=nodes))


def record(
    path: Path, moments: Iterable[Moment], retention: Retention | None = None, **about: str
) -> None:
    """Write a recording of these moments."""
    writer = Writer(path, {**ABOUT, **about}, retention or Retention())
    for moment in moments:
        writer.write(Batch(moment=moment))
    writer.close()


def quiet(count: int, start: float = START, step: float = 5.0) -> Sequence[Moment]:
    """Moments in which only the load moves."""
    view = ClusterView(nodes=(NodeView(node="n0", status="healthy"),), expected=1, live=1)
    return [
        Moment(at=start + step * number, cluster=view, load=OwnLoad(number, None, 0))
        for number in range(count)
    ]
