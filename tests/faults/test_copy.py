"""A copy where pages lie, nodes die, the target refuses, and things vanish midway."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from elysiadash.config.profile import Addresses, Profile
from elysiadash.demo.cluster import SimulatedCluster, simulated
from elysiadash.demo.faults import Fault
from elysiadash.jobs import dead_letters, events, outcomes
from elysiadash.jobs.errors import CannotWrite
from elysiadash.jobs.folder import Appended
from elysiadash.migrate import copying, lanes, opened
from elysiadash.migrate.copying import copy
from elysiadash.migrate.errors import CannotGoOn, SourceChanged, TargetChanged
from elysiadash.migrate.ids import copy_ids
from elysiadash.migrate.run import Run
from elysiadash.migrate.tasks import Bounds
from tests.contract.copying import Site, site
from tests.migrate.running import run_of, submit
from tests.migrate.test_copying import (
    check_ledger,
    definition,
    equal,
    fill,
    here,
    prepared,
    random_ids,
)  # fmt: skip
from tests.servers.real import RealCluster, skip_reason

_LIST = "GET /v1/objects"
_SEARCH = "POST /v1/grpc-web/weaviate.v1.Weaviate/Search"


@pytest_asyncio.fixture
async def demo() -> AsyncIterator[SimulatedCluster]:
    async with simulated("empty") as running:
        yield running


@pytest_asyncio.fixture
async def at(demo: SimulatedCluster) -> AsyncIterator[Site]:
    async with site(demo.url, demo.grpc, demo.nodes) as made:
        yield made


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many pages and slices of few objects, and little patience between tries."""
    monkeypatch.setattr(copying, "Bounds", lambda **how: Bounds(**how, objects=200))
    monkeypatch.setattr(opened, "_PAGE_OBJECTS", 100)
    monkeypatch.setattr(lanes, "_FIRST_WAIT_S", 0.2)
    monkeypatch.setattr(lanes, "_LONGEST_WAIT_S", 0.4)


def by_rest(at: Site) -> Profile:
    """Without gRPC, so that faults of requests hit vectors too."""
    return Profile(name="rest", url=at.url, nodes=Addresses(named=at.nodes), write=True)


@asynccontextmanager
async def a_run(at: Site, state: Path, source: Profile | None = None) -> AsyncIterator[Run]:
    source = source or here(at)
    submit(state, source, here(at), {"Doc": "Copy"})
    async with run_of(state, source, here(at)) as run:
        yield run


def waits(run: Run) -> list[str]:
    with run.work.reading() as read:
        return [one.text for one in events.after(read, run.job) if one.kind == "waits"]


@pytest.mark.parametrize("times", [1, 4])
async def test_an_empty_page_that_lies_ends_no_range(
    demo: SimulatedCluster, at: Site, tmp_path: Path, small: None, times: int
) -> None:
    """Promise P7: both halves of a page of the contact are empty, the other nodes know better."""
    ids = random_ids(600)
    await prepared(at, ids)
    first = next(iter(demo.nodes))
    async with a_run(at, tmp_path, by_rest(at)) as run:
        for route, body, kind in (
            (_LIST, '{"objects":[],"totalResults":0}', "application/json"),
            (_SEARCH, "", "application/proto"),
        ):
            demo.faults.add(
                Fault(
                    kind="status", node=first, route=route, status=200, body=body,
                    content_type=kind, times=times,
                )
            )  # fmt: skip
        await copy(run)
        check_ledger(run, ids)
    await equal(at, len(ids))


