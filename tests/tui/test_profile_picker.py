"""Going to another cluster: the list one chooses from, and what is left of the one before."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import weakref

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot
from textual.widgets import Input

from elysiadash.cluster.connect import connect
from elysiadash.config.profile import Profile
from elysiadash.demo.cluster import simulated
from elysiadash.tui.app import ElysiadashApp
from elysiadash.tui.clusters import Clusters
from elysiadash.tui.screens.cluster_choice import ClusterChoice
from elysiadash.tui.screens.stats import StatsScreen
from elysiadash.tui.widgets.cluster_list import ClusterList, choices_of
from tests.tui.fleets import PROFILES, StillFleet
from tests.tui.reading import crumbs, fault, header, notice, settled, shown, stale_bar, stats
from tests.tui.still import StillWatch, five_rows, lost, still_cluster
from tests.tui.test_fleet import until


async def choose(app: ElysiadashApp, pilot: Pilot[None]) -> ClusterList:
    """Open the list."""
    await pilot.press("colon", *"profile", "enter")
    await until(pilot, lambda: isinstance(app.screen, ClusterChoice))
    return app.screen.query_one(ClusterList)


def listed(choices: ClusterList) -> list[str]:
    return [str(option.prompt) for option in choices.options]


async def test_it_lists_every_profile_and_marks_the_present_one() -> None:
    fleet = StillFleet()
    async with shown(fleet.current, clusters=fleet.clusters) as (app, pilot):
        choices = await choose(app, pilot)
        words = listed(choices)
        assert len(words) == 6
        assert "● prod-eu" in words[0]
        assert not any("●" in line for line in words[1:])
        assert " staging   staging.example:8080" in words[3]
        assert "✖ old" in words[5]
        assert "expected an address" in words[5]
        assert choices.chosen == "prod-eu"


async def test_its_columns_stand_below_each_other_whatever_the_script() -> None:
    profiles = (
        Profile(name="real", url="http://host.example:8080", environment="prod"),
        Profile(name="本番", url="http://host.example:8080", environment="staging"),
        Profile(name="bare", url="http://host.example:8080"),
    )
    clusters = Clusters({each.name: each for each in profiles}, lambda profile: still_cluster())
    lines = [choice.words.plain for choice in choices_of(clusters, None, {})]
    assert len({cell_len(line.partition("host")[0]) for line in lines}) == 1


async def test_typing_narrows_and_enter_goes_there() -> None:
    fleet = StillFleet()
    async with shown(fleet.current, clusters=fleet.clusters) as (app, pilot):
        choices = await choose(app, pilot)
        await pilot.press(*"dr")
        assert choices.chosen == "dr-site"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, StatsScreen))
        await until(pilot, lambda: fleet.current.closed)
        assert "dr-site · dr" in header(app)
        assert crumbs(app).startswith(" Stats ›")
        assert len(app.screen_stack) == 1


async def test_the_environment_narrows_too_and_arrows_move() -> None:
    fleet = StillFleet()
    async with shown(fleet.current, clusters=fleet.clusters) as (app, pilot):
        choices = await choose(app, pilot)
        await pilot.press(*"prod")
        assert choices.option_count == 2
        await pilot.press("down")
        assert choices.chosen == "prod-us"
        await pilot.press("up", "enter")
        await until(pilot, lambda: isinstance(app.screen, StatsScreen))
        assert "prod-eu" in header(app)
        assert not fleet.current.closed


async def test_escape_stays_and_nothing_to_choose_is_no_choice() -> None:
    fleet = StillFleet()
    async with shown(fleet.current, clusters=fleet.clusters) as (app, pilot):
        choices = await choose(app, pilot)
        await pilot.press(*"old")
        assert choices.chosen is None
        await pilot.press("enter")
        assert isinstance(app.screen, ClusterChoice)
        app.screen.query_one(Input).value = "nonsense"
        await pilot.pause()
        assert choices.option_count == 0
        await pilot.press("down", "enter", "escape")
        await until(pilot, lambda: isinstance(app.screen, StatsScreen))
        assert fleet.opened == []


async def test_it_works_while_nothing_answers() -> None:
    fleet = StillFleet()
    async with shown(fleet.current, clusters=fleet.clusters) as (app, pilot):
        fleet.current.lose(lost())
        fleet.clock.now += 134
        await notice(app, pilot)
        assert "stale 2m14s" in (stale_bar(app) or "")
        await choose(app, pilot)
        await pilot.press(*"lab", "enter")
        await until(pilot, lambda: "lab" in header(app))
        assert stale_bar(app) is None
        (watch,) = fleet.opened
        watch.answer()
        await notice(app, pilot)
        assert "● lab" in header(app)
        # And what is lost there is told as ever, with its retry; r asks at once.
        fleet.clock.now += 65
        watch.lose(lost())
        await notice(app, pilot)
        assert "stale 1m05s: no connection" in (stale_bar(app) or "")
        await pilot.press("r")
        assert watch.refreshes == 1
        watch.answer()
        await notice(app, pilot)
        assert stale_bar(app) is None


async def test_a_wrong_name_is_told_where_it_was_typed() -> None:
    fleet = StillFleet()
    async with shown(fleet.current, clusters=fleet.clusters) as (app, pilot):
        await pilot.press("colon", *"profile nonsense", "enter")
        assert "there is no profile 'nonsense'; there are prod-eu" in (fault(app) or "")
        await pilot.press("escape", "colon", *"profile old", "enter")
        assert "the profile old cannot be used: settings.toml:12" in (fault(app) or "")


async def test_typing_the_name_goes_there_from_any_screen() -> None:
    fleet = StillFleet()
    async with shown(fleet.current, clusters=fleet.clusters) as (app, pilot):
        await pilot.press("enter")
        await settled(pilot)
        await pilot.press("colon", *"profile prod-us", "enter")
        await until(pilot, lambda: "prod-us" in header(app))
        assert isinstance(app.screen, StatsScreen)
        await until(pilot, lambda: fleet.current.closed)


async def test_the_theme_stays_and_the_trail_begins_anew() -> None:
    fleet = StillFleet()
    async with shown(fleet.current, clusters=fleet.clusters) as (app, pilot):
        await pilot.press("colon", *"theme light", "enter")
        await pilot.press("enter")
        await settled(pilot)
        assert await app.use_cluster("lab") is None
        await settled(pilot)
        assert app.theme == "light"
        assert app.trail.here == ("stats",)
        assert app.trail.last() is None
        assert app.rows == ()
        assert app.findings == ()


class FailsOnce(StillWatch):
    """Its run fails at once, and counts."""

    runs = 0

    async def run(self) -> None:
        self.runs += 1
        if self.runs == 1:
            raise RuntimeError("broken")
        await asyncio.Event().wait()


async def test_a_restart_that_was_due_is_not_the_next_clusters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("elysiadash.tui.switching._RESTART_AFTER_S", 0.4)
    first, second = FailsOnce(five_rows()), FailsOnce(five_rows(), profile=PROFILES["lab"])
    second.runs = 1
    clusters = Clusters({"lab": PROFILES["lab"]}, lambda profile: second)
    async with shown(first, clusters=clusters) as (app, pilot):
        await until(pilot, lambda: first.runs == 1 and app.fault is not None)
        await app.use_cluster("lab")
        assert app.fault is None
        await pilot.pause(0.6)
        assert (first.runs, second.runs) == (1, 2)


async def test_the_demo_carries_its_mark_and_others_do_not() -> None:
    fleet = StillFleet()
    name = fleet.clusters.add(Profile(name="demo-x", url="http://demo.example"), simulated=True)
    async with shown(fleet.current, clusters=fleet.clusters) as (app, pilot):
        assert "DEMO" not in header(app)
        await app.use_cluster(name)
        await settled(pilot)
        assert "DEMO" in header(app)
        await app.use_cluster("lab")
        await settled(pilot)
        assert "DEMO" not in header(app)


def test_two_clusters_of_one_name_stay_two() -> None:
    clusters = StillFleet().clusters
    assert clusters.add(Profile(name="lab", url="http://other.example")) == "lab (address)"
    assert clusters.add(Profile(name="old", url="http://o.example"), simulated=True) == "old (demo)"
    assert clusters.add(PROFILES["lab"]) == "lab"
    assert clusters.profiles["lab"].url == "http://lab.example:8080"


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a count is all that is wanted


@pytest.mark.slow
@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")  # noqa: PTH112
async def test_fifty_switches_leave_nothing_behind() -> None:
    watches: list[weakref.ref[object]] = []
    async with simulated("healthy", grpc=False) as one, simulated("empty", grpc=False) as two:
        profiles = {
            cluster.name: Profile(name=cluster.name, url=cluster.url) for cluster in (one, two)
        }

        def opened(profile: Profile) -> object:
            watch = connect(profile)
            watches.append(weakref.ref(watch))
            return watch

        clusters = Clusters(profiles, opened)  # type: ignore[arg-type]
        first = still_cluster()
        async with shown(first, clusters=clusters) as (app, pilot):

            async def switch(many: int) -> tuple[int, int, int]:
                for turn in range(many):
                    name = (one.name, two.name)[turn % 2]
                    assert await app.use_cluster(name) is None
                    await pilot.pause(0.05)
                await until(pilot, lambda: len(app.workers) <= 1 and not stats(app)._pulling, 20.0)
                await pilot.pause(0.5)
                gc.collect()
                return len(asyncio.all_tasks()), threading.active_count(), open_files()

            tasks, _, files = await switch(10)
            tasks_later, threads_later, files_later = await switch(50)
            # Sockets to the cluster in use come and go; those of fifty others must not stay.
            assert tasks_later <= tasks + 8
            assert files_later <= files + 12
            assert threads_later <= 64 + 8
            # The present one, and those that a task or a thread just let go of.
            assert sum(watch() is not None for watch in watches) <= 6
            assert len(app._registry) < 60
