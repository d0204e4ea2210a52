"""The rows as lines: cells formatted once for each change, widths that fit them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from typing import Generic

from elysiadash.tui.widgets.table.cells import AnyCell, Cell, Column, Outline, RowT
from elysiadash.tui.widgets.table.changes import Changes
from elysiadash.tui.widgets.table.glyphs import GLYPHS, Glyphs, GlyphSet
from elysiadash.tui.widgets.table.layout import Layout, Wanted, lay_out
from elysiadash.tui.widgets.table.lines import (
    HeaderLine,
    RowLine,
    TextLine,
    Title,
    cell_width,
    outline_width,
    title_width,
)
from elysiadash.tui.widgets.table.model import TableModel

_MOST_KEPT = 1000
"""Formatted rows kept between changes: several screens."""


class TableView(Generic[RowT]):
    """Formats the rows it is asked for, no others, and remembers how wide they were."""

    def __init__(
        self,
        model: TableModel[RowT],
        outline: Callable[[RowT], Outline | None] | None = None,
        changes: Changes[RowT] | None = None,
    ) -> None:
        self._changes = changes
        self.glyphs: Glyphs = GLYPHS["braille"]
        self._model = model
        self._outline = outline
        self._columns: tuple[Column[RowT], ...] = tuple(model.columns.values())
        self._by_choice = False
        self._cells: dict[Hashable, tuple[AnyCell, ...]] = {}
        self._natural: dict[str, int] = {}
        self._layout: tuple[int, int, Layout] | None = None

    @property
    def columns(self) -> Sequence[Column[RowT]]:
        """The columns the owner chose, in its order; the first is never scrolled out."""
        return self._columns

    @property
    def by_choice(self) -> bool:
        """Whether somebody chose the columns; else they are shown by importance."""
        return self._by_choice

    def choose(self, keys: Iterable[str]) -> None:
        """Show these columns, in this order; none: all, as usual.

        Where chosen ones do not all fit, the last go first: the order is what was wished for.
        Raises KeyError for an unknown one.
        """
        chosen = tuple(self._model.columns[key] for key in keys)
        self._by_choice = bool(chosen)
        self._columns = chosen or tuple(self._model.columns.values())
        self.forget_rows()
        self._layout = None

    def retitle(self, key: str, title: str) -> None:
        """Give a column another heading."""
        columns = self._model.columns
        columns[key] = replace(columns[key], title=title)
        self._columns = tuple(columns[column.key] for column in self._columns)
        self.forget_rows()
        self._layout = None

    def use(self, glyphs: GlyphSet) -> None:
        """Draw with another set of signs."""
        self.glyphs = GLYPHS[glyphs]
        self.forget_rows()

    def forget_rows(self) -> None:
        """The rows changed: what was formatted no longer holds."""
        self._cells.clear()

    def forget_widths(self) -> None:
        """Measure anew, so that columns may also get narrower."""
        self._natural.clear()
        self._layout = None

    def measure(self, keys: Iterable[Hashable]) -> None:
        """Format these rows and widen the columns that they need wider.

        Columns never get narrower by themselves: what moves under the eye cannot be read.
        """
        if len(self._cells) > _MOST_KEPT:
            self._cells.clear()
        for key in keys:
            self._measure_row(key, self._cells_of(key))

    def layout(self, width: int, step: int) -> Layout:
        """Where the columns are in ``width`` cells, scrolled by ``step``."""
        if self._layout is None or self._layout[:2] != (width, step):
            wanted = [self._wanted(column) for column in self._columns]
            if self._by_choice:
                wanted = [each._replace(priority=-place) for place, each in enumerate(wanted)]
            self._layout = (width, step, lay_out(wanted, width, step))
        return self._layout[2]

    def header(self) -> HeaderLine:
        """The titles, and the sign of the sort."""
        sort = self._model.sort
        return HeaderLine(
            tuple(
                Title(
                    column.title,
                    column.align,
                    sort.descending if sort and sort.column == column.key else None,
                )
                for column in self._columns
            )
        )

    def row(self, place: int) -> RowLine | TextLine:
        """The row on a line of the list; blank where there is none."""
        shown = self._model.shown
        if not 0 <= place < len(shown):
            return TextLine()
        key = shown[place]
        cursor = self._model.cursor
        return RowLine(
            self._cells_of(key),
            tuple(column.align for column in self._columns),
            cursor.key == key and cursor.lost is None,
            self._model.is_marked(key),
            self._outline_of(key),
        )

    def current_outline(self) -> Outline | None:
        """Where the row under the cursor stands in the tree."""
        cursor = self._model.cursor
        return None if cursor.lost or cursor.key is None else self._outline_of(cursor.key)

    def _cells_of(self, key: Hashable) -> tuple[AnyCell, ...]:
        cells = self._cells.get(key)
        if cells is None:
            row = self._model.row(key)
            if row is None:
                return ()
            cells = tuple(self._cell(key, column, row) for column in self._columns)
            self._cells[key] = cells
        return cells

    def _cell(self, key: Hashable, column: Column[RowT], row: RowT) -> AnyCell:
        """A cell, with the mark of a fresh change behind a number."""
        cell = column.render(row)
        if self._changes is None or column.compare is None or column.align != "right":
            return cell
        if not isinstance(cell, Cell) or cell.trend is not None:
            return cell
        return cell._replace(trend=self._changes.trend(key, column.key))

    def _outline_of(self, key: Hashable) -> Outline | None:
        row = self._model.row(key) if self._outline is not None else None
        return None if row is None or self._outline is None else self._outline(row)

    def _measure_row(self, key: Hashable, cells: tuple[AnyCell, ...]) -> None:
        lead = outline_width(self._outline_of(key))
        for column, cell in zip(self._columns, cells, strict=False):
            needed = cell_width(cell, self.glyphs) + lead
            lead = 0
            known = self._natural.get(column.key, 0)
            wider = needed if column.whole else min(needed, column.most)
            if wider > known:
                self._natural[column.key] = wider
                self._layout = None

    def _wanted(self, column: Column[RowT]) -> Wanted:
        heading = title_width(column.title, column.sort_key is not None)
        whole = max(heading, self._natural.get(column.key, 0), column.least)
        natural = min(whole, column.most)
        # A number with its end cut off is a wrong number: such a column is left out instead.
        least = natural if column.align == "right" else column.least
        return Wanted(least, natural, column.priority, whole if column.whole else 0)
