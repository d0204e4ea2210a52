"""Who works on a job. A claim is one worker's leave to write, until another takes the job over.

Every claim of a job has a higher token than the one before. What a worker writes goes through
``held``, which looks at the token inside the same transaction: a worker that was taken for dead
and was only slow cannot write a single row any more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from elysiadash import __version__
from elysiadash.jobs import control, events, states
from elysiadash.jobs.database import Database, Reading, Transaction
from elysiadash.jobs.errors import ClaimLost
from elysiadash.jobs.job import JobState
from elysiadash.jobs.limits import Limits
from elysiadash.jobs.processes import Process, is_gone, this_process
from elysiadash.jobs.queue import clusters

PATIENCE_S = 30.0
"""A worker that was silent for longer is taken for dead; it should be heard six times as often."""
MOST_CRASHES = 10
"""Workers in a row that end without a word and without getting on, before a job is given up."""


class Claim(msgspec.Struct, frozen=True, gc=False):
    """The leave to work on a job. Plain data: may be given to a pool's processes."""

    job: str
    token: int
    worker: str


class Holder(msgspec.Struct, frozen=True, gc=False):
    """Who has a job, as seen by whoever asks."""

    claim: Claim
    process: Process
    taken: float
    """Wall time."""
    silent_s: float
    """Seconds since it was last heard."""
    gone: bool
    """Its process has ended, as far as can be seen from here."""

    def dead(self, patience: float = PATIENCE_S) -> bool:
        """Whether another may take over."""
        # A time far in the future is a clock that was put back: no sign of life either.
        return self.gone or abs(self.silent_s) > patience


class Outlook(msgspec.Struct, frozen=True, gc=False):
    """What there is to do, for a worker that considers to end."""

    waiting: int
    """Jobs that could be claimed now or when a place gets free; not those that wait for another
    job."""
    next_at: float | None
    """Wall time at which the next postponed one may start."""
    running: int
    """Jobs in somebody's hands."""


class Claimed(Transaction):
    """A transaction of the worker that holds the claim; made by ``held`` only."""

    def __init__(self, database: Database, tx: Transaction, claim: Claim) -> None:
        super().__init__(database, tx._connection)
        self.now = tx.now
        self.claim = claim

    @property
    def job(self) -> str:
        """The job that is worked on."""
        return self.claim.job

    def got_on(self) -> None:
        """Note that work was done: a job that gets on may crash again tomorrow."""
        self.run("UPDATE jobs SET crashes = 0 WHERE id = ? AND crashes > 0", self.job)


@contextmanager
def held(database: Database, claim: Claim) -> Iterator[Claimed]:
    """Write as the worker of a job; also its sign of life. Raises ``ClaimLost``."""
    with database.transaction() as tx:
        changed = tx.run(
            "UPDATE claims SET beat_steady = ?, beat_wall = ? WHERE job = ? AND token = ?",
            tx.clock.steady(), tx.now, claim.job, claim.token,
        )  # fmt: skip
        if not changed:
            raise ClaimLost(_how_lost(tx, claim))
        yield Claimed(database, tx, claim)


def beat(database: Database, claim: Claim) -> None:
    """Say that the worker lives, at least every few seconds. Raises ``ClaimLost``."""
    with held(database, claim):
        pass


def holder(read: Reading, job: str) -> Holder | None:
    """Who has the job; None when nobody has."""
    rows = _holders(read, "WHERE job = ?", job)
    return rows[0] if rows else None


def holders(read: Reading) -> dict[str, Holder]:
    """Who has which job."""
    return {found.claim.job: found for found in _holders(read, "")}


def outlook(
    read: Reading, *, kinds: Collection[str] | None = None, patience: float = PATIENCE_S
) -> Outlook:
    """What there is to do for a worker that knows these kinds (None: all)."""
    waiting, later, running = 0, list[float](), 0
    alive = {job for job, found in holders(read).items() if not found.dead(patience)}
    for one in _candidates(read, kinds):
        if one.job in alive:
            running += 1
        elif one.waits_for_job and not one.cancelling:
            continue
        elif one.not_before is not None and one.not_before > read.now and not one.cancelling:
            later.append(one.not_before)
        else:
            waiting += 1
    return Outlook(waiting, min(later, default=None), running)


