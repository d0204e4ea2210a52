"""Stats: one row for each collection."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from textual.content import Content

from elysiadash.cluster.stats import CollectionStats
from elysiadash.tui import values
from elysiadash.tui.emptiness import Note, why_no_rows
from elysiadash.tui.filtering import Fields
from elysiadash.tui.freshness import Freshness
from elysiadash.tui.plain import plain
from elysiadash.tui.row_health import Assessment
from elysiadash.tui.screens.list_screen import ListScreen
from elysiadash.tui.severity import look
from elysiadash.tui.stats_columns import CHART_STEPS, StatsColumns, stats_fields
from elysiadash.tui.trends import Trends
from elysiadash.tui.widgets.lines import Piece
from elysiadash.tui.widgets.table import Column, SortBy, StyleName, VirtualTable
from elysiadash.tui.window import window_name

if TYPE_CHECKING:
    from elysiadash.tui.description import Section


class StatsScreen(ListScreen[CollectionStats]):
    """The grid of collections; ``enter`` opens one."""

    NAME = "stats"
    THINGS = ("collection", "collections")

    def __init__(self) -> None:
        super().__init__()
        self._health = Assessment()
        self._fields = stats_fields(self._judge)

    def columns(self) -> Sequence[Column[CollectionStats]]:
        """Every column of the grid."""
        watch = self.dash.watched
        self._trends = Trends(watch, CHART_STEPS)
        self._columns = StatsColumns(watch.profile, self._trends, self._judge)
        return (*self._columns.columns, self.changed_column(33, "a"))

    def new_table(
        self, columns: Sequence[Column[CollectionStats]]
    ) -> VirtualTable[CollectionStats]:
        """The worst is on top, and so is a cursor that nobody moved."""
        table = super().new_table(columns)
        table.clings_to_top = True
        return table

    def row_key(self, row: CollectionStats) -> Hashable:
        """A collection is its name."""
        return row.collection

    def fields(self) -> Fields[CollectionStats]:
        """What can be filtered by."""
        return self._fields

    def is_problem(self, row: CollectionStats) -> bool:
        """Whether something was found of it, or it cannot be seen."""
        return self._health.is_problem(row)

    def first_sort(self) -> SortBy:
        """The worst first, those that are alike by name."""
        return SortBy("health", descending=True)

    def as_data(self, row: CollectionStats) -> dict[str, object]:
        """The row, with its health in a word and the worst that was found, as code and words."""
        health = self._health.by_collection.get(row.collection)
        known = health.severity.value if health is not None else None
        worst = health.finding if health is not None else None
        return {
            **msgspec.to_builtins(row),
            "metrics_partial": row.metrics_partial,
            "health": known,
            "finding": f"{worst.code} {worst.message}" if worst is not None else None,
        }

    def describe(self, row: CollectionStats) -> Sequence[Section]:
        """Findings, then every value with its meaning, source and age."""
        from elysiadash.tui.stats_description import describe

        watch = self.dash.watched
        return describe(watch, row, self.dash.findings, self.requests(row))

    def requests(self, row: CollectionStats) -> dict[str, str]:
        """How its definition and shards are asked for."""
        from elysiadash.tui.requests import of_collection

        return of_collection(self.dash.watched.profile, row.collection)

    def crumb(self) -> str:
        """Where one is."""
        return "Stats"

    def link(self) -> str:
        """The command that leads here."""
        return "stats"

    # Data

    async def pull(self) -> None:
        """The rows and their health, as the watch has them now."""
        if self.frozen_at is not None:
            return
        rows, self._health = self.dash.rows, self.dash.assessment
        self._columns.now = self.dash.watched.store.clock()
        self._columns.late = self.dash.freshness().late
        await self.table.load(rows)
        self.row_words()

    def facts_changed(self, fresh: Freshness) -> None:
        """Fade what became late, and say why there is nothing."""
        if fresh.late != self._columns.late:
            self._columns.late = fresh.late
            self.table.refresh_values()
        super().facts_changed(fresh)
        self._ask_trends()

    def why_empty(self, fresh: Freshness) -> Note | None:
        """No collections, or none known yet."""
        return None if self.dash.rows else why_no_rows(self.dash.watched, fresh)

    def window_changed(self) -> None:
        """The small chart of each row."""
        self._columns.window = self.dash.window
        self.table.retitle("trend", window_name(self.dash.window))
        self._ask_trends()

    def _ask_trends(self) -> None:
        """Have the small charts in sight read, where the window reaches beyond this session."""
        if "trend" not in self.table.columns_in_sight():
            return
        now, window = self._columns.now, self._columns.window
        rows = self._trends.due(map(str, self.table.rows_in_sight()), now, window)
        if rows:
            reading = partial(self._read_trends, rows, now, window)
            self.dash.run_guarded(
                reading, "reading the small charts", group="trends", of=self, again=True
            )

    async def _read_trends(self, rows: Sequence[str], now: float, window: float) -> None:
        def went_on() -> bool:
            self.table.refresh_values()
            return self.is_current and self._columns.window == window

        await self._trends.ask(rows, now, window, went_on)
        if self.is_current:
            # Another window was chosen, or other rows came into sight, meanwhile.
            self._ask_trends()

    def _judge(self, row: CollectionStats) -> tuple[str, StyleName]:
        return self._health.judge(row)

    def row_words(self) -> None:
        """What is wrong with the row under the cursor, and why its values are missing."""
        row = self.table.current()
        if row is None:
            self.status.rest(Content.empty())
            return
        pieces: list[Piece] = [" "]
        found = self._health.by_collection.get(row.collection)
        if found is not None and found.finding is not None:
            bold = f"bold {look(found.severity).colour}"
            pieces += [(found.finding.code, bold), f" {plain(found.finding.message)}   "]
        if row.metrics_partial:
            few = f"{row.metrics_nodes} of {row.nodes_to_read} nodes"
            pieces += [("≥ ", "bold"), f"rates and sizes: the metrics of {few} only   "]
        for titles, reason in self._missing(row):
            pieces += [("– ", "bold"), titles, f": {reason}   "]
        self.status.rest(Content.assemble(*pieces))

    def _missing(self, row: CollectionStats) -> list[tuple[str, str]]:
        reasons = values.missing(row, [column.key for column in self._columns.columns])
        return sorted(reasons, key=lambda pair: -pair[0].count(","))

    def help_notes(self) -> list[tuple[str, str]]:
        """Why values of this row are missing."""
        row = self.table.current()
        return [] if row is None else self._missing(row)

    async def open_row(self, key: Hashable) -> None:
        """The detail of a collection."""
        await self.dash.go(f"collection {key}")
