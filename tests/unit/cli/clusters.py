"""Simulated clusters in a thread of their own, since a command owns its event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from elysiadash.demo import Fault, SimulatedCluster, simulated


class InThread:
    """A running simulated cluster, and how to change it from the test's thread."""

    def __init__(self, cluster: SimulatedCluster, loop: asyncio.AbstractEventLoop) -> None:
        self.cluster = cluster
        self._loop = loop

    @property
    def url(self) -> str:
        """The REST address of the first node that is up."""
        return self.cluster.url

    def flags(self, *, nodes: bool = True, metrics: bool = True) -> list[str]:
        """The options that name this cluster."""
        words = ["--url", self.url]
        if nodes:
            words += [w for n, url in self.cluster.nodes.items() for w in ("--node", f"{n}={url}")]
        if metrics:
            pairs = self.cluster.metrics.items()
            words += [w for n, url in pairs for w in ("--metrics-url", f"{n}={url}")]
        return words

    @contextmanager
    def fault(self, fault: Fault) -> Iterator[None]:
        """A fault for the length of the block."""
        number = self._run(_give(self.cluster, fault))
        try:
            yield
        finally:
            self._run(_take(self.cluster, number))

    def calls(self, route: str) -> int:
        """How often a route was asked, over all nodes."""
        asked = self.cluster.model.calls
        return sum(count for (_, name), count in asked.items() if name == route)

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)


@contextmanager
def cluster_in_thread(name: str = "healthy") -> Iterator[InThread]:
    """One of the demo's scenarios for the length of the block."""
    loop = asyncio.new_event_loop()
    started: list[SimulatedCluster] = []
    ready, over = threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with simulated(name, grpc=False, time_scale=0.05) as cluster:
            started.append(cluster)
            ready.set()
            await over.wait()

    def work() -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(serve())
        finally:
            ready.set()
            loop.close()

    thread = threading.Thread(target=work, name="simulated cluster")
    thread.start()
    ready.wait(30)
    try:
        yield InThread(started[0], loop)
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)


async def _give(cluster: SimulatedCluster, fault: Fault) -> Any:
    number = cluster.faults.add(fault)
    await cluster.apply_faults()
    return number


async def _take(cluster: SimulatedCluster, number: Any) -> None:
    cluster.faults.remove(number)
    await cluster.apply_faults()
