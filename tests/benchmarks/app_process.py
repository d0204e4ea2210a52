"""What the benchmark of the app runs in a pane: ``python -m tests.benchmarks.app_process KIND``.

``bare``: a Textual app that says one word. ``ours ROWS EACH_S``: the app, over rows of which some
change each so many seconds (0: never). ``table ROWS EACH_S``: Textual's DataTable over as many.
``flood ROWS FILE``: the app, refreshed as fast as it can; memory goes into the file.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

COLUMNS = 14
CHANGED = 40
"""Rows that differ from refresh to refresh; at the beginning, so that they are in sight."""
FLOOD = 10_000
LOOK_EACH = 500


def bare() -> None:
    """Textual, and as little as possible."""
    from textual.app import App, ComposeResult
    from textual.widgets import Static

    class Bare(App[None]):
        def compose(self) -> ComposeResult:
            yield Static("Stats")

    Bare().run()


def ours(many: int, each: float, flood: Path | None = None) -> None:
    """Our app over a watch that stands still but for its rows."""
    import msgspec

    from elysiadash.cluster.stats import CollectionStats
    from elysiadash.tui.app import ElysiadashApp
    from elysiadash.tui.terminal import Terminal
    from tests.tui.still import StillWatch, five_rows

    first = five_rows()[0]
    rows = [
        msgspec.structs.replace(first, collection=f"Collection{at:05d}", aliases=(), objects=at)
        for at in range(many)
    ]
    clock = time.time
    watch = StillWatch(rows)

    class Moving(ElysiadashApp):
        turn = 0

        def on_ready(self) -> None:
            if flood is not None:
                self.run_worker(self._flood(flood), exit_on_error=False)
            elif each:
                self.set_interval(each, self._change)

        def _change(self) -> None:
            self.turn += 1
            watch.give(changed(self.turn))

        async def _flood(self, file: Path) -> None:
            import asyncio

            for self.turn in range(1, FLOOD + 1):
                watch.give(changed(self.turn))
                self.live_screen.wake()
                await asyncio.sleep(0)
                if self.turn % 20 == 0:
                    # Painted now and then, as with a slow terminal.
                    await asyncio.sleep(0.02)
                if self.turn % LOOK_EACH == 0:
                    with file.open("a") as out:
                        out.write(f"{self.turn} {resident_mib()}\n")

    def changed(turn: int) -> list[CollectionStats]:
        watch.clock.now = clock()
        for at in range(min(CHANGED, many)):
            rows[at] = msgspec.structs.replace(
                rows[at], objects=turn * 1_000 + at, queries_per_s=float(turn % 97 + at)
            )
        return rows

    watch.clock.now = clock()
    watch.answer()
    with Terminal("benchmark") as terminal:
        Moving(watch, terminal=terminal).run()


def table(many: int, each: float) -> None:
    """The same with a DataTable."""
    from textual.app import App, ComposeResult
    from textual.widgets import DataTable

    class Table(App[None]):
        turn = 0

        def compose(self) -> ComposeResult:
            yield DataTable(cursor_type="row")

        def on_mount(self) -> None:
            grid = self.query_one(DataTable)
            self.keys = grid.add_columns(*(f"column {at}" for at in range(COLUMNS)))
            for at in range(many):
                grid.add_row(*(f"{at * 7 + each_:,}" for each_ in range(COLUMNS)), key=str(at))
            if each:
                self.set_interval(each, self._change)

        def _change(self) -> None:
            self.turn += 1
            grid = self.query_one(DataTable)
            for at in range(min(CHANGED, many)):
                grid.update_cell(str(at), self.keys[1], f"~{self.turn * 1_000 + at:,}")
                grid.update_cell(str(at), self.keys[2], f"{self.turn % 97 + at:,}")

    Table().run()


def resident_mib() -> float:
    """This process's resident memory."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


if __name__ == "__main__":
    kind, *words = sys.argv[1:]
    if kind == "bare":
        bare()
    elif kind == "flood":
        ours(int(words[0]), 0.0, Path(words[1]))
    else:
        {"ours": ours, "table": table}[kind](int(words[0]), float(words[1]))
