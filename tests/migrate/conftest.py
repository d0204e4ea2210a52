"""Two clusters for whole jobs: simulated ones, and real ones where there are servers."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from elysiadash.demo.cluster import simulated
from tests.migrate.whole import Cluster, Whole, drop_all, quick
from tests.servers.real import RealCluster, skip_reason

__all__ = ["quick"]

_TTL = {"OBJECTS_TTL_DELETE_SCHEDULE": "@hourly"}
Ends = tuple[Cluster, Cluster]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole jobs wait with limits: at most two go side by side on a small machine."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            number = zlib.crc32(item.path.name.encode()) % 2
            item.add_marker(pytest.mark.xdist_group(f"whole-jobs-{number}"))


@pytest.fixture(scope="module")
def real_ends() -> Iterator[list[RealCluster]]:
    """Two real clusters of one node each for all tests of a file, once one of them needs them."""
    kept: list[RealCluster] = []
    yield kept
    for one in kept:
        one._tidy_up()


@pytest_asyncio.fixture(params=["simulator", pytest.param("real", marks=pytest.mark.real)])
async def ends(request: pytest.FixtureRequest, real_ends: list[RealCluster]) -> AsyncIterator[Ends]:
    """Source and target, empty."""
    if request.param == "real":
        if skip_reason() is not None:
            pytest.skip(str(skip_reason()))
        for name in ("source-0", "target-0")[len(real_ends) :]:
            real_ends.append(await RealCluster(1, hostnames=(name,), env=_TTL).__aenter__())
        for one in real_ends:
            await drop_all(one)
        yield real_ends[0], real_ends[1]
        return
    async with AsyncExitStack() as stack:
        made = [
            await stack.enter_async_context(simulated("empty", traffic=False)) for _ in range(2)
        ]
        yield made[0], made[1]


@pytest_asyncio.fixture
async def job(ends: Ends, tmp_path: Path, quick: None) -> Whole:
    """A job between them that is not submitted yet."""
    return Whole(tmp_path, *ends)
