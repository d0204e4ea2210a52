"""A migration whose worker is killed, over and over: at every transition, and at random moments.

``MIGRATE_KILLS=200 pytest -n 0 tests/faults/test_migrate_kill.py -k random`` kills more than CI.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from elysiadash.config import reference
from elysiadash.config.profile import Addresses, Profile
from elysiadash.demo.cluster import SimulatedCluster, simulated
from elysiadash.jobs import control, dead_letters, queue, steps
from elysiadash.jobs.database import Database
from elysiadash.jobs.job import ClusterUse, Job, JobState
from elysiadash.migrate.phases import Freeze
from elysiadash.migrate.spec import MIGRATE, Spec, Wanted, new_job
from tests.faults.migrate_worker import KILLED
from tests.live.witness import Witness, definition, differences, everything

ROOT = Path(__file__).parents[2]
RANDOM_KILLS = int(os.environ.get("MIGRATE_KILLS", "20"))
OBJECTS = 400
_LIFE_S = 60.0
_LONGEST = 400


class Scene:
    """Two clusters, a witness that writes to the source between two lives, and the job."""

    def __init__(self, state: Path, source: SimulatedCluster, target: SimulatedCluster) -> None:
        self.state = state
        self.source = source
        self.target = target
        self.witness = Witness(source.url, "Doc", dimensions=4)
        self.job = ""
        self.lives = 0

    async def begin(self) -> None:
        async with self.witness._client() as http:
            answer = await http.post("/v1/schema", json=definition("Doc"))
            assert answer.status_code == 200, answer.text
        await self.witness.fill(OBJECTS)
        profiles = [
            Profile(name=name, url=one.url, grpc=one.grpc, nodes=Addresses(named=one.nodes),
                    metrics=Addresses(named=one.metrics), write=True)
            for name, one in (("source", self.source), ("target", self.target))
        ]  # fmt: skip
        spec = Spec(
            source=reference.of(profiles[0]),
            target=reference.of(profiles[1]),
            collections=(Wanted(name="Doc", target="Doc"),),
            freeze=Freeze.STOPPED,
            after="thaw",
        )
        uses = tuple(ClusterUse(one.name, one.url) for one in profiles)
        with Database.open(self.state) as jobs, jobs.transaction() as tx:
            self.job = queue.submit(tx, new_job(MIGRATE, spec, uses)).id

    def now(self) -> Job:
        with Database.open(self.state, check=True) as jobs, jobs.reading() as read:
            return queue.get(read, self.job)

    async def live(self, *words: str, longest: float = _LIFE_S) -> int | None:
        """One worker's life; its exit code, None where it was killed by us."""
        self.lives += 1
        assert self.lives < _LONGEST, f"it does not get on: {self.now().phase}"
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.faults.migrate_worker", str(self.state), *words,
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        with contextlib.suppress(TimeoutError):
            return await asyncio.wait_for(process.wait(), longest)
        process.kill()
        await process.wait()
        return None

    async def between(self) -> None:
        """What happens to the source while nobody works, as long as writers may write."""
        if self.now().checkpoint.get("answers", {}).get("stopped"):
            return
        async with self.witness._client() as http:
            for _ in range(3):
                await self.witness._one(http, set())

    def answer(self) -> None:
        """Say that the writers were stopped, where that is asked."""
        job = self.now()
        assert job.state is JobState.PAUSED, job.reason
        with Database.open(self.state) as jobs, jobs.transaction() as tx:
            choices = job.checkpoint["choices"]
            control.ask(tx, self.job, "say", {"word": choices[0]})
            control.ask(tx, self.job, "resume")

    async def check(self) -> None:
        """Nothing is lost, nothing is owed, and the word for it is true."""
        job = self.now()
        assert (job.state, job.ending) == (JobState.DONE, "VERIFIED"), job.reason
        with Database.open(self.state) as jobs, jobs.reading() as read:
            assert dead_letters.count(read, self.job) == 0
            assert steps.owed(read, self.job) == []
        there = await everything(self.target.url, "Doc")
        assert self.witness.wrong(there) == []
        assert differences(await everything(self.source.url, "Doc"), there) == {}


@asynccontextmanager
async def scene(state: Path) -> AsyncIterator[Scene]:
    async with simulated("empty", traffic=False) as source, simulated("empty", traffic=False) as to:
        made = Scene(state, source, to)
        await made.begin()
        yield made


@pytest.mark.slow
async def test_a_kill_at_every_persisted_transition_loses_nothing(tmp_path: Path) -> None:
    async with scene(tmp_path) as one:
        while not one.now().state.ended:
            if one.now().state is JobState.PAUSED:
                one.answer()
            await one.live()
            await one.between()
        await one.check()
    killed = (tmp_path / KILLED).read_text().split()
    assert len(killed) == len(set(killed)) >= 30
    phases = {where.split(":")[0] for where in killed}
    assert phases >= {"PREPARE", "COPY", "DELTA", "PROVE", "FREEZE", "FINAL_DELTA", "CUT_OVER"}


@pytest.mark.slow
async def test_kills_at_random_moments_lose_nothing(tmp_path: Path) -> None:
    chance, kills = random.Random(5), 0
    number = 0
    while kills < RANDOM_KILLS:
        number += 1
        async with scene(tmp_path / str(number)) as one:
            while not one.now().state.ended:
                if one.now().state is JobState.PAUSED:
                    one.answer()
                # The last life of a scene may take as long as it needs.
                longest = chance.uniform(0.8, 4.0) if kills < RANDOM_KILLS else _LIFE_S
                if await one.live("random", longest=longest) is None:
                    kills += 1
                await one.between()
            await one.check()
