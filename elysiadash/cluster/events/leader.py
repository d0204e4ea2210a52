"""Changes of raft: who leads, for how long nobody did, and who does not apply its entries."""

from __future__ import annotations

import msgspec

from elysiadash.cluster.events.event import Event
from elysiadash.cluster.events.nodes_memory import NodesMemory, earlier, lasted, since_words
from elysiadash.cluster.view import ClusterView

RAFT = "GET /v1/cluster/statistics"
"""Which answer tells of raft."""
_LEADERLESS_S = 8.0
_FSM_STUCK_S = 20.0


def leadership(
    before: NodesMemory, after: ClusterView, now: float
) -> tuple[list[Event], NodesMemory]:
    """The leader lost, elected or another one; and the memory for the next look."""
    evidence = f"leaderId of {RAFT}"
    if after.leader is None:
        return [], before
    if after.leader == "":
        since = earlier(before.leaderless_since, now)
        memory = msgspec.structs.replace(before, leaderless_since=since)
        if before.leader_told_lost or now - since < _LEADERLESS_S:
            return [], memory
        was = f" ({before.leader} led before)" if before.leader else ""
        lost = Event(
            at=since,
            kind="leader.lost",
            message=f"raft has no leader{was}: schema and tenants cannot change",
            severity="critical",
            before=before.leader,
            evidence=evidence,
        )
        return [lost], msgspec.structs.replace(memory, leader_told_lost=True)
    memory = msgspec.structs.replace(
        before, leader=after.leader, leader_told_lost=False, leaderless_since=None
    )
    without = before.leaderless_since
    gap = f", {lasted(without, now)} without a leader" if without is not None else ""
    if before.leader_told_lost:
        kind, message = "leader.elected", f"{after.leader} leads raft{gap}"
    elif before.leader is None or before.leader == after.leader:
        return [], memory
    else:
        kind, message = "leader.changed", f"raft leader {before.leader} -> {after.leader}{gap}"
    event = Event(
        at=now,
        kind=kind,
        message=message,
        node=after.leader,
        before=before.leader,
        after=after.leader,
        evidence=f"{evidence}{since_words(before.seen_at, now)}",
    )
    return [event], memory


def apply_queues(
    before: NodesMemory, after: ClusterView, now: float
) -> tuple[list[Event], NodesMemory]:
    """Raft applied nothing for a while though entries wait: a node that answers, and is wedged."""
    pending = {name: earlier(before.pending.get(name), now) for name in after.fsm_pending}
    long = {name for name, since in pending.items() if now - since >= _FSM_STUCK_S}
    evidence = f"raft.fsmPending of {RAFT}"
    events = [
        Event(
            at=pending[name],
            kind="fsm.stuck",
            message=f"{name} applies no raft entries: its copy of the schema falls behind",
            severity="critical",
            node=name,
            evidence=evidence,
        )
        for name in sorted(long - before.stuck)
    ]
    events += [
        Event(
            at=now,
            kind="fsm.freed",
            message=f"{name} applies raft entries again",
            node=name,
            evidence=evidence,
        )
        for name in sorted(before.stuck - pending.keys())
    ]
    stuck = frozenset(long | (before.stuck & pending.keys()))
    return events, msgspec.structs.replace(before, pending=pending, stuck=stuck)
