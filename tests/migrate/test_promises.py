"""P1 to P6 of a migration, on whole jobs; the others are beside this file.

What was lost is said by raw requests that share no code with the engine.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from elysiadash.config import reference
from elysiadash.config.profile import Addresses
from elysiadash.demo.answers import objects as answers
from elysiadash.demo.cluster import SimulatedCluster, simulated
from elysiadash.demo.faults import Fault
from elysiadash.demo.stored import Refusal
from elysiadash.jobs.job import JobState
from elysiadash.migrate import course
from elysiadash.migrate.transforms.file import choose
from tests.faults.test_migrate_kill import ROOT, scene
from tests.live.witness import Witness, definition, everything
from tests.migrate.whole import Whole, ask, broken, profile, put
from tests.servers.real import RealCluster, skip_reason

pytestmark = pytest.mark.slow
OBJECTS = 240
simulator = pytest.mark.parametrize("ends", ["simulator"], indirect=True)


async def filled(job: Whole, objects: int = OBJECTS, **others: Any) -> Witness:
    """A collection in the source, and who knows what it must hold."""
    await ask(job.source, "POST", "/v1/schema", definition("Doc", **others))
    witness = Witness(job.source.url, "Doc", dimensions=4)
    await witness.fill(objects)
    return witness


async def as_witnessed(job: Whole, witness: Witness) -> None:
    """The target holds what was acknowledged, and nothing else."""
    there = await everything(job.target.url, "Doc")
    assert witness.wrong(there) == []
    await job.same("Doc", "Doc")


async def green(job: Whole, witness: Witness, **answers: str) -> None:
    """The job ends verified, and that is true."""
    await job.verified({"Doc": "Doc"}, **answers)
    await as_witnessed(job, witness)


# ---- P1 ----------------------------------------------------------------------------------------


async def test_p01_everything_at_the_moment_of_the_freeze_is_in_the_target(job: Whole) -> None:
    witness = await filled(job)
    job.submit({"Doc": "Doc"})
    writing = asyncio.create_task(witness.keep_busy(40))
    try:
        found = await job.work()
        assert (found.state, found.checkpoint["asked"]) == (JobState.PAUSED, "stopped")
    finally:
        witness.stop()
        await writing
    assert witness.written > 20
    await green(job, witness)


@simulator
async def test_p01_what_no_way_takes_is_a_dead_letter_and_never_green(job: Whole) -> None:
    witness = await filled(job)
    misfit = sorted(witness.known)[9]
    job.submit({"Doc": "Doc"})

    def refuse(world: Any, collection: Any, tenant: str, properties: dict[str, Any]) -> None:
        title = _stored(job.source, misfit).properties["title"]
        if world is job.target.world and properties.get("title") == title:
            raise Refusal("invalid text property 'title' on class 'Doc': no way takes it")

    with broken(answers, "keep_references", refuse):
        found = await job.to_its_end()
    assert (found.state, found.ending) == (JobState.FAILED, "DIFFERENT"), found.reason
    assert "1 objects are in the dead letters" in (found.reason or "")
    [letter] = job.letters()
    assert letter.object == UUID(misfit).bytes
    assert "no way takes it" in letter.detail
    there = await everything(job.target.url, "Doc")
    assert witness.wrong(there) == [f"{misfit} was stored and is not there"]
    assert not job.report()["verified"]


def _stored(at: Any, identity: str, name: str = "Doc") -> Any:
    for shard in at.model.collections[name].shards.values():
        if shard.writes is not None and (found := shard.writes.get(identity)) is not None:
            return found
    raise AssertionError(f"{identity} is not there")


# ---- P2 ----------------------------------------------------------------------------------------


@pytest.mark.real
async def test_p02_a_replica_that_lagged_loses_nothing(tmp_path: Path, quick: None) -> None:
    """The contact missed writes and deletes: it is the node that a plain scan would ask."""
    if skip_reason() is not None:
        pytest.skip(str(skip_reason()))
    async with RealCluster(3) as source, RealCluster(1) as target:
        job = Whole(tmp_path, source, target)
        # Else what the node missed is brought to it before it is compared.
        made = definition("Doc", replicas=3)
        made["replicationConfig"]["asyncEnabled"] = False
        await ask(source, "POST", "/v1/schema", made)
        witness = Witness(source.url, "Doc", dimensions=4)
        await witness.fill(60)
        last = source.names[-1]
        await source.stop(last)
        ids = sorted(witness.known)
        async with witness._client() as http:
            for identity in ids[:3]:
                await witness._delete(http, identity)
            for identity in ids[3:6]:
                await witness._put(http, witness._new(identity), "PUT")
            for _ in range(4):
                await witness._put(http, witness._new(), "POST")
        assert not witness.doubtful
        await source.start(last)
        lagging = profile("source", source, url=source.nodes[last], grpc=source.grpc_nodes[last])
        async with httpx.AsyncClient(base_url=source.nodes[last], trust_env=False) as http:
            listed = (await http.get("/v1/objects?class=Doc&limit=200")).json()["objects"]
        seen = {one["id"] for one in listed}
        assert seen != {one for one, state in witness.known.items() if state}, "it does not lag"
        one = ("replicationConfig.factor=1",)
        job.submit({"Doc": "Doc"}, ends=(lagging, profile("target", target)), settings=one)
        await green(job, witness)
        assert any("differed between replicas" in words for words in job.events("replicas"))


async def test_p02_replicas_that_cannot_be_asked_are_said_to_be_not_checked(
    tmp_path: Path, quick: None
) -> None:
    async with simulated("empty", traffic=False) as source, simulated("empty") as target:
        job = Whole(tmp_path, source, target)
        witness = await filled(job, replicas=3)
        alone = profile("source", source, nodes=Addresses())
        job.submit({"Doc": "Doc"}, ends=(alone, profile("target", target)))
        await green(job, witness)
        said = " ".join(job.report()["not_checked"])
        assert "replicas of Doc on" in said
        assert "were not compared" in said


# ---- P3 ----------------------------------------------------------------------------------------


async def test_p03_deletes_stay_deleted(job: Whole) -> None:
    witness = await filled(job)
    job.submit({"Doc": "Doc"})
    doomed = sorted(witness.known)[::7]
    async with at_phase(job, "DELTA"), witness._client() as http:
        for identity in doomed:
            await witness._delete(http, identity)
    await green(job, witness)
    assert not set(doomed) & set(await everything(job.target.url, "Doc"))
    assert job.checkpoint().deleted == len(doomed)


@simulator
async def test_p03_no_delete_is_invented_while_an_owner_is_dead(job: Whole) -> None:
    assert isinstance(job.source, SimulatedCluster)
    witness = await filled(job, shards=3)
    last = list(job.source.nodes)[-1]
    job.submit({"Doc": "Doc"})
    async with at_phase(job, "DELTA"):
        pass
    await while_away(job, last)
    await green(job, witness)
    assert job.checkpoint().deleted == 0


async def while_away(job: Whole, node: str) -> None:
    """A worker goes on while a node of the source is down: it says so, and waits."""
    assert isinstance(job.source, SimulatedCluster)
    async with job.working() as going:
        # It is there when the worker opens the cluster.
        await asyncio.sleep(0.3)
        given = job.source.faults.add(Fault(kind="node_down", node=node))
        await job.source.apply_faults()
        async with asyncio.timeout(30):
            while not any(
                "is away" in words for kind in ("waits", "proof") for words in job.events(kind)
            ):
                assert not going.done(), job.job().reason
                await asyncio.sleep(0.05)
        job.source.faults.remove(given)
        await job.source.apply_faults()


@asynccontextmanager
async def at_phase(job: Whole, phase: str) -> AsyncIterator[None]:
    """A worker works on the job until it enters a phase; the next goes on behind the block."""
    plain = course._DOES[phase]  # type: ignore[index]
    reached = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def stop(run: Any) -> Any:
        loop.call_soon_threadsafe(reached.set)
        while True:
            await run.breathe()
            await asyncio.sleep(0.02)

    course._DOES[phase] = stop  # type: ignore[index]
    try:
        async with job.working() as going:
            waiting = asyncio.create_task(reached.wait())
            await asyncio.wait({going, waiting}, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            assert not going.done(), job.job().reason
        yield
    finally:
        course._DOES[phase] = plain  # type: ignore[index]


# ---- P4 ----------------------------------------------------------------------------------------


async def test_p04_behind_the_cut_over_the_job_writes_the_target_no_more(job: Whole) -> None:
    witness = await filled(job)
    job.submit({"Doc": "Doc"}, after="hold")
    assert (await job.work()).state is JobState.PAUSED
    job.answer("stopped")
    newer = sorted(witness.known)[5]
    async with job.working():
        await job.until("HELD")
        # The application has moved: it writes, and somebody still writes to the old place.
        await put(job.target, [_object(newer, "of the application")])
        await put(job.source, [_object(newer, "too late"), _object(str(UUID(int=5)), "late")])
    assert job.job().state is JobState.QUEUED
    job.ask("say", {"word": "thaw"})
    found = await job.to_its_end()
    there = await everything(job.target.url, "Doc")
    assert there[newer]["properties"]["title"] == "of the application"
    assert str(UUID(int=5)) not in there
    assert found.ending == "VERIFIED", found.reason


def _object(identity: str, title: str, name: str = "Doc") -> dict[str, Any]:
    return {
        "class": name, "id": identity, "properties": {"title": title},
        "vectors": {"default": [0.5, 0.25, 1.0, 2.0]},
    }  # fmt: skip


# ---- P5 ----------------------------------------------------------------------------------------


async def test_p05_a_killed_copy_is_resumed_by_other_workers_with_other_pages(
    tmp_path: Path, quick: None
) -> None:
    """The kill matrix is in ``tests/faults/test_migrate_kill.py``."""
    async with scene(tmp_path) as one:
        job = Whole(one.state, one.source, one.target)
        job.id = one.job
        job.ask("rate", 100)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.faults.migrate_worker", str(one.state), "random",
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        try:
            async with asyncio.timeout(60):
                while not job.checkpoint().copied:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
        finally:
            process.kill()
            await process.wait()
        assert job.job().phase == "COPY"
        copied, known = job.checkpoint().copied, len(one.witness.known)
        before = sum(one.target.model.imported.values())
        assert copied < known, "it was over: the test tests nothing"
        job.ask("rate", None)
        async with at_phase(job, "DELTA"):
            # What is behind the watermark is not done again.
            assert sum(one.target.model.imported.values()) - before <= known - copied
        await job.verified({"Doc": "Doc"})
        assert one.witness.wrong(await everything(one.target.url, "Doc")) == []


# ---- P6 ----------------------------------------------------------------------------------------


async def test_p06_a_resumed_job_refuses_a_retyped_property(job: Whole) -> None:
    await filled(job)
    job.submit({"Doc": "Doc"})
    async with at_phase(job, "DELTA"):
        await ask(job.source, "DELETE", "/v1/schema/Doc")
        other = definition("Doc")
        other["properties"][1]["dataType"] = ["text"]
        await ask(job.source, "POST", "/v1/schema", other)
    found = await job.work()
    assert found.state is JobState.FAILED
    assert "rank" in str(found.reason)
    assert "definition is not the one the job began with" in str(found.reason)
    assert len(await everything(job.target.url, "Doc")) == OBJECTS


async def test_p06_a_resumed_job_refuses_another_transform(job: Whole, tmp_path: Path) -> None:
    await filled(job)
    file = tmp_path / "change.py"
    file.write_text("def transform(obj):\n    return obj\n")
    job.submit({"Doc": "Doc"}, transform=choose(file))
    async with at_phase(job, "DELTA"):
        file.write_text("def transform(obj):\n    return None\n")
    found = await job.work()
    assert found.state is JobState.FAILED
    assert "change.py" in str(found.reason)
    file.write_text("def transform(obj):\n    return obj\n")
    job.ask("resume")
    await job.verified({"Doc": "Doc"})


async def test_p06_another_cluster_at_the_same_address_is_refused(
    tmp_path: Path, quick: None
) -> None:
    async with (
        simulated("empty", traffic=False) as source,
        simulated("empty", traffic=False) as target,
        simulated("empty", traffic=False, seed=2) as other,
    ):
        job = Whole(tmp_path, source, target)
        await filled(job)
        ends = (profile("source", source), profile("target", target))
        job.submit({"Doc": "Doc"}, ends=ends)
        async with at_phase(job, "DELTA"):
            await ask(other, "POST", "/v1/schema", definition("Doc"))
        here, there = (reference.of(profile("source", one)) for one in (source, other))

        def elsewhere(found: dict[str, Any]) -> Any:
            return resolve(there if found == here else found)

        resolve = reference.resolve
        with broken(reference, "resolve", elsewhere):
            found = await job.work()
        assert found.state is JobState.FAILED, (found.reason, job.events()[-5:])
        assert "another cluster answers at the source's address" in str(found.reason)
        assert len(await everything(target.url, "Doc")) == OBJECTS
        job.ask("resume")
        await job.verified({"Doc": "Doc"})


async def test_p06_a_new_property_is_a_delta_that_is_confirmed_first(job: Whole) -> None:
    witness = await filled(job)
    job.submit({"Doc": "Doc"})
    fresh = str(UUID(int=9))
    async with at_phase(job, "DELTA"):
        body = {"name": "late", "dataType": ["text"]}
        await ask(job.source, "POST", "/v1/schema/Doc/properties", body)
        one = _object(fresh, "new")
        one["properties"]["late"] = "x"
        await put(job.source, [one])
    found = await job.work()
    assert found.checkpoint["asked"] == "new-in-source"
    assert "late of Doc" in str(found.checkpoint["question"])
    job.answer("yes")
    await job.verified({"Doc": "Doc"})
    there = await everything(job.target.url, "Doc")
    assert there[fresh]["properties"]["late"] == "x"
    assert len(there) == len(witness.known) + 1
