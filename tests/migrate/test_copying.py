"""Copy runs whole, in slices, and goes on where it was stopped."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from elysiadash.demo.cluster import simulated
from elysiadash.jobs import dead_letters, events, folder, outcomes, ranges
from elysiadash.jobs.work import Interrupted
from elysiadash.migrate import copying, opened, planning
from elysiadash.migrate.copying import copy
from elysiadash.migrate.executors import LocalExecutor
from elysiadash.migrate.ids import copy_ids
from elysiadash.migrate.ledgers import PartLedger
from elysiadash.migrate.references import copy_references
from elysiadash.migrate.run import Run
from elysiadash.migrate.tasks import Bounds
from tests.contract.copying import Site, same, site
from tests.migrate.running import profile, renamed, run_of, submit
from tests.servers.real import RealCluster, skip_reason


@pytest_asyncio.fixture(params=["simulator", pytest.param("real", marks=pytest.mark.real)])
async def at(request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    """One cluster, which is source and target."""
    if request.param == "real":
        reason = skip_reason()
        if reason is not None:
            pytest.skip(reason)
        async with (
            RealCluster(1, metrics=False) as cluster,
            site(cluster.url, cluster.grpc, cluster.nodes) as made,
        ):
            yield made
        return
    async with simulated("empty") as demo, site(demo.url, demo.grpc, demo.nodes) as made:
        yield made


def definition(name: str, **others: Any) -> dict[str, Any]:
    return {
        "class": name,
        "properties": [
            {"name": "t", "dataType": ["text"]},
            {"name": "n", "dataType": ["int"]},
        ],
        "vectorConfig": {"a": {"vectorizer": {"none": {}}, "vectorIndexType": "flat"}},
        "shardingConfig": {"desiredCount": 1},
        **others,
    }


async def fill(at: Site, ids: list[str], collection: str = "Doc") -> None:
    documents = [
        json.dumps(
            {
                "class": collection, "id": name, "properties": {"t": name, "n": number},
                "vectors": {"a": [number / 7, 0.5]},
            }
        )
        for number, name in enumerate(ids)
    ]  # fmt: skip
    for start in range(0, len(documents), 500):
        errors = await at.put(collection, documents[start : start + 500])
        assert not any(errors)


def random_ids(count: int) -> list[str]:
    rng = random.Random(count)
    return [str(uuid.UUID(int=rng.getrandbits(128))) for _ in range(count)]


def here(at: Site) -> Any:
    return profile(at.url, at.transport.profile.grpc, at.nodes)


async def prepared(at: Site, ids: list[str], **others: Any) -> None:
    await at.create(definition("Doc", **others))
    await at.create(renamed(definition("Doc", **others), "Copy"))
    await fill(at, ids)


async def equal(at: Site, count: int) -> None:
    source, target = await at.objects("Doc"), await at.objects("Copy")
    assert len(source) == count
    assert same(source, target) == {}


def check_ledger(run: Run, ids: list[str]) -> None:
    """The ledger has every id with the target's time, and nothing else is left behind."""
    with PartLedger.of(run.work, run.parts[0]) as ledger:
        entries = list(ledger)
    assert [entry.id for entry in entries] == sorted(uuid.UUID(name).bytes for name in ids)
    assert all(entry.target_time > 0 for entry in entries)
    with run.work.reading() as read:
        assert ranges.unfinished(read, run.job, generation=0, tenant="Doc") == []
        names = set(folder.committed(read, run.job))
    assert {path.name for path in run.work.folder().iterdir()} == names
    assert all(name.startswith("ledger-") for name in names)


async def test_everything_is_copied_and_in_the_ledger(at: Site, tmp_path: Path) -> None:
    ids = [*random_ids(3_000), str(uuid.UUID(int=0)), str(uuid.UUID(int=2**128 - 1))]
    await prepared(at, ids)
    submit(tmp_path, here(at), here(at), {"Doc": "Copy"})
    async with run_of(tmp_path, here(at), here(at)) as run:
        await copy(run)
        check_ledger(run, ids)
        assert run.checkpoint.copied == len(ids)
        with run.work.reading() as read:
            assert dead_letters.count(read, run.job) == 0
    await equal(at, len(ids))
    lines = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    assert {line["result"] for line in lines} == {"started", "ok"}
    assert sum(line["objects"] for line in lines) == len(ids)
    assert len(lines) == 2 * 4


