"""What the suite runs on: recordings, the simulator, and a real cluster, behind one face."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import httpx

from elysiadash.config.profile import Addresses, Auth, Profile, Secret, Timeouts
from elysiadash.demo.clock import ManualClock
from elysiadash.demo.cluster import SimulatedCluster, simulated
from elysiadash.demo.faults import Fault
from elysiadash.demo.keys import User
from elysiadash.weaviate.client import Client
from elysiadash.weaviate.transport import Transport
from tests.contract.replay import Replay
from tests.servers import load
from tests.servers.real import RealCluster
from tests.servers.settings import NOBODY, ROOT, VIEWER, WRONG, Key

RECORDINGS = Path(__file__).parent / "recordings" / "1.39.0"
# A hung peer's 30 s become 0.6 s.
_HASTE = 0.02

State = Literal[
    "healthy", "readonly", "node-unavailable", "node-gone", "node-hung", "node-hung-gone",
    "no-quorum",
]  # fmt: skip
"""The states of ``record_set`` that every subject can be brought into."""


@dataclass(frozen=True)
class Roles:
    """Which collection shows what."""

    replicated: str
    """A replica on every node, and two named vectors ``vectors``."""
    vectors: frozenset[str]
    one_replica: str
    multi_tenant: str
    unnamed_vector: str
    alias: str
    """Stands for ``replicated``."""
    backend: str
    """The backup backend that is switched on."""


LOADED = Roles(
    replicated=load.DOC,
    vectors=frozenset({"title", "body"}),
    one_replica=load.EVENT,
    multi_tenant=load.CUSTOMER,
    unnamed_vector=load.LEGACY,
    alias=load.ALIAS,
    backend="filesystem",
)
SIMULATED = Roles(
    replicated="Documents",
    vectors=frozenset({"title", "body"}),
    one_replica="Events",
    multi_tenant="Customers",
    unnamed_vector="Products",
    alias="Docs",
    backend="s3",
)


_SIMULATED_KEYS = {
    ROOT.key: User(ROOT.user, "admin"),
    VIEWER.key: User(VIEWER.user, "viewer"),
    NOBODY.key: User(NOBODY.user, "nobody"),
}


class Breaker(Protocol):
    """Brings a subject into a state and back."""

    async def enter(self, state: State, last_nodes: list[str]) -> None:
        """From healthy into ``state``; ``last_nodes`` are the ones to break, last one first."""

    async def leave(self) -> None:
        """Back to healthy."""


@dataclass
class Subject:
    """One cluster to ask, with its addresses and the roles of its collections.

    ``time_scale`` is how much faster than a real server it is slow.
    """

    nodes: dict[str, str]
    metrics: dict[str, str]
    roles: Roles
    breaker: Breaker
    http: httpx.AsyncBaseTransport | None = None
    time_scale: float = 1.0
    _clients: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def first(self) -> str:
        """The node that is asked unless another is named."""
        return next(iter(self.nodes))

    @property
    def last(self) -> str:
        """The node that is broken in a state of one broken node."""
        return list(self.nodes)[-1]

    def client(
        self,
        key: Key | None = None,
        *,
        http: httpx.AsyncBaseTransport | None = None,
        **timeouts: float,
    ) -> Client:
        """A client of the first node; ``timeouts`` are a real server's seconds."""
        profile = Profile(
            name="contract",
            url=self.nodes[self.first],
            nodes=Addresses(named=self.nodes),
            metrics=Addresses(named=self.metrics),
            auth=_auth(key),
            timeouts=Timeouts(
                **{name: seconds * self.time_scale for name, seconds in timeouts.items()}
            ),
        )
        client = Client(Transport(profile, http=http or self.http))
        self._clients.push_async_callback(client.aclose)
        return client

    @asynccontextmanager
    async def state(self, state: State) -> AsyncIterator[None]:
        """The subject in ``state`` for as long as the block lasts."""
        others = [name for name in reversed(self.nodes) if name != self.first]
        try:
            await self.breaker.enter(state, others)
            yield
        finally:
            await self.breaker.leave()

    async def aclose(self) -> None:
        """Close the clients that were handed out."""
        await self._clients.aclose()


def recorded(state: str = "healthy") -> Subject:
    """The project's own recordings."""
    keys = (ROOT, VIEWER, NOBODY, WRONG)
    replay = Replay(
        RECORDINGS,
        state=state,
        users={key.key: key.user for key in keys},
        time_scale=_HASTE,
    )
    return Subject(
        nodes={name: f"http://{name}:8080" for name in replay.nodes},
        metrics={name: f"http://{name}:2112" for name in replay.nodes},
        roles=LOADED,
        breaker=_Replaying(replay),
        http=replay,
        time_scale=_HASTE,
    )


