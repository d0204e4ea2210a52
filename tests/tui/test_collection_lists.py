"""What works on any list works in the panes of a collection: describe, copy, export, columns."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot

from elysiadash.tui.app import ElysiadashApp
from elysiadash.tui.kept import Kept
from elysiadash.tui.keymap import read_keymap
from elysiadash.tui.screens.collection import CollectionScreen
from elysiadash.tui.screens.collection.list_pane import ListPane
from elysiadash.tui.screens.column_choice import ColumnChoice
from elysiadash.tui.screens.copy_choice import CopyChoice
from elysiadash.tui.screens.row_sheet import Description, JsonSheet, RowSheet
from elysiadash.tui.screens.sort_choice import SortChoice
from tests.tui.detailed import detailed_cluster
from tests.tui.reading import detail, fault, notice, rows, settled, shown, status
from tests.tui.still import NODES, three_nodes

LISTS = ("shards", "numbers", "settings", "tenants")


@asynccontextmanager
async def pane_of(
    name: str, watch: Any = None, size: tuple[int, int] = (160, 40), **given: Any
) -> AsyncIterator[tuple[ElysiadashApp, Pilot[None], CollectionScreen]]:
    """The detail of the multi-tenant collection with the keys in a pane, its rows there."""
    async with shown(watch or detailed_cluster(), size=size, **given) as (app, pilot):
        await app.go("collection Customers" if name == "tenants" else "collection Documents")
        await settled(pilot)
        assert await detail(app).run_command(f"pane {name}") is None
        await settled(pilot)
        if asking := [worker for worker in app.workers if worker.group == "tenants"]:
            await app.workers.wait_for_complete(asking)
        await settled(pilot)
        yield app, pilot, detail(app)


def the_list(screen: CollectionScreen) -> ListPane[Any]:
    """The pane that has the keys."""
    found = screen.the_list
    assert isinstance(found, ListPane)
    return found


def on_sheet(app: ElysiadashApp) -> str:
    """What the sheet on top says."""
    assert isinstance(app.screen, RowSheet)
    return "\n".join(line.plain for line in app.screen._lines)


FIRST = {
    "shards": {"collection": "Documents", "shard": "shard01"},
    "numbers": {"collection": "Documents", "value": "critical"},
    "settings": {"collection": "Documents", "path": "description"},
    "tenants": {"collection": "Customers", "tenant": "tenant-0001", "state": "COLD"},
}
"""What the second row of each pane says of itself."""


@pytest.mark.parametrize("name", LISTS)
async def test_the_row_under_the_cursor_is_described_and_copied(name: str) -> None:
    async with pane_of(name) as (app, pilot, screen):
        await pilot.press("j", "y")
        assert isinstance(app.screen, JsonSheet)
        await pilot.press("escape", "d")
        assert isinstance(app.screen, Description)
        described = on_sheet(app)
        await pilot.press("escape", "c")
        assert isinstance(app.screen, CopyChoice)
        await pilot.press("y")
        copied = msgspec.json.decode(app.clipboard)
        assert FIRST[name].items() <= copied.items()
        assert all(str(value) in described for value in FIRST[name].values())
        assert await screen.run_command("copy row") is None
        found = the_list(screen)
        assert app.clipboard.split("\t")[0] == found.name_of(found.table.current())


@pytest.mark.parametrize("name", LISTS)
async def test_the_list_is_written_to_a_file(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with pane_of(name) as (app, pilot, screen):
        found = the_list(screen)
        await pilot.press("e", "enter")
        await written(app, pilot)
        assert await screen.run_command("export all.json") is None
        await written(app, pilot)
        (table,) = files(tmp_path, ".csv")
        assert table.name.startswith(f"{found.owner}-{name}-")
        with table.open(newline="") as file:
            lines = list(csv.reader(file))
        names = [each for each in lines[0] if each in found.table.visible_columns]
        assert names == list(found.table.visible_columns)
        assert len(lines) - 1 == found.table.status.total > 5
        document = msgspec.json.decode((tmp_path / "all.json").read_bytes())
        assert document["kind"] == f"list-{name}"
        assert document["list"]["of"] == found.owner
        assert len(document["items"]) == found.table.status.total


def files(folder: Path, ending: str) -> list[Path]:
    """The files of a kind."""
    return list(folder.glob(f"*{ending}"))


async def written(app: ElysiadashApp, pilot: Pilot[None]) -> None:
    """Until the file is there."""
    await pilot.pause()
    while writing := [worker for worker in app.workers if worker.group == "export"]:
        await app.workers.wait_for_complete(writing)
        await pilot.pause()


async def test_what_is_written_says_the_state_that_tenants_were_chosen_by(tmp_path: Path) -> None:
    async with pane_of("tenants") as (app, pilot, screen):
        await pilot.press("s")
        assert await screen.run_command("filter 1") is None
        assert await screen.run_command(f"export {tmp_path / 'cold.json'}") is None
        await written(app, pilot)
        document = msgspec.json.decode((tmp_path / "cold.json").read_bytes())
        assert document["list"]["filter"] == "state:COLD 1"
        assert {item["state"] for item in document["items"]} == {"COLD"}


async def test_marked_rows_leave_together() -> None:
    async with pane_of("shards") as (app, pilot, screen):
        await pilot.press("space", "j", "space")
        assert await screen.run_command("copy shard") is None
        assert app.clipboard == "shard00\nshard01"


async def test_a_shard_is_described_replica_by_replica() -> None:
    async with pane_of("shards") as (app, pilot, screen):
        screen.shards.table.move_to_key("shard03")
        await pilot.press("d")
        lines = on_sheet(app)
        assert "10,033,592 objects flushed" in lines
        assert "weaviate-2" in lines
        assert "34 behind" in lines
        assert "output=verbose" in lines


async def test_a_number_is_described_with_meaning_and_source() -> None:
    async with pane_of("numbers") as (app, pilot, screen):
        screen.numbers.table.move_to_key("query_ms_p50")
        await pilot.press("d")
        assert "half of the queries" in on_sheet(app)
        assert "from " in on_sheet(app)
        await pilot.press("escape")
        screen.numbers.table.move_to_key("§numbers")
        await pilot.press("d")
        assert on_sheet(app) == "Numbers of Documents"


async def test_a_sheet_follows_its_shard_while_the_order_waits() -> None:
    watch = detailed_cluster()
    async with pane_of("shards", watch) as (app, pilot, screen):
        await pilot.press("d")
        assert screen.shards.table.covered
        watch.view = three_nodes(missing=NODES[2])
        screen.wake()
        await settled(pilot)
        assert screen.shards.table.covered, "the table that came for other nodes waits too"
        assert "shard00" in on_sheet(app)
        await pilot.press("escape")
        assert not screen.shards.table.covered


# Columns


@pytest.mark.parametrize("name", LISTS)
async def test_columns_are_chosen_and_kept_by_pane(name: str, tmp_path: Path) -> None:
    async with pane_of(name, kept=Kept(tmp_path)) as (app, pilot, screen):
        first, *others = the_list(screen).table.visible_columns
        await pilot.press("C")
        assert isinstance(app.screen, ColumnChoice)
        await pilot.press("j", "space", "enter")
        await pilot.pause()
        for _ in range(100):
            if Kept(tmp_path).columns(name):
                break
            await asyncio.sleep(0.02)
        assert the_list(screen).table.visible_columns == (first, *others[1:])
    async with pane_of(name, kept=Kept(tmp_path)) as (_, _, screen):
        assert the_list(screen).table.visible_columns == (first, *others[1:])
        await screen.run_command("columns usual")
        assert the_list(screen).table.visible_columns == (first, *others)


async def test_columns_chosen_for_other_nodes_keep_the_nodes_in_sight() -> None:
    kept = Kept()
    kept.keep_columns("shards", ("shard", "behind", "prod-7", "queue"))
    async with pane_of("shards", kept=kept) as (_, _, screen):
        assert screen.shards.table.visible_columns == ("shard", "behind", *NODES, "queue")
    kept.keep_columns("shards", ("shard", NODES[1]))
    async with pane_of("shards", kept=kept) as (_, _, screen):
        assert screen.shards.table.visible_columns == ("shard", NODES[1])


async def test_a_node_that_comes_leaves_the_chosen_columns() -> None:
    watch = detailed_cluster()
    async with pane_of("shards", watch) as (app, pilot, screen):
        await screen.run_command(f"columns queue,{NODES[0]}")
        watch.view = three_nodes(missing=NODES[2])
        await notice(app, pilot)
        assert "✖" in screen.shards.table.model.columns[NODES[2]].title
        assert screen.shards.table.visible_columns == ("shard", "queue", NODES[0])


# From row to row


async def test_n_goes_to_the_next_problem_or_the_next_row_of_the_filter() -> None:
    async with pane_of("shards") as (_, pilot, screen):
        table = screen.shards.table
        await pilot.press("n")
        assert table.cursor.key == "shard05"
        await pilot.press("n", "n")
        assert table.cursor.key == "shard05"
        await pilot.press("N")
        assert table.cursor.key == "shard11"
        await screen.run_command("filter shard0[12]")
        await pilot.press("g", "n")
        assert table.cursor.key == "shard02"


@pytest.mark.parametrize("name", ["numbers", "settings", "tenants"])
async def test_n_says_what_it_needs_where_nothing_is_a_problem(name: str) -> None:
    async with pane_of(name) as (app, pilot, screen):
        await pilot.press("n")
        assert "what a filter leaves" in status(app)
        await screen.run_command("filter e")
        before = the_list(screen).table.cursor.place
        await pilot.press("n")
        assert the_list(screen).table.cursor.place == before + 1


async def test_n_goes_through_the_tenants_of_a_state() -> None:
    async with pane_of("tenants") as (_, pilot, screen):
        await pilot.press("s", "n")
        assert screen.tenants.table.cursor.place == 1


# Where there is no list, or it cannot


async def test_keys_of_lists_say_why_charts_have_no_use_for_them() -> None:
    async with pane_of("charts") as (app, pilot, _):
        said = {}
        for key in ("slash", "o", "O", "exclamation_mark", "n", "C", "d", "y", "c"):
            await pilot.press(key)
            said[key] = status(app).strip()
            assert app.screen is detail(app)
        assert said["slash"].startswith("charts are not filtered; tab")
        assert (
            said["o"] == said["O"] == "shards and tenants can be sorted; tab goes to the next pane"
        )
        assert said["exclamation_mark"].startswith("problems are of the pane shards")
        for key in ("n", "C", "d", "y", "c"):
            assert said[key].startswith("charts have no rows: e writes a picture of them"), key


async def test_commands_of_lists_say_the_same() -> None:
    async with pane_of("charts") as (_, _, screen):
        for line in ("copy json", "columns value", "filter x", "sort Queue"):
            assert "tab goes to the next pane" in (await screen.run_command(line) or ""), line
        assert "a picture, .svg, can be written" in (await screen.run_command("export a.csv") or "")


async def test_charts_are_written_as_a_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with pane_of("charts") as (app, pilot, _):
        await pilot.press("e", "enter")
        await written(app, pilot)
        assert fault(app) is None
        (picture,) = files(tmp_path, ".svg")
        assert picture.name.startswith("Documents-charts-")
        assert "Queries/s" in picture.read_text("utf-8").replace("&#160;", " ")


async def test_settings_cannot_be_sorted_and_say_so() -> None:
    async with pane_of("settings") as (app, pilot, screen):
        await pilot.press("o")
        assert not isinstance(app.screen, SortChoice)
        assert "shards and tenants can be sorted" in status(app)
        assert "can be sorted" in (await screen.run_command("sort value") or "")


async def test_letters_that_are_typed_are_no_keys_of_lists() -> None:
    async with pane_of("charts") as (app, pilot, _):
        await pilot.press("colon", *"dyc")
        assert "charts have no rows" not in status(app)
        await pilot.press("escape")


async def test_a_key_of_lists_that_was_changed_is_changed_here_too(tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    file.write_text('"list.sort" = "S"\n', encoding="utf-8")
    async with pane_of("shards", keymap=read_keymap(file)) as (app, pilot, screen):
        await pilot.press("o")
        assert app.screen is screen
        await pilot.press("S", "u")
        assert next(iter(screen.shards.table.model.shown)) == "shard07"
        assert rows(screen.shards.table)[0].rstrip().endswith("↓Queue")
