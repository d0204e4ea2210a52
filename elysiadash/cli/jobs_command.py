"""``jobs``: list, show, report, attach."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from elysiadash.cli import words
from elysiadash.cli.exits import CommandFailed, Exit
from elysiadash.cli.frozen_notice import frozen_words
from elysiadash.cli.job_documents import (
    CSV,
    JobDocument,
    JobFullItem,
    JobItem,
    JobsDocument,
    csv_row,
)
from elysiadash.cli.job_endings import is_at_rest
from elysiadash.cli.job_following import ensure_worker, follow
from elysiadash.cli.job_items import full_item, item_of
from elysiadash.cli.output import (
    Format,
    is_terminal,
    say,
    say_alarm,
    write,
    write_csv,
    write_json,
    write_line,
)
from elysiadash.cli.tables import Column, Table, write_table
from elysiadash.cli.worker_command import state_folder
from elysiadash.config.moments import rfc3339
from elysiadash.jobs import events, queue
from elysiadash.jobs.database import Database
from elysiadash.jobs.errors import JobsError, NoSuchJob, NotPossible
from elysiadash.jobs.job import Job, JobState
from elysiadash.jobs.worker_lock import WorkerLock
from elysiadash.migrate.left_frozen import left_frozen

_REFUSED = "REFUSED"
_READABLE = 72
"""Signs of a reason in a list on a terminal; ``jobs show`` has the whole."""
_BEFORE = 20
"""Events from before that ``attach`` tells."""


class ListWish(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What ``jobs list`` is asked for."""

    states: tuple[str, ...] = ()
    kind: str | None = None
    everything: bool = False
    limit: int = 50
    format: Format = "table"


@contextmanager
def opened_jobs() -> Iterator[Database]:
    """The user's jobs; what can be wrong with them is told as ``CommandFailed``."""
    try:
        with Database.open(state_folder()) as database:
            yield database
    except NoSuchJob as error:
        raise CommandFailed(str(error), "elysiadash jobs lists them", Exit.USAGE) from None
    except NotPossible as error:
        raise CommandFailed(str(error)) from None
    except JobsError as error:
        raise CommandFailed(str(error)) from None


def named_job(database: Database, name: str | None) -> Job:
    """The job that is meant. Raises ``CommandFailed`` where none is named, ``NoSuchJob``."""
    if not name:
        raise CommandFailed("which job?", "elysiadash jobs lists them", Exit.USAGE)
    with database.reading() as read:
        return queue.find(read, name)


def jobs_list(wish: ListWish) -> int:
    """The newest jobs; children only with ``--all``."""
    states = [_state(text) for text in wish.states]
    with opened_jobs() as database:
        note = WorkerLock(database.folder).held_by()
        with database.reading() as read:
            found = queue.newest(
                read,
                among=states,
                kinds=(wish.kind,) if wish.kind else (),
                roots_only=not wish.everything,
                limit=wish.limit,
            )
            items = tuple(item_of(read, job) for job in found)
            frozen = left_frozen(read)
    if wish.format == "json":
        worker = note.pid if note else None
        write_json(JobsDocument(at=rfc3339(time.time()), worker=worker, items=items))
    elif wish.format == "csv":
        write_csv([CSV, *map(csv_row, items)])
    else:
        whys = {}
        if is_terminal(sys.stdout):
            pairs = zip(found, items, strict=True)
            whys = {job.id: shortened(_why(item), refused_by(job)) for job, item in pairs}
        write_table(_table(items, whys))
    for one in frozen:
        say(frozen_words(one))
    if note is None and any(item.state in ("QUEUED", "RUNNING") for item in items):
        say("no worker lives and jobs wait; start one: elysiadash worker --detached")
    return Exit.OK


def jobs_show(name: str | None, as_json: bool) -> int:
    """One job, whole."""
    with opened_jobs() as database:
        show(database, named_job(database, name), as_json)
    return Exit.OK


