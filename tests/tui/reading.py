"""What is on the screen, as text."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from textual.pilot import Pilot

from elysiadash.tui.app import ElysiadashApp
from elysiadash.tui.screens.collection import CollectionScreen
from elysiadash.tui.screens.live import LiveScreen
from elysiadash.tui.screens.stats import StatsScreen
from elysiadash.tui.widgets.header import Header
from elysiadash.tui.widgets.lines import Crumbs, StaleBar
from elysiadash.tui.widgets.prompt import Fault
from elysiadash.tui.widgets.summary import Summary
from elysiadash.tui.widgets.table import VirtualTable
from tests.tui.still import StillWatch


@asynccontextmanager
async def shown(
    watch: StillWatch, size: tuple[int, int] = (162, 30), **given: Any
) -> AsyncIterator[tuple[ElysiadashApp, Pilot[None]]]:
    """The app over a watch, after its first rows; two columns are the frame's edges."""
    app = ElysiadashApp(watch, clock=watch.clock, **given)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        yield app, pilot


async def settled(pilot: Pilot[None]) -> None:
    """Until the pull that was started is done and painted."""
    await pilot.pause()
    while pulls := [worker for worker in pilot.app.workers if worker.group == "pull"]:
        await pilot.app.workers.wait_for_complete(pulls)
        await pilot.pause()


async def answered(pilot: Pilot[None], seconds: float = 5.0) -> None:
    """Until what screens asked for by themselves is there too, where it comes at all."""
    waiting = {"pull", "tenants", "trends", "jobs", "draft", "asking"}
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while any(worker.group in waiting for worker in pilot.app.workers):
                await pilot.pause(0.01)
    await settled(pilot)


async def notice(app: ElysiadashApp, pilot: Pilot[None]) -> None:
    """Let the app see what changed, without waiting for its timers."""
    live(app).wake()
    await settled(pilot)


def live(app: ElysiadashApp) -> LiveScreen:
    """The main screen on top."""
    screen = app.screen
    assert isinstance(screen, LiveScreen)
    return screen


def stats(app: ElysiadashApp) -> StatsScreen:
    """The Stats screen on top."""
    screen = app.screen
    assert isinstance(screen, StatsScreen)
    return screen


def detail(app: ElysiadashApp) -> CollectionScreen:
    """The detail on top."""
    screen = app.screen
    assert isinstance(screen, CollectionScreen)
    return screen


def rows(table: VirtualTable[Any]) -> list[str]:
    """The lines of a table, its titles first, without the blank ones."""
    lines = [table.render_line(y).text.rstrip() for y in range(table.size.height)]
    return [line for line in lines if line.strip()]


def names(app: ElysiadashApp) -> list[str]:
    """The collections on the list, in order."""
    return [str(key) for key in stats(app).table.model.shown]


def header(app: ElysiadashApp) -> str:
    """The first line."""
    return live(app).query_one(Header).content.plain


def summary(app: ElysiadashApp) -> str:
    """The lines of a small pane."""
    found = live(app).query_one(Summary)
    assert found.display
    return found.render().plain


def crumbs(app: ElysiadashApp) -> str:
    """Where one is."""
    return live(app).query_one(Crumbs).content.plain


def status(app: ElysiadashApp) -> str:
    """The line above the keys."""
    return live(app).status.content.plain


def stale_bar(app: ElysiadashApp) -> str | None:
    """What it says; None while it is hidden."""
    bar = live(app).query_one(StaleBar)
    return bar.content.plain if bar.styles.display == "block" else None


def fault(app: ElysiadashApp) -> str | None:
    """What is wrong with what is typed."""
    found = live(app).query_one(Fault)
    return found.content.plain.strip() if found.display else None
