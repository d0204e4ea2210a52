"""A copy whose tasks run on dask workers, one of which is killed midway."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio

from elysiadash.config import reference
from elysiadash.demo.cluster import simulated
from elysiadash.migrate import copying, lanes
from elysiadash.migrate.looking import look
from elysiadash.migrate.prepare import prepare
from tests.contract.conftest import CHANGEABLE
from tests.contract.migration import Cluster, cluster_at, run_of, spec
from tests.servers.dask import Dask
from tests.servers.real import RealCluster

pytest.importorskip("distributed", reason="dask is an extra: pip install 'elysiadash[dask]'")
pytestmark = [pytest.mark.parametrize("kind", CHANGEABLE, indirect=True), pytest.mark.slow]

SOURCE, TARGET = "DaskSource", "DaskTarget"
MANY = 3_000


@pytest.fixture
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest_asyncio.fixture
async def cluster(kind: str, _cluster: RealCluster | None) -> AsyncIterator[Cluster]:
    async with AsyncExitStack() as stack:
        if _cluster is not None:
            nodes, grpc = _cluster.nodes, _cluster.grpc
        else:
            made = await stack.enter_async_context(simulated("empty"))
            nodes, grpc = made.nodes, made.grpc
        found = await stack.enter_async_context(cluster_at(nodes, grpc))
        await found.drop(SOURCE, TARGET)
        yield found
        await found.drop(SOURCE, TARGET)


def uid(number: int) -> str:
    return str(UUID(int=(number + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC835 % (1 << 128)))


async def ids(cluster: Cluster, name: str) -> set[str]:
    found: set[str] = set()
    after = ""
    while True:
        params = {"class": name, "limit": "1000", "after": after}
        page = (await cluster.raw.get("/v1/objects", params=params)).json()["objects"]
        if not page:
            return found
        found |= {one["id"] for one in page}
        after = page[-1]["id"]


async def test_a_worker_that_is_killed_midway_loses_nothing(
    cluster: Cluster, tmp_path: Path
) -> None:
    await cluster.create(
        {"class": SOURCE, "vectorizer": "none", "vectorIndexType": "flat",
         "properties": [{"name": "n", "dataType": ["int"]}]}
    )  # fmt: skip
    objects = [
        {"id": uid(n), "properties": {"n": n}, "vector": [n / 7, 1.0]} for n in range(MANY)
    ]  # fmt: skip
    for start in range(0, MANY, 1000):
        await cluster.put(SOURCE, objects[start : start + 1000])
    dask = Dask(tmp_path, 2)
    one, other = cluster.profile("a"), cluster.profile("b")
    wanted = spec(
        (SOURCE, TARGET), source=reference.of(one), target=reference.of(other),
        executor="dask", scheduler=dask.address,
    )  # fmt: skip
    try:
        async with run_of(tmp_path / "state", one, other, wanted) as run:
            # So slow that there is a midway.
            with run.work.database.transaction() as tx:
                tx.run("UPDATE jobs SET rate = 600 WHERE id = ?", run.job)
            try:
                await look(run)
                await prepare(run)
                task = asyncio.ensure_future(copying.copy(run))
                while run.checkpoint.copied < MANY // 10 and not task.done():  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
                assert not task.done(), "it was over before anybody could be killed"
                os.kill(dask.workers[0].pid, signal.SIGKILL)
                with run.work.database.transaction() as tx:
                    tx.run("UPDATE jobs SET rate = NULL WHERE id = ?", run.job)
                await asyncio.wait_for(task, 120)
            finally:
                await lanes.close(run)
    finally:
        dask.end()
    assert await ids(cluster, TARGET) == {uid(n) for n in range(MANY)}
