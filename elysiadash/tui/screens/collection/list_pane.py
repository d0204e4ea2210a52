"""A pane that is one list: filter, order, problems, and the row under the cursor as data."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import ClassVar, Generic

from textual import on
from textual.widget import Widget

from elysiadash.tui.filtering import Fields, Filter, FilterError, parse_filter
from elysiadash.tui.freshness import Freshness
from elysiadash.tui.plain import plain
from elysiadash.tui.screens.collection.pane import Pane
from elysiadash.tui.screens.collection.place import PanePlace
from elysiadash.tui.widgets.lines import Piece
from elysiadash.tui.widgets.table import Column, SortBy, VirtualTable
from elysiadash.tui.widgets.table.cells import RowT


class ListPane(Pane, Generic[RowT]):
    """Subclasses give the columns, the identity of a row, what can be filtered by, and rows."""

    THINGS: ClassVar[tuple[str, str]] = ("row", "rows")
    """What the rows are called: one and many."""
    FINDS_PROBLEMS: ClassVar[bool] = False
    """Whether rows of this list can be a problem."""

    def __init__(self) -> None:
        super().__init__()
        self._table: VirtualTable[RowT] | None = None
        self.filter_text = ""
        """The filter line in use."""
        self._filter: Filter[RowT] | None = None

    @property
    def table(self) -> VirtualTable[RowT]:
        """The list; made when it is first wanted, since it needs the app."""
        if self._table is None:
            self._table = self.new_table(self.columns())
        return self._table

    # What a subclass gives

    def columns(self) -> Sequence[Column[RowT]]:
        """Every column there is."""
        raise NotImplementedError

    def row_key(self, row: RowT) -> Hashable:
        """What a row is, whatever line it stands on."""
        raise NotImplementedError

    def fields(self) -> Fields[RowT]:
        """What a filter line can name."""
        raise NotImplementedError

    def is_problem(self, row: RowT) -> bool:
        """Whether something is wrong with the row."""
        return False

    def first_sort(self) -> SortBy | None:
        """The order at first; None: as loaded."""
        return None

    def as_data(self, row: RowT) -> dict[str, object]:
        """The row as JSON: names and values that a program can use."""
        raise NotImplementedError

    def requests(self, row: RowT) -> dict[str, str]:
        """The same question to the server, in words for a shell."""
        return {}

    def describe(self, row: RowT) -> str:
        """A row in one line."""
        return ""

    def why_empty(self) -> str:
        """What is said where there are no rows at all."""
        return ""

    # The list

    def content_widgets(self) -> Iterable[Widget]:
        """The table."""
        yield self.table

    def new_table(self, columns: Sequence[Column[RowT]]) -> VirtualTable[RowT]:
        """A table as this pane has it, without rows."""
        table: VirtualTable[RowT] = VirtualTable(
            columns,
            self.row_key,
            is_problem=self.is_problem if self.FINDS_PROBLEMS else None,
            clock=self.dash.monotonic,
            course=self.dash.course,
        )
        table.model.set_sort(self.first_sort())
        table.model.set_filter(self.keeps())
        return table

    def take_keys(self) -> None:
        """The list has the keys."""
        self.table.focus()

    def facts_changed(self, fresh: Freshness) -> None:
        """Fade what became late."""
        gone = self.look is not None and self.look.gone_at is not None
        self.table.stale = fresh.remembered or not fresh.connected or gone

    def hold(self, held: bool) -> None:
        """Hold the order too: a sort while frozen is the reader's own."""
        self.table.frozen = held

    def place(self) -> PanePlace | None:
        """Cursor, order and filter."""
        return PanePlace(self.NAME, self.table.leave(), self.filter_text)

    def return_to(self, place: PanePlace) -> None:
        """Give them back."""
        self.take_filter(place.filter)
        self.table.enter(place.table)

    def words(self) -> str:
        """The row under the cursor."""
        row = self.table.current()
        return "" if row is None else self.describe(row)

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

    def chips(self) -> list[Piece]:
        """That not everything is shown, and how much of it is."""
        status = self.table.status
        counts = f"{status.shown:,}/{status.total:,}"
        chips: list[Piece] = []
        if self.filter_text:
            chips.append((f" filter: /{plain(self.filter_text)}  {counts} ", "reverse $accent"))
        if status.problems_only:
            chips.append((f" problems only  {counts} ", "reverse $health-warn"))
        if status.marked:
            hidden = f", {status.marked_hidden} hidden" if status.marked_hidden else ""
            chips.append((f" {status.marked} marked{hidden} ", "reverse"))
        return chips

    @on(VirtualTable.StatusChanged)
    @on(VirtualTable.SortChanged)
    def _on_table_changed(self, event: VirtualTable.StatusChanged) -> None:
        event.stop()
        self.tell()

    # Filter and order

    def keeps(self) -> Callable[[RowT], bool] | None:
        """What rows must pass; None: nothing."""
        return self._filter or None

    def take_filter(self, line: str) -> str | None:
        """Filter by this line; returns what is wrong with it, and then changes nothing."""
        try:
            wanted = parse_filter(line, self.fields())
        except FilterError as error:
            return str(error)
        self.filter_text, self._filter = wanted.text, wanted
        self.filter_again()
        return None

    def filter_again(self) -> None:
        """Choose the rows anew."""
        self.table.set_filter(self.keeps())
        self.say_empty()
        self.tell()

    def say_empty(self) -> None:
        """What stands where no row does."""
        self.table.set_empty(self.empty_words())

    def empty_words(self) -> str:
        """Why no row is shown, and what brings them back."""
        status = self.table.status
        if status.total and self.filter_text:
            return f"no {self.THINGS[0]} passes the filter; esc clears it"
        if status.total and status.problems_only:
            return f"no {self.THINGS[0]} has a problem that we see; ! shows all"
        return self.why_empty()

    def show_problems_only(self, only: bool) -> None:
        """Only rows that are a problem, or all."""
        self.table.show_problems_only(only)
        self.say_empty()

    def clear(self) -> bool:
        """Clear the filter, then "problems only", then the marks; False where there is none."""
        if self.filter_text:
            self.take_filter("")
        elif self.table.status.problems_only:
            self.show_problems_only(False)
        elif self.table.status.marked:
            self.table.clear_marks()
        else:
            return False
        return True

    def sortable(self) -> list[Column[RowT]]:
        """The columns that the list can be sorted by."""
        return [column for column in self.table.model.columns.values() if column.sort_key]
