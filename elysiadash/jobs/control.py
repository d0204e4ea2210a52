"""How a job is steered: wishes that people put down and the worker reads.

What nobody works on is changed at once; for a job that runs the wish stays open, and visible,
until its worker has done it. Each is applied once, with who and when.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from elysiadash.config.moments import rfc3339_seconds
from elysiadash.jobs import events, states
from elysiadash.jobs.database import Reading, Transaction
from elysiadash.jobs.errors import NotPossible
from elysiadash.jobs.job import Job, JobState
from elysiadash.jobs.processes import user_name
from elysiadash.jobs.queue import children, get
from elysiadash.jobs.specs import encode

if TYPE_CHECKING:
    from elysiadash.jobs.claims import Claimed

Verb = Literal["pause", "resume", "cancel", "priority", "rate", "postpone", "say"]
_AT_ONCE = frozenset({"priority", "rate", "say"})
"""Verbs that ``apply`` does; the others end the worker's claim (``outcomes``)."""


class Wish(msgspec.Struct, frozen=True, gc=False):
    """What somebody asked of a job."""

    id: int
    job: str
    verb: Verb
    value: Any
    """``priority``: a whole number; ``rate``: objects a second or None; ``postpone``: wall time;
    ``say``: an object with the engine's own ``word``, such as ``{"word": "thaw"}``."""
    asked: float
    asked_by: str
    applied: float | None
    applied_by: str | None
    outcome: str | None
    """What came of it, in words; None while it is open."""


def ask(
    tx: Transaction, job: str, verb: Verb, value: Any = None, *, who: str | None = None
) -> Wish:
    """Put down a wish; it is done at once where nobody works on the job.

    For a parent it goes to all children that have not ended. Raises ``NoSuchJob``,
    ``NotPossible`` where the state does not allow it, ``ValueError`` for a senseless value.
    """
    _check(verb, value)
    found = get(tx, job)
    asker = who or user_name()
    if found.is_parent:
        return _ask_children(tx, found, verb, value, asker)
    if verb in ("pause", "cancel"):
        again = [wish for wish in still_open(tx, job) if wish.verb == verb]
        if again:
            return again[0]
    outcome = _ASKED[verb](tx, found, value)
    wish = tx.insert(
        "INSERT INTO control (job, verb, value, asked, asked_by) VALUES (?, ?, ?, ?, ?)",
        job, verb, msgspec.json.encode(value).decode(), tx.now, asker,
    )  # fmt: skip
    events.note(tx, job, "control", f"{asker} asks: {_words(verb, value)}")
    if outcome is not None:
        _close(tx, wish, outcome, asker)
    return _wishes(tx, "id = ?", wish)[0]


def still_open(read: Reading, job: str) -> list[Wish]:
    """The wishes that were not applied yet, in the order in which they were asked."""
    return _wishes(read, "job = ? AND applied IS NULL ORDER BY id", job)


def latest(read: Reading, job: str, limit: int = 50) -> list[Wish]:
    """All wishes of a job, the newest first."""
    return _wishes(read, "job = ? ORDER BY id DESC LIMIT ?", job, limit)


def apply(tx: Claimed, wish: Wish, outcome: str = "done") -> None:
    """Do what a priority, a rate or an engine's own word asks, once.

    A second time, and for a wish that was withdrawn, nothing happens. For pause, postpone and
    cancel the worker ends its claim (``outcomes``), which applies them.
    """
    if wish.verb not in _AT_ONCE or wish.job != tx.job:
        raise ValueError(f"a wish to {wish.verb} of job {wish.job} is not applied like this")
    if not _close(tx, wish.id, outcome, tx.claim.worker):
        return
    if wish.verb in ("priority", "rate"):
        _set(tx, wish.job, wish.verb, wish.value)


def settle(tx: Transaction, job: str, verbs: Collection[str], outcome: str, who: str) -> int:
    """Close the open wishes of these verbs; how many."""
    closed = [wish for wish in still_open(tx, job) if wish.verb in verbs]
    for wish in closed:
        _close(tx, wish.id, outcome, who)
    return len(closed)


def _pause(tx: Transaction, job: Job, value: Any) -> str | None:
    if job.state is JobState.RUNNING:
        return None
    if job.state is JobState.PAUSED:
        return "was paused already"
    _refuse_ended(job, "paused")
    states.change(tx, job.id, JobState.PAUSED, reason="asked for")
    return "paused"


def _resume(tx: Transaction, job: Job, value: Any) -> str | None:
    if job.cancelling:
        raise NotPossible(f"job {job.id} is being cancelled and cannot be resumed")
    if job.state in (JobState.PAUSED, JobState.FAILED):
        tx.run(
            "UPDATE jobs SET after = NULL WHERE id = ?"
            " AND after IN (SELECT id FROM jobs WHERE state = 'CANCELLED')",
            job.id,
        )
        tx.run("UPDATE jobs SET crashes = 0, not_before = NULL WHERE id = ?", job.id)
        states.change(tx, job.id, JobState.QUEUED)
        return "back in the queue"
    _refuse_ended(job, "resumed")
    if settle(tx, job.id, ("pause", "postpone"), "withdrawn by a resume", "elysiadash"):
        return "goes on"
    tx.run("UPDATE jobs SET not_before = NULL WHERE id = ?", job.id)
    return "starts as soon as it is its turn" if job.state is JobState.QUEUED else "runs already"


