"""A screen that is one list of things."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, Generic

from textual import on
from textual.widget import Widget

from elysiadash.tui import numbers
from elysiadash.tui.emptiness import Note
from elysiadash.tui.freshness import Freshness
from elysiadash.tui.screens.list_actions import ListActions
from elysiadash.tui.screens.row_list import RowList
from elysiadash.tui.trail import Place
from elysiadash.tui.widgets.empty_note import EmptyNote
from elysiadash.tui.widgets.lines import Piece
from elysiadash.tui.widgets.table import Cell, Column, VirtualTable
from elysiadash.tui.widgets.table.cells import RowT


class ListScreen(RowList[RowT], ListActions, Generic[RowT]):
    """Subclasses give the columns, the identity of a row, and ``pull``, which loads the rows."""

    TABLE_ID = "list"

    @property
    def the_list(self) -> RowList[Any]:
        """The screen is the list."""
        return self

    def list_changed(self) -> None:
        """The crumb line says counts and order."""
        self.tell_crumbs()

    # What a subclass gives

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

    def place(self) -> Place:
        """Where the reader is, and by what the rows are filtered."""
        return Place(self.route, self.table.leave(), self.filter_text)

    def return_to(self, place: Place) -> None:
        """Put the reader back."""
        if place.filter != self.filter_text:
            self.take_filter(place.filter)
        if place.table is not None:
            self.table.enter(place.table)
            self.say_empty()

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

        return Column(
            "changed",
            "Changed",
            render,
            (9, 20),
            "left",
            priority,
            order,
            letter=letter,
            # It is about this screen's time, not about the row.
            in_file={},
        )

    # Lines

    def worst(self) -> str:
        """How many rows have a problem."""
        many, status = len(self.table.problems), self.table.status
        return f"{many} of {status.total} {self.THINGS[1]} with a problem" if many else ""

    def notes(self) -> list[Piece]:
        """Filter, counts and order."""
        status = self.table.status
        notes = self.chips()
        if not (self.filter_text or status.problems_only):
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
        self.list_changed()

    @on(VirtualTable.RowSelected)
    async def _on_row_selected(self, event: VirtualTable.RowSelected) -> None:
        event.stop()
        await self.open_row(event.key)

    @on(VirtualTable.ToggleRequested)
    async def _on_toggle_requested(self, event: VirtualTable.ToggleRequested) -> None:
        event.stop()
        await self.toggle_row(event.key, event.expand)
