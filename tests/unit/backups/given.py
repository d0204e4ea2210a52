"""Backup jobs done by the engine in this process, as the worker does them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from elysiadash.backups import engine
from elysiadash.backups.spec import BackupSpec, new_job
from elysiadash.config import reference
from elysiadash.config.profile import Addresses, Profile
from elysiadash.jobs import claims, events, queue
from elysiadash.jobs.database import Database
from elysiadash.jobs.job import ClusterUse, Job
from elysiadash.jobs.work import Engine
from elysiadash.worker.running import Running


def profile_of(cluster: Any, *, name: str = "here", write: bool = True) -> Profile:
    """A profile of a simulated or a real cluster."""
    return Profile(name=name, url=cluster.url, nodes=Addresses(named=cluster.nodes), write=write)


def submitted(state: Path, kind: str, profile: Profile, **what: Any) -> Job:
    """A job in the queue."""
    spec = BackupSpec(cluster=reference.of(profile), **{"backend": "filesystem", **what})
    with Database.open(state) as database, database.transaction() as tx:
        return queue.submit(tx, new_job(kind, spec, ClusterUse(profile.name, profile.url)))


def work_on(
    state: Path, *, meanwhile: Callable[[Database, Job], None] | None = None, seconds: float = 120.0
) -> Job:
    """Take the next job and do it to its end; ``meanwhile`` is called while it runs."""

    def load(_: str) -> Engine:
        return engine.run

    with Database.open(state) as database:
        claim = claims.claim_next(database, "tests")
        assert claim is not None
        with database.reading() as read:
            job = queue.get(read, claim.job)
        running = Running(database, claim, job.kind, load)
        running.start()
        beating = threading.Event()
        beater = threading.Thread(target=_beat, args=(running, beating), daemon=True)
        beater.start()
        try:
            if meanwhile is not None:
                meanwhile(database, job)
            assert running.join(seconds), "the job did not end"
        finally:
            beating.set()
            beater.join()
        with database.reading() as read:
            return queue.get(read, job.id)


def done(state: Path, kind: str, profile: Profile, **what: Any) -> Job:
    """A job that was put in and worked on to its end."""
    submitted(state, kind, profile, **what)
    return work_on(state)


def told(state: Path, job: Job) -> list[str]:
    """What was told of a job."""
    with Database.open(state) as database, database.reading() as read:
        return [one.text for one in events.after(read, job.id, limit=1000)]


def until(look: Callable[[], Any], seconds: float = 20.0) -> Any:
    """The first answer that is something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


def _beat(running: Running, enough: threading.Event) -> None:
    while not enough.wait(1.0):
        running.beat()
