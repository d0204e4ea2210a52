"""Shards by nodes: objects of each replica, what it lacks, its queue, state, and whether loaded."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from textual.events import Resize

from elysiadash.cluster.last_shards import NodeList
from elysiadash.cluster.shards import ShardReport
from elysiadash.cluster.shards_away import NOBODY_AWAY, Away, away_nodes, shards_away
from elysiadash.cluster.slices import Kind
from elysiadash.tui.filtering import Fields
from elysiadash.tui.freshness import Freshness
from elysiadash.tui.plain import plain
from elysiadash.tui.replica_grid import (
    FIELDS,
    ShardRow,
    grid_columns,
    is_problem,
    shard_rows,
)
from elysiadash.tui.replica_words import line_of
from elysiadash.tui.screens.collection.dark_tenants import DarkTenants
from elysiadash.tui.screens.collection.list_pane import ListPane
from elysiadash.tui.screens.collection.look import Look
from elysiadash.tui.widgets.lines import Piece
from elysiadash.tui.widgets.table import Column, SortBy

if TYPE_CHECKING:
    from elysiadash.tui.description import Section

_ROOMY = 90
"""Cells from which on the title has room for what the numbers are."""
_BESIDE_NODES = ("shard", "behind", "queue")
"""Columns that are no node's."""


