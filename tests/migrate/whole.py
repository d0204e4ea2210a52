"""Whole jobs in this process: the worker's engine in a thread, two clusters, and raw requests.

What is written and compared shares no code with the engine (``tests.live.witness``).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest

from elysiadash.config import reference
from elysiadash.config.profile import Addresses, Profile
from elysiadash.jobs import claims, control, dead_letters, events, queue, steps
from elysiadash.jobs.database import Database
from elysiadash.jobs.dead_letters import DeadLetter
from elysiadash.jobs.job import ClusterUse, Job, JobState
from elysiadash.jobs.limits import Limits
from elysiadash.migrate import copying, engine, lanes, opened, report
from elysiadash.migrate.checkpoint import Checkpoint, checkpoint_of
from elysiadash.migrate.executors import ThreadExecutor
from elysiadash.migrate.phases import Freeze
from elysiadash.migrate.spec import MIGRATE, Spec, Wanted, new_job
from elysiadash.migrate.tasks import Bounds
from elysiadash.worker.running import Running
from tests.live.witness import differences, everything

LONGEST_S = 110.0


class Cluster(Protocol):
    """What a simulated and a real cluster have in common."""

    @property
    def url(self) -> str: ...
    @property
    def grpc(self) -> str: ...
    @property
    def nodes(self) -> dict[str, str]: ...
    @property
    def metrics(self) -> dict[str, str]: ...


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads in the place of processes, small pages and slices, little patience between tries."""
    monkeypatch.setattr(lanes, "_executor", lambda run: ThreadExecutor())
    monkeypatch.setattr(lanes, "SETTLING_S", 0.0)
    monkeypatch.setattr(lanes, "_FIRST_WAIT_S", 0.2)
    monkeypatch.setattr(lanes, "_LONGEST_WAIT_S", 0.4)
    monkeypatch.setattr(copying, "Bounds", lambda **how: Bounds(**how, objects=100))
    monkeypatch.setattr(opened, "_PAGE_OBJECTS", 50)


def profile(name: str, at: Cluster, **others: Any) -> Profile:
    """A profile that may write."""
    wanted: dict[str, Any] = {
        "name": name,
        "url": at.url,
        "grpc": at.grpc,
        "nodes": Addresses(named=at.nodes),
        "metrics": Addresses(named=at.metrics),
        "write": True,
    }
    return Profile(**wanted | others)


