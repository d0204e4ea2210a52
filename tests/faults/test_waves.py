"""Tenants that fall asleep and wake up while they are moved, on the simulator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from elysiadash.demo.cluster import SimulatedCluster, simulated
from elysiadash.jobs import claims, events, queue
from elysiadash.jobs.database import Database
from elysiadash.jobs.job import Job
from elysiadash.jobs.work import Work
from elysiadash.migrate import course, engine, lanes, waves
from elysiadash.migrate.checkpoint import Proof
from elysiadash.migrate.executors import ThreadExecutor
from elysiadash.migrate.parts import Part
from elysiadash.migrate.phases import Freeze, Phase
from elysiadash.migrate.run import Run
from tests.faults.freeze_process import running, submit
from tests.faults.test_freeze import ask, create, no_watchdog_stays, profile

__all__ = ["no_watchdog_stays"]

OBJECTS = 20


@pytest_asyncio.fixture
async def demo() -> AsyncIterator[SimulatedCluster]:
    async with simulated("empty") as cluster:
        await create(cluster, "Rooms", 1, tenants=True)
        await ask(cluster, "POST", "/v1/schema/Rooms/tenants", [{"name": "a"}, {"name": "b"}])
        for tenant in "ab":
            await write(cluster, tenant, range(OBJECTS))
        await put(cluster, "b", "COLD")
        yield cluster


async def write(demo: SimulatedCluster, tenant: str, numbers: range, text: str = "x") -> None:
    objects = [
        {
            "class": "Rooms", "tenant": tenant, "properties": {"t": text},
            "id": f"00000000-0000-4000-8000-{number:012d}",
        }
        for number in numbers
    ]  # fmt: skip
    await ask(demo, "POST", "/v1/batch/objects", {"objects": objects})


async def put(demo: SimulatedCluster, tenant: str, state: str) -> None:
    await ask(demo, "PUT", "/v1/schema/Rooms/tenants", [{"name": tenant, "activityStatus": state}])


async def texts(demo: SimulatedCluster, tenant: str) -> list[str]:
    """What the copy has; the tenant is awake afterwards."""
    target = [{"name": tenant, "activityStatus": "HOT"}]
    await ask(demo, "PUT", "/v1/schema/RoomsCopy/tenants", target)
    async with httpx.AsyncClient(base_url=demo.url, trust_env=False) as client:
        answer = await client.get("/v1/objects", params={"class": "RoomsCopy", "tenant": tenant})
    return sorted(one["properties"]["t"] for one in answer.json()["objects"])


def parts() -> list[Part]:
    return [Part(collection="Rooms", target="RoomsCopy", tenant=tenant) for tenant in "ab"]


async def test_tenant_that_was_used_since_its_wave_goes_through_another(
    demo: SimulatedCluster, tmp_path: Path
) -> None:
    submit(tmp_path, profile(demo), {"Rooms": "RoomsCopy"})
    await create(demo, "RoomsCopy", 1, tenants=True)
    await ask(demo, "POST", "/v1/schema/RoomsCopy/tenants", [{"name": "a"}, {"name": "b"}])
    gone_through: list[list[str]] = []

    async def wave(run: Run) -> Proof | None:
        gone_through.append([part.tenant for part in run.parts])
        return None

    async def look(run: Run) -> list[str]:
        run.parts = parts()
        await waves.split(run)
        return [part.tenant for part in run.parts]

    async with running(tmp_path) as run:
        assert await look(run) == ["a"]
        await waves.go(run, wave)
        await waves.go(run, wave)
        assert gone_through == [["b"]]
        assert await waves.left(run) == []
        await put(demo, "b", "HOT")
        assert await look(run) == ["a", "b"]
        await put(demo, "b", "COLD")
        assert await look(run) == ["a"]
        assert [part.tenant for part in await waves.left(run)] == ["b"]
        await waves.go(run, wave)
        assert gone_through == [["b"], ["b"]]
        assert await waves.left(run) == []


async def migrated(demo: SimulatedCluster, state: Path) -> Job:
    """The job, done by an engine in a thread."""
    job = submit(
        state, profile(demo), {"Rooms": "RoomsCopy"}, freeze=Freeze.STOPPED, after="thaw",
        answers={"stopped": "stopped"},
    )  # fmt: skip
    with Database.open(state) as database:
        claim = claims.claim_next(database, "tests")
        assert claim is not None
        await asyncio.to_thread(engine.run, Work(database, claim))
        with database.reading() as read:
            return queue.get(read, job.id)


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "_executor", lambda run: ThreadExecutor())


@pytest.mark.usefixtures("threads")
async def test_tenant_that_was_written_just_before_it_slept_is_proven(
    demo: SimulatedCluster, tmp_path: Path
) -> None:
    job = await migrated(demo, tmp_path)
    assert job.ending == "VERIFIED", job.reason
    assert await texts(demo, "b") == ["x"] * OBJECTS
    assert demo.model.collections["Rooms"].shards["b"].activity == "COLD"


@pytest.mark.usefixtures("threads")
async def test_tenant_that_falls_asleep_before_the_freeze_is_caught_up_with(
    demo: SimulatedCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, slept = course._DOES[Phase.PROVEN], False

    async def proven(run: Run) -> Phase | None:
        nonlocal slept
        if not slept:
            slept = True
            await write(demo, "a", range(3), "newer")
            await put(demo, "a", "COLD")
        return await plain(run)

    monkeypatch.setitem(course._DOES, Phase.PROVEN, proven)
    job = await migrated(demo, tmp_path)
    assert job.ending == "VERIFIED", job.reason
    assert await texts(demo, "a") == ["newer"] * 3 + ["x"] * (OBJECTS - 3)


@pytest.mark.usefixtures("threads")
async def test_where_all_tenants_sleep_the_cut_over_comes_all_the_same(
    demo: SimulatedCluster, tmp_path: Path
) -> None:
    await put(demo, "a", "COLD")
    job = await migrated(demo, tmp_path)
    assert job.ending == "VERIFIED", job.reason
    assert await texts(demo, "a") == await texts(demo, "b") == ["x"] * OBJECTS
    with Database.open(tmp_path) as database, database.reading() as read:
        assert any("point the application" in one.text for one in events.before(read, job.id))
