"""Health: what the checks found, and the nodes; problems first."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

import msgspec
from textual.content import Content
from textual.widget import Widget

from elysiadash.tui.emptiness import Note, why_no_rows
from elysiadash.tui.filtering import Fields
from elysiadash.tui.freshness import Freshness
from elysiadash.tui.health_list import (
    CHECKED,
    COLUMNS,
    FIELDS,
    NOT_CHECKED,
    HealthRow,
    SameThing,
    about,
    health_rows,
    target_of,
)
from elysiadash.tui.node_list import node_rows
from elysiadash.tui.screens.list_screen import ListScreen
from elysiadash.tui.widgets.about import About
from elysiadash.tui.widgets.table import Column, SortBy


class HealthScreen(ListScreen[HealthRow]):
    """Findings and nodes as one list; ``enter`` leads to what a row is about."""

    NAME = "health"
    THINGS = ("row", "rows")

    def body(self) -> Iterable[Widget]:
        """The finding under the cursor in full, below the list."""
        yield from super().body()
        yield About(id="finding")

    def columns(self) -> Sequence[Column[HealthRow]]:
        """Every column."""
        return COLUMNS

    def row_key(self, row: HealthRow) -> Hashable:
        """The same trouble is the same row."""
        return row.key

    def fields(self) -> Fields[HealthRow]:
        """What can be filtered by."""
        return FIELDS

    def is_problem(self, row: HealthRow) -> bool:
        """Whether it is anything but ok."""
        return row.severity.rank > 0

    def succession(self) -> SameThing:
        """The cursor stays on a node, whether it is well or something is found of it."""
        return SameThing()

    def first_sort(self) -> SortBy:
        """The worst first."""
        return SortBy("state", descending=True)

    def as_data(self, row: HealthRow) -> dict[str, object]:
        """The finding as the checks give it, or the node."""
        thing = row.finding if row.finding is not None else row.node
        found: dict[str, object] = msgspec.to_builtins(thing)
        return {"severity": row.severity.value, **found, "known_since": row.since}

    def crumb(self) -> str:
        """Where one is."""
        return "Health"

    def link(self) -> str:
        """The command that leads here."""
        return "health"

    # Data

    async def pull(self) -> None:
        """What the checks found just now."""
        if self.frozen_at is None:
            await self.table.load(self._rows())
            self.row_words()

    def facts_changed(self, fresh: Freshness) -> None:
        """Ages move on; a node's state may have changed without anything of a collection."""
        if self.frozen_at is None:
            self.table.set_rows(self._rows())
        super().facts_changed(fresh)
        # What the checks say of a cluster that does not answer is of now.
        self.table.stale = fresh.remembered

    def _rows(self) -> tuple[HealthRow, ...]:
        dash = self.dash
        nodes = node_rows(dash.watched, dash.findings)
        return health_rows(dash.findings, nodes, dash.finding_ages, dash.watched.store.clock())

    def why_empty(self, fresh: Freshness) -> Note | None:
        """Nothing is known yet."""
        return None if self.table.status.total else why_no_rows(self.dash.watched, fresh)

    def row_words(self) -> None:
        """The row in full, and what nobody has looked at."""
        row = self.table.current()
        self.query_one("#finding", About).say(about(row) if row else [])
        self.status.rest(Content(f" not checked yet: {NOT_CHECKED}   checked: {CHECKED}"))

    def help_notes(self) -> list[tuple[str, str]]:
        """What is looked at here, and what is not."""
        return [("Checked", f"{CHECKED}."), ("Not checked yet", f"{NOT_CHECKED}.")]

    def worst(self) -> str:
        """The worst that was found."""
        return self.dash.findings[0].message if self.dash.findings else ""

    async def open_row(self, key: Hashable) -> None:
        """To what the row is about."""
        row = self.table.row(key)
        link = target_of(row) if row else None
        if link is None:
            self.status.flash("this is about the cluster as a whole")
            return
        await self.dash.go(link)
