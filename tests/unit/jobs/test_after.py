"""A job that comes after another waits for it to be done, and rests where that will never be."""

from __future__ import annotations

from pathlib import Path

import pytest

from elysiadash.jobs import claims, control, outcomes, queue
from elysiadash.jobs.claims import Claim
from elysiadash.jobs.database import Database
from elysiadash.jobs.errors import NoSuchJob, NotPossible
from elysiadash.jobs.job import JobState
from tests.unit.jobs.given import MANY, new, now, opened, submitted, taken


@pytest.fixture
def jobs(tmp_path: Path) -> Database:
    return opened(tmp_path)


def end(jobs: Database, claim: Claim, how: str) -> None:
    with claims.held(jobs, claim) as tx:
        outcomes.finish(tx) if how == "done" else outcomes.fail(tx, "no more room")


def test_it_starts_when_the_other_is_done(jobs: Database) -> None:
    first = submitted(jobs)
    # Though its turn would be sooner.
    second = submitted(jobs, after=first.id, priority=9)
    assert now(jobs, second.id).after == first.id
    claim = taken(jobs)
    assert claim.job == first.id
    assert claims.claim_next(jobs, "w1", limits=MANY) is None
    with jobs.reading() as read:
        assert claims.outlook(read).waiting == 0
    end(jobs, claim, "done")
    assert taken(jobs).job == second.id


def test_it_waits_while_the_other_has_failed_and_may_be_resumed(jobs: Database) -> None:
    first = submitted(jobs)
    second = submitted(jobs, after=first.id)
    end(jobs, taken(jobs), "failed")
    assert claims.claim_next(jobs, "w1", limits=MANY) is None
    with jobs.transaction() as tx:
        with pytest.raises(NotPossible, match=f"{second.id} waits for {first.id}"):
            queue.forget(tx, first.id)
        control.ask(tx, first.id, "resume")
    end(jobs, taken(jobs), "done")
    assert taken(jobs).job == second.id


def test_it_rests_where_the_other_was_cancelled_and_a_person_lets_it_go(jobs: Database) -> None:
    first = submitted(jobs)
    second = submitted(jobs, after=first.id)
    third = submitted(jobs, after=second.id)
    with jobs.transaction() as tx:
        control.ask(tx, first.id, "cancel")
    found = now(jobs, second.id)
    assert (found.state, found.after) == (JobState.PAUSED, first.id)
    assert found.reason is not None
    assert first.id in found.reason
    assert now(jobs, third.id).state is JobState.QUEUED
    with jobs.transaction() as tx:
        control.ask(tx, second.id, "resume")
    assert taken(jobs).job == second.id


def test_a_cancelled_one_is_no_longer_waited_for_by_others_of_it(jobs: Database) -> None:
    first = submitted(jobs)
    second = submitted(jobs, after=first.id)
    with jobs.transaction() as tx:
        control.ask(tx, second.id, "cancel")
    assert now(jobs, second.id).state is JobState.CANCELLED


def test_it_cannot_wait_for_what_will_never_be(jobs: Database) -> None:
    first = submitted(jobs)
    with jobs.transaction() as tx:
        control.ask(tx, first.id, "cancel")
    with pytest.raises(NotPossible, match="was cancelled"):
        submitted(jobs, after=first.id)
    with pytest.raises(NoSuchJob):
        submitted(jobs, after="20990101-0000")


def test_children_wait_with_their_parent_and_a_batch_is_waited_for_as_a_whole(
    jobs: Database,
) -> None:
    first = submitted(jobs)
    with jobs.transaction() as tx:
        batch = queue.submit_batch(tx, new(after=first.id), [new(), new()])
        last = queue.submit(tx, new(after=batch.id))
        assert {child.after for child in queue.children(tx, batch.id)} == {first.id}
    end(jobs, taken(jobs), "done")
    one, two = taken(jobs), taken(jobs)
    end(jobs, one, "done")
    assert claims.claim_next(jobs, "w1", limits=MANY) is None
    end(jobs, two, "done")
    assert taken(jobs).job == last.id


def test_of_a_cancelled_batch_rests_what_waits_for_it(jobs: Database) -> None:
    with jobs.transaction() as tx:
        batch = queue.submit_batch(tx, new(), [new(), new()])
        last = queue.submit(tx, new(after=batch.id))
        control.ask(tx, batch.id, "cancel")
    assert now(jobs, batch.id).state is JobState.CANCELLED
    assert now(jobs, last.id).state is JobState.PAUSED


def test_a_done_one_may_be_forgotten(jobs: Database) -> None:
    first = submitted(jobs)
    second = submitted(jobs, after=first.id)
    end(jobs, taken(jobs), "done")
    with jobs.transaction() as tx:
        queue.forget(tx, first.id)
    assert now(jobs, second.id).after is None
    assert taken(jobs).job == second.id
