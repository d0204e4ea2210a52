"""The help sheet: the user's own keys, by where they work, readable in the smallest pane."""

from __future__ import annotations

from pathlib import Path

from textual.containers import VerticalScroll
from textual.widgets import Static

from elysiadash.tui.app import ElysiadashApp
from elysiadash.tui.keymap import read_keymap
from tests.tui.reading import live, settled, shown
from tests.tui.still import still_cluster


def sheet(app: ElysiadashApp) -> list[str]:
    return str(app.screen.query_one("#sheet Static", Static).content).splitlines()


def line_of(app: ElysiadashApp, words: str) -> str:
    (found,) = [line for line in sheet(app) if words in line]
    return found


async def test_it_has_sections_with_what_works_here_first() -> None:
    async with shown(still_cluster()) as (app, pilot):
        await pilot.press("question_mark")
        await settled(pilot)
        lines = sheet(app)
        sections = [line for line in lines if line and not line.startswith(" ")][1:]
        assert sections == ["This screen", "Everywhere", "Moving in the list", "Commands"]
        assert line_of(app, "  ! ").split()[0] == "!"
        assert line_of(app, "One row down.").split()[:2] == ["j", "↓"]
        assert any(line.startswith("  :node NAME") for line in lines)


async def test_it_shows_the_users_own_keys(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.write_text('"screen.freeze" = "f9,F"\n"screen.refresh" = "none"\n"screen.nodes" = "f7"\n')
    async with shown(still_cluster(), keymap=read_keymap(path)) as (app, pilot):
        await pilot.press("question_mark")
        await settled(pilot)
        assert line_of(app, "  f9 F ").split()[2:4] == ["Hold", "rows"]
        assert line_of(app, "  f7 ").split()[1:3] == ["The", "nodes:"]
        assert line_of(app, "Ask the cluster now").startswith("  :refresh")
        assert str(path) in "\n".join(sheet(app))


async def test_why_values_are_missing_comes_first() -> None:
    async with shown(still_cluster()) as (app, pilot):
        await pilot.press("G", "question_mark")
        await settled(pilot)
        lines = sheet(app)
        if "Why values are missing here" in lines:
            assert lines.index("Why values are missing here") < lines.index("This screen")


async def test_the_smallest_pane_can_read_all_of_it() -> None:
    async with shown(still_cluster(), size=(60, 18)) as (app, pilot):
        await pilot.press("question_mark")
        await settled(pilot)
        scroll = app.screen.query_one(VerticalScroll)
        assert scroll.max_scroll_x == 0
        assert all(len(line) <= scroll.scrollable_content_region.width for line in sheet(app))
        await pilot.press("j", "pagedown", "ctrl+f")
        await pilot.pause()
        assert scroll.scroll_y > 10
        await pilot.press("G")
        await pilot.pause()
        assert scroll.scroll_y == scroll.max_scroll_y
        await pilot.press("g")
        await pilot.pause()
        assert scroll.scroll_y == 0
        await pilot.press("question_mark")
        await pilot.pause()
        live(app)