async def test_a_dead_owner_is_waited_for(
    demo: SimulatedCluster, at: Site, tmp_path: Path, small: None
) -> None:
    ids = random_ids(900)
    await prepared(at, ids, shardingConfig={"desiredCount": 3})
    last = list(demo.nodes)[-1]
    async with a_run(at, tmp_path) as run:
        with run.work.held() as tx:
            tx.run("UPDATE jobs SET rate = 400 WHERE id = ?", run.job)
        copied = asyncio.ensure_future(copy(run))
        while not await at.objects("Copy"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        demo.faults.add(Fault(kind="node_down", node=last, until=3.0))
        await copied
        check_ledger(run, ids)
        assert any("is away" in words for words in waits(run))
    await equal(at, len(ids))


async def test_what_fails_for_a_while_is_tried_again_and_named(
    demo: SimulatedCluster, at: Site, tmp_path: Path, small: None
) -> None:
    ids = random_ids(400)
    await prepared(at, ids)
    async with a_run(at, tmp_path) as run:
        demo.faults.add(Fault(kind="status", route="grpc BatchObjects", until=1.0))
        await copy(run)
        check_ledger(run, ids)
        (words,) = waits(run)
        assert "on the target" in words
    await equal(at, len(ids))


async def test_what_never_passes_is_given_up_and_can_be_resumed(
    demo: SimulatedCluster, at: Site, tmp_path: Path, small: None
) -> None:
    ids = random_ids(400)
    await prepared(at, ids)
    fault = Fault(kind="status", route="grpc BatchObjects")
    given = demo.faults.add(fault)
    async with a_run(at, tmp_path) as run:
        assert run.lanes is not None
        run.lanes.patience_s = 0.5
        with pytest.raises(CannotGoOn, match=r"nothing could be copied.*resume the job"):
            await copy(run)
        with run.work.held() as tx:
            outcomes.give_back(tx)
    demo.faults.remove(given)
    async with run_of(tmp_path, here(at), here(at)) as run:
        await copy(run)
        check_ledger(run, ids)
    await equal(at, len(ids))


async def test_a_full_disk_stops_it_and_loses_nothing(
    at: Site, tmp_path: Path, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = random_ids(3_000)
    await prepared(at, ids)
    async with a_run(at, tmp_path) as run:
        sync, left = Appended.sync, iter(range(3))

        def full(self: Appended) -> int:
            if next(left, None) is None:
                raise CannotWrite("the disk is full")
            return sync(self)

        monkeypatch.setattr(Appended, "sync", full)
        with pytest.raises(CannotWrite):
            await copy(run)
        monkeypatch.setattr(Appended, "sync", sync)
        with run.work.held() as tx:
            outcomes.give_back(tx)
    async with run_of(tmp_path, here(at), here(at)) as run:
        await copy(run)
        check_ledger(run, ids)
        assert run.checkpoint.copied == len(ids)
    await equal(at, len(ids))


@pytest.mark.parametrize(
    ("gone", "error", "words"),
    [("Doc", SourceChanged, "source changed"), ("Copy", TargetChanged, "target lost")],
)
async def test_a_collection_that_is_deleted_midway_is_said(
    at: Site, tmp_path: Path, small: None, gone: str, error: type[Exception], words: str
) -> None:
    ids = random_ids(3_000)
    await prepared(at, ids)
    async with a_run(at, tmp_path) as run:
        with run.work.held() as tx:
            tx.run("UPDATE jobs SET rate = 1000 WHERE id = ?", run.job)
        copied = asyncio.ensure_future(copy(run))
        await asyncio.sleep(0.8)
        await at.raw.delete(f"/v1/schema/{gone}")
        with pytest.raises(error, match=words):
            await asyncio.wait_for(copied, 30)


async def test_a_new_property_stops_it_instead_of_being_lost(
    at: Site, tmp_path: Path, small: None
) -> None:
    await prepared(at, random_ids(100))
    async with a_run(at, tmp_path) as run:
        answer = await at.raw.post(
            "/v1/schema/Doc/properties", json={"name": "late", "dataType": ["text"]}
        )
        assert answer.status_code == 200
        one = {"class": "Doc", "id": str(uuid.uuid4()), "properties": {"late": "x"}}
        assert (await at.raw.post("/v1/objects", json=one)).status_code == 200
        with pytest.raises(SourceChanged, match="late"):
            await copy(run)


@pytest_asyncio.fixture
async def real() -> AsyncIterator[tuple[RealCluster, Site]]:
    reason = skip_reason()
    if reason is not None:
        pytest.skip(reason)
    async with (
        RealCluster(3, metrics=False) as cluster,
        site(cluster.url, cluster.grpc, cluster.nodes) as made,
    ):
        yield cluster, made


@pytest.mark.real
@pytest.mark.slow
async def test_on_real_servers(real: tuple[RealCluster, Site], tmp_path: Path, small: None) -> None:
    """READONLY that lies, an object that no way takes, and a killed node: one cluster for all."""
    cluster, at = real
    ids = random_ids(3_000)
    for name, kind in (("Doc", "int"), ("Copy", "text")):
        one = definition(name, shardingConfig={"desiredCount": 3})
        one["properties"].append({"name": "x", "dataType": [kind]})
        await at.create(one)
    await fill(at, ids)
    misfit = str(uuid.UUID(int=77))
    one = {"class": "Doc", "id": misfit, "properties": {"x": 1}}
    assert (await at.raw.post("/v1/objects", json=one)).status_code == 200
    shards = (await at.raw.get("/v1/schema/Copy/shards")).json()
    names = [shard["name"] for shard in shards]
    for name in names:
        path = f"/v1/schema/Copy/shards/{name}"
        assert (await at.raw.put(path, json={"status": "READONLY"})).status_code == 200
    last = list(cluster.nodes)[-1]
    async with a_run(at, tmp_path) as run:
        copied = asyncio.ensure_future(copy(run))
        while not waits(run):
            await asyncio.sleep(0.1)
            assert not copied.done()
        assert "on the target" in waits(run)[0]
        assert run.checkpoint.copied == 0
        for name in names:
            path = f"/v1/schema/Copy/shards/{name}"
            assert (await at.raw.put(path, json={"status": "READY"})).status_code == 200
        while run.checkpoint.copied < 500:
            await asyncio.sleep(0.05)
            assert not copied.done()
        await cluster.kill(last)
        await asyncio.sleep(4)
        assert not copied.done()
        await cluster.start(last)
        await asyncio.wait_for(copied, 120)
        with run.work.reading() as read:
            (letter,) = dead_letters.page(read, run.job)
        assert letter.object == uuid.UUID(misfit).bytes
        assert letter.reason.startswith("invalid text property … on class …: not a string, but")
        check_ledger(run, ids)
        assert await copy_ids(run, run.parts[0], [uuid.UUID(misfit).bytes]) == []
        with run.work.reading() as read:
            assert dead_letters.count(read, run.job) == 1
    source, target = await at.objects("Doc"), await at.objects("Copy")
    assert set(source) - set(target) == {misfit}
