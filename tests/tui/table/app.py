"""A table in an app of its own, and how tests look at it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from textual.app import App, ComposeResult
from textual.pilot import Pilot

from elysiadash.tui.widgets.table import Cell, Column, Outline, SparkCell, VirtualTable


class Thing(NamedTuple):
    """A row of the tests."""

    name: str
    size: int | None = 0
    note: str = "-"
    bad: bool = False


def columns() -> list[Column[Thing]]:
    """Name, size and note, all of fixed width."""
    return [
        Column("name", "Name", lambda thing: Cell(thing.name), 12, sort_key=lambda row: row.name),
        Column(
            "size",
            "Size",
            lambda thing: Cell(f"{thing.size}", "critical" if thing.bad else ""),
            6,
            "right",
            sort_key=lambda row: row.size,
            descending_first=True,
        ),
        Column("note", "Note", lambda thing: Cell(thing.note), 8),
    ]


def things(count: int, first: int = 0) -> list[Thing]:
    """``thing-000`` and so on; the size is the number."""
    return [Thing(f"thing-{number:03}", number) for number in range(first, first + count)]


class Clock:
    """A time that stands until it is set."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class TableApp(App[None]):
    """Shows one table and keeps what it said."""

    def __init__(
        self,
        rows: Sequence[Thing] = (),
        shown: Sequence[Column[Thing]] | None = None,
        outline: Callable[[Thing], Outline | None] | None = None,
    ) -> None:
        super().__init__()
        self.clock = Clock()
        self.table: VirtualTable[Thing] = VirtualTable(
            shown or columns(),
            lambda thing: thing.name,
            empty="No things yet: make one with :new",
            is_problem=lambda thing: thing.bad,
            outline=outline,
            clock=self.clock,
        )
        self.said: list[Any] = []
        self._first = rows

    def compose(self) -> ComposeResult:
        """The table alone."""
        yield self.table

    def on_mount(self) -> None:
        """Give the first rows."""
        self.table.set_rows(self._first)
        self.table.focus()

    def on_virtual_table_row_highlighted(self, message: VirtualTable.RowHighlighted) -> None:
        self.said.append(message)

    def on_virtual_table_row_selected(self, message: VirtualTable.RowSelected) -> None:
        self.said.append(message)

    def on_virtual_table_toggle_requested(self, message: VirtualTable.ToggleRequested) -> None:
        self.said.append(message)

    def on_virtual_table_sort_changed(self, message: VirtualTable.SortChanged) -> None:
        self.said.append(message)

    def on_virtual_table_status_changed(self, message: VirtualTable.StatusChanged) -> None:
        self.said.append(message)

    def heard(self, kind: type[Any]) -> list[Any]:
        """The messages of a kind, oldest first."""
        return [message for message in self.said if isinstance(message, kind)]

    def selected(self) -> list[Any]:
        """Keys of the rows that were opened."""
        return [message.key for message in self.heard(VirtualTable.RowSelected)]


def screen_lines(app: App[Any]) -> list[str]:
    """What the terminal would show, read from the compositor rather than from the table."""
    strips = app.screen._compositor.render_strips()
    return ["".join(segment.text for segment in strip) for strip in strips]


async def settled(pilot: Pilot[Any]) -> None:
    """Layout and painting are done."""
    await pilot.pause()
    await pilot.pause()


def spark_column() -> Column[Thing]:
    """A line of three samples, the middle one missing."""
    return Column("line", "Line", lambda thing: SparkCell((0, None, thing.size), 0, 10), 3)


def rows_of(lines: list[str]) -> list[str]:
    """Without header and scroll bar."""
    return [line[:-1] for line in lines[1:]]
