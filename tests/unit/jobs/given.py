"""Jobs to test with: a file of their own, and clocks that are moved by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from elysiadash.jobs import claims, queue
from elysiadash.jobs.claims import Claim
from elysiadash.jobs.clock import Clock
from elysiadash.jobs.database import Database
from elysiadash.jobs.job import ClusterUse, Job, NewJob
from elysiadash.jobs.limits import Limits

HERE = ClusterUse("prod", "http://prod:8080", ("prod-0", "prod-1"))
THERE = ClusterUse("next", "https://next", ("next-0",))
MANY = Limits(jobs_per_cluster=1000)


class HandClock:
    """Wall and steady time stand still until they are moved; only wall time may go back."""

    def __init__(self, wall: float = 1_796_040_000.0) -> None:
        self.wall_now = wall
        self.steady_now = 1_000.0

    def wall(self) -> float:
        return self.wall_now

    def steady(self) -> float:
        return self.steady_now

    def pass_by(self, seconds: float) -> None:
        self.wall_now += seconds
        self.steady_now += seconds

    def jump(self, seconds: float) -> None:
        self.wall_now += seconds


def opened(folder: Path, clock: Clock | None = None) -> Database:
    """The jobs of a folder; quick, since no power is cut here."""
    database = Database.open(folder, clock=clock)
    database._connection.execute("PRAGMA synchronous=OFF")
    return database


def new(**changes: Any) -> NewJob:
    fields: dict[str, Any] = {"kind": "copy", "title": "copy a to b", "spec": {"from": "a"}}
    return NewJob(**{**fields, **changes})


def submitted(database: Database, **changes: Any) -> Job:
    with database.transaction() as tx:
        return queue.submit(tx, new(**changes), who="anna")


def taken(database: Database, worker: str = "w1", **how: Any) -> Claim:
    claim = claims.claim_next(database, worker, limits=how.pop("limits", MANY), **how)
    assert claim is not None
    return claim


def running(database: Database, **changes: Any) -> tuple[Job, Claim]:
    job = submitted(database, **changes)
    claim = taken(database)
    assert claim.job == job.id
    return job, claim


def now(database: Database, job: str) -> Job:
    with database.reading() as read:
        return queue.get(read, job)
