"""What a job is given that is wrong, and what goes away under it: said clearly, nothing lost.

Each is an error whose words are looked at, and where it can be mended, a job that is resumed then
and gets green.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from elysiadash.config.profile import Auth, Profile
from elysiadash.config.secret import Secret
from elysiadash.demo.cluster import SimulatedCluster, simulated
from elysiadash.demo.faults import Fault
from elysiadash.demo.keys import DEMO_KEYS
from elysiadash.jobs import outcomes
from elysiadash.jobs.database import Database
from elysiadash.jobs.errors import CannotWrite, NewerJobs
from elysiadash.jobs.folder import Appended
from elysiadash.jobs.job import Job, JobState
from elysiadash.jobs.tables import VERSION
from elysiadash.migrate import lanes
from elysiadash.migrate.transforms import sandbox
from elysiadash.migrate.transforms.file import choose
from tests.live.witness import definition, everything
from tests.migrate.test_promises import OBJECTS, at_phase, filled, green, simulator
from tests.migrate.whole import Whole, ask, broken, profile

pytestmark = pytest.mark.slow


def failed(job: Job, *words: str, ending: str | None = None) -> None:
    """It failed with these words, and not for a fault of our own."""
    assert job.state is JobState.FAILED, (job.state, job.reason)
    assert job.ending == ending or ending is None, job.ending
    for one in words:
        assert one in str(job.reason), job.reason
    assert "our own fault" not in str(job.reason)


# ---- the target --------------------------------------------------------------------------------


@simulator
async def test_target_that_is_unreachable(job: Whole) -> None:
    assert isinstance(job.target, SimulatedCluster)
    witness = await filled(job)
    given = [job.target.faults.add(Fault(kind="node_down", node=node)) for node in job.target.nodes]
    await job.target.apply_faults()
    job.submit({"Doc": "Doc"})
    failed(await job.work(), f"the target target ({job.target.url}) cannot be opened", "refused")
    for one in given:
        job.target.faults.remove(one)
    await job.target.apply_faults()
    job.ask("resume")
    await green(job, witness)


@asynccontextmanager
async def _with_keys(tmp_path: Path) -> AsyncIterator[Whole]:
    async with (
        simulated("empty", traffic=False) as source,
        simulated("empty", traffic=False, keys=DEMO_KEYS) as target,
    ):
        yield Whole(tmp_path, source, target)


def _keyed(job: Whole, monkeypatch: pytest.MonkeyPatch, key: str) -> tuple[Profile, Profile]:
    monkeypatch.setenv("TARGET_KEY", key)
    auth = Auth(method="api-key", key=Secret(kind="env", reference="TARGET_KEY"))
    return profile("source", job.source), profile("target", job.target, auth=auth)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("wrong-key", ("the target target", "401", "resume the job")),
        ("demo-viewer-key", ("target",)),
    ],
)
async def test_target_with_a_wrong_key(
    tmp_path: Path, quick: None, monkeypatch: pytest.MonkeyPatch, key: str, words: tuple[str, ...]
) -> None:
    async with _with_keys(tmp_path) as job:
        await filled(job)
        job.submit({"Doc": "Doc"}, ends=_keyed(job, monkeypatch, key))
        failed(await job.work(), *words)
        assert key not in str(job.job().reason)
        assert job.target.model.collections == {}  # type: ignore[attr-defined]
        monkeypatch.setenv("TARGET_KEY", "demo-admin-key")
        job.ask("resume")
        found = await job.to_its_end()
        assert found.ending == "VERIFIED", found.reason


async def test_key_that_is_not_there(
    tmp_path: Path, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with _with_keys(tmp_path) as job:
        await filled(job)
        job.submit({"Doc": "Doc"}, ends=_keyed(job, monkeypatch, "x"))
        monkeypatch.delenv("TARGET_KEY")
        failed(await job.work(), "TARGET_KEY")


@simulator
async def test_target_that_is_full(job: Whole, monkeypatch: pytest.MonkeyPatch) -> None:
    """A node whose disk is full sets its shards READONLY: with one replica it lies about it."""
    monkeypatch.setattr(lanes, "PATIENCE_S", 1.0)
    witness = await filled(job)
    job.submit({"Doc": "Doc"})
    async with at_phase(job, "COPY"):
        await _status(job, "READONLY")
    failed(await job.work(), "nothing could be copied", "read-only", "resume the job")
    assert await everything(job.target.url, "Doc") == {}
    await _status(job, "READY")
    job.ask("resume")
    await green(job, witness)


async def _status(job: Whole, status: str) -> None:
    for shard in await ask(job.target, "GET", "/v1/schema/Doc/shards"):
        path = f"/v1/schema/Doc/shards/{shard['name']}"
        await ask(job.target, "PUT", path, {"status": status})


async def test_target_whose_definition_changes_midway(job: Whole) -> None:
    await filled(job)
    job.submit({"Doc": "Doc"})
    async with at_phase(job, "COPY"):
        await ask(job.target, "DELETE", "/v1/schema/Doc")
    failed(await job.work(), "the target lost Doc")
    assert len(await everything(job.source.url, "Doc")) == OBJECTS


async def test_target_that_is_there_with_another_definition(job: Whole) -> None:
    await filled(job)
    other = definition("Doc")
    other["properties"][1]["dataType"] = ["text"]
    await ask(job.target, "POST", "/v1/schema", other)
    job.submit({"Doc": "Doc"})
    failed(await job.work(), "Doc", "target", ending="REFUSED")
    now = await ask(job.target, "GET", "/v1/schema/Doc")
    assert now["properties"][1]["dataType"] == ["text"]


# ---- the transform -----------------------------------------------------------------------------

_RAISES = "    raise LookupError('no such code')\n"
_LOOPS = "    while True:\n        pass\n"
_RUBBISH = "    return 'rubbish'\n"


@simulator
@pytest.mark.parametrize(
    ("does", "says"),
    [(_RAISES, "LookupError"), (_LOOPS, "did not come back in"), (_RUBBISH, "str")],
    ids=["raises", "loops", "returns rubbish"],
)
async def test_transform_that_is_wrong_for_one_object(
    job: Whole, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, does: str, says: str
) -> None:
    """More objects than the preflight samples: one of the others is a dead letter."""
    monkeypatch.setattr(sandbox, "LIMIT_S", 0.5)
    witness = await filled(job, 300)
    bad = sorted(witness.known)[-1]
    file = tmp_path / "change.py"
    text = "def transform(obj):\n    if obj['id'] != BAD:\n        return obj\n"
    file.write_text(f"BAD = {bad!r}\n{text}{does}")
    job.submit({"Doc": "Doc"}, transform=choose(file))
    found = await job.to_its_end()
    assert (found.state, found.ending) == (JobState.FAILED, "DIFFERENT"), found.reason
    assert "1 objects are in the dead letters" in str(found.reason)
    [letter] = job.letters()
    assert letter.object.hex() == bad.replace("-", "")
    assert says in letter.reason + letter.detail, (letter.reason, letter.detail)
    there = await everything(job.target.url, "Doc")
    assert witness.wrong(there) == [f"{bad} was stored and is not there"]


@simulator
async def test_transform_file_that_does_not_load(job: Whole, tmp_path: Path) -> None:
    await filled(job)
    file = tmp_path / "change.py"
    file.write_text("import nothing_of_that_name\n\ndef transform(obj):\n    return obj\n")
    job.submit({"Doc": "Doc"}, transform=choose(file))
    failed(await job.work(), "change.py", "nothing_of_that_name")
    assert job.target.model.collections == {}  # type: ignore[attr-defined]


@simulator
async def test_transform_file_that_is_gone(job: Whole, tmp_path: Path) -> None:
    witness = await filled(job)
    file = tmp_path / "change.py"
    file.write_text("def transform(obj):\n    return obj\n")
    job.submit({"Doc": "Doc"}, transform=choose(file))
    file.rename(tmp_path / "away.py")
    failed(await job.work(), "change.py")
    (tmp_path / "away.py").rename(file)
    job.ask("resume")
    await green(job, witness)


# ---- the source --------------------------------------------------------------------------------


async def test_collection_that_nobody_knows(job: Whole) -> None:
    job.submit({"Nothing": "Nothing"})
    failed(await job.work(), "source has no collection Nothing", ending="REFUSED")


async def test_source_collection_that_is_deleted_midway(job: Whole) -> None:
    await filled(job)
    job.submit({"Doc": "Doc"})
    async with at_phase(job, "DELTA"):
        await ask(job.source, "DELETE", "/v1/schema/Doc")
    failed(await job.work(), "source has no collection Doc", "cancel the job, or put")
    # What was copied is the last that there is of it.
    assert len(await everything(job.target.url, "Doc")) == OBJECTS
    job.ask("resume")
    failed(await job.work(), "source has no collection Doc")
    assert len(await everything(job.target.url, "Doc")) == OBJECTS


async def test_source_collection_that_is_deleted_while_the_worker_works(job: Whole) -> None:
    await filled(job)
    job.submit({"Doc": "Doc"})
    job.ask("rate", 50)
    async with job.working() as going:
        async with asyncio.timeout(60):
            while not job.checkpoint().copied:
                assert not going.done(), job.job().reason
                await asyncio.sleep(0.05)
        await ask(job.source, "DELETE", "/v1/schema/Doc")
        failed(await asyncio.wait_for(going, 60), "Doc")
    assert job.checkpoint().deleted == 0


async def test_source_definition_that_differs_from_the_one_of_the_beginning(job: Whole) -> None:
    await filled(job)
    job.submit({"Doc": "Doc"})
    async with at_phase(job, "DELTA"):
        body = {"name": "late", "dataType": ["int"]}
        await ask(job.source, "POST", "/v1/schema/Doc/properties", body)
    found = await job.work()
    assert found.state is JobState.PAUSED
    assert "late of Doc" in str(found.reason)


# ---- what is kept ------------------------------------------------------------------------------


@simulator
async def test_jobs_file_of_a_later_release_is_left_alone(job: Whole) -> None:
    await filled(job)
    job.submit({"Doc": "Doc"})
    path = job.state / "jobs.db"
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        other.execute(f"PRAGMA user_version={VERSION + 1}")
    other.close()
    before = path.read_bytes()
    with pytest.raises(NewerJobs, match="later release"):
        await job.work()
    assert path.read_bytes() == before
    with sqlite3.connect(path) as other:
        other.execute(f"PRAGMA user_version={VERSION}")
    other.close()
    await job.verified({"Doc": "Doc"})


@simulator
@pytest.mark.parametrize("word", ["strategy", "verify", "freeze"])
async def test_spec_of_a_later_release_is_said(job: Whole, word: str) -> None:
    """A word that this release does not know must not be taken for another one."""
    await filled(job)
    job.submit({"Doc": "Doc"})
    with Database.open(job.state) as jobs, jobs.transaction() as tx:
        tx.run(
            "UPDATE jobs SET spec = json_set(spec, ?, ?) WHERE id = ?",
            f"$.{word}", "quantum", job.id,
        )  # fmt: skip
    failed(await job.work(), word, "later release")
    assert job.target.model.collections == {}  # type: ignore[attr-defined]


@simulator
async def test_phase_of_a_later_release_is_said(job: Whole) -> None:
    await filled(job)
    job.submit({"Doc": "Doc"})
    async with at_phase(job, "DELTA"):
        pass
    with Database.open(job.state) as jobs, jobs.transaction() as tx:
        tx.run("UPDATE jobs SET phase = 'TELEPORT' WHERE id = ?", job.id)
    failed(await job.work(), "TELEPORT", "later release")
    assert len(await everything(job.target.url, "Doc")) == OBJECTS


async def test_disk_that_is_full_while_the_checkpoint_is_written(job: Whole) -> None:
    """``tests/unit/jobs`` has the same for ``jobs.db`` itself."""
    witness = await filled(job)
    job.submit({"Doc": "Doc"})
    sync, left = Appended.sync, iter(range(1))

    def full(self: Appended) -> int:
        if next(left, None) is None:
            raise CannotWrite("cannot write the job's folder: no space left on the disk")
        return sync(self)

    with broken(Appended, "sync", full):
        found = await job.work()
    failed(found, "no space left")
    job.ask("resume")
    await green(job, witness)


@simulator
async def test_disk_that_is_full_for_the_jobs_row(job: Whole) -> None:
    witness = await filled(job)
    job.submit({"Doc": "Doc"})
    enter, left = outcomes.enter, iter(range(4))

    def full(*given: Any, **how: Any) -> Any:
        if next(left, None) is None:
            raise CannotWrite("cannot write jobs.db: no space left on the disk")
        return enter(*given, **how)

    with broken(outcomes, "enter", full):
        found = await job.work()
    failed(found, "no space left")
    job.ask("resume")
    await green(job, witness)
