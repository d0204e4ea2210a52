"""The app on a recording: at its moment, read-only, steered by keys that are nowhere else."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from elysiadash.cluster.recording.replay import Replay
from elysiadash.cluster.recording.state import RecordingState
from elysiadash.tui.app import ElysiadashApp
from elysiadash.tui.commands import completions
from elysiadash.tui.screens.events import EventsScreen
from elysiadash.tui.screens.recording_sheet import recording_lines
from elysiadash.tui.widgets.empty_note import EmptyNote
from elysiadash.tui.widgets.key_line import KeyLine
from tests.tui.reading import (
    detail,
    header,
    live,
    names,
    settled,
    shown,
    stale_bar,
    stats,
    status,
)
from tests.tui.recorded import MOMENTS, STEP, record_still, replay_of_still
from tests.tui.still import NODES, START, still_cluster


@pytest.fixture(autouse=True)
def _in_a_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "XST-01:00")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@asynccontextmanager
async def replayed(
    folder: Path, size: tuple[int, int] = (180, 30), **recorded: Any
) -> AsyncIterator[tuple[ElysiadashApp, Pilot[None], Replay]]:
    replay = Replay.open(record_still(folder / "r.sqlite", **recorded))
    app = ElysiadashApp(replay)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        yield app, pilot, replay


async def press(pilot: Pilot[None], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
    # The notice of a move comes a quarter of a second after the one before it at the latest.
    await pilot.pause(0.3)
    await settled(pilot)


async def typed(pilot: Pilot[None], line: str) -> None:
    live(pilot.app).action_command()  # type: ignore[arg-type]
    await pilot.press(*["space" if char == " " else char for char in line], "enter")
    await pilot.pause(0.3)
    await settled(pilot)


def keys(app: ElysiadashApp) -> str:
    return str(app.screen.query_one(KeyLine).content)


def objects_of_documents(app: ElysiadashApp) -> int | None:
    return next(row.objects for row in app.rows if row.collection == "Documents")


async def test_the_header_says_which_moment_and_nothing_is_stale(tmp_path: Path) -> None:
    async with replayed(tmp_path) as (app, _, replay):
        # 2026-09-21T14:13:20Z, in a zone an hour ahead.
        assert "REPLAY 2026-09-21 15:13:20 +01:00" in header(app)
        assert f"{MOMENTS}/{MOMENTS} paused" in header(app)
        assert "🔒" in header(app)
        assert "WRITE" not in header(app)
        assert "2 s old then" in header(app)
        assert "prod-eu" in header(app)
        assert stale_bar(app) is None
        assert len(names(app)) == 5
        assert replay.at == START


async def test_keys_step_and_skip_and_the_rows_follow(tmp_path: Path) -> None:
    async with replayed(tmp_path) as (app, pilot, replay):
        last = objects_of_documents(app)
        assert last is not None
        await press(pilot, "comma")
        assert f"{MOMENTS - 1}/{MOMENTS}" in header(app)
        assert objects_of_documents(app) == last - 1000
        await press(pilot, "less_than_sign")
        assert replay.at == START - 3 * STEP
        assert objects_of_documents(app) == last - 3000
        await press(pilot, "greater_than_sign", "full_stop")
        assert replay.at == START
        await press(pilot, "full_stop")
        assert "this is the last moment" in status(app)


async def test_jumps_by_command(tmp_path: Path) -> None:
    async with replayed(tmp_path) as (app, pilot, replay):
        await typed(pilot, "at start")
        assert replay.place[0] == 1
        await press(pilot, "comma")
        assert "this is the first moment" in status(app)
        await typed(pilot, "at +5m")
        assert replay.at == START - 1500
        await typed(pilot, "at 20m")
        assert replay.at == START - 1200
        assert "▲" in header(app)
        assert NODES[2] in header(app), "the node that was away then"
        await typed(pilot, "at end")
        assert replay.at == START
        assert NODES[2] not in header(app)
        clock = time.strftime("%H:%M:%S", time.localtime(START - 600))
        await typed(pilot, f"at {clock}")
        assert replay.at == START - 600
        assert completions("at -", live(app)) == ["at -5m", "at -1h"]


async def test_a_wrong_time_is_told_and_changes_nothing(tmp_path: Path) -> None:
    async with replayed(tmp_path) as (app, pilot, replay):
        assert "is no time" in str(await live(app).run_command("at noon"))
        assert "is no speed" in str(await live(app).run_command("play fast"))
        assert "needs TIME" in str(await live(app).run_command("at"))
        assert replay.at == START
        await typed(pilot, "at 5d")
        assert replay.place[0] == 1
        assert "does not reach there" in status(app)


async def test_playing_pausing_and_speed(tmp_path: Path) -> None:
    async with replayed(tmp_path) as (app, pilot, replay):
        await typed(pilot, "at start")
        await press(pilot, *["right_parenthesis"] * 7)
        assert replay.speed == 600
        await press(pilot, "left_parenthesis")
        assert replay.speed == 300
        await press(pilot, "p")
        assert replay.playing
        await pilot.pause(0.5)
        await settled(pilot)
        assert "playing 300x" in header(app)
        assert 1 < replay.place[0] < MOMENTS
        await press(pilot, "p")
        assert not replay.playing
        place = replay.place
        await pilot.pause(0.4)
        assert replay.place == place
        await typed(pilot, "play 10")
        assert (replay.playing, replay.speed) == (True, 10.0)
        await press(pilot, "comma")
        assert not replay.playing, "a step stops it"


async def test_space_still_marks(tmp_path: Path) -> None:
    async with replayed(tmp_path) as (app, pilot, replay):
        await press(pilot, "space")
        assert stats(app).table.status.marked == 1
        assert not replay.playing


async def test_its_keys_and_commands_are_only_there(tmp_path: Path) -> None:
    async with replayed(tmp_path, (240, 60)) as (app, pilot, _):
        assert "−1 min" in keys(app)
        assert "Refresh" not in keys(app), "there is nobody to ask"
        assert "at " in completions("a", live(app))
        await press(pilot, "question_mark")
        text = str(app.screen.query("Static").first().render())
        assert "In the recording" in text
        assert ":at TIME" in text
        assert "Ask the cluster more often" not in text.split("Commands")[0]
    async with shown(still_cluster(), (240, 60)) as (app, pilot):
        assert "−1 min" not in keys(app)
        assert "Refresh" in keys(app)
        assert "at " not in completions("a", live(app))
        assert "nothing on this screen" in str(await live(app).run_command("at start"))
        await pilot.press("p", "comma", "full_stop", "less_than_sign")
        await pilot.press("question_mark")
        text = str(app.screen.query("Static").first().render())
        assert "In the recording" not in text
        assert ":at" not in text


async def test_the_detail_and_its_charts_are_of_that_time(tmp_path: Path) -> None:
    async with replayed(tmp_path, (200, 50)) as (app, pilot, _):
        await typed(pilot, "collection Documents")
        assert detail(app)
        await press(pilot, "comma")
        assert f"{MOMENTS - 1}/{MOMENTS}" in header(app)
        await press(pilot, *["tab"] * 6)
        assert app.fault is None


async def test_a_moment_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    async with replayed(tmp_path) as (app, pilot, replay):
        connection = sqlite3.connect(replay.path)
        connection.execute("UPDATE frames SET body = x'00' WHERE id = 35")
        connection.commit()
        connection.close()
        assert "damaged" in str(await live(app).run_command("at -12m"))
        assert replay.at == START
        await typed(pilot, "at start")
        await press(pilot, *["right_parenthesis"] * 7)
        await press(pilot, "p")
        await pilot.pause(1.5)
        await settled(pilot)
        assert not replay.playing
        assert "damaged" in (stale_bar(app) or "")
        assert app.fault is None


async def test_a_demo_stays_a_demo(tmp_path: Path) -> None:
    replay = replay_of_still(tmp_path, demo=True)
    assert replay.demo
    await replay.aclose()


@pytest.mark.parametrize("size", [(50, 8), (40, 3)])
async def test_a_small_pane_says_it_too(tmp_path: Path, size: tuple[int, int]) -> None:
    from tests.tui.reading import summary

    async with replayed(tmp_path, size) as (app, _, __):
        assert "REPLAY" in summary(app)


def lines_of(state: RecordingState | None) -> dict[str, str]:
    watch = still_cluster()
    watch.recording = state
    return dict(recording_lines(watch))


def test_who_records_is_told_in_full() -> None:
    mine = RecordingState(
        here=True,
        pid=os.getpid(),
        since=START - 60,
        oldest=START - 7200,
        bytes=41_000_000,
        path="/state/r.sqlite",
        note="the recording was damaged and is kept as r.damaged-1.sqlite",
    )
    found = lines_of(mine)
    assert found["state"] == "recording"
    assert found["process"] == f"{os.getpid()} (this one)"
    assert found["reaches back"].startswith("2h00m, to 20")
    assert found["size"] == "41 MB"
    assert found["file"] == "/state/r.sqlite"
    assert found["look at it"] == "elysiadash replay /state/r.sqlite"
    assert "damaged" in found["note"]
    assert "enabled = false" in lines_of(None)["state"]
    other = lines_of(RecordingState(elsewhere=True, pid=77, path="/r"))
    assert (other["state"], other["process"]) == ("recorded by process 77", "77")
    assert lines_of(RecordingState(elsewhere=True))["state"] == "recorded by another process"
    full = lines_of(RecordingState(here=True, problem="database or disk is full"))
    assert full["state"] == "not recorded: database or disk is full"


async def test_the_title_says_it_too(tmp_path: Path) -> None:
    async with replayed(tmp_path) as (app, _, __):
        assert live(app).facts().title.startswith("elysiadash · REPLAY prod-eu")


async def test_the_sheet_opens_and_closes(tmp_path: Path) -> None:
    watch = still_cluster()
    watch.recording = RecordingState(here=True, pid=1, path="[/x]", oldest=START - 7200)
    async with shown(watch) as (app, pilot):
        await pilot.press("colon", *"record", "enter")
        await pilot.pause()
        said = str(app.screen.query("Static").first().render())
        assert "[/x]" in said
        assert "reaches back 2h00m, to" in said
        assert "elysiadash replay '[/x]'" in said
        await pilot.press("escape")
        await pilot.pause()
        assert live(app)
    async with replayed(tmp_path) as (app, _, replay):
        assert dict(recording_lines(replay))["file"] == str(replay.path)


def marks(app: ElysiadashApp) -> list[int]:
    table = stats(app).table
    return [table.changes.trend(key, "vector_queue") for key in names(app)]


async def test_a_step_back_is_no_change(tmp_path: Path) -> None:
    async with replayed(tmp_path, queue=lambda number: number) as (app, pilot, replay):
        await press(pilot, "comma")
        assert marks(app) == [0] * 5
        await press(pilot, "full_stop")
        assert marks(app) == [1] * 5, "this moment follows that one"
        change = stats(app).table.changes.last("Documents")
        assert change is not None
        assert change.at == replay.at == START
        await press(pilot, "comma")
        assert marks(app) == [0] * 5


async def test_a_jump_and_a_gap_are_no_change(tmp_path: Path) -> None:
    def with_a_gap(number: int) -> float:
        return START + STEP * (number - 60) - (600 if number < 60 else 0)

    recorded = {"queue": lambda number: number, "time_of": with_a_gap}
    async with replayed(tmp_path, **recorded) as (app, pilot, replay):
        await typed(pilot, "at start")
        await typed(pilot, "at +5m")
        assert replay.place[0] == 11
        assert marks(app) == [0] * 5
        await press(pilot, "greater_than_sign")
        assert marks(app) == [0] * 5
        await typed(pilot, f"at {int(START - 600)}")
        await typed(pilot, "at end")
        await press(pilot, "comma", "full_stop")
        assert replay.at == START
        assert marks(app) == [0] * 5, "eleven minutes of which nothing is known"


async def test_a_change_ages_by_the_recording(tmp_path: Path) -> None:
    async with replayed(tmp_path, queue=lambda number: min(number, 58)) as (app, pilot, _):
        await typed(pilot, "at -2m")
        await press(pilot, "full_stop", "full_stop")
        changes = stats(app).table.changes
        change = changes.last("Documents")
        assert change is not None
        assert changes.age(change) == 0
        await press(pilot, "full_stop")
        assert changes.age(change) == STEP
        assert marks(app) == [1] * 5
        await press(pilot, "full_stop")
        assert marks(app) == [0] * 5


async def test_since_when_a_finding_is_known_is_of_the_way_there(tmp_path: Path) -> None:
    async with replayed(tmp_path) as (app, pilot, replay):
        await typed(pilot, "at 12m")
        missing = next(found for found in app.findings if found.node == NODES[2])
        await press(pilot, "full_stop", "full_stop")
        since = app.finding_ages.since(missing)
        assert since is not None
        assert replay.at - since.at == 2 * STEP
        await press(pilot, "less_than_sign")
        since = app.finding_ages.since(missing)
        assert since is not None
        assert since.at == replay.at, "it is not known from later moments"


async def test_health_is_unknown_until_shards_were_told(tmp_path: Path) -> None:
    async with replayed(tmp_path, unasked=3) as (app, pilot, _):
        await typed(pilot, "at start")
        health = [app.assessment.judge(row)[0] for row in app.rows]
        assert health == ["? unknown"] * 5
        assert "1/61" in header(app)
        await press(pilot, *["full_stop"] * 3)
        assert "ok" in [app.assessment.judge(row)[0] for row in app.rows]


@pytest.mark.parametrize(
    ("metrics", "words"),
    [
        ("yes", "the metrics were not read yet"),
        (None, "not known in this recording"),
        ("no", "no metrics: set metrics in the profile"),
    ],
)
async def test_why_metrics_are_missing_is_of_the_recorded_profile(
    tmp_path: Path, metrics: str | None, words: str
) -> None:
    async with replayed(tmp_path, about={"metrics": metrics}) as (app, pilot, _):
        await typed(pilot, "at start")
        reasons = {row.not_exposed.get("imports_per_s", "") for row in app.rows}
        assert any(reason.startswith(words) for reason in reasons)
        assert metrics == "no" or not any("in the profile" in reason for reason in reasons)


async def test_a_recording_without_events_says_how_far_it_reaches(tmp_path: Path) -> None:
    async with replayed(tmp_path) as (app, pilot, _):
        await typed(pilot, "at start")
        await press(pilot, "0")
        assert isinstance(live(app), EventsScreen)
        said = str(app.screen.query_one(EmptyNote).content)
        assert "Nothing changed since 14:43:20" in said
        assert "A recording, from 14:43:20 +01:00 to 15:13:20 +01:00" in said
        assert "Nothing is recorded" not in said
        assert "session" not in said


@pytest.mark.parametrize("line", ["fleet", "profile", "profile other"])
async def test_a_recording_is_shown_alone(tmp_path: Path, line: str) -> None:
    async with replayed(tmp_path) as (app, pilot, _):
        fault = await live(app).run_command(line)
        await pilot.pause()
        assert "a recording is shown alone" in (fault or status(app))
        assert app.screen is stats(app)


@pytest.mark.parametrize("key", ["r", "plus", "underscore"])
async def test_keys_of_live_data_say_that_nobody_is_asked(tmp_path: Path, key: str) -> None:
    async with replayed(tmp_path) as (app, pilot, _):
        await press(pilot, key)
        assert "a recording: nobody is asked" in status(app)


async def test_commands_of_live_data_say_it_too_and_typing_is_typing(tmp_path: Path) -> None:
    async with replayed(tmp_path) as (app, pilot, _):
        for command in ("refresh", "faster", "slower"):
            live(app).status.flash("")
            await typed(pilot, command)
            assert "a recording: nobody is asked" in status(app)
        live(app).status.flash("")
        await pilot.press("slash", "r", "plus")
        await pilot.pause()
        assert "nobody" not in status(app)


async def test_a_time_in_a_gap_says_what_is_shown_instead(tmp_path: Path) -> None:
    def with_a_gap(number: int) -> float:
        return START + STEP * (number - 60) - (600 if number < 60 else 0)

    async with replayed(tmp_path, time_of=with_a_gap) as (app, pilot, replay):
        await typed(pilot, "at -5m")
        assert replay.at == START - 630
        assert "15:02:50 +01:00 is shown: nothing was recorded from then to 15:08:20" in status(app)
        live(app).status.flash("")
        await typed(pilot, "at -1m")
        assert "nothing was recorded" not in status(app)
