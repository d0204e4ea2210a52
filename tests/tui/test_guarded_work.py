"""Work of ours that fails in the background: it is named and shown, and ends nothing else."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import msgspec
import pytest
from textual.dom import NoScreen

from elysiadash.cluster.slices import Kind
from elysiadash.tui.app import ElysiadashApp
from elysiadash.tui.clusters import Clusters
from elysiadash.tui.screens.stats import StatsScreen
from elysiadash.weaviate.models import Tenant
from tests.tui.detailed import detailed_cluster
from tests.tui.fleets import PROFILES
from tests.tui.reading import header, notice, rows, settled, shown, stale_bar, stats
from tests.tui.still import StillWatch, five_rows, still_cluster
from tests.tui.test_collection_screen import command, opened, pressed, waited_for_tenants
from tests.tui.test_first_run import Start, asked, said, started
from tests.tui.test_fleet import until


async def _broken(*_: object) -> None:
    raise ZeroDivisionError("a broken part")


async def test_looking_for_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("elysiadash.tui.app.offer_first_run", _broken)
    async with started(Start()) as (app, pilot):
        await until(pilot, lambda: stale_bar(app) is not None)
        assert "(looking for a cluster): ZeroDivisionError: a broken part" in (stale_bar(app) or "")
        assert app.is_running


async def test_closing_the_screens_of_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ElysiadashApp, "_forget_modes", _broken)
    other = StillWatch(five_rows(), profile=PROFILES["lab"])
    other.answer()
    clusters = Clusters({"lab": PROFILES["lab"]}, lambda profile: other)
    async with shown(still_cluster(), clusters=clusters) as (app, pilot):
        assert await app.use_cluster("lab") is None
        await until(pilot, lambda: "closing the screens" in (app.fault or ""))
        await settled(pilot)
        assert "lab" in header(app)
        assert len(rows(stats(app).table)) == 6


async def test_going_to_a_cluster_from_the_first_screen() -> None:
    start = Start()
    broken = True

    def demo() -> str:
        if broken:
            raise RuntimeError("[no] threads")
        return "the demo did not start"

    start.first_run = msgspec.structs.replace(start.first_run, start_demo=demo)
    async with asked(start) as (app, pilot):
        await pilot.press("enter")
        await until(pilot, lambda: "our own fault" in said(app))
        assert "(going to a cluster): RuntimeError: [no] threads" in said(app)
        broken = False
        await pilot.press("enter")
        await until(pilot, lambda: "did not start" in said(app))
        assert app.fault is None


async def test_asking_for_the_tenants(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = detailed_cluster()
    tenants = watch.tenants
    questions = 0

    async def broken(collection: str) -> tuple[Tenant, ...]:
        nonlocal questions
        questions += 1
        raise KeyError("status")

    async with opened(watch, "Customers") as (app, pilot, screen):
        monkeypatch.setattr(watch, "tenants", broken)
        await command(pilot, "pane tenants")
        await waited_for_tenants(app, pilot)
        assert "asking the leader" not in screen.tenants.title.text
        assert "not listed" in screen.tenants.title.text
        assert "(asking for the tenants): KeyError" in rows(screen.tenants.table)[1]
        await notice(app, pilot)
        assert "(asking for the tenants): KeyError" in (stale_bar(app) or "")
        assert questions == 1
        monkeypatch.setattr(watch, "tenants", tenants)
        await pressed(pilot, "r")
        await waited_for_tenants(app, pilot)
        await notice(app, pilot)
        assert screen.tenants.table.status.total == 40
        assert stale_bar(app) is None


async def test_exporting_is_not_called_showing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("elysiadash.tui.leaving.exporting.export", _broken)
    async with shown(still_cluster()) as (app, pilot):
        assert await stats(app).run_command("export /tmp/never-written.csv") is None
        await until(pilot, lambda: app.fault is not None)
        await settled(pilot)
        assert "(exporting the list): ZeroDivisionError: a broken part" in (stale_bar(app) or "")
        await notice(app, pilot)
        assert "showing the data" not in (stale_bar(app) or "")


async def test_reading_the_small_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = still_cluster()
    monkeypatch.setattr(watch, "series", _broken)
    async with shown(watch) as (app, pilot):
        app.use_window(86_400.0)
        await until(pilot, lambda: "(reading the small charts)" in (app.fault or ""))


async def test_what_is_not_done_again_is_shown_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("elysiadash.tui.faults._SHOWN_S", 0.3)
    async with shown(still_cluster()) as (app, pilot):
        app.run_guarded(_broken, "a thing", group="test")
        app.run_guarded(_broken, "another", group="test", again=True)
        await until(pilot, lambda: len(app._faults) == 2)
        await until(pilot, lambda: len(app._faults) == 1)
        assert "(another)" in (app.fault or "")


async def test_a_fault_of_work_that_was_given_up_is_not_shown() -> None:
    async def stubborn() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise RuntimeError("while ending")

    async with shown(still_cluster()) as (app, pilot):
        worker = app.run_guarded(stubborn, "a thing", group="test")
        await pilot.pause(0.05)
        worker.cancel()
        await until(pilot, lambda: worker.is_finished)
        assert app.fault is None


async def test_connections_that_do_not_close_keep_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("elysiadash.tui.switching._CLOSING_S", 0.05)
    watch = still_cluster()

    async def hang() -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(watch, "aclose", hang)
    async with asyncio.timeout(20):
        async with shown(watch) as (app, _):
            assert isinstance(app.screen, StatsScreen)
            assert watch.store.get(Kind.NODES).value is not None


async def test_a_fault_of_a_screen_that_was_left_meanwhile_is_not_shown() -> None:
    async with opened(detailed_cluster(), "Customers") as (app, pilot, screen):
        gone = asyncio.Event()

        async def late() -> None:
            with suppress(asyncio.CancelledError):
                await gone.wait()
            await gone.wait()
            # As of a widget of a screen that is no more.
            raise NoScreen("node has no screen")

        app.run_guarded(late, "showing it", group="test", of=screen)
        await settled(pilot)
        await pressed(pilot, "q")
        gone.set()
        await settled(pilot)
        assert app.fault is None
