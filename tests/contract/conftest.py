"""One fixture, ``server``, that is each subject in turn; real ones are skipped without a binary."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest
import pytest_asyncio

from tests.contract.subjects import LOADED, Subject, real, recorded, simulator
from tests.servers.load import definitions, insert, object_of
from tests.servers.real import RealCluster, skip_reason
from tests.servers.settings import VIEWER

CHANGEABLE = ["simulator", pytest.param("real", marks=pytest.mark.real)]
KINDS = ["recordings", *CHANGEABLE]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Which subject a test runs on."""
    return str(request.param)


@pytest.fixture
def _cluster(kind: str, request: pytest.FixtureRequest) -> RealCluster | None:
    """Only tests on a real cluster start one."""
    if kind != "real":
        return None
    cluster: RealCluster = request.getfixturevalue("real_cluster")
    return cluster


@pytest.fixture
def _cluster_with_keys(kind: str, request: pytest.FixtureRequest) -> RealCluster | None:
    if kind != "real":
        return None
    cluster: RealCluster = request.getfixturevalue("real_cluster_with_keys")
    return cluster


@pytest_asyncio.fixture
async def server(kind: str, _cluster: RealCluster | None) -> AsyncIterator[Subject]:
    """A healthy, loaded cluster of three nodes."""
    async with AsyncExitStack() as stack:
        if kind == "recordings":
            subject = recorded()
        elif _cluster is None:
            subject = await stack.enter_async_context(simulator())
        else:
            subject = real(_cluster)
        stack.push_async_callback(subject.aclose)
        yield subject


@pytest_asyncio.fixture
async def loaded_server(kind: str, _cluster: RealCluster | None) -> AsyncIterator[Subject]:
    """Like ``server``, but the simulator too holds what the loader writes, and nothing else."""
    async with AsyncExitStack() as stack:
        if kind == "recordings":
            subject = recorded()
        elif _cluster is None:
            subject = await stack.enter_async_context(simulator(loaded=True))
        else:
            subject = real(_cluster)
        stack.push_async_callback(subject.aclose)
        yield subject


@pytest_asyncio.fixture
async def locked_server(
    kind: str, _cluster_with_keys: RealCluster | None
) -> AsyncIterator[Subject]:
    """A server that asks for keys: of root, of a viewer, and of a user without a role."""
    async with AsyncExitStack() as stack:
        if kind == "recordings":
            subject = recorded("keys")
        elif _cluster_with_keys is None:
            subject = await stack.enter_async_context(simulator(keys=True))
        else:
            subject = real(_cluster_with_keys)
        stack.push_async_callback(subject.aclose)
        yield subject


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def real_cluster_with_keys() -> AsyncIterator[RealCluster]:
    """One node with API keys and RBAC, and one collection; a test leaves it as it found it."""
    reason = skip_reason()
    if reason is not None:
        pytest.skip(reason)
    async with (
        RealCluster(1, keys=True) as cluster,
        httpx.AsyncClient(
            base_url=cluster.url, headers=cluster.headers, trust_env=False, timeout=60
        ) as client,
    ):
        event = next(one for one in definitions(1) if one["class"] == LOADED.one_replica)
        (await client.post("/v1/schema", json=event)).raise_for_status()
        await insert(client, (object_of(LOADED.one_replica, number) for number in range(500)))
        path = f"/v1/authz/users/{VIEWER.user}/assign"
        (await client.post(path, json={"roles": ["viewer"]})).raise_for_status()
        yield cluster
