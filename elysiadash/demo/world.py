"""A model with its faults: who answers, who leads, and what a node can see of the others.

Times are those measured on a three-node 1.39.0 cluster; `time_scale` shortens the server's own
delays (not what a fault says), so that a test need not wait 30 s for a hung peer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from elysiadash.demo.faults import FaultBoard
from elysiadash.demo.kept import land
from elysiadash.demo.keys import Keys
from elysiadash.demo.model import Collection, Model, Node, Shard
from elysiadash.demo.scenarios import Scenario

Made = TypeVar("Made")

#: A killed node is listed as UNAVAILABLE for so long, then no more.
UNAVAILABLE_SECONDS = 5.0
#: Calls that ask a hung peer and were started within this time after it hung wait for it.
HUNG_NOTICED_SECONDS = 6.0
#: So long, and then they answer without it.
FAN_OUT_SECONDS = 30.0
#: An election takes about this long; readiness is lost a little earlier.
ELECTION_SECONDS = 2.7
NOT_READY_SECONDS = 1.75
#: A count that asks a freshly lost replica ends with a closed connection after this long.
COUNT_HANGS_SECONDS = 60.0
#: How often it is looked whether a hung node goes on.
_LOOK_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Peer:
    """A member as one node sees it now."""

    node: Node
    status: Literal["HEALTHY", "UNHEALTHY", "UNAVAILABLE", "TIMEOUT"]


@dataclass(frozen=True, slots=True)
class Raft:
    """Who leads, in which term; `leaderless_since` is set while nobody does."""

    leader: str | None
    term: int
    leaderless_since: float | None = None


@dataclass(slots=True)
class World:
    """Everything an answer is made from."""

    model: Model
    faults: FaultBoard
    time_scale: float = 1.0
    keys: Keys | None = None
    """API keys that are asked for; None lets anyone in."""
    _kept: dict[Callable[..., Any], Any] = field(default_factory=dict)

    @classmethod
    def of(cls, scenario: Scenario, *, time_scale: float = 1.0, keys: Keys | None = None) -> World:
        board = FaultBoard(scenario.model.clock)
        for fault in scenario.faults:
            board.add(fault)
        return cls(scenario.model, board, time_scale, keys)

    def kept(self, made: Callable[[World], Made]) -> Made:
        """Something made from this world once and then kept, such as rendered rows."""
        if made not in self._kept:
            self._kept[made] = made(self)
        found: Made = self._kept[made]
        return found

    def now(self) -> float:
        return self.model.clock()

    def scaled(self, seconds: float) -> float:
        """One of the server's own delays, as long as it takes here."""
        return seconds * self.time_scale

    def is_up(self, node: str) -> bool:
        return self.faults.outage(node, self.now()) is None

    def hung(self, node: str) -> bool:
        """Whether the node accepts connections and never answers."""
        outage = self.faults.outage(node, self.now())
        return outage is not None and outage.kind == "hung"

    async def until_not_hung(self, node: str) -> None:
        """Wait for as long as the node is hung."""
        while self.hung(node):  # noqa: ASYNC110 - any clock may be used, and none can notify
            await asyncio.sleep(_LOOK_SECONDS)

    def started_at(self, node: str) -> float:
        """When the node's process started, in unix seconds."""
        restarted = self.faults.restarted_at(node, self.now())
        return restarted or self.model.nodes[node].first_started_at

    def collections(self) -> dict[str, Collection]:
        """The collections by name; none while the cluster is `empty`."""
        if self.faults.since("empty", self.now()) is not None:
            return {}
        if self.model.landing:
            land(self.model, self.now())
        return self.model.collections

    def collection(self, name: str) -> Collection | None:
        """The collection of that name or alias, as far as there are collections."""
        known = self.collections()
        found = self.model.resolve(name)
        return found if found is not None and found.name in known else None

    def raft(self) -> Raft:
        """The leader: of those that answer, the one after the last that was lost."""
        at = self.now()
        names = list(self.model.nodes)
        outages = {name: self.faults.outage(name, at) for name in names}
        up = [name for name in names if outages[name] is None]
        lost = [outage.since for outage in outages.values() if outage is not None]
        commanded = self.faults.since("no_quorum", at)
        if commanded is not None or 2 * len(up) <= len(names):
            since = commanded if commanded is not None else max(lost)
            return Raft(None, 2 + len(lost), since)
        old_leader = outages[names[0]]
        if old_leader is None:
            return Raft(names[0], 2)
        if at - old_leader.since < self.scaled(ELECTION_SECONDS):
            return Raft(None, 3, old_leader.since)
        return Raft(up[0], 3)

    def without_leader_for(self) -> float | None:
        """How long nobody has led, in scaled seconds; None while somebody does."""
        since = self.raft().leaderless_since
        return None if since is None else self.now() - since

    def is_ready(self, node: str) -> bool:
        """Readiness as `/v1/.well-known/ready` says it: lost soon after the leader."""
        leaderless = self.without_leader_for()
        return leaderless is None or leaderless < self.scaled(NOT_READY_SECONDS)

    def peers(self, observer: str) -> list[Peer]:
        """The members that `observer` lists now, itself among them, in the order of names."""
        at = self.now()
        seen = []
        for name, node in self.model.nodes.items():
            outage = self.faults.outage(name, at)
            if name == observer or outage is None:
                healthy = name != observer or self.is_ready(name)
                seen.append(Peer(node, "HEALTHY" if healthy else "UNHEALTHY"))
            elif outage.kind == "down":
                if not outage.graceful and at - outage.since < self.scaled(UNAVAILABLE_SECONDS):
                    seen.append(Peer(node, "UNAVAILABLE"))
            elif at - outage.since < self.scaled(HUNG_NOTICED_SECONDS):
                seen.append(Peer(node, "TIMEOUT"))
        return seen

    def fan_out_delay(self, observer: str) -> float:
        """How long a call waits that asks every listed peer, in seconds."""
        waits = any(peer.status == "TIMEOUT" for peer in self.peers(observer))
        return self.scaled(FAN_OUT_SECONDS) if waits else 0.0

    def freshly_lost(self) -> bool:
        """Whether a node was lost so recently that counts still ask it."""
        at = self.now()
        outages = [self.faults.outage(name, at) for name in self.model.nodes]
        return any(
            outage is not None and at - outage.since < self.scaled(HUNG_NOTICED_SECONDS)
            for outage in outages
        )

    def reachable(self, shard: Shard) -> bool:
        """Whether some replica of the shard is on a node that answers."""
        return any(self.is_up(node) for node in shard.nodes)
