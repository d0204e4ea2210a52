"""The virtual table beside Textual's DataTable: CPU until the screen is quiet again.

    python -m tests.benchmarks.table

10 columns on 200x50, the escape codes for the terminal made as in real use. Both are measured
in turn in one process, so the ratios hold where the milliseconds do not.
"""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from statistics import median
from typing import Any

from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import DataTable

from elysiadash.tui.widgets.table import Cell, Column, VirtualTable
from tests.benchmarks.rows import Row, print_rows

RUNS = 5
COLUMNS = 10
WIDTH = 15
SIZE = (200, 50)

Values = tuple[int, ...]


def values(count: int, turn: int) -> list[Values]:
    """Rows of numbers that all change from turn to turn; the first is the identity."""
    return [
        (row, *((row * 7919 + turn * 104_729 + at * 31) % 1_000_003 for at in range(1, COLUMNS)))
        for row in range(count)
    ]


class Measured(ABC):
    """A table of either kind, driven through the same changes."""

    def __init__(self) -> None:
        self.widget = self.make()

    @abstractmethod
    def make(self) -> Widget:
        """An empty table."""

    @abstractmethod
    def fill(self, rows: list[Values]) -> None:
        """Give an empty table its rows."""

    @abstractmethod
    def change_visible(self, rows: list[Values]) -> None:
        """Change every cell in sight."""

    @abstractmethod
    def change_all(self, rows: list[Values]) -> None:
        """Change every cell."""

    @abstractmethod
    def change_one(self, rows: list[Values]) -> None:
        """Change one row."""

    @abstractmethod
    def sort(self, turn: int) -> None:
        """Sort by a column."""


class Ours(Measured):
    """The virtual table. It takes whole lists: what is out of sight costs nothing."""

    def make(self) -> VirtualTable[Values]:
        """The table with columns of numbers."""
        self.table: VirtualTable[Values] = VirtualTable(
            [_column(at) for at in range(COLUMNS)], lambda row: row[0], settle_seconds=0
        )
        return self.table

    def fill(self, rows: list[Values]) -> None:
        """Set the rows."""
        self.rows = rows
        self.table.set_rows(rows)

    def change_visible(self, rows: list[Values]) -> None:
        """Replace the rows in sight."""
        self.fill([*rows[: SIZE[1]], *self.rows[SIZE[1] :]])

    def change_all(self, rows: list[Values]) -> None:
        """Replace all rows."""
        self.fill(rows)

    def change_one(self, rows: list[Values]) -> None:
        """Replace one row."""
        self.fill([*self.rows[:5], rows[5], *self.rows[6:]])

    def sort(self, turn: int) -> None:
        """Sort by one column, then another."""
        self.table.sort_by(str(1 + turn % 5), descending=False)


class Theirs(Measured):
    """DataTable as its documentation uses it, with fixed widths, which is its faster way."""

    def make(self) -> DataTable[str]:
        """The table with columns of fixed width."""
        self.table: DataTable[str] = DataTable(cursor_type="row")
        return self.table

    def fill(self, rows: list[Values]) -> None:
        """Add the rows one by one."""
        for at in range(COLUMNS):
            self.table.add_column(f"Column {at}", key=str(at), width=WIDTH)
        for row in rows:
            self.table.add_row(*(f"{value:,}" for value in row), key=str(row[0]))

    def change_visible(self, rows: list[Values]) -> None:
        """Update the cells in sight."""
        self._update(rows[: SIZE[1]])

    def change_all(self, rows: list[Values]) -> None:
        """Update all cells."""
        self._update(rows)

    def change_one(self, rows: list[Values]) -> None:
        """Update one row's cells."""
        self._update([rows[5]])

    def sort(self, turn: int) -> None:
        """Sort by one column, then another, by number."""
        self.table.sort(str(1 + turn % 5), key=lambda text: int(str(text).replace(",", "")))

    def _update(self, rows: list[Values]) -> None:
        for row in rows:
            for at in range(1, COLUMNS):
                self.table.update_cell(str(row[0]), str(at), f"{row[at]:,}")


def _column(at: int) -> Column[Values]:
    return Column(
        str(at),
        f"Column {at}",
        lambda row: Cell(f"{row[at]:,}"),
        WIDTH,
        sort_key=lambda row: row[at],
    )


class Painted(App[None]):
    """An app that makes escape codes though nobody sees them."""

    def __init__(self, widget: Widget) -> None:
        super().__init__()
        self._widget = widget

    @property
    def is_headless(self) -> bool:
        """False, so that the painting is part of what is measured."""
        return False

    def compose(self) -> ComposeResult:
        """The table alone."""
        yield self._widget


async def _cpu_ms(pilot: Pilot[Any], change: Any, *arguments: Any) -> float:
    started = time.process_time()
    change(*arguments)
    await pilot.pause()
    return (time.process_time() - started) * 1000


async def _measure(kind: type[Measured], count: int) -> dict[str, list[float]]:
    took: dict[str, list[float]] = {}
    table = kind()
    app = Painted(table.widget)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        took["fill"] = [await _cpu_ms(pilot, table.fill, values(count, 0))]
        turn = 0
        for name, change in (
            ("change all cells", table.change_all),
            ("change visible cells", table.change_visible),
            ("change one row", table.change_one),
        ):
            took[name] = []
            for _ in range(3):
                turn += 1
                took[name].append(await _cpu_ms(pilot, change, values(count, turn)))
        took["sort"] = [await _cpu_ms(pilot, table.sort, turn) for turn in range(3)]
    return took


async def _longest_stall(count: int) -> float:
    """Milliseconds the event loop stood still at most while many rows were loaded and sorted."""
    table = Ours()
    app = Painted(table.widget)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        table.sort(0)
        stalls = [0.0]
        for turn in range(3):
            given = values(count, turn)
            loading = asyncio.create_task(table.table.load(given))
            while not loading.done():
                before = time.perf_counter()
                await asyncio.sleep(0.002)
                stalls.append((time.perf_counter() - before) * 1000 - 2)
            await pilot.pause()
    return max(stalls)


def run() -> list[Row]:
    """Measure both, in turn."""
    rows = []
    for count in (5000, 50_000):
        stall = f"{asyncio.run(_longest_stall(count)):.0f} ms"
        rows.append(Row(f"loop stall, load and sort {count:,}", stall, "", "", "longest of 3"))
    for count in (1000, 5000):
        ours: dict[str, list[float]] = {}
        theirs: dict[str, list[float]] = {}
        for _ in range(RUNS):
            for kind, kept in ((Ours, ours), (Theirs, theirs)):
                for name, took in asyncio.run(_measure(kind, count)).items():
                    kept.setdefault(name, []).extend(took)
        for name, took in ours.items():
            mine, other = median(took), median(theirs[name])
            rows.append(
                Row(
                    f"{name}, {count:,} rows",
                    f"{mine:.1f} ms",
                    f"{other:.1f} ms",
                    f"{other / mine:.1f}x",
                    f"CPU, median of {len(took)}",
                )
            )
    return rows


if __name__ == "__main__":
    print_rows("table", run())
