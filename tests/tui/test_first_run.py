"""The first screen where nothing names a cluster: an address, a choice, or the demo."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from elysiadash.cluster.glance import first_answer
from elysiadash.cluster.slices import Kind, Problem
from elysiadash.config.configuration import load
from elysiadash.config.profile import Profile
from elysiadash.demo.cluster import simulated
from elysiadash.tui.app import ElysiadashApp
from elysiadash.tui.clusters import Clusters, FirstRun
from elysiadash.tui.screens.first_run import FirstRunScreen
from elysiadash.tui.screens.stats import StatsScreen
from elysiadash.tui.widgets.cluster_list import ClusterList
from tests.tui.fleets import PROFILES
from tests.tui.reading import header, settled
from tests.tui.still import StillWatch, five_rows, lost
from tests.tui.test_fleet import until

LOCALHOST = Profile(name="localhost:8080", url="http://localhost:8080")
DEMO = tuple(Profile(name=f"demo-{n}", url=f"http://{n}.demo:1") for n in ("healthy", "empty"))


class Start:
    """An app without a named cluster, and what it does with what is typed."""

    def __init__(self, *profiles: Profile) -> None:
        self.watch = StillWatch((), profile=LOCALHOST)
        self.opened: list[StillWatch] = []
        self.clusters = Clusters({p.name: p for p in (*profiles, LOCALHOST)}, self._open)
        self.answer: Problem | None = None
        self.demo: tuple[Profile, ...] | str = DEMO
        self.asked: list[str] = []
        self.demos = 0
        self.first_run = FirstRun(
            settings_file="~/.config/elysiadash/config.toml",
            profile_of=lambda url: load({}, {}, Path("/"), None).ad_hoc(url),
            start_demo=self._demo,
            first_answer=self._first_answer,
        )

    def _open(self, profile: Profile) -> StillWatch:
        self.opened.append(StillWatch(five_rows(), profile=profile))
        return self.opened[-1]

    def _demo(self) -> tuple[Profile, ...] | str:
        self.demos += 1
        return self.demo

    async def _first_answer(self, profile: Profile) -> Problem | None:
        self.asked.append(profile.url)
        await asyncio.sleep(0)
        return self.answer


@asynccontextmanager
async def started(
    start: Start, size: tuple[int, int] = (100, 30)
) -> AsyncIterator[tuple[ElysiadashApp, Pilot[None]]]:
    """The app; nothing has answered yet."""
    app = ElysiadashApp(
        start.watch, clock=start.watch.clock, clusters=start.clusters, first_run=start.first_run
    )
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        yield app, pilot


@asynccontextmanager
async def asked(start: Start) -> AsyncIterator[tuple[ElysiadashApp, Pilot[None]]]:
    """The app, after localhost refused."""
    async with started(start) as (app, pilot):
        start.watch.lose(lost())
        await until(pilot, lambda: isinstance(app.screen, FirstRunScreen))
        await pilot.pause()
        yield app, pilot


def said(app: ElysiadashApp) -> str:
    return str(app.screen.query_one("#said", Static).content)


async def test_a_weaviate_at_localhost_is_shown_at_once() -> None:
    for problem in (None, Problem("unauthorized", "401")):
        start = Start()
        async with started(start) as (app, pilot):
            if problem is None:
                start.watch.answer()
            else:
                start.watch.lose(problem)
            await pilot.pause(0.3)
            assert isinstance(app.screen, StatsScreen)


async def test_it_says_what_was_tried_and_where_settings_go() -> None:
    async with asked(Start()) as (app, _):
        words = " ".join(str(each.content) for each in app.screen.query(Static))
        assert "no Weaviate answers at http://localhost:8080" in words
        assert "Connection refused" in words
        assert "~/.config/elysiadash/config.toml" in words
        assert "elysiadash config init" in words


async def test_an_address_that_answers_is_gone_to() -> None:
    start = Start()
    async with asked(start) as (app, pilot):
        await pilot.press(*"http://wv.test:8081", "enter")
        await until(pilot, lambda: isinstance(app.screen, StatsScreen))
        assert start.asked == ["http://wv.test:8081"]
        assert "wv.test:8081" in header(app)
        # What was only tried is no choice any more.
        assert list(start.clusters.profiles) == ["wv.test:8081"]
        await until(pilot, lambda: start.watch.closed)


async def test_a_wrong_address_is_told_in_words_and_can_be_corrected() -> None:
    start = Start()
    async with asked(start) as (app, pilot):
        await pilot.press(*"wv.test:8081", "enter")
        await until(pilot, lambda: bool(said(app)))
        assert "expected an address that begins with http://" in said(app)
        assert "did you mean http://wv.test:8081?" in said(app)
        assert start.asked == []
        await pilot.press("home", *"http://", "enter")
        await until(pilot, lambda: isinstance(app.screen, StatsScreen))
        assert start.opened[0].profile.url == "http://wv.test:8081"


async def test_one_that_does_not_answer_is_told_and_watched_when_said_again() -> None:
    start = Start()
    start.answer = lost()
    async with asked(start) as (app, pilot):
        await pilot.press(*"http://wv.test", "enter")
        await until(pilot, lambda: "Connection refused" in said(app))
        assert "press enter again to watch it all the same" in said(app)
        assert isinstance(app.screen, FirstRunScreen)
        # Another address is another try.
        await pilot.press("1", "enter")
        await until(pilot, lambda: len(start.asked) == 2 and "wv.test1" in said(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, StatsScreen))
        assert len(start.asked) == 2
        assert start.opened[0].profile.url == "http://wv.test1"


async def test_one_that_wants_a_key_says_how_to_name_one() -> None:
    start = Start()
    start.answer = Problem("unauthorized", "no key was sent, and the server wants one")
    async with asked(start) as (app, pilot):
        await pilot.press(*"http://wv.test", "enter")
        await until(pilot, lambda: "--auth env:NAME" in said(app))


async def test_just_enter_starts_the_demo_with_its_mark() -> None:
    start = Start()
    async with asked(start) as (app, pilot):
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, StatsScreen))
        await settled(pilot)
        assert "demo-healthy" in header(app)
        assert "DEMO" in header(app)
        assert list(start.clusters.profiles) == ["demo-healthy", "demo-empty"]
        assert start.clusters.simulated == {"demo-healthy", "demo-empty"}


async def test_a_demo_that_does_not_start_says_why() -> None:
    start = Start()
    start.demo = "the demo did not start: no port is free"
    async with asked(start) as (app, pilot):
        await pilot.press("enter")
        await until(pilot, lambda: "no port is free" in said(app))
        start.demo = DEMO
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, StatsScreen))
        assert start.demos == 2


async def test_profiles_of_the_settings_come_before_the_demo() -> None:
    start = Start(PROFILES["prod-us"], PROFILES["lab"])
    async with asked(start) as (app, pilot):
        words = [str(each.prompt) for each in app.screen.query_one(ClusterList).options]
        assert ["prod-us" in words[0], "lab" in words[1], "demo" in words[2]] == [True] * 3
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(app.screen, StatsScreen))
        assert "lab" in header(app)
        assert start.demos == 0


async def test_escape_keeps_trying_and_a_server_that_starts_is_noticed() -> None:
    start = Start()
    async with asked(start) as (app, pilot):
        start.watch.give(five_rows())
        app.screen._tell_tried()  # type: ignore[attr-defined]
        assert "answers at http://localhost:8080 now" in str(
            app.screen.query_one("#tried", Static).content
        )
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, StatsScreen))
        await settled(pilot)
        assert "localhost:8080" in header(app)
        assert not start.watch.closed


async def test_one_that_says_nothing_at_all_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("elysiadash.tui.first_run._LOOK_S", 0.1)
    async with started(Start()) as (app, pilot):
        await until(pilot, lambda: isinstance(app.screen, FirstRunScreen))


async def test_something_else_at_localhost_is_no_weaviate() -> None:
    start = Start()
    async with started(start) as (app, pilot):
        start.watch.store.fail(Kind.NODES, Problem("bad answer", "HTML instead of JSON"))
        await pilot.pause(0.1)
        assert isinstance(app.screen, StatsScreen)
        start.watch.store.fail(Kind.SCHEMA, Problem("bad answer", "HTML instead of JSON"))
        await until(pilot, lambda: isinstance(app.screen, FirstRunScreen))


async def test_ctrl_c_twice_leaves() -> None:
    async with asked(Start()) as (app, pilot):
        await pilot.press("ctrl+c", "ctrl+c")
        await pilot.pause()
        assert app.return_code == 0


async def test_first_answer_tells_a_weaviate_from_nothing() -> None:
    async with simulated("empty", grpc=False) as cluster:
        there = Profile(name="there", url=cluster.url)
        assert await first_answer(there) is None
    problem = await first_answer(there)
    assert problem is not None
    assert problem.kind == "unreachable"