def claim_next(
    database: Database,
    worker: str,
    *,
    limits: Limits | None = None,
    kinds: Collection[str] | None = None,
    patience: float = PATIENCE_S,
) -> Claim | None:
    """Take the next job, or one whose worker died; None when there is nothing to do now.

    Cancelled jobs that have something to clean up go first, then by priority, then by age. A job
    waits for its ``not_before``, for the job that it comes ``after`` to be done, and for a place on
    each of its clusters. Of a dead worker, one
    that was asked to pause is paused instead, unless it has something to put back.
    """
    with database.transaction() as tx:
        return _claim_next(tx, worker, limits or Limits(), kinds, patience)


class _Candidate(msgspec.Struct, frozen=True, gc=False):
    job: str
    state: JobState
    not_before: float | None
    crashes: int
    waits_for_job: bool
    pausing: bool
    cancelling: bool
    owes: bool


def _claim_next(
    tx: Transaction,
    worker: str,
    limits: Limits,
    kinds: Collection[str] | None,
    patience: float,
) -> Claim | None:
    found = holders(tx)
    alive = {job for job, one in found.items() if not one.dead(patience)}
    in_use: dict[str, int] = {}
    for job in alive:
        for key in {use.key for use in clusters(tx, job)}:
            in_use[key] = in_use.get(key, 0) + 1
    for one in _candidates(tx, kinds):
        if one.job in alive or not _may_start(tx, one, in_use, limits):
            continue
        before = found.get(one.job)
        if before is not None and not _worth_taking_over(tx, one, before):
            continue
        return _take(tx, one, before, worker)
    return None


def _candidates(read: Reading, kinds: Collection[str] | None) -> list[_Candidate]:
    """Jobs that are not resting, in the order of their turn."""
    where, values = "", list[Any]()
    if kinds is not None:
        where = f"AND kind IN ({', '.join('?' * len(kinds))})"
        values = list(kinds)
    rows = read.rows(
        "SELECT id, state, not_before, crashes, waits, pausing, cancelling, owes FROM ("  # noqa: S608
        " SELECT *,"
        " EXISTS (SELECT 1 FROM jobs AS other WHERE other.id = jobs.after"
        "  AND other.state <> 'DONE') AS waits,"
        " EXISTS (SELECT 1 FROM control WHERE job = jobs.id AND applied IS NULL"
        "  AND verb = 'pause') AS pausing,"
        " EXISTS (SELECT 1 FROM control WHERE job = jobs.id AND applied IS NULL"
        "  AND verb = 'cancel') AS cancelling,"
        " EXISTS (SELECT 1 FROM steps WHERE job = jobs.id AND owed = 1) AS owes"
        " FROM jobs WHERE is_parent = 0"
        f" AND state IN ('QUEUED', 'RUNNING', 'PAUSED', 'FAILED') {where})"
        " WHERE state IN ('QUEUED', 'RUNNING') OR cancelling"
        " ORDER BY cancelling DESC, priority DESC, seq",
        *values,
    )
    return [
        _Candidate(row[0], JobState(row[1]), row[2], row[3], *(bool(wish) for wish in row[4:]))
        for row in rows
    ]


def _may_start(tx: Transaction, one: _Candidate, in_use: dict[str, int], limits: Limits) -> bool:
    if one.cancelling:
        return True
    if one.waits_for_job or (one.not_before is not None and one.not_before > tx.now):
        return False
    keys = {use.key for use in clusters(tx, one.job)}
    return all(in_use.get(key, 0) < limits.jobs_per_cluster for key in keys)


