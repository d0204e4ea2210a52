"""The root of Migrate: jobs that run, wait and are past, and migrations that are being planned."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content

from elysiadash.jobs.errors import JobsError
from elysiadash.migrate import drafts
from elysiadash.migrate.drafts import DraftError
from elysiadash.tui.actions.binding import bindings
from elysiadash.tui.emptiness import Note
from elysiadash.tui.filtering import Fields
from elysiadash.tui.freshness import Freshness
from elysiadash.tui.job_columns import FIELDS, JobColumns, JobRow, is_problem, rows_of
from elysiadash.tui.jobs_source import NO_FOLDER
from elysiadash.tui.plain import plain
from elysiadash.tui.screens.list_screen import ListScreen
from elysiadash.tui.screens.migrate.typed import TypedWord
from elysiadash.tui.under_way import running
from elysiadash.tui.widgets.lines import Piece
from elysiadash.tui.widgets.table import Column

_LOOKING = "reading the jobs"


class MigrateScreen(ListScreen[JobRow]):
    """The jobs of this user on this computer, whatever cluster they are of."""

    NAME = "migrate"
    THINGS = ("job", "jobs")
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("migrate")]
    SCOPES: ClassVar[tuple[str, ...]] = ("app", "screen", "list", "migrate")

    def __init__(self) -> None:
        super().__init__()
        self._columns = JobColumns()
        self._read = False
        self._looking = False

    def columns(self) -> Sequence[Column[JobRow]]:
        """Every column."""
        self._columns.now = self.dash.jobs.wall()
        return self._columns.columns

    def row_key(self, row: JobRow) -> Hashable:
        """A job or a draft is its name."""
        return row.id

    def fields(self) -> Fields[JobRow]:
        """What can be filtered by."""
        return FIELDS

    def is_problem(self, row: JobRow) -> bool:
        """Whether somebody has to look at it."""
        return is_problem(row)

    def name_of(self, row: JobRow) -> str:
        """What it does, and its name."""
        return f"{row.title} ({row.id})"

    def requests(self, row: JobRow) -> dict[str, str]:
        """The same in a shell."""
        return {} if row.is_draft else {"elysiadash": f"elysiadash jobs show {row.id}"}

    def crumb(self) -> str:
        """Where one is."""
        return "Migrate"

    def link(self) -> str:
        """The command that leads here."""
        return "migrate"

    # Data

    async def pull(self) -> None:
        """The jobs as they are now."""
        await self._look()

    async def _look(self) -> None:
        seen = await self.dash.jobs.look()
        self.dash.take_frozen(seen.frozen)
        self._read = True
        if self.frozen_at is not None:
            return
        self._columns.now = self.dash.jobs.wall()
        self.table.set_rows(rows_of(seen))
        self.row_words()

    async def _look_again(self) -> None:
        try:
            await self._look()
        finally:
            self._looking = False

    def facts_changed(self, fresh: Freshness) -> None:
        """Each second: jobs go on by themselves, whether or not the cluster answers."""
        super().facts_changed(fresh)
        self.table.stale = False
        if self.frozen_at is None:
            self._columns.now = self.dash.jobs.wall()
            self.table.refresh_values()
        if not self._looking and self.is_active:
            self._looking = True
            self.dash.run_guarded(self._look_again, _LOOKING, group="jobs", of=self, again=True)

    def why_empty(self, fresh: Freshness) -> Note | None:
        """That nothing was asked for yet, and how to begin; what the cluster itself does."""
        if self.table.status.total:
            return None
        jobs = self.dash.jobs
        if jobs.folder is None:
            return "No jobs", [f"{NO_FOLDER[:1].upper()}{NO_FOLDER[1:]}."]
        if not self._read:
            return "Jobs", ["reading the jobs of this computer"]
        if jobs.seen.trouble is not None:
            return "The jobs cannot be read", [jobs.seen.trouble]
        lines = [
            "a plans one of this cluster's collections; nothing starts before you say so.",
            "In a shell: elysiadash copy, elysiadash migrate.",
        ]
        if not jobs.lasts:
            lines.append("Jobs of the demo end with it, and are gone then.")
        return "No copies and no migrations", [
            *lines,
            "",
            "What the cluster itself does now:",
            *running(self.dash.watched),
        ]

    # Lines

    def notes(self) -> list[Piece]:
        """Also what cannot be read, and that a demo's jobs end with it."""
        notes = super().notes()
        seen = self.dash.jobs.seen
        if seen.trouble is not None:
            notes.insert(0, (f" {plain(seen.trouble)} ", "reverse $health-warn"))
        if seen.faults:
            many = len(seen.faults)
            words = f" {many} draft{'s' * (many != 1)} cannot be read "
            notes.insert(0, (words, "reverse $health-warn"))
        if not self.dash.jobs.lasts:
            notes.insert(0, ("demo: gone at the end", "$health-unknown"))
        if self.is_replay():
            notes.insert(0, ("jobs are of now, not of the recording", "$health-warn"))
        return notes

    def row_words(self) -> None:
        """Why the row under the cursor is as it is, or what enter does."""
        row = self.table.current()
        if row is None:
            faults = self.dash.jobs.seen.faults
            self.status.rest(Content(f" {plain(faults[0])}" if faults else ""))
            return
        does = "enter goes on planning" if row.is_draft else "enter opens it"
        words = row.why or (f"by {row.by}, {does}" if row.by else does)
        self.status.rest(Content.assemble(" ", (plain(row.id), "bold"), f"  {plain(words)}"))

    def worst(self) -> str:
        """What asks for somebody, for a small pane."""
        rows = [row for row in rows_of(self.dash.jobs.seen) if is_problem(row)]
        return f"{plain(rows[0].title)}: {rows[0].state}" if rows else ""

    def help_notes(self) -> list[tuple[str, str]]:
        """Drafts that cannot be read."""
        return [("Draft", fault) for fault in self.dash.jobs.seen.faults]

    # Actions

    async def open_row(self, key: Hashable) -> None:
        """The wizard of a draft, or the view of a job."""
        row = self.table.row(key)
        if row is not None:
            fault = await self.dash.go(f"{'draft' if row.is_draft else 'job'} {row.id}")
            if fault is not None:
                self.status.flash(fault)

    async def action_new_migration(self) -> None:
        """Begin a draft and open it."""
        jobs, profile = self.dash.jobs, self.dash.watched.profile
        try:
            draft = await jobs.save_draft(drafts.begin(profile.name, profile.url, jobs.wall()))
        except DraftError as error:
            self.status.flash(str(error), 8.0)
            return
        await self.dash.go(f"draft {draft.id}")

    async def action_discard(self) -> None:
        """Forget a draft, or a job that has ended, after its name was typed."""
        row = self.table.current()
        if row is None:
            self.app.bell()
            return
        if not row.is_draft and row.order > 1:
            words = "it has not ended: open it, and X cancels it"
            self.status.flash(words, 4.0)
            return
        what = "the draft" if row.is_draft else "the job, its report and its files"
        lines = [f"{row.title}", f"Forgets {what} {row.id}. No cluster is changed by it."]

        async def forget(sure: bool | None) -> None:
            if sure:
                await self._forget(row)

        await self.dash.push_screen(TypedWord("Discard", lines, "discard"), forget)

    async def _forget(self, row: JobRow) -> None:
        jobs = self.dash.jobs
        try:
            if row.is_draft:
                await jobs.discard_draft(row.id)
            else:
                await jobs.forget(row.id)
        except (DraftError, JobsError) as error:
            self.status.flash(str(error), 8.0)
            return
        await jobs.look(now=True)
        self.wake()
