"""One worker in this process: what it takes, how it lets go, and what it says of a bad engine."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from elysiadash.jobs import claims, control, events, outcomes, steps
from elysiadash.jobs.database import Database
from elysiadash.jobs.errors import CannotWrite
from elysiadash.jobs.job import Job, JobState
from elysiadash.jobs.limits import Limits
from elysiadash.worker import engines
from elysiadash.worker.main import Worker
from tests.faults.fake_engines import ENGINES
from tests.unit.jobs.given import HERE, now, opened, submitted

S = JobState


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Database]:
    with opened(tmp_path) as database:
        yield database


class AtWork:
    """A worker in a thread."""

    def __init__(self, database: Database, **how: Any) -> None:
        self.told = threading.Event()
        self.worker = Worker(database, self.told, engines=ENGINES, **how)
        self._thread = threading.Thread(target=self.worker.run)

    def __enter__(self) -> AtWork:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.told.set()
        self.ended(10)

    def ended(self, seconds: float) -> bool:
        self._thread.join(seconds)
        return not self._thread.is_alive()


def until(look: Callable[[], Any], seconds: float = 10.0) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


def ended(jobs: Database, job: Job, state: JobState) -> Job:
    return until(lambda: (found := now(jobs, job.id)).state is state and found)  # type: ignore[no-any-return]


def test_it_does_what_is_there_and_what_comes(jobs: Database) -> None:
    first = submitted(jobs, kind="count", spec={"n": 3})
    with AtWork(jobs) as at_work:
        assert ended(jobs, first, S.DONE).ending == "COUNTED"
        second = submitted(jobs, kind="count", spec={"n": 3}, after=first.id)
        ended(jobs, second, S.DONE)
        assert at_work.worker.name.rpartition(":")[2].isdecimal()
        with jobs.reading() as read:
            assert claims.holders(read) == {}


def test_it_ends_when_idle_and_not_while_something_is_postponed(jobs: Database) -> None:
    with AtWork(jobs, idle_s=0.2) as at_work:
        assert at_work.ended(5)
    later = submitted(jobs, kind="count", spec={"n": 1}, not_before=jobs.clock.wall() + 3)
    with AtWork(jobs, idle_s=0.2) as at_work:
        assert not at_work.ended(1.5)
        ended(jobs, later, S.DONE)
        assert at_work.ended(5)
    # What waits for a job that rests does not hold it.
    failed = submitted(jobs, kind="raises")
    submitted(jobs, kind="count", spec={"n": 1}, after=failed.id)
    with AtWork(jobs, idle_s=0.2) as at_work:
        assert at_work.ended(10)
    assert now(jobs, failed.id).state is S.FAILED


def test_told_to_end_it_gives_back_what_it_has(jobs: Database) -> None:
    job = submitted(jobs, kind="count", spec={"n": 1000})
    with AtWork(jobs):
        until(lambda: now(jobs, job.id).checkpoint)
    assert now(jobs, job.id).state is S.QUEUED
    before = now(jobs, job.id).checkpoint["at"]
    with AtWork(jobs):
        until(lambda: now(jobs, job.id).checkpoint["at"] > before)
    assert now(jobs, job.id).crashes == 0


@pytest.mark.parametrize(
    ("verb", "value", "state"),
    [("pause", None, S.PAUSED), ("cancel", None, S.CANCELLED), ("postpone", 4e9, S.QUEUED)],
)
def test_wishes_are_done(jobs: Database, verb: Any, value: Any, state: JobState) -> None:
    job = submitted(jobs, kind="count", spec={"n": 1000})
    with AtWork(jobs):
        until(lambda: now(jobs, job.id).checkpoint)
        with jobs.transaction() as tx:
            control.ask(tx, job.id, verb, value, who="anna")
        found = ended(jobs, job, state)
        assert found.not_before == value
        with jobs.reading() as read:
            assert control.still_open(read, job.id) == []


def test_wishes_are_done_also_when_they_come_out_of_task_groups(jobs: Database) -> None:
    job = submitted(jobs, kind="grouped")
    with AtWork(jobs):
        ended(jobs, job, S.RUNNING)
        with jobs.transaction() as tx:
            control.ask(tx, job.id, "pause", who="anna")
        ended(jobs, job, S.PAUSED)


def test_a_cancelled_one_that_still_owes_has_failed(jobs: Database) -> None:
    tidy = submitted(jobs, kind="owes", spec={"tidy": True})
    untidy = submitted(jobs, kind="owes", spec={})
    with AtWork(jobs):
        for job in (tidy, untidy):
            until(lambda job=job: now(jobs, job.id).state is S.RUNNING)
            with jobs.transaction() as tx:
                control.ask(tx, job.id, "cancel")
        ended(jobs, tidy, S.CANCELLED)
        found = ended(jobs, untidy, S.FAILED)
    assert found.reason == "asked to cancel, and could not put back: freeze"
    with jobs.reading() as read:
        assert [step.job for step in steps.owed(read)] == [untidy.id]


@pytest.mark.parametrize(
    ("kind", "spec", "words", "ending"),
    [
        ("raises", {}, "the target is full; free space there", "FULL"),
        ("raises", {"fault": 1}, "our own fault: KeyError: 'nobody'", None),
        ("forgets", {}, "did not say how the job ended", None),
        ("broken", {}, "cannot be loaded: OSError: a library is missing", None),
        ("secret", {}, "env:NOT_SET_ANYWHERE.*worker --stop", None),
    ],
)
def test_a_bad_engine_costs_its_job_and_says_why(
    jobs: Database, kind: str, spec: dict[str, int], words: str, ending: str | None
) -> None:
    job = submitted(jobs, kind=kind, spec=spec)
    good = submitted(jobs, kind="count", spec={"n": 2})
    with AtWork(jobs):
        found = ended(jobs, job, S.FAILED)
        ended(jobs, good, S.DONE)
    assert found.ending == ending
    assert found.reason is not None
    assert re.search(words, found.reason), found.reason
    with jobs.transaction() as tx:
        control.ask(tx, job.id, "resume")
    with AtWork(jobs):
        ended(jobs, job, S.FAILED)


def test_unknown_kinds_are_left_and_told_once(jobs: Database) -> None:
    strange = [submitted(jobs, kind=kind) for kind in ("optimize", "elsewhere")]
    for _ in range(2):
        with AtWork(jobs, idle_s=0.2) as at_work:
            assert at_work.ended(5)
    for job in strange:
        assert now(jobs, job.id).state is S.QUEUED
        with jobs.reading() as read:
            told = [one.text for one in events.after(read, job.id) if one.kind == "left"]
        assert len(told) == 1
        assert f"no engine for {job.kind}" in told[0]


def test_the_limit_of_jobs_on_a_cluster_holds(jobs: Database) -> None:
    many = [submitted(jobs, kind="count", spec={"n": 8}, clusters=(HERE,)) for _ in range(3)]
    with AtWork(jobs, limits=Limits(jobs_per_cluster=1)):
        seen = 0
        while any(now(jobs, job.id).state is not S.DONE for job in many):
            with jobs.reading() as read:
                seen = max(seen, len(claims.holders(read)))
            time.sleep(0.02)
    assert seen == 1


def test_who_was_taken_for_dead_lets_go(jobs: Database) -> None:
    job = submitted(jobs, kind="count", spec={"n": 1000})
    with AtWork(jobs) as first:
        until(lambda: now(jobs, job.id).checkpoint)
        with jobs.transaction() as tx:
            control.ask(tx, job.id, "pause")
            claims.revoke(tx, job.id, who="watchdog", reason="thawed")
            control.settle(tx, job.id, ("pause",), "x", "x")
            tx.run("UPDATE jobs SET not_before = 4e9 WHERE id = ?", job.id)
        at = now(jobs, job.id).checkpoint["at"]
        until(lambda: all(one.done for one in first.worker._jobs))
        assert now(jobs, job.id).checkpoint["at"] == at
        assert now(jobs, job.id).state is S.QUEUED


def test_a_full_disk_is_waited_for(jobs: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    job = submitted(jobs, kind="raises")
    real, failing = outcomes.fail, [2]

    def full(*words: Any, **more: Any) -> None:
        failing[0] -= 1
        if failing[0] >= 0:
            raise CannotWrite("the disk is full")
        real(*words, **more)

    monkeypatch.setattr(outcomes, "fail", full)
    monkeypatch.setattr("elysiadash.worker.running._AGAIN_S", 0.05)
    with AtWork(jobs):
        assert "target is full" in str(ended(jobs, job, S.FAILED).reason)
    assert failing[0] < 0


def test_heartbeats_go_on_while_an_engine_works(
    jobs: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("elysiadash.worker.main._BEAT_S", 0.05)
    monkeypatch.setattr("elysiadash.worker.main._GRACE_S", 0.2)
    job = submitted(jobs, kind="stubborn")
    with AtWork(jobs):
        ended(jobs, job, S.RUNNING)
        time.sleep(0.6)
        with jobs.reading() as read:
            holder = claims.holder(read, job.id)
        assert holder is not None
        assert holder.silent_s < 0.5
    # It did not come to rest: the claim stays for whoever takes over.
    assert now(jobs, job.id).state is S.RUNNING


def test_the_engines_of_this_release_are_named_by_module_and_function() -> None:
    assert set(engines.known()) <= set(engines.ENGINES)
    for place in engines.ENGINES.values():
        module, _, name = place.partition(":")
        assert module.startswith("elysiadash.")
        assert name.isidentifier()
    for kind in engines.known():
        assert callable(engines.engine_of(kind))
    assert engines.known({"a": "elysiadash.nowhere:run", "b": "no.such.place:run"}) == ()
