"""A simulated cluster that stands still, and a client for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest

from elysiadash.demo import ManualClock, SimulatedCluster, simulated

#: Everything that the server itself waits for takes this share of its real time.
QUICKLY = 0.002

Ask = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def cluster(clock: ManualClock) -> AsyncIterator[SimulatedCluster]:
    """The healthy one; `clock` moves it."""
    async with simulated("healthy", clock=clock, time_scale=QUICKLY, grpc=False) as running:
        yield running


@pytest.fixture
async def troubled(clock: ManualClock) -> AsyncIterator[SimulatedCluster]:
    """The one with a dead node, a slow replica and a full queue."""
    async with simulated("troubled", clock=clock, time_scale=QUICKLY, grpc=False) as running:
        yield running


@pytest.fixture
async def client(cluster: SimulatedCluster) -> AsyncIterator[httpx.AsyncClient]:
    """Speaks to the first node of `cluster`."""
    async with httpx.AsyncClient(base_url=cluster.url, timeout=5) as speaking:
        yield speaking
