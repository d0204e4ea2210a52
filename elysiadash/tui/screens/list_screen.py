"""A screen that is one list of things: filter, order, problems, columns, and what leaves it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import ClassVar, Generic

from textual import on
from textual.binding import BindingType
from textual.widget import Widget

from elysiadash.tui import numbers
from elysiadash.tui.actions.binding import bindings
from elysiadash.tui.commands import last_word
from elysiadash.tui.emptiness import Note
from elysiadash.tui.filtering import Fields, Filter, FilterError, parse_filter
from elysiadash.tui.freshness import Freshness
from elysiadash.tui.plain import plain
from elysiadash.tui.screens.list_out import ListOut, named_column
from elysiadash.tui.screens.sort_choice import SortChoice
from elysiadash.tui.trail import Place
from elysiadash.tui.widgets.empty_note import EmptyNote
from elysiadash.tui.widgets.lines import Piece
from elysiadash.tui.widgets.prompt import FILTER, Prompt
from elysiadash.tui.widgets.table import Cell, Column, Outline, SortBy, VirtualTable
from elysiadash.tui.widgets.table.cells import RowT


class ListScreen(ListOut[RowT], Generic[RowT]):
    """Subclasses give the columns, the identity of a row, and ``pull``, which loads the rows."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("list")]
    SCOPES: ClassVar[tuple[str, ...]] = ("app", "screen", "list")
    SETTLE_S: ClassVar[float] = 3.0
    """Seconds for which data moves no row after the user moved."""

    def __init__(self) -> None:
        super().__init__()
        self._filter_before = ""

    # What a subclass gives

    def columns(self) -> Sequence[Column[RowT]]:
        """Every column there is, in the order in which they are shown at first."""
        raise NotImplementedError

    def fields(self) -> Fields[RowT]:
        """What a filter line can name."""
        raise NotImplementedError

    def read_filter(self, line: str) -> Filter[RowT]:
        """The filter that a line means. Raises ``FilterError``."""
        return parse_filter(line, self.fields())

    def is_problem(self, row: RowT) -> bool:
        """Whether something is wrong with the row, or cannot be seen."""
        return False

    def outline(self, row: RowT) -> Outline | None:
        """Where a row stands in a tree; None in a list."""
        return None

    def first_sort(self) -> SortBy | None:
        """The order at first; None: as loaded."""
        return None

    def why_empty(self, fresh: Freshness) -> Note | None:
        """(what, why) to say instead of an empty list; None shows the list with its own words."""
        return None

    async def open_row(self, key: Hashable) -> None:
        """Enter on a row."""

    async def toggle_row(self, key: Hashable, expand: bool) -> None:
        """A row of a tree is to be opened or closed: load other rows."""

    def row_words(self) -> None:
        """Say what is to be known about the row under the cursor."""

    # The list

    def body(self) -> Iterable[Widget]:
        """The table, or why there is none."""
        self.table = VirtualTable(
            self.columns(),
            self.row_key,
            is_problem=self.is_problem,
            outline=self.outline,
            settle_seconds=self.SETTLE_S,
            clock=self.dash.monotonic,
            course=self.dash.course,
            id="list",
        )
        self.table.set_sort(self.first_sort())
        self._use_columns(self.dash.kept.columns(self.NAME))
        yield self.table
        yield EmptyNote()

    def facts_changed(self, fresh: Freshness) -> None:
        """Fade what became late, and say why there is nothing."""
        note = self.query_one(EmptyNote)
        self.table.stale = fresh.remembered or not fresh.connected
        why = self.why_empty(fresh)
        self.table.display, note.display = why is None, why is not None
        # A hidden list loses the focus, and with it every key.
        if why is None and self.focused is None:
            self.focus_body()
        if why is not None:
            note.say(*why)
        if self.table.changes and self.frozen_at is None:
            # How long ago something changed goes on by itself.
            self.table.refresh_values()
        self.renew_sheet()

    def on_screen_suspend(self) -> None:
        """Under a sheet or a dialog values go on, the order waits."""
        self.table.covered = True

    def on_screen_resume(self) -> None:
        """The order goes on."""
        if self.is_mounted:
            self.table.covered = False

    def hold(self, held: bool) -> None:
        """Hold the order too: a sort while frozen is the user's own."""
        self.table.frozen = held

    def place(self) -> Place:
        """Where the reader is, and by what the rows are filtered."""
        return Place(self.route, self.table.leave(), self._filter)

    def return_to(self, place: Place) -> None:
        """Put the reader back."""
        if place.filter != self._filter:
            self.take_filter(place.filter)
        if place.table is not None:
            self.table.enter(place.table)

    def focus_body(self) -> None:
        """The list has the keys."""
        self.table.focus()

    def changed_column(self, priority: int, letter: str = "") -> Column[RowT]:
        """What of a row changed last, which way, and how long ago: ``↑ 2 min Queue``.

        Sorted, the newest change is on top.
        """

        def render(row: RowT) -> Cell:
            change = self.table.changes.last(self.row_key(row))
            if change is None:
                return Cell("")
            title = self.table.model.columns[change.column].title
            sign = "↑" if change.way > 0 else "↓"
            age = numbers.coarse_span(self.table.changes.age(change))
            return Cell(f"{sign} {age} {title}", "muted")

        def order(row: RowT) -> float | None:
            change = self.table.changes.last(self.row_key(row))
            return None if change is None else -change.at

        return Column("changed", "Changed", render, (9, 20), "left", priority, order, letter=letter)

    # Lines

    def worst(self) -> str:
        """How many rows have a problem."""
        many, status = len(self.table.problems), self.table.status
        return f"{many} of {status.total} {self.THINGS[1]} with a problem" if many else ""

    def chips(self) -> list[Piece]:
        """The filter and "problems only", with counts."""
        status = self.table.status
        counts = f"{status.shown:,}/{status.total:,}"
        chips: list[Piece] = []
        if self._filter:
            chips.append((f" filter: /{plain(self._filter)}  {counts} ", "reverse $accent"))
        if status.problems_only:
            chips.append((f" problems only  {counts} ", "reverse $health-warn"))
        if status.marked:
            hidden = f", {status.marked_hidden} hidden" if status.marked_hidden else ""
            chips.append((f" {status.marked} marked{hidden} ", "reverse"))
        return chips

    def notes(self) -> list[Piece]:
        """Filter, counts and order."""
        status = self.table.status
        notes = self.chips()
        if not (self._filter or status.problems_only):
            one, many = self.THINGS
            notes.append(
                (f"{status.total:,} {one if status.total == 1 else many}", "$health-unknown")
            )
        if status.sort is not None:
            title = self.table.model.columns[status.sort.column].title
            notes.append((f"sort: {title} {'↓' if status.sort.descending else '↑'}", ""))
        return notes

    @on(VirtualTable.RowHighlighted)
    def _on_row_highlighted(self, event: VirtualTable.RowHighlighted) -> None:
        event.stop()
        self.row_words()

    @on(VirtualTable.StatusChanged)
    @on(VirtualTable.SortChanged)
    def _on_table_changed(self, event: VirtualTable.StatusChanged) -> None:
        event.stop()
        self.tell_crumbs()

    @on(VirtualTable.RowSelected)
    async def _on_row_selected(self, event: VirtualTable.RowSelected) -> None:
        event.stop()
        await self.open_row(event.key)

    @on(VirtualTable.ToggleRequested)
    async def _on_toggle_requested(self, event: VirtualTable.ToggleRequested) -> None:
        event.stop()
        await self.toggle_row(event.key, event.expand)

    # Filter

    def action_filter(self) -> None:
        """Type a filter; it works while typing."""
        self._filter_before = self._filter
        names = [f"{name}:" for name in self.fields().by_name]
        self.open_prompt(FILTER, self._filter, complete=lambda line: last_word(line, names))

    def take_filter(self, line: str) -> str | None:
        """Filter by this line; returns what is wrong with it, and then changes nothing."""
        try:
            wanted = self.read_filter(line)
        except FilterError as error:
            return str(error)
        self._filter = wanted.text
        self.table.set_filter(wanted if wanted else None)
        self.table.set_empty(f"no {self.THINGS[0]} passes the filter; esc clears it")
        self.tell_crumbs()
        return None

    @on(Prompt.Changed)
    def _on_prompt_changed(self, event: Prompt.Changed) -> None:
        if event.mark == FILTER:
            event.stop()
            self.query_one(Prompt).fault(self.take_filter(event.text))

    def prompt_accepted(self, mark: str, text: str) -> None:
        """Enter keeps the filter, if it can be read; else the one there was stays in use."""
        if mark != FILTER:
            super().prompt_accepted(mark, text)
            return
        fault = self.take_filter(text)
        if fault is None:
            self.close_prompt()
        else:
            self.take_filter(self._filter_before)
            self.query_one(Prompt).fault(fault)

    @on(Prompt.GivenUp)
    def _on_prompt_given_up(self) -> None:
        """Escape goes back to the filter there was."""
        if self.query_one(Prompt).mark == FILTER:
            self.take_filter(self._filter_before)

    def action_clear(self) -> None:
        """Clear the filter, then "problems only", then the marks; else back."""
        if self._filter:
            self.take_filter("")
        elif self.table.status.problems_only:
            self.action_problems()
        elif self.table.status.marked:
            self.table.clear_marks()
        else:
            super().action_clear()

    def action_problems(self) -> None:
        """Only rows with a problem, or all."""
        self.table.show_problems_only(not self.table.status.problems_only)
        self.table.set_empty(f"no {self.THINGS[0]} has a problem that we see; ! shows all")

    def action_seek(self, way: int) -> None:
        """The next row of the filter; without one, the next problem."""
        if self._filter:
            found = self.table.seek(lambda _: True, backwards=way < 0)
        else:
            found = self.table.seek(self.is_problem, backwards=way < 0)
        if not found:
            words = "no other row" if self._filter else f"no {self.THINGS[0]} with a problem"
            self.status.flash(words, 2.0)

    # Order

    def action_sort(self) -> None:
        """Ask for the column."""
        columns = [column for column in self.table.model.columns.values() if column.sort_key]
        letters = {column.letter: column.key for column in columns if column.letter}
        titles = {column.key: column.title for column in columns}
        self.app.push_screen(SortChoice(letters, titles), self._sort)

    def _sort(self, column: str | None) -> None:
        if column is not None:
            self.table.sort_by(column)

    def take_sort(self, words: str) -> str | None:
        """Sort by a column's title or key."""
        columns = [column for column in self.table.model.columns.values() if column.sort_key]
        found = named_column(columns, words)
        if found is not None and self.table.sort_by(found.key):
            return None
        return f"no column {words!r}; there are {', '.join(column.title for column in columns)}"

    def offer_sort(self) -> Iterable[str]:
        """Titles of the columns."""
        return [each.title for each in self.table.model.columns.values() if each.sort_key]

    def action_reverse(self) -> None:
        """Turn the order around."""
        sort = self.table.sort
        if sort is not None:
            self.table.sort_by(sort.column, not sort.descending)