class ShardsPane(ListPane[ShardRow]):
    """The grid; its table is made anew when the nodes, or the room for them, change."""

    NAME = "shards"
    THINGS = ("shard", "shards")
    FINDS_PROBLEMS = True

    def __init__(self) -> None:
        super().__init__()
        self._report: ShardReport | None = None
        self._built_of: Hashable = None
        self._rows: Sequence[ShardRow] = ()
        self._away: Away = NOBODY_AWAY
        self._dark = DarkTenants()
        self._wanted: str | None = None
        """The shard that the cursor is to be put on."""

    def columns(self) -> Sequence[Column[ShardRow]]:
        """For the nodes known now."""
        look = self.look
        view = look.view if look is not None else self.dash.watched.cluster()
        report = look.report if look is not None else None
        away = away_nodes(view, report, look.starting) if look and report else frozenset()
        starting = look.starting if look is not None else frozenset()
        listed = report.answered if report is not None else ()
        room = self.size.width or self.app.size.width
        return grid_columns(view, listed, room, away=away, starting=starting)

    def row_key(self, row: ShardRow) -> Hashable:
        """A shard is its name."""
        return row.shard

    def fields(self) -> Fields[ShardRow]:
        """What the grid can be filtered by."""
        return FIELDS

    def is_problem(self, row: ShardRow) -> bool:
        """Whether a replica refuses something, or is not there."""
        return is_problem(row)

    def first_sort(self) -> SortBy:
        """By name."""
        return SortBy("shard")

    def as_data(self, row: ShardRow) -> dict[str, object]:
        """The replicas by node."""
        known = {"shard": row.shard, "gap": row.gap, "queue": row.queue}
        replicas = msgspec.to_builtins(row.replicas)
        data = {"collection": self.owner, **known, "replicas": replicas}
        if row.before:
            data["replicas_away"] = msgspec.to_builtins(row.before)
        return data | ({"unnamed_shards": row.unnamed} if row.unnamed else {})

    def name_of(self, row: ShardRow) -> str:
        """The shard, or how many there are without a name."""
        return row.name

    def describe(self, row: ShardRow) -> Sequence[Section]:
        """Every replica with what it says of itself."""
        from elysiadash.tui.replica_words import sections_of

        return sections_of(self.owner, row, self.requests(row), self.now)

    def requests(self, row: ShardRow) -> dict[str, str]:
        """How the shards are asked for."""
        from elysiadash.tui.requests import curl

        return {"curl": curl(self.dash.watched.profile, "/v1/nodes?output=verbose")}

    def line_of(self, row: ShardRow) -> str:
        """The replicas in one line."""
        words, away = line_of(row, self.now), self._away
        many = 0 if away.missing is None or self._dark.known is not None else away.missing
        if not (row.lost and row.before and 0 < many < away.unlisted):
            return words
        return f"{words}; {many:,} are missing of {away.unlisted:,} seen last: others were dropped"

    @property
    def has_read(self) -> bool:
        """Whether a report was looked through, or none is to be had."""
        look = self.look
        return self._report is not None or (look is not None and look.report_problem is not None)

    def why_no_rows(self) -> str:
        """Nothing answered, or no shard listed."""
        look = self.look
        if look is None or look.report is None:
            problem = look.report_problem if look is not None else None
            return plain(problem.what) if problem else "shard details were not answered yet"
        return "no node lists a shard of this collection"

    async def pull(self, look: Look) -> None:
        """The shards of the newest report, and those that only nodes away have."""
        await super().pull(look)
        await self._fit_columns()
        if look.report is not None:
            await self._build(look, look.report)
            self._seek_wanted()
        self.say_empty()
        self.tell()

    async def _build(self, look: Look, report: ShardReport) -> None:
        nodes = away_nodes(look.view, report, look.starting)
        wanted = look.row.shards if look.row else None
        if look.gone_at is not None:
            nodes = frozenset()
        built_of = (nodes, look.starting, wanted, self._dark.known)
        if report is self._report and built_of == self._built_of:
            return
        lists = self.dash.watched.last_shards.lists(look.collection, nodes)
        build = partial(
            _built,
            report,
            look.collection,
            nodes,
            lists,
            wanted=wanted,
            dark=self._dark.known,
            starting=look.starting,
        )
        self._away, rows = await asyncio.to_thread(build)
        self._report, self._built_of = report, built_of
        # What was there last stays, when the collection has gone.
        if rows or look.gone_at is None:
            self._rows = rows
            await self.table.load(rows)
        self._ask_for_names(look)

    def _ask_for_names(self, look: Look) -> None:
        """Of tenants there is a list of names; where counts tell all, it is not asked for."""
        away = self._away
        if not (look.multi_tenant and away.in_doubt):
            self._dark.forget()
        elif self._dark.is_due((away.nodes, away.missing, away.unlisted), look.at):
            asking = partial(self._learn_names, look.collection)
            self.dash.run_guarded(asking, "asking for the tenants", group="tenants", of=self)

    async def _learn_names(self, collection: str) -> None:
        await self._dark.ask(self.dash.watched, collection)
        self.live.wake()

    def seek(self, shard: str) -> None:
        """Put the cursor on a shard with the next pull that has shards."""
        self._wanted = shard

    def _seek_wanted(self) -> None:
        if self._wanted is None:
            return
        shard, self._wanted = self._wanted, None
        if self.table.row(shard) is None:
            self.live.status.flash(f"no node that answers lists the shard {plain(shard)}")
            return
        self.table.move_to_key(shard)

    def facts_changed(self, fresh: Freshness) -> None:
        """Fade also where only the shards are late."""
        super().facts_changed(fresh)
        self.table.stale = self.table.stale or Kind.VERBOSE in fresh.late

    def notes(self) -> list[Piece]:
        """How many shards there are, have a problem, and are lost; also those without a name."""
        notes = super().notes()
        if self.chips():
            return notes
        unnamed = self._away.unnamed
        spare = unnamed - 1 if unnamed else 0
        # The table may be a new one whose rows are yet to come.
        total = len(self._rows) + spare
        notes[0] = f"{total:,} {self.THINGS[0] if total == 1 else self.THINGS[1]}"
        if self.size.width >= _ROOMY:
            notes.append("· flushed objects")
        lost, many = len(self._away.lost) + unnamed, len(self.table.problems) + spare
        if lost:
            notes.insert(1, (f"{lost:,} without live replica", "bold $health-crit"))
        if many > lost:
            notes.insert(1, (f"{many:,} with a problem", "bold $health-warn"))
        return notes

    def chosen_columns(self, known: Sequence[str], keys: Sequence[str]) -> Sequence[str]:
        """A choice that names nodes of another cluster, or gone ones: those there are instead."""
        unknown = next((place for place, key in enumerate(keys) if key not in known), None)
        if unknown is not None:
            nodes = [key for key in known if key not in (*_BESIDE_NODES, *keys)]
            keys = (*keys[:unknown], *nodes, *keys[unknown:])
        return super().chosen_columns(known, keys)

    async def on_resize(self, event: Resize) -> None:
        """Other room can mean shorter numbers."""
        if self.look is not None and self.display:
            await self._fit_columns()

    async def _fit_columns(self) -> None:
        wanted = self.columns()
        if _layout_of(wanted) != _layout_of(self.table.model.columns.values()):
            await self._replace_table(wanted)

    async def _replace_table(self, columns: Sequence[Column[ShardRow]]) -> None:
        """Other nodes are other columns: a new table, with the reader where they were."""
        old, place = self.table, self.table.leave()
        had_keys, marked = old.has_focus, [key for keys in old.marked for key in keys]
        self._table = table = self.new_table(columns)
        table.frozen, table.covered, table.stale = old.frozen, old.covered, old.stale
        await self.mount(table, before=old)
        await old.remove()
        table.set_rows(self._rows)
        table.model.set_marks(marked)
        if place.sort is None or place.sort.column in table.model.columns:
            table.enter(place)
        if had_keys:
            table.focus()


def _layout_of(columns: Iterable[Column[ShardRow]]) -> list[tuple[str, str, int]]:
    return [(column.key, column.title, column.most) for column in columns]


def _built(
    report: ShardReport,
    collection: str,
    nodes: frozenset[str],
    lists: Mapping[str, NodeList],
    *,
    wanted: int | None,
    dark: frozenset[str] | None,
    starting: frozenset[str],
) -> tuple[Away, tuple[ShardRow, ...]]:
    away = shards_away(
        report, collection, nodes, lists, wanted=wanted, dark=dark, starting=starting
    )
    return away, shard_rows(report, collection, away)
