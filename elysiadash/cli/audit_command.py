"""``audit``: every request that could change a cluster, as it was noted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from elysiadash.cli.exits import CommandFailed, Exit
from elysiadash.cli.job_documents import AuditDocument, AuditItem
from elysiadash.cli.moments import moment
from elysiadash.cli.output import Format, say, write, write_csv, write_json
from elysiadash.cli.tables import Column, Table, plain, write_table
from elysiadash.cli.words import UNKNOWN
from elysiadash.cli.worker_command import state_folder
from elysiadash.config.moments import rfc3339
from elysiadash.jobs import queue
from elysiadash.jobs.audit import FILE_NAME
from elysiadash.jobs.audit_reader import AuditLine, Wanted, added, end_of, objects_words, page
from elysiadash.jobs.database import Database
from elysiadash.jobs.errors import JobsError

_LOOK_S = 0.5
_CSV = AuditItem.__struct_fields__
_PAGE = 1000
_KNOWN = frozenset(AuditLine.__struct_fields__)


class AuditWish(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What ``audit`` is asked for."""

    since: str | None = None
    job: str | None = None
    user: str | None = None
    profile: str | None = None
    result: str | None = None
    limit: int = 100
    follow: bool = False
    format: Format = "table"

    def wanted(self, now: float) -> Wanted:
        """Which lines."""
        since = None if self.since is None else moment(self.since, now, "--since")
        job = None if self.job is None else _whole_name(self.job)
        return Wanted(
            since=since, job=job, user=self.user, profile=self.profile, result=self.result
        )


def audit(wish: AuditWish) -> int:
    """Print the newest lines, the oldest of them first."""
    wanted = wish.wanted(time.time())
    state = state_folder()
    path = state / FILE_NAME
    with _readable(path):
        place = end_of(state)
        lines, unreadable, more = _newest(wish, wanted, place)
    document = AuditDocument(
        at=rfc3339(time.time()),
        file=str(path),
        unreadable=unreadable,
        more=more,
        items=tuple(map(item_of, reversed(lines))),
    )
    _show(document, wanted, wish.format, follow=wish.follow)
    if wish.follow:
        _follow(wish, wanted, place)
    return Exit.OK


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """What fails in reading is the file's fault; in writing, that of whoever reads us."""
    try:
        yield
    except OSError as error:
        raise CommandFailed(f"{path} cannot be read ({error.strerror})") from None


def _whole_name(text: str) -> str:
    """The job's whole name, as for every other command; as it was typed where there is none.

    The log keeps the lines of a job that was discarded: then only its whole name finds them.
    """
    try:
        with Database.open(state_folder()) as database, database.reading() as read:
            return queue.find(read, text).id
    except JobsError as error:
        say(str(error))
        return text


def item_of(line: AuditLine) -> AuditItem:
    """One line of the log as an item."""
    permit = line.permit or {}
    reason, phase = permit.get("reason"), permit.get("phase")
    return AuditItem(
        at=line.at,
        user=line.user,
        profile=line.profile,
        job=line.job,
        pid=line.pid,
        verb=line.verb,
        path=line.path,
        request_class=line.request_class,
        body_hash=line.body_hash,
        reason=reason if isinstance(reason, str) else None,
        phase=phase if isinstance(phase, str) else None,
        result=line.result,
        seconds=line.seconds,
        what=objects_words(line) or None,
        more={name: value for name, value in line.raw.items() if name not in _KNOWN},
    )


def _newest(wish: AuditWish, wanted: Wanted, end: int) -> tuple[list[AuditLine], int, bool]:
    """The newest wanted lines, however far back; unreadable ones seen; whether there are more."""
    state = state_folder()
    found: list[AuditLine] = []
    unreadable = 0
    place: int | None = end
    while place and len(found) < wish.limit:
        now = page(state, wanted, before=place, limit=min(_PAGE, wish.limit - len(found)))
        found += now.lines
        unreadable += now.unreadable
        place = now.next
    return found, unreadable, bool(place)


def _show(document: AuditDocument, wanted: Wanted, format: Format, *, follow: bool) -> None:
    if format == "json":
        write_json(document, as_line=follow)
        return
    if format == "csv":
        write_csv([_CSV, *map(_values, document.items)])
    else:
        empty = "nothing was written" if wanted == Wanted() else "no such line was written"
        write_table(_table(document.items, empty))
    if document.unreadable:
        say(f"{document.unreadable} lines of {document.file} are none of ours, or cut short")
    if document.more:
        say("there are older lines: --limit gives more")


def _follow(wish: AuditWish, wanted: Wanted, place: int) -> None:
    state = state_folder()
    while True:
        time.sleep(_LOOK_S)
        with _readable(state / FILE_NAME):
            news = added(state, place, wanted)
        place = news.place
        items = tuple(map(item_of, news.lines))
        if not items and not news.unreadable:
            continue
        if wish.format == "json":
            write_json(
                AuditDocument(
                    at=rfc3339(time.time()), file=str(state / FILE_NAME),
                    unreadable=news.unreadable, more=False, items=items,
                ),
                as_line=True,
            )  # fmt: skip
        elif wish.format == "csv":
            write_csv(map(_values, items))
        elif items:
            write(plain(_table(items)).split("\n", 1)[1])


def _values(item: AuditItem) -> list[object]:
    return [getattr(item, name) for name in _CSV]


def _table(items: tuple[AuditItem, ...], empty: str = "") -> Table:
    columns = (
        Column("AT"),
        Column("USER", spare=3),
        Column("CLUSTER", spare=1),
        Column("JOB", spare=2),
        Column("RESULT"),
        Column("PHASE", spare=5),
        Column("REQUEST"),
        Column("WHAT"),
        Column("WHY", spare=4),
    )
    rows = tuple(
        tuple(
            value or UNKNOWN
            for value in (
                item.at, item.user, item.profile, item.job, item.result, item.phase,
                " ".join(part for part in (item.verb, item.path) if part), item.what, item.reason,
            )
        )
        for item in items
    )  # fmt: skip
    return Table(title="", columns=columns, rows=rows, empty=empty)
