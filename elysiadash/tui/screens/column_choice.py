"""Which columns a list shows, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, NamedTuple, cast

from textual import on
from textual.binding import BindingType

from elysiadash.tui.actions.binding import bindings
from elysiadash.tui.screens.dialog import ListDialog
from elysiadash.tui.widgets.table import Cell, Column, VirtualTable


class Wish(NamedTuple):
    """A column, whether it is shown, and whether that can be changed."""

    key: str
    title: str
    shown: bool
    fixed: bool = False


class _Wishes(VirtualTable[Wish]):
    """Marking shows or hides a column, opening keeps the choice: the same keys as on any list."""

    def action_mark(self) -> None:
        """Show the column under the cursor, or hide it."""
        cast("ColumnChoice", self.screen).toggle()

    def action_select(self) -> None:
        """Keep what was chosen."""
        cast("ColumnChoice", self.screen).keep()


class ColumnChoice(ListDialog[tuple[str, ...] | None]):
    """Ends with the chosen keys in their order, () for "as usual", None for no change."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("columns")]

    def __init__(self, columns: Sequence[Column[Any]], chosen: Sequence[str]) -> None:
        """``columns`` in their usual order; ``chosen`` are those shown, () all as usual."""
        super().__init__()
        self._usual = _wishes(columns, ())
        self._wishes = _wishes(columns, chosen)
        self._as_usual = not chosen

    def title_words(self) -> str:
        """What it is about."""
        return "columns of this list, from left to right"

    def keys(self) -> Iterable[tuple[str, str]]:
        """What can be done."""
        return (
            ("table.mark", "shows or hides"),
            ("columns.up", "moves up"),
            ("columns.down", "moves down"),
            ("columns.usual", "as usual"),
            ("table.select", "keeps"),
            ("dialog.close", "cancels"),
        )

    def make_list(self) -> VirtualTable[Wish]:
        """The columns, those shown first."""
        columns = (
            Column[Wish]("title", "Column", _title, (14, 40), priority=9),
            Column[Wish]("state", "", _state, (6, 30), priority=8),
        )
        table = _Wishes(columns, lambda wish: wish.key, settle_seconds=0.0)
        table.set_rows(self._wishes)
        return table

    def toggle(self) -> None:
        """Show the column under the cursor, or hide it."""
        at = self._place()
        if at is None or self._wishes[at].fixed:
            self.app.bell()
            return
        self._wishes[at] = self._wishes[at]._replace(shown=not self._wishes[at].shown)
        self._changed()

    def action_shift(self, by: int) -> None:
        """Move the column under the cursor; the first one stays."""
        at = self._place()
        to = None if at is None else at + by
        if at is None or to is None or at == 0 or not 0 < to < len(self._wishes):
            self.app.bell()
            return
        self._wishes.insert(to, self._wishes.pop(at))
        self._changed()
        self.rows_list.move_to(to)

    def action_usual(self) -> None:
        """All, as they were at first."""
        self._wishes = list(self._usual)
        self._changed(as_usual=True)

    def keep(self) -> None:
        """End with the choice."""
        if self._as_usual:
            self.end(())
        else:
            self.end(tuple(wish.key for wish in self._wishes if wish.shown))

    @on(VirtualTable.RowSelected)
    def _on_clicked(self, event: VirtualTable.RowSelected) -> None:
        """A click on the row under the cursor."""
        event.stop()
        self.toggle()

    def _place(self) -> int | None:
        current = self.rows_list.current()
        return None if current is None else self._wishes.index(current)

    def _changed(self, *, as_usual: bool = False) -> None:
        self._as_usual = as_usual
        self.rows_list.set_rows(tuple(self._wishes))


def _wishes(columns: Sequence[Column[Any]], chosen: Sequence[str]) -> list[Wish]:
    """The chosen columns in their order, then the others; the first is always first."""
    by_key = {column.key: column for column in columns}
    first = columns[0].key
    shown = [key for key in chosen if key != first] if chosen else list(by_key)[1:]
    hidden = [key for key in by_key if key != first and key not in shown]
    return [
        Wish(first, by_key[first].title, True, fixed=True),
        *(Wish(key, by_key[key].title, True) for key in shown),
        *(Wish(key, by_key[key].title, False) for key in hidden),
    ]


def _title(wish: Wish) -> Cell:
    return Cell(f"{'●' if wish.shown else '○'} {wish.title}", "" if wish.shown else "muted")


def _state(wish: Wish) -> Cell:
    if wish.fixed:
        return Cell("always the first", "muted")
    return Cell("shown" if wish.shown else "hidden", "muted")