def jobs_report(name: str | None, as_json: bool) -> int:
    """The report of a job that has one: Markdown, or its JSON; whether its hash holds is told."""
    with opened_jobs() as database:
        job = named_job(database, name)
        with database.reading() as read:
            report = full_item(read, job, database.folder).report
    if report is None:
        raise CommandFailed(f"job {job.id} has no report (yet)")
    sealed = Path(report)
    path = sealed.with_suffix(".json" if as_json else ".md")
    try:
        text = path.read_text(encoding="utf-8")
        wrong = _why_not_as_written(sealed)
    except FileNotFoundError as error:
        gone = error.filename
        raise CommandFailed(f"job {job.id} has lost its report: {gone} is not there") from None
    write(text)
    if wrong is not None:
        say_alarm(f"DO NOT TRUST THIS REPORT: {wrong}")
        return Exit.FAILED
    say("the report is as the job wrote it: its hash holds")
    return Exit.OK


def _why_not_as_written(sealed: Path) -> str | None:
    """Why the report is not what its hash was taken over; None where it is."""
    from elysiadash.migrate.report import ReportChanged, check
    from elysiadash.migrate.report_text import as_markdown

    try:
        document = check(sealed.read_bytes())
    except ReportChanged as error:
        return str(error)
    if sealed.with_suffix(".md").read_text(encoding="utf-8") != as_markdown(document):
        return f"the Markdown was changed: it is not what {sealed.name} says"
    return None


def jobs_attach(name: str | None, as_json: bool) -> int:
    """Follow a job to its end; Ctrl-C ends the following only."""
    with opened_jobs() as database:
        job = named_job(database, name)
        if not is_at_rest(job):
            ensure_worker(database)
            if is_terminal(sys.stderr):
                say(f"following {job.id}: {job.title}; Ctrl-C leaves it running")
        followed = follow(database, job.id, since=_since(database, job))
        if as_json:
            show(database, followed.job, as_json=True)
        elif followed.code is not Exit.INTERRUPTED:
            write_line(followed.words)
        return followed.code


def show(database: Database, job: Job, as_json: bool) -> None:
    """Print a job as it is now."""
    with database.reading() as read:
        item = full_item(read, queue.get(read, job.id), database.folder)
        latest = [] if as_json else events.before(read, job.id, limit=8)
    if as_json:
        write_json(JobDocument(at=rfc3339(time.time()), items=(item,)))
        return
    for label, text in _lines(item):
        write_line(f"{label:<14}{text}")
    for event in reversed(latest):
        mark = "" if event.severity == "info" else f"{event.severity.upper()}: "
        write_line(f"  {rfc3339(event.at)}  {mark}{event.text}")


def _since(database: Database, job: Job) -> int:
    with database.reading() as read:
        latest = events.before(read, job.id, limit=_BEFORE + 1)
    return latest[-1].id if len(latest) > _BEFORE else 0


def _state(text: str) -> JobState:
    try:
        return JobState(text.upper())
    except ValueError:
        states = ", ".join(state.lower() for state in JobState)
        raise CommandFailed(
            f"there is no state {text!r}", f"choose of {states}", Exit.USAGE
        ) from None


def refused_by(job: Job) -> list[Mapping[str, Any]]:
    """The checks that refused a job; none of a job that was not refused."""
    return _blocks(job.checkpoint, job.spec) if job.ending == _REFUSED else []


