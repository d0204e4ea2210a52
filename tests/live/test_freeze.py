"""The freeze on real servers, with writers that go on: what they were told is stored, is."""

from __future__ import annotations

import asyncio
import os
import signal
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from elysiadash.config.profile import Addresses, Auth, Profile, Secret
from elysiadash.jobs.errors import ClaimLost
from elysiadash.migrate import cut_over, freeze
from elysiadash.migrate.errors import NotFrozen
from elysiadash.migrate.parts import Part
from elysiadash.migrate.phases import Freeze
from elysiadash.migrate.run import Run
from tests.faults.freeze_process import running, submit
from tests.faults.test_cut_over import ledger_of, letters
from tests.faults.test_freeze import no_watchdog_stays, owed, until, worker
from tests.servers.real import RealCluster, skip_reason
from tests.servers.settings import NOBODY, ROOT

pytestmark = [
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.skipif(skip_reason() is not None, reason=str(skip_reason())),
    pytest.mark.xdist_group("real freeze"),
    pytest.mark.asyncio(loop_scope="module"),
]

__all__ = ["no_watchdog_stays"]

KEY = "FREEZE_TEST_KEY"
WRITES = ("create_data", "update_data", "delete_data")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster() -> AsyncIterator[RealCluster]:
    os.environ[KEY] = ROOT.key
    env = {"AUTHENTICATION_DB_USERS_ENABLED": "true"}
    async with RealCluster(3, keys=True, env=env) as running_cluster:
        admin = Admin(running_cluster)
        for name, factor in (("Doc", 3), ("DocNew", 3), ("Single", 1), ("Other", 1)):
            await admin.create(name, factor)
        await admin.create("Rooms", 3, multiTenancyConfig={"enabled": True})
        await admin.ask("POST", "/v1/schema/Rooms/tenants", [{"name": "a"}, {"name": "b"}])
        await admin.ask("PUT", "/v1/schema/Rooms/tenants",
                        [{"name": "b", "activityStatus": "COLD"}])  # fmt: skip
        await admin.ask("POST", "/v1/aliases", {"alias": "Docs", "class": "Doc"})
        permissions = [{"action": action, "data": {"collection": "*"}} for action in WRITES]
        await admin.ask("POST", "/v1/authz/roles", {"name": "app", "permissions": permissions})
        user = f"/v1/authz/users/{NOBODY.user}/assign"
        await admin.ask("POST", user, {"roles": ["app"], "userType": "db"})
        yield running_cluster


class Admin:
    """Asks the first node as root."""

    def __init__(self, cluster: RealCluster) -> None:
        self.cluster = cluster

    async def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        async with httpx.AsyncClient(
            base_url=self.cluster.url, headers=self.cluster.headers, trust_env=False, timeout=30
        ) as http:
            answer = await http.request(method, path, json=body)
        answer.raise_for_status()
        return answer

    async def create(self, name: str, factor: int, **more: Any) -> None:
        definition = {
            "class": name,
            "vectorizer": "none",
            "replicationConfig": {"factor": factor},
            "properties": [{"name": "t", "dataType": ["text"]}],
            **more,
        }
        await self.ask("POST", "/v1/schema", definition)

    async def states(self, name: str) -> set[str]:
        found = (await self.ask("GET", f"/v1/nodes/{name}?output=verbose")).json()["nodes"]
        return {row["vectorIndexingStatus"] for node in found for row in node["shards"] or ()}

    async def permissions(self) -> list[str]:
        found = (await self.ask("GET", "/v1/authz/roles/app")).json()["permissions"]
        return sorted(map(str, found))

    async def missing(self, name: str, ids: Sequence[str]) -> list[str]:
        """Those of the ids that are not stored on every replica."""
        async with httpx.AsyncClient(
            base_url=self.cluster.url, headers=self.cluster.headers, trust_env=False, timeout=30
        ) as http:
            path = f"/v1/objects/{name}"
            found = [
                (await http.get(f"{path}/{one}?consistency_level=ALL")).status_code for one in ids
            ]
        return [one for one, status in zip(ids, found, strict=True) if status != 200]


