"""Two workers never run one job, whatever the clocks and the workers do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
)

from elysiadash.jobs import claims, control, events, outcomes, processes, queue, ranges, steps
from elysiadash.jobs.claims import MOST_CRASHES, Claim
from elysiadash.jobs.errors import ClaimLost
from elysiadash.jobs.job import JobState
from elysiadash.jobs.keyspace import evenly
from elysiadash.jobs.limits import Limits
from tests.unit.jobs.given import (
    HERE,
    MANY,
    THERE,
    HandClock,
    now,
    opened,
    running,
    submitted,
    taken,
)


def test_priority_goes_before_age_and_nothing_is_taken_twice(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        old, young = submitted(jobs), submitted(jobs)
        urgent = submitted(jobs, priority=5)
        order = [taken(jobs).job for _ in range(3)]
        assert order == [urgent.id, old.id, young.id]
        assert claims.claim_next(jobs, "w2", limits=MANY) is None


def test_a_worker_takes_only_kinds_it_knows(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        submitted(jobs, kind="rebalance")
        copy = submitted(jobs, kind="copy")
        assert taken(jobs, kinds=["copy", "backup"]).job == copy.id
        assert claims.claim_next(jobs, "w1", kinds=["copy"]) is None
        assert claims.claim_next(jobs, "w1", kinds=[]) is None


def test_a_postponed_one_waits_for_its_time(tmp_path: Path) -> None:
    clock = HandClock()
    with opened(tmp_path, clock) as jobs:
        job = submitted(jobs, not_before=clock.wall() + 60)
        assert claims.claim_next(jobs, "w1") is None
        with jobs.reading() as read:
            assert claims.outlook(read) == claims.Outlook(0, clock.wall() + 60, 0)
        clock.jump(61)
        assert taken(jobs).job == job.id
        assert now(jobs, job.id).not_before is None


def test_jobs_side_by_side_on_a_cluster_are_limited(tmp_path: Path) -> None:
    clock = HandClock()
    limit = Limits(jobs_per_cluster=1)
    with opened(tmp_path, clock) as jobs:
        both = submitted(jobs, clusters=(HERE, THERE), priority=9)
        submitted(jobs, clusters=(HERE,), priority=8)
        submitted(jobs, clusters=(THERE,), priority=7)
        free = submitted(jobs, clusters=())
        first = taken(jobs, limits=limit)
        assert first.job == both.id
        assert taken(jobs, limits=limit).job == free.id
        assert claims.claim_next(jobs, "w2", limits=limit) is None
        with claims.held(jobs, first) as tx:
            outcomes.finish(tx)
        assert taken(jobs, limits=limit) != taken(jobs, limits=limit)


def test_a_dead_workers_place_on_a_cluster_is_free(tmp_path: Path) -> None:
    clock = HandClock()
    limit = Limits(jobs_per_cluster=1)
    with opened(tmp_path, clock) as jobs:
        dead, _ = running(jobs, clusters=(HERE,))
        urgent = submitted(jobs, clusters=(HERE,), priority=9)
        clock.pass_by(31)
        assert taken(jobs, "w2", limits=limit).job == urgent.id
        # And it is not gone: its turn comes.
        assert claims.claim_next(jobs, "w3", limits=limit) is None
        assert taken(jobs, "w3", limits=Limits(jobs_per_cluster=2)).job == dead.id


def test_the_silent_one_loses_its_claim_and_every_write(tmp_path: Path) -> None:
    clock = HandClock()
    with opened(tmp_path, clock) as jobs:
        job, slow = running(jobs)
        with jobs.transaction() as tx:
            ranges.add(tx, job.id, evenly(4))
        clock.pass_by(29)
        assert claims.claim_next(jobs, "w2") is None
        claims.beat(jobs, slow)
        clock.pass_by(29)
        assert claims.claim_next(jobs, "w2") is None
        clock.pass_by(2)
        next_one = taken(jobs, "w2")
        assert (next_one.job, next_one.token) == (job.id, slow.token + 1)
        with pytest.raises(ClaimLost, match="taken over by w2"):
            claims.beat(jobs, slow)
        with pytest.raises(ClaimLost), claims.held(jobs, slow) as tx:
            outcomes.finish(tx)
        assert now(jobs, job.id).state is JobState.RUNNING
        with claims.held(jobs, next_one) as tx:
            outcomes.finish(tx, ending="VERIFIED")
        with pytest.raises(ClaimLost, match="is DONE"):
            claims.beat(jobs, next_one)
        with jobs.reading() as read:
            words = [event.text for event in events.after(read, job.id)]
        assert any("taken over from w1" in text and "silent for 31 s" in text for text in words)


@pytest.mark.parametrize("jump", [-86_400.0, 86_400.0])
def test_a_wall_clock_that_jumps_kills_and_keeps_nobody(tmp_path: Path, jump: float) -> None:
    clock = HandClock()
    with opened(tmp_path, clock) as jobs:
        job, claim = running(jobs)
        clock.jump(jump)
        assert claims.claim_next(jobs, "w2") is None
        claims.beat(jobs, claim)
        clock.pass_by(31)
        assert taken(jobs, "w2").job == job.id


@pytest.mark.parametrize("jump", [-3600.0, 0.0, 31.0])
def test_after_a_new_start_of_the_machine_the_wall_clock_counts(
    tmp_path: Path, jump: float
) -> None:
    clock = HandClock()
    with opened(tmp_path, clock) as jobs:
        job, _ = running(jobs)
        with jobs.transaction() as tx:
            tx.run("UPDATE claims SET boot = 'another', place = 'another'")
        clock.steady_now = 5.0
        clock.jump(jump)
        found = claims.claim_next(jobs, "w2")
        if jump == 0.0:
            assert found is None, "it may live on another machine"
        else:
            assert found is not None
            assert found.job == job.id


def test_a_killed_process_is_known_to_be_gone_at_once(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib, time\n"
        "from elysiadash.jobs import claims\n"
        "from tests.unit.jobs.given import opened\n"
        "jobs = opened(pathlib.Path(sys.argv[1]))\n"
        "print(claims.claim_next(jobs, 'other').job, flush=True)\n"
        "time.sleep(60)\n"
    )
    with opened(tmp_path) as jobs:
        job = submitted(jobs)
        words = [sys.executable, "-c", program, str(tmp_path)]
        other = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert other.stdout is not None
        with other, other.stdout:
            assert other.stdout.readline().strip() == job.id
            with jobs.reading() as read:
                found = claims.holder(read, job.id)
            assert found is not None
            assert (found.process.pid, found.gone, found.dead()) == (other.pid, False, False)
            assert claims.claim_next(jobs, "w1") is None
            other.send_signal(signal.SIGKILL)
            # Not reaped: a zombie is no worker.
            os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
            with jobs.reading() as read:
                found = claims.holder(read, job.id)
            assert found is not None
            assert found.gone
            assert taken(jobs).job == job.id


def test_a_pid_that_was_given_again_is_another_process() -> None:
    us = processes.this_process()
    assert not processes.is_gone(us)
    same_pid = processes.Process(us.pid, "1", us.boot, us.place)
    assert processes.is_gone(same_pid)
    elsewhere = processes.Process(us.pid, "1", us.boot, "another container")
    assert not processes.is_gone(elsewhere), "what cannot be seen is not known to be gone"


def test_workers_that_only_die_over_a_job_give_it_up(tmp_path: Path) -> None:
    clock = HandClock()
    with opened(tmp_path, clock) as jobs:
        job, _ = running(jobs)
        for number in range(1, MOST_CRASHES):
            clock.pass_by(31)
            claim = taken(jobs)
            assert now(jobs, job.id).crashes == number
        clock.pass_by(31)
        assert claims.claim_next(jobs, "w1") is None
        given_up = now(jobs, job.id)
        assert (given_up.state, given_up.ending) == (JobState.FAILED, "CRASHED")
        assert f"{MOST_CRASHES} workers in a row" in str(given_up.reason)
        with pytest.raises(ClaimLost):
            claims.beat(jobs, claim)
        with jobs.transaction() as tx:
            control.ask(tx, job.id, "resume")
        assert taken(jobs).job == job.id


def test_a_job_that_gets_on_may_crash_for_ever(tmp_path: Path) -> None:
    clock = HandClock()
    with opened(tmp_path, clock) as jobs:
        job, claim = running(jobs)
        for number in range(3 * MOST_CRASHES):
            with claims.held(jobs, claim) as tx:
                outcomes.enter(tx, f"PHASE {number}", checkpoint={"number": number})
            clock.pass_by(31)
            claim = taken(jobs)
        assert now(jobs, job.id).checkpoint == {"number": 3 * MOST_CRASHES - 1}


def test_of_a_dead_worker_a_paused_job_rests_unless_it_owes(tmp_path: Path) -> None:
    clock = HandClock()
    with opened(tmp_path, clock) as jobs:
        resting, _ = running(jobs)
        owing, claim = running(jobs)
        with claims.held(jobs, claim) as tx:
            steps.begin(tx, "freeze", undo={"thaw": "s1"}, owed=True)
        with jobs.transaction() as tx:
            for job in (resting, owing):
                control.ask(tx, job.id, "pause")
        clock.pass_by(31)
        claim = taken(jobs, "w2")
        assert claim.job == owing.id, "its engine must thaw first"
        assert claims.claim_next(jobs, "w2") is None
        paused = now(jobs, resting.id)
        assert (paused.state, paused.pausing) == (JobState.PAUSED, False)
        assert now(jobs, owing.id).pausing


def test_what_is_cancelled_goes_first_and_waits_for_nothing(tmp_path: Path) -> None:
    clock = HandClock()
    limit = Limits(jobs_per_cluster=1)
    with opened(tmp_path, clock) as jobs:
        job, claim = running(jobs, clusters=(HERE,))
        with claims.held(jobs, claim) as tx:
            outcomes.give_back(tx, not_before=clock.wall() + 3600)
        submitted(jobs, clusters=(HERE,), priority=9)
        taken(jobs, limits=limit)
        with jobs.transaction() as tx:
            control.ask(tx, job.id, "cancel")
        assert now(jobs, job.id).cancelling
        claim = taken(jobs, limits=limit)
        assert claim.job == job.id
        with claims.held(jobs, claim) as tx:
            outcomes.cancelled(tx)
        assert now(jobs, job.id).state is JobState.CANCELLED


def test_a_watchdog_takes_a_job_from_a_worker_that_is_only_slow(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        job, slow = running(jobs)
        with claims.held(jobs, slow) as tx:
            steps.begin(tx, "freeze", undo={"thaw": "s1"}, owed=True)
        with jobs.transaction() as tx:
            steps.put_back(tx, job.id, "freeze", who="watchdog")
            assert claims.revoke(tx, job.id, who="watchdog", reason="silent for 30 s")
            assert not claims.revoke(tx, job.id, who="watchdog", reason="silent for 30 s")
        with pytest.raises(ClaimLost, match="is QUEUED"):
            claims.beat(jobs, slow)
        assert taken(jobs, "w2").token == slow.token + 1


class Workers(RuleBasedStateMachine):
    """Workers that come, go, sleep and wake up too late; the model knows who may write."""

    claims = Bundle("claims")

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.clock = HandClock()
        self.jobs = opened(Path(self.folder.name), self.clock)
        self.rank: dict[str, tuple[int, int]] = {}
        self.waiting: dict[str, float] = {}
        self.holding: dict[str, Claim] = {}
        self.heard: dict[str, float] = {}
        self.tokens: dict[str, list[int]] = {}

    def teardown(self) -> None:
        if hasattr(self, "jobs"):
            self.jobs.close()
            self.folder.cleanup()

    def dead(self, job: str) -> bool:
        return self.clock.steady() - self.heard[job] > claims.PATIENCE_S

    @rule(priority=st.integers(-2, 2), later=st.sampled_from([None, 0.0, 40.0]))
    def submit(self, priority: int, later: float | None) -> None:
        not_before = None if later is None else self.clock.wall() + later
        job = submitted(self.jobs, priority=priority, not_before=not_before)
        self.rank[job.id] = (-priority, len(self.rank))
        self.waiting[job.id] = not_before or 0.0

    @rule(target=claims, worker=st.sampled_from(["w1", "w2"]))
    def claim(self, worker: str) -> Any:
        free = [job for job, at in self.waiting.items() if at <= self.clock.wall()]
        free += [job for job in self.holding if self.dead(job)]
        claim = claims.claim_next(self.jobs, worker, limits=MANY)
        given_up = [job for job in self.holding if now(self.jobs, job).ending == "CRASHED"]
        for job in given_up:
            del self.holding[job]
            free.remove(job)
        if claim is None:
            assert not free
            return multiple()
        assert claim.job == min(free, key=self.rank.__getitem__)
        assert claim.token > max(self.tokens.setdefault(claim.job, [0]))
        self.tokens[claim.job].append(claim.token)
        self.waiting.pop(claim.job, None)
        self.holding[claim.job] = claim
        self.heard[claim.job] = self.clock.steady()
        return claim

    @rule(claim=claims, end=st.sampled_from(["no", "no", "finish", "give_back", "pause"]))
    def write(self, claim: Claim, end: str) -> None:
        if self.holding.get(claim.job) != claim:
            with pytest.raises(ClaimLost), claims.held(self.jobs, claim):
                pass
            return
        with claims.held(self.jobs, claim) as tx:
            if end != "no":
                getattr(outcomes, end)(tx)
        self.heard[claim.job] = self.clock.steady()
        if end != "no":
            del self.holding[claim.job]
        if end == "give_back":
            self.waiting[claim.job] = 0.0

    @rule(seconds=st.sampled_from([1.0, 20.0, 31.0]))
    def pass_by(self, seconds: float) -> None:
        self.clock.pass_by(seconds)

    @rule(seconds=st.sampled_from([-1e6, -40.0, 40.0, 1e6]))
    def jump(self, seconds: float) -> None:
        self.clock.jump(seconds)

    @invariant()
    def every_running_job_has_its_one_holder(self) -> None:
        if not hasattr(self, "jobs"):
            return
        with self.jobs.reading() as read:
            found = {job: one.claim for job, one in claims.holders(read).items()}
            states = {job.id: job.state for job in queue.newest(read)}
        assert found == self.holding
        assert {job for job, state in states.items() if state is JobState.RUNNING} == set(found)


TestWorkers = Workers.TestCase
TestWorkers.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
