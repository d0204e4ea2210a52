"""The picture of the nodes, put together from gossip, raft and each node's own word."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from elysiadash.cluster.directory import NodeAddress
from elysiadash.cluster.shards import ShardReport
from elysiadash.cluster.slices import Kind, Recovery, Slice
from elysiadash.cluster.store import Store
from elysiadash.cluster.view import (
    AWAY_STATES,
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
from elysiadash.weaviate.models import Node, Nodes, NodeStatistics, Readiness, Statistics

_FROM_LIST = {
    "HEALTHY": HEALTHY,
    "UNHEALTHY": UNHEALTHY,
    "TIMEOUT": HUNG,
    "UNAVAILABLE": UNAVAILABLE,
}
_DEAD_PEER = re.compile(r"node: (\S+): send http request")
_LISTED_AGAIN_S = 3.0
"""A node that goes on after it hung is in the list again 0.6 s later (1.39.0, on one machine)."""
_LIST_WORDS = {
    HEALTHY: "listed as HEALTHY",
    UNHEALTHY: "listed as UNHEALTHY: gossip trouble",
    HUNG: "listed as TIMEOUT: it does not answer its peers",
    UNAVAILABLE: "listed as UNAVAILABLE: its peers cannot reach it",
}


class _Probe(msgspec.Struct, frozen=True, gc=False):
    """What asking the node itself gave, right now."""

    state: str
    """``ready``, ``not ready``, ``refused``, ``hung`` or ``unknown``"""
    words: str
    at: float | None
    hung_until: float | None = None
    """Wall-clock seconds when it answered again after having hung; None: it did not hang."""


def expected_nodes(statistics: Statistics | None, remembered: Iterable[str]) -> frozenset[str]:
    """Who should be there: the raft configuration's members, over all answering nodes.

    Gossip forgets a dead node after 5 s, raft does not. ``remembered`` (from disk) stands in
    while no node's raft configuration is at hand.
    """
    rows = statistics.statistics if statistics else []
    configured = {
        peer.id
        for row in rows
        for peer in ((row.raft.latest_configuration if row.raft else None) or ())
    }
    return frozenset(configured or remembered)


def view_cluster(
    store: Store, addresses: Iterable[NodeAddress], remembered: Iterable[str]
) -> ClusterView:
    """The cluster right now, from what the store holds."""
    nodes: Slice[Nodes] = store.get(Kind.NODES)
    statistics: Slice[Statistics] = store.get(Kind.STATISTICS)
    expected = expected_nodes(statistics.value, remembered)
    listed = {node.name: node for node in nodes.value.nodes} if nodes.value else {}
    raft = {row.name: row for row in statistics.value.statistics} if statistics.value else {}
    by_node = {entry.node: entry for entry in addresses if entry.node}
    probes = _probes(store, addresses)
    report: ShardReport | None = store.get(Kind.VERBOSE).value
    names = sorted(expected | set(listed) | set(by_node))
    views = tuple(
        _view_node(
            name,
            name in expected,
            listed.get(name),
            nodes,
            raft.get(name),
            by_node.get(name),
            probes,
            report,
        )
        for name in names
    )
    named = leader_of(statistics.value)
    gone = next((v.node for v in views if v.node == named and v.status in AWAY_STATES), None)
    return ClusterView(
        nodes=tuple(
            msgspec.structs.replace(v, leader=gone is None, led=gone is not None)
            if v.node == named
            else v
            for v in views
        ),
        expected=len(expected) or None,
        live=sum(view.status in LIVE_STATES for view in views),
        # Its peers name a leader for some seconds after it died.
        leader=named if gone is None else None,
        leader_was=gone,
        versions=tuple(sorted({node.version for node in listed.values() if node.version})),
        probed=max(sum(entry.rest is not None for entry in addresses), 1 if listed else 0),
        fsm_pending=tuple(
            sorted(name for name, row in raft.items() if row.raft and _waits(row.raft.fsm_pending))
        ),
        unnamed=_unnamed(addresses, probes),
        asked_at=nodes.fetched_at,
    )


def _view_node(
    name: str,
    is_expected: bool,
    listed: Node | None,
    nodes: Slice[Nodes],
    raft: NodeStatistics | None,
    address: NodeAddress | None,
    probes: dict[str, _Probe],
    report: ShardReport | None,
) -> NodeView:
    probe = probes.get(address.rest) if address and address.rest else None
    status, why = _status(listed, nodes, probe)
    if status == UNKNOWN and name == _blamed(nodes):
        status, why = UNAVAILABLE, "the others cannot reach it, and answer nothing for it"
    live = status in LIVE_STATES
    return NodeView(
        node=name,
        status=status,
        why=why,
        expected=is_expected,
        version=listed.version if listed else None,
        shards=report.node_shards.get(name) if report and live else None,
        objects=report.node_objects.get(name) if report and live else None,
        raft_state=raft.raft.state if raft and raft.raft and live else None,
        batch_queue=listed.batch_stats.queue_length
        if listed and listed.batch_stats and live
        else None,
        operational_mode=listed.operational_mode if listed and live else None,
        address=address.rest if address else None,
        metrics_address=address.metrics if address else None,
        seen_at=_seen_at(live, nodes, probe),
    )


def _status(listed: Node | None, nodes: Slice[Nodes], probe: _Probe | None) -> tuple[str, str]:
    """A node's state and the evidence; its own word beats a list that is older or silent."""
    list_is_fresh = nodes.value is not None and nodes.problem is None
    if probe is not None and probe.state == "hung":
        return HUNG, probe.words
    if list_is_fresh and probe is not None and _is_of_the_hang(listed, nodes, probe):
        back = "it hung and answers its readiness probe again; the list of members is older"
        return (NOT_READY, probe.words) if probe.state == "not ready" else (HUNG, back)
    if listed is None:
        if nodes.value is None:
            return _unlisted(probe) or (UNKNOWN, _stale_words(nodes))
        if not list_is_fresh and (own := _own_word(probe)):
            return own
        words = "no longer in the list of members"
        return MISSING, f"{words}; {probe.words}" if probe else words
    state = _FROM_LIST.get(listed.status, UNKNOWN)
    words = _LIST_WORDS.get(state, f"listed as {listed.status or 'nothing'}")
    if probe is None or probe.state == "unknown":
        return (state, words) if list_is_fresh else (UNKNOWN, _stale_words(nodes))
    if probe.state == "not ready":
        return NOT_READY, probe.words
    if probe.state == "refused":
        known_to_peers = list_is_fresh and state in (HEALTHY, UNHEALTHY)
        return (UNREACHABLE if known_to_peers else UNAVAILABLE), f"{probe.words}; {words}"
    return (state, words) if list_is_fresh else (HEALTHY, probe.words)


