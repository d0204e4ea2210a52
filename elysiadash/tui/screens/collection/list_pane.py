"""A pane that is one list: how it is placed, what its title says, and the row under the cursor."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Generic

from textual import on
from textual.widget import Widget

from elysiadash.tui.freshness import Freshness
from elysiadash.tui.plain import plain
from elysiadash.tui.screens.collection.pane import READING, Pane
from elysiadash.tui.screens.collection.place import PanePlace
from elysiadash.tui.screens.row_list import RowList
from elysiadash.tui.widgets.lines import Piece
from elysiadash.tui.widgets.table import VirtualTable
from elysiadash.tui.widgets.table.cells import RowT


class ListPane(RowList[RowT], Pane, Generic[RowT]):
    """Subclasses give the columns, the identity of a row, what can be filtered by, and rows."""

    FINDS_PROBLEMS: ClassVar[bool] = False

    # What a subclass gives

    def line_of(self, row: RowT) -> str:
        """A row in one line, for the status line."""
        return ""

    # The list

    @property
    def owner(self) -> str:
        """The collection that is looked at."""
        return self.look.collection if self.look is not None else ""

    def list_changed(self) -> None:
        """The title says counts and order."""
        self.tell()

    def content_widgets(self) -> Iterable[Widget]:
        """The table."""
        self.say_empty()
        yield self.table

    def take_keys(self) -> None:
        """The list has the keys."""
        self.table.focus()

    def facts_changed(self, fresh: Freshness) -> None:
        """Fade what became late."""
        gone = self.look is not None and self.look.gone_at is not None
        self.table.stale = fresh.remembered or not fresh.connected or gone

    def place(self) -> PanePlace | None:
        """Cursor, order and filter."""
        return PanePlace(self.NAME, self.table.leave(), self.filter_text)

    def return_to(self, place: PanePlace) -> None:
        """Give them back."""
        self.filter_by(place.filter)
        self.table.enter(place.table)
        self.say_empty()

    def empty_words(self) -> str:
        """As in any list, once it was looked for rows."""
        return super().empty_words() if self.has_read else READING

    def words(self) -> str:
        """The row under the cursor."""
        row = self.table.current()
        return "" if row is None else self.line_of(row)

    def notes(self) -> list[Piece]:
        """Filter, counts and order."""
        status = self.table.status
        notes = self.chips()
        if not notes:
            one, many = self.THINGS
            notes.append(f"{status.total:,} {one if status.total == 1 else many}")
        if status.sort is not None:
            title = self.table.model.columns[status.sort.column].title
            notes.append(f"· sort: {plain(title)} {'↓' if status.sort.descending else '↑'}")
        return notes

    @on(VirtualTable.StatusChanged)
    @on(VirtualTable.SortChanged)
    def _on_table_changed(self, event: VirtualTable.StatusChanged) -> None:
        event.stop()
        self.list_changed()
