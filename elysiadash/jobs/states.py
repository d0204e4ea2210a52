"""The one place where a job's state changes, and with it that of its parents."""

from __future__ import annotations

from collections.abc import Collection

from elysiadash.config.redaction import redact
from elysiadash.jobs import events
from elysiadash.jobs.database import Transaction
from elysiadash.jobs.errors import NoSuchJob, NotPossible
from elysiadash.jobs.job import JobState

_S = JobState

ALLOWED: dict[JobState, frozenset[JobState]] = {
    _S.QUEUED: frozenset({_S.RUNNING, _S.PAUSED, _S.FAILED, _S.CANCELLED}),
    _S.RUNNING: frozenset({_S.QUEUED, _S.PAUSED, _S.DONE, _S.FAILED, _S.CANCELLED}),
    # Running out of PAUSED and FAILED is for cleaning up after a cancel.
    _S.PAUSED: frozenset({_S.QUEUED, _S.RUNNING, _S.CANCELLED}),
    _S.FAILED: frozenset({_S.QUEUED, _S.RUNNING, _S.CANCELLED}),
    _S.DONE: frozenset(),
    _S.CANCELLED: frozenset(),
}


def change(
    tx: Transaction,
    job: str,
    state: JobState,
    *,
    ending: str | None = None,
    reason: str | None = None,
) -> None:
    """Bring a job into another state, note it as an event, and roll its parents up.

    Raises ``NoSuchJob``, and ``NotPossible`` for a change that is not in ``ALLOWED``.
    """
    row = tx.one("SELECT state, parent FROM jobs WHERE id = ?", job)
    if row is None:
        raise NoSuchJob(f"there is no job {job}")
    before = JobState(row[0])
    if state not in ALLOWED[before]:
        raise NotPossible(f"job {job} is {before} and cannot become {state}")
    words = None if reason is None else redact(reason)
    tx.run(
        "UPDATE jobs SET state = ?, ending = ?, reason = ?, ended = ? WHERE id = ?",
        state, ending, words, tx.now if state.ended else None, job,
    )  # fmt: skip
    if state is JobState.RUNNING:
        tx.run("UPDATE jobs SET started = coalesce(started, ?) WHERE id = ?", tx.now, job)
    text = f"{before} → {state}" + (f" ({ending})" if ending else "")
    events.note(
        tx, job, "state", f"{text}: {words}" if words else text,
        severity="warning" if state is JobState.FAILED else "info",
    )  # fmt: skip
    if state is _S.CANCELLED:
        _stop_waiting(tx, job)
    if row[1] is not None:
        roll_up(tx, row[1])


def _stop_waiting(tx: Transaction, cancelled: str) -> None:
    """What was to start once a job is done rests where that will never be."""
    waiting = tx.rows(
        "SELECT id, is_parent FROM jobs WHERE after = ? AND state = 'QUEUED'", cancelled
    )
    for job, is_parent in waiting:
        if not is_parent:
            reason = f"job {cancelled}, which it waits for, was cancelled; resume it to go without"
            change(tx, job, _S.PAUSED, reason=reason)


def roll_up(tx: Transaction, parent: str | None) -> None:
    """Make a parent's state, and its parent's, what its children's are."""
    while parent is not None:
        states = [
            JobState(state)
            for (state,) in tx.rows("SELECT state FROM jobs WHERE parent = ? ORDER BY seq", parent)
        ]
        state = rolled_up(states)
        tx.run(
            "UPDATE jobs SET state = ?, reason = ?,"
            " started = coalesce(started, (SELECT min(started) FROM jobs WHERE parent = ?)),"
            " ended = CASE WHEN ? THEN coalesce(ended, ?) END WHERE id = ?",
            state, _reason(states), parent, state.ended, tx.now, parent,
        )  # fmt: skip
        if state is _S.CANCELLED:
            _stop_waiting(tx, parent)
        found = tx.one("SELECT parent FROM jobs WHERE id = ?", parent)
        parent = found[0] if found else None


def rolled_up(states: Collection[JobState]) -> JobState:
    """A parent's state: the worst of its children once all have ended, else what moves."""
    kinds = set(states)
    going = {state for state in kinds if not state.ended}
    if not kinds:
        return _S.QUEUED
    if going == {_S.PAUSED}:
        return _S.PAUSED
    if _S.RUNNING in going or (going and going != kinds and _S.QUEUED in going):
        return _S.RUNNING
    if going:
        return _S.QUEUED
    return next(state for state in (_S.FAILED, _S.CANCELLED, _S.DONE) if state in kinds)


def _reason(states: Collection[JobState]) -> str | None:
    failed = sum(state is _S.FAILED for state in states)
    cancelled = sum(state is _S.CANCELLED for state in states)
    parts = [
        f"{count} of {len(states)} jobs {word}"
        for count, word in ((failed, "failed"), (cancelled, "were cancelled"))
        if count
    ]
    return "; ".join(parts) or None
