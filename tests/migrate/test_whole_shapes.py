"""Whole jobs of everything that a collection can be: tenants that sleep, references in a circle,
several collections, vectors of every kind and none, blobs, objects that expire."""

from __future__ import annotations

import base64
from typing import Any
from uuid import UUID

import pytest

from elysiadash.demo.cluster import SimulatedCluster
from elysiadash.jobs.job import JobState
from elysiadash.migrate import tenants as waking
from elysiadash.migrate import waves
from elysiadash.migrate.parts import Part
from elysiadash.migrate.spec import Wanted
from tests.live.witness import everything
from tests.migrate.test_promises import at_phase, simulator
from tests.migrate.test_promises_kept import states, tenants
from tests.migrate.whole import Whole, ask, broken, put

pytestmark = pytest.mark.slow


def identity(number: int) -> str:
    return str(UUID(int=(number * 0x9E3779B97F4A7C15F39CC0605CEDC835) % (1 << 128)))


# ---- tenants -----------------------------------------------------------------------------------


async def _rows(job: Whole, name: str, tenant: str) -> tuple[Any, Any]:
    """A tenant's objects on both sides, woken for it."""
    wake = [{"name": tenant, "activityStatus": "HOT"}]
    for at in (job.source, job.target):
        await ask(at, "PUT", f"/v1/schema/{name}/tenants", wake)
    here = await everything(job.source.url, name, tenant=tenant)
    return here, await everything(job.target.url, name, tenant=tenant)


async def test_hot_and_cold_tenants_in_waves(job: Whole, monkeypatch: pytest.MonkeyPatch) -> None:
    made = {"a": "HOT", "b": "COLD", "c": "COLD", "d": "HOT", "e": "COLD"}
    await tenants(job, "Rooms", made)
    # Two at once, so that there are two waves.
    cut, seen = waking.waves, []

    def small(parts: Any, most: int = 2) -> Any:
        found = cut(parts, most)
        seen.append([[part.tenant for part in wave] for wave in found])
        return found

    monkeypatch.setattr(waves.tenants, "waves", small)
    job.submit({"Rooms": "Rooms"})
    found = await job.to_its_end()
    assert (found.state, found.ending) == (JobState.DONE, "VERIFIED"), found.reason
    assert seen[0] == [["b", "c"], ["e"]]
    assert job.owed() == []
    assert await states(job, "Rooms") == made
    assert await states(job, "Rooms", target=True) == made
    for tenant in made:
        here, there = await _rows(job, "Rooms", tenant)
        assert len(here) == 30
        assert {name: one["properties"] for name, one in there.items()} == {
            name: one["properties"] for name, one in here.items()
        }
        assert {name: one["vectors"] for name, one in there.items()} == {
            name: one["vectors"] for name, one in here.items()
        }


async def test_tenant_that_somebody_wakes_and_writes_behind_its_wave(job: Whole) -> None:
    made = {"a": "HOT", "b": "COLD", "c": "COLD"}
    await tenants(job, "Rooms", made)
    job.submit({"Rooms": "Rooms"})
    fresh = identity(991)
    async with at_phase(job, "COPY"):
        assert await states(job, "Rooms") == made
        wake = [{"name": "b", "activityStatus": "HOT"}]
        await ask(job.source, "PUT", "/v1/schema/Rooms/tenants", wake)
        one = {
            "class": "Rooms", "id": fresh, "properties": {"title": "late"}, "tenant": "b",
            "vectors": {"default": [1.0, 2.0, 3.0, 4.0]},
        }  # fmt: skip
        await put(job.source, [one])
    found = await job.to_its_end()
    assert (found.state, found.ending) == (JobState.DONE, "VERIFIED"), found.reason
    here, there = await _rows(job, "Rooms", "b")
    assert fresh in there
    assert set(here) == set(there)


