"""Tenants and properties that come and go while a job runs, on the simulator and a real server."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from elysiadash.demo.cluster import simulated
from elysiadash.migrate import lanes, since
from elysiadash.migrate.copying import copy
from elysiadash.migrate.delta import catch_up
from elysiadash.migrate.errors import Waits
from elysiadash.migrate.executors import ThreadExecutor
from elysiadash.migrate.lanes import Lanes
from elysiadash.migrate.looking import look
from elysiadash.migrate.prepare import prepare
from tests.contract.conftest import CHANGEABLE
from tests.contract.migration import Cluster, cluster_at, run_of, spec
from tests.servers.real import RealCluster

pytestmark = pytest.mark.parametrize("kind", CHANGEABLE, indirect=True)
NAME, COPY = "Renewed", "RenewedCopy"


@pytest_asyncio.fixture
async def cluster(kind: str, _cluster: RealCluster | None) -> AsyncIterator[Cluster]:
    async with AsyncExitStack() as stack:
        if _cluster is not None:
            nodes, grpc = _cluster.nodes, _cluster.grpc
        else:
            made = await stack.enter_async_context(simulated("empty"))
            nodes, grpc = made.nodes, made.grpc
        found = await stack.enter_async_context(cluster_at(nodes, grpc))
        await found.drop(NAME, COPY)
        yield found
        await found.drop(NAME, COPY)


async def _put(cluster: Cluster, tenant: str, *numbers: int, **more: Any) -> None:
    objects = [
        {
            "id": str(uuid.UUID(int=number << 64)),
            "tenant": tenant,
            "properties": {"text": f"{tenant}{number}"} | more,
            "vector": [1.0, number],
        }
        for number in numbers
    ]
    await cluster.put(NAME, objects)


async def _texts(cluster: Cluster, tenant: str) -> list[dict[str, Any]]:
    params = {"class": COPY, "tenant": tenant, "limit": 100, "after": ""}
    answer = await cluster.raw.get("/v1/objects", params=params)
    assert answer.status_code == 200, answer.text
    return [one["properties"] for one in answer.json()["objects"]]


async def _tenants(cluster: Cluster, name: str) -> set[str]:
    return {one["name"] for one in (await cluster.raw.get(f"/v1/schema/{name}/tenants")).json()}


@pytest.mark.parametrize("answer", ["yes", "keep"])
async def test_p6_new_tenants_and_properties_are_deltas_and_gone_ones_are_asked_about(
    cluster: Cluster, tmp_path: Path, answer: str
) -> None:
    await cluster.create(
        {
            "class": NAME,
            "vectorizer": "none",
            "properties": [{"name": "text", "dataType": ["text"]}],
            "multiTenancyConfig": {"enabled": True},
        }
    )
    path = f"/v1/schema/{NAME}/tenants"
    await cluster.raw.post(path, json=[{"name": "a"}, {"name": "b"}])
    await _put(cluster, "a", 1, 2)
    await _put(cluster, "b", 1, 2, 3)
    here = cluster.profile("here")
    async with run_of(tmp_path, here, here, spec(NAME)) as run:
        run.lanes = Lanes(run, ThreadExecutor())
        try:
            await look(run)
            await prepare(run)
            await copy(run)
            await catch_up(run, 1)
            assert len(await _texts(cluster, "b")) == 3
            await cluster.raw.post(path, json=[{"name": "c"}])
            more = {"name": "more", "dataType": ["int"]}
            assert (await cluster.raw.post(f"/v1/schema/{NAME}/properties", json=more)).is_success
            await _put(cluster, "c", 7, 8, more=5)
            await cluster.raw.request("DELETE", path, json=["b"])
            with pytest.raises(Waits, match=r"1 tenants were deleted .*Renewed/b") as asked:
                await since.renew(run)
            assert asked.value.key == since.ANSWER
            assert await _tenants(cluster, COPY) == {"a", "b", "c"}
            await run.save(answers={**run.checkpoint.answers, since.ANSWER: answer})
            await since.renew(run)
            left = {"a", "c"} | ({"b"} if answer == "keep" else set())
            assert await _tenants(cluster, COPY) == left
            assert bool(run.checkpoint.notes) == (answer == "keep")
            await catch_up(run, 2)
            assert await _texts(cluster, "c") == [
                {"text": "c7", "more": 5},
                {"text": "c8", "more": 5},
            ]
            # It is not asked about again, and a second one is.
            await since.renew(run)
            await cluster.raw.request("DELETE", path, json=["a"])
            with pytest.raises(Waits, match="Renewed/a"):
                await since.renew(run)
            assert "a" in await _tenants(cluster, COPY)
        finally:
            await lanes.close(run)
