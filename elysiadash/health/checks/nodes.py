"""Are the nodes there, do they answer, and what do they run? AVL-101, AVL-102, AVL-105, AVL-106."""

from __future__ import annotations

from collections.abc import Iterator

from elysiadash.cluster.slices import Kind, Problem
from elysiadash.cluster.view import (
    AWAY_STATES,
    HEALTHY,
    HUNG,
    MISSING,
    NOT_READY,
    UNAVAILABLE,
    UNHEALTHY,
    UNKNOWN,
    UNREACHABLE,
    NodeView,
)
from elysiadash.health.finding import Evidence, Finding, Severity
from elysiadash.health.picture import Picture
from elysiadash.weaviate.versions import Effect, known_faults

NODE_AWAY = "AVL-101"
NOT_READY_CODE = "AVL-102"
VERSION_SKEW = "AVL-105"
DATA_RISK_VERSION = "AVL-106"

_NO_WAY = frozenset({"unreachable", "connection lost", "no answer", "parked", "server fault"})
_SILENCE = frozenset({"no answer", "parked"})
_READY_ROUTE = "GET /v1/.well-known/ready"
AWAY = AWAY_STATES
"""States of a node that surely takes no part."""

_IMPACT = {
    MISSING: "shards whose only replica it holds are gone from counts and searches, without an "
    "error; the others have one replica less",
    UNAVAILABLE: "for some seconds exact counts hang; then its shards are missing from answers",
    HUNG: "requests that ask all nodes take 30 s for the next seconds, then its shards are "
    "missing from answers",
    UNREACHABLE: "none is known: the other nodes reach it, we do not",
    UNHEALTHY: "the node may be dropped from the cluster by its peers",
}
_CAUSE = {
    MISSING: "the process ended (crash, out of memory, stopped) or the network is parted",
    UNAVAILABLE: "the process ended a moment ago",
    HUNG: "the process is stopped, starved of CPU or waits for its disk",
    UNREACHABLE: "a firewall, a wrong address in the profile, or its REST port is closed",
    UNHEALTHY: "gossip between the nodes is disturbed: packet loss or an overloaded node",
}
_ACTION = {
    MISSING: "look at the node's process and log, and start it again",
    UNAVAILABLE: "look at the node's process and log, and start it again",
    HUNG: "look at the machine: CPU, memory, disk; restart the process if it stays so",
    UNREACHABLE: "check the node's address in the profile and the network between",
    UNHEALTHY: "look at the network between the nodes and at their CPU",
}


def silent_cluster(picture: Picture) -> Iterator[Finding]:
    """AVL-101, critical: the list of nodes cannot be had because something does not answer."""
    problem = picture.problem(Kind.NODES)
    if problem is None or not is_silent(picture):
        return
    if any(node.status in AWAY for node in picture.cluster.nodes):
        # Named already; the cause is the same.
        return
    evidence = (Evidence("GET /v1/nodes", "answer", problem.what, picture.now),)
    if problem.kind in _SILENCE and _answers_by_itself(picture):
        yield Finding(
            code=NODE_AWAY,
            severity=Severity.CRITICAL,
            message=f"a node does not answer its peers: {problem.what}",
            impact=_IMPACT[HUNG],
            cause=_CAUSE[HUNG],
            action="give the address of each node (nodes in the profile, or --node) to see which; "
            "without it, look again in 10 s",
            evidence=evidence,
        )
        return
    ready = sorted(
        address
        for address, found in picture.readiness.items()
        if found.problem is None and found.value is not None and found.value.ready
    )
    others = f"; ready: {', '.join(ready)}" if ready else ""
    yield Finding(
        code=NODE_AWAY,
        severity=Severity.CRITICAL,
        message=f"the cluster does not answer at {picture.url}: {problem.what}{others}",
        impact="nobody who uses this address is served",
        cause=_words_of(problem) or "no server runs there, or something between refuses",
        action=problem.hint or "check that the server runs and that the address is right",
        evidence=evidence,
    )


def is_silent(picture: Picture) -> bool:
    """Whether the list of nodes was never answered, for a cause that is itself a trouble."""
    problem = picture.problem(Kind.NODES)
    return not picture.nodes_known and problem is not None and problem.kind in _NO_WAY


def node_states(picture: Picture) -> Iterator[Finding]:
    """AVL-101 and AVL-102: every node that is not simply healthy."""
    for node in picture.cluster.nodes:
        if node.status == NOT_READY:
            yield _not_ready(node.node, node.node, node.why, node.seen_at)
        elif node.status == UNKNOWN:
            if picture.nodes_known and picture.problem(Kind.NODES) is None:
                yield _node_unknown(node)
        elif node.status == MISSING and not node.expected:
            if picture.cluster.expected is not None:
                yield _not_a_member(node)
        elif node.status != HEALTHY:
            yield _node_away(node, picture)


