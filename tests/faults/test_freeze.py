"""Nothing stays frozen because somebody died: the freeze with its worker, its watchdog, its cluster
and its job taken away, on the simulator."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from elysiadash.config.profile import Addresses, Profile
from elysiadash.demo.cluster import SimulatedCluster, simulated
from elysiadash.demo.faults import Fault
from elysiadash.jobs import claims, control, events, queue, steps
from elysiadash.jobs.database import Database
from elysiadash.jobs.errors import ClaimLost
from elysiadash.jobs.job import JobState
from elysiadash.migrate import freeze
from elysiadash.migrate.errors import NotFrozen, Waits
from elysiadash.migrate.freeze import noted, watching
from elysiadash.migrate.freeze.watchdog import put_back
from elysiadash.migrate.left_frozen import LeftFrozen, left_frozen, thaw_now
from elysiadash.migrate.phases import Freeze, Phase
from elysiadash.migrate.run import Run
from tests.faults.freeze_process import running, submit

ROOT = Path(__file__).parents[2]
SHARDS = 3


@pytest_asyncio.fixture
async def demo() -> AsyncIterator[SimulatedCluster]:
    async with simulated("empty", grpc=False) as cluster:
        for name, factor in (("Doc", 3), ("Single", 1)):
            await create(cluster, name, factor)
        await create(cluster, "Rooms", 3, tenants=True)
        tenants = [{"name": name} for name in ("a", "b")]
        await ask(cluster, "POST", "/v1/schema/Rooms/tenants", tenants)
        yield cluster


@pytest.fixture(autouse=True)
def no_watchdog_stays(tmp_path: Path) -> Iterator[None]:
    """Where its cluster ends with the test, a watchdog would try to thaw it for a day."""
    yield
    for pid in watchdogs(tmp_path):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def watchdogs(state: Path) -> list[int]:
    """The watchdogs of a state folder."""
    found = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,args="], capture_output=True, text=True, check=True
    ).stdout
    wanted = [line.split() for line in found.splitlines() if watching.MODULE in line]
    return [int(words[0]) for words in wanted if str(state) in words]


async def ask(cluster: SimulatedCluster, method: str, path: str, body: object) -> None:
    async with httpx.AsyncClient(base_url=cluster.url, trust_env=False) as client:
        (await client.request(method, path, json=body)).raise_for_status()


async def create(
    cluster: SimulatedCluster, name: str, factor: int, *, tenants: bool = False
) -> None:
    definition = {
        "class": name,
        "vectorizer": "none",
        "replicationConfig": {"factor": factor},
        "properties": [{"name": "t", "dataType": ["text"]}],
    }
    if tenants:
        definition["multiTenancyConfig"] = {"enabled": True}
    await ask(cluster, "POST", "/v1/schema", definition)


def profile(cluster: SimulatedCluster) -> Profile:
    return Profile(
        name="prod",
        url=cluster.url,
        nodes=Addresses(named=cluster.nodes),
        metrics=Addresses(named=cluster.metrics),
        write=True,
    )


def frozen_shards(cluster: SimulatedCluster, name: str = "Doc") -> int:
    """Shards with a READONLY replica."""
    return sum(bool(one.frozen) for one in cluster.model.collections[name].shards.values())


def job_of(state: Path) -> str:
    with Database.open(state) as database, database.reading() as read:
        return queue.newest(read)[0].id


def owed(state: Path) -> list[LeftFrozen]:
    with Database.open(state) as database, database.reading() as read:
        return left_frozen(read)


def watchdog_pid(state: Path) -> int:
    with Database.open(state) as database, database.reading() as read:
        found = noted.noted(read, job_of(state))
    assert found is not None
    assert found.known.watcher is not None
    return found.known.watcher.pid


async def until(true: Callable[[], bool], seconds: float = 15.0) -> float:
    """Wait for something; how long it took."""
    begun = time.monotonic()
    while not true():
        assert time.monotonic() - begun < seconds, "it did not happen in time"
        await asyncio.sleep(0.05)
    return time.monotonic() - begun


async def thawed_and_noted(demo: SimulatedCluster, state: Path, seconds: float = 15.0) -> None:
    await until(lambda: frozen_shards(demo) == 0, seconds)
    await until(lambda: owed(state) == [], seconds)


class Worker:
    """The process of ``freeze_process``, and what it says."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def says(self, start: str) -> str:
        assert self.process.stdout is not None
        while True:
            line = (await asyncio.wait_for(self.process.stdout.readline(), 20)).decode()
            assert line, "the worker has ended"
            if line.startswith(start):
                return line


