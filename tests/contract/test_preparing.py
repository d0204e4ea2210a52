"""What the target gets before objects are written, on the simulator and on a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from elysiadash.demo.cluster import simulated
from elysiadash.jobs import ranges
from elysiadash.migrate.errors import RefusedByPreflight, SourceChanged, TargetChanged, Waits
from elysiadash.migrate.looking import CONFIRM_NEW, NoSuchSource, look
from elysiadash.migrate.prepare import made_by_job, prepare, set_ttl
from elysiadash.migrate.run import Run
from elysiadash.migrate.spec import Wanted
from elysiadash.schema.diff import unexpected
from tests.contract.conftest import CHANGEABLE
from tests.contract.migration import Cluster, again, cluster_at, run_of, spec
from tests.servers.real import RealCluster

pytestmark = pytest.mark.parametrize("kind", CHANGEABLE, indirect=True)

NAMES = ("MigDoc", "MigAuthor", "MigTenants")
TARGETS = [f"{name}Copy" for name in NAMES]
NONE = {"vectorizer": {"none": {}}, "vectorIndexType": "hnsw"}


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
        await found.drop(*NAMES, *TARGETS)
        yield found
        kept = [
            one["class"]
            for one in (await found.raw.get("/v1/schema")).json()["classes"] or ()
            if "_before_" in one["class"]
        ]
        await found.drop(*NAMES, *TARGETS, *kept)


async def circle(cluster: Cluster) -> None:
    """Two collections that refer to each other, and one of tenants."""
    doc = {
        "class": "MigDoc",
        "vectorConfig": {"title": NONE},
        "properties": [
            {"name": "title", "dataType": ["text"], "tokenization": "field"},
            {"name": "n", "dataType": ["int"]},
            {"name": "next", "dataType": ["MigDoc"]},
        ],
    }
    author = {
        "class": "MigAuthor",
        "vectorizer": "none",
        "properties": [
            {"name": "name", "dataType": ["text"]},
            {"name": "wrote", "dataType": ["MigDoc"]},
        ],
    }
    await cluster.create(doc)
    await cluster.create(author)
    answer = await cluster.raw.post(
        "/v1/schema/MigDoc/properties", json={"name": "by", "dataType": ["MigAuthor"]}
    )
    assert answer.status_code == 200, answer.text
    await cluster.create(
        {
            "class": "MigTenants",
            "multiTenancyConfig": {"enabled": True},
            "vectorConfig": {"default": NONE},
            "properties": [{"name": "name", "dataType": ["text"]}],
        }
    )
    await tenants(cluster, [("a", "HOT"), ("b", "COLD"), ("c", "HOT")])


async def tenants(cluster: Cluster, states: list[tuple[str, str]]) -> None:
    body = [{"name": name, "activityStatus": state} for name, state in states]
    answer = await cluster.raw.post("/v1/schema/MigTenants/tenants", json=body)
    assert answer.status_code == 200, answer.text


async def states(cluster: Cluster, collection: str) -> dict[str, str]:
    answer = await cluster.raw.get(f"/v1/schema/{collection}/tenants")
    return {one["name"]: one.get("activityStatus", "HOT") for one in answer.json()}


def objects(number: int) -> list[dict[str, Any]]:
    return [
        {
            "id": f"00000000-0000-4000-8000-{n:012x}",
            "properties": {"title": f"t{n}", "n": n},
            "vectors": {"title": [n / 7, 1.0, -0.0]},
        }
        for n in range(number)
    ]


async def test_a_circle_of_references_and_tenants_is_made_and_reads_as_the_source(
    cluster: Cluster, tmp_path: Path
) -> None:
    await circle(cluster)
    here = cluster.profile("here")
    async with run_of(tmp_path, here, here, spec(*NAMES)) as run:
        found = await look(run)
        assert not found.is_new
        await prepare(run)
        for name, one in run.translations.items():
            there = await cluster.definition(one.name)
            assert there is not None
            assert unexpected(one.target, there) == (), name
        # In the order in which their objects can be written.
        assert {part.key for part in run.parts} == {
            "MigDoc", "MigAuthor", "MigTenants/a", "MigTenants/b", "MigTenants/c",
        }  # fmt: skip
        by = next(
            one
            for one in (await cluster.definition("MigDocCopy") or {})["properties"]
            if one["name"] == "by"
        )
        assert by["dataType"] == ["MigAuthorCopy"]
        assert await states(cluster, "MigTenantsCopy") == {"a": "HOT", "b": "COLD", "c": "HOT"}
        assert made_by_job(run, "MigDocCopy")
        # Once more, as after a crash: nothing changes, nothing is refused.
        async with again(run) as later:
            await look(later)
            await prepare(later)


async def test_what_somebody_else_made_stops_it_and_stays(cluster: Cluster, tmp_path: Path) -> None:
    await circle(cluster)
    await cluster.create({"class": "MigDocCopy", "vectorizer": "none", "properties": []})
    here = cluster.profile("here")
    async with run_of(tmp_path, here, here, spec("MigDoc", "MigAuthor")) as run:
        await look(run)
        with pytest.raises(RefusedByPreflight, match="did not make"):
            await prepare(run)
        assert (await cluster.definition("MigDocCopy") or {})["vectorizer"] == "none"
        assert not made_by_job(run, "MigDocCopy")


async def test_what_is_overwritten_is_kept_first(cluster: Cluster, tmp_path: Path) -> None:
    await circle(cluster)
    old = {
        "class": "MigDocCopy",
        "vectorConfig": {"title": NONE},
        "properties": [{"name": "title", "dataType": ["text"]}, {"name": "n", "dataType": ["int"]}],
    }
    await cluster.create(old)
    await cluster.put("MigDocCopy", objects(250))
    here = cluster.profile("here")
    wanted = spec("MigDoc", "MigAuthor", overwrite=True)
    async with run_of(tmp_path, here, here, wanted) as run:
        await look(run)
        await prepare(run)
        new = await cluster.definition("MigDocCopy")
        assert {one["name"] for one in (new or {})["properties"]} == {"title", "n", "next", "by"}
        (replaced,) = run.checkpoint.replaced
        assert replaced[0] == "MigDocCopy"
        kept = replaced[1].removeprefix("collection ")
        if kept != replaced[1]:
            page = await cluster.raw.get(
                "/v1/objects", params={"class": kept, "limit": 300, "include": "vector"}
            )
            stored = {one["id"]: one for one in page.json()["objects"]}
            assert len(stored) == 250
            for one in objects(250):
                assert stored[one["id"]]["properties"] == one["properties"]


async def test_new_tenants_and_properties_are_asked_about_and_then_made(
    cluster: Cluster, tmp_path: Path
) -> None:
    await circle(cluster)
    here = cluster.profile("here")
    async with run_of(tmp_path, here, here, spec(*NAMES)) as run:
        await look(run)
        await prepare(run)
        await tenants(cluster, [("d", "HOT")])
        answer = await cluster.raw.post(
            "/v1/schema/MigDoc/properties", json={"name": "late", "dataType": ["text"]}
        )
        assert answer.status_code == 200
        async with again(run) as later:
            with pytest.raises(Waits, match="MigTenants/d") as asked:
                await look(later, confirm=True)
            await later.save(answers={CONFIRM_NEW: ["yes", asked.value.question]})
            found = await look(later, confirm=True)
            assert [part.key for part in found.new_parts] == ["MigTenants/d"]
            assert found.added == (("MigDoc", "property late"),)
            await prepare(later)
            assert "d" in await states(cluster, "MigTenantsCopy")
            there = await cluster.definition("MigDocCopy") or {}
            assert "late" in {one["name"] for one in there["properties"]}
            # The newest look counts from now on.
            assert not (await look(later, confirm=True)).is_new


async def test_a_source_that_is_no_longer_the_same_stops_it(
    cluster: Cluster, tmp_path: Path
) -> None:
    await circle(cluster)
    here = cluster.profile("here")
    async with run_of(tmp_path, here, here, spec("MigDoc", "MigAuthor")) as run:
        await look(run)
        await cluster.drop("MigAuthor")
        with pytest.raises(SourceChanged, match="MigAuthor"):
            await look(run)
        retyped = {"name": "name", "dataType": ["int"]}
        await cluster.create({"class": "MigAuthor", "vectorizer": "none", "properties": [retyped]})
        with pytest.raises(SourceChanged, match=r"property name \(text before, int now\)"):
            await look(run)


async def test_a_collection_that_was_deleted_under_the_job_is_not_made_again(
    cluster: Cluster, tmp_path: Path
) -> None:
    await circle(cluster)
    here = cluster.profile("here")
    async with run_of(tmp_path, here, here, spec("MigDoc", "MigAuthor")) as run:
        await look(run)
        await prepare(run)
        await cluster.drop("MigDocCopy")
        with pytest.raises(TargetChanged, match="gone"):
            await prepare(run)
        assert await cluster.definition("MigDocCopy") is None


async def test_what_is_not_there_is_named(cluster: Cluster, tmp_path: Path) -> None:
    await circle(cluster)
    here = cluster.profile("here")
    async with run_of(tmp_path, here, here, spec("MigNothing")) as run:
        with pytest.raises(NoSuchSource, match="no collection MigNothing"):
            await look(run)
    one = Wanted(name="MigTenants", target="MigTenantsCopy", tenants=("a", "x"))
    async with run_of(tmp_path, here, here, spec(collections=(one,))) as run:
        with pytest.raises(NoSuchSource, match="no tenant x"):
            await look(run)


async def test_a_refused_definition_is_told_and_nothing_counts_as_made(
    cluster: Cluster, tmp_path: Path
) -> None:
    await circle(cluster)
    here = cluster.profile("here")
    wanted = spec("MigDoc", "MigAuthor", settings=("replicationConfig.factor=9",))
    async with run_of(tmp_path, here, here, wanted) as run:
        await look(run)
        with pytest.raises(TargetChanged, match="did not make"):
            await prepare(run)
        assert await set_ttl(run) == ()


TTL = {"enabled": True, "defaultTtl": 86_400, "deleteOn": "_creationTimeUnix"}


async def expiring(cluster: Cluster, tmp_path: Path) -> None:
    await cluster.create({"class": "MigDoc", "vectorizer": "none", "objectTtlConfig": TTL})
    here = cluster.profile("here")
    async with run_of(tmp_path, here, here, spec("MigDoc")) as run:
        await look(run)
        await prepare(run)
        before = await cluster.definition("MigDocCopy") or {}
        assert not (before.get("objectTtlConfig") or {}).get("enabled")
        assert await set_ttl(run) == ("MigDocCopy",)
        after = await cluster.definition("MigDocCopy") or {}
        assert after["objectTtlConfig"]["enabled"] is True
        assert after["objectTtlConfig"]["defaultTtl"] == 86_400
        # Also when it is begun again behind the cut-over.
        await prepare(run)
        assert await set_ttl(run) == ("MigDocCopy",)


async def test_the_ttl_comes_at_cut_over_and_not_before(
    cluster: Cluster, kind: str, tmp_path: Path
) -> None:
    if kind == "simulator":
        await expiring(cluster, tmp_path)
        return
    async with (
        RealCluster(1, env={"OBJECTS_TTL_DELETE_SCHEDULE": "@every 1h"}) as made,
        cluster_at(made.nodes, made.grpc) as found,
    ):
        await expiring(found, tmp_path)
        # A target without a schedule says so before anything is copied.
        here, there = found.profile("here"), cluster.profile("there")
        async with run_of(tmp_path, here, there, spec("MigDoc")) as run:
            await look(run)
            with pytest.raises(RefusedByPreflight, match="OBJECTS_TTL_DELETE_SCHEDULE"):
                await prepare(run)


async def copied(run: Run, *keys: str, objects: int = 1) -> None:
    """As if these parts were copied."""
    with run.work.held() as tx:
        for key in keys:
            ranges.add(tx, run.job, [(bytes(16), b"\xff" * 16)], tenant=key)
            taken = ranges.take(tx, 0, generation=0, tenant=key)
            assert taken is not None
            moved = ranges.advance(tx, taken, b"\xff" * 16, objects=objects, bytes=1, seconds=1.0)
            ranges.finish(tx, moved)