class App:
    """The application: writes batches through every node in turn, and keeps what it was told."""

    def __init__(self, cluster: RealCluster, collection: str, key: str = NOBODY.key) -> None:
        self._cluster = cluster
        self._collection = collection
        self._key = key
        self._stop = asyncio.Event()
        self.told_stored: list[str] = []
        self.refused: list[str] = []

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[App]:
        task = asyncio.create_task(self._write())
        try:
            yield self
        finally:
            self._stop.set()
            await task

    async def _write(self) -> None:
        headers = {"Authorization": f"Bearer {self._key}"}
        bases = list(self._cluster.nodes.values())
        async with httpx.AsyncClient(headers=headers, trust_env=False, timeout=30) as http:
            number = 0
            while not self._stop.is_set():
                ids = [str(uuid.uuid4()) for _ in range(4)]
                number += 1
                with suppress(httpx.HTTPError):
                    await self._batch(http, bases[number % len(bases)], ids)
                await asyncio.sleep(0.02)

    async def _batch(self, http: httpx.AsyncClient, base: str, ids: Sequence[str]) -> None:
        objects = [
            {"class": self._collection, "id": one, "properties": {"t": "written"}} for one in ids
        ]
        answer = await http.post(f"{base}/v1/batch/objects", json={"objects": objects})
        if answer.status_code != 200:
            self.refused.append(f"{answer.status_code} {answer.text}")
            return
        for row in answer.json():
            if row["result"]["status"] == "SUCCESS":
                self.told_stored.append(row["id"])
            else:
                self.refused.append(str(row["result"].get("errors")))


def profile(cluster: RealCluster) -> Profile:
    return Profile(
        name="real",
        url=cluster.url,
        grpc=cluster.grpc,
        nodes=Addresses(named=cluster.nodes),
        metrics=Addresses(named=cluster.metrics),
        auth=Auth(method="api-key", key=Secret(kind="env", reference=KEY)),
        write=True,
    )


@asynccontextmanager
async def job(
    cluster: RealCluster, state: Path, names: dict[str, str], **changes: Any
) -> AsyncIterator[Run]:
    submit(state, profile(cluster), names, **changes)
    async with running(state) as run:
        try:
            yield run
        finally:
            with suppress(ClaimLost):
                await freeze.thaw(run, "the test is over")


async def test_writes_that_were_acknowledged_are_stored(
    cluster: RealCluster, tmp_path: Path
) -> None:
    admin = Admin(cluster)
    async with (
        App(cluster, "Doc").writing() as app,
        job(cluster, tmp_path, {"Doc": "DocNew"}, freeze=Freeze.READONLY) as run,
    ):
        await asyncio.sleep(1)
        found = await freeze.freeze(run)
        assert "9 of 9 replicas are READONLY" in found.proven_by
        assert "3 of 3 nodes run the processes of the beginning" in found.proven_by
        told, refused = len(app.told_stored), len(app.refused)
        await asyncio.sleep(2)
        assert len(app.told_stored) == told
        assert len(app.refused) > refused
        await freeze.holds(run)
        await freeze.thaw(run, "test")
        assert await admin.states("Doc") == {"READY"}
        await asyncio.sleep(1)
        assert len(app.told_stored) > told
    assert await admin.missing("Doc", app.told_stored) == []


@pytest.mark.parametrize("how", [Freeze.READONLY, Freeze.ROLES])
async def test_killed_worker_is_thawed(cluster: RealCluster, tmp_path: Path, how: Freeze) -> None:
    admin = Admin(cluster)
    before = await admin.permissions()
    submit(tmp_path, profile(cluster), {"Doc": "DocNew"}, freeze=how)
    async with worker(tmp_path, silence=3) as one:
        await one.says("frozen")
        assert (await admin.states("Doc") == {"READONLY"}) == (how is Freeze.READONLY)
        assert (await admin.permissions() != before) == (how is Freeze.ROLES)
        os.kill(one.process.pid, signal.SIGKILL)
        await one.process.wait()
        await until(lambda: not owed(tmp_path), 20)
    assert await admin.states("Doc") == {"READY"}
    assert await admin.permissions() == before
    users = (await admin.ask("GET", "/v1/users/db")).json()
    assert not [user for user in users if user["userId"].startswith("elysiadash")]


async def test_roles_keep_writers_out_of_this_collection_only(
    cluster: RealCluster, tmp_path: Path
) -> None:
    admin = Admin(cluster)
    before = await admin.permissions()
    async with (
        App(cluster, "Single").writing() as app,
        App(cluster, "Other").writing() as elsewhere,
        job(cluster, tmp_path, {"Single": "SingleNew"}) as run,
    ):
        await asyncio.sleep(1)
        # One replica, and this release lies about READONLY: the roles are the way.
        assert await freeze.choose(run) is Freeze.ROLES
        found = await freeze.freeze(run)
        assert any("got 403 after, through every node" in word for word in found.proven_by)
        told, other = len(app.told_stored), len(elsewhere.told_stored)
        await asyncio.sleep(2)
        assert len(app.told_stored) == told
        assert "403" in app.refused[-1]
        assert len(elsewhere.told_stored) > other
        assert elsewhere.refused == []
        await freeze.holds(run)
        extra = [{"action": "update_data", "data": {"collection": "Single"}}]
        await admin.ask("POST", "/v1/authz/roles", {"name": "late", "permissions": extra})
        with pytest.raises(NotFrozen, match="late"):
            await freeze.holds(run)
        await admin.ask("DELETE", "/v1/authz/roles/late")
        await freeze.holds(run)
        async with App(cluster, "Single", ROOT.key).writing():
            await asyncio.sleep(1)
        with pytest.raises(NotFrozen, match="somebody writes all the same"):
            await freeze.holds(run)
        await freeze.thaw(run, "test")
        await asyncio.sleep(1)
        assert len(app.told_stored) > told
    assert await admin.permissions() == before
    assert await admin.missing("Single", app.told_stored) == []


