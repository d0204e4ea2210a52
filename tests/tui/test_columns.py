"""Choosing and ordering the columns of a list, by dialog and by command, and keeping the choice."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from elysiadash.tui.app import ElysiadashApp
from elysiadash.tui.kept import Kept
from elysiadash.tui.screens.column_choice import ColumnChoice
from elysiadash.tui.widgets.table.layout import Wanted, lay_out
from tests.tui.reading import rows, settled, shown, stats, status
from tests.tui.still import still_cluster


def visible(app: ElysiadashApp) -> tuple[str, ...]:
    return stats(app).table.visible_columns


def dialog(app: ElysiadashApp) -> ColumnChoice:
    assert isinstance(app.screen, ColumnChoice)
    return app.screen


async def test_hide_move_and_keep(tmp_path: Path) -> None:
    async with shown(still_cluster(), kept=Kept(tmp_path)) as (app, pilot):
        usual = visible(app)
        await pilot.press("C", "j", "space", "j", "J", "enter")
        await settled(pilot)
        assert visible(app)[:3] == ("collection", usual[3], usual[2])
        assert "objects" not in visible(app)
        assert "kept for the next time" in status(app)
    async with shown(still_cluster(), kept=Kept(tmp_path)) as (app, pilot):
        assert visible(app)[:3] == ("collection", usual[3], usual[2])
        await pilot.press("C", "r", "enter")
        await settled(pilot)
        assert visible(app) == usual
        assert "columns as usual" in status(app)
    assert Kept(tmp_path).columns("stats") == ()


async def test_escape_changes_nothing() -> None:
    async with shown(still_cluster()) as (app, pilot):
        usual = visible(app)
        await pilot.press("C", "j", "space", "shift+down", "escape")
        await settled(pilot)
        assert visible(app) == usual
        assert not stats(app).table.view.by_choice


async def test_the_first_column_can_neither_go_nor_be_passed() -> None:
    async with shown(still_cluster()) as (app, pilot):
        await pilot.press("C", "space", "J", "j", "K", "enter")
        await settled(pilot)
        assert visible(app)[:2] == ("collection", "objects")


async def test_a_column_shown_again_comes_where_it_was_hidden() -> None:
    async with shown(still_cluster()) as (app, pilot):
        usual = visible(app)
        await pilot.press("C", "j", "space", "space", "enter")
        await settled(pilot)
        assert visible(app) == usual


async def test_command_by_key_title_and_back() -> None:
    async with shown(still_cluster()) as (app, pilot):
        usual = visible(app)
        await pilot.press("colon", *"columns health,QPS,objects", "enter")
        await settled(pilot)
        assert visible(app) == ("collection", "health", "queries_per_s", "objects")
        assert rows(stats(app).table)[0].split()[:2] == ["Collection", "Health↓"]
        assert await stats(app).run_command("columns helth") == (
            f"no column 'helth'; there are {', '.join(usual)}, or usual"
        )
        assert visible(app)[1] == "health"
        assert "which columns?" in (await stats(app).run_command("columns , ,") or "")
        assert visible(app)[1] == "health"
        await stats(app).run_command("columns usual")
        assert visible(app) == usual


def test_a_pipe_in_place_of_the_choices_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "choices.json")
    assert Kept(tmp_path).choices == Kept().choices


async def test_a_choice_that_cannot_be_kept_is_told_and_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    async with shown(still_cluster(), kept=Kept(tmp_path / "file" / "below")) as (app, pilot):
        await stats(app).run_command("columns objects")
        await settled(pilot)
        assert visible(app) == ("collection", "objects")
        assert "kept for this run only" in status(app)


async def test_chosen_columns_are_cut_at_the_right_not_by_importance() -> None:
    async with shown(still_cluster(), size=(60, 16)) as (app, pilot):
        # Compression and Index are the least important, Objects is the most.
        await stats(app).run_command("columns compression,vector_index,segments,tenants,objects")
        await settled(pilot)
        titles = rows(stats(app).table)[0]
        assert "Compression" in titles
        assert "Index" in titles
        assert "Objects" not in titles
        await pilot.press("l", "l", "l")
        await settled(pilot)
        titles = rows(stats(app).table)[0]
        assert "Objects" in titles
        assert "Collection" in titles


async def test_a_column_of_another_version_that_is_gone_is_left_out(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.keep_columns("stats", ("no such column", "objects"))
    async with shown(still_cluster(), kept=kept) as (app, _):
        assert visible(app) == ("collection", "objects")


@pytest.mark.parametrize("width", [20, 40, 60, 80])
def test_first_wishes_win(width: int) -> None:
    wanted = [Wanted(10, 10, -place) for place in range(8)]
    found = [slot.column for slot in lay_out(wanted, width).slots]
    assert found == list(range(len(found)))
