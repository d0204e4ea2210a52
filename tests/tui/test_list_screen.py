"""An owner of a tree on the screen that every list is: children come when their parent opens."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

import msgspec
import pytest

from elysiadash.tui.app import ElysiadashApp
from elysiadash.tui.filtering import Fields
from elysiadash.tui.screens.list_screen import ListScreen
from elysiadash.tui.screens.row_sheet import Description, JsonSheet
from elysiadash.tui.widgets.table import Cell, Column, Outline, TableModel
from tests.tui.reading import crumbs, notice, rows, settled, shown, stats, summary
from tests.tui.still import five_rows, still_cluster


class Part(NamedTuple):
    path: tuple[str, ...]
    size: int = 0


CHILDREN = {("node-0",): ("shard-a", "shard-b"), ("node-1",): ("shard-c",)}


class Tree(ListScreen[Part]):
    """Nodes, and their shards once somebody looks."""

    NAME = "tree"
    THINGS = ("part", "parts")

    def __init__(self) -> None:
        super().__init__()
        self.open: set[Hashable] = set()
        self.asked: list[Hashable] = []

    def columns(self) -> Sequence[Column[Part]]:
        return (
            Column("part", "Part", lambda part: Cell(part.path[-1]), (10, 20), priority=9),
            Column("size", "Size", lambda part: Cell(str(part.size)), 6, "right"),
        )

    def row_key(self, row: Part) -> Hashable:
        return row.path

    def fields(self) -> Fields[Part]:
        return Fields(lambda part: part.path, {"size": lambda part: part.size})

    def as_data(self, row: Part) -> dict[str, object]:
        return {"part": "/".join(row.path), "size": row.size}

    def outline(self, row: Part) -> Outline:
        leaf = row.path not in CHILDREN
        return Outline(len(row.path) - 1, expandable=not leaf, expanded=row.path in self.open)

    async def toggle_row(self, key: Hashable, expand: bool) -> None:
        self.open ^= {key}
        self.asked.append(key)
        await self.pull()

    async def pull(self) -> None:
        found = []
        for path, children in CHILDREN.items():
            found.append(Part(path, 9))
            if path in self.open:
                found += [Part((*path, name), 1) for name in children]
        await self.table.load(found)


async def on_tree(app: ElysiadashApp, pilot: Any) -> Tree:
    tree = Tree()
    await app.push_screen(tree)
    await settled(pilot)
    return tree


async def test_children_come_when_their_parent_is_opened_and_go_when_it_closes() -> None:
    async with shown(still_cluster(), size=(80, 20)) as (app, pilot):
        tree = await on_tree(app, pilot)
        assert "▷ node-0" in rows(tree.table)[1]
        assert len(tree.table.model.shown) == 2
        await pilot.press("l")
        await settled(pilot)
        assert tree.asked == [("node-0",)]
        names = [str(key[-1]) for key in tree.table.model.shown]  # type: ignore[index]
        assert names == ["node-0", "shard-a", "shard-b", "node-1"]
        assert "▽ node-0" in rows(tree.table)[1]
        await pilot.press("j", "d")
        assert isinstance(app.screen, Description)
        assert app.screen._key == ("node-0", "shard-a")
        await pilot.press("escape", "k", "h")
        await settled(pilot)
        assert len(tree.table.model.shown) == 2


async def test_every_list_has_what_leaves_the_screen() -> None:
    async with shown(still_cluster(), size=(80, 20)) as (app, pilot):
        tree = await on_tree(app, pilot)
        await pilot.press("l")
        await settled(pilot)
        assert await tree.run_command("copy json") is None
        assert msgspec.json.decode(app.clipboard) == {"part": "node-0", "size": 9}
        assert await tree.run_command("copy curl") == (
            "no 'curl' to copy; there are row, json, part, size"
        )
        await tree.run_command("columns size")
        assert tree.table.visible_columns == ("part", "size")


class Thing(msgspec.Struct):
    name: str
    at: object = None


class Things(ListScreen[Any]):
    """The least that a list has to give."""

    NAME = "things"

    def columns(self) -> Sequence[Column[Any]]:
        return (Column("name", "Name", lambda row: Cell(str(getattr(row, "name", row)))),)

    def row_key(self, row: Any) -> Hashable:
        return str(getattr(row, "name", row))

    def fields(self) -> Fields[Any]:
        return Fields(lambda row: (str(row),), {})

    async def pull(self) -> None:
        self.table.set_rows((Thing("struct", at=object()), Part(("tuple",)), "text"))


async def test_a_list_that_says_nothing_of_its_data_still_describes_its_rows() -> None:
    async with shown(still_cluster(), size=(80, 20)) as (app, pilot):
        screen = Things()
        await app.push_screen(screen)
        await settled(pilot)
        assert screen.as_data(Thing("a", 1)) == {"name": "a", "at": 1}
        assert screen.as_data("c") == {"name": "c"}
        for _ in range(3):
            await pilot.press("d")
            assert isinstance(app.screen, Description)
            await pilot.press("escape", "y")
            assert isinstance(app.screen, JsonSheet)
            await pilot.press("escape", "j")


async def test_a_change_is_on_its_row_with_direction_and_age() -> None:
    watch = still_cluster()
    async with shown(watch) as (app, pilot):
        await stats(app).run_command("columns vector_queue,changed")
        values = {row.collection: row for row in five_rows()}
        values["Chunks"] = msgspec.structs.replace(values["Chunks"], vector_queue=13_000)
        values["Customers"] = msgspec.structs.replace(values["Customers"], shards_answered=641)
        watch.clock.now += 10
        watch.give(values.values())
        await notice(app, pilot)
        lines = {line.split()[0].lstrip("▸"): line for line in rows(stats(app).table)[1:]}
        chunks = next(line for line in lines.values() if "Chunks" in line)
        assert "13,000↑" in chunks
        assert "↑ 0 s Queue" in chunks
        watch.clock.now += 150
        app._tick()
        await pilot.pause()
        chunks = next(line for line in rows(stats(app).table) if "Chunks" in line)
        assert "↑ 2 min Queue" in chunks
        assert "13,000↑" not in chunks
        assert "↑ 2 min Shards" in "\n".join(rows(stats(app).table))
        await stats(app).run_command("sort changed")
        await notice(app, pilot)
        assert set(stats(app).table.model.shown[:2]) == {"Chunks", "Customers"}
        assert "sort: Changed" in crumbs(app)


async def test_sort_takes_a_key_a_title_or_its_beginning() -> None:
    async with shown(still_cluster()) as (app, _):
        for words, column in [
            ("trend", None),
            ("lsm_bytes", "lsm_bytes"),
            ("q", "query_ms_p95"),
            ("QPS", "queries_per_s"),
            ("compr", "compression"),
        ]:
            fault = await stats(app).run_command(f"sort {words}")
            sort = stats(app).table.sort
            assert (fault is not None) if column is None else (sort and sort.column == column)


def test_two_columns_cannot_have_one_letter() -> None:
    both = [
        Column[Part](key, key, lambda part: Cell(part.path[-1]), letter="x") for key in ("a", "b")
    ]
    with pytest.raises(ValueError, match="same letter"):
        TableModel(both, lambda part: part.path)


async def test_a_small_pane_counts_collections_on_their_own_list_only() -> None:
    async with shown(still_cluster(), size=(40, 10)) as (app, pilot):
        assert "5 collections" in summary(app)
        await pilot.press("0")
        await settled(pilot)
        assert "Events" in summary(app)
        assert "collections" not in summary(app)