def addresses_without_node(picture: Picture) -> Iterator[Finding]:
    """AVL-101 and AVL-102 for addresses of which nobody knows the node."""
    named = {node.address for node in picture.cluster.nodes if node.address}
    for address, found in sorted(picture.readiness.items()):
        if address in named:
            continue
        if found.problem is None:
            if found.value is not None and not found.value.ready:
                words = "answers 503 to the readiness probe"
                yield _not_ready(None, f"the node at {address}", words, found.fetched_at)
            continue
        if address == picture.url and not picture.nodes_known:
            # Told by ``silent_cluster``.
            continue
        if found.problem.kind in _NO_WAY:
            yield Finding(
                code=NODE_AWAY,
                severity=Severity.CRITICAL,
                message=f"the node at {address} does not answer: {found.problem.what}",
                impact=_IMPACT[MISSING],
                cause=_CAUSE[MISSING],
                action=_ACTION[MISSING],
                evidence=(Evidence(f"{_READY_ROUTE} at {address}", "answer", found.problem.what),),
            )


def version_skew(picture: Picture) -> Iterator[Finding]:
    """AVL-105, warning: the nodes do not run the same release."""
    versions, at = picture.cluster.versions, picture.cluster.asked_at
    if len(versions) < 2:
        return
    yield Finding(
        code=VERSION_SKEW,
        severity=Severity.WARNING,
        message=f"the nodes run different releases: {', '.join(versions)}",
        impact="what works depends on the node that is asked",
        cause="a rollout is under way, or it stopped half-way",
        action="finish the rollout; nothing to do while it moves on",
        evidence=tuple(
            Evidence("GET /v1/nodes", f"{node.node}.version", node.version, at)
            for node in picture.cluster.nodes
            if node.version
        ),
    )


def data_risk_versions(picture: Picture) -> Iterator[Finding]:
    """AVL-106, critical, advice only: a release that is known to lose or damage data."""
    if not picture.advice:
        return
    for version in picture.cluster.versions:
        for fault in known_faults(version):
            if fault.effect is not Effect.DATA_RISK:
                continue
            yield Finding(
                code=DATA_RISK_VERSION,
                severity=Severity.CRITICAL,
                message=f"{version} has a known fault: {fault.what}",
                impact="objects can be lost or damaged without an error",
                cause=f"release {version}; known from: {fault.source}",
                action=fault.advice,
                evidence=(Evidence("GET /v1/nodes", "version", version, picture.cluster.asked_at),),
            )


def _answers_by_itself(picture: Picture) -> bool:
    """Whether the asked node answered what needs no other node."""
    found = picture.readiness.get(picture.url)
    probed = found is not None and found.problem is None and found.value is not None
    return probed or (bool(picture.rows) and picture.problem(Kind.SCHEMA) is None)


def _node_away(node: NodeView, picture: Picture) -> Finding:
    mild = node.status in (UNHEALTHY, UNREACHABLE)
    return Finding(
        code=NODE_AWAY,
        severity=Severity.WARNING if mild else Severity.CRITICAL,
        node=node.node,
        message=f"{node.node} is {node.status}: {node.why}",
        impact=_IMPACT[node.status],
        cause=_CAUSE[node.status],
        action=_ACTION[node.status],
        evidence=(_seen(node, picture.cluster.asked_at),),
    )


def _not_ready(node: str | None, who: str, why: str, at: float | None) -> Finding:
    return Finding(
        code=NOT_READY_CODE,
        severity=Severity.CRITICAL,
        node=node,
        message=f"{who} is not ready: {why}",
        impact="load balancers send it no traffic; its shards may still be loading",
        cause="it starts, loads shards, or lost the raft leader",
        action="wait while it starts; if it stays so, read its log",
        evidence=(Evidence(_READY_ROUTE, "status", "503", at),),
    )


def _node_unknown(node: NodeView) -> Finding:
    return Finding(
        code=NODE_AWAY,
        severity=Severity.UNKNOWN,
        node=node.node,
        message=f"the state of {node.node} is not known: {node.why}",
        impact="whether it serves is not known",
        cause="the cluster lists a state that this program does not know",
        action="ask the node itself: give its address (nodes in the profile, or --node)",
        evidence=(_seen(node, None),),
    )


def _not_a_member(node: NodeView) -> Finding:
    return Finding(
        code=NODE_AWAY,
        severity=Severity.WARNING,
        node=node.node,
        message=f"{node.node} has an address in the profile but is no member of the cluster",
        impact="none, if it was taken out on purpose",
        cause="the node was removed, never joined, or has another name",
        action="correct the profile's nodes, or let the node join",
        evidence=(_seen(node, None),),
    )


def _seen(node: NodeView, at: float | None) -> Evidence:
    return Evidence(f"GET /v1/nodes, {_READY_ROUTE}", f"{node.node}.status", node.why, at)


def _words_of(problem: Problem) -> str | None:
    return f"the request was {problem.request}" if problem.request else None
