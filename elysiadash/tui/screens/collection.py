"""One collection: its shards by nodes, and everything known of it with source and age."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import Container
from textual.content import Content
from textual.widget import Widget

from elysiadash.cluster.shards import ShardReport
from elysiadash.cluster.slices import Kind
from elysiadash.cluster.stats import CollectionStats
from elysiadash.tui import numbers, values
from elysiadash.tui.actions.binding import bindings
from elysiadash.tui.collection_facts import Fact, FactColumns, facts_of
from elysiadash.tui.freshness import Freshness
from elysiadash.tui.plain import plain
from elysiadash.tui.replica_grid import ShardRow, describe, grid_columns, shard_rows
from elysiadash.tui.row_health import assess
from elysiadash.tui.screens.live import LiveScreen
from elysiadash.tui.widgets.lines import Piece
from elysiadash.tui.widgets.table import Column, SortBy, VirtualTable

Grid = VirtualTable[ShardRow]
Facts = VirtualTable[Fact]


class CollectionScreen(LiveScreen):
    """The detail of one collection, by its name; it stays when the collection goes."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("collection")]
    SCOPES: ClassVar[tuple[str, ...]] = ("app", "screen", "collection")

    grid: Grid
    """Shards by nodes; made anew when the nodes change."""
    facts_list: Facts
    """Everything known."""

    def __init__(self, collection: str) -> None:
        super().__init__()
        self._collection = collection
        self._row: CollectionStats | None = None
        self._gone = False
        self._fact_columns = FactColumns()

    def body(self) -> Iterable[Widget]:
        """Two panes: beside one another where there is room, else one above the other."""
        self.grid = self._new_grid(self._grid_columns(None))
        self.facts_list = Facts(
            self._fact_columns.columns,
            lambda fact: fact.key,
            empty="nothing is known of this collection yet",
            clock=self.dash.monotonic,
            id="facts",
        )
        yield Container(self.grid, self.facts_list, id="panes")

    def path(self) -> list[str]:
        """Where one is."""
        return ["Stats", self._collection]

    # Data

    async def pull(self) -> None:
        """The collection's row, its shards and its findings."""
        watch = self.dash.watched
        rows = await watch.rows()
        self.dash.rows = rows
        if self.frozen_at is not None:
            return
        found = next((row for row in rows if row.collection == self._collection), None)
        self._gone = found is None
        self._row = found or self._row
        report: ShardReport | None = watch.store.get(Kind.VERBOSE).value
        await self._show_shards(report)
        if self._row is not None:
            findings = (await assess(watch, rows)).findings
            self._fact_columns.now = watch.store.clock()
            self.facts_list.set_rows(facts_of(watch, self._row, findings, self._fact_columns.now))
        self._show_reason()

    async def _show_shards(self, report: ShardReport | None) -> None:
        columns = self._grid_columns(report)
        shown = [(column.key, column.title) for column in self.grid.model.columns.values()]
        if [(column.key, column.title) for column in columns] != shown:
            await self._replace_grid(columns)
        if report is None:
            why = self.dash.watched.store.get(Kind.VERBOSE).problem
            self.grid.set_empty(why.what if why else "shard details were not answered yet")
            return
        shards = await asyncio.to_thread(shard_rows, report, self._collection)
        self.grid.set_empty("no node lists a shard of this collection")
        await self.grid.load(shards)

    def _grid_columns(self, report: ShardReport | None) -> tuple[Column[ShardRow], ...]:
        silent, answered = (report.silent, report.answered) if report else ((), ())
        return grid_columns(self.dash.watched.cluster(), silent, answered)

    def _new_grid(self, columns: tuple[Column[ShardRow], ...]) -> Grid:
        grid = Grid(
            columns,
            lambda row: row.shard,
            empty="shard details were not answered yet",
            clock=self.dash.monotonic,
            classes="grid",
        )
        grid.model.set_sort(SortBy("shard"))
        return grid

    async def _replace_grid(self, columns: tuple[Column[ShardRow], ...]) -> None:
        """Other nodes are other columns: a new grid, with the reader where they were."""
        old, place = self.grid, self.grid.leave()
        had_focus = old.has_focus
        self.grid = self._new_grid(columns)
        self.grid.display = old.display
        await self.query_one("#panes").mount(self.grid, before=old)
        await old.remove()
        if place.sort is None or place.sort.column in self.grid.model.columns:
            self.grid.enter(place)
        if had_focus:
            self.grid.focus()

    def facts_changed(self, fresh: Freshness) -> None:
        """Ages move on; what is late fades."""
        stale = fresh.remembered or not fresh.connected
        self.grid.stale = stale or Kind.VERBOSE in fresh.late
        self.facts_list.stale = stale
        if self.frozen_at is None:
            self._fact_columns.now = self.dash.watched.store.clock()
            self.facts_list.refresh_values()

    def hold(self, held: bool) -> None:
        """Both lists stand still."""
        self.grid.frozen = self.facts_list.frozen = held

    # Lines

    def notes(self) -> list[Piece]:
        """The collection in a few words."""
        if self._gone:
            words = "not in the schema any more" if self._row else "no such collection"
            return [(f" {words} ", "bold reverse $health-warn")]
        row = self._row
        if row is None:
            return []
        notes: list[Piece] = [
            (f"{values.objects(row)} objects", "bold"),
            f"{values.shards(row)} shards",
        ]
        if row.multi_tenant:
            notes.append(f"{numbers.count(row.tenants)} tenants")
        return notes

    @on(VirtualTable.RowHighlighted)
    def _on_row_highlighted(self, event: VirtualTable.RowHighlighted) -> None:
        event.stop()
        self._show_reason()

    def on_descendant_focus(self) -> None:
        """The status line speaks of the pane that has the keys."""
        self._show_reason()

    def _show_reason(self) -> None:
        """The whole of what the line under the cursor has no room for."""
        shard, fact = self.grid.current(), self.facts_list.current()
        if self.grid.has_focus and shard is not None:
            self.status.rest(Content(f" {describe(shard)}"))
        elif fact is not None:
            parts = (fact.what, fact.value, fact.words)
            self.status.rest(Content(" " + plain(": ".join(part for part in parts if part))))

    def help_notes(self) -> list[tuple[str, str]]:
        """Why values are missing."""
        fields = [value.field for value in values.VALUES]
        return values.missing(self._row, fields) if self._row is not None else []

    def focus_body(self) -> None:
        """Back to the pane that is there."""
        (self.grid if self.grid.display else self.facts_list).focus()

    # Actions

    def action_next_pane(self) -> None:
        """The other pane; where one is zoomed, the other one zoomed."""
        to_facts = self.grid.has_focus
        if not (self.grid.display and self.facts_list.display):
            self.grid.display, self.facts_list.display = not to_facts, to_facts
        (self.facts_list if to_facts else self.grid).focus()

    def action_zoom(self) -> None:
        """One pane alone, or both again."""
        both = self.grid.display and self.facts_list.display
        on_grid = self.grid.has_focus
        self.grid.display = on_grid or not both
        self.facts_list.display = not on_grid or not both
