"""The palette and the last line: what can be done here, found by name or by key."""

from __future__ import annotations

import pytest
from textual.command import CommandPalette
from textual.pilot import Pilot

from elysiadash.tui.app import ElysiadashApp
from elysiadash.tui.widgets.key_line import KeyLine
from elysiadash.tui.widgets.prompt import Prompt
from tests.tui.reading import detail, live, settled, shown
from tests.tui.still import still_cluster


async def choose(pilot: Pilot[None], words: str) -> None:
    """Type into the palette and take the first that fits."""
    await pilot.press("ctrl+p")
    await pilot.pause()
    assert isinstance(pilot.app.screen, CommandPalette)
    await pilot.press(*words)
    await pilot.pause(0.3)
    await pilot.press("down", "enter")
    await pilot.pause(0.1)
    await settled(pilot)


def titles(app: ElysiadashApp) -> list[str]:
    return [entry.title for entry in app.get_system_commands(app.screen)]


async def test_it_runs_an_action_of_the_screen_below() -> None:
    async with shown(still_cluster()) as (app, pilot):
        await choose(pilot, "freeze")
        assert live(app).frozen_at is not None


@pytest.mark.parametrize("keys", [["pagedown"], ["pageup"], ["ctrl+p", "down", "enter", "enter"]])
async def test_it_bears_keys_that_come_before_it_is_there(keys: list[str]) -> None:
    async with shown(still_cluster()) as (app, pilot):
        app.action_command_palette()
        for key in keys:
            app.simulate_key(key)
        await pilot.pause(0.3)
        await pilot.press("escape", "escape")
        await settled(pilot)
        assert app.screen is live(app)


async def test_two_enters_in_one_burst_run_one_action() -> None:
    async with shown(still_cluster()) as (app, pilot):
        await pilot.press("ctrl+p", *"freeze")
        await pilot.pause(0.3)
        await pilot.press("down")
        app.simulate_key("enter")
        app.simulate_key("enter")
        await pilot.pause(0.2)
        await settled(pilot)
        assert live(app).frozen_at is not None


async def test_it_opens_the_command_line_for_what_needs_an_argument() -> None:
    async with shown(still_cluster()) as (app, pilot):
        await choose(pilot, "collection")
        prompt = live(app).query_one(Prompt)
        assert prompt.display
        assert prompt.query_one("Input").value == "collection "  # type: ignore[attr-defined]


async def test_it_has_what_the_place_has_and_says_the_keys() -> None:
    async with shown(still_cluster()) as (app, pilot):
        here = titles(app)
        assert "Sort  o" in here
        assert "Fleet" in here
        assert "Zoom  f" not in here
        await pilot.press("enter")
        await settled(pilot)
        detail(app)
        there = titles(app)
        assert "Zoom  f" in there
        assert "Filter  /" in there
        assert len(here) == len(set(here))
        assert len(there) == len(set(there))


async def test_a_command_does_what_its_key_does() -> None:
    async with shown(still_cluster()) as (app, pilot):
        await pilot.press("colon", *"freeze", "enter")
        await settled(pilot)
        assert live(app).frozen_at is not None


async def test_a_command_that_opens_the_line_leaves_it_open() -> None:
    async with shown(still_cluster()) as (app, pilot):
        await pilot.press("colon", *"filter", "enter")
        await settled(pilot)
        prompt = live(app).query_one(Prompt)
        assert (prompt.display, prompt.mark) == (True, "/")
        await pilot.press(*"doc", "enter")
        await settled(pilot)
        assert not prompt.display


# The last line


def line(app: ElysiadashApp) -> str:
    return live(app).query_one(KeyLine).content.plain


@pytest.mark.parametrize("width", [60, 72, 80, 100, 132, 200, 300])
async def test_the_last_line_has_whole_entries_the_most_wanted_first(width: int) -> None:
    async with shown(still_cluster(), size=(width, 20)) as (app, pilot):
        for keys in ((), ("enter",)):
            await pilot.press(*keys)
            await settled(pilot)
            words = line(app)
            assert len(words) <= width
            assert "? Help" in words
            assert "/ Filter" in words
            assert "…" not in words


async def test_a_wider_terminal_shows_more_keys() -> None:
    async with shown(still_cluster(), size=(60, 20)) as (app, pilot):
        narrow = line(app)
        await pilot.resize_terminal(200, 20)
        await pilot.pause()
        assert len(line(app)) > len(narrow)


async def test_a_click_presses_the_key() -> None:
    async with shown(still_cluster()) as (app, pilot):
        at = line(app).index("Freeze")
        await pilot.click(KeyLine, offset=(at, 0))
        await settled(pilot)
        assert live(app).frozen_at is not None
