"""A job's named steps, and what it still has to put back.

A step that changes something which must not stay (a freeze, an activated tenant) is *owed* from
before its first request until it was put back: what is owed outlives every crash, and any
process can list it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from elysiadash.config.redaction import redact
from elysiadash.jobs import events
from elysiadash.jobs.claims import Claimed
from elysiadash.jobs.database import Reading, Transaction
from elysiadash.jobs.errors import NotPossible
from elysiadash.jobs.specs import Json, decode, encode


class StepState(StrEnum):
    """Where a step stands."""

    WAITING = "WAITING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"
    UNDONE = "UNDONE"


class Step(msgspec.Struct, frozen=True, gc=False):
    """One step. One that is RUNNING under a new claim may have happened or not: read back."""

    job: str
    place: int
    name: str
    title: str
    state: StepState
    data: Json
    undo: Json | None
    """How to put back what it did, in the engine's words."""
    owed: bool
    """Whether that must still happen."""
    reason: str | None
    started: float | None
    ended: float | None


_COLUMNS = "job, place, name, title, state, data, undo, owed, reason, started, ended"


def plan(tx: Transaction, job: str, steps: Sequence[tuple[str, str]]) -> None:
    """Add steps as (name, title), in order. Those that are there already stay as they are."""
    place = tx.number("SELECT max(place) FROM steps WHERE job = ?", job)
    for number, (name, title) in enumerate(steps, place + 1):
        tx.run(
            "INSERT OR IGNORE INTO steps (job, place, name, title, state)"
            " VALUES (?, ?, ?, ?, 'WAITING')",
            job, number, name, title,
        )  # fmt: skip


def begin(
    tx: Claimed,
    name: str,
    *,
    title: str | None = None,
    data: Mapping[str, Any] | None = None,
    undo: Mapping[str, Any] | None = None,
    owed: bool = False,
) -> Step:
    """Begin a step, or begin it again after a crash; committed before its first request.

    An undo that was noted before is kept: it knows how things were before the first try.
    """
    if owed and undo is None:
        raise ValueError(f"step {name} owes something and does not say how to put it back")
    plan(tx, tx.job, [(name, title or name)])
    before = get(tx, tx.job, name)
    if before.state in (StepState.DONE, StepState.SKIPPED) and before.owed:
        raise NotPossible(f"step {name} of job {tx.job} is done and not put back yet")
    kept = before.undo if before.owed else undo
    tx.run(
        "UPDATE steps SET state = 'RUNNING', title = coalesce(?, title),"
        " data = coalesce(?, data), undo = ?, owed = ?, reason = NULL, ended = NULL,"
        " started = ? WHERE job = ? AND name = ?",
        title, None if data is None else encode(data), None if kept is None else encode(kept),
        owed or before.owed, tx.now, tx.job, name,
    )  # fmt: skip
    events.note(tx, tx.job, "step", f"begins: {title or before.title}")
    return get(tx, tx.job, name)


def end(
    tx: Claimed,
    name: str,
    state: StepState = StepState.DONE,
    *,
    reason: str | None = None,
    data: Mapping[str, Any] | None = None,
) -> Step:
    """End a step that was begun. What it owes, it still owes."""
    words = None if reason is None else redact(reason)
    changed = tx.run(
        "UPDATE steps SET state = ?, reason = ?, data = coalesce(?, data), ended = ?"
        " WHERE job = ? AND name = ?",
        state, words, None if data is None else encode(data), tx.now, tx.job, name,
    )  # fmt: skip
    if not changed:
        raise NotPossible(f"job {tx.job} has no step {name}")
    found = get(tx, tx.job, name)
    failed = state is StepState.FAILED
    events.note(
        tx, tx.job, "step", f"{state.lower()}: {found.title}" + (f": {words}" if words else ""),
        severity="warning" if failed else "info",
    )  # fmt: skip
    tx.got_on()
    return found


def keep(tx: Claimed, name: str, data: Mapping[str, Any]) -> None:
    """Replace what a step knows, without a change of its state. Raises ``NotPossible``."""
    changed = tx.run(
        "UPDATE steps SET data = ? WHERE job = ? AND name = ?", encode(data), tx.job, name
    )
    if not changed:
        raise NotPossible(f"job {tx.job} has no step {name}")


def put_back(tx: Transaction, job: str, name: str, *, who: str, reason: str = "") -> bool:
    """What the step did was put back, and read back; whether it was still owed.

    Needs no claim: a watchdog or a person does it where the worker cannot any more.
    """
    changed = tx.run(
        "UPDATE steps SET owed = 0, state = 'UNDONE', ended = ? WHERE job = ? AND name = ?"
        " AND owed = 1",
        tx.now, job, name,
    )  # fmt: skip
    if changed:
        title = get(tx, job, name).title
        events.note(
            tx, job, "step", f"put back by {who}: {title}" + (f": {reason}" if reason else "")
        )
    return bool(changed)


def get(read: Reading, job: str, name: str) -> Step:
    """One step; raises ``NotPossible`` when the job has none of that name."""
    found = _steps(read, "job = ? AND name = ?", job, name)
    if not found:
        raise NotPossible(f"job {job} has no step {name}")
    return found[0]


def of(read: Reading, job: str) -> list[Step]:
    """A job's steps, in order."""
    return _steps(read, "job = ? ORDER BY place", job)


def owed(read: Reading, job: str | None = None) -> list[Step]:
    """Everything that must still be put back, of all jobs or of one; the oldest first."""
    if job is not None:
        return _steps(read, "owed = 1 AND job = ? ORDER BY place", job)
    return _steps(read, "owed = 1 ORDER BY started, job, place")


def _steps(read: Reading, where: str, *values: Any) -> list[Step]:
    rows = read.rows(f"SELECT {_COLUMNS} FROM steps WHERE {where}", *values)  # noqa: S608
    return [_step(*row) for row in rows]


def _step(
    job: str,
    place: int,
    name: str,
    title: str,
    state: str,
    data: str,
    undo: str | None,
    owed: int,
    *rest: Any,
) -> Step:
    put_back = None if undo is None else decode(undo)
    return Step(
        job, place, name, title, StepState(state), decode(data), put_back, bool(owed), *rest
    )
