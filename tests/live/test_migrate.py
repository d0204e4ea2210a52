"""A migration between two real clusters under writers, through the death of worker and target.

``MIGRATE_OBJECTS=100000 pytest -n 0 -s tests/live/test_migrate.py`` for the size that is promised;
CI takes fewer. What was lost is said by ``witness``, which shares no code with the engine.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import httpx
import pytest

from elysiadash.cluster.events.own_writes import folded
from elysiadash.config import reference
from elysiadash.config.profile import Addresses, Profile
from elysiadash.jobs import audit_reader, control, dead_letters, events, queue, steps
from elysiadash.jobs.database import Database
from elysiadash.jobs.job import ClusterUse, Job, JobState
from elysiadash.jobs.launch import launch, stop
from elysiadash.jobs.processes import user_name
from elysiadash.jobs.worker_lock import WorkerLock
from elysiadash.migrate import report
from elysiadash.migrate.phases import Freeze
from elysiadash.migrate.spec import MIGRATE, Spec, Wanted, new_job
from tests.live.witness import Witness, definition, differences, everything
from tests.servers.real import RealCluster, skip_reason

pytestmark = [
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.skipif(skip_reason() is not None, reason=str(skip_reason())),
]

OBJECTS = int(os.environ.get("MIGRATE_OBJECTS", "5000"))
PER_SECOND = float(os.environ.get("MIGRATE_WRITES", "50"))
_ROOT = Path(__file__).parents[2]
_ENV = {**os.environ, "PYTHONPATH": str(_ROOT)}
_LIMIT_S = 240 + OBJECTS / 100


def _profile(name: str, cluster: RealCluster) -> Profile:
    return Profile(
        name=name,
        url=cluster.url,
        grpc=cluster.grpc,
        nodes=Addresses(named=cluster.nodes),
        metrics=Addresses(named=cluster.metrics),
        write=True,
    )


class _Job:
    """The job and its worker, as a person at a terminal has them."""

    def __init__(self, state: Path, source: RealCluster, target: RealCluster) -> None:
        self.state = state
        profiles = (_profile("source", source), _profile("target", target))
        spec = Spec(
            source=reference.of(profiles[0]),
            target=reference.of(profiles[1]),
            collections=(Wanted(name="Doc", target="Doc"),),
            freeze=Freeze.STOPPED,
            after="thaw",
        )
        uses = tuple(ClusterUse(one.name, one.url) for one in profiles)
        with Database.open(state) as jobs, jobs.transaction() as tx:
            self.id = queue.submit(tx, new_job(MIGRATE, spec, uses)).id
        self.seen = 0

    def worker(self) -> int:
        """Start one where none lives; its process."""
        return launch(self.state, env=_ENV).pid

    def kill_worker(self) -> None:
        """kill -9, without its guardian's knowing."""
        note = WorkerLock(self.state).held_by()
        assert note is not None
        os.kill(note.pid, signal.SIGKILL)

    def now(self) -> Job:
        with Database.open(self.state) as jobs, jobs.reading() as read:
            for event in events.after(read, self.id, self.seen):
                print(f"  {event.severity:8} {event.kind}: {event.text}", file=sys.stderr)
                self.seen = event.id
            return queue.get(read, self.id)

    def answer(self, word: str) -> None:
        with Database.open(self.state) as jobs, jobs.transaction() as tx:
            control.ask(tx, self.id, "say", {"word": word})
            control.ask(tx, self.id, "resume")

    async def until(self, phase: str) -> Job:
        """The job once it entered a phase."""
        async with asyncio.timeout(_LIMIT_S):
            while True:
                found = self.now()
                if found.phase == phase or found.state.ended:
                    return found
                await asyncio.sleep(0.2)


async def test_online_under_writers_through_a_dead_worker_and_a_restarted_target(
    tmp_path: Path,
) -> None:
    async with RealCluster(1) as source, RealCluster(1) as target:
        witness = Witness(source.url, "Doc")
        async with httpx.AsyncClient(base_url=source.url, trust_env=False) as http:
            answer = await http.post("/v1/schema", json=definition("Doc"))
            assert answer.status_code == 200, answer.text
        await witness.fill(OBJECTS)
        job = _Job(tmp_path, source, target)
        writing = asyncio.create_task(witness.keep_busy(PER_SECOND))
        started = time.monotonic()
        try:
            job.worker()
            await job.until("COPY")
            await asyncio.sleep(1.5)
            job.kill_worker()
            killed = time.monotonic()
            await _goes_on(job)
            print(f"  goes on {time.monotonic() - killed:.1f} s after kill -9", file=sys.stderr)
            await target.restart(target.names[0])
            await _to_its_end(job, witness, writing)
        finally:
            witness.stop()
            await writing
            stop(tmp_path)
        seconds = time.monotonic() - started
        there = await everything(target.url, "Doc")
        assert witness.wrong(there) == []
        assert differences(await everything(source.url, "Doc"), there) == {}
        with Database.open(tmp_path) as jobs, jobs.reading() as read:
            assert dead_letters.count(read, job.id) == 0
            assert steps.owed(read, job.id) == []
        found = job.now()
        assert found.ending == "VERIFIED", found.reason
        _trail(tmp_path, job.id)
        document = (tmp_path / "jobs" / job.id / found.checkpoint["report"]).read_bytes()
        assert report.check(document)["ending"] == "VERIFIED"
        print(
            f"  {OBJECTS:,} objects, {witness.written:,} writes meanwhile, {len(there):,} in the"
            f" end: {seconds:.0f} s",
            file=sys.stderr,
        )


def _trail(state: Path, job: str) -> None:
    """The audit log tells who changed what in which phase, and which objects were deleted."""
    lines = audit_reader.added(state, 0, audit_reader.Wanted(job=job)).lines
    assert {(line.user, line.profile) for line in lines} == {(user_name(), "target")}
    assert {(line.permit or {}).get("phase") for line in lines} >= {"PREPARE", "COPY", "DELTA"}
    assert {line.result for line in lines} >= {"started", "ok"}
    for line in lines:
        if line.verb == "DELETE" and "objects" in line.raw:
            assert len(line.raw["ids"]) == line.raw["objects"] > 0
    told = [event for event in folded(lines) if event.kind == "write.sent"]
    assert len(told) == len({event.after for event in told}), "one event for each phase"


async def _goes_on(job: _Job) -> None:
    """Another worker has the job, and it moves."""
    before = job.now().checkpoint.get("copied", 0)
    async with asyncio.timeout(60):
        while job.now().checkpoint.get("copied", 0) <= before:
            if job.now().phase != "COPY":
                return
            await asyncio.sleep(0.1)


async def _to_its_end(job: _Job, witness: Witness, writing: asyncio.Task[None]) -> None:
    async with asyncio.timeout(_LIMIT_S):
        while not (found := job.now()).state.ended:
            if found.state is JobState.PAUSED:
                asked = found.checkpoint["asked"]
                assert asked in ("stopped",) or asked.startswith("deletes-"), found.reason
                if asked == "stopped":
                    witness.stop()
                    await writing
                job.answer("stopped" if asked == "stopped" else "yes")
                job.worker()
            await asyncio.sleep(0.2)
