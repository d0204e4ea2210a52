"""P10 to P15 of a migration on whole jobs: freeze, cut-over, roll back, and doing no harm."""

from __future__ import annotations

import asyncio
import functools
import time
from typing import Any
from uuid import UUID

import pytest

from elysiadash.demo.cluster import SimulatedCluster
from elysiadash.demo.faults import Fault
from elysiadash.jobs import queue
from elysiadash.jobs.database import Database
from elysiadash.jobs.job import ClusterUse, JobState
from elysiadash.migrate import course, cut_over, rollback, throttle
from elysiadash.migrate.phases import Freeze
from elysiadash.migrate.spec import COPY, MIGRATE, REHEARSAL, new_job, spec_of
from elysiadash.migrate.transforms.file import choose
from tests.live.witness import Witness, definition, differences, everything
from tests.migrate.test_promises import at_phase, filled, green, simulator
from tests.migrate.whole import Whole, ask, broken, profile, put

pytestmark = pytest.mark.slow


def _object(identity: str, title: str, name: str = "Doc") -> dict[str, Any]:
    return {
        "class": name, "id": identity, "properties": {"title": title},
        "vectors": {"default": [0.5, 0.25, 1.0, 2.0]},
    }  # fmt: skip


# ---- P10 ---------------------------------------------------------------------------------------


async def test_p10_a_writer_that_was_not_stopped_is_seen(job: Whole) -> None:
    """The operator says that the writers are stopped, and they are not."""
    witness = await filled(job)
    job.submit({"Doc": "Doc"})
    assert (await job.work()).state is JobState.PAUSED
    writing = asyncio.create_task(witness.keep_busy(20))
    try:
        job.answer("stopped")
        found = await job.work()
    finally:
        witness.stop()
        await writing
    assert not found.state.ended or found.ending != "VERIFIED"
    assert "the writers are not stopped" in str(found.reason), found.reason
    if found.state is JobState.FAILED:
        job.ask("resume")
    await green(job, witness)


async def test_p10_a_write_under_the_freeze_is_in_the_target_or_the_job_is_not_green(
    job: Whole,
) -> None:
    await filled(job)
    job.submit({"Doc": "Doc"})
    late = str(UUID(int=11))
    assert (await job.work()).state is JobState.PAUSED
    job.answer("stopped")
    # Behind the proof under the freeze, before the cut-over.
    plain = course._DOES["CUT_OVER"]  # type: ignore[index]
    loop = asyncio.get_running_loop()
    holds = course.freeze.holds
    told: list[int] = []

    async def slipping(run: Any) -> Any:
        told.append(1)
        if len(told) == 2:
            wrote = asyncio.run_coroutine_threadsafe(put(job.source, [_object(late, "x")]), loop)
            await asyncio.wrap_future(wrote)
        return await holds(run)

    with broken(course.freeze, "holds", slipping):
        found = await job.work()
    assert len(told) >= 2
    assert course._DOES["CUT_OVER"] is plain  # type: ignore[index]
    there = await everything(job.target.url, "Doc")
    if late not in there:
        assert found.ending != "VERIFIED", "a write slipped through unseen"
        await job.to_its_end()
    await job.same("Doc", "Doc")


@simulator
async def test_p10_a_freeze_that_would_take_acknowledged_writes_is_blocked(job: Whole) -> None:
    """READONLY with one replica answers SUCCESS and stores nothing (1.39.0)."""
    await filled(job)
    job.submit({"Doc": "Doc"}, freeze=Freeze.READONLY)
    found = await job.work()
    assert (found.state, found.ending) == (JobState.FAILED, "REFUSED"), found.reason
    assert "one replica, and 1.39.0 tells writers SUCCESS there" in str(found.reason)


