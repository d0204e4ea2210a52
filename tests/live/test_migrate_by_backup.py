"""A migration by Weaviate's own backup between real clusters, under writers and a kill -9."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from elysiadash.config import reference
from elysiadash.jobs import dead_letters, queue, steps
from elysiadash.jobs.database import Database
from elysiadash.jobs.job import ClusterUse
from elysiadash.jobs.launch import stop
from elysiadash.jobs.steps import StepState
from elysiadash.migrate import restored
from elysiadash.migrate.phases import Freeze, Strategy
from elysiadash.migrate.spec import MIGRATE, Spec, Wanted, new_job
from tests.live.test_migrate import _Job, _profile, _to_its_end
from tests.live.witness import Witness, definition, differences, everything
from tests.servers.real import RealCluster, skip_reason

pytestmark = [
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.skipif(skip_reason() is not None, reason=str(skip_reason())),
]

OBJECTS = 3000


class _ByBackup(_Job):
    """The same job, by backup."""

    def __init__(self, state: Path, source: RealCluster, target: RealCluster) -> None:
        self.state = state
        profiles = (_profile("source", source), _profile("target", target))
        spec = Spec(
            source=reference.of(profiles[0]),
            target=reference.of(profiles[1]),
            collections=(Wanted(name="Doc", target="Doc"),),
            strategy=Strategy.BACKUP,
            backend="filesystem",
            freeze=Freeze.STOPPED,
            after="thaw",
        )
        uses = tuple(ClusterUse(one.name, one.url) for one in profiles)
        with Database.open(state) as jobs, jobs.transaction() as tx:
            self.id = queue.submit(tx, new_job(MIGRATE, spec, uses)).id
        self.seen = 0


@asynccontextmanager
async def _two(path: Path) -> AsyncIterator[tuple[RealCluster, RealCluster]]:
    env = {"BACKUP_FILESYSTEM_PATH": str(path)}
    async with (
        RealCluster(1, env=env, hostnames=("from-0",)) as source,
        RealCluster(1, env=env, hostnames=("to-0",)) as target,
    ):
        yield source, target


async def _running(job: _Job, name: str) -> None:
    """The step is on its way."""
    async with asyncio.timeout(60):
        while True:
            with Database.open(job.state) as jobs, jobs.reading() as read:
                found = {one.name: one.state for one in steps.of(read, job.id)}
            if found.get(name) is StepState.RUNNING:
                return
            assert name not in found, found
            await asyncio.sleep(0.01)


def _times(found: dict[str, dict[str, Any]], ids: set[str]) -> dict[str, tuple[str, str]]:
    return {
        one: (found[one]["creationTimeUnix"], found[one]["lastUpdateTimeUnix"])
        for one in ids & found.keys()
    }


async def test_by_backup_under_writers_and_a_dead_worker_nothing_is_lost(tmp_path: Path) -> None:
    async with _two(tmp_path / "shared") as (source, target):
        witness = Witness(source.url, "Doc")
        async with httpx.AsyncClient(base_url=source.url, trust_env=False) as http:
            answer = await http.post("/v1/schema", json=definition("Doc"))
            assert answer.status_code == 200, answer.text
        await witness.fill(OBJECTS)
        first = await everything(source.url, "Doc")
        # What was changed within seconds of the backup is copied again, with times of its own.
        await asyncio.sleep(8)
        state = tmp_path / "state"
        job = _ByBackup(state, source, target)
        writing = asyncio.create_task(witness.keep_busy(20))
        try:
            job.worker()
            for step in (restored.BACKUP, restored.RESTORE):
                await _running(job, step)
                job.kill_worker()
            await _to_its_end(job, witness, writing)
        finally:
            witness.stop()
            await writing
            stop(state)
        found = job.now()
        assert found.ending == "VERIFIED", found.reason
        here, there = await everything(source.url, "Doc"), await everything(target.url, "Doc")
        assert witness.wrong(there) == []
        assert differences(here, there) == {}
        # Whoever was not touched since has the times of the source, as no copy can give.
        untouched = {one for one, was in first.items() if here.get(one) == was}
        assert len(untouched) > OBJECTS / 4
        assert _times(there, untouched) == _times(first, untouched)
        with Database.open(state) as jobs, jobs.reading() as read:
            assert dead_letters.count(read, job.id) == 0
            assert steps.owed(read, job.id) == []
        assert any("stays in filesystem" in note for note in found.checkpoint["notes"])
        generation = found.checkpoint["generations"][0]
        assert generation["changed"] < OBJECTS / 2
