"""Nodes: who is there, who should be, and how each of them is."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import msgspec
from textual.content import Content

from elysiadash.tui.description import Entry, Section
from elysiadash.tui.emptiness import Note, why_no_rows
from elysiadash.tui.filtering import Fields
from elysiadash.tui.freshness import Freshness
from elysiadash.tui.node_list import FIELDS, NodeColumns, NodeRow, missing_words, node_rows
from elysiadash.tui.plain import plain
from elysiadash.tui.requests import of_node
from elysiadash.tui.screens.list_screen import ListScreen
from elysiadash.tui.widgets.table import Column


class NodesScreen(ListScreen[NodeRow]):
    """The list of nodes; ``enter`` opens one."""

    NAME = "nodes"
    THINGS = ("node", "nodes")

    def columns(self) -> Sequence[Column[NodeRow]]:
        """Every column."""
        self._columns = NodeColumns(self.dash.finding_ages)
        return self._columns.columns

    def row_key(self, row: NodeRow) -> Hashable:
        """A node is its name."""
        return row.name

    def fields(self) -> Fields[NodeRow]:
        """What can be filtered by."""
        return FIELDS

    def is_problem(self, row: NodeRow) -> bool:
        """Whether it is not simply healthy."""
        return row.is_problem

    def as_data(self, row: NodeRow) -> dict[str, object]:
        """What is known of the node."""
        found = row.finding.code if row.finding else None
        rate = {"batch_rate": row.batch_rate, "changed_at": row.changed_at, "finding": found}
        return {**msgspec.to_builtins(row.view), **rate, **msgspec.to_builtins(row.usage)}

    def describe(self, row: NodeRow) -> Sequence[Section]:
        """Everything known of the node, and why the rest is not."""
        missing = tuple(Entry(what=what, value=why) for what, why in missing_words(row))
        sections = super().describe(row)
        return (
            (*sections[:1], Section("Not known", missing), *sections[1:]) if missing else sections
        )

    def help_notes(self) -> list[tuple[str, str]]:
        """Why values of this node are missing."""
        row = self.table.current()
        return [] if row is None else missing_words(row)

    def requests(self, row: NodeRow) -> dict[str, str]:
        """How its state is asked for."""
        return of_node(self.dash.watched.profile, row.name)

    def crumb(self) -> str:
        """Where one is."""
        return "Nodes"

    def link(self) -> str:
        """The command that leads here."""
        return "nodes"

    async def pull(self) -> None:
        """The nodes as the watch has them now."""
        if self.frozen_at is not None:
            return
        self._columns.now = self.dash.watched.store.clock()
        await self.table.load(node_rows(self.dash.watched, self.dash.findings))
        self.row_words()

    def facts_changed(self, fresh: Freshness) -> None:
        """Ages move on, and so does what the server says of each node."""
        if self.frozen_at is None:
            self._columns.now = self.dash.watched.store.clock()
            self.table.set_rows(node_rows(self.dash.watched, self.dash.findings))
        super().facts_changed(fresh)

    def why_empty(self, fresh: Freshness) -> Note | None:
        """No node is known."""
        return None if self.table.status.total else why_no_rows(self.dash.watched, fresh)

    def row_words(self) -> None:
        """Why it is so, and what to do."""
        row = self.table.current()
        if row is None:
            self.status.rest(Content.empty())
            return
        words = f"{row.name}: {row.view.status}"
        words += f", {row.view.why}" if row.view.why else ""
        if row.finding is not None:
            words += f"   {row.finding.code}: {row.finding.action}"
        if row.view.address is None:
            words += "   not probed: give its address (nodes in the profile, or --node)"
        self.status.rest(Content(" " + plain(words)))

    async def open_row(self, key: Hashable) -> None:
        """The detail of a node."""
        await self.dash.go(f"node {key}")
