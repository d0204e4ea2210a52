"""Stats: one row for each collection."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.content import Content
from textual.widget import Widget

from elysiadash.cluster.stats import CollectionStats
from elysiadash.tui import values
from elysiadash.tui.actions import Action, bindings
from elysiadash.tui.emptiness import why_no_rows
from elysiadash.tui.filtering import FilterError, parse_filter
from elysiadash.tui.freshness import Freshness
from elysiadash.tui.plain import plain
from elysiadash.tui.row_health import Assessment, assess
from elysiadash.tui.screens.live import LiveScreen
from elysiadash.tui.screens.sort_choice import SortChoice
from elysiadash.tui.stats_columns import SORT_LETTERS, StatsColumns, stats_fields
from elysiadash.tui.widgets.empty_note import EmptyNote
from elysiadash.tui.widgets.lines import Piece
from elysiadash.tui.widgets.prompt import FILTER, Prompt
from elysiadash.tui.widgets.table import SortBy, StyleName, VirtualTable

Table = VirtualTable[CollectionStats]


class StatsScreen(LiveScreen):
    """The grid of collections; ``enter`` opens one."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("stats")]
    SCOPES: ClassVar[tuple[str, ...]] = ("app", "screen", "stats")

    def __init__(self) -> None:
        super().__init__()
        self._health = Assessment()
        self._fields = stats_fields(self._judge)
        self.table: Table
        """The grid; made when the app is there."""
        self._filter = ""
        self._filter_before = ""

    def body(self) -> Iterable[Widget]:
        """The table, or why there is none."""
        watch = self.dash.watched
        self._columns = StatsColumns(watch.profile, watch.history, self._judge)
        self.table = Table(
            self._columns.columns,
            lambda row: row.collection,
            is_problem=lambda row: self._health.is_problem(row),
            clock=self.dash.monotonic,
            id="collections",
        )
        self.table.model.set_sort(SortBy("collection"))
        yield self.table
        yield EmptyNote()

    def path(self) -> list[str]:
        """Where one is."""
        return ["Stats"]

    # Data

    async def pull(self) -> None:
        """The rows and their health, as the watch has them now."""
        rows = await self.dash.watched.rows()
        self.dash.rows = rows
        if self.frozen_at is not None:
            return
        self._health = await assess(self.dash.watched, rows)
        self._columns.now = self.dash.watched.store.clock()
        self._columns.late = self.dash.freshness().late
        await self.table.load(rows)
        self._show_reasons()

    def facts_changed(self, fresh: Freshness) -> None:
        """Fade what became late, and say why there is nothing."""
        table, note = self.table, self.query_one(EmptyNote)
        table.stale = fresh.remembered or not fresh.connected
        if fresh.late != self._columns.late:
            self._columns.late = fresh.late
            table.refresh_values()
        empty = not self.dash.rows
        table.display, note.display = not empty, empty
        # A hidden grid loses the focus, and with it every key.
        if not empty and self.focused is None:
            self.focus_body()
        if empty:
            note.say(*why_no_rows(self.dash.watched, fresh))

    def hold(self, held: bool) -> None:
        """Hold the order too: a sort while frozen is the user's own."""
        self.table.frozen = held

    def worst(self) -> str:
        """How many collections have a problem."""
        many = len(self.table.problems)
        if not many:
            return ""
        return f"{many} of {len(self.dash.rows)} collections with a problem"

    def _judge(self, row: CollectionStats) -> tuple[str, StyleName]:
        return self._health.judge(row)

    # Lines

    def chips(self) -> list[Piece]:
        """The filter and "problems only", with counts."""
        status = self.table.status
        counts = f"{status.shown:,}/{status.total:,}"
        chips: list[Piece] = []
        if self._filter:
            chips.append((f" filter: /{plain(self._filter)}  {counts} ", "reverse $accent"))
        if status.problems_only:
            chips.append((f" problems only  {counts} ", "reverse $health-warn"))
        return chips

    def notes(self) -> list[Piece]:
        """Filter, counts and order."""
        status = self.table.status
        notes = self.chips()
        if not notes:
            notes.append((f"{status.total:,} collections", "$health-unknown"))
        if status.sort is not None:
            title = self._titles()[status.sort.column]
            notes.append((f"sort: {title} {'↓' if status.sort.descending else '↑'}", ""))
        return notes

    def _titles(self) -> dict[str, str]:
        return {column.key: column.title for column in self._columns.columns}

    @on(VirtualTable.RowHighlighted)
    def _on_row_highlighted(self, event: VirtualTable.RowHighlighted) -> None:
        event.stop()
        self._show_reasons()

    @on(VirtualTable.StatusChanged)
    @on(VirtualTable.SortChanged)
    def _on_table_changed(self, event: VirtualTable.StatusChanged) -> None:
        event.stop()
        self.tell_crumbs()

    def _show_reasons(self) -> None:
        """What is wrong with the row under the cursor, and why its values are missing."""
        row = self.table.current()
        if row is None:
            self.status.rest(Content.empty())
            return
        pieces: list[Piece] = [" "]
        found = self._health.by_collection.get(row.collection)
        if found is not None and found.finding is not None:
            style = {"critical": "$health-crit", "warning": "$health-warn"}
            look = f"bold {style.get(found.severity, '$health-unknown')}"
            pieces += [(found.finding.code, look), f" {plain(found.finding.message)}   "]
        if values.metrics_are_partial(row):
            few = f"{row.metrics_nodes} of {row.live_nodes} nodes"
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

    def focus_body(self) -> None:
        """The grid has the keys."""
        self.table.focus()

    # Actions

    @on(VirtualTable.RowSelected)
    def _on_row_selected(self, event: VirtualTable.RowSelected) -> None:
        event.stop()
        self._open(str(event.key))

    def _open(self, collection: str) -> None:
        from elysiadash.tui.screens.collection import CollectionScreen

        self.app.push_screen(CollectionScreen(collection))

    def action_filter(self) -> None:
        """Type a filter; it works while typing."""
        self._filter_before = self._filter
        names = [f"{name}:" for name in self._fields.by_name]
        self.open_prompt(FILTER, self._filter, choices=names)

    @on(Prompt.Changed)
    def _on_prompt_changed(self, event: Prompt.Changed) -> None:
        event.stop()
        if event.mark == FILTER:
            self.query_one(Prompt).fault(self.use_filter(event.text))

    def prompt_accepted(self, mark: str, text: str) -> None:
        """Enter keeps the filter, if it can be read; else the one there was stays in use."""
        fault = self.use_filter(text)
        if fault is None:
            self.close_prompt()
        else:
            self.use_filter(self._filter_before)
            self.query_one(Prompt).fault(fault)

    @on(Prompt.GivenUp)
    def _on_prompt_given_up(self) -> None:
        """Escape goes back to the filter there was."""
        self.use_filter(self._filter_before)

    def use_filter(self, line: str) -> str | None:
        """Filter by this line; returns what is wrong with it, and then changes nothing."""
        try:
            wanted = parse_filter(line, self._fields)
        except FilterError as error:
            return str(error)
        self._filter = wanted.text
        self.table.set_filter(wanted if wanted else None)
        self.table.set_empty("no collection passes the filter; esc clears it")
        self.tell_crumbs()
        return None

    def action_clear(self) -> None:
        """Clear the filter, then "problems only"."""
        if self._filter:
            self.use_filter("")
        elif self.table.status.problems_only:
            self.action_problems()
        else:
            super().action_clear()

    def action_problems(self) -> None:
        """Only rows with a problem, or all."""
        self.table.show_problems_only(not self.table.status.problems_only)
        self.table.set_empty("no collection has a problem that we see; ! shows all")

    def action_sort(self) -> None:
        """Ask for the column."""
        self.app.push_screen(SortChoice(SORT_LETTERS, self._titles()), self._sort)

    def _sort(self, column: str | None) -> None:
        if column is not None:
            self.table.sort_by(column)

    def action_reverse(self) -> None:
        """Turn the order around."""
        sort = self.table.sort
        if sort is not None:
            self.table.sort_by(sort.column, not sort.descending)

    def command_with(self, action: Action, argument: str) -> str | None:
        """``:filter``, ``:sort`` and ``:open``."""
        if action.id == "stats.filter":
            return self.use_filter(argument)
        if action.id == "stats.sort":
            return self._sort_by_words(argument)
        if action.id == "stats.open":
            return self._open_by_name(argument)
        return super().command_with(action, argument)

    def _sort_by_words(self, words: str) -> str | None:
        wanted = words.casefold()
        for key, title in self._titles().items():
            if title.casefold().startswith(wanted) and self.table.sort_by(key):
                return None
        titles = self._titles()
        return (
            f"no column {words!r}; there are {', '.join(titles[c] for c in SORT_LETTERS.values())}"
        )

    def _open_by_name(self, name: str) -> str | None:
        for row in self.dash.rows:
            if name in (row.collection, *row.aliases):
                self._open(row.collection)
                return None
        return f"there is no collection {name!r}"