def _blocks(checkpoint: Mapping[str, Any], spec: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Checks that block and that nobody lifted."""
    lifted = spec.get("accepted") or ()
    return [
        one
        for one in checkpoint.get("checks") or ()
        if one["result"] == "blocks" and not (one.get("liftable") and one["code"] in lifted)
    ]


def shortened(why: str, refused_by: Sequence[Mapping[str, Any]] = ()) -> str:
    """A reason on one readable line: the first check that refused it, and how many more did."""
    if refused_by:
        first, more = refused_by[0], len(refused_by) - 1
        why = f"{first['about']}: {first['text']}"
        tail = f" (and {words.plural(more, 'check')} more)" if more else ""
    else:
        tail = ""
    room = _READABLE - len(tail)
    return (why if len(why) <= room else f"{why[: room - 1].rstrip()}…") + tail


def _table(items: tuple[JobItem, ...], whys: Mapping[str, str]) -> Table:
    columns = (
        Column("JOB"),
        Column("STATE"),
        Column("PHASE", spare=2),
        Column("DONE", right=True, spare=1),
        Column("OBJECTS", right=True, spare=4),
        Column("/S", right=True, spare=3),
        Column("TO GO", right=True, spare=2),
        Column("DEAD", right=True, spare=5),
        Column("WHAT"),
        Column("WHY"),
    )
    return Table(
        title="",
        columns=columns,
        rows=tuple(_row(item, whys.get(item.job)) for item in items),
        empty="no jobs",
    )


def _row(item: JobItem, why: str | None) -> tuple[str, ...]:
    state = item.state.lower()
    if item.cancelling or item.pausing:
        state = f"{state}, {'cancelling' if item.cancelling else 'pausing'}"
    return (
        item.job,
        state,
        item.ending or item.phase or words.UNKNOWN,
        words.percent(item.fraction),
        words.count(item.objects),
        words.rate(item.objects_per_s),
        words.UNKNOWN if item.eta_s_p50 is None else words.seconds(item.eta_s_p50),
        words.count(item.dead_letters),
        item.title,
        why or _why(item) or words.UNKNOWN,
    )


def _why(item: JobItem) -> str:
    return item.question or item.reason or item.waits or _silence(item)


def _silence(item: JobItem) -> str:
    if item.worker is None or not item.worker.dead:
        return ""
    return f"its worker (pid {item.worker.pid}) is dead: waits for the next"


def _lines(item: JobFullItem) -> Iterator[tuple[str, str]]:
    yield "job", f"{item.job}  {item.kind}"
    yield "what", item.title
    ending = f" ({item.ending})" if item.ending else ""
    yield "state", f"{item.state.lower()}{ending}{f', phase {item.phase}' if item.phase else ''}"
    against = _blocks(item.checkpoint, item.spec) if item.ending == _REFUSED else []
    why = f"{words.plural(len(against), 'check')} of the preflight" if against else item.reason
    for label, text in (("why", why), ("waits", item.waits), ("asks", item.question)):
        if text:
            yield label, text
    for check in against:
        yield "", f"{check['code']}  {check['about']}: {check['text']}"
        if check.get("way_out"):
            yield "", f"  {check['way_out']}"
    total = "" if item.expected is None else f" of {words.count(item.expected)}"
    yield "objects", f"{words.count(item.objects)}{total} ({words.percent(item.fraction)})"
    if item.objects_per_s is not None:
        yield "objects/s", words.rate(item.objects_per_s)
    if item.eta_s_p50 is not None and item.eta_s_p90 is not None:
        sure = words.seconds(item.eta_s_p90)
        yield "to go", f"{words.seconds(item.eta_s_p50)}, nine in ten {sure}"
    if item.dead_letters:
        reasons = "; ".join(f"{n} {why}" for why, n in item.dead_letters_by_reason.items())
        yield "dead letters", f"{words.count(item.dead_letters)}: {reasons}"
    if item.source_objects is not None:
        yield (
            "proof",
            (
                f"source {words.count(item.source_objects)},"
                f" target {words.count(item.target_objects)},"
                f" missing {words.count(item.missing)}, extra {words.count(item.extra)},"
                f" different {words.count(item.different)}, verified {item.verified or 'no'}"
            ),
        )
    limit = "none" if item.rate is None else f"{words.rate(item.rate)} objects/s"
    yield "priority", f"{item.priority}, rate limit {limit}"
    yield "asked", f"{item.created} by {item.created_by}"
    if item.started:
        ended = f", ended {item.ended}" if item.ended else ""
        yield "began", f"{item.started}{ended} ({words.seconds(item.seconds or 0)})"
    if item.worker:
        dead = ", dead" if item.worker.dead else ""
        yield "worker", f"{item.worker.worker}, heard {item.worker.silent_s:.0f} s ago{dead}"
    for step in item.steps:
        if step.owed:
            yield "OWES", f"{step.title}: must still be put back"
    for wish in item.wishes:
        if wish.outcome is None:
            yield "open wish", f"{wish.verb} of {wish.by} at {wish.at}"
    if item.children:
        yield "children", ", ".join(item.children)
    if item.report:
        yield "report", item.report
    yield "folder", item.folder
