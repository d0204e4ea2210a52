"""The rows, the cursor, the marks and the order, without a screen."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, NamedTuple

from elysiadash.tui.widgets.table.arrange import (
    Arrangement,
    Request,
    Sorting,
    held_order,
    places_of,
)
from elysiadash.tui.widgets.table.cells import Column, RowT, SortBy
from elysiadash.tui.widgets.table.succession import Succession

Lost = Literal["gone", "filtered"]


class Cursor(NamedTuple):
    """The thing the cursor is on.

    ``lost`` says why that thing is not shown: it is gone, or a filter hides it. ``place`` is
    the line it stands on, or stood on last. ``followed`` is the row that is gone and had it
    before, where this one is its heir.
    """

    key: Hashable | None = None
    place: int = 0
    lost: Lost | None = None
    followed: Hashable | None = None


class Marked(NamedTuple):
    """Keys of marked rows: those on the list, in its order, and those a filter hides."""

    shown: tuple[Hashable, ...]
    hidden: tuple[Hashable, ...]


@dataclass(frozen=True, slots=True)
class TableStatus:
    """What a status line says of a table."""

    shown: int = 0
    total: int = 0
    problems: int = 0
    marked: int = 0
    marked_hidden: int = 0
    filtered: bool = False
    problems_only: bool = False
    sort: SortBy | None = None
    frozen: bool = False
    cursor: Cursor = Cursor()  # noqa: RUF009 - immutable


@dataclass(frozen=True, slots=True)
class TablePlace:
    """Where a reader was: kept by a screen that is left, and given back on return."""

    key: Hashable | None
    line: int
    sort: SortBy | None
    column_step: int
    problems_only: bool


class TableModel(Generic[RowT]):
    """Rows by identity. Whatever happens to the order, the cursor and the marks stay on things."""

    def __init__(
        self,
        columns: Sequence[Column[RowT]],
        row_key: Callable[[RowT], Hashable],
        is_problem: Callable[[RowT], bool] | None = None,
        succession: Succession[RowT] | None = None,
    ) -> None:
        self.succession: Succession[RowT] = succession or Succession()
        self.columns = {column.key: column for column in columns}
        if len(self.columns) != len(columns):
            raise ValueError("two columns have the same key")
        letters = [column.letter for column in columns if column.letter]
        if len(set(letters)) != len(letters):
            raise ValueError("two columns are sorted by the same letter")
        self.row_key = row_key
        self.sort: SortBy | None = None
        self.problems_only = False
        self.cursor = Cursor()
        self._is_problem = is_problem
        self._keep: Callable[[RowT], bool] | None = None
        self._arranged: Arrangement[RowT] = Request[RowT]((), row_key).run()
        self._shown: list[Hashable] = []
        self._places: dict[Hashable, int] = {}
        self._marks: set[Hashable] = set()

    # Rows

    @property
    def shown(self) -> Sequence[Hashable]:
        """Keys of the rows on the list, first line first."""
        return self._shown

    @property
    def total(self) -> int:
        """All rows, with those a filter hides."""
        return len(self._arranged.keys)

    @property
    def problems(self) -> frozenset[Hashable]:
        """Keys of the rows that are a problem, shown or not."""
        return self._arranged.problems

    @property
    def filtered(self) -> bool:
        """Whether a filter may hide rows."""
        return self._keep is not None or self.problems_only

    def row(self, key: Hashable) -> RowT | None:
        """The row of that identity, shown or not; None when it is gone."""
        at = self._arranged.index.get(key)
        return None if at is None else self._arranged.rows[at]

    def place_of(self, key: Hashable) -> int | None:
        """The line a row is shown on."""
        return self._places.get(key)

    def request(self, rows: Sequence[RowT]) -> Request[RowT]:
        """What ``apply`` needs, not yet computed; run it anywhere."""
        return Request(
            rows, self.row_key, self._sorting(), self._keep, self._is_problem, self.problems_only
        )

    def set_rows(self, rows: Sequence[RowT], hold: bool = False) -> None:
        """Replace the rows by identity; ``hold`` keeps the order of those already shown."""
        self.apply(self.request(rows).run(), hold)

    def apply(self, arranged: Arrangement[RowT], hold: bool = False) -> None:
        """Show an arrangement. One that was asked for before the sort changed is made anew."""
        if not self._is_current(arranged.request):
            arranged = self._again(arranged)
        self._arranged = arranged
        if hold:
            held = held_order(self._shown, arranged.shown, arranged.index)
            self._show(held, places_of(held))
        else:
            self._show(arranged.shown, arranged.places)

    # Order

    def set_sort(self, sort: SortBy | None) -> None:
        """Sort by a column, or by nothing: the order the rows were given in.

        Raises KeyError for an unknown column and ValueError for one that cannot be sorted by.
        """
        if sort is not None and self.columns[sort.column].sort_key is None:
            raise ValueError(f"column {sort.column!r} cannot be sorted by")
        self.sort = sort
        self.rearrange()

    def next_sort(self, column: str) -> SortBy | None:
        """The sort after choosing a column: again reverses; None where it cannot be sorted by."""
        chosen = self.columns[column]
        if chosen.sort_key is None:
            return None
        if self.sort is not None and self.sort.column == column:
            return SortBy(column, not self.sort.descending)
        return SortBy(column, chosen.descending_first)

    def set_filter(self, keep: Callable[[RowT], bool] | None) -> None:
        """Show only the rows that ``keep`` accepts; None shows all."""
        self._keep = keep
        self.rearrange()

    def set_problems_only(self, only: bool) -> None:
        """Show only the rows that are a problem, within the filter."""
        self.problems_only = only
        self.rearrange()

    def rearrange(self) -> None:
        """Sort and filter the present rows again."""
        self._arranged = self._again(self._arranged)
        self._show(self._arranged.shown, self._arranged.places)

    # Cursor

    def current(self) -> RowT | None:
        """The row under the cursor; None when there is none or it is lost (see ``cursor``)."""
        if self.cursor.lost or self.cursor.key is None:
            return None
        return self.row(self.cursor.key)

    def move(self, lines: int) -> bool:
        """Move by lines; says whether the cursor changed.

        From a lost row the first step down goes to the row that took its place, the first step
        up to the one above.
        """
        place = self.cursor.place
        if self.cursor.lost and lines > 0:
            lines -= 1
        return self.move_to(place + lines)

    def move_to(self, place: int) -> bool:
        """Put the cursor on a line, or on the nearest there is."""
        if not self._shown:
            return False
        place = max(0, min(place, len(self._shown) - 1))
        before, self.cursor = self.cursor, Cursor(self._shown[place], place)
        return self.cursor != before

    def move_to_key(self, key: Hashable) -> bool:
        """Put the cursor on a thing; if it is not shown (yet), the cursor waits for it, lost."""
        before, self.cursor = self.cursor, Cursor(key, self.cursor.place)
        self._find_cursor()
        return self.cursor != before

    def seek(self, matches: Callable[[RowT], bool], backwards: bool = False) -> bool:
        """Move to the next row that matches, around the end if need be."""
        count = len(self._shown)
        step = -1 if backwards else 1
        for distance in range(1, count + 1):
            place = (self.cursor.place + step * distance) % count
            row = self.row(self._shown[place])
            if row is not None and matches(row):
                return self.move_to(place)
        return False

    # Marks

    @property
    def marked(self) -> Marked:
        """The marked rows; each of them lives."""
        shown = [key for key in self._marks if key in self._places]
        shown.sort(key=self._places.__getitem__)
        hidden = [key for key in self._marks if key not in self._places]
        hidden.sort(key=self._arranged.index.__getitem__)
        return Marked(tuple(shown), tuple(hidden))

    def is_marked(self, key: Hashable) -> bool:
        """Whether a row is marked."""
        return key in self._marks

    def toggle_mark(self) -> bool:
        """Mark the row under the cursor, or take its mark away; False when it is lost."""
        if self.current() is None:
            return False
        self._marks ^= {self.cursor.key}
        return True

    def set_marks(self, keys: Iterable[Hashable]) -> None:
        """Mark exactly these rows, as far as they exist."""
        self._marks = {key for key in keys if key in self._arranged.index}

    def status(self, frozen: bool = False) -> TableStatus:
        """What a status line says."""
        marked = self.marked
        return TableStatus(
            shown=len(self._shown),
            total=self.total,
            problems=len(self.problems),
            marked=len(marked.shown) + len(marked.hidden),
            marked_hidden=len(marked.hidden),
            filtered=self.filtered,
            problems_only=self.problems_only,
            sort=self.sort,
            frozen=frozen,
            cursor=self.cursor,
        )

    # Inside

    def _sorting(self) -> Sorting[RowT] | None:
        if self.sort is None:
            return None
        value = self.columns[self.sort.column].sort_key
        return None if value is None else Sorting(value, self.sort.descending)

    def _is_current(self, request: Request[RowT]) -> bool:
        return (
            request.sorting == self._sorting()
            and request.keep is self._keep
            and request.problems_only == self.problems_only
        )

    def _again(self, arranged: Arrangement[RowT]) -> Arrangement[RowT]:
        return Request(
            arranged.rows,
            self.row_key,
            self._sorting(),
            self._keep,
            self._is_problem,
            self.problems_only,
            arranged,
        ).run()

    def _show(self, shown: list[Hashable], places: dict[Hashable, int]) -> None:
        self._shown, self._places = shown, places
        living = self._arranged.index
        self._marks = {key for key in self._marks if key in living}
        if self.cursor.key is None:
            self.move_to(0)
        else:
            self._find_cursor()

    def _find_cursor(self) -> None:
        key = self.cursor.key
        place = self._places.get(key)
        if place is not None:
            self.cursor = Cursor(key, place, followed=self.cursor.followed)
            return
        if key in self._arranged.index:
            self.cursor = Cursor(key, self.cursor.place, "filtered")
            return
        heir = self.succession.heir(key, self._arranged.rows)
        place = self._places.get(heir)
        if place is not None:
            self.cursor = Cursor(heir, place, followed=key)
        else:
            self.cursor = Cursor(key, self.cursor.place, "gone")
