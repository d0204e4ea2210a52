"""What every list of things is, on a screen of its own or in a pane: rows, filter, order, columns.

Actions on lists ask for nothing else, and neither do the sheets over a list and what writes files.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic

import msgspec

from elysiadash.tui.filtering import Fields, Filter, FilterError, parse_filter
from elysiadash.tui.plain import plain
from elysiadash.tui.widgets.lines import Piece
from elysiadash.tui.widgets.table import (
    Column,
    Outline,
    SortBy,
    Succession,
    VirtualTable,
    words_of,
)
from elysiadash.tui.widgets.table.cells import RowT

if TYPE_CHECKING:
    from elysiadash.tui.app import ElysiadashApp
    from elysiadash.tui.description import Section


class RowList(Generic[RowT]):
    """Part of a screen or a pane, which gives the columns, the identity of a row, and the rows."""

    NAME: ClassVar[str] = ""
    """Under which the chosen columns are kept."""
    THINGS: ClassVar[tuple[str, str]] = ("row", "rows")
    """What the rows are called: one and many."""
    FINDS_PROBLEMS: ClassVar[bool] = True
    """Whether rows of this list can be a problem."""
    SETTLE_S: ClassVar[float] = 3.0
    """Seconds for which data moves no row after the user moved."""
    TABLE_ID: ClassVar[str | None] = None
    TABLE: ClassVar[type[VirtualTable[Any]]] = VirtualTable
    """The table; another one does something else with its keys."""

    if TYPE_CHECKING:

        @property
        def dash(self) -> ElysiadashApp:
            """The app, as the screen or the pane knows it."""

    def __init__(self) -> None:
        super().__init__()
        self._table: VirtualTable[RowT] | None = None
        self.filter_text = ""
        """The filter in use, as it was typed."""
        self._filter: Filter[RowT] | None = None

    @property
    def table(self) -> VirtualTable[RowT]:
        """The list; made when it is first wanted, since it needs the app."""
        if self._table is None:
            self._table = self.new_table(self.columns())
        return self._table

    # What a subclass gives

    def columns(self) -> Sequence[Column[RowT]]:
        """Every column there is, in the order in which they are shown at first."""
        raise NotImplementedError

    def row_key(self, row: RowT) -> Hashable:
        """What a row is, whatever line it stands on."""
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

    def succession(self) -> Succession[RowT] | None:
        """What is said of rows that are gone, and where the cursor goes then; None: as usual."""
        return None

    def first_sort(self) -> SortBy | None:
        """The order at first; None: as loaded."""
        return None

    def as_data(self, row: RowT) -> dict[str, object]:
        """The row as JSON: names and values that a program can use.

        Without anything better, the fields of the row; where it has none, what its cells say.
        """
        from elysiadash.tui.leaving.rows import shown_text

        data = msgspec.to_builtins(row, enc_hook=str)
        if isinstance(data, dict):
            return data
        columns = self.table.model.columns.values()
        return {column.key: shown_text(column.render(row)) for column in columns}

    def requests(self, row: RowT) -> dict[str, str]:
        """The same question to the server, in words for a shell: ``curl``, ``weaviate-cli``."""
        return {}

    def name_of(self, row: RowT) -> str:
        """What the row is called."""
        return words_of(self.row_key(row))

    def describe(self, row: RowT) -> Sequence[Section]:
        """Everything known of the row, for people."""
        from elysiadash.tui import description

        columns = self.table.model.columns.values()
        return (
            *description.of_columns(row, columns, self.as_data(row)),
            *description.of_requests(self.requests(row)),
        )

    @property
    def owner(self) -> str:
        """The collection whose rows these are; "" where they are nobody's alone."""
        return ""

    def why_no_rows(self) -> str:
        """What is said where there are no rows at all."""
        return ""

    def list_changed(self) -> None:
        """Another filter, order or count: bring the lines that say so up to date."""

    # The table

    def new_table(self, columns: Sequence[Column[RowT]]) -> VirtualTable[RowT]:
        """A table as this list has it, without rows."""
        table: VirtualTable[RowT] = self.TABLE(
            columns,
            self.row_key,
            is_problem=self.is_problem if self.FINDS_PROBLEMS else None,
            outline=self.outline,
            succession=self.succession(),
            settle_seconds=self.SETTLE_S,
            clock=self.dash.monotonic,
            course=self.dash.course,
            id=self.TABLE_ID,
        )
        table.model.set_sort(self.first_sort())
        table.model.set_filter(self.keeps())
        chosen = self.chosen_columns(tuple(table.model.columns), self.dash.kept.columns(self.NAME))
        table.show_columns(chosen)
        return table

    def hold(self, held: bool) -> None:
        """Hold the order too: a sort while frozen is the reader's own."""
        self.table.frozen = held

    def chips(self) -> list[Piece]:
        """That not everything is shown, and how much of it is."""
        status = self.table.status
        counts = f"{status.shown:,}/{status.total:,}"
        chips: list[Piece] = []
        if self.filter_text:
            words = f" filter: /{plain(self.filter_text)}  "
            if self._filter is not None and self._filter.too_slow:
                chips.append((f"{words}takes too long, not applied ", "reverse $health-warn"))
            else:
                chips.append((f"{words}{counts} ", "reverse $accent"))
        if status.problems_only:
            chips.append((f" problems only  {counts} ", "reverse $health-warn"))
        if status.marked:
            hidden = f", {status.marked_hidden} hidden" if status.marked_hidden else ""
            chips.append((f" {status.marked} marked{hidden} ", "reverse"))
        return chips

    # Columns

    def use_columns(self, keys: Sequence[str]) -> None:
        """Show these columns in this order, () as usual."""
        known = tuple(self.table.model.columns)
        self.table.show_columns(self.chosen_columns(known, keys))

    def chosen_columns(self, known: Sequence[str], keys: Sequence[str]) -> Sequence[str]:
        """Those of the keys that exist, with the first column first; () where none does."""
        first = known[0]
        found = [key for key in keys if key in known]
        return (first, *(key for key in found if key != first)) if found else ()

    def sortable(self) -> list[Column[RowT]]:
        """The columns that the list can be sorted by."""
        return [column for column in self.table.model.columns.values() if column.sort_key]

    def can(self, does: str) -> bool:
        """Whether an action of lists, by its method, means something to this one."""
        if does in ("sort", "reverse"):
            return bool(self.sortable())
        return does != "problems" or self.FINDS_PROBLEMS

    # What is shown of the rows

    def keeps(self) -> Callable[[RowT], bool] | None:
        """What rows must pass; None: nothing."""
        return self._filter or None

    def filter_words(self) -> str:
        """What rows must pass, as one would type it."""
        return self.filter_text

    def filter_by(self, line: str) -> str | None:
        """Filter by this line; returns what is wrong with it, and then changes nothing."""
        try:
            wanted = self.read_filter(line)
        except FilterError as error:
            return str(error)
        self.filter_text, self._filter = wanted.text, wanted
        self.filter_again()
        return None

    def filter_again(self) -> None:
        """Choose the rows anew."""
        self.table.set_filter(self.keeps())
        self.say_empty()
        self.list_changed()

    def show_problems_only(self, only: bool) -> None:
        """Only rows that are a problem, or all."""
        self.table.show_problems_only(only)
        self.say_empty()

    def clear(self) -> bool:
        """Clear the filter, then "problems only", then the marks; False where there is none."""
        if self.filter_text:
            self.filter_by("")
        elif self.table.status.problems_only:
            self.show_problems_only(False)
        elif self.table.status.marked:
            self.table.clear_marks()
        else:
            return False
        return True

    def say_empty(self) -> None:
        """What stands where no row does."""
        self.table.set_empty(self.empty_words())

    def empty_words(self) -> str:
        """Why no row is shown, and what brings them back."""
        status = self.table.status
        none = "" if status.total else self.why_no_rows()
        if none:
            return none
        if self.filter_text:
            return f"no {self.THINGS[0]} passes the filter; esc clears it"
        if status.problems_only:
            return f"no {self.THINGS[0]} has a problem that we see; ! shows all"
        return ""


def named_column(columns: Iterable[Column[RowT]], words: str) -> Column[RowT] | None:
    """The column of that key or title; else the first whose title starts so."""
    wanted, columns = words.casefold(), tuple(columns)
    exact = [each for each in columns if wanted in (each.key.casefold(), each.title.casefold())]
    alike = [each for each in columns if each.title.casefold().startswith(wanted)]
    return next(iter([*exact, *alike]), None)
