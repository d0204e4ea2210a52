"""The line one types into: it never stays open without the keys."""

from __future__ import annotations

import pytest
from textual.events import Paste
from textual.widgets import Input

from elysiadash.tui.widgets.prompt import Fault, Prompt
from tests.tui.reading import live, settled, shown, stats
from tests.tui.still import still_cluster


@pytest.mark.parametrize("mark", ["colon", "slash"])
async def test_a_click_elsewhere_ends_the_typing(mark: str) -> None:
    async with shown(still_cluster()) as (app, pilot):
        await pilot.press(mark, "d", "o")
        prompt = live(app).query_one(Prompt)
        assert prompt.display
        await pilot.click(stats(app).table, offset=(5, 3))
        await settled(pilot)
        assert not prompt.display
        assert stats(app).table.has_focus
        assert stats(app).filter_text == ""
        await pilot.press("2")
        await settled(pilot)
        assert live(app).crumb() == "Health"


async def test_shift_tab_completes_back_and_stays() -> None:
    async with shown(still_cluster()) as (app, pilot):
        await pilot.press("colon", "r", "e", "tab")
        typed = live(app).query_one(Prompt).query_one(Input)
        first = typed.value
        await pilot.press("tab", "shift+tab")
        assert typed.value == first
        await pilot.press("shift+tab")
        assert typed.value != first
        assert typed.has_focus


async def test_a_terminal_that_loses_the_focus_keeps_what_was_typed() -> None:
    async with shown(still_cluster()) as (app, pilot):
        await pilot.press("colon", "n", "o")
        app.app_focus = False
        await pilot.pause()
        app.app_focus = True
        await pilot.pause()
        prompt = live(app).query_one(Prompt)
        assert prompt.display
        await pilot.press("d")
        assert prompt.query_one(Input).value == "nod"


async def test_a_paste_that_is_too_long_is_told_and_not_taken() -> None:
    async with shown(still_cluster()) as (app, pilot):
        await pilot.press("slash", "d")
        app.post_message(Paste("ab cd " * 200_000))
        await settled(pilot)
        prompt = live(app).query_one(Prompt)
        assert prompt.query_one(Input).value == "d"
        assert "at most 1,000 characters" in prompt.query_one(Fault).content.plain
        await pilot.press("o")
        assert stats(app).filter_text == "do"
        assert not prompt.query_one(Fault).display
