"""Backup and restore from end to end on real servers, judged by raw requests only."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import pytest

from elysiadash.jobs import control
from elysiadash.jobs.database import Database
from elysiadash.jobs.job import Job, JobState
from tests.live.witness import Witness, definition, everything
from tests.servers.ports import PortBlock
from tests.servers.real import RealCluster, skip_reason
from tests.unit.backups.given import done, profile_of, submitted, told, work_on

pytestmark = [
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.skipif(skip_reason() is not None, reason=skip_reason() or ""),
]
S = JobState
OBJECTS = 1500
BUCKET = "backups"


@asynccontextmanager
async def one_node(path: Path, name: str) -> AsyncIterator[RealCluster]:
    """A cluster of one node that keeps its backups in ``path``."""
    env = {"BACKUP_FILESYSTEM_PATH": str(path)}
    async with RealCluster(1, metrics=False, env=env, hostnames=(name,)) as cluster:
        yield cluster


async def job(state: Path, kind: str, cluster: RealCluster, **what: Any) -> Job:
    return await asyncio.to_thread(done, state, kind, profile_of(cluster, name=cluster.names[0]),
                                   **what)  # fmt: skip


async def post(cluster: RealCluster, verb: str, path: str, body: Any = None) -> httpx.Response:
    async with httpx.AsyncClient(base_url=cluster.url, trust_env=False, timeout=60) as http:
        return await http.request(verb, path, json=body)


async def filled(cluster: RealCluster, name: str, **shape: Any) -> dict[str, dict[str, Any]]:
    """A collection with objects; all of it as raw requests see it."""
    made = await post(cluster, "POST", "/v1/schema", definition(name, **shape))
    assert made.status_code == 200, made.text
    await Witness(cluster.url, name).fill(OBJECTS)
    found = await everything(cluster.url, name)
    assert len(found) == OBJECTS
    return found


async def test_backup_and_restore_keep_everything_here_and_in_another_cluster(
    tmp_path: Path,
) -> None:
    shared, state = tmp_path / "shared", tmp_path / "s"
    async with one_node(shared, "a-0") as here, one_node(shared, "b-0") as there:
        before = await filled(here, "Doc")
        tenants = await with_tenants(here)
        alias = {"alias": "Docs", "class": "Doc"}
        assert (await post(here, "POST", "/v1/aliases", alias)).status_code == 200
        made = await job(state, "backup", here, id="whole")
        assert (made.state, made.ending) == (S.DONE, "BACKED_UP"), (
            made,
            told(state, made),
        )
        known = made.checkpoint
        assert known["size_gib"] > 0
        assert {one["name"]: one["objects"] for one in known["collections"]} == {
            "Doc": OBJECTS, "Mt": 1,
        }  # fmt: skip
        assert known["nodes"] == ["a-0"]

        # Elsewhere: without a mapping nothing is sent, since the node's name is known.
        refused = await job(state, "restore", there, id="whole")
        assert (refused.state, refused.ending) == (S.FAILED, "REFUSED")
        assert "a-0" in (refused.reason or "")
        assert "--node-mapping" in (refused.reason or "")
        restored = await job(state, "restore", there, id="whole", node_mapping=(("a-0", "b-0"),))
        assert (restored.state, restored.ending) == (S.DONE, "RESTORED"), restored
        assert restored.checkpoint["came_along"] == ["Docs"]
        assert await everything(there.url, "Doc") == before
        assert await everything(there.url, "Mt", tenant="hot") == tenants
        states = (await post(there, "GET", "/v1/schema/Mt/tenants")).json()
        assert {one["name"]: one["activityStatus"] for one in states} == {
            "hot": "HOT", "cold": "COLD",
        }  # fmt: skip

        # Here: taken names are refused before anything is sent; deleted ones come back.
        refused = await job(state, "restore", here, id="whole")
        assert refused.ending == "REFUSED"
        assert "taken" in (refused.reason or "")
        for name in ("Doc", "Mt"):
            assert (await post(here, "DELETE", f"/v1/schema/{name}")).status_code == 200
        again = await job(state, "restore", here, id="whole")
        assert again.ending == "RESTORED", again
        assert any("an earlier restore left SUCCESS" in text for text in told(state, again))
        assert await everything(here.url, "Doc") == before
        await here.restart("a-0")
        assert await everything(here.url, "Doc") == before


async def with_tenants(cluster: RealCluster) -> dict[str, dict[str, Any]]:
    """A collection with a HOT tenant of one object and a COLD one."""
    shape = {**definition("Mt"), "multiTenancyConfig": {"enabled": True}}
    del shape["shardingConfig"]
    assert (await post(cluster, "POST", "/v1/schema", shape)).status_code == 200
    names = [{"name": "hot"}, {"name": "cold"}]
    assert (await post(cluster, "POST", "/v1/schema/Mt/tenants", names)).status_code == 200
    for tenant in ("hot", "cold"):
        one = {"class": "Mt", "tenant": tenant, "properties": {"title": tenant}}
        assert (await post(cluster, "POST", "/v1/objects", one)).status_code == 200
    cold = [{"name": "cold", "activityStatus": "COLD"}]
    assert (await post(cluster, "PUT", "/v1/schema/Mt/tenants", cold)).status_code == 200
    return await everything(cluster.url, "Mt", tenant="hot")


async def test_what_fails_and_what_is_cancelled_on_a_real_server(tmp_path: Path) -> None:
    state = tmp_path / "s"
    async with one_node(tmp_path / "own", "a-0") as here:
        await filled(here, "Doc")
        refused = await job(state, "backup", here, id="x", backend="s3")
        assert (refused.ending, "backup-s3" in (refused.reason or "")) == ("REFUSED", True)
        shards = (await post(here, "GET", "/v1/nodes/Doc?output=verbose")).json()
        shard = shards["nodes"][0]["shards"][0]["name"]
        path = f"/v1/schema/Doc/shards/{shard}"
        assert (await post(here, "PUT", path, {"status": "READONLY"})).status_code == 200
        refused = await job(state, "backup", here, id="x")
        assert "READONLY" in (refused.reason or "")
        assert (await post(here, "GET", "/v1/backups/filesystem/x")).status_code == 404
        assert (await post(here, "PUT", path, {"status": "READY"})).status_code == 200

        profile = profile_of(here)
        submitted(state, "backup", profile, id="ends")

        def cancel(database: Database, running: Job) -> None:
            with database.transaction() as tx:
                control.ask(tx, running.id, "cancel")

        ended = await asyncio.to_thread(work_on, state, meanwhile=cancel)
        # As fast as a small backup is, either is honest; what the server has decides.
        answer = await post(here, "GET", "/v1/backups/filesystem/ends")
        if ended.state is S.DONE:
            assert answer.json()["status"] == "SUCCESS"
        else:
            assert ended.state is S.CANCELLED
            assert answer.status_code == 404 or answer.json()["status"] == "CANCELED"


# Three nodes, which need an object store.


@pytest.fixture
def store() -> Iterator[str]:
    """An S3-speaking server on the loopback, with a bucket."""
    if find_spec("moto") is None or find_spec("flask") is None:
        pytest.skip("no object store: moto[server] is not installed")
    ports = PortBlock()
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(ports.first)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{ports.first}"
    try:
        deadline = time.monotonic() + 30
        with httpx.Client(base_url=url, trust_env=False, timeout=5) as http:
            while True:
                try:
                    assert http.put(f"/{BUCKET}").status_code == 200
                    break
                except httpx.HTTPError:
                    assert process.poll() is None, "moto's server ended"
                    assert time.monotonic() < deadline, "moto's server does not answer"
                    time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(10)
        ports.release()


def s3(url: str) -> dict[str, str]:
    """What a node needs to keep its backups there."""
    return {
        "ENABLE_MODULES": "backup-s3",
        "BACKUP_S3_ENDPOINT": url.removeprefix("http://"),
        "BACKUP_S3_USE_SSL": "false",
        "BACKUP_S3_BUCKET": BUCKET,
        "AWS_ACCESS_KEY_ID": "tests",
        "AWS_SECRET_ACCESS_KEY": "tests-only",
        "AWS_REGION": "us-east-1",
    }


async def test_three_nodes_backed_up_to_an_object_store(tmp_path: Path, store: str) -> None:
    state, env = tmp_path / "s", s3(store)
    others = ("other-0", "other-1", "other-2")
    async with RealCluster(3, metrics=False, env=env) as here:
        before = await filled(here, "Doc", replicas=2, shards=3)
        refused = await job(state, "backup", here, id="three", backend="filesystem")
        assert refused.ending == "REFUSED"
        made = await job(state, "backup", here, id="three", backend="s3")
        assert made.ending == "BACKED_UP", (made, told(state, made))
        assert len(made.checkpoint["nodes"]) == 3
        assert (await post(here, "DELETE", "/v1/schema/Doc")).status_code == 200
        restored = await job(state, "restore", here, id="three", backend="s3")
        assert restored.ending == "RESTORED", (restored, told(state, restored))
        for url in here.nodes.values():
            assert await everything(url, "Doc") == before
        names = here.names
    # Elsewhere: three other nodes, which see the state that the restore above left behind.
    async with RealCluster(3, metrics=False, env=env, hostnames=others) as there:
        mapping = tuple(zip(names, others, strict=True))
        moved = await job(state, "restore", there, id="three", backend="s3", node_mapping=mapping)
        assert moved.ending == "RESTORED", (moved, told(state, moved))
        assert any("an earlier restore left SUCCESS" in text for text in told(state, moved))
        for url in there.nodes.values():
            assert await everything(url, "Doc") == before