@simulator
async def test_p10_readonly_shards_keep_writers_out_and_are_thawed(job: Whole) -> None:
    witness = await filled(job, replicas=3)
    job.submit({"Doc": "Doc"}, freeze=Freeze.READONLY)
    writing = asyncio.create_task(witness.keep_busy(30))
    try:
        found = await job.work()
    finally:
        witness.stop()
        await writing
    assert (found.state, found.ending) == (JobState.DONE, "VERIFIED"), found.reason
    assert job.owed() == []
    frozen = job.checkpoint().frozen
    assert frozen is not None
    assert frozen.thawed is not None
    # What was acknowledged before the freeze is there; what came behind the thaw is later.
    there = await everything(job.target.url, "Doc")
    source = await everything(job.source.url, "Doc")
    before = {
        name: one for name, one in source.items()
        if int(one["lastUpdateTimeUnix"]) < frozen.since * 1000
    }  # fmt: skip
    assert {name: there[name]["properties"] for name in before} == {
        name: one["properties"] for name, one in before.items()
    }
    assert witness.wrong(source) == []


# ---- P11 ---------------------------------------------------------------------------------------


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The longest request takes 2 s."""
    quick = functools.partial(cut_over.cut_over, settle_s=2.0)
    monkeypatch.setattr(course.cut_over, "cut_over", quick)


@pytest.mark.parametrize("slips", [False, True])
async def test_p11_one_alias_change_is_the_cut_over(job: Whole, soon: None, slips: bool) -> None:
    job.target = job.source
    witness = await filled(job)
    await ask(job.source, "POST", "/v1/aliases", {"alias": "Docs", "class": "Doc"})
    here = profile("source", job.source)
    job.submit({"Doc": "DocNew"}, kind=COPY, alias="Docs", ends=(here, here))
    assert (await job.work()).state is JobState.PAUSED
    job.answer("stopped")
    late = str(UUID(int=11))
    async with job.working() as going:
        async with asyncio.timeout(40):
            while not any("alias Docs stands for DocNew" in one for one in job.events("cut-over")):
                assert not going.done(), job.job().reason
                await asyncio.sleep(0.05)
        if slips:
            await put(job.source, [_object(late, "a slow request of before")])
        found = await asyncio.wait_for(going, 60)
    alias = await ask(job.source, "GET", "/v1/aliases/Docs")
    assert alias["class"] == "DocNew"
    there = await everything(job.source.url, "DocNew")
    assert witness.wrong(there) == []
    assert "Doc" in {
        one["class"] for one in (await ask(job.source, "GET", "/v1/schema"))["classes"]
    }
    if slips:
        assert found.ending != "VERIFIED"
        [letter] = job.letters()
        assert letter.object == UUID(late).bytes
        assert letter.reason == cut_over.SLIPPED
    else:
        assert (found.state, found.ending) == (JobState.DONE, "VERIFIED"), found.reason
    assert job.owed() == []


async def test_p11_elsewhere_the_cut_over_is_a_checklist_with_a_held_freeze(job: Whole) -> None:
    witness = await filled(job)
    job.submit({"Doc": "Doc"}, after="hold")
    await job.through_the_hold()
    assert job.job().ending == "VERIFIED", job.job().reason
    said = job.events("cut-over")
    assert said[0].startswith("point the application at target")
    assert any(f"jobs thaw {job.id}" in words for words in said)
    assert witness.wrong(await everything(job.target.url, "Doc")) == []


# ---- P12 ---------------------------------------------------------------------------------------


async def test_p12_a_roll_back_brings_what_was_written_since(job: Whole) -> None:
    witness = await filled(job)
    job.submit({"Doc": "Doc"})
    await green(job, witness)
    # The application works in the new place.
    moved = Witness(job.target.url, "Doc", dimensions=4)
    moved.known, moved._alive = dict(witness.known), list(witness._alive)
    ids = sorted(name for name, state in moved.known.items() if state)
    async with moved._client() as http:
        for name in ids[:3]:
            await moved._put(http, moved._new(name), "PUT")
        for name in ids[3:6]:
            await moved._delete(http, name)
        await moved._put(http, moved._new(), "POST")
    first = job.job()
    spec = rollback.swapped(spec_of(first.spec), first.id)
    uses = (ClusterUse("target", job.target.url), ClusterUse("source", job.source.url))
    with Database.open(job.state) as jobs, jobs.transaction() as tx:
        job.id = queue.submit(tx, new_job(MIGRATE, spec, uses)).id
    found = await job.to_its_end()
    assert (found.state, found.ending) == (JobState.DONE, "ROLLED_BACK"), found.reason
    back = await everything(job.source.url, "Doc")
    assert moved.wrong(back) == []
    # Only what changed was written.
    generations = job.checkpoint().generations
    assert sum(one.changed for one in generations) < len(ids)
    assert sum(one.deleted for one in generations) == 3


async def test_p12_with_a_transform_it_is_one_way(tmp_path: Any) -> None:
    file = tmp_path / "t.py"
    file.write_text("def transform(obj):\n    return obj\n")
    from tests.contract.migration import spec

    with pytest.raises(ValueError, match="one way: a transform changed the objects"):
        rollback.swapped(spec("Doc", transform=choose(file)), "job")


# ---- P13 ---------------------------------------------------------------------------------------


async def test_p13_what_the_job_did_not_write_is_never_touched(job: Whole) -> None:
    witness = await filled(job)
    job.submit({"Doc": "Doc"})
    theirs = str(UUID(int=21))
    async with at_phase(job, "DELTA"):
        await put(job.target, [_object(theirs, "somebody's")])
    found = await job.to_its_end()
    assert (found.state, found.ending) == (JobState.FAILED, "DIFFERENT"), found.reason
    there = await everything(job.target.url, "Doc")
    assert there[theirs]["properties"]["title"] == "somebody's"
    assert witness.wrong(there) == [f"{theirs} was never written"]
    assert "1 objects are in the target and not in the source" in str(found.reason)


async def test_p13_a_collection_that_is_there_already_is_refused(job: Whole) -> None:
    await filled(job)
    await ask(job.target, "POST", "/v1/schema", definition("Doc"))
    await put(job.target, [_object(str(UUID(int=3)), "theirs")])
    job.submit({"Doc": "Doc"})
    found = await job.work()
    assert (found.state, found.ending) == (JobState.FAILED, "REFUSED"), found.reason
    assert "Doc" in str(found.reason)
    assert len(await everything(job.target.url, "Doc")) == 1


# ---- P14 ---------------------------------------------------------------------------------------


@simulator
async def test_p14_slow_writes_throttle_and_are_named(
    job: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(job.target, SimulatedCluster)
    # It takes 20 pages to know how long most of them take.
    witness = await filled(job, 1_400)
    monkeypatch.setattr(throttle, "MOST_P95_S", 0.1)
    said: list[throttle.Verdict] = []
    decide = throttle.Throttle.decide

    def watched(self: throttle.Throttle, *given: Any) -> throttle.Verdict:
        said.append(decide(self, *given))
        return said[-1]

    monkeypatch.setattr(throttle.Throttle, "decide", watched)
    job.submit({"Doc": "Doc"})
    given = job.target.faults.add(Fault(kind="slow", route="*BatchObjects", seconds=0.25))
    async with at_phase(job, "DELTA"):
        job.target.faults.remove(given)
    slowed = [one for one in said if "to be written" in one.reason]
    assert slowed
    assert min(one.lanes for one in slowed) < said[0].lanes
    await green(job, witness)


async def test_p14_cancelled_in_a_wave_or_a_freeze_all_is_put_back(job: Whole) -> None:
    await tenants(job, "Rooms", {"a": "HOT", "b": "COLD", "c": "COLD"})
    job.submit({"Rooms": "Rooms"})
    job.ask("rate", 20)
    async with job.working() as going:
        async with asyncio.timeout(40):
            while not job.owed():
                assert not going.done(), job.job().reason
                await asyncio.sleep(0.02)
        job.ask("cancel")
        found = await asyncio.wait_for(going, 40)
    assert found.state is JobState.CANCELLED, found.reason
    assert job.owed() == []
    assert await states(job, "Rooms") == {"a": "HOT", "b": "COLD", "c": "COLD"}


async def tenants(job: Whole, name: str, made: dict[str, str], each: int = 30) -> None:
    """A multi-tenant collection whose tenants hold objects and are in these states."""
    body = definition(name)
    del body["shardingConfig"]
    body["multiTenancyConfig"] = {"enabled": True}
    await ask(job.source, "POST", "/v1/schema", body)
    await ask(job.source, "POST", f"/v1/schema/{name}/tenants", [{"name": one} for one in made])
    for place, tenant in enumerate(made):
        await put(
            job.source,
            [
                _object(
                    str(UUID(int=(number * 7919 << 96) + place + 1)), f"{tenant} {number}", name
                )
                | {"tenant": tenant}
                for number in range(each)
            ],
        )
    asleep = [
        {"name": one, "activityStatus": state} for one, state in made.items() if state != "HOT"
    ]
    if asleep:
        await ask(job.source, "PUT", f"/v1/schema/{name}/tenants", asleep)


def _spread(number: int, place: int) -> str:
    return str(UUID(int=(number * 7919 << 96) + place + 1))


async def states(job: Whole, name: str, *, target: bool = False) -> dict[str, str]:
    """The tenants of a collection and their states."""
    at = job.target if target else job.source
    found = await ask(at, "GET", f"/v1/schema/{name}/tenants")
    known = {"ACTIVE": "HOT", "INACTIVE": "COLD", "OFFLOADED": "FROZEN"}
    return {one["name"]: known.get(one["activityStatus"], one["activityStatus"]) for one in found}


# ---- P15 ---------------------------------------------------------------------------------------


@pytest.mark.real
@pytest.mark.parametrize("ends", ["real"], indirect=True)
async def test_p15_the_copier_has_room_for_more_than_1000_objects_a_second(
    job: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the time of this process alone, so that a loaded machine does not decide it."""
    monkeypatch.undo()
    count = 4_000
    await ask(job.source, "POST", "/v1/schema", definition("Doc"))
    await Witness(job.source.url, "Doc", dimensions=256).fill(count)
    from elysiadash.migrate import lanes
    from elysiadash.migrate.executors import ThreadExecutor

    monkeypatch.setattr(lanes, "_executor", lambda run: ThreadExecutor())
    job.submit({"Doc": "Doc"})
    async with at_phase(job, "COPY"):
        pass
    started = time.process_time()
    async with at_phase(job, "DELTA"):
        spent = time.process_time() - started
    assert job.checkpoint().copied == count
    assert spent / count < 0.001, f"{spent / count * 1e6:.0f} us of CPU an object"