class Whole:
    """One job between two clusters."""

    def __init__(self, state: Path, source: Cluster, target: Cluster) -> None:
        self.state = state
        self.source = source
        self.target = target
        self.id = ""
        self.stop = threading.Event()
        """Set: the worker has to end."""

    def submit(
        self,
        names: Mapping[str, str] | Iterable[Wanted],
        *,
        kind: str = MIGRATE,
        ends: tuple[Profile, Profile] | None = None,
        **spec: Any,
    ) -> str:
        """Put the job into the queue; its name. Writers are stopped where nothing else is said."""
        source, target = ends or (profile("source", self.source), profile("target", self.target))
        wanted = (
            tuple(Wanted(name=name, target=to) for name, to in names.items())
            if isinstance(names, Mapping)
            else tuple(names)
        )
        given: dict[str, Any] = {
            "source": reference.of(source),
            "target": reference.of(target),
            "collections": wanted,
            "freeze": Freeze.STOPPED,
            "after": "thaw",
        }
        uses = (ClusterUse(source.name, source.url), ClusterUse(target.name, target.url))
        with Database.open(self.state) as jobs, jobs.transaction() as tx:
            self.id = queue.submit(tx, new_job(kind, Spec(**given | spec), uses)).id
        return self.id

    def job(self) -> Job:
        """The job as it stands now."""
        with Database.open(self.state) as jobs, jobs.reading() as read:
            return queue.get(read, self.id)

    def checkpoint(self) -> Checkpoint:
        """What the engine knows now."""
        return checkpoint_of(self.job().checkpoint)

    def events(self, kind: str = "") -> list[str]:
        """What was told, all of it or one kind."""
        with Database.open(self.state) as jobs, jobs.reading() as read:
            return [one.text for one in events.after(read, self.id) if kind in ("", one.kind)]

    def letters(self) -> list[DeadLetter]:
        """The dead letters."""
        with Database.open(self.state) as jobs, jobs.reading() as read:
            return list(dead_letters.page(read, self.id))

    def owed(self) -> list[str]:
        """What has still to be put back."""
        with Database.open(self.state) as jobs, jobs.reading() as read:
            return [one.name for one in steps.owed(read, self.id)]

    def report(self) -> dict[str, Any]:
        """The job's sealed report."""
        name = self.checkpoint().report
        assert name is not None, self.job().reason
        return report.check((self.state / "jobs" / self.id / name).read_bytes())

    def ask(self, verb: Any, value: Any = None) -> None:
        """What a person asks of the job."""
        with Database.open(self.state) as jobs, jobs.transaction() as tx:
            control.ask(tx, self.id, verb, value)

    def answer(self, word: str) -> None:
        """Answer what the job waits for, and let it go on."""
        self.ask("say", {"word": word})
        self.ask("resume")

    async def work(self) -> Job:
        """A worker's hold of the job, from its claim to its letting go."""
        self.stop = threading.Event()

        def live() -> None:
            with Database.open(self.state) as jobs:
                claim = claims.claim_next(jobs, "w", limits=Limits(jobs_per_cluster=9), patience=5)
                assert claim is not None, queue_state(self)
                running = Running(jobs, claim, "migrate", lambda _: engine.run)
                running.stop = self.stop
                running.start()
                while not running.join(0.5):
                    running.beat()

        life = asyncio.create_task(asyncio.to_thread(live))
        done, _ = await asyncio.wait({life}, timeout=LONGEST_S)
        if not done:
            self.stop.set()
            await asyncio.wait({life}, timeout=20)
            raise AssertionError(f"it does not get on: {self.job().phase}: {self.events()[-8:]}")
        await life
        return self.job()

    @asynccontextmanager
    async def working(self) -> AsyncIterator[asyncio.Task[Job]]:
        """A worker that works during the block; it is told to end with it at the latest."""
        task = asyncio.create_task(self.work())
        try:
            yield task
        finally:
            self.stop.set()
            await asyncio.wait([task], timeout=30)

    async def to_its_end(self, **answers: str) -> Job:
        """Workers until the job ended, its questions answered by their keys."""
        given = {"stopped": "stopped", **answers}
        while not (job := self.job()).state.ended:
            if job.state is JobState.PAUSED:
                asked = str(job.checkpoint["asked"])
                assert asked in given, f"asked {asked!r}: {job.reason}"
                self.answer(given[asked])
            await self.work()
        return job

    async def through_the_hold(self) -> None:
        """Do it to its hold, and there say that the application has moved."""
        while self.job().state is not JobState.PAUSED:
            await self.work()
        self.answer("stopped")
        async with self.working() as going:
            await self.until("HELD")
            self.ask("say", {"word": "thaw"})
            await asyncio.wait_for(going, LONGEST_S)

    async def until(self, phase: str) -> None:
        """Wait until it is in a phase."""
        while self.job().phase != phase:
            assert not self.job().state.ended, self.job().reason
            await asyncio.sleep(0.02)

    async def verified(self, names: Mapping[str, str], **answers: str) -> None:
        """Do it to its end: green, nothing owed, and all of the collections equal."""
        job = await self.to_its_end(**answers)
        assert (job.state, job.ending) == (JobState.DONE, "VERIFIED"), job.reason
        assert self.letters() == []
        assert self.owed() == []
        for name, to in names.items():
            await self.same(name, to)

    async def same(self, name: str, to: str, tenant: str = "") -> int:
        """Both sides by raw requests, and nothing different; how many objects."""
        here = await everything(self.source.url, name, tenant=tenant)
        there = await everything(self.target.url, to, tenant=tenant)
        renamed = _beacons(there, to, name) if to != name else there
        assert differences(here, renamed) == {}
        return len(here)


def queue_state(whole: Whole) -> str:
    """Why nothing could be claimed."""
    job = whole.job()
    return f"{job.state}: {job.reason}"


def _beacons(found: Any, name: str, instead: str) -> Any:
    """References as they would be under another name of their collection."""
    if isinstance(found, dict):
        return {
            key: value.replace(f"/{name}/", f"/{instead}/")
            if key in ("beacon", "href") and isinstance(value, str)
            else _beacons(value, name, instead)
            for key, value in found.items()
        }
    if isinstance(found, list):
        return [_beacons(one, name, instead) for one in found]
    return found


async def ask(at: Cluster, verb: str, path: str, body: Any = None, *, ok: bool = True) -> Any:
    """One raw request to a cluster."""
    async with httpx.AsyncClient(base_url=at.url, trust_env=False, timeout=60) as http:
        answer = await http.request(verb, path, json=body)
    assert not ok or answer.status_code < 300, f"{verb} {path}: {answer.text}"
    return answer.json() if answer.content else None


async def put(at: Cluster, objects: list[dict[str, Any]], *, level: str = "ALL") -> None:
    """Write objects, each of them acknowledged."""
    for start in range(0, len(objects), 200):
        some = objects[start : start + 200]
        path = f"/v1/batch/objects?consistency_level={level}"
        for one in await ask(at, "POST", path, {"objects": some}):
            assert one["result"]["status"] == "SUCCESS", one["result"]


async def drop_all(at: Cluster) -> None:
    """Leave the cluster empty."""
    for one in (await ask(at, "GET", "/v1/aliases") or {}).get("aliases") or []:
        await ask(at, "DELETE", f"/v1/aliases/{one['alias']}", ok=False)
    for one in (await ask(at, "GET", "/v1/schema"))["classes"]:
        await ask(at, "DELETE", f"/v1/schema/{one['class']}", ok=False)


@contextmanager
def broken(owner: Any, name: str, by: Callable[..., Any]) -> Iterator[None]:
    """A function of the package that does what a broken one does, during the block."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, by)
        yield
