"""Changes of the nodes, from one picture of the cluster after the other.

A death is a storm of states: for some seconds a node is refused, unhealthy, unavailable and gone,
its peers flap, and there is no leader. So a state is told only once it has lasted, each by its
own patience, and with the time when it began.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from elysiadash.cluster.events.event import Event, EventSeverity
from elysiadash.cluster.events.leader import RAFT, apply_queues, leadership
from elysiadash.cluster.events.nodes_memory import (
    NodeMemory,
    NodesMemory,
    earlier,
    lasted,
    since_words,
)
from elysiadash.cluster.view import (
    HEALTHY,
    HUNG,
    LIVE_STATES,
    MISSING,
    NOT_READY,
    UNAVAILABLE,
    UNHEALTHY,
    UNKNOWN,
    UNREACHABLE,
    ClusterView,
    NodeView,
)

_AWAY = MISSING
_SILENT_S = 3.0

_PATIENCE = {
    HEALTHY: 2.0,
    _AWAY: 2.0,
    HUNG: 4.0,
    NOT_READY: 15.0,
    UNHEALTHY: 15.0,
    UNREACHABLE: 15.0,
}
"""Seconds that a node must be otherwise than told before this state of it is told."""
_OTHER_PATIENCE = 15.0

_GRAVITY: Mapping[str, EventSeverity] = {
    HEALTHY: "info",
    HUNG: "critical",
    NOT_READY: "warning",
    UNHEALTHY: "warning",
    UNREACHABLE: "warning",
}
_NODES = "GET /v1/nodes and readiness"


def remembered_nodes(view: ClusterView, saved_at: float) -> NodesMemory:
    """The memory of an earlier run, so that what changed meanwhile is told as such."""
    return NodesMemory(
        nodes={
            node.node: NodeMemory(
                state=_state(node),
                seen_at=saved_at,
                version=node.version,
                mode=node.operational_mode,
            )
            for node in view.nodes
            if _state(node) != UNKNOWN
        },
        expected=_expected(view),
        leader=view.leader or None,
        whole=True,
        seen_at=saved_at,
    )


def node_changes(
    before: NodesMemory, after: ClusterView, now: float, *, answered: bool = True
) -> tuple[list[Event], NodesMemory]:
    """What changed of nodes, raft members, leader, versions; and the memory for the next look.

    The first look tells nothing. While nothing of the cluster is ``answered``, only that is
    told: what happens to nodes meanwhile is not known.
    """
    events: list[Event] = []
    if not answered:
        return _silence(before, after, now)
    silent_since = before.silent_since
    if before.silent_told and silent_since is not None:
        words = f"nodes answer again, after {lasted(silent_since, now)} without any answer"
        events.append(Event(at=now, kind="cluster.answers", message=words, evidence=_NODES))
    events += _membership(before, after, now)
    nodes: dict[str, NodeMemory] = {}
    for node in after.nodes:
        told, known = _one_node(before, before.nodes.get(node.node), node, now)
        events += told
        if known is not None:
            nodes[node.node] = known
    for name, known in before.nodes.items():
        if name not in nodes and known.state not in (_AWAY, UNKNOWN):
            words = f"{name} left: no longer listed, and no member of raft"
            events.append(Event(at=now, kind="node.left", message=words, node=name))
    leading, memory = leadership(before, after, now)
    stuck, memory = apply_queues(memory, after, now)
    whole = after.asked_at is not None and after.expected is not None
    memory = msgspec.structs.replace(
        memory,
        nodes=nodes,
        expected=_expected(after) if _expected(after) is not None else before.expected,
        silent_since=None,
        silent_told=False,
        whole=before.whole or whole,
        seen_at=now,
    )
    return [*events, *leading, *stuck], memory


def _silence(
    before: NodesMemory, after: ClusterView, now: float
) -> tuple[list[Event], NodesMemory]:
    if not before.nodes:
        return [], before
    since = earlier(before.silent_since, now)
    memory = msgspec.structs.replace(before, silent_since=since)
    if before.silent_told or now - since < _SILENT_S:
        return [], memory
    why = next((node.why for node in after.nodes if node.why), "")
    event = Event(
        at=since,
        kind="cluster.silent",
        message="no node answers us"
        + (f": {why}" if why else "")
        + "; what changes meanwhile is not seen",
        severity="critical",
        evidence=_NODES,
    )
    return [event], msgspec.structs.replace(memory, silent_told=True)


def _membership(before: NodesMemory, after: ClusterView, now: float) -> list[Event]:
    expected = _expected(after)
    if expected is None or before.expected is None or not before.whole:
        return []
    evidence = f"raft.latestConfiguration of {RAFT}{since_words(before.seen_at, now)}"
    joined = [
        Event(
            at=now,
            kind="node.expected",
            message=f"{name} is a member of raft now ({len(expected)} nodes are expected)",
            node=name,
            before=str(len(before.expected)),
            after=str(len(expected)),
            evidence=evidence,
        )
        for name in sorted(expected - before.expected)
    ]
    removed = [
        Event(
            at=now,
            kind="node.expected",
            message=f"{name} is no member of raft any more ({len(expected)} nodes are expected)",
            severity="warning",
            node=name,
            before=str(len(before.expected)),
            after=str(len(expected)),
            evidence=evidence,
        )
        for name in sorted(before.expected - expected)
    ]
    return [*joined, *removed]


def _one_node(
    before: NodesMemory, known: NodeMemory | None, node: NodeView, now: float
) -> tuple[list[Event], NodeMemory | None]:
    state = _state(node)
    if known is None:
        return _new_node(before, node, state, now)
    events: list[Event] = []
    if node.version and known.version and node.version != known.version:
        events.append(_version_event(known.version, node, now))
    mode = node.operational_mode or known.mode
    if known.mode and mode and mode != known.mode:
        events.append(_mode_event(known.mode, mode, node, now))
    known = msgspec.structs.replace(known, version=node.version or known.version, mode=mode)
    if state == UNKNOWN:
        return events, known
    if state == known.state:
        return events, msgspec.structs.replace(known, other_since=None, seen_at=now)
    since = earlier(known.other_since, now)
    if now - since < _PATIENCE.get(state, _OTHER_PATIENCE):
        return events, msgspec.structs.replace(known, other_since=since)
    told = _state_event(known, node, state, since)
    known = msgspec.structs.replace(known, state=state, since=since, other_since=None, seen_at=now)
    return [*events, told], known


def _new_node(
    before: NodesMemory, node: NodeView, state: str, now: float
) -> tuple[list[Event], NodeMemory | None]:
    if state == UNKNOWN:
        return [], None
    if not before.whole:
        return [], NodeMemory(
            state=state, seen_at=now, version=node.version, mode=node.operational_mode
        )
    memory = NodeMemory(
        state=state, since=now, seen_at=now, version=node.version, mode=node.operational_mode
    )
    if state == _AWAY:
        return [], memory
    version = f" with {node.version}" if node.version else ""
    event = Event(
        at=now,
        kind="node.came",
        message=f"{node.node} joined{version}",
        node=node.node,
        after=state,
        evidence=f"{_NODES}{since_words(before.seen_at, now)}",
    )
    return [event], memory


def _state_event(known: NodeMemory, node: NodeView, state: str, since: float) -> Event:
    name, old, why = node.node, known.state, f": {node.why}" if node.why else ""
    if state == _AWAY:
        kind, message = "node.left", f"{name} left{why}"
        severity: EventSeverity = "critical" if node.expected else "info"
    elif old == _AWAY and state == HEALTHY:
        kind, message, severity = "node.came", f"{name} came back", "info"
    elif old == _AWAY and state in LIVE_STATES:
        kind, message = "node.came", f"{name} came back, {state}{why}"
        severity = "warning"
    else:
        kind, message = "node.state", f"{name}: {old} -> {state}{why}"
        severity = _GRAVITY.get(state, "warning")
    return Event(
        at=since,
        kind=kind,
        message=message,
        severity=severity,
        node=name,
        before=old,
        after=node.status,
        evidence=f"{_NODES}{since_words(known.seen_at, since)}",
    )


def _version_event(old: str, node: NodeView, now: float) -> Event:
    return Event(
        at=now,
        kind="version.changed",
        message=f"{node.node} runs {node.version} instead of {old}",
        node=node.node,
        before=old,
        after=node.version,
        evidence="version of GET /v1/nodes",
    )


def _mode_event(old: str, mode: str, node: NodeView, now: float) -> Event:
    return Event(
        at=now,
        kind="node.mode",
        message=f"{node.node}: operational mode {old} -> {mode}",
        severity="info" if mode == "ReadWrite" else "warning",
        node=node.node,
        before=old,
        after=mode,
        evidence="operationalMode of GET /v1/nodes",
    )


def _state(node: NodeView) -> str:
    return _AWAY if node.status in (MISSING, UNAVAILABLE) else node.status


def _expected(view: ClusterView) -> frozenset[str] | None:
    if view.expected is None:
        return None
    return frozenset(node.node for node in view.nodes if node.expected)
