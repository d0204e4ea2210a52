"""`/v1/cluster/statistics`: raft as each member tells it."""

from __future__ import annotations

import asyncio
import zlib
from typing import Any

from elysiadash.demo.messages import Answer, Request, payload
from elysiadash.demo.world import Peer, Raft, World


async def statistics(world: World, request: Request) -> Answer:
    """A row per listed member; a lost one's row has only its name and status."""
    peers = world.peers(request.node)
    raft = world.raft()
    delay = world.fan_out_delay(request.node)
    if delay:
        await asyncio.sleep(delay)
    lost = any(peer.status in ("UNAVAILABLE", "TIMEOUT") for peer in peers)
    healthy = all(peer.status == "HEALTHY" for peer in peers)
    return payload(
        {
            "statistics": [_row(world, peer, raft) for peer in peers],
            "synchronized": healthy and not lost,
        }
    )


def _row(world: World, peer: Peer, raft: Raft) -> dict[str, Any]:
    name = peer.node.name
    if peer.status in ("UNAVAILABLE", "TIMEOUT"):
        return {"name": name, "status": peer.status}
    leader = world.model.nodes[raft.leader] if raft.leader else None
    ready = world.is_ready(name)
    return {
        "bootstrapped": True,
        "candidates": {},
        "dbLoaded": True,
        "isVoter": True,
        "leaderAddress": leader.raft_address if leader else "",
        "leaderId": leader.name if leader else "",
        "name": name,
        "open": True,
        "raft": _raft_of(world, name, raft),
        "ready": ready,
        "status": peer.status,
    }


def _raft_of(world: World, name: str, raft: Raft) -> dict[str, Any]:
    """The consensus module's own statistics: numbers are strings, suffrage is not."""
    index = str(world.model.raft_index())
    members = world.model.nodes.values()
    others_first = sorted(members, key=lambda node: node.name == name)
    configuration = others_first if name == raft.leader else list(members)
    leaderless = world.without_leader_for()
    if leaderless is not None:
        state, contact = "Candidate", _duration(leaderless)
    elif name == raft.leader:
        state, contact = "Leader", "0"
    else:
        state, contact = "Follower", _duration(_heartbeat_age(world, name))
    return {
        "appliedIndex": index,
        "commitIndex": index,
        "fsmPending": "0",
        "lastContact": contact,
        "lastLogIndex": index,
        "lastLogTerm": str(raft.term),
        "lastSnapshotIndex": "0",
        "lastSnapshotTerm": "0",
        "latestConfiguration": [
            {"address": node.raft_address, "id": node.name, "suffrage": 0} for node in configuration
        ],
        "latestConfigurationIndex": "0",
        "numPeers": str(len(world.model.nodes) - 1),
        "protocolVersion": "3",
        "protocolVersionMax": "3",
        "protocolVersionMin": "0",
        "snapshotVersionMax": "1",
        "snapshotVersionMin": "0",
        "state": state,
        "term": str(raft.term),
    }


def _heartbeat_age(world: World, name: str) -> float:
    """Heartbeats come about every 100 ms."""
    return (world.now() * 1000 + zlib.crc32(name.encode())) % 97 / 1000 + 0.001


def _duration(seconds: float) -> str:
    """A duration as Go prints it: `13.09084ms`, `1m16.940094209s`."""
    if seconds < 1:
        return f"{seconds * 1000:.6f}".rstrip("0").rstrip(".") + "ms"
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    text = f"{rest:.9f}".rstrip("0").rstrip(".") + "s"
    if hours or minutes:
        text = f"{minutes}m{text}"
    return f"{hours}h{text}" if hours else text
