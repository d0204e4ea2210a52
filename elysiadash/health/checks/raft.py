"""Can the cluster decide? Leader, quorum, and changes that raft does not get done. AVL-103."""

from __future__ import annotations

from collections.abc import Iterator

from elysiadash.health.checks.nodes import AWAY
from elysiadash.health.finding import Evidence, Finding, Severity
from elysiadash.health.picture import Picture

NO_DECISIONS = "AVL-103"

_ROUTE = "GET /v1/cluster/statistics"
_IMPACT = (
    "nothing that changes the schema or a tenant works, and what asks the leader blocks for "
    "17 to 48 s; searches of local shards go on"
)


def leader(picture: Picture) -> Iterator[Finding]:
    """Critical: every answering node says that there is no leader."""
    if picture.cluster.leader != "":
        return
    yield Finding(
        code=NO_DECISIONS,
        severity=Severity.CRITICAL,
        message="the cluster has no raft leader",
        impact=_IMPACT,
        cause="most of the voting nodes are down or cannot reach each other",
        action="bring the missing nodes back, one after the other",
        evidence=(Evidence(_ROUTE, "leaderId", '""', picture.cluster.asked_at),),
    )


def quorum(picture: Picture) -> Iterator[Finding]:
    """Critical: too few members are live to elect a leader."""
    view = picture.cluster
    if not view.expected or view.leader == "":
        return
    away = [node.node for node in view.nodes if node.expected and node.status in AWAY]
    needed = view.expected // 2 + 1
    if view.expected - len(away) >= needed:
        return
    yield Finding(
        code=NO_DECISIONS,
        severity=Severity.CRITICAL,
        message=f"no quorum: {len(away)} of {view.expected} members are away, "
        f"{needed} must take part",
        impact=_IMPACT,
        cause="most of the voting nodes are down or cannot reach each other",
        action="bring the missing nodes back, one after the other",
        evidence=(
            Evidence(_ROUTE, "raft.latestConfiguration", f"{view.expected} members", view.asked_at),
            Evidence("GET /v1/nodes, GET /v1/.well-known/ready", "away", ", ".join(away)),
        ),
    )


def stuck_changes(picture: Picture) -> Iterator[Finding]:
    """Warning: a node waited for the same change in several looks."""
    for stuck in picture.stuck:
        yield Finding(
            code=NO_DECISIONS,
            severity=Severity.WARNING,
            node=stuck.node,
            message=f"{stuck.node} has not finished one raft change for {stuck.seconds:.0f} s",
            impact="later changes of the schema and of tenants wait behind it",
            cause="a large change is under way, or raft is wedged (seen after reading the shard "
            "states of a COLD tenant with auto activation)",
            action="look again in a minute; if the applied index stands still, restart the node",
            evidence=(
                Evidence(_ROUTE, f"{stuck.node}.raft.fsmPending", stuck.pending, picture.now),
                Evidence(
                    _ROUTE, f"{stuck.node}.raft.appliedIndex", stuck.applied_index, picture.now
                ),
            ),
        )
