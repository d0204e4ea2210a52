"""Events, dead letters, steps and leases of a job."""

from __future__ import annotations

from pathlib import Path

import pytest

from elysiadash.jobs import claims, dead_letters, events, outcomes, pool, steps
from elysiadash.jobs.errors import NotPossible, SecretInSpec
from elysiadash.jobs.steps import StepState
from tests.unit.jobs.given import HandClock, opened, running, taken


def test_events_are_followed_and_paged_back(tmp_path: Path) -> None:
    clock = HandClock()
    with opened(tmp_path, clock) as jobs:
        job, claim = running(jobs)
        other, _ = running(jobs)
        with jobs.reading() as read:
            last = events.after(read, job.id)[-1].id
        for number in range(10):
            # Order is that of writing, whatever the clock does.
            clock.jump(-5)
            with claims.held(jobs, claim) as tx:
                events.note(tx, job.id, "page", f"page {number}", data={"n": number})
        with jobs.reading() as read:
            first = events.after(read, job.id, last, limit=6)
            assert [event.data["n"] for event in first] == [0, 1, 2, 3, 4, 5]
            more = events.after(read, job.id, first[-1].id)
            assert [event.data["n"] for event in more] == [6, 7, 8, 9]
            back = events.before(read, job.id, limit=4)
            assert [event.data["n"] for event in back] == [9, 8, 7, 6]
            assert [event.data["n"] for event in events.before(read, job.id, back[-1].id, 1)] == [5]
            assert {event.kind for event in events.after(read, other.id)} == {"state"}


def test_events_are_bounded_and_carry_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "KEPT", 100)
    with opened(tmp_path) as jobs:
        job, claim = running(jobs)
        with claims.held(jobs, claim) as tx:
            for number in range(500):
                events.note(tx, job.id, "page", f"page {number}")
            events.note(tx, job.id, "x", "sent Bearer abcdefghij", data={"h": ["Bearer abcdefghi"]})
        with jobs.reading() as read:
            kept = events.after(read, job.id, limit=1000)
        assert 100 <= len(kept) <= 164
        assert "abcdefghij" not in kept[-1].text + str(kept[-1].data)
        assert kept[-2].text == "page 499"


