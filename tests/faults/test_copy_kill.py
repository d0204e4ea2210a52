"""The worker of a copy is killed at every persisted transition, and its pool's processes with it:
nothing is lost, nothing counted twice, and what was committed is not done again (promise P5)."""

from __future__ import annotations

import asyncio
import json
import os
import random
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from elysiadash.demo.cluster import simulated
from elysiadash.jobs import folder, queue, ranges
from elysiadash.jobs.database import Database
from elysiadash.jobs.job import JobState
from elysiadash.migrate.keeping import REFERENCES
from elysiadash.scan.ledger import Entry, Ledger
from tests.contract.copying import Site, same, site
from tests.faults.migrate_process import Plan, process
from tests.migrate.running import profile, submit

KILLS = int(os.environ.get("MIGRATE_KILLS", "20"))
OBJECTS = max(1_000, 60 * KILLS)


@pytest_asyncio.fixture
async def at() -> AsyncIterator[Site]:
    async with simulated("empty") as demo, site(demo.url, demo.grpc, demo.nodes) as made:
        yield made


def definition(name: str) -> dict[str, Any]:
    return {
        "class": name,
        "properties": [
            {"name": "t", "dataType": ["text"]},
            {"name": "next", "dataType": [name]},
        ],
        "vectorConfig": {"a": {"vectorizer": {"none": {}}, "vectorIndexType": "flat"}},
        "shardingConfig": {"desiredCount": 1},
    }


async def filled(at: Site, count: int) -> list[str]:
    """A source whose objects each refer to the next, and an empty target; half of the ids lie
    crowded in one of the ranges."""
    rng = random.Random(5)
    ids = [str(uuid.UUID(int=rng.getrandbits(128))) for _ in range(count // 2)]
    ids += [str(uuid.UUID(int=(7 << 120) + number)) for number in range(count - count // 2)]
    for name in ("Doc", "Copy"):
        await at.create(definition(name))
    for start in range(0, count, 500):
        documents = [
            json.dumps(
                {
                    "class": "Doc", "id": name, "properties": {"t": name},
                    "vectors": {"a": [start / 7, 0.5]},
                }
            )
            for name in ids[start : start + 500]
        ]  # fmt: skip
        assert not any(await at.put("Doc", documents))
    own = "weaviate://localhost/Doc/"
    links = [
        {"from": f"{own}{one}/next", "to": f"{own}{other}"}
        for one, other in zip(ids, [*ids[1:], ids[0]], strict=True)
    ]
    for start in range(0, count, 500):
        answer = await at.raw.post("/v1/batch/references", json=links[start : start + 500])
        assert answer.status_code == 200
    return ids


def plan_of(at: Site, state: Path, **how: Any) -> Plan:
    end = (at.url, at.transport.profile.grpc, at.nodes)
    return Plan(state=str(state), source=end, target=end, **how)


def entries(state: Path, job: str) -> list[Entry]:
    """All ledgers that count."""
    with Database.open(state) as jobs, jobs.reading() as read:
        names = [name for name in folder.committed(read, job) if name.startswith("ledger-")]
    found: list[Entry] = []
    for name in names:
        with Ledger(folder.path_of(state, job) / name) as ledger:
            found += ledger
    return sorted(found)


async def check(at: Site, state: Path, job: str, ids: list[str]) -> None:
    """The end, whoever was killed where."""
    with Database.open(state) as jobs, jobs.reading() as read:
        assert queue.get(read, job).state is JobState.DONE
        assert ranges.unfinished(read, job, generation=0, tenant="Doc") == []
        assert ranges.unfinished(read, job, generation=REFERENCES, tenant="Doc") == []
        counted = sum(one.objects for one in ranges.of(read, job, generation=0))
        assert counted == queue.get(read, job).checkpoint["copied"] == len(ids)
        committed = set(folder.committed(read, job))
    here = folder.path_of(state, job)
    assert committed <= {path.name for path in here.iterdir()}
    known = entries(state, job)
    assert [one.id for one in known] == sorted(uuid.UUID(name).bytes for name in ids)
    source, target = await at.objects("Doc"), await at.objects("Copy")
    # References lead to the copy, which has another name.
    changed = {
        name: json.loads(json.dumps(one).replace("/Doc/", "/Copy/")) for name, one in source.items()
    }
    assert same(_bare(changed), _bare(target)) == {}
    times = {uuid.UUID(name).bytes: int(one["lastUpdateTimeUnix"]) for name, one in target.items()}
    assert {one.id: one.target_time for one in known} == times


def _bare(objects: dict[str, Any]) -> dict[str, Any]:
    """Without what a server adds to a beacon for the reader."""
    for one in objects.values():
        for held in one["properties"].get("next", ()):
            held.pop("href", None)
    return objects


@pytest.mark.slow
async def test_a_kill_at_every_transaction_loses_nothing(at: Site, tmp_path: Path) -> None:
    """Each worker dies one transaction later than the one before, so that all kinds are met; page
    size and slices change from one to the next."""
    ids = await filled(at, OBJECTS)
    here = profile(at.url, at.transport.profile.grpc, at.nodes)
    job = submit(tmp_path, here, here, {"Doc": "Copy"})
    kills = 0
    for number in range(KILLS):
        plan = plan_of(
            at, tmp_path, die_at=1 + number // 2, die=("before", "after")[number % 2],
            page=100 + 10 * (number % 3), slice=200,
        )  # fmt: skip
        async with process(tmp_path, plan) as worker:
            await asyncio.wait_for(worker.wait(), 60)
            if worker.returncode == 0:
                break
            assert worker.returncode == -9
            kills += 1
    else:
        async with process(tmp_path, plan_of(at, tmp_path, page=150, slice=1000)) as worker:
            assert await asyncio.wait_for(worker.wait(), 60) == 0
    assert kills >= min(KILLS, 12)
    await check(at, tmp_path, job, ids)


@pytest.mark.slow
async def test_the_pool_dies_with_the_worker_and_another_count_goes_on(
    at: Site, tmp_path: Path
) -> None:
    ids = await filled(at, 3_000)
    here = profile(at.url, at.transport.profile.grpc, at.nodes)
    job = submit(tmp_path, here, here, {"Doc": "Copy"})
    with Database.open(tmp_path) as jobs, jobs.transaction() as tx:
        tx.run("UPDATE jobs SET rate = 1500 WHERE id = ?", job)
    async with process(tmp_path, plan_of(at, tmp_path, processes=2)) as worker:
        while len(await at.objects("Copy")) < 300:
            await asyncio.sleep(0.05)
            assert worker.returncode is None
        children = children_of(worker.pid)
        assert len(children) >= 2
        worker.kill()
        await worker.wait()
    await asyncio.sleep(1.0)
    assert [pid for pid in children if alive(pid)] == []
    with Database.open(tmp_path) as jobs, jobs.transaction() as tx:
        tx.run("UPDATE jobs SET rate = NULL WHERE id = ?", job)
    async with process(tmp_path, plan_of(at, tmp_path, processes=1, page=300)) as worker:
        assert await asyncio.wait_for(worker.wait(), 60) == 0
    await check(at, tmp_path, job, ids)


def children_of(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(one) for one in found]


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