@simulator
@pytest.mark.parametrize("do", ["skip"])
async def test_offloaded_tenants_are_asked_about_and_named(job: Whole, do: str) -> None:
    assert isinstance(job.source, SimulatedCluster)
    await tenants(job, "Rooms", {"a": "HOT", "b": "COLD", "c": "HOT"})
    job.source.model.collections["Rooms"].shards["c"].activity = "FROZEN"
    job.submit({"Rooms": "Rooms"}, accepted=("offloaded",))
    found = await job.work()
    while found.state is not JobState.PAUSED:
        assert not found.state.ended, found.reason
        found = await job.work()
    assert "1 tenants are offloaded (Rooms/c)" in str(found.reason), found.reason
    key = str(found.checkpoint["asked"])
    found = await job.to_its_end(**{key: do})
    assert "offloaded tenants were left out" in " ".join(job.report()["not_checked"])
    assert await states(job, "Rooms") == {"a": "HOT", "b": "COLD", "c": "FROZEN"}
    for tenant in ("a", "b"):
        here, there = await _rows(job, "Rooms", tenant)
        assert set(here) == set(there)
        assert len(here) == 30


async def test_only_the_tenants_that_are_named(job: Whole) -> None:
    await tenants(job, "Rooms", {"a": "HOT", "b": "COLD", "c": "HOT"})
    job.submit([Wanted(name="Rooms", target="Salons", tenants=("a", "b"))])
    found = await job.to_its_end()
    assert (found.state, found.ending) == (JobState.DONE, "VERIFIED"), found.reason
    assert set(await states(job, "Salons", target=True)) == {"a", "b"}
    assert await states(job, "Rooms") == {"a": "HOT", "b": "COLD", "c": "HOT"}


def test_what_sleeps_is_told_from_what_we_woke() -> None:
    part = Part(collection="C", target="C", tenant="t")
    for state, ours, sleeps in (
        ("HOT", False, False),
        ("ACTIVE", False, False),
        ("COLD", False, True),
        ("INACTIVE", False, True),
        ("HOT", True, True),
    ):
        woken = {("C", "t")} if ours else set()
        assert waves._sleeps(part, {"C": {"t": state}}, woken) is sleeps
    assert not waves._sleeps(Part(collection="C", target="C"), {}, set())


@simulator
async def test_wave_whose_worker_has_to_end_is_begun_again_and_done_once(job: Whole) -> None:
    await tenants(job, "Rooms", {"a": "COLD", "b": "COLD"})
    job.submit({"Rooms": "Rooms"})
    begun, plain = [], waves.tenants.active

    def watched(run: Any, wave: Any, **how: Any) -> Any:
        begun.append((job.job().phase, [part.tenant for part in wave], bool(how)))
        if len(begun) == 1:
            job.stop.set()
        return plain(run, wave, **how)

    with broken(waves.tenants, "active", watched):
        await job.work()
        found = await job.to_its_end()
    assert found.ending == "VERIFIED", found.reason
    in_source = [wave for _, wave, target in begun if not target]
    assert in_source == [["a", "b"], ["a", "b"]]
    assert await states(job, "Rooms") == {"a": "COLD", "b": "COLD"}


# ---- several collections -----------------------------------------------------------------------


async def _circle(job: Whole) -> None:
    """Books and their writers, who refer to each other and to themselves."""
    for name in ("Book", "Writer"):
        body = {
            "class": name,
            "properties": [{"name": "title", "dataType": ["text"]}],
            "vectorConfig": {"v": {"vectorizer": {"none": {}}, "vectorIndexType": "flat"}},
        }
        await ask(job.source, "POST", "/v1/schema", body)
    for name, known, to in (
        ("Book", "by", "Writer"), ("Writer", "wrote", "Book"), ("Book", "sequel", "Book"),
    ):  # fmt: skip
        body = {"name": known, "dataType": [to]}
        await ask(job.source, "POST", f"/v1/schema/{name}/properties", body)
    made = {
        name: [
            {
                "class": name, "id": identity(number + place), "vectors": {"v": [number, place]},
                "properties": {"title": f"{name} {number}"},
            }
            for number in range(40)
        ]
        for place, name in ((0, "Book"), (1000, "Writer"))
    }  # fmt: skip
    for some in made.values():
        await put(job.source, some)
    for number in range(40):
        for name, known, to, place in (
            ("Book", "by", "Writer", 1000),
            ("Writer", "wrote", "Book", 0),
            ("Book", "sequel", "Book", 0),
        ):
            own = identity(number + (1000 if name == "Writer" else 0))
            beacon = f"weaviate://localhost/{to}/{identity((number + 1) % 40 + place)}"
            path = f"/v1/objects/{name}/{own}/references/{known}"
            await ask(job.source, "PUT", path, [{"beacon": beacon}])