def _cancel(tx: Transaction, job: Job, value: Any) -> str | None:
    if job.state is not JobState.FAILED:
        _refuse_ended(job, "cancelled")
    if job.started is not None:
        # It may have things to put back: its engine ends it.
        return None
    states.change(tx, job.id, JobState.CANCELLED, reason="cancelled before it began")
    settle(tx, job.id, ("say", "priority", "rate"), "too late: cancelled", "elysiadash")
    return "cancelled before it began"


def _priority(tx: Transaction, job: Job, value: Any) -> str | None:
    return _setting(tx, job, "priority", value)


def _rate(tx: Transaction, job: Job, value: Any) -> str | None:
    return _setting(tx, job, "rate", value)


def _setting(tx: Transaction, job: Job, column: str, value: Any) -> str | None:
    _refuse_ended(job, "changed", but_failed=True)
    if job.state is JobState.RUNNING:
        return None
    _set(tx, job.id, column, value)
    return "set"


def _postpone(tx: Transaction, job: Job, value: Any) -> str | None:
    _refuse_ended(job, "postponed")
    if job.state is JobState.RUNNING:
        return None
    tx.run("UPDATE jobs SET not_before = ? WHERE id = ?", value, job.id)
    return "postponed"


def _say(tx: Transaction, job: Job, value: Any) -> str | None:
    _refuse_ended(job, "told anything", but_failed=True)
    return None


_ASKED: dict[str, Callable[[Transaction, Job, Any], str | None]] = {
    "pause": _pause,
    "resume": _resume,
    "cancel": _cancel,
    "priority": _priority,
    "rate": _rate,
    "postpone": _postpone,
    "say": _say,
}
"""What is done at once, and its outcome; None leaves the wish to the worker."""


def _ask_children(tx: Transaction, parent: Job, verb: Verb, value: Any, who: str) -> Wish:
    taken = []
    for child in children(tx, parent.id):
        try:
            taken.append(ask(tx, child.id, verb, value, who=who))
        except NotPossible:
            # Those that have ended stay as they are.
            continue
    if not taken:
        raise NotPossible(f"none of the jobs under {parent.id} can do that: {_words(verb, value)}")
    if verb in ("priority", "rate"):
        _set(tx, parent.id, verb, value)
    wish = tx.insert(
        "INSERT INTO control (job, verb, value, asked, asked_by) VALUES (?, ?, ?, ?, ?)",
        parent.id, verb, msgspec.json.encode(value).decode(), tx.now, who,
    )  # fmt: skip
    _close(tx, wish, f"passed on to {len(taken)} jobs", who)
    return _wishes(tx, "id = ?", wish)[0]


def _check(verb: Verb, value: Any) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = {
        "priority": isinstance(value, int) and number and abs(value) <= 1000,
        "rate": value is None or (number and 0 < value < float("inf")),
        "postpone": number and 0 < value < float("inf"),
        "say": isinstance(value, dict) and isinstance(value.get("word"), str),
    }.get(verb, value is None)
    if verb not in _ASKED or not fits:
        raise ValueError(f"{value!r} is nothing that a job can {verb}")
    if verb == "say":
        encode(value)


def _set(tx: Transaction, job: str, column: str, value: Any) -> None:
    tx.run(f"UPDATE jobs SET {column} = ? WHERE id = ?", value, job)  # noqa: S608


def _close(tx: Transaction, wish: int, outcome: str, who: str) -> bool:
    return bool(
        tx.run(
            "UPDATE control SET applied = ?, applied_by = ?, outcome = ?"
            " WHERE id = ? AND applied IS NULL",
            tx.now, who, outcome, wish,
        )
    )  # fmt: skip


def _refuse_ended(job: Job, what: str, *, but_failed: bool = False) -> None:
    if job.state.ended and not (but_failed and job.state is JobState.FAILED):
        raise NotPossible(f"job {job.id} is {job.state} and cannot be {what}")


def _words(verb: str, value: Any) -> str:
    if verb == "say":
        return str(value["word"])
    if verb == "postpone":
        return f"postpone to {rfc3339_seconds(value)}"
    if verb == "rate":
        return "no rate limit" if value is None else f"rate {value:,.15g}"
    return verb if value is None else f"{verb} {value}"


def _wishes(read: Reading, where: str, *values: Any) -> list[Wish]:
    rows = read.rows(
        "SELECT id, job, verb, value, asked, asked_by, applied, applied_by, outcome"  # noqa: S608
        f" FROM control WHERE {where}",
        *values,
    )
    return [
        Wish(id, job, verb, msgspec.json.decode(value), *rest)
        for id, job, verb, value, *rest in rows
    ]
