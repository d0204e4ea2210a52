"""Pictures of clusters for the checks: three healthy nodes, and what a test changes."""

from __future__ import annotations

from typing import Any

from elysiadash.cluster.shards import ShardReport, report_shards
from elysiadash.cluster.slices import Kind, Problem
from elysiadash.cluster.stats import APPROXIMATE, CollectionStats
from elysiadash.cluster.view import HEALTHY, ClusterView, NodeView
from elysiadash.health.picture import Picture
from elysiadash.weaviate.models import Node, Nodes, ShardReplica

URL = "http://wv.test:8080"
NOW = 1_700_000_000.0
NODES = ("node-0", "node-1", "node-2")


def node(name: str, status: str = HEALTHY, **more: Any) -> NodeView:
    """A node as the cluster view has it."""
    return NodeView(node=name, status=status, version=more.pop("version", "1.39.0"), **more)


def view(nodes: list[NodeView] | None = None, **more: Any) -> ClusterView:
    """The view of the nodes, three healthy ones if not told otherwise."""
    nodes = [node(name) for name in NODES] if nodes is None else nodes
    more.setdefault("expected", 3)
    more.setdefault("leader", "node-0")
    more.setdefault("asked_at", NOW)
    versions = tuple(sorted({one.version for one in nodes if one.version}))
    return ClusterView(nodes=tuple(nodes), versions=versions, **more)


def row(name: str, **more: Any) -> CollectionStats:
    """A collection of three shards with one replica."""
    more.setdefault("shards", 3)
    more.setdefault("replication_factor", 1)
    return CollectionStats(collection=name, objects_are=APPROXIMATE, **more)


def replica(collection: str, shard: str, **more: Any) -> ShardReplica:
    """One healthy replica."""
    more.setdefault("status", "READY")
    more.setdefault("number_of_replicas", 1)
    return ShardReplica(collection=collection, name=shard, **more)


def report(**replicas: list[ShardReplica] | None) -> ShardReport:
    """Node name (``_`` for ``-``) -> its replicas; None for a listed node that is silent."""
    return report_shards(
        Nodes(
            nodes=[
                Node(name=name.replace("_", "-"), status="TIMEOUT")
                if shards is None
                else Node(name=name.replace("_", "-"), status="HEALTHY", shards=shards)
                for name, shards in replicas.items()
            ]
        )
    )


def picture(**more: Any) -> Picture:
    """A healthy moment, changed by ``more``."""
    more.setdefault("cluster", view())
    return Picture(url=URL, now=NOW, report_at=NOW, **more)


def problem(kind: Kind, why: str, what: str, of: str = "") -> tuple[Kind, str, Problem]:
    """A question without an answer."""
    return kind, of, Problem(why, what, f"GET {URL}/v1/nodes", "check the server")