@asynccontextmanager
async def worker(state: Path, silence: float = 3.0) -> AsyncIterator[Worker]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.faults.freeze_process", str(state), str(silence),
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield Worker(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@asynccontextmanager
async def frozen(demo: SimulatedCluster, state: Path, name: str = "Doc") -> AsyncIterator[Run]:
    """A run in this process that has frozen; the watchdog waits long."""
    submit(state, profile(demo), {name: f"{name}Copy"})
    async with running(state) as run:
        await freeze.freeze(run)
        try:
            yield run
        finally:
            with suppress(ClaimLost):
                await freeze.thaw(run, "the test is over")


async def test_killed_worker_is_thawed_by_the_watchdog(
    demo: SimulatedCluster, tmp_path: Path
) -> None:
    submit(tmp_path, profile(demo), {"Doc": "DocCopy"})
    async with worker(tmp_path) as one:
        await one.says("frozen")
        assert frozen_shards(demo) == SHARDS
        assert [(found.collections, found.watched) for found in owed(tmp_path)] == [
            (("Doc",), True)
        ]
        os.kill(one.process.pid, signal.SIGKILL)
        await one.process.wait()
        assert not owed(tmp_path)[0].is_forgotten
        await thawed_and_noted(demo, tmp_path)
    with Database.open(tmp_path) as database, database.reading() as read:
        job = queue.newest(read)[0]
        # The next worker gets the job, and sees that nothing is frozen any more.
        assert (job.state, claims.holder(read, job.id)) == (JobState.QUEUED, None)
        assert steps.get(read, job.id, "freeze").state is steps.StepState.UNDONE
        texts = [event.text for event in events.before(read, job.id)]
    assert any("put back by the watchdog" in text and "no worker" in text for text in texts)
    lines = (tmp_path / "audit.jsonl").read_text()
    assert "thaw: freeze Doc on prod by READONLY shards" in lines


async def test_worker_that_hangs_loses_the_job_before_the_thaw(
    demo: SimulatedCluster, tmp_path: Path
) -> None:
    submit(tmp_path, profile(demo), {"Doc": "DocCopy"})
    async with worker(tmp_path) as one:
        await one.says("frozen")
        await one.says("holds")
        os.kill(one.process.pid, signal.SIGSTOP)
        await thawed_and_noted(demo, tmp_path)
        os.kill(one.process.pid, signal.SIGCONT)
        said = await one.says("broken")
        assert "thawed by another process" in said


async def test_freeze_ends_at_its_limit_though_the_worker_lives(
    demo: SimulatedCluster, tmp_path: Path
) -> None:
    submit(tmp_path, profile(demo), {"Doc": "DocCopy"}, freeze_limit_s=5.0)
    async with worker(tmp_path, silence=60) as one:
        await one.says("frozen")
        took = await until(lambda: frozen_shards(demo) == 0)
        assert took < 5 + 3 + 3
        await one.says("broken")
    with Database.open(tmp_path) as database, database.reading() as read:
        texts = [event.text for event in events.before(read, job_of(tmp_path))]
    assert any("the limit of the freeze has passed" in text for text in texts)


async def test_thaw_is_heard_while_the_worker_is_busy_under_the_freeze(
    demo: SimulatedCluster, tmp_path: Path
) -> None:
    async with frozen(demo, tmp_path) as run:
        with run.work.database.transaction() as tx:
            control.ask(tx, run.job, "say", {"word": "thaw"}, who="anna")
        await asyncio.sleep(4)
        # Not in a phase in which the worker hears it by itself.
        assert frozen_shards(demo) == SHARDS
        await run.enter(Phase.FINAL_DELTA)
        await thawed_and_noted(demo, tmp_path)
        with run.work.reading() as read:
            assert control.still_open(read, run.job) == []
            texts = [event.text for event in events.before(read, run.job)]
        assert any("anna said so" in text for text in texts)


async def test_dead_watchdog_is_replaced(demo: SimulatedCluster, tmp_path: Path) -> None:
    async with frozen(demo, tmp_path) as run:
        first = watchdog_pid(tmp_path)
        os.kill(first, signal.SIGKILL)
        await until(lambda: not Path(f"/proc/{first}").exists())
        await freeze.holds(run)
        assert watchdog_pid(tmp_path) != first
        assert frozen_shards(demo) == SHARDS


async def test_watchdog_that_is_told_to_end_thaws_first(
    demo: SimulatedCluster, tmp_path: Path
) -> None:
    async with frozen(demo, tmp_path) as run:
        os.kill(watchdog_pid(tmp_path), signal.SIGTERM)
        await thawed_and_noted(demo, tmp_path)
        with pytest.raises(NotFrozen):
            await freeze.holds(run)


async def test_without_a_watchdog_nothing_is_frozen(
    demo: SimulatedCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "MODULE", "elysiadash.no_such_watchdog")
    submit(tmp_path, profile(demo), {"Doc": "DocCopy"})
    revision = demo.model.revision
    async with running(tmp_path) as run:
        with pytest.raises(NotFrozen, match=r"not ready.*no_such_watchdog"):
            await freeze.freeze(run)
    assert owed(tmp_path) == []
    assert demo.model.revision == revision


async def test_both_dead_is_shown_and_thawed_by_hand(
    demo: SimulatedCluster, tmp_path: Path
) -> None:
    submit(tmp_path, profile(demo), {"Doc": "DocCopy"})
    async with worker(tmp_path, silence=60) as one:
        await one.says("frozen")
        os.kill(watchdog_pid(tmp_path), signal.SIGKILL)
        os.kill(one.process.pid, signal.SIGKILL)
        await one.process.wait()
    left = owed(tmp_path)[0]
    assert (left.cluster, left.collections, left.how) == ("prod", ("Doc",), "readonly")
    await until(lambda: owed(tmp_path)[0].is_forgotten)
    said = await asyncio.to_thread(thaw_now, tmp_path, left.job, "anna")
    assert said == (f"{SHARDS} shards are READY again",)
    assert frozen_shards(demo) == 0
    assert owed(tmp_path) == []
    assert await asyncio.to_thread(thaw_now, tmp_path, left.job, "anna") == ()


async def test_next_worker_thaws_what_it_finds_before_it_freezes_anew(
    demo: SimulatedCluster, tmp_path: Path
) -> None:
    submit(tmp_path, profile(demo), {"Doc": "DocCopy"})
    async with worker(tmp_path, silence=60) as one:
        await one.says("frozen")
        os.kill(one.process.pid, signal.SIGKILL)
        await one.process.wait()
    before = noted_mark(tmp_path)
    async with running(tmp_path) as run:
        # The dead one had not said that it stands: nothing is known of what happened since.
        run.checkpoint = type(run.checkpoint)()
        await freeze.freeze(run)
        assert noted_mark(tmp_path) != before
        # The old watchdog, however late, can only put back the freeze that it watched.
        assert not put_back(run.work.database, run.job, before, "late")
        assert owed(tmp_path) != []
        await freeze.thaw(run, "test")
    assert frozen_shards(demo) == 0


async def test_next_worker_goes_on_with_a_freeze_that_holds(
    demo: SimulatedCluster, tmp_path: Path
) -> None:
    submit(tmp_path, profile(demo), {"Doc": "DocCopy"})
    async with worker(tmp_path, silence=60) as one:
        await one.says("holds")
        os.kill(one.process.pid, signal.SIGKILL)
        await one.process.wait()
    before = noted_mark(tmp_path)
    async with running(tmp_path) as run:
        await freeze.freeze(run)
        assert noted_mark(tmp_path) == before
        await freeze.thaw(run, "test")
    assert frozen_shards(demo) == 0


def noted_mark(state: Path) -> str:
    with Database.open(state) as database, database.reading() as read:
        found = noted.noted(read, job_of(state))
    assert found is not None
    return found.undo.mark


async def test_error_midway_thaws_what_was_frozen(demo: SimulatedCluster, tmp_path: Path) -> None:
    submit(tmp_path, profile(demo), {"Doc": "DocCopy"})
    async with running(tmp_path) as run:
        # The probe is answered as if writes were taken.
        demo.faults.add(Fault(kind="status", status=204, body="", route="DELETE /v1/objects/*"))
        with pytest.raises(NotFrozen, match="probe"):
            await freeze.freeze(run)
    assert frozen_shards(demo) == 0
    assert owed(tmp_path) == []


async def test_cluster_that_does_not_answer_is_thawed_when_it_does(
    demo: SimulatedCluster, tmp_path: Path
) -> None:
    submit(tmp_path, profile(demo), {"Doc": "DocCopy"})
    async with worker(tmp_path, silence=2) as one:
        await one.says("frozen")
        demo.faults.add(Fault(kind="status", status=503, route="/v1/nodes*", until=7.0))
        os.kill(one.process.pid, signal.SIGKILL)
        await one.process.wait()
        await asyncio.sleep(5)
        assert frozen_shards(demo) == SHARDS
        await thawed_and_noted(demo, tmp_path, 25)


async def test_watchdog_ends_when_another_has_thawed(
    demo: SimulatedCluster, tmp_path: Path
) -> None:
    async with frozen(demo, tmp_path) as run:
        demo.faults.add(Fault(kind="status", status=503, route="/v1/nodes*", until=6.0))
        os.kill(watchdog_pid(tmp_path), signal.SIGTERM)
        await asyncio.sleep(2)
        assert watchdogs(tmp_path)
        for shard in demo.model.collections["Doc"].shards.values():
            shard.frozen.clear()
        assert put_back(run.work.database, run.job, noted_mark(tmp_path), "test", "anna")
        await until(lambda: not watchdogs(tmp_path))


async def test_job_that_is_gone_is_thawed(demo: SimulatedCluster, tmp_path: Path) -> None:
    submit(tmp_path, profile(demo), {"Doc": "DocCopy"})
    async with worker(tmp_path, silence=2) as one:
        await one.says("frozen")
        for name in ("jobs.db", "jobs.db-wal", "jobs.db-shm"):
            (tmp_path / name).unlink(missing_ok=True)
        await until(lambda: frozen_shards(demo) == 0)
        await until(lambda: not watchdogs(tmp_path))


async def test_restart_of_a_node_is_seen(demo: SimulatedCluster, tmp_path: Path) -> None:
    async with frozen(demo, tmp_path) as run:
        demo.faults.add(Fault(kind="restart", node="node-1", seconds=0.2))
        await asyncio.sleep(1.0)
        with pytest.raises(NotFrozen, match=r"node-1"):
            await freeze.holds(run)


async def test_new_tenant_and_activated_tenant_are_seen(
    demo: SimulatedCluster, tmp_path: Path
) -> None:
    async with frozen(demo, tmp_path, "Rooms") as run:
        assert frozen_shards(demo, "Rooms") == 2
        await freeze.holds(run)
        await ask(demo, "POST", "/v1/schema/Rooms/tenants", [{"name": "late"}])
        with pytest.raises(NotFrozen, match="tenants came"):
            await freeze.holds(run)
    assert frozen_shards(demo, "Rooms") == 0


async def test_shard_thawed_by_somebody_else_is_seen(
    demo: SimulatedCluster, tmp_path: Path
) -> None:
    async with frozen(demo, tmp_path) as run:
        shard = next(iter(demo.model.collections["Doc"].shards))
        await ask(demo, "PUT", f"/v1/schema/Doc/shards/{shard}", {"status": "READY"})
        with pytest.raises(NotFrozen, match=shard):
            await freeze.holds(run)


async def test_shard_that_was_read_only_before_stays_so(
    demo: SimulatedCluster, tmp_path: Path
) -> None:
    shard = next(iter(demo.model.collections["Doc"].shards))
    await ask(demo, "PUT", f"/v1/schema/Doc/shards/{shard}", {"status": "READONLY"})
    async with frozen(demo, tmp_path):
        assert frozen_shards(demo) == SHARDS
    assert frozen_shards(demo) == 1


async def test_one_replica_on_a_lying_release_is_never_frozen_by_shards(
    demo: SimulatedCluster, tmp_path: Path
) -> None:
    submit(tmp_path, profile(demo), {"Single": "SingleCopy"})
    revision = demo.model.revision
    async with running(tmp_path) as run:
        with pytest.raises(Waits, match="SUCCESS there and stores nothing"):
            await freeze.choose(run)
        run.spec = type(run.spec)(
            source=run.spec.source, target=run.spec.target, collections=run.spec.collections,
            freeze=Freeze.READONLY,
        )  # fmt: skip
        with pytest.raises(NotFrozen, match="SUCCESS there and stores nothing"):
            await freeze.freeze(run)
    assert demo.model.revision == revision
    assert owed(tmp_path) == []


async def test_writers_that_are_said_to_be_stopped_and_write_are_seen(
    demo: SimulatedCluster, tmp_path: Path
) -> None:
    submit(tmp_path, profile(demo), {"Single": "SingleCopy"}, freeze=Freeze.STOPPED)

    async def write(count: int) -> None:
        for number in range(count):
            objects = [{"class": "Single", "properties": {"t": str(number)}}]
            await ask(demo, "POST", "/v1/batch/objects", {"objects": objects})
            await asyncio.sleep(0.1)

    async with running(tmp_path) as run:
        with pytest.raises(Waits, match="stopped"):
            await freeze.freeze(run)
        run.checkpoint = type(run.checkpoint)(answers={"stopped": True})
        writing = asyncio.create_task(write(30))
        with pytest.raises(NotFrozen, match="not stopped"):
            await freeze.freeze(run)
        await writing
        found = await freeze.freeze(run)
        assert found.how is Freeze.STOPPED
        assert owed(tmp_path) == []
        await freeze.holds(run)
        await write(1)
        with pytest.raises(NotFrozen, match="somebody writes all the same"):
            await freeze.holds(run)
        await freeze.thaw(run, "test")
