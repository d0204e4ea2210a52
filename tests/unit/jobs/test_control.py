"""Wishes: done at once where nobody works, read by the worker where somebody does, once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from elysiadash.jobs import claims, control, events, outcomes, queue
from elysiadash.jobs.control import Verb, Wish
from elysiadash.jobs.database import Database
from elysiadash.jobs.errors import NoSuchJob, NotPossible, SecretInSpec
from elysiadash.jobs.job import JobState
from tests.unit.jobs.given import HandClock, new, now, opened, running, submitted, taken


def ask(jobs: Database, job: str, verb: Any, value: Any = None, who: str = "anna") -> Wish:
    with jobs.transaction() as tx:
        return control.ask(tx, job, verb, value, who=who)


def still_open(jobs: Database, job: str) -> list[str]:
    with jobs.reading() as read:
        return [wish.verb for wish in control.still_open(read, job)]


def test_what_waits_is_changed_at_once(tmp_path: Path) -> None:
    clock = HandClock()
    with opened(tmp_path, clock) as jobs:
        job = submitted(jobs)
        for verb, value in (("priority", 7), ("rate", 250.0), ("postpone", clock.wall() + 60)):
            wish = ask(jobs, job.id, verb, value)
            assert (wish.applied, wish.applied_by) == (clock.wall(), "anna")
        found = now(jobs, job.id)
        assert (found.priority, found.rate, found.not_before) == (7, 250.0, clock.wall() + 60)
        ask(jobs, job.id, "pause")
        assert now(jobs, job.id).state is JobState.PAUSED
        assert claims.claim_next(jobs, "w1") is None
        assert ask(jobs, job.id, "pause").outcome == "was paused already"
        ask(jobs, job.id, "resume")
        assert now(jobs, job.id).not_before is None
        assert taken(jobs).job == job.id


def test_a_running_one_is_asked_and_does_it_once(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        job, claim = running(jobs)
        ask(jobs, job.id, "priority", 4)
        ask(jobs, job.id, "rate", 100)
        ask(jobs, job.id, "rate", None)
        assert now(jobs, job.id).priority == 0
        with jobs.reading() as read:
            wishes = control.still_open(read, job.id)
        assert [(wish.verb, wish.value, wish.asked_by, wish.applied) for wish in wishes] == [
            ("priority", 4, "anna", None),
            ("rate", 100, "anna", None),
            ("rate", None, "anna", None),
        ]
        with claims.held(jobs, claim) as tx:
            for wish in wishes:
                control.apply(tx, wish)
        assert (now(jobs, job.id).priority, now(jobs, job.id).rate) == (4, None)
        assert still_open(jobs, job.id) == []
        ask(jobs, job.id, "priority", 9)
        with claims.held(jobs, claim) as tx:
            control.apply(tx, wishes[0])
        assert now(jobs, job.id).priority == 4, "it had been applied before"
        with jobs.reading() as read:
            latest = control.latest(read, job.id)
        assert [wish.applied_by for wish in latest] == [None, "w1", "w1", "w1"]


def test_pause_and_resume_of_a_running_one(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        job, claim = running(jobs)
        first = ask(jobs, job.id, "pause")
        assert ask(jobs, job.id, "pause").id == first.id
        assert now(jobs, job.id).pausing
        assert ask(jobs, job.id, "resume").outcome == "goes on"
        assert not now(jobs, job.id).pausing
        ask(jobs, job.id, "pause")
        with claims.held(jobs, claim) as tx:
            outcomes.pause(tx)
        found = now(jobs, job.id)
        assert (found.state, found.reason, found.pausing) == (JobState.PAUSED, "asked for", False)
        assert claims.claim_next(jobs, "w1") is None
        ask(jobs, job.id, "resume")
        assert taken(jobs).token == claim.token + 1


def test_given_back_while_a_pause_is_asked_it_rests(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        job, claim = running(jobs)
        ask(jobs, job.id, "pause")
        with claims.held(jobs, claim) as tx:
            outcomes.give_back(tx)
        assert now(jobs, job.id).state is JobState.PAUSED
        assert still_open(jobs, job.id) == []


def test_a_running_one_is_postponed_by_giving_it_back(tmp_path: Path) -> None:
    clock = HandClock()
    with opened(tmp_path, clock) as jobs:
        job, claim = running(jobs)
        ask(jobs, job.id, "postpone", clock.wall() + 600)
        ask(jobs, job.id, "priority", 3)
        with claims.held(jobs, claim) as tx:
            outcomes.give_back(tx)
        found = now(jobs, job.id)
        assert (found.state, found.not_before) == (JobState.QUEUED, clock.wall() + 600)
        assert found.priority == 3
        assert still_open(jobs, job.id) == []


def test_cancelling_what_never_began_needs_no_worker(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        for verb in (None, "pause"):
            job = submitted(jobs)
            if verb:
                ask(jobs, job.id, verb)
            ask(jobs, job.id, "cancel")
            assert now(jobs, job.id).state is JobState.CANCELLED
        assert claims.claim_next(jobs, "w1") is None


@pytest.mark.parametrize("ending", ["pause", "give_back", "fail"])
def test_cancelling_what_began_is_the_engines_work(tmp_path: Path, ending: str) -> None:
    with opened(tmp_path) as jobs:
        job, claim = running(jobs)
        with claims.held(jobs, claim) as tx:
            if ending == "fail":
                outcomes.fail(tx, "the target is full")
            else:
                getattr(outcomes, ending)(tx)
        ask(jobs, job.id, "cancel")
        assert now(jobs, job.id).cancelling
        with pytest.raises(NotPossible, match="being cancelled"):
            ask(jobs, job.id, "resume")
        claim = taken(jobs)
        with claims.held(jobs, claim) as tx:
            outcomes.cancelled(tx, ending="ABORTED")
        found = now(jobs, job.id)
        assert (found.state, found.ending) == (JobState.CANCELLED, "ABORTED")
        assert not found.cancelling


def test_a_cleaning_up_that_fails_is_not_tried_for_ever(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        job, claim = running(jobs)
        ask(jobs, job.id, "cancel")
        with claims.held(jobs, claim) as tx:
            outcomes.fail(tx, "cannot thaw")
        assert claims.claim_next(jobs, "w1") is None
        assert not now(jobs, job.id).cancelling


def test_what_came_too_late_says_so(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        job, claim = running(jobs)
        ask(jobs, job.id, "cancel")
        ask(jobs, job.id, "say", {"word": "cut over"})
        with claims.held(jobs, claim) as tx:
            outcomes.finish(tx)
        with jobs.reading() as read:
            outcomes_ = {wish.outcome for wish in control.latest(read, job.id)}
        assert outcomes_ == {"too late: DONE"}
        for verb, value in (("pause", None), ("resume", None), ("cancel", None), ("priority", 1)):
            with pytest.raises(NotPossible, match="is DONE"):
                ask(jobs, job.id, verb, value)


def test_a_failed_one_is_resumed_by_a_person(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        job, claim = running(jobs)
        with claims.held(jobs, claim) as tx:
            outcomes.fail(tx, "Bearer abcdefghijkl was refused", ending="NO ACCESS")
        found = now(jobs, job.id)
        assert (found.state, found.ending) == (JobState.FAILED, "NO ACCESS")
        assert "abcdefghijkl" not in str(found.reason)
        assert found.ended is not None
        ask(jobs, job.id, "resume")
        again = now(jobs, job.id)
        assert (again.state, again.ended, again.reason) == (JobState.QUEUED, None, None)
        assert again.started == found.started


def test_a_word_for_the_engine_stays_until_it_reads_it(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        job, claim = running(jobs)
        with claims.held(jobs, claim) as tx:
            outcomes.pause(tx, "more than 1,000 deletes: replay them?")
        ask(jobs, job.id, "say", {"word": "deletes", "answer": "yes"})
        ask(jobs, job.id, "resume")
        claim = taken(jobs)
        with claims.held(jobs, claim) as tx:
            (wish,) = control.still_open(tx, job.id)
            assert wish.value == {"word": "deletes", "answer": "yes"}
            control.apply(tx, wish, "replayed")
        assert still_open(jobs, job.id) == []


@pytest.mark.parametrize(
    ("verb", "value"),
    [
        ("priority", "high"),
        ("priority", True),
        ("priority", 1.5),
        ("rate", 0),
        ("rate", float("nan")),
        ("rate", float("inf")),
        ("postpone", None),
        ("pause", 1),
        ("say", "thaw"),
        ("dance", None),
    ],
)
def test_senseless_values_are_refused(tmp_path: Path, verb: str, value: object) -> None:
    with opened(tmp_path) as jobs:
        job = submitted(jobs)
        with pytest.raises(ValueError, match="nothing that a job can"):
            ask(jobs, job.id, verb, value)


def test_nobody_tells_secrets_or_unknown_jobs(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        job = submitted(jobs)
        with pytest.raises(SecretInSpec):
            ask(jobs, job.id, "say", {"word": "key", "password": "hunter2"})
        with pytest.raises(NoSuchJob):
            ask(jobs, "20261130-0000", "pause")


def test_what_was_asked_is_an_event(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        job = submitted(jobs)
        ask(jobs, job.id, "priority", 3, who="otto")
        with jobs.reading() as read:
            assert events.before(read, job.id)[0].text == "otto asks: priority 3"


@pytest.mark.parametrize(
    ("verb", "value", "words"),
    [
        ("postpone", 1796168400.0, "postpone to 2026-12-01T23:40:00Z"),
        ("rate", 1500.0, "rate 1,500"),
        ("rate", None, "no rate limit"),
        ("pause", None, "pause"),
    ],
)
def test_its_event_is_in_words_for_people(
    tmp_path: Path, verb: Verb, value: float | None, words: str
) -> None:
    with opened(tmp_path) as jobs:
        job = submitted(jobs)
        ask(jobs, job.id, verb, value, who="otto")
        with jobs.reading() as read:
            texts = [event.text for event in events.before(read, job.id)]
    assert f"otto asks: {words}" in texts


def test_a_parent_passes_it_on_to_those_that_can(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        with jobs.transaction() as tx:
            batch = queue.submit_batch(tx, new(kind="batch"), [new(), new(), new()])
        one, two, three = (f"{batch.id}.{number:03}" for number in (1, 2, 3))
        claim = taken(jobs)
        with claims.held(jobs, claim) as tx:
            outcomes.finish(tx)
        claim = taken(jobs)
        assert (claim.job, now(jobs, one).state) == (two, JobState.DONE)
        wish = ask(jobs, batch.id, "priority", 5)
        assert wish.outcome == "passed on to 2 jobs"
        assert now(jobs, three).priority == now(jobs, batch.id).priority == 5
        ask(jobs, batch.id, "cancel")
        assert now(jobs, three).state is JobState.CANCELLED
        assert now(jobs, two).cancelling
        with claims.held(jobs, claim) as tx:
            outcomes.cancelled(tx)
        assert now(jobs, batch.id).state is JobState.CANCELLED
        with pytest.raises(NotPossible, match="none of the jobs under"):
            ask(jobs, batch.id, "pause")
