"""Nothing blanks and nothing exits when the cluster, or a part of us, stops answering."""

from __future__ import annotations

import asyncio
import math

import msgspec
import pytest

from elysiadash.cluster.slices import Kind, Problem
from elysiadash.tui.freshness import look
from elysiadash.tui.widgets.lines import StatusLine
from tests.tui.reading import (
    detail,
    header,
    names,
    notice,
    rows,
    settled,
    shown,
    stale_bar,
    stats,
    summary,
)
from tests.tui.still import NODES, Clock, StillWatch, five_rows, lost, still_cluster, three_nodes


async def test_values_stay_dimmed_with_age_and_cause() -> None:
    watch = still_cluster()
    async with shown(watch) as (app, pilot):
        assert stale_bar(app) is None
        assert "0 s ago" in header(app)
        before = rows(stats(app).table)
        watch.clock.now += 134
        watch.lose(lost())
        watch.pollers[Kind.NODES].next_at = watch.clock.now + 5
        await notice(app, pilot)
        assert stale_bar(app) == (" ▲ stale 2m14s: no connection: Connection refused, retry in 5 s")
        assert "stale 2m14s" in header(app)
        assert "✖ prod-eu" in header(app)
        assert "nodes ?/3" in header(app)
        assert rows(stats(app).table)[1].split()[:2] == before[1].split()[:2]
        assert stats(app).table.stale


async def test_no_retry_is_promised_while_only_the_end_of_a_call_makes_place_for_another() -> None:
    watch = still_cluster()
    async with shown(watch) as (app, pilot):
        watch.clock.now += 8
        waits = Problem("parked", "two calls are not answered yet; asked again when one ends")
        watch.store.fail(Kind.NODES, waits)
        watch.pollers[Kind.NODES].next_at = math.inf
        await notice(app, pilot)
        assert stale_bar(app) == f" ▲ nodes stale 8 s: {waits.what}"


async def test_a_call_that_goes_on_promises_no_time() -> None:
    watch = still_cluster()
    async with shown(watch) as (app, pilot):
        watch.clock.now += 8
        goes_on = Problem("parked", "not answered after 3 s; the call goes on")
        watch.store.fail(Kind.VERBOSE, goes_on)
        watch.pollers[Kind.VERBOSE].next_at = watch.clock.now + 149
        await notice(app, pilot)
        assert stale_bar(app) == f" ▲ shard details stale 8 s: {goes_on.what}"


@pytest.mark.parametrize(
    ("asked", "failed", "words"),
    [
        (1.0, False, "no newer answer yet, trying now"),
        (12.0, False, "no newer answer yet, asked 12 s ago"),
        (1.0, True, "no connection: Connection refused, trying now"),
        (12.0, True, "no connection: Connection refused, asked again 12 s ago"),
    ],
)
async def test_trying_now_is_said_of_a_call_that_was_just_sent(
    asked: float, failed: bool, words: str
) -> None:
    watch = still_cluster()
    async with shown(watch):
        watch.clock.now += 60
        for kind in Kind:
            watch.pollers[kind].schedule.interval = 3600.0
        watch.pollers[Kind.ALIASES].schedule.interval = 5.0
        if failed:
            watch.store.fail(Kind.ALIASES, lost())
        watch.pollers[Kind.ALIASES].asked_at = watch.clock.now - asked
        assert look(watch, watch.clock.now).line() == f"aliases stale 1m00s: {words}"


@pytest.mark.parametrize("size", [(50, 20), (80, 10)])
async def test_in_a_small_pane_it_is_said_once(size: tuple[int, int]) -> None:
    watch = still_cluster()
    async with shown(watch, size=size) as (app, pilot):
        watch.lose(lost())
        await notice(app, pilot)
        assert "no connection: Connection refused" in summary(app)
        assert stale_bar(app) is None
        await pilot.resize_terminal(100, 30)
        await pilot.pause()
        assert "no connection: Connection refused" in (stale_bar(app) or "")


async def test_it_recovers_by_itself() -> None:
    watch = still_cluster()
    async with shown(watch) as (app, pilot):
        watch.clock.now += 1800
        watch.lose(lost())
        await notice(app, pilot)
        assert stale_bar(app) is not None
        watch.give(five_rows()[:3])
        await notice(app, pilot)
        assert stale_bar(app) is None
        assert not stats(app).table.stale
        assert len(names(app)) == 3


async def test_one_late_part_is_named_and_only_its_columns_fade() -> None:
    watch = still_cluster()
    async with shown(watch) as (app, pilot):
        watch.lose(Problem("parked", "a peer does not answer: nothing after 3 s"), [Kind.VERBOSE])
        watch.clock.now += 10
        await notice(app, pilot)
        bar = stale_bar(app) or ""
        assert "shard details stale 10 s: a peer does not answer" in bar
        assert "● prod-eu" in header(app)
        table = stats(app).table
        assert not table.stale
        columns = table.model.columns
        row = five_rows()[0]
        assert columns["objects"].render(row).style == "muted"
        assert columns["queries_per_s"].render(row).style == ""


async def test_metrics_of_a_dead_node_are_no_trouble_of_their_own() -> None:
    watch = still_cluster()
    view = three_nodes(missing=NODES[2])
    address = "http://weaviate-2.example:2112/metrics"
    gone = msgspec.structs.replace(view.nodes[2], metrics_address=address)
    watch.view = msgspec.structs.replace(view, nodes=(*view.nodes[:2], gone))
    watch.store.fail(Kind.METRICS, lost(), of=address)
    async with shown(watch) as (app, _):
        assert stale_bar(app) is None
        assert "▲ nodes 2/3" in header(app)


