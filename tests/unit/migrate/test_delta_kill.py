"""A worker that dies at any transaction of a generation, before its commit or after it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from elysiadash.jobs import folder
from elysiadash.jobs.claims import Claim, Claimed
from elysiadash.jobs.database import Database
from elysiadash.jobs.work import Work
from elysiadash.migrate import deletes, delta
from elysiadash.migrate.delta import catch_up
from elysiadash.migrate.run import Run
from tests.unit.jobs.given import opened
from tests.unit.migrate.two_ends import Killed, TwoEnds, a_run, beside, copied, in_ledger, key


class Dying:
    """Lets the n-th transaction be the last: not committed, or just committed."""

    def __init__(self, patch: pytest.MonkeyPatch, at: int, *, committed: bool) -> None:
        self.count = 0
        held = Work.held

        @contextmanager
        def counted(work: Work) -> Iterator[Claimed]:
            self.count += 1
            mine = self.count
            if mine > at:
                raise Killed
            with held(work) as tx:
                yield tx
                if mine == at and not committed:
                    raise Killed
            if mine == at:
                raise Killed

        patch.setattr(Work, "held", counted)


def _resumed(jobs: Database, claim: Claim) -> Run:
    run = a_run(jobs, claim)
    with jobs.reading() as read:
        folder.recover(read, run.work.folder(), run.job)
    return run


@pytest.mark.parametrize("committed", [False, True])
def test_p5_a_kill_at_every_transaction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:
    monkeypatch.setattr(delta, "_BATCH", 2)
    monkeypatch.setattr(deletes, "_CHUNK", 2)
    at, died = 0, True
    while died:
        at += 1
        with opened(tmp_path / str(at)) as jobs:
            died = _one(jobs, at, committed=committed)
    # It went through all of them, and the last one lived.
    assert at > 15


def _one(jobs: Database, at: int, *, committed: bool) -> bool:
    """Whether the worker died at that transaction."""
    ends = TwoEnds()
    for number in range(8):
        ends.put(key(number), "first")
    ends.now += 10
    run = a_run(jobs)
    claim = run.work.claim
    copied(run, pieces=2)
    asyncio.run(catch_up(run, 1, ends=ends))
    assert len(ends.target) == 8
    for number in (0, 1, 2, 9):
        ends.source.pop(key(number), None)
    for number in (3, 10, 11, 12):
        ends.put(key(number), "second")
    ends.now += 10
    died = False
    with pytest.MonkeyPatch.context() as patch:
        Dying(patch, at, committed=committed)
        try:
            asyncio.run(catch_up(_resumed(jobs, claim), 2, ends=ends))
        except Killed:
            died = True
    # While nobody works on it, one that was just written is deleted, and one comes anew.
    ends.source.pop(key(11))
    ends.put(key(1), "again")
    ends.now += 10
    asyncio.run(catch_up(_resumed(jobs, claim), 2, ends=ends))
    run = _resumed(jobs, claim)
    asyncio.run(catch_up(run, 3, ends=ends))
    assert ends.target == {one: value for one, (_, value) in ends.source.items()}
    assert set(in_ledger(run)) == set(ends.source)
    assert beside(run) == []
    checkpoint = run.checkpoint
    assert checkpoint.deleted == sum(one.deleted for one in checkpoint.generations)
    return died
