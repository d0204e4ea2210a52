"""The checks on the simulator and on a real server."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from elysiadash.demo.cluster import simulated
from elysiadash.jobs import steps
from elysiadash.migrate import rehearsal
from elysiadash.migrate.checkpoint import Check
from elysiadash.migrate.forecasting import forecast
from elysiadash.migrate.looking import look
from elysiadash.migrate.preflight import check
from elysiadash.migrate.run import Run
from elysiadash.migrate.spec import REHEARSAL
from tests.contract.conftest import CHANGEABLE
from tests.contract.migration import Cluster, again, cluster_at, run_of, spec
from tests.servers.real import RealCluster

pytestmark = pytest.mark.parametrize("kind", CHANGEABLE, indirect=True)

NAMES = ("PreDoc", "PreTenants", "PreTaken")
COPIES = [f"{name}Copy" for name in NAMES]


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
        await found.drop(*NAMES, *COPIES)
        await loaded(found)
        yield found
        await found.drop(*NAMES, *COPIES)


async def loaded(cluster: Cluster) -> None:
    """600 objects of two replicas, four of which lack a vector and one has the largest int."""
    await cluster.create(
        {
            "class": "PreDoc",
            "replicationConfig": {"factor": 2},
            "vectorConfig": {"title": {"vectorizer": {"none": {}}, "vectorIndexType": "flat"}},
            "properties": [
                {"name": "title", "dataType": ["text"]},
                {"name": "n", "dataType": ["int"]},
            ],
        }
    )
    await cluster.put("PreDoc", [_object(n) for n in range(600)])
    await cluster.create(
        {
            "class": "PreTenants",
            "vectorizer": "none",
            "multiTenancyConfig": {"enabled": True},
            "properties": [{"name": "name", "dataType": ["text"]}],
        }
    )
    states = [{"name": "a"}, {"name": "b"}]
    answer = await cluster.raw.post("/v1/schema/PreTenants/tenants", json=states)
    assert answer.status_code == 200, answer.text
    one = {"id": "00000000-0000-4000-8000-000000000001", "properties": {"name": "x"}}
    await cluster.put("PreTenants", [{**one, "tenant": name} for name in ("a", "b")])
    cold = [{"name": "b", "activityStatus": "COLD"}]
    answer = await cluster.raw.put("/v1/schema/PreTenants/tenants", json=cold)
    assert answer.status_code == 200, answer.text


def _object(n: int) -> dict[str, Any]:
    source = random.Random(n)
    made: dict[str, Any] = {
        "id": f"{source.getrandbits(32):08x}-0000-4000-8000-{n:012x}",
        "properties": {"title": f"title {n}", "n": 2**63 - 1 if n == 17 else n},
    }
    if n % 150:
        made["vectors"] = {"title": [source.random() for _ in range(8)]}
    return made


def by_code(checks: tuple[Check, ...]) -> dict[str, list[Check]]:
    found: dict[str, list[Check]] = {}
    for one in checks:
        found.setdefault(one.code, []).append(one)
    return found


async def test_a_copy_inside_the_cluster(cluster: Cluster, tmp_path: Path) -> None:
    here = cluster.profile("here")
    wanted = spec("PreDoc", "PreTenants", source={"name": "here"}, target={"name": "here"})
    async with run_of(tmp_path, here, here, wanted) as run:
        await look(run)
        checks = await check(run)
        for one in checks:
            print(f"{one.result:8}{one.code:20}{one.about:28}{one.text} -> {one.way_out}")
        found = by_code(checks)
        assert [one.result for one in found["nodes"]] == ["ok"]
        assert found["target-name"][0].text == "the name is free"
        factors = {one.about: one.text for one in found["replication-factor"]}
        assert factors["PreDocCopy"] == "factor 2 on 3 nodes"
        assert found["int-extremes"][0].result == "warns"
        assert found["tenants"][0].text.startswith("1 of 2 tenants are not active")
        assert found["capacity"][0].result == "unknown"
        assert run.facts.collections[0].objects.value == 600
        assert run.facts.collections[0].sample.all_of_them
        assert run.facts.collections[0].sample.vectorless == (("title", 4),)
        assert run.facts.collections[1].uncounted == 1
        # Nothing was made, and nobody was woken.
        assert await cluster.definition("PreDocCopy") is None
        states = (await cluster.raw.get("/v1/schema/PreTenants/tenants")).json()
        assert {one["name"]: one.get("activityStatus", "HOT") for one in states}["b"] == "COLD"


async def test_what_is_in_the_way_is_named_with_its_way_out(
    cluster: Cluster, tmp_path: Path
) -> None:
    await cluster.create({"class": "PreTaken", "vectorizer": "none", "properties": []})
    here = cluster.profile("here", write=False)
    wanted = spec(
        ("PreDoc", "PreTaken"),
        source={"name": "here"},
        target={"name": "here"},
        settings=(
            "replicationConfig.factor=7",
            'vectorConfig.title.vectorizer={"text2vec-nowhere":{}}',
        ),
        alias="NoSuchAlias",
    )
    async with run_of(tmp_path, here, here, wanted) as run:
        await look(run)
        found = by_code(await check(run))
        blocks = {code for code, rows in found.items() for one in rows if one.result == "blocks"}
        assert blocks >= {"target-name", "replication-factor", "modules", "alias", "permission"}
        assert "--overwrite" in found["target-name"][0].way_out
        assert found["replication-factor"][0].way_out == "--set replicationConfig.factor=3"
        assert found["modules"][0].way_out.endswith('vectorConfig.title.vectorizer={"none":{}}')


async def test_a_rehearsal_measures_and_leaves_nothing(cluster: Cluster, tmp_path: Path) -> None:
    here = cluster.profile("here")
    wanted = spec("PreDoc", source={"name": "here"}, target={"name": "here"}, processes=1)
    async with run_of(tmp_path, here, here, wanted, kind=REHEARSAL) as run:
        await look(run)
        await check(run)
        before = await forecast(run)
        assert before.objects == 600
        assert before.seconds_p50 is None
        assert before.bytes is not None
        assert before.bytes > 600 * 2 * 32
        found = await rehearsal.rehearse(run)
        assert found is not None
        assert found.objects == 600
        assert found.all_of_it
        assert found.objects_per_s > 0
        assert found.dead_letters == 0
        after = await forecast(run)
        assert after.seconds_p50 == pytest.approx(600 / found.objects_per_s)
        assert await cluster.definition(rehearsal.scratch_name(run.job)) is None
        with run.work.reading() as read:
            assert steps.owed(read) == []
        # What is looked at in the job's row is still there.
        assert run.checkpoint.copied == 0


async def test_a_rehearsal_that_dies_is_cleaned_up_by_the_next(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = cluster.profile("here")
    wanted = spec("PreDoc", source={"name": "here"}, target={"name": "here"}, processes=1)

    async def dies(run: Run) -> None:
        raise KeyboardInterrupt

    async with run_of(tmp_path, here, here, wanted, kind=REHEARSAL) as run:
        await look(run)
        await check(run)
        monkeypatch.setattr(rehearsal.copying, "copy", dies)
        monkeypatch.setattr(rehearsal, "delete_collection", dies)
        with pytest.raises((KeyboardInterrupt, TypeError)):
            await rehearsal.rehearse(run)
        monkeypatch.undo()
        name = rehearsal.scratch_name(run.job)
        assert await cluster.definition(name) is not None
        async with again(run) as later:
            assert await rehearsal.remove_scratch(later)
            assert await cluster.definition(name) is None
            assert not await rehearsal.remove_scratch(later)