async def test_one_replica_is_not_frozen_by_shards_on_a_lying_release(
    cluster: RealCluster, tmp_path: Path
) -> None:
    async with job(cluster, tmp_path, {"Single": "New"}, freeze=Freeze.READONLY) as run:
        with pytest.raises(NotFrozen, match="SUCCESS there and stores nothing"):
            await freeze.freeze(run)
    assert await Admin(cluster).states("Single") == {"READY"}


async def test_tenant_that_wakes_up_is_seen(cluster: RealCluster, tmp_path: Path) -> None:
    admin = Admin(cluster)
    async with job(cluster, tmp_path, {"Rooms": "Rooms2"}, freeze=Freeze.READONLY) as run:
        found = await freeze.freeze(run)
        assert "3 of 3 replicas are READONLY" in found.proven_by
        await admin.ask("PUT", "/v1/schema/Rooms/tenants", [{"name": "b", "activityStatus": "HOT"}])
        with pytest.raises(NotFrozen, match="tenants came"):
            await freeze.holds(run)
        await admin.ask(
            "PUT", "/v1/schema/Rooms/tenants", [{"name": "b", "activityStatus": "COLD"}]
        )
        await freeze.thaw(run, "test")
    assert await admin.states("Rooms") == {"READY"}


async def test_alias_swap_under_a_writer_loses_nothing(
    cluster: RealCluster, tmp_path: Path
) -> None:
    admin = Admin(cluster)
    wanted = {"Doc": "DocNew"}
    async with (
        App(cluster, "Docs").writing() as app,
        job(cluster, tmp_path, wanted, freeze=Freeze.READONLY, alias="Docs") as run,
    ):
        await asyncio.sleep(1)
        run.parts = [Part(collection="Doc", target="DocNew")]
        await freeze.freeze(run)
        old = set(app.told_stored)
        await ledger_of(run, run.parts[0])
        await cut_over.cut_over(run, settle_s=4)
        assert letters(run) == {}
        await asyncio.sleep(1)
        new = [one for one in app.told_stored if one not in old]
        assert new
        await freeze.thaw(run, "test")
    assert await admin.missing("Doc", sorted(old)) == []
    assert await admin.missing("DocNew", new) == []
    await admin.ask("PUT", "/v1/aliases/Docs", {"class": "Doc"})


async def test_restart_is_seen_and_frozen_again_while_held(
    cluster: RealCluster, tmp_path: Path
) -> None:
    admin = Admin(cluster)
    async with job(cluster, tmp_path, {"Doc": "DocNew"}, freeze=Freeze.READONLY) as run:
        await freeze.freeze(run)
        await freeze.extend(run, 120)
        await cluster.restart(cluster.names[1])
        assert await admin.states("Doc") == {"READONLY", "READY"}
        with pytest.raises(NotFrozen, match=cluster.names[1]):
            await freeze.holds(run)
        assert await freeze.keep_frozen(run)
        await asyncio.sleep(0.5)
        await freeze.holds(run)
        assert "frozen again at once" in run.checkpoint.notes[0]
        await freeze.thaw(run, "test")
    assert await admin.states("Doc") == {"READY"}


async def test_read_only_mode_of_the_cluster(tmp_path: Path) -> None:
    overrides = tmp_path / "overrides.yaml"
    overrides.write_text("")
    env = {
        "RUNTIME_OVERRIDES_ENABLED": "true",
        "RUNTIME_OVERRIDES_PATH": str(overrides),
        "RUNTIME_OVERRIDES_LOAD_INTERVAL": "1s",
    }
    async with RealCluster(1, env=env) as one:
        await Admin(one).create("Doc", 1)
        source = Profile(
            name="real", url=one.url, nodes=Addresses(named=one.nodes),
            metrics=Addresses(named=one.metrics), write=True,
        )  # fmt: skip
        submit(tmp_path, source, {"Doc": "Doc"}, target={"profile": {"name": "t", "url": one.url}})
        async with running(tmp_path) as run:
            rungs = {rung.how: rung for rung in await freeze.look_at(run)}
            assert not rungs[Freeze.MODE].works
            assert not rungs[Freeze.READONLY].works
            overrides.write_text("operational_mode: ReadOnly\n")
            await asyncio.sleep(3)
            found = await freeze.freeze(run)
            assert found.how is Freeze.MODE
            assert "1 of 1 nodes are in the read-only mode" in found.proven_by
            overrides.write_text("")
            await asyncio.sleep(3)
            with pytest.raises(NotFrozen, match="left the read-only mode"):
                await freeze.holds(run)
