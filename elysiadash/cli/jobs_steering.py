"""``jobs pause``, ``resume``, ``cancel``, ``priority``, ``rate``, ``postpone``, ``thaw``."""

from __future__ import annotations

import math
import time
from typing import Any

from elysiadash.cli.consent import agreed
from elysiadash.cli.exits import CommandFailed, Exit
from elysiadash.cli.job_following import ensure_worker
from elysiadash.cli.jobs_command import named_job, opened_jobs, show
from elysiadash.cli.moments import moment
from elysiadash.cli.output import say
from elysiadash.config.moments import read_length, rfc3339_seconds
from elysiadash.jobs import control, queue
from elysiadash.jobs.control import Verb, Wish
from elysiadash.jobs.database import Database
from elysiadash.jobs.job import Job, JobState
from elysiadash.jobs.processes import user_name
from elysiadash.migrate.left_frozen import THAW, left_frozen, thaw_now

_PATIENCE_S = 10.0
"""What a wish may take before the command ends without its outcome; it stays open."""
_FAR_S = 10 * 365.25 * 86_400
_LEAST = -1000
_MOST = 1000


def jobs_pause(name: str | None, as_json: bool) -> int:
    """Let it rest until it is resumed."""
    return _steer(name, "pause", None, as_json)


def jobs_resume(name: str | None, as_json: bool) -> int:
    """Let a paused or failed one go on, or withdraw a wish to pause."""
    return _steer(name, "resume", None, as_json)


def jobs_cancel(name: str | None, yes: bool, as_json: bool) -> int:
    """End it for good, and let its engine put back what it has changed."""
    with opened_jobs() as database:
        job = named_job(database, name)
        over = job.state.ended and job.state is not JobState.FAILED
        if not over and not agreed(f"cancel job {job.id} ({job.title}) for good?", yes=yes):
            say("nothing was done")
            return Exit.FAILED
    return _steer(job.id, "cancel", None, as_json)


def jobs_priority(name: str | None, value: str | None, as_json: bool) -> int:
    """Which of those that wait goes first."""
    try:
        number = int(value or "")
    except ValueError:
        number = _MOST + 1
    if not _LEAST <= number <= _MOST:
        raise CommandFailed(
            f"{value!r} is no priority", f"a whole number from {_LEAST} to {_MOST}", Exit.USAGE
        )
    return _steer(name, "priority", number, as_json)


def jobs_rate(name: str | None, value: str | None, as_json: bool) -> int:
    """Objects a second at most."""
    if value in ("none", "off"):
        return _steer(name, "rate", None, as_json)
    try:
        number = float(value or "")
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise CommandFailed(
            f"{value!r} is no rate", "objects a second such as 500, or none", Exit.USAGE
        )
    return _steer(name, "rate", number, as_json)


def jobs_postpone(name: str | None, value: str | None, as_json: bool) -> int:
    """Put it back into the queue, not to start before a time."""
    now = time.time()
    at = later(value or "", now)
    if at <= now:
        raise CommandFailed(f"{value!r} is over", "name a time that is to come", Exit.USAGE)
    if at > now + _FAR_S:
        raise CommandFailed(f"{value!r} is too far ahead", "ten years at most", Exit.USAGE)
    say(f"not before {rfc3339_seconds(at)}")
    return _steer(name, "postpone", at, as_json)


def jobs_thaw(name: str | None, as_json: bool) -> int:
    """Say that the application has moved: the freeze that a job holds ends.

    A job in a living worker's hands is told; else it is thawed from here.
    """
    with opened_jobs() as database:
        job = named_job(database, name)
        with database.reading() as read:
            frozen = [one for one in left_frozen(read) if one.job == job.id]
        # Where the operator keeps writers out nothing of ours is frozen; it waits all the same.
        waits = not frozen and job.phase == "HELD" and not job.state.ended
        if waits or any(one.worker_lives for one in frozen):
            with database.transaction() as tx:
                wish = control.ask(tx, job.id, "say", {"word": THAW})
            if waits and _needs_worker(database, job):
                ensure_worker(database)
            return _told(database, job, wish, as_json)
        if not frozen:
            raise CommandFailed(f"job {job.id} is {job.state} and holds nothing frozen")
        for line in _thawed_from_here(database, job):
            say(line)
        if _needs_worker(database, job):
            ensure_worker(database)
        if as_json:
            show(database, job, as_json=True)
        return Exit.OK


def jobs_answer(name: str | None, word: str | None, as_json: bool) -> int:
    """Answer what a job asks; one that rests with its question goes on."""
    with opened_jobs() as database:
        job = named_job(database, name)
        if not word:
            raise CommandFailed(
                f"what shall job {job.id} be told?",
                job.checkpoint.get("question") or "it asks nothing now",
                Exit.USAGE,
            )
        if job.state.ended:
            raise CommandFailed(f"job {job.id} is {job.state} and asks nothing")
        said = {"word": word}
        if job.checkpoint.get("question"):
            said["question"] = job.checkpoint["question"]
        with database.transaction() as tx:
            wish = control.ask(tx, job.id, "say", said)
            if job.state is JobState.PAUSED:
                control.ask(tx, job.id, "resume")
        ensure_worker(database)
        return _told(database, job, wish, as_json)


def _thawed_from_here(database: Database, job: Job) -> tuple[str, ...]:
    from elysiadash.config.reference import Unresolved
    from elysiadash.migrate.freeze.thawing import NotThawed
    from elysiadash.weaviate.errors import WeaviateError

    try:
        return thaw_now(database.folder, job.id, user_name())
    except (NotThawed, WeaviateError, Unresolved) as error:
        raise CommandFailed(
            f"{error}", f"it stays frozen; try again: elysiadash jobs thaw {job.id}"
        ) from None


def later(text: str, now: float) -> float:
    """Wall time of ``2h`` (from now), of ``03:12`` (the next one), or of a moment."""
    length = read_length(text)
    if length is not None:
        return now + length
    at = moment(text, now, "the time")
    # `moment` means the last 03:12; people who postpone mean the next.
    if at <= now and ":" in text and "-" not in text:
        at += 86_400
    return at


def _steer(name: str | None, verb: Verb, value: Any, as_json: bool) -> int:
    with opened_jobs() as database:
        job = named_job(database, name)
        with database.transaction() as tx:
            wish = control.ask(tx, job.id, verb, value)
        if verb in ("resume", "cancel", "postpone") and _needs_worker(database, job):
            ensure_worker(database)
        return _told(database, job, wish, as_json)


def _needs_worker(database: Database, job: Job) -> bool:
    with database.reading() as read:
        found = queue.get(read, job.id)
    return found.state in (JobState.QUEUED, JobState.RUNNING) or found.cancelling


def _told(database: Database, job: Job, wish: Wish, as_json: bool) -> int:
    """Wait a little for what comes of a wish, and tell it."""
    until = time.monotonic() + _PATIENCE_S
    while wish.outcome is None and time.monotonic() < until:
        time.sleep(0.1)
        with database.reading() as read:
            wish = next(one for one in control.latest(read, job.id) if one.id == wish.id)
    if wish.outcome is None:
        say(f"job {job.id}: asked for; its worker has not done it yet, and will")
    else:
        say(f"job {job.id}: {wish.outcome}")
    if as_json:
        show(database, job, as_json=True)
    return Exit.OK