def _worth_taking_over(tx: Transaction, one: _Candidate, before: Holder) -> bool:
    """Whether a dead worker's job goes on; else it rests or is given up."""
    if one.pausing and not one.cancelling and not one.owes:
        drop(tx, one.job)
        states.change(tx, one.job, JobState.PAUSED, reason="asked for; the worker had ended")
        control.settle(tx, one.job, ("pause",), "paused: the worker had ended", "elysiadash")
        return False
    if one.crashes + 1 >= MOST_CRASHES:
        drop(tx, one.job)
        control.settle(tx, one.job, ("pause", "cancel"), "given up: it crashed", "elysiadash")
        tx.run("UPDATE jobs SET crashes = 0 WHERE id = ?", one.job)
        states.change(
            tx, one.job, JobState.FAILED, ending="CRASHED",
            reason=f"{MOST_CRASHES} workers in a row ended without a word while working on it;"
            " see the worker's log, then resume it",
        )  # fmt: skip
        return False
    tx.run("UPDATE jobs SET crashes = crashes + 1 WHERE id = ?", one.job)
    how = "its process has ended" if before.gone else f"silent for {abs(before.silent_s):.0f} s"
    events.note(
        tx, one.job, "claim", severity="warning",
        text=f"taken over from {before.claim.worker} (pid {before.process.pid}): {how}",
    )  # fmt: skip
    return True


def _take(tx: Transaction, one: _Candidate, before: Holder | None, worker: str) -> Claim:
    drop(tx, one.job)
    tx.run(
        "UPDATE jobs SET token = token + 1, not_before = NULL, engine_version = ? WHERE id = ?",
        __version__, one.job,
    )  # fmt: skip
    claim = Claim(one.job, tx.number("SELECT token FROM jobs WHERE id = ?", one.job), worker)
    us = this_process()
    tx.insert(
        "INSERT INTO claims (job, token, worker, pid, started, boot, place, taken, beat_steady,"
        " beat_wall) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        claim.job, claim.token, worker, us.pid, us.started, us.boot, us.place, tx.now,
        tx.clock.steady(), tx.now,
    )  # fmt: skip
    if before is None:
        states.change(tx, one.job, JobState.RUNNING)
    return claim


def revoke(tx: Transaction, job: str, *, who: str, reason: str) -> bool:
    """Take a job out of its worker's hands, back into the queue; whether anybody had it.

    For a watchdog that has put something back on which the worker relies: should that only have
    been slow, it must not go on.
    """
    found = holder(tx, job)
    if found is None:
        return False
    drop(tx, job)
    states.change(tx, job, JobState.QUEUED)
    text = f"taken from {found.claim.worker} (pid {found.process.pid}) by {who}: {reason}"
    events.note(tx, job, "claim", text, severity="warning")
    return True


def drop(tx: Transaction, job: str) -> None:
    """End whatever claim there is on a job, with its leases."""
    tx.run("DELETE FROM claims WHERE job = ?", job)
    tx.run("DELETE FROM leases WHERE job = ?", job)


def _holders(read: Reading, where: str, *values: Any) -> list[Holder]:
    rows = read.rows(
        "SELECT job, token, worker, pid, started, boot, place, taken, beat_steady, beat_wall"  # noqa: S608
        f" FROM claims {where}",
        *values,
    )
    here = this_process()
    found = []
    for job, token, worker, pid, started, boot, place, taken, beat_steady, beat_wall in rows:
        process = Process(pid, started, boot, place)
        # Steady time means the same to all of one start of the machine, whatever clocks do.
        same = boot == here.boot
        silent = read.clock.steady() - beat_steady if same else read.now - beat_wall
        found.append(Holder(Claim(job, token, worker), process, taken, silent, is_gone(process)))
    return found


def _how_lost(tx: Transaction, claim: Claim) -> str:
    now = holder(tx, claim.job)
    if now is not None:
        return (
            f"job {claim.job} was taken over by {now.claim.worker} (pid {now.process.pid}); "
            "this worker writes nothing more"
        )
    row = tx.one("SELECT state FROM jobs WHERE id = ?", claim.job)
    return f"job {claim.job} is {row[0] if row else 'gone'}; this worker has no claim on it"
