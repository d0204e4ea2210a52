"""Fleet: one row for each cluster of the settings, each looked at by pollers of its own."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from time import monotonic

import msgspec
from textual.content import Content
from textual.timer import Timer

from elysiadash.tui.filtering import Fields
from elysiadash.tui.fleet import Fleet, FleetRow
from elysiadash.tui.fleet_columns import FleetColumns, fleet_fields, is_problem
from elysiadash.tui.freshness import Freshness
from elysiadash.tui.plain import plain
from elysiadash.tui.screens.list_screen import ListScreen
from elysiadash.tui.widgets.empty_note import EmptyNote
from elysiadash.tui.widgets.lines import Piece
from elysiadash.tui.widgets.table import Column, SortBy

_AT_MOST_EVERY_S = 0.8
"""Seconds between two looks at all rows, unless there is something new."""
HIDDEN_S = 60.0
"""Seconds for which the other clusters are still asked while this screen is not on top."""


class FleetScreen(ListScreen[FleetRow]):
    """The clusters; ``enter`` goes to one."""

    NAME = "fleet"
    THINGS = ("cluster", "clusters")

    def __init__(self) -> None:
        super().__init__()
        self._resting: Timer | None = None
        self._shown_at = float("-inf")

    def columns(self) -> Sequence[Column[FleetRow]]:
        """Every column of the list."""
        app = self.dash
        self._fleet = Fleet(app.clusters, app.watched, app.monotonic)
        return FleetColumns(lambda: app.theme_variables).columns

    def row_key(self, row: FleetRow) -> Hashable:
        """A cluster is its profile's name."""
        return row.name

    def fields(self) -> Fields[FleetRow]:
        """What can be filtered by."""
        return fleet_fields()

    def is_problem(self, row: FleetRow) -> bool:
        """Whether something is wrong with it, or cannot be seen."""
        return is_problem(row)

    def first_sort(self) -> SortBy | None:
        """As the settings have them: hands know where a cluster stands."""
        return None

    def as_data(self, row: FleetRow) -> dict[str, object]:
        """The row with its worst findings."""
        data: dict[str, object] = msgspec.to_builtins(row)
        found = self._fleet.findings_of(row.name)
        return {**data, "findings": [msgspec.to_builtins(finding) for finding in found]}

    def crumb(self) -> str:
        """Where one is."""
        return "Fleet"

    def link(self) -> str:
        """The command that leads here."""
        return "fleet"

    # Data

    # Textual calls these beside those of the base class.

    def on_screen_resume(self) -> None:
        """Look at the other clusters, for as long as somebody looks at this."""
        if self._resting is not None:
            self._resting.stop()
            self._resting = None
        self._fleet.start()

    def on_screen_suspend(self) -> None:
        """Something lies on top, or another main screen is shown: not for ever."""
        self._resting = self.set_timer(HIDDEN_S, self._fleet.rest)

    async def on_unmount(self) -> None:
        """Nothing of ours goes on."""
        await self._fleet.aclose()

    async def pull(self) -> None:
        """What every cluster is like now."""
        await self._fleet.pull()
        self._shown_at = float("-inf")

    def facts_changed(self, fresh: Freshness) -> None:
        """Ages and states; a row dims by itself, whatever the cluster in the header does."""
        self.query_one(EmptyNote).display = False
        now = monotonic()
        if self.frozen_at is not None or now - self._shown_at < _AT_MOST_EVERY_S:
            return
        self._shown_at = now
        self.table.set_rows(self._fleet.rows())
        self.row_words()
        if self._fleet.news and self.is_active:
            self.wake()

    def row_words(self) -> None:
        """What is wrong with the cluster under the cursor."""
        row = self.table.current()
        if row is None:
            self.status.rest(Content.empty())
            return
        pieces: list[Piece] = [" ", (plain(row.name), "bold"), "  "]
        if row.why:
            pieces.append(f"{plain(row.why)}   ")
        pieces.append(plain(row.url))
        self.status.rest(Content.assemble(*pieces))

    def action_refresh_now(self) -> None:
        """Ask every cluster at once."""
        self._fleet.refresh_now()
        self.status.flash("asking every cluster now", 2.0)

    async def open_row(self, key: Hashable) -> None:
        """Go to that cluster."""
        fault = await self.dash.use_cluster(str(key))
        if fault is not None:
            self.status.flash(fault)
