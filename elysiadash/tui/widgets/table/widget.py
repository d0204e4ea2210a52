"""The one table: every list and every tree of the console is one of these."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic

from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.reactive import reactive

from elysiadash.tui.actions.binding import bindings
from elysiadash.tui.widgets.table.arrange import Arrangement, Request
from elysiadash.tui.widgets.table.cells import Column, Outline, RowT, SortBy
from elysiadash.tui.widgets.table.changes import Changes, Course, Passing
from elysiadash.tui.widgets.table.model import Cursor, Marked, TablePlace, TableStatus
from elysiadash.tui.widgets.table.styles import CSS
from elysiadash.tui.widgets.table.succession import Succession
from elysiadash.tui.widgets.table.surface import Anchor, TableSurface

_OFF_LOOP_FROM = 2000
"""Rows from which on ``load`` sorts beside the event loop."""


class VirtualTable(TableSurface[RowT], Generic[RowT], can_focus=True, inherit_bindings=False):
    """Rows with a cursor that stays on its thing. Owners give rows; the table asks for nothing."""

    DEFAULT_CSS = CSS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("table")]

    frozen: reactive[bool] = reactive(False, repaint=False)
    """Keep the order of the rows while their values go on changing."""

    covered: reactive[bool] = reactive(False, repaint=False)
    """Something lies over the table: the order holds until it is gone."""

    @dataclass
    class _Said(Message):
        newest_counts: ClassVar[bool] = False
        table: VirtualTable[Any]

        @property
        def control(self) -> VirtualTable[Any]:
            """The table that says it."""
            return self.table

        def can_replace(self, message: Message) -> bool:
            """Floods shrink to the newest message of a kind."""
            alike = isinstance(message, type(self)) and message.table is self.table
            return self.newest_counts and alike

    @dataclass
    class RowHighlighted(_Said):
        """The cursor is on another row; ``key`` is None when its row is lost, or there is none."""

        newest_counts = True
        key: Hashable | None

    @dataclass
    class RowSelected(_Said):
        """The row was opened: Enter, a double click, or a click on the row under the cursor."""

        key: Hashable

    @dataclass
    class ToggleRequested(_Said):
        """A row of a tree is to be expanded or collapsed; the owner then gives other rows."""

        key: Hashable
        expand: bool

    @dataclass
    class SortChanged(_Said):
        """The rows are sorted by something else."""

        sort: SortBy | None

    @dataclass
    class StatusChanged(_Said):
        """Counts, marks, filter, freeze or the cursor's state changed."""

        newest_counts = True
        status: TableStatus

    def __init__(
        self,
        columns: Sequence[Column[RowT]],
        row_key: Callable[[RowT], Hashable],
        *,
        empty: str = "",
        is_problem: Callable[[RowT], bool] | None = None,
        outline: Callable[[RowT], Outline | None] | None = None,
        succession: Succession[RowT] | None = None,
        settle_seconds: float = 3.0,
        clock: Callable[[], float] = time.monotonic,
        course: Course | None = None,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """Make an empty table.

        ``empty`` is said where there are no rows; ``is_problem`` decides what ``problems`` counts
        and ``show_problems_only`` leaves; ``outline`` makes a tree; ``succession`` speaks of
        rows that are gone. For ``settle_seconds`` after the user moved, data does not reorder
        the rows. ``course`` is the time in which values change; None: that of ``clock``.
        """
        self.changes: Changes[RowT] = Changes(columns, course or Passing(clock))
        """When values changed since the table was there."""
        super().__init__(
            columns,
            row_key,
            changes=self.changes,
            empty=empty,
            is_problem=is_problem,
            outline=outline,
            succession=succession,
            name=name,
            id=id,
            classes=classes,
        )
        self.clings_to_top = False
        """Whether a cursor that nobody moved is on the first row, whichever that is by now."""
        self._settle_seconds = settle_seconds
        self._clock = clock
        self._moved_at: float | None = None
        self._touched = False
        self._waiting: Anchor | None = None
        self._latest: Request[RowT] | None = None
        self._said: tuple[Hashable | None, TableStatus] = (None, TableStatus())
        self._click_moved_to: Hashable | None = None

    # Rows

    def set_rows(self, rows: Sequence[RowT]) -> None:
        """Replace the rows by identity; cursor, marks and scroll stay on their things."""
        self._latest = None
        self.changes.note(rows, self.model.row_key)
        self._show(self.model.request(rows).run())

    async def load(self, rows: Sequence[RowT]) -> None:
        """As ``set_rows``, but thousands of rows are sorted beside the event loop.

        Of several loads under way only the newest is shown.
        """
        self.changes.note(rows, self.model.row_key)
        request = self._latest = self.model.request(rows)
        arranged = (
            await asyncio.to_thread(request.run) if len(rows) >= _OFF_LOOP_FROM else request.run()
        )
        if self._latest is request:
            self._show(arranged)

    def start_over(self) -> None:
        """Have the cursor on the first row of the order to come, where nobody moved it yet."""
        if not self._touched:
            self.model.cursor = Cursor()

    def refresh_values(self) -> None:
        """Format the same rows again, since what their cells say depends on more than the rows."""
        self._changed(self.row_to_hold(self._touched))

    def row(self, key: Hashable) -> RowT | None:
        """The row of that identity, shown or not; None when it is gone."""
        return self.model.row(key)

    def current(self) -> RowT | None:
        """The row under the cursor; None when there is none, or it is lost (see ``cursor``)."""
        return self.model.current()

    @property
    def cursor(self) -> Cursor:
        """What the cursor is on, and whether that is lost."""
        return self.model.cursor

    @property
    def marked(self) -> Marked:
        """Keys of the marked rows, shown and hidden by a filter."""
        return self.model.marked

    @property
    def problems(self) -> frozenset[Hashable]:
        """Keys of all rows that are a problem, shown or not."""
        return self.model.problems

    @property
    def status(self) -> TableStatus:
        """What a status line says of this table."""
        return self.model.status(self.frozen)

    # What is shown of them

    @property
    def sort(self) -> SortBy | None:
        """What the rows are sorted by; None: the order they were given in."""
        return self.model.sort

    def sort_by(self, column: str, descending: bool | None = None) -> bool:
        """Sort by a column; without a direction, choosing the same column again reverses.

        Returns False for a column that cannot be sorted by.
        """
        sort = self.model.next_sort(column)
        if sort is None:
            return False
        self.set_sort(sort if descending is None else SortBy(column, descending))
        return True

    def set_sort(self, sort: SortBy | None) -> None:
        """Sort so; None goes back to the order the rows were given in."""
        anchor = self._rearranging()
        before = self.model.sort
        self.model.set_sort(sort)
        self._changed(anchor)
        if before != sort:
            self.post_message(self.SortChanged(self, sort))

    def set_filter(self, keep: Callable[[RowT], bool] | None) -> None:
        """Show only the rows that ``keep`` accepts; None shows all."""
        anchor = self._rearranging()
        self.model.set_filter(keep)
        self._changed(anchor)

    def show_problems_only(self, only: bool) -> None:
        """Show only the rows that are a problem, within the filter."""
        anchor = self._rearranging()
        self.model.set_problems_only(only)
        self._changed(anchor)

    def show_columns(self, keys: Iterable[str]) -> None:
        """Show these columns in this order, none: all as usual; the first never scrolls out."""
        self.view.choose(keys)
        self.column_step = 0
        self._changed(self.row_to_hold(self._touched))

    def retitle(self, key: str, title: str) -> None:
        """Give a column another heading."""
        self.view.retitle(key, title)
        self._changed(self.row_to_hold(self._touched))

    @property
    def visible_columns(self) -> tuple[str, ...]:
        """Keys of the columns the owner chose."""
        return tuple(column.key for column in self.view.columns)

    def set_empty(self, text: str) -> None:
        """Say this where there are no rows."""
        self._empty = text
        self.repaint_lines()

    def clear_marks(self) -> None:
        """Take all marks away, hidden ones too."""
        self.model.set_marks(())
        self.repaint_lines()
        self._tell()

    def leave(self) -> TablePlace:
        """Where the reader is, to be given to ``enter`` later."""
        cursor, sight = self.model.cursor, self.sight()
        line = max(0, min(cursor.place - sight.top, sight.body - 1))
        step, problems_only = self.column_step, self.model.problems_only
        return TablePlace(cursor.key, line, self.sort, step, problems_only)

    def enter(self, place: TablePlace) -> None:
        """Go back to where the reader was, or do so once the rows are there."""
        self.model.problems_only = place.problems_only
        self.model.set_sort(place.sort)
        self.column_step = place.column_step
        if place.key is not None:
            self._touched = True
            self._waiting = Anchor(place.key, place.line)
            self.model.move_to_key(place.key)
        self._changed(None)

    # Moving

    def move_to_key(self, key: Hashable) -> bool:
        """Put the cursor on a thing; if it is not shown (yet), the cursor waits for it, lost."""
        return self._moved(self.model.move_to_key(key))

    def move_to(self, place: int) -> bool:
        """Put the cursor on a line of the list, or on the nearest there is."""
        return self._moved(self.model.move_to(place))

    def seek(self, matches: Callable[[RowT], bool], backwards: bool = False) -> bool:
        """Move to the next row that matches, around the end if need be."""
        return self._moved(self.model.seek(matches, backwards))

    def action_move(self, lines: int) -> None:
        """Move the cursor by lines."""
        self._moved(self.model.move(lines))

    def action_first(self) -> None:
        """Move to the first row."""
        self.move_to(0)

    def action_last(self) -> None:
        """Move to the last row."""
        self.move_to(len(self.model.shown) - 1)

    def action_page(self, pages: int) -> None:
        """Move by what fits on the screen."""
        self._moved(self.model.move(pages * max(1, self.sight().body)))

    def action_columns(self, columns: int) -> None:
        """Scroll the columns; on a row of a tree, expand or collapse it first."""
        row, outline = self.model.current(), self.view.current_outline()
        expand = columns > 0
        if row is not None and outline and outline.expandable and outline.expanded != expand:
            self.post_message(self.ToggleRequested(self, self.model.row_key(row), expand))
            return
        self.column_step += columns

    def action_mark(self) -> None:
        """Mark the row under the cursor, or take its mark away."""
        if not self.model.toggle_mark():
            self.app.bell()
            return
        self._touched = True
        self.repaint_lines()
        self._tell()

    def action_select(self) -> None:
        """Open the row under the cursor; a lost one opens nothing."""
        row = self.model.current()
        if row is None:
            self.app.bell()
            return
        self.post_message(self.RowSelected(self, self.model.row_key(row)))

    def on_click(self, event: events.Click) -> None:
        """A title sorts; a row takes the cursor, and opens when it has it or is clicked twice."""
        at = event.get_content_offset(self)
        if at is None or event.button != 1:
            return
        event.stop()
        column, place = self.column_at(*at), self.place_at(at.y)
        if column is not None:
            self.sort_by(column)
        elif place is not None:
            self._clicked(self.model.shown[place], place, event.chain)

    def on_mouse_scroll_right(self, event: events.MouseScrollRight) -> None:
        """Scroll the columns."""
        event.stop()
        self.column_step += 1

    def on_mouse_scroll_left(self, event: events.MouseScrollLeft) -> None:
        """Scroll the columns."""
        event.stop()
        self.column_step -= 1

    def _clicked(self, key: Hashable, place: int, chain: int) -> None:
        cursor = self.model.cursor
        on_cursor = cursor.key == key and cursor.lost is None
        if chain == 1:
            self._click_moved_to = None if on_cursor else key
        opens = on_cursor if chain == 1 else chain == 2 and self._click_moved_to == key
        if opens:
            self.post_message(self.RowSelected(self, key))
        else:
            self.move_to(place)

    def _moved(self, moved: bool) -> bool:
        """The user moved: the rows hold still for a moment."""
        self._touched = True
        self._waiting = None
        self._moved_at = self._clock()
        self.show_cursor()
        self._tell()
        return moved

    # Changing

    def watch_covered(self) -> None:
        """What lay over the table is gone: unless frozen, sort what changed meanwhile."""
        if not self._held():
            if self.clings_to_top:
                self.start_over()
            anchor = self.row_to_hold(self._touched)
            self.model.rearrange()
            self._changed(anchor)

    def watch_frozen(self, frozen: bool) -> None:
        """Leaving the freeze sorts what changed meanwhile."""
        if not frozen:
            anchor = self.row_to_hold(self._touched)
            self.model.rearrange()
            self._changed(anchor)
        else:
            # What is held is being read: the cursor is the reader's from here on.
            self._touched = True
            self._tell()

    def on_mount(self) -> None:
        """Tell what was set before."""
        self._tell()

    def _held(self) -> bool:
        if self.frozen or self.covered:
            return True
        return self._moved_at is not None and (
            self._clock() - self._moved_at < self._settle_seconds
        )

    def _show(self, arranged: Arrangement[RowT]) -> None:
        if self.clings_to_top:
            self.start_over()
        anchor = self._waiting or self.row_to_hold(self._touched)
        self.model.apply(arranged, self._held())
        cursor = self.model.cursor
        if anchor is not None and anchor.key == cursor.followed:
            # The eye stays on the line, whichever row is about the thing now.
            anchor = anchor._replace(key=cursor.key)
        self._changed(anchor)

    def _rearranging(self) -> Anchor | None:
        """The user asks for another order or choice of rows."""
        self.start_over()
        return self.row_to_hold(self._touched)

    def _changed(self, anchor: Anchor | None) -> None:
        if self.update_lines(anchor):
            self._waiting = None
        self._tell()

    def _tell(self) -> None:
        if not self.is_attached:
            return
        cursor = self.model.cursor
        key = None if cursor.lost else cursor.key
        before, now = self._said, (key, self.status)
        self._said = now
        if before[0] != now[0]:
            self.post_message(self.RowHighlighted(self, key))
        if before[1] != now[1]:
            self.post_message(self.StatusChanged(self, now[1]))
