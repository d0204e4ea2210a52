"""How a worker says how far it is, and how it lets go of a job: each is one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from elysiadash.jobs import control, events, states
from elysiadash.jobs.claims import Claimed, drop
from elysiadash.jobs.job import JobState
from elysiadash.jobs.specs import encode


def enter(
    tx: Claimed, phase: str, *, checkpoint: Mapping[str, Any] | None = None, text: str = ""
) -> None:
    """Begin a phase, in the engine's own word, and keep what is needed to go on from there."""
    tx.run("UPDATE jobs SET phase = ? WHERE id = ?", phase, tx.job)
    if checkpoint is not None:
        save(tx, checkpoint)
    events.note(tx, tx.job, "phase", f"{phase}: {text}" if text else phase)
    tx.got_on()


def save(tx: Claimed, checkpoint: Mapping[str, Any]) -> None:
    """Keep what the engine needs to go on after a crash. Raises ``SecretInSpec``."""
    tx.run("UPDATE jobs SET checkpoint = ? WHERE id = ?", encode(checkpoint), tx.job)


def expect(tx: Claimed, objects: int | None) -> None:
    """Say how many objects there are to do, None for not known (any more)."""
    tx.run("UPDATE jobs SET expected = ? WHERE id = ?", objects, tx.job)


def finish(tx: Claimed, *, ending: str | None = None, reason: str | None = None) -> None:
    """The job is done."""
    _end(tx, JobState.DONE, ending, reason)


def fail(tx: Claimed, reason: str, *, ending: str | None = None) -> None:
    """The job cannot go on; a person may resume it."""
    _end(tx, JobState.FAILED, ending, reason)


def cancelled(tx: Claimed, *, ending: str | None = None, reason: str = "asked for") -> None:
    """The job was cancelled and has put back what it had to."""
    control.settle(tx, tx.job, ("cancel",), "cancelled", tx.claim.worker)
    _end(tx, JobState.CANCELLED, ending, reason)


def pause(tx: Claimed, reason: str = "asked for") -> None:
    """Let the job rest until a person resumes it."""
    drop(tx, tx.job)
    states.change(tx, tx.job, JobState.PAUSED, reason=reason)
    _apply_rest(tx)


def give_back(tx: Claimed, *, not_before: float | None = None) -> None:
    """Put the job back into the queue: postponed, or because the worker has to end.

    A wish to postpone is applied, one to pause makes it rest.
    """
    drop(tx, tx.job)
    wishes = control.still_open(tx, tx.job)
    tx.run("UPDATE jobs SET not_before = ? WHERE id = ?", not_before, tx.job)
    if any(wish.verb == "pause" for wish in wishes):
        states.change(tx, tx.job, JobState.PAUSED, reason="asked for")
    else:
        states.change(tx, tx.job, JobState.QUEUED)
    _apply_rest(tx)


def _apply_rest(tx: Claimed) -> None:
    """Do the wishes that a resting job takes; a cancel, or a word to the engine, stays open."""
    worker = tx.claim.worker
    for wish in control.still_open(tx, tx.job):
        if wish.verb in ("priority", "rate"):
            control.apply(tx, wish)
        elif wish.verb == "postpone":
            tx.run("UPDATE jobs SET not_before = ? WHERE id = ?", wish.value, tx.job)
            control.settle(tx, tx.job, ("postpone",), "postponed", worker)
        elif wish.verb == "pause":
            control.settle(tx, tx.job, ("pause",), "paused", worker)


def _end(tx: Claimed, state: JobState, ending: str | None, reason: str | None) -> None:
    drop(tx, tx.job)
    tx.run("UPDATE jobs SET crashes = 0 WHERE id = ?", tx.job)
    states.change(tx, tx.job, state, ending=ending, reason=reason)
    for wish in control.still_open(tx, tx.job):
        control.settle(tx, tx.job, (wish.verb,), f"too late: {state}", tx.claim.worker)