async def test_two_collections_that_refer_to_each_other(job: Whole) -> None:
    await _circle(job)
    job.submit({"Book": "Book", "Writer": "Writer"})
    await job.verified({"Book": "Book", "Writer": "Writer"})
    there = await everything(job.target.url, "Book")
    assert all(len(one["properties"]["by"]) == 1 for one in there.values())
    assert all(len(one["properties"]["sequel"]) == 1 for one in there.values())


async def test_references_follow_collections_that_are_renamed(job: Whole) -> None:
    await _circle(job)
    job.submit({"Book": "Buch", "Writer": "Autor"})
    found = await job.to_its_end()
    assert (found.state, found.ending) == (JobState.DONE, "VERIFIED"), found.reason
    for name, to in (("Book", "Buch"), ("Writer", "Autor")):
        there = await everything(job.target.url, to)
        assert len(there) == 40
        here = await everything(job.source.url, name)
        for key, one in here.items():
            text = str(one["properties"]).replace("/Book/", "/Buch/").replace("/Writer/", "/Autor/")
            assert str(there[key]["properties"]) == text


# ---- one collection of every kind --------------------------------------------------------------


async def test_vectors_of_every_kind_blobs_and_expiry(job: Whole) -> None:
    body = {
        "class": "Mixed",
        "properties": [
            {"name": "title", "dataType": ["text"]},
            {"name": "picture", "dataType": ["blob"]},
            {"name": "until", "dataType": ["date"]},
        ],
        "vectorConfig": {
            "one": {"vectorizer": {"none": {}}, "vectorIndexType": "flat"},
            "two": {"vectorizer": {"none": {}}, "vectorIndexType": "hnsw"},
            "many": {
                "vectorizer": {"none": {}},
                "vectorIndexType": "hnsw",
                "vectorIndexConfig": {"multivector": {"enabled": True}},
            },
        },
        "objectTtlConfig": {
            "enabled": True, "deleteOn": "until", "defaultTtl": 0, "filterExpiredObjects": True,
        },
        "invertedIndexConfig": {"indexTimestamps": True},
    }  # fmt: skip
    await ask(job.source, "POST", "/v1/schema", body)
    vectors: list[dict[str, Any]] = [
        {},
        {"one": [1.0, 0.1]},
        {"two": [0.25, -1.0, 3.5]},
        {"many": [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]},
        {"one": [0.0, 1.0], "two": [1.0, 0.0, 0.5], "many": [[0.1, 0.2]]},
    ]
    made = [
        {
            "class": "Mixed", "id": identity(number), "vectors": vectors[number % 5],
            "properties": {
                "title": f"t{number}", "until": "2099-01-02T03:04:05.123456789Z",
                "picture": base64.b64encode(bytes([number]) * 700).decode(),
            },
        }
        for number in range(100)
    ]  # fmt: skip
    await put(job.source, made)
    job.submit({"Mixed": "Mixed"})
    await job.verified({"Mixed": "Mixed"})
    there = await everything(job.target.url, "Mixed")
    assert len(there) == 100
    assert sum("vectors" not in one for one in there.values()) == 20
    assert there[identity(7)]["properties"]["picture"] == made[7]["properties"]["picture"]
    now = await ask(job.target, "GET", "/v1/schema/Mixed")
    assert now["objectTtlConfig"]["enabled"] is True
    assert now["objectTtlConfig"]["deleteOn"] == "until"
