"""A simulated cluster on sockets of the loopback, in this process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from elysiadash.demo.answers.metrics import metrics_router
from elysiadash.demo.app import node_application
from elysiadash.demo.clock import Clock
from elysiadash.demo.control import control_router
from elysiadash.demo.faults import Fault, FaultBoard
from elysiadash.demo.grpc_port import GrpcPort
from elysiadash.demo.keys import Keys
from elysiadash.demo.listener import HOST, HttpPort
from elysiadash.demo.model import Model
from elysiadash.demo.routes import api_router
from elysiadash.demo.scenarios import Scale, Scenario, scenario
from elysiadash.demo.world import World

#: How often the ports are brought in line with the faults.
_WATCH_SECONDS = 0.05

#: Ports per node: REST, metrics, gRPC.
_PORTS_PER_NODE = 3


@dataclass(slots=True)
class _NodePorts:
    rest: HttpPort
    metrics: HttpPort
    grpc: GrpcPort

    async def open(self) -> None:
        await asyncio.gather(self.rest.open(), self.metrics.open(), self.grpc.open())

    async def refuse(self) -> None:
        await asyncio.gather(self.rest.refuse(), self.metrics.refuse(), self.grpc.refuse())

    async def reopen(self) -> None:
        """As a process that ended and started again."""
        await self.refuse()
        await self.open()

    async def close(self) -> None:
        await asyncio.gather(self.rest.close(), self.metrics.close(), self.grpc.close())


class SimulatedCluster:
    """The ports of one cluster. `faults` and `model` are live: change them while it runs."""

    def __init__(
        self,
        start: Scenario,
        *,
        time_scale: float = 1.0,
        port_base: int = 0,
        grpc: bool = True,
        keys: Keys | None = None,
    ) -> None:
        self.world = World.of(start, time_scale=time_scale, keys=keys)
        router, metrics = api_router(), metrics_router()
        self._nodes: dict[str, _NodePorts] = {}
        for place, name in enumerate(start.model.nodes):
            first = port_base + 1 + place * _PORTS_PER_NODE if port_base else 0
            self._nodes[name] = _NodePorts(
                HttpPort(node_application(self.world, name, router), first),
                HttpPort(node_application(self.world, name, metrics), first + 1 if first else 0),
                GrpcPort(self.world, name, first + 2 if first else 0, enabled=grpc),
            )
        self._control = HttpPort(node_application(self.world, None, control_router()), port_base)
        self._started_at = {name: self.world.started_at(name) for name in start.model.nodes}
        self._answering: set[str] = set()
        self._changing = asyncio.Lock()
        self._watcher: asyncio.Task[None] | None = None

    @staticmethod
    def ports_needed(nodes: int) -> int:
        """How many port numbers a cluster takes from `port_base` on."""
        return 1 + nodes * _PORTS_PER_NODE

    @property
    def name(self) -> str:
        return self.world.model.name

    @property
    def model(self) -> Model:
        return self.world.model

    @property
    def faults(self) -> FaultBoard:
        return self.world.faults

    @property
    def nodes(self) -> dict[str, str]:
        """URL of each node's REST port."""
        return {name: ports.rest.url for name, ports in self._nodes.items()}

    @property
    def metrics(self) -> dict[str, str]:
        """URL of each node's metrics, with the path."""
        return {name: f"{ports.metrics.url}/metrics" for name, ports in self._nodes.items()}

    @property
    def grpc_nodes(self) -> dict[str, str]:
        """`HOST:PORT` of each node's gRPC port."""
        return {name: f"{HOST}:{ports.grpc.port}" for name, ports in self._nodes.items()}

    @property
    def url(self) -> str:
        """URL of the first node that answers, or of the first."""
        up = [name for name in self._nodes if self.world.is_up(name)]
        return self.nodes[up[0] if up else next(iter(self._nodes))]

    @property
    def grpc(self) -> str:
        """`HOST:PORT` of the same node's gRPC port."""
        here = next(name for name, url in self.nodes.items() if url == self.url)
        return self.grpc_nodes[here]

    @property
    def control(self) -> str:
        """URL of the demo's own port."""
        return self._control.url

    def addresses(self) -> dict[str, Any]:
        """What the process prints when it is ready."""
        return {
            "name": self.name,
            "url": self.url,
            "grpc": self.grpc,
            "nodes": self.nodes,
            "metrics": self.metrics,
            "grpc_nodes": self.grpc_nodes,
            "control": self.control,
        }

    async def start(self) -> None:
        """Open the ports of every node that is up, and keep doing so."""
        await self._control.open()
        await self.apply_faults()
        self._watcher = asyncio.create_task(self._watch(), name=f"ports of {self.name}")

    async def stop(self) -> None:
        """Close everything; what waits is cut."""
        if self._watcher is not None:
            self._watcher.cancel()
            with suppress(asyncio.CancelledError):
                await self._watcher
        await asyncio.gather(
            self._control.close(), *(ports.close() for ports in self._nodes.values())
        )

    async def apply_faults(self) -> None:
        """Bring the ports in line with the faults now, instead of a moment later."""
        async with self._changing:
            changes = list(self._changes())
            if changes:
                await asyncio.gather(*changes)

    def _changes(self) -> Iterator[Coroutine[Any, Any, None]]:
        """What must be done to the ports of nodes that went down, came back or restarted."""
        for name, ports in self._nodes.items():
            outage = self.faults.outage(name, self.world.now())
            started_at = self.world.started_at(name)
            if outage is not None and outage.kind == "down":
                if name in self._answering:
                    self._answering.remove(name)
                    yield ports.refuse()
            elif started_at != self._started_at[name]:
                self._started_at[name] = started_at
                self._answering.add(name)
                self.model.restarted(name)
                yield ports.reopen()
            elif name not in self._answering:
                self._answering.add(name)
                yield ports.open()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            await self.apply_faults()


@asynccontextmanager
async def simulated(
    name: str = "healthy",
    *,
    seed: int = 1,
    clock: Clock = time.time,
    traffic: bool = True,
    scale: Scale | None = None,
    faults: Iterable[Fault] = (),
    time_scale: float = 1.0,
    grpc: bool = True,
    keys: Keys | None = None,
) -> AsyncIterator[SimulatedCluster]:
    """A cluster of `scenarios.SCENARIOS` for as long as the block lasts, on free ports.

    With a `ManualClock` its state stands still between two of your steps; `time_scale` shortens
    the server's own delays (30 s for a hung peer), which are waited for real. Without `grpc` the
    gRPC ports refuse, and grpc is not imported. With `keys` (such as `keys.DEMO_KEYS`) they are
    asked for.
    """
    start = scenario(name, seed=seed, clock=clock, traffic=traffic, scale=scale)
    cluster = SimulatedCluster(start, time_scale=time_scale, grpc=grpc, keys=keys)
    for fault in faults:
        cluster.faults.add(fault)
    await cluster.start()
    try:
        yield cluster
    finally:
        await cluster.stop()