@simulator
async def test_p15_the_forecast_of_a_slow_target_is_honest(job: Whole) -> None:
    assert isinstance(job.target, SimulatedCluster)
    await filled(job)
    job.submit({"Doc": "Doc"}, kind=REHEARSAL)
    given = job.target.faults.add(Fault(kind="slow", route="*BatchObjects", seconds=0.5))
    found = await job.work()
    assert found.ending == "CHECKED", found.reason
    forecast = job.checkpoint().forecast
    assert forecast is not None
    assert forecast.seconds_p50 is not None
    assert "rehearsal" in forecast.basis
    rehearsed = job.checkpoint().rehearsed
    assert rehearsed is not None
    # The target takes pages of 50 no faster than one in half a second for each lane.
    assert rehearsed.objects_per_s < 1.5 * rehearsed.lanes * 50 / 0.5
    assert forecast.seconds_p50 == pytest.approx(240 / rehearsed.objects_per_s, rel=0.5)
    job.target.faults.remove(given)


@simulator
async def test_p15_what_was_not_measured_is_not_forecast(job: Whole) -> None:
    await filled(job)
    job.submit({"Doc": "Doc"}, verify="none", freeze=Freeze.NONE)
    await job.to_its_end()
    forecast = job.checkpoint().forecast
    assert forecast is not None
    assert forecast.seconds_p50 is None
    assert forecast.basis == "not rehearsed, and no earlier job between these clusters"
    assert (
        differences(
            await everything(job.source.url, "Doc"), await everything(job.target.url, "Doc")
        )
        == {}
    )