def stopping_after(looks: int) -> Callable[[], Awaitable[None]]:
    left = iter(range(looks))

    async def breathe() -> None:
        if next(left, None) is None:
            raise Interrupted("end")

    return breathe


async def test_it_goes_on_where_it_was_stopped(
    at: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slices of a few objects, stopped after each handful of them: nothing twice, nothing left."""
    ids = random_ids(3_000)
    await prepared(at, ids)
    monkeypatch.setattr(copying, "Bounds", lambda **how: Bounds(**how, objects=200))
    monkeypatch.setattr(copying, "_LOOK_S", 0.0)
    monkeypatch.setattr(opened, "_PAGE_OBJECTS", 100)
    submit(tmp_path, here(at), here(at), {"Doc": "Copy"})
    stops, done = 0, False
    while not done:
        async with run_of(tmp_path, here(at), here(at)) as run:
            assert run.lanes is not None
            run.lanes.settling_s = 0.0
            if stops < 4:
                monkeypatch.setattr(run, "breathe", stopping_after(2))
            try:
                await copy(run)
                done = True
                check_ledger(run, ids)
                assert run.checkpoint.copied == len(ids)
            except Interrupted:
                stops += 1
                with run.work.held() as tx:
                    outcomes.give_back(tx)
    assert stops == 4
    await equal(at, len(ids))


async def test_crowded_ids_are_cut_where_they_stand(
    at: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [str(uuid.UUID(int=number)) for number in range(3_000)]
    await prepared(at, ids)
    monkeypatch.setattr(planning, "CROWDED_OBJECTS", 700)
    monkeypatch.setattr(planning, "WANTED_OBJECTS", 300)
    monkeypatch.setattr(copying, "Bounds", lambda **how: Bounds(**how, objects=250))
    monkeypatch.setattr(opened, "_PAGE_OBJECTS", 100)
    submit(tmp_path, here(at), here(at), {"Doc": "Copy"})
    async with run_of(tmp_path, here(at), here(at)) as run:
        await copy(run)
        check_ledger(run, ids)
        with run.work.reading() as read:
            pieces = ranges.of(read, run.job, generation=0)
        assert len(pieces) > 6
    await equal(at, len(ids))


async def test_named_ids_are_copied_alone_or_by_pages(at: Site, tmp_path: Path) -> None:
    ids = sorted(random_ids(1_500))
    await prepared(at, ids)
    submit(tmp_path, here(at), here(at), {"Doc": "Copy"})
    absent = [str(uuid.UUID(int=5)), str(uuid.UUID(int=2**128 - 9))]
    wanted = sorted({*ids[::40], *ids[300:700], *absent})
    async with run_of(tmp_path, here(at), here(at)) as run:
        entries = await copy_ids(
            run, run.parts[0], [uuid.UUID(name).bytes for name in reversed(wanted)]
        )
        assert [str(uuid.UUID(bytes=entry.id)) for entry in entries] == [
            name for name in wanted if name not in absent
        ]
    target = await at.objects("Copy")
    source = {name: one for name, one in (await at.objects("Doc")).items() if name in target}
    assert set(target) == set(wanted) - set(absent)
    assert same(source, target) == {}


async def test_references_follow_and_the_ledger_knows(at: Site, tmp_path: Path) -> None:
    ids = random_ids(400)
    refers = {"name": "next", "dataType": ["Doc"]}
    mine = definition("Doc")
    mine["properties"].append(refers)
    await at.create(mine)
    copied = renamed(definition("Copy"), "Copy")
    copied["properties"].append({"name": "next", "dataType": ["Copy"]})
    await at.create(copied)
    await fill(at, ids)
    references = [
        {
            "from": f"weaviate://localhost/Doc/{one}/next",
            "to": f"weaviate://localhost/Doc/{other}",
        }
        for one, other in zip(ids, [*ids[1:], ids[0]], strict=True)
    ]
    answer = await at.raw.post("/v1/batch/references", json=references)
    assert answer.status_code == 200
    submit(tmp_path, here(at), here(at), {"Doc": "Copy"})
    async with run_of(tmp_path, here(at), here(at)) as run:
        await copy(run)
        with PartLedger.of(run.work, run.parts[0]) as ledger:
            before = {entry.id: entry for entry in ledger}
        await asyncio.sleep(0.01)
        await copy_references(run)
        with PartLedger.of(run.work, run.parts[0]) as ledger:
            after = {entry.id: entry for entry in ledger}
        with run.work.reading() as read:
            assert dead_letters.count(read, run.job) == 0
    assert after.keys() == before.keys()
    assert all(after[key].target_time > before[key].target_time for key in after)
    assert all(after[key].time == before[key].time for key in after)
    target = await at.objects("Copy")
    for one, other in zip(ids, [*ids[1:], ids[0]], strict=True):
        (held,) = target[one]["properties"]["next"]
        assert held["beacon"].endswith(f"/Copy/{other}")


async def test_a_killed_process_is_replaced_and_nothing_lost(at: Site, tmp_path: Path) -> None:
    ids = random_ids(4_000)
    await prepared(at, ids)
    submit(tmp_path, here(at), here(at), {"Doc": "Copy"})
    executor = LocalExecutor(2)
    async with run_of(tmp_path, here(at), here(at), executor=executor) as run:
        assert run.lanes is not None
        run.lanes.settling_s = 0.2
        with run.work.held() as tx:
            tx.run("UPDATE jobs SET rate = 3000 WHERE id = ?", run.job)
        copied = asyncio.ensure_future(copy(run))
        while len(await at.objects("Copy")) < 300:
            await asyncio.sleep(0.05)
            assert not copied.done()
        os.kill(executor.pids()[0], signal.SIGKILL)
        await copied
        check_ledger(run, ids)
        with run.work.reading() as read:
            waits = [one for one in events.after(read, run.job) if one.kind == "waits"]
        assert len(waits) == 1
        assert "ended unexpectedly" in waits[0].text
    await equal(at, len(ids))


async def test_tenants_are_copied_each_for_itself(at: Site, tmp_path: Path) -> None:
    ids = random_ids(300)
    many = {"multiTenancyConfig": {"enabled": True}}
    mine = definition("Doc", **many)
    del mine["shardingConfig"]
    for one in (mine, renamed(mine, "Copy")):
        await at.create(one)
        tenants = [{"name": "anna"}, {"name": "bert"}]
        path = f"/v1/schema/{one['class']}/tenants"
        assert (await at.raw.post(path, json=tenants)).status_code == 200
    shares = {"anna": ids[:200], "bert": ids[100:]}
    for tenant, share in shares.items():
        documents = [
            json.dumps(
                {
                    "class": "Doc", "id": name, "tenant": tenant,
                    "properties": {"t": tenant + name}, "vectors": {"a": [1.5, 0.5]},
                }
            )
            for name in share
        ]  # fmt: skip
        assert not any(await at.put("Doc", documents))
    submit(tmp_path, here(at), here(at), {"Doc": "Copy"})
    async with run_of(tmp_path, here(at), here(at), tenants={"Doc": list(shares)}) as run:
        await copy(run, run.parts[:1])
        assert await at.objects("Copy", "bert") == {}
        await copy(run)
        assert run.checkpoint.copied == 400
        for part in run.parts:
            with PartLedger.of(run.work, part) as ledger:
                assert len(ledger) == 200
    for tenant in shares:
        source, target = await at.objects("Doc", tenant), await at.objects("Copy", tenant)
        assert len(source) == 200
        assert same(source, target) == {}


async def test_a_rate_is_kept(at: Site, tmp_path: Path) -> None:
    ids = random_ids(1_200)
    await prepared(at, ids)
    submit(tmp_path, here(at), here(at), {"Doc": "Copy"})
    async with run_of(tmp_path, here(at), here(at)) as run:
        with run.work.held() as tx:
            tx.run("UPDATE jobs SET rate = 400 WHERE id = ?", run.job)
        started = time.monotonic()
        await copy(run)
        assert time.monotonic() - started > 2.0
        assert run.checkpoint.pace is not None
        assert run.checkpoint.pace.bottleneck == "the limit: 400 objects/s"
