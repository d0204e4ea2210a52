"""The fleet: one row a cluster, each by pollers of its own, none of them in the way of another."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.pilot import Pilot

from elysiadash.cluster.shards import report_shards
from elysiadash.config.profile import Profile
from elysiadash.tui.app import ElysiadashApp
from elysiadash.tui.clusters import Clusters
from elysiadash.tui.fleet import Fleet
from elysiadash.tui.screens import fleet as fleet_screen
from elysiadash.tui.screens.fleet import FleetScreen
from elysiadash.tui.screens.stats import StatsScreen
from elysiadash.weaviate.models import Nodes
from tests.tui.fleets import PROFILES, StillFleet
from tests.tui.reading import crumbs, header, notice, rows, settled, shown, status
from tests.tui.still import Clock, StillWatch, five_rows, lost, still_cluster

_REPORT = report_shards(Nodes())


@asynccontextmanager
async def on_fleet(
    fleet: StillFleet, size: tuple[int, int] = (200, 30)
) -> AsyncIterator[tuple[ElysiadashApp, Pilot[None], FleetScreen]]:
    """The fleet's screen, every look begun."""
    async with shown(fleet.current, clusters=fleet.clusters, size=size) as (app, pilot):
        await pilot.press("colon", *"fleet", "enter")
        screen = app.screen
        assert isinstance(screen, FleetScreen)
        await until(pilot, lambda: len(fleet.looks) == 4)
        await settled(pilot)
        await notice(app, pilot)
        yield app, pilot, screen


async def until(pilot: Pilot[None], holds: Any, seconds: float = 5.0) -> None:
    for _ in range(int(seconds / 0.02)):
        if holds():
            return
        await pilot.pause(0.02)
    pytest.fail("it never came to be")


def lines(screen: FleetScreen) -> dict[str, str]:
    return {line.lstrip("▸ ").split()[0]: line for line in rows(screen.table)[1:]}


async def test_every_cluster_has_a_row_with_its_state_and_why() -> None:
    async with on_fleet(StillFleet()) as (app, _, screen):
        found = lines(screen)
        assert list(found) == [*PROFILES, "old"]
        assert "✖ critical" in found["prod-us"]
        assert "2/3" in found["prod-us"]
        assert "AVL-101 weaviate-2" in found["prod-us"]
        assert "~219 M" in found["prod-us"]
        assert "12,804" in found["prod-us"]
        assert "✖ lost" in found["dr-site"]
        assert "2m14s" in found["dr-site"]
        assert "no connection: Connection refused, retry in 17 s" in found["dr-site"]
        assert "✖ no access" in found["staging"]
        assert "env:STAGING_KEY: the variable is not set" in found["staging"]
        assert "○ asking" in found["lab"]
        assert "✖ not usable" in found["old"]
        assert "profiles.old.url: expected an address" in found["old"]
        assert "6 clusters" in crumbs(app)


async def test_lost_clusters_keep_their_last_values_dimmed() -> None:
    async with on_fleet(StillFleet()) as (_, _, screen):
        columns = screen.table.model.columns
        gone, there = screen.table.row("dr-site"), screen.table.row("prod-us")
        assert gone is not None
        assert there is not None
        for key in ("objects", "queue", "nodes", "version"):
            assert columns[key].render(gone).style == "muted"
        assert columns["objects"].render(there).style == ""
        assert columns["objects"].render(gone).text == "~219 M"
        assert columns["nodes"].render(gone).text == "?/3"


async def test_what_is_not_known_is_no_number() -> None:
    async with on_fleet(StillFleet()) as (_, _, screen):
        row = screen.table.row("lab")
        assert row is not None
        data = screen.as_data(row)
        for field in ("live", "objects", "queue", "alerts", "age", "collections"):
            assert data[field] is None
        assert data["state"] == "asking"