def _is_of_the_hang(listed: Node | None, nodes: Slice[Nodes], probe: _Probe) -> bool:
    """Whether the list says of a node that answers again only that it was away."""
    if probe.hung_until is None or nodes.fetched_at is None:
        return False
    if listed is not None and _FROM_LIST.get(listed.status) == HEALTHY:
        return False
    asked_at = nodes.fetched_at - (nodes.latency or 0.0)
    return asked_at < probe.hung_until + _LISTED_AGAIN_S


def _unlisted(probe: _Probe | None) -> tuple[str, str] | None:
    """A node's state by its own address alone, while no list was ever had."""
    states = {"ready": HEALTHY, "not ready": NOT_READY, "refused": UNAVAILABLE}
    if probe is None or probe.state not in states:
        return None
    return states[probe.state], probe.words


def _blamed(nodes: Slice[Nodes]) -> str | None:
    """The dead peer that makes the whole question fail before 1.38.9; its name is in the error."""
    match = _DEAD_PEER.search(nodes.problem.what) if nodes.problem else None
    return match[1] if match else None


def _own_word(probe: _Probe | None) -> tuple[str, str] | None:
    return (HEALTHY, probe.words) if probe is not None and probe.state == "ready" else None


def _stale_words(nodes: Slice[Nodes]) -> str:
    return nodes.problem.what if nodes.problem else "not asked yet"


def _probes(store: Store, addresses: Iterable[NodeAddress]) -> dict[str, _Probe]:
    slices = store.all(Kind.READY)
    wanted = {entry.rest for entry in addresses if entry.rest}
    return {
        address: _probe(slices[address], store.recovered(Kind.READY, address))
        for address in wanted
        if address in slices
    }


def _probe(found: Slice[Readiness], over: Recovery | None) -> _Probe:
    if found.problem is not None:
        states = {"no answer": "hung", "unreachable": "refused", "connection lost": "refused"}
        words = f"its own address: {found.problem.what}"
        return _Probe(states.get(found.problem.kind, "unknown"), words, None)
    if found.value is None:
        return _Probe("unknown", "not asked yet", None)
    hung_until = over.at if over is not None and over.problem.kind == "no answer" else None
    if not found.value.ready:
        words = "answers 503 to the readiness probe"
        return _Probe("not ready", words, found.fetched_at, hung_until)
    return _Probe("ready", "answers its readiness probe", found.fetched_at, hung_until)


def _seen_at(live: bool, nodes: Slice[Nodes], probe: _Probe | None) -> float | None:
    if not live:
        return None
    times = [at for at in (nodes.fetched_at, probe.at if probe else None) if at is not None]
    return max(times, default=None)


def leader_of(statistics: Statistics | None) -> str | None:
    """The leader's name; "" when every answering node says there is none; None when unknown."""
    rows = statistics.statistics if statistics else []
    said = [row.leader_id for row in rows if isinstance(row.leader_id, str)]
    named = [name for name in said if name]
    if named:
        return max(set(named), key=named.count)
    return "" if said else None


def _waits(fsm_pending: str) -> bool:
    return fsm_pending not in ("", "0")


def _unnamed(
    addresses: Iterable[NodeAddress], probes: dict[str, _Probe]
) -> tuple[tuple[str, str], ...]:
    return tuple(
        (entry.rest, probes[entry.rest].words)
        for entry in addresses
        if entry.node is None and entry.rest and entry.rest in probes
    )
