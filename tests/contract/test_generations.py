"""Generations on the simulator and a real server: changes are seen, no delete is invented."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from elysiadash.migrate import both_ends, replicas
from elysiadash.migrate.delta import catch_up
from elysiadash.migrate.errors import MigrationStopped, SourceChanged
from elysiadash.scan.extent import Extent
from elysiadash.scan.ids import IdTimeScan
from elysiadash.scan.keys import as_bytes
from tests.contract.conftest import CHANGEABLE
from tests.contract.migrating import SOURCE, TARGET, Cluster, Copier, a_cluster, a_run, identity
from tests.servers.real import RealCluster

each_kind = pytest.mark.parametrize("kind", CHANGEABLE, indirect=True)


@pytest_asyncio.fixture
async def cluster(kind: str, _cluster: RealCluster | None) -> AsyncIterator[Cluster]:
    async with a_cluster(_cluster) as made:
        yield made


@each_kind
async def test_row_time_moves_on_every_kind_of_change(cluster: Cluster, tmp_path: Path) -> None:
    await cluster.make(SOURCE, factor=3)
    await cluster.make(TARGET)
    for number in range(3):
        await cluster.put(SOURCE, number, "first")
    path = f"/v1/objects/{SOURCE}/{identity(0)}"
    beacon = f"weaviate://localhost/{SOURCE}/{identity(1)}"
    link = {"from": f"weaviate://localhost/{SOURCE}/{identity(0)}/points", "to": beacon}
    same = {"class": SOURCE, "id": identity(0), "properties": {"text": "first"}}
    changes = {
        "an identical upsert": ("POST", "/v1/batch/objects", {"objects": [same]}),
        "PUT of the same": ("PUT", path, same),
        "PATCH": ("PATCH", path, {"class": SOURCE, "properties": {"text": "patched"}}),
        "PATCH of a vector": ("PATCH", path, {"class": SOURCE, "vector": [5.0, 6.0]}),
        "batch references": ("POST", "/v1/batch/references", [link]),
        "deleting a reference": ("DELETE", f"{path}/references/points", {"beacon": beacon}),
        "adding a reference": ("POST", f"{path}/references/points", {"beacon": beacon}),
        "other references": ("PUT", f"{path}/references/points", [{"beacon": beacon}]),
    }
    async with a_run(cluster, tmp_path) as run:

        async def seen() -> dict[bytes, int]:
            scan = IdTimeScan(
                run.source.contact, Extent(collection=SOURCE), owners=run.source.owners
            )
            return {row.id: row.time async for page in scan.pages() for row in page}

        before = await seen()
        for what, (verb, where, body) in changes.items():
            cluster.pass_by(0.005)
            answer = await cluster.http.request(verb, where, json=body)
            if answer.status_code in (405, 501) and cluster.is_simulated:
                continue
            assert answer.is_success, f"{what}: {answer.text}"
            after = await seen()
            assert after[as_bytes(identity(0))] > before[as_bytes(identity(0))], what
            assert after.keys() == before.keys()
            assert after[as_bytes(identity(1))] == before[as_bytes(identity(1))], what
            before = after


@each_kind
@pytest.mark.parametrize(("factor", "write"), [(1, False), (3, True)])
async def test_the_copy_follows_its_source(
    cluster: Cluster, tmp_path: Path, factor: int, write: bool
) -> None:
    await cluster.make(SOURCE, factor=factor)
    await cluster.make(TARGET, factor=factor)
    draw = random.Random(factor)
    copier = Copier(cluster)
    async with a_run(cluster, tmp_path, write=write) as run:
        for generation in range(1, 4):
            for _ in range(30):
                number = draw.randrange(40)
                if draw.random() < 0.3:
                    await cluster.delete(SOURCE, number)
                else:
                    await cluster.put(SOURCE, number, f"{generation}")
            await catch_up(run, generation, copy_ids=copier)
            assert await cluster.all_of(TARGET) == await cluster.all_of(SOURCE)
        await asyncio.sleep(0.06)
        await catch_up(run, 4, copy_ids=copier)
        before = copier.copied
        quiet = await catch_up(run, 5, copy_ids=copier)
        assert (quiet.changed, quiet.deleted, copier.copied) == (0, 0, before)
        assert quiet.scanned == len(await cluster.all_of(SOURCE))


@each_kind
async def test_an_object_that_the_job_did_not_write_is_not_touched(
    cluster: Cluster, tmp_path: Path
) -> None:
    await cluster.make(SOURCE)
    await cluster.make(TARGET)
    await cluster.put(SOURCE, 1, "one")
    await cluster.put(TARGET, 99, "not the job's")
    async with a_run(cluster, tmp_path) as run:
        await catch_up(run, 1, copy_ids=Copier(cluster))
        await cluster.delete(SOURCE, 1)
        await catch_up(run, 2, copy_ids=Copier(cluster))
        assert await cluster.all_of(TARGET) == {identity(99): "not the job's"}


@each_kind
@pytest.mark.parametrize("anew", [False, True])
async def test_a_collection_that_was_dropped_deletes_nothing(
    cluster: Cluster, tmp_path: Path, anew: bool
) -> None:
    await cluster.make(SOURCE)
    await cluster.make(TARGET)
    for number in range(5):
        await cluster.put(SOURCE, number, "kept")
    async with a_run(cluster, tmp_path) as run:
        await catch_up(run, 1, copy_ids=Copier(cluster))
        await cluster.ask("DELETE", f"/v1/schema/{SOURCE}")
        if anew:
            await cluster.make(SOURCE)
            await cluster.put(SOURCE, 77, "another one")
        with pytest.raises(SourceChanged, match=r"(?i)nothing is deleted"):
            await catch_up(run, 2, copy_ids=Copier(cluster))
        found = await cluster.all_of(TARGET)
        assert {identity(number) for number in range(5)} <= set(found)


@each_kind
async def test_a_tenant_that_sleeps_or_is_gone_deletes_nothing(
    cluster: Cluster, tmp_path: Path
) -> None:
    tenants = ("a", "b")
    await cluster.make(SOURCE, tenants=tenants)
    await cluster.make(TARGET, tenants=tenants)
    for number in range(4):
        for tenant in tenants:
            await cluster.put(SOURCE, number, tenant, tenant)
    async with a_run(cluster, tmp_path, tenants=tenants) as run:
        generation = await catch_up(run, 1, copy_ids=Copier(cluster))
        assert generation.scanned == 8
        await cluster.delete(SOURCE, 0, "a")
        await catch_up(run, 2, copy_ids=Copier(cluster))
        for tenant, left in (("a", 3), ("b", 4)):
            assert len(await cluster.all_of(TARGET, tenant)) == left
        path = f"/v1/schema/{SOURCE}/tenants"
        await cluster.ask("PUT", path, json=[{"name": "b", "activityStatus": "COLD"}])
        with pytest.raises(SourceChanged, match="b of Changing is COLD"):
            await catch_up(run, 3, copy_ids=Copier(cluster))
        await cluster.ask("DELETE", path, json=["b"])
        with pytest.raises(SourceChanged, match="b of Changing is no longer"):
            await catch_up(run, 3, copy_ids=Copier(cluster))
        assert len(await cluster.all_of(TARGET, "b")) == 4


@each_kind
async def test_deletes_are_not_guessed_where_replicas_may_not_be_asked(
    cluster: Cluster, tmp_path: Path
) -> None:
    await cluster.make(SOURCE, factor=3)
    await cluster.make(TARGET)
    await cluster.put(SOURCE, 1, "one")
    await cluster.put(SOURCE, 2, "two")
    async with a_run(cluster, tmp_path, write=False) as run:
        await catch_up(run, 1, copy_ids=Copier(cluster))
        await cluster.delete(SOURCE, 1)
        with pytest.raises(MigrationStopped, match="write = true"):
            await catch_up(run, 2, copy_ids=Copier(cluster))
        assert len(await cluster.all_of(TARGET)) == 2


@pytest.mark.parametrize("kind", [pytest.param("real", marks=pytest.mark.real)], indirect=True)
async def test_the_nil_id_and_the_last_one(cluster: Cluster, tmp_path: Path) -> None:
    await cluster.make(SOURCE)
    await cluster.make(TARGET)
    edges = [str(uuid.UUID(int=0)), str(uuid.UUID(int=2**128 - 1))]
    for one in edges:
        body = {"class": SOURCE, "id": one, "properties": {"text": "edge"}, "vector": [1.0, 2.0]}
        await cluster.ask("POST", "/v1/batch/objects", json={"objects": [body]})
    async with a_run(cluster, tmp_path) as run:
        await catch_up(run, 1, copy_ids=Copier(cluster))
        assert set(await cluster.all_of(TARGET)) - {edges[0]} == {edges[1]}
        for one in edges:
            await cluster.ask("DELETE", f"/v1/objects/{SOURCE}/{one}")
        assert (await catch_up(run, 2, copy_ids=Copier(cluster))).deleted == 2


@pytest.mark.parametrize("kind", ["simulator"], indirect=True)
async def test_scans_of_generations_and_replicas_ask_for_their_pace(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await cluster.make(SOURCE, factor=3)
    await cluster.make(TARGET)
    for number in range(10):
        await cluster.put(SOURCE, number, "first")
    paced: list[int] = []

    class Recorded:
        def __init__(self, run: object) -> None:
            pass

        async def __call__(self, rows: int) -> None:
            paced.append(rows)

    for module in (both_ends, replicas):
        monkeypatch.setattr(module, "Pacing", Recorded)
    async with a_run(cluster, tmp_path) as run:
        await catch_up(run, 1, copy_ids=Copier(cluster))
        assert sum(paced) >= 10
        paced.clear()
        found = await replicas.agree(run, repair=False)
        assert (found.objects, sum(paced) >= 30) == (10, True)
