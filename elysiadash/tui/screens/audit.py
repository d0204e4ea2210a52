"""Audit: each request that could change a cluster, of a job or of this cluster, newest first."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Sequence
from typing import Any

from textual.content import Content

from elysiadash.jobs.audit import FILE_NAME
from elysiadash.jobs.audit_reader import AuditLine, Wanted, end_of, page
from elysiadash.tui.audit_list import FIELDS, AuditColumns, AuditRow, audit_rows
from elysiadash.tui.emptiness import Note
from elysiadash.tui.filtering import Fields
from elysiadash.tui.freshness import Freshness
from elysiadash.tui.jobs_source import NO_FOLDER
from elysiadash.tui.plain import plain
from elysiadash.tui.screens.list_screen import ListScreen
from elysiadash.tui.widgets.lines import Piece
from elysiadash.tui.widgets.table import Column, SortBy

_MOST = 2_000
_LOOKS = 8
"""Pieces of the log that are looked through for lines of a job, at most."""
_READING = "reading the audit log"


class AuditScreen(ListScreen[AuditRow]):
    """``argument`` is a job's name; without one it is what was written to this cluster."""

    NAME = "audit"
    THINGS = ("line", "lines")
    SETTLE_S = 0.0

    def __init__(self, argument: str = "") -> None:
        super().__init__()
        self._job = argument or None
        self._columns = AuditColumns()
        self._end = -1
        self._cut = False
        self._unread = 0
        self._trouble = ""
        self._looking = False

    def columns(self) -> Sequence[Column[AuditRow]]:
        """Every column."""
        self._columns.now = self.dash.jobs.wall()
        return self._columns.columns

    def row_key(self, row: AuditRow) -> Hashable:
        """What the line says."""
        return row.key

    def name_of(self, row: AuditRow) -> str:
        """What was sent, and when."""
        return f"{row.request} at {row.line.at}"

    def fields(self) -> Fields[AuditRow]:
        """What can be filtered by."""
        return FIELDS

    def is_problem(self, row: AuditRow) -> bool:
        """Whether it did not go as it should."""
        return row.wrong

    def first_sort(self) -> SortBy:
        """Newest first."""
        return SortBy("at", descending=True)

    def as_data(self, row: AuditRow) -> dict[str, object]:
        """The line as it stands in the file, ids of deleted objects too."""
        return dict(row.line.raw)

    def requests(self, row: AuditRow) -> dict[str, str]:
        """The same in a shell."""
        name = self.dash.watched.profile.name
        of = f"--job {self._job}" if self._job else f"--profile {name}"
        return {"elysiadash": f"elysiadash audit {of}"}

    def crumb(self) -> str:
        """Where one is."""
        return f"Audit {self._job}" if self._job else "Audit"

    def link(self) -> str:
        """The command that leads here."""
        return f"audit {self._job}" if self._job else "audit"

    # Data

    async def pull(self) -> None:
        """What was written, as far as the log tells."""
        await self._look()

    async def _look(self) -> None:
        if self.frozen_at is not None or self.dash.jobs.folder is None:
            return
        try:
            found = await asyncio.to_thread(self._read)
        except OSError as error:
            self._trouble = f"{FILE_NAME} cannot be read: {error.strerror}"
            return
        self._trouble = ""
        if found is not None:
            self._columns.now = self.dash.jobs.wall()
            await self.table.load(audit_rows(found))
            self.row_words()

    def _read(self) -> list[AuditLine] | None:
        """The newest lines; None where nothing was added. Waits for the disk."""
        folder = self.dash.jobs.folder
        if folder is None or (end := end_of(folder)) == self._end:
            return None
        name = self.dash.watched.profile.name
        wanted = Wanted(job=self._job) if self._job else Wanted(profile=name)
        lines: list[AuditLine] = []
        place: int | None = end
        unread = looks = 0
        while place and len(lines) < _MOST and looks < _LOOKS:
            found = page(folder, wanted, before=place, limit=_MOST - len(lines))
            lines += found.lines
            unread, looks, place = unread + found.unreadable, looks + 1, found.next
        self._end, self._cut, self._unread = end, bool(place), unread
        return lines

    async def _look_again(self) -> None:
        try:
            await self._look()
        finally:
            self._looking = False

    def facts_changed(self, fresh: Freshness) -> None:
        """Each second: others write on, whether or not the cluster answers."""
        super().facts_changed(fresh)
        self.table.stale = False
        if not self._looking and self.is_active:
            self._looking = True
            self.dash.run_guarded(self._look_again, _READING, group="jobs", of=self, again=True)

    # Lines

    def why_empty(self, fresh: Freshness) -> Note | None:
        """That nothing was written, or why that is not known."""
        if self.table.status.total:
            return None
        if self.dash.jobs.folder is None:
            return "No audit log", [f"{NO_FOLDER[:1].upper()}{NO_FOLDER[1:]}."]
        if self._trouble:
            return "What was written is not known", [self._trouble]
        if self._end < 0:
            return "Audit", [_READING]
        what = f"by the job {self._job}" if self._job else "to this cluster from this computer"
        return f"Nothing was written {what}", [
            "Every request that could change a cluster is noted before it is sent, and what came"
            " of it behind."
        ]

    def notes(self) -> list[Piece]:
        """Also that older lines are not listed, and how many cannot be read."""
        notes = super().notes()
        if self._trouble:
            notes.insert(0, (f" {plain(self._trouble)} ", "reverse $health-warn"))
        if self._unread:
            notes.insert(0, (f"{self._unread:,} unreadable", "$health-warn"))
        if self._cut:
            notes.insert(0, ("older ones are not listed", "$health-unknown"))
        if self.is_replay():
            notes.insert(0, ("of now, not of the recording", "$health-warn"))
        return notes

    def row_words(self) -> None:
        """Why, and by whom."""
        row = self.table.current()
        words = "" if row is None else f"{row.why}, by {row.line.user or 'nobody named'}"
        self.status.rest(Content(f" {plain(words)}"))

    async def open_row(self, key: Hashable) -> None:
        """Everything the line says."""
        self.action_describe()

    def help_notes(self) -> list[tuple[str, str]]:
        """Where it is kept."""
        folder: Any = self.dash.jobs.folder
        return [] if folder is None else [("File", str(folder / FILE_NAME))]