async def test_alerts_of_a_lost_cluster_are_those_of_the_last_time() -> None:
    fleet = StillFleet()
    async with on_fleet(fleet) as (app, pilot, screen):
        seen = {name: row.alerts for name in PROFILES if (row := screen.table.row(name))}
        assert seen == {"prod-eu": 1, "prod-us": 1, "dr-site": None, "staging": None, "lab": None}
        fleet.looks["prod-us"].lose(lost())
        fleet.clock.now += 6
        await notice(app, pilot)
        row = screen.table.row("prod-us")
        assert row is not None
        assert (row.state, row.alerts, row.old) == ("lost", 1, True)


async def test_a_row_leaves_as_data_with_its_findings() -> None:
    async with on_fleet(StillFleet()) as (_, _, screen):
        row = screen.table.row("prod-us")
        assert row is not None
        data = screen.as_data(row)
        findings = data["findings"]
        assert isinstance(findings, list)
        assert findings[0]["code"] == "AVL-101"
        assert json.dumps(data)


async def test_the_environment_is_a_word_on_its_colour() -> None:
    async with on_fleet(StillFleet()) as (_, _, screen):
        column = screen.table.model.columns["environment"]
        row = screen.table.row("prod-us")
        assert row is not None
        assert column.render(row) == ("prod", "#B02A37", None)
        painted = screen.table.render_line(2)
        grounds = {segment.style.bgcolor.name for segment in painted if segment.style}  # type: ignore[union-attr]
        assert "#b02a37" in grounds


async def test_the_watched_cluster_is_not_watched_twice() -> None:
    fleet = StillFleet()
    async with on_fleet(fleet) as (_, _, screen):
        assert "prod-eu" not in fleet.looks
        row = screen.table.row("prod-eu")
        assert row is not None
        assert row.current
        assert "(here)" in rows(screen.table)[1]
    assert fleet.current.closed  # by the app, at its end


async def test_enter_goes_to_the_cluster_and_the_looks_end() -> None:
    fleet = StillFleet()
    async with on_fleet(fleet) as (app, pilot, _):
        await pilot.press("j", "enter")
        await until(pilot, lambda: isinstance(app.screen, StatsScreen))
        await until(pilot, lambda: all(watch.closed for watch in fleet.looks.values()))
        assert "prod-us" in header(app)
        assert [watch.profile.name for watch in fleet.opened] == ["prod-us"]
        assert fleet.current.closed
        assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("fleet ")]


async def test_enter_on_the_watched_one_goes_back_to_its_stats() -> None:
    fleet = StillFleet()
    async with on_fleet(fleet) as (app, pilot, _):
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, StatsScreen))
        assert not fleet.current.closed
        assert fleet.opened == []


async def test_one_that_cannot_be_used_says_why_and_nothing_else_happens() -> None:
    async with on_fleet(StillFleet()) as (app, pilot, _):
        await pilot.press("G", "enter")
        await pilot.pause()
        assert isinstance(app.screen, FleetScreen)
        assert "the profile old cannot be used: settings.toml:12" in status(app)


async def test_leaving_ends_the_looks() -> None:
    fleet = StillFleet()
    async with on_fleet(fleet) as (app, pilot, _):
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, StatsScreen))
        await until(pilot, lambda: all(watch.closed for watch in fleet.looks.values()))
        assert not fleet.current.closed


async def test_hidden_for_long_it_asks_nobody_and_comes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fleet_screen, "HIDDEN_S", 0.05)
    fleet = StillFleet()
    async with on_fleet(fleet) as (_, pilot, screen):
        first = dict(fleet.looks)
        await pilot.press("question_mark")
        await until(pilot, lambda: all(watch.closed for watch in first.values()))
        fleet.looks.clear()
        await pilot.press("escape")
        await until(pilot, lambda: len(fleet.looks) == 4)
        await settled(pilot)
        row = screen.table.row("prod-us")
        assert row is not None
        assert row.objects is not None


async def test_r_asks_every_cluster() -> None:
    fleet = StillFleet()
    async with on_fleet(fleet) as (_, pilot, _):
        await pilot.press("r")
        assert {watch.refreshes for watch in fleet.looks.values()} == {1}
        assert fleet.current.refreshes == 1


async def test_it_recovers_by_itself() -> None:
    fleet = StillFleet()
    async with on_fleet(fleet) as (app, pilot, screen):
        fleet.looks["dr-site"].answer(_REPORT)
        await notice(app, pilot)
        row = screen.table.row("dr-site")
        assert row is not None
        assert row.state != "lost"
        assert not row.old