def test_a_dead_letter_is_one_however_often_it_is_written(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        job, claim = running(jobs)
        keys = [number.to_bytes(16) for number in range(5)]
        for _ in range(3):
            with claims.held(jobs, claim) as tx:
                for key in keys:
                    dead_letters.put(tx, key, "int too large", detail="n = 2^63-1", tenant="a")
                dead_letters.put(tx, keys[0], "int too large", tenant="a", generation=1)
                dead_letters.put(tx, keys[0], "transform raised", tenant="b")
        with jobs.reading() as read:
            assert dead_letters.count(read, job.id) == 6
            assert dead_letters.by_reason(read, job.id) == {
                "int too large": 6,
                "transform raised": 1,
            }
            first = dead_letters.page(read, job.id, limit=4)
            rest = dead_letters.page(read, job.id, after=first[-1].id)
        assert [letter.object for letter in first] == keys[:4]
        assert [(letter.tenant, letter.generation) for letter in rest] == [
            ("a", 0),
            ("a", 1),
            ("b", 0),
        ]
        with claims.held(jobs, claim) as tx:
            assert dead_letters.settle(tx, keys[0], tenant="a") == 2
            assert dead_letters.settle(tx, keys[0], tenant="a") == 0
        with jobs.reading() as read:
            assert dead_letters.count(read, job.id) == 5
            settled = dead_letters.page(read, job.id, settled=True)
        assert sum(letter.settled is not None for letter in settled) == 2
        with claims.held(jobs, claim) as tx:
            dead_letters.put(tx, keys[0], "int too large again", tenant="a")
        with jobs.reading() as read:
            assert dead_letters.count(read, job.id) == 6


def test_steps_go_on_where_a_crash_left_them(tmp_path: Path) -> None:
    clock = HandClock()
    with opened(tmp_path, clock) as jobs:
        job, claim = running(jobs)
        plan = [("create", "create the backup"), ("restore", "restore it")]
        with claims.held(jobs, claim) as tx:
            steps.plan(tx, job.id, plan)
            steps.begin(tx, "create", data={"id": "b1"})
        clock.pass_by(31)
        claim = taken(jobs, "w2")
        with claims.held(jobs, claim) as tx:
            steps.plan(tx, job.id, plan)
            one, two = steps.of(tx, job.id)
            assert (one.state, one.data, two.state) == (
                StepState.RUNNING,
                {"id": "b1"},
                StepState.WAITING,
            )
            steps.begin(tx, "create")
            steps.end(tx, "create", data={"id": "b1", "size": 7})
            steps.end(tx, "restore", StepState.SKIPPED, reason="the names are taken")
            found = steps.of(tx, job.id)
            assert [step.state for step in found] == [StepState.DONE, StepState.SKIPPED]
            assert found[0].data["size"] == 7
            with pytest.raises(NotPossible, match="no step"):
                steps.end(tx, "dance")
            with pytest.raises(SecretInSpec):
                steps.begin(tx, "more", data={"password": "hunter2"})


def test_what_is_owed_outlives_its_worker_and_remembers_the_first_undo(tmp_path: Path) -> None:
    clock = HandClock()
    with opened(tmp_path, clock) as jobs:
        job, claim = running(jobs)
        with claims.held(jobs, claim) as tx:
            steps.begin(tx, "activate t1", undo={"tenant": "t1", "was": "COLD"}, owed=True)
        clock.pass_by(31)
        claim = taken(jobs, "w2")
        with claims.held(jobs, claim) as tx:
            # The tenant is HOT by now; that is not how it was.
            again = steps.begin(tx, "activate t1", undo={"tenant": "t1", "was": "HOT"}, owed=True)
            assert again.undo == {"tenant": "t1", "was": "COLD"}
            steps.end(tx, "activate t1")
            with pytest.raises(NotPossible, match="not put back yet"):
                steps.begin(tx, "activate t1", undo={}, owed=True)
            outcomes.fail(tx, "host lost")
        with jobs.reading() as read:
            (owed,) = steps.owed(read)
            assert (owed.job, owed.name) == (job.id, "activate t1")
        with jobs.transaction() as tx:
            assert steps.put_back(tx, job.id, "activate t1", who="the watchdog")
            assert not steps.put_back(tx, job.id, "activate t1", who="anna")
            assert steps.owed(tx) == steps.owed(tx, job.id) == []
            assert steps.get(tx, job.id, "activate t1").state is StepState.UNDONE
            assert "put back by the watchdog" in events.before(tx, job.id)[0].text


def test_a_debt_says_how_it_is_paid(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        _, claim = running(jobs)
        with claims.held(jobs, claim) as tx, pytest.raises(ValueError, match="how to put it back"):
            steps.begin(tx, "freeze", owed=True)


def test_places_on_a_host_are_shared_by_all_jobs(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        _, one = running(jobs)
        _, two = running(jobs)
        with claims.held(jobs, one) as tx:
            mine = pool.take(tx, "prod-0", 8, places=6)
            assert mine is not None
            assert mine.places == 6
        with claims.held(jobs, two) as tx:
            rest = pool.take(tx, "prod-0", 8, places=6)
            assert rest is not None
            assert rest.places == 2
            assert pool.take(tx, "prod-0", 8) is None
            assert pool.take(tx, "prod-1", 8) is not None
            # Another's lease is not ours to give back.
            pool.give_back(tx, mine)
            assert pool.in_use(tx, "prod-0") == 8
        with claims.held(jobs, one) as tx:
            left = pool.give_back(tx, mine, 4)
            assert left is not None
            assert pool.in_use(tx, "prod-0") == 4
            assert pool.give_back(tx, left) is None
            assert pool.in_use(tx, "prod-0") == 2
            with pytest.raises(ValueError, match="cannot give back"):
                pool.give_back(tx, left, 9)


@pytest.mark.parametrize("how", ["silent", "finish", "pause", "give_back"])
def test_a_lease_ends_with_its_holders_claim(tmp_path: Path, how: str) -> None:
    clock = HandClock()
    with opened(tmp_path, clock) as jobs:
        _, claim = running(jobs)
        with claims.held(jobs, claim) as tx:
            lease = pool.take(tx, "prod-0", 4, places=4)
            assert lease is not None
        if how == "silent":
            clock.pass_by(31)
        else:
            with claims.held(jobs, claim) as tx:
                getattr(outcomes, how)(tx)
        _, other = running(jobs, priority=1)
        with claims.held(jobs, other) as tx:
            assert pool.in_use(tx, "prod-0") == 0
            assert pool.take(tx, "prod-0", 4, places=4) is not None
