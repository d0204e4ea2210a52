"""A parent's state and progress are its children's."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elysiadash.jobs import claims, control, outcomes, progress, queue, ranges, states
from elysiadash.jobs.errors import NoSuchJob, NotPossible
from elysiadash.jobs.job import JobState
from elysiadash.jobs.keyspace import evenly
from tests.unit.jobs.given import new, now, opened, submitted, taken

S = JobState


@pytest.mark.parametrize(
    ("children", "parent"),
    [
        ([], S.QUEUED),
        ([S.QUEUED, S.QUEUED], S.QUEUED),
        ([S.DONE, S.QUEUED], S.RUNNING),
        ([S.RUNNING, S.PAUSED], S.RUNNING),
        ([S.PAUSED, S.DONE], S.PAUSED),
        ([S.PAUSED, S.QUEUED], S.QUEUED),
        ([S.DONE, S.DONE], S.DONE),
        ([S.DONE, S.CANCELLED], S.CANCELLED),
        ([S.DONE, S.CANCELLED, S.FAILED], S.FAILED),
        ([S.FAILED, S.RUNNING], S.RUNNING),
    ],
    ids=str,
)
def test_rolled_up(children: list[JobState], parent: JobState) -> None:
    assert states.rolled_up(children) is parent


@given(st.lists(st.sampled_from(JobState), min_size=1, max_size=6))
def test_a_parent_has_ended_when_all_have_and_is_green_when_all_are(
    children: list[JobState],
) -> None:
    parent = states.rolled_up(children)
    assert parent.ended == all(child.ended for child in children)
    assert (parent is S.DONE) == all(child is S.DONE for child in children)


def test_nothing_leads_out_of_an_end_but_a_resume(tmp_path: Path) -> None:
    assert set(states.ALLOWED) == set(JobState)
    assert {state for state, after in states.ALLOWED.items() if not after} == {S.DONE, S.CANCELLED}
    assert {state for state, after in states.ALLOWED.items() if S.DONE in after} == {S.RUNNING}
    with opened(tmp_path) as jobs:
        job = submitted(jobs)
        with jobs.transaction() as tx:
            with pytest.raises(NotPossible, match="is QUEUED and cannot become DONE"):
                states.change(tx, job.id, S.DONE)
            with pytest.raises(NoSuchJob):
                states.change(tx, "nope", S.DONE)


def test_a_batch_goes_with_its_children_and_its_parents_too(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        with jobs.transaction() as tx:
            top = queue.submit_batch(tx, new(kind="batch"), [])
            batch = queue.submit_batch(
                tx, new(kind="batch"), [new(expected=100), new(expected=300)], parent=top.id
            )
        assert now(jobs, top.id).state is S.QUEUED
        one = taken(jobs)
        with claims.held(jobs, one) as tx:
            ranges.add(tx, one.job, evenly(4))
            for _ in range(4):
                found = ranges.take(tx, 0)
                assert found is not None
                ranges.finish(tx, found, objects=25, bytes=1000, seconds=1.0)
        assert now(jobs, top.id).state is S.RUNNING
        with jobs.reading() as read:
            far = progress.of(read, top.id)
        assert (far.objects, far.expected, far.fraction, far.ranges_done) == (100, 400, 0.25, 4)
        with claims.held(jobs, one) as tx:
            outcomes.finish(tx)
        assert now(jobs, top.id).state is S.RUNNING
        two = taken(jobs)
        with claims.held(jobs, two) as tx:
            outcomes.fail(tx, "gone")
        for parent in (batch, top):
            found_ = now(jobs, parent.id)
            assert (found_.state, found_.ended is not None) == (S.FAILED, True)
        assert now(jobs, batch.id).reason == "1 of 2 jobs failed"
        with jobs.transaction() as tx:
            control.ask(tx, top.id, "resume")
        assert (now(jobs, top.id).state, now(jobs, top.id).ended) == (S.RUNNING, None)
        with claims.held(jobs, taken(jobs)) as tx:
            outcomes.finish(tx)
        assert now(jobs, top.id).state is S.DONE


def test_a_parent_is_never_worked_on_and_a_job_with_work_has_no_children(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        with jobs.transaction() as tx:
            queue.submit_batch(tx, new(), [])
        assert claims.claim_next(jobs, "w1") is None
        job = submitted(jobs)
        with jobs.transaction() as tx, pytest.raises(NotPossible, match="work of its own"):
            queue.submit(tx, new(), parent=job.id)