async def test_problems_only_and_a_filter() -> None:
    async with on_fleet(StillFleet()) as (_, pilot, screen):
        await pilot.press("exclamation_mark")
        assert "lab" not in screen.table.model.shown
        await pilot.press("slash", *"state:lost", "enter")
        assert list(screen.table.model.shown) == ["dr-site"]


class Failing(StillWatch):
    """A watch of which nothing can be had: it fails in running, or in giving its rows."""

    def __init__(self, profile: Profile, how: str) -> None:
        super().__init__(five_rows(), profile=profile)
        self.how = how
        self.runs = 0
        self.answer(_REPORT)

    async def run(self) -> None:
        self.runs += 1
        if self.how == "run":
            raise ExceptionGroup("group", [RuntimeError("[/broken]")])
        await super().run()

    async def rows(self) -> Any:
        if self.how == "rows":
            raise ValueError("no such thing")
        return await super().rows()


async def test_a_fault_of_ours_stays_in_its_row() -> None:
    clock = Clock()
    profiles = {name: Profile(name=name, url=f"http://{name}.example") for name in "abc"}
    looks = {"b": Failing(profiles["b"], "run"), "c": Failing(profiles["c"], "rows")}
    clusters = Clusters(profiles, lambda profile: StillWatch(), look=lambda p, pace: looks[p.name])
    current = still_cluster(clock)
    current.profile = profiles["a"]
    fleet = Fleet(clusters, current, clock)
    fleet.start()
    try:
        await asyncio.sleep(0.1)
        await fleet.pull()
        a, b, c = fleet.rows()
        assert a.state == "critical"
        assert "our own fault" in b.why
        assert "ValueError: no such thing" in c.why
    finally:
        await fleet.aclose()
    assert all(watch.closed for watch in looks.values())


async def test_one_that_hangs_delays_nobody() -> None:
    """Opening blocks its thread, as a key's command or a name server can."""
    clock, opened = Clock(), asyncio.Event()
    profiles = {name: Profile(name=name, url=f"http://{name}.example") for name in "abc"}
    loop = asyncio.get_running_loop()

    def open_light(profile: Profile, *, pace: float) -> StillWatch:
        if profile.name == "b":
            asyncio.run_coroutine_threadsafe(asyncio.Event().wait(), loop).result(0.6)
        loop.call_soon_threadsafe(opened.set)
        return StillWatch(five_rows(), profile=profile, clock=clock)

    current = still_cluster(clock)
    current.profile = profiles["a"]
    fleet = Fleet(
        Clusters(profiles, StillFleet().clusters.open, look=open_light),
        current,
        clock,
    )
    fleet.start()
    try:
        async with asyncio.timeout(0.4):
            await opened.wait()
        assert {row.state for row in fleet.rows()} <= {"critical", "asking"}
    finally:
        await fleet.aclose()


async def test_many_clusters_are_looked_at_more_rarely() -> None:
    clock, paces = Clock(), []
    profiles = {f"c{n}": Profile(name=f"c{n}", url=f"http://c{n}.example") for n in range(36)}

    def open_light(profile: Profile, *, pace: float) -> StillWatch:
        paces.append(pace)
        return StillWatch((), profile=profile, clock=clock)

    current = still_cluster(clock)
    current.profile = profiles["c0"]
    fleet = Fleet(
        Clusters(profiles, StillFleet().clusters.open, look=open_light),
        current,
        clock,
    )
    fleet.start()
    await asyncio.sleep(0.2)
    await fleet.aclose()
    assert set(paces) == {3.0}
    assert len(paces) == 35


async def test_the_header_follows_the_watched_cluster() -> None:
    fleet = StillFleet()
    async with on_fleet(fleet) as (app, pilot, screen):
        fleet.current.lose(lost())
        fleet.clock.now += 60
        await notice(app, pilot)
        assert "✖ prod-eu" in header(app)
        row = screen.table.row("prod-eu")
        assert row is not None
        assert row.state == "lost"
        assert not screen.table.stale