async def test_metrics_of_a_live_node_are_named_by_the_node() -> None:
    watch = still_cluster()
    address = "http://weaviate-2.example:2112/metrics"
    node = msgspec.structs.replace(watch.view.nodes[2], metrics_address=address)
    watch.view = msgspec.structs.replace(watch.view, nodes=(*watch.view.nodes[:2], node))
    watch.store.fail(Kind.METRICS, lost(), of=address)
    async with shown(watch) as (app, _):
        assert "metrics no data: weaviate-2: no connection" in (stale_bar(app) or "")
        assert "stale" not in header(app)


async def test_what_may_not_be_seen_is_no_staleness() -> None:
    watch = still_cluster()
    watch.store.fail(Kind.TENANTS, Problem("forbidden", "not allowed"), of="Customers2")
    async with shown(watch) as (app, _):
        assert stale_bar(app) is None


async def test_old_without_an_error_is_late_too() -> None:
    watch = still_cluster()
    async with shown(watch) as (app, pilot):
        # Due after 15 s and 1.5 s of jitter; stale 30 s later.
        watch.clock.now += 40
        await notice(app, pilot)
        assert "nodes stale 40 s: no newer answer yet" in (stale_bar(app) or "")


async def test_a_slow_lane_has_time_for_its_own_pace() -> None:
    watch = still_cluster()
    for kind, poller in watch.pollers.items():
        poller.schedule.cost_factor = 50.0
        poller.last_seconds = 4.0 if kind is not Kind.NODES else 60.0
    async with shown(watch) as (app, pilot):
        watch.clock.now += 200
        await notice(app, pilot)
        assert stale_bar(app) is None


async def test_the_last_run_is_shown_before_the_first_answer() -> None:
    watch = StillWatch()
    watch.remembered_rows = five_rows()
    watch.remembered_at = watch.clock.now - 7200
    async with shown(watch) as (app, pilot):
        assert len(names(app)) == 5
        assert "stale 2h00m: from the last run, asking now" in (stale_bar(app) or "")
        assert "○ prod-eu" in header(app)
        assert stats(app).table.stale
        watch.lose(lost())
        await notice(app, pilot)
        assert "stale 2h00m: no connection" in (stale_bar(app) or "")
        assert len(names(app)) == 5


class Breaking(StillWatch):
    """A watch whose run fails, a number of times."""

    def __init__(self) -> None:
        super().__init__(five_rows(), clock=Clock())
        self.runs = 0

    async def run(self) -> None:
        self.runs += 1
        if self.runs == 1:
            raise ExceptionGroup("group", [RuntimeError("[/broken]")])
        await asyncio.Event().wait()


async def test_a_fault_of_the_watch_is_shown_and_it_starts_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("elysiadash.tui.switching._RESTART_AFTER_S", 0.05)
    watch = Breaking()
    watch.answer()
    async with shown(watch) as (app, pilot):
        assert app.is_running
        assert "RuntimeError: [/broken]" in (app.fault or stale_bar(app) or "")
        for _ in range(100):
            if watch.runs > 1:
                break
            await pilot.pause(0.05)
        assert watch.runs == 2
        await notice(app, pilot)
        assert app.fault is None
        assert stale_bar(app) is None


class Unshowable(StillWatch):
    """A watch whose rows cannot be built, for a while."""

    broken = True

    async def rows(self) -> tuple:  # type: ignore[type-arg]
        if self.broken:
            raise ValueError("no such thing")
        return await super().rows()


async def test_a_fault_while_pulling_is_shown_and_passes() -> None:
    watch = Unshowable(five_rows())
    watch.answer()
    async with shown(watch) as (app, pilot):
        await pilot.pause()
        assert "ValueError: no such thing" in (stale_bar(app) or "")
        watch.broken = False
        await notice(app, pilot)
        assert stale_bar(app) is None
        assert len(names(app)) == 5


async def test_a_fault_while_drawing_does_not_end_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = still_cluster()
    async with shown(watch) as (app, _):
        monkeypatch.setattr(watch, "own_load", lambda: 1 / 0)
        app._tick()
        assert "ZeroDivisionError" in (app.fault or "")
        assert app.is_running


async def test_nodes_that_all_hang_are_a_lost_connection() -> None:
    watch = still_cluster()
    hung = Problem("no answer", "no answer within 2 s")
    async with shown(watch) as (app, pilot):
        watch.lose(Problem("parked", "a peer does not answer: nothing after 3 s"), [Kind.NODES])
        watch.store.fail(Kind.READY, hung, of="http://b")
        await notice(app, pilot)
        assert "● prod-eu" in header(app)
        watch.store.fail(Kind.READY, hung, of=watch.profile.url)
        await notice(app, pilot)
        assert "✖ prod-eu" in header(app)
        assert stats(app).table.stale


async def test_a_pull_that_outlives_its_screen_is_no_fault() -> None:
    async with shown(still_cluster()) as (app, pilot):
        await pilot.press("enter")
        await settled(pilot)
        screen = detail(app)
        await pilot.press("q")
        await settled(pilot)
        await pilot.pause(0.1)
        assert not screen.query(StatusLine)
        # As a worker does that was under way: what it would show has gone.
        await screen._pull()
        assert app.fault is None
