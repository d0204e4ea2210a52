"""The last of many changes of size counts, also where the notice of it got lost."""

from __future__ import annotations

from textual.geometry import Size

from tests.tui.reading import live, settled, shown
from tests.tui.still import still_cluster
from tests.tui.test_header import Titles


class Grown(Titles):
    """A terminal that has become larger without a word."""

    def size(self) -> tuple[int, int] | None:
        return (140, 33)


async def test_a_size_whose_notice_was_lost_is_taken_at_the_next_tick() -> None:
    async with shown(still_cluster(), size=(60, 18), terminal=Grown()) as (app, pilot):
        await pilot.press("question_mark")
        app._tick()
        await pilot.pause()
        await settled(pilot)
        assert app.screen.outer_size == Size(140, 33)
        await pilot.press("escape")
        await settled(pilot)
        assert live(app).outer_size == Size(140, 33)
