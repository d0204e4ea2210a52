"""Events for the tests of the screens: an incident, newest last."""

from __future__ import annotations

from elysiadash.cluster.events.event import Event
from elysiadash.cluster.recording.state import RecordingState
from tests.tui.still import NODES, START, StillWatch, still_cluster, three_nodes

INCIDENT = (
    Event(
        at=START - 5400,
        kind="alias.moved",
        message="alias Docs moved from Documents_v1 to Documents",
        collection="Documents",
        name="Docs",
        before="Documents_v1",
        after="Documents",
        evidence="GET /v1/aliases",
    ),
    Event(
        at=START - 3600,
        kind="collection.deleted",
        message="collection Documents_v1 deleted",
        severity="warning",
        collection="Documents_v1",
        evidence="GET /v1/schema",
    ),
    Event(
        at=START - 95,
        kind="leader.changed",
        message="raft leader weaviate-2 -> weaviate-0",
        node="weaviate-0",
        before="weaviate-2",
        after="weaviate-0",
        evidence="leaderId of GET /v1/cluster/statistics",
    ),
    Event(
        at=START - 90,
        kind="node.left",
        message="weaviate-2 is gone (no longer in the list of members)",
        severity="critical",
        node="weaviate-2",
        before="healthy",
        after="missing",
        evidence="GET /v1/nodes and readiness, "
        "between 2026-09-21T14:12:05Z and 2026-09-21T14:12:10Z",
    ),
    Event(
        at=START - 30,
        kind="shard.readonly",
        message="Documents/shard05 is READONLY on weaviate-1",
        severity="warning",
        node="weaviate-1",
        collection="Documents",
        shard="shard05",
        evidence="GET /v1/nodes?output=verbose",
    ),
    Event(at=START - 20, kind="backup.started", message="backup nightly on s3 started", name="b"),
)
"""Two of them from before a session that began two minutes ago."""


def incident() -> StillWatch:
    """A cluster in trouble: a node is gone, a shard is READONLY, and it was recorded."""
    watch = still_cluster()
    watch.view = three_nodes(missing=NODES[2])
    watch.events.add(*INCIDENT)
    watch.recording = RecordingState(elsewhere=True, pid=4711, oldest=START - 86_400)
    return watch
