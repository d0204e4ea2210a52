"""One node: how it is, what was found of it, what happened to it, and the shards it holds."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Iterable, Sequence

import msgspec
from textual.content import Content
from textual.widget import Widget

from elysiadash.cluster.shards import ShardReport
from elysiadash.cluster.slices import Kind
from elysiadash.config.moments import local_clock
from elysiadash.tui import numbers
from elysiadash.tui.emptiness import Note, shown_address
from elysiadash.tui.event_list import message_words, severity_words
from elysiadash.tui.filtering import Fields
from elysiadash.tui.freshness import Freshness
from elysiadash.tui.node_list import (
    NodeRow,
    disk_words,
    missing_words,
    node_rows,
    raft_words,
    status_words,
)
from elysiadash.tui.node_shards import (
    COLUMNS,
    FIELDS,
    ReplicaRow,
    describe,
    find_shard,
    replica_rows,
    split_link,
)
from elysiadash.tui.plain import plain
from elysiadash.tui.requests import of_node
from elysiadash.tui.screens.list_screen import ListScreen
from elysiadash.tui.severity import look
from elysiadash.tui.widgets.about import About, Words
from elysiadash.tui.widgets.lines import Piece
from elysiadash.tui.widgets.table import Column, SortBy

_EVENTS = 3
_FINDINGS = 4


class NodeScreen(ListScreen[ReplicaRow]):
    """The detail of one node; ``argument`` is its name, and a shard to put the cursor on."""

    NAME = "node"
    THINGS = ("shard", "shards")

    def __init__(self, argument: str) -> None:
        super().__init__()
        self._node, self._wanted = split_link(argument)
        self._row: NodeRow | None = None
        self._gone = False
        self._silent: Note | None = None

    def body(self) -> Iterable[Widget]:
        """What is known of the node above the shards."""
        yield About()
        yield from super().body()

    def columns(self) -> Sequence[Column[ReplicaRow]]:
        """Every column."""
        return COLUMNS

    def row_key(self, row: ReplicaRow) -> Hashable:
        """Collection and shard."""
        return row.key

    def fields(self) -> Fields[ReplicaRow]:
        """What can be filtered by."""
        return FIELDS

    def is_problem(self, row: ReplicaRow) -> bool:
        """Whether the replica refuses something."""
        return row.is_problem

    def first_sort(self) -> SortBy:
        """By collection."""
        return SortBy("collection")

    def as_data(self, row: ReplicaRow) -> dict[str, object]:
        """The replica as the node lists it."""
        known = {"node": self._node, "behind": row.behind}
        return {**msgspec.to_builtins(row.replica), **known}

    def requests(self, row: ReplicaRow) -> dict[str, str]:
        """How the node's shards are asked for."""
        return of_node(self.dash.watched.profile, self._node)

    def crumb(self) -> str:
        """The node's name."""
        return self._node

    def link(self) -> str:
        """The command that leads here."""
        return f"node {self._node}"

    def point_at(self, shard: str) -> None:
        """Put the cursor on a shard, now or once the shards are there."""
        self._wanted = shard
        self.wake()

    # Data

    async def pull(self) -> None:
        """The node and its shards."""
        if self.frozen_at is not None:
            return
        report: ShardReport | None = self.dash.watched.store.get(Kind.VERBOSE).value
        rows = None
        if report is not None:
            rows = await asyncio.to_thread(replica_rows, report, self._node)
        self._silent = None if rows is not None else self._why_no_shards(report)
        if rows is not None:
            await self.table.load(rows)
            self._seek_wanted(report)
        self.row_words()

    def _seek_wanted(self, report: ShardReport | None) -> None:
        if self._wanted is None:
            return
        shard, self._wanted = self._wanted, None
        found = find_shard(report, self._node, shard)
        if found is None:
            self.status.flash(f"there is no shard {shard!r} on {self._node}")
        else:
            self.table.move_to_key(found)

    def _why_no_shards(self, report: ShardReport | None) -> Note:
        if report is None:
            problem = self.dash.watched.store.get(Kind.VERBOSE).problem
            return "Shard details were not answered yet", [problem.what if problem else ""]
        return f"{self._node} did not answer for its shards", [
            "What it held is not known now; its collections say what is missing."
        ]

    def facts_changed(self, fresh: Freshness) -> None:
        """The lines above, each second: ages move on."""
        if self.frozen_at is None:
            found = node_rows(self.dash.watched, self.dash.findings)
            row = next((each for each in found if each.name == self._node), None)
            self._gone, self._row = row is None, row or self._row
            self.query_one(About).say(self._about())
        super().facts_changed(fresh)
        self.table.stale = self.table.stale or Kind.VERBOSE in fresh.late

    def why_empty(self, fresh: Freshness) -> Note | None:
        """Why no shards are listed; the last ones stay, with that said above them."""
        if self.table.status.total:
            return None
        return self._silent or ("No shards", [f"{self._node} holds no shard."])

    # Lines

    def _about(self) -> list[Words]:
        row, now = self._row, self.dash.watched.store.clock()
        if row is None:
            return [[(f"there is no node {self._node}", "bold")]]
        sign, style = status_words(row.view)
        first: Words = [(sign, f"bold {look(style).colour}")]
        if row.changed_at is not None:
            first.append(f" for {numbers.span(now - row.changed_at)}")
        first.append(f"  {raft_words(row.view)}" if row.view.raft_state or row.view.leader else "")
        first.append(f"  {plain(row.view.version)}" if row.view.version else "")
        if row.view.objects is not None:
            first.append(f"  ~{numbers.count(row.view.objects)} objects flushed, replicas counted")
        lines: list[Words] = [first, [(self._asked_words(row, now), "$health-unknown")]]
        lines.append([(plain(self._usage_words(row, now)), "$health-unknown")])
        return [*lines, *self._finding_lines(now), *self._event_lines(now)]

    def _asked_words(self, row: NodeRow, now: float) -> str:
        view = row.view
        where = f"asked at {shown_address(view.address)}" if view.address else row.probed
        parts = [plain(where)]
        if view.seen_at is not None:
            parts.append(f"seen {numbers.span(now - view.seen_at)} ago")
        if view.batch_queue is not None:
            parts.append(f"batch queue {numbers.count(view.batch_queue)}")
        if view.operational_mode and view.operational_mode != "ReadWrite":
            parts.append(f"mode {plain(view.operational_mode)}")
        if view.why:
            parts.append(plain(view.why))
        return "   ".join(parts)

    def _usage_words(self, row: NodeRow, now: float) -> str:
        """What is known of the node's machine, then why the rest is not."""
        usage, parts = row.usage, []
        if usage.disk_free_bytes is not None and usage.disk_at is not None:
            size, seen = usage.disk_size_bytes, numbers.span(now - usage.disk_at)
            of = "" if size is None else f" of {numbers.size(size)}"
            where = f"at {usage.disk_place} (Prometheus, {seen} ago)"
            parts.append(f"disk {disk_words(usage)}{of} {where}")
        if usage.memory_bytes is not None:
            memory = f"memory {numbers.size(usage.memory_bytes)} resident"
            limit = usage.memory_limit_bytes
            parts.append(memory if limit is None else f"{memory}, limit {numbers.size(limit)}")
        if usage.heap_bytes is not None:
            parts.append(f"heap {numbers.size(usage.heap_bytes)}")
        if usage.shards_loaded is not None:
            unloaded = numbers.count(usage.shards_unloaded)
            parts.append(f"shards {numbers.count(usage.shards_loaded)} loaded, {unloaded} not")
        missing = [(what, why) for what, why in missing_words(row) if what != "Memory limit"]
        return "   ".join(parts + [f"{what.lower()} –: {why}" for what, why in missing])

    def help_notes(self) -> list[tuple[str, str]]:
        """Why values of this node are missing."""
        return [] if self._row is None else missing_words(self._row)

    def _finding_lines(self, now: float) -> list[Words]:
        found = [each for each in self.dash.findings if each.node == self._node]
        lines: list[Words] = []
        for finding in found[:_FINDINGS]:
            since = self.dash.finding_ages.since(finding)
            age = f" ({since.words(now)})" if since is not None else ""
            colour = look(finding.severity).colour
            words = f" {finding.message}{age}: {finding.action}"
            lines.append([(finding.code, f"bold {colour}"), plain(words)])
        if len(found) > _FINDINGS:
            lines.append([f"and {len(found) - _FINDINGS} more findings: 2 shows all"])
        return lines

    def _event_lines(self, now: float) -> list[Words]:
        newest = self.dash.watched.events.newest(about=self._node)
        lines: list[Words] = []
        for event in newest[:_EVENTS]:
            sign = severity_words(event)[0].split()[0]
            lines.append([f"{sign} {local_clock(event.at, now)}  {message_words(event, now)}"])
        if len(newest) > _EVENTS:
            more = f"and {len(newest) - _EVENTS:,} more events: :events {self._node}"
            lines.append([(plain(more), "$health-unknown")])
        return lines

    def notes(self) -> list[Piece]:
        """Also that the node is gone, or did not answer for what is listed."""
        notes = super().notes()
        if self._gone:
            notes.insert(0, (" no such node any more ", "bold reverse $health-warn"))
        elif self._silent is not None and self.table.status.total:
            notes.insert(0, (" as it was: no answer for its shards ", "bold reverse $health-warn"))
        return notes

    def row_words(self) -> None:
        """The whole of the replica under the cursor."""
        row = self.table.current()
        self.status.rest(Content(f" {describe(row)}" if row else ""))

    async def open_row(self, key: Hashable) -> None:
        """The shard in its collection."""
        if (row := self.table.row(key)) is None:
            return
        await self.dash.go(f"collection {row.replica.collection}")
        if self.dash.live_screen is not None:
            self.dash.live_screen.point_at(row.replica.name)