@asynccontextmanager
async def simulator(*, loaded: bool = False, keys: bool = False) -> AsyncIterator[Subject]:
    """The demo's healthy cluster, standing still; ``loaded``: with what the loader writes."""
    async with simulated(
        "empty" if loaded else "healthy",
        clock=ManualClock(),
        time_scale=_HASTE,
        grpc=False,
        keys=_SIMULATED_KEYS if keys else None,
    ) as cluster:
        if loaded:
            await load.load(cluster.url)
        roles = LOADED if loaded else SIMULATED
        yield Subject(
            nodes=cluster.nodes,
            metrics=cluster.metrics,
            roles=roles,
            breaker=_Simulating(cluster, roles),
            time_scale=_HASTE,
        )


def real(cluster: RealCluster) -> Subject:
    """A real cluster that was loaded."""
    return Subject(
        nodes=cluster.nodes,
        metrics=cluster.metrics,
        roles=LOADED,
        breaker=_Breaking(cluster, LOADED),
    )


class _Replaying:
    def __init__(self, replay: Replay) -> None:
        self._replay = replay

    async def enter(self, state: State, last_nodes: list[str]) -> None:
        self._replay.state = state

    async def leave(self) -> None:
        self._replay.state = "healthy"


class _Simulating:
    def __init__(self, cluster: SimulatedCluster, roles: Roles) -> None:
        self._cluster = cluster
        self._roles = roles
        self._readonly = _ReadonlyShard(cluster.url, roles.replicated)

    async def enter(self, state: State, last_nodes: list[str]) -> None:
        if state == "readonly":
            await self._readonly.set()
            return
        kind: Literal["node_hung", "node_down"] = "node_hung" if "hung" in state else "node_down"
        # Long enough ago for gossip to have noticed, or just now.
        start = 0.0 if state in ("node-unavailable", "node-hung") else -60.0
        for name in last_nodes if state == "no-quorum" else last_nodes[:1]:
            self._cluster.faults.add(Fault(kind=kind, node=name, start=start))
        await self._cluster.apply_faults()

    async def leave(self) -> None:
        await self._readonly.undo()
        self._cluster.faults.clear()
        await self._cluster.apply_faults()


class _Breaking:
    def __init__(self, cluster: RealCluster, roles: Roles) -> None:
        self._cluster = cluster
        self._roles = roles
        self._readonly = _ReadonlyShard(cluster.url, roles.replicated)
        self._dead: list[str] = []
        self._hung: list[str] = []

    async def enter(self, state: State, last_nodes: list[str]) -> None:
        broken = last_nodes if state == "no-quorum" else last_nodes[:1]
        if state == "readonly":
            await self._readonly.set()
        elif "hung" in state:
            for name in broken:
                self._cluster.hang(name)
                self._hung.append(name)
        else:
            for name in broken:
                await self._cluster.kill(name)
                self._dead.append(name)
        if state in ("node-gone", "node-hung-gone", "no-quorum"):
            for name in broken:
                await self._cluster.wait_gone(name, seen_by=self._cluster.names[0])
            # Raft notices the loss of its leader, and counting that of a replica, a bit later.
            await asyncio.sleep(3)

    async def leave(self) -> None:
        await self._readonly.undo()
        for name in self._hung:
            self._cluster.resume(name)
        self._hung.clear()
        await self._cluster.start(*self._dead)
        self._dead.clear()


class _ReadonlyShard:
    """Sets a shard of a collection READONLY and back."""

    def __init__(self, url: str, collection: str) -> None:
        self._url = url
        self._collection = collection
        self._shard: str | None = None

    async def set(self) -> None:
        async with httpx.AsyncClient(base_url=self._url, trust_env=False) as client:
            placed = await client.get(
                "/v1/replication/sharding-state", params={"collection": self._collection}
            )
            self._shard = min(entry["shard"] for entry in placed.json()["shardingState"]["shards"])
            await load.set_shard(client, self._collection, self._shard, "READONLY")

    async def undo(self) -> None:
        if self._shard is None:
            return
        async with httpx.AsyncClient(base_url=self._url, trust_env=False) as client:
            await load.set_shard(client, self._collection, self._shard, "READY")
        self._shard = None


def _auth(key: Key | None) -> Auth:
    if key is None:
        return Auth()
    return Auth(method="api-key", key=Secret(kind="clear", reference=key.key))
