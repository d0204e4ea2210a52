"""The root of Migrate: every job and draft, and what was left frozen, on every screen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from elysiadash.jobs.job import JobState
from elysiadash.migrate import drafts
from elysiadash.tui.app import ElysiadashApp
from elysiadash.tui.jobs_source import DemoJobs, JobRooms, Jobs
from elysiadash.tui.screens.migrate.job import JobScreen
from elysiadash.tui.screens.migrate.jobs import MigrateScreen
from elysiadash.tui.screens.migrate.typed import TypedWord
from elysiadash.tui.screens.migrate.wizard import WizardScreen
from elysiadash.tui.widgets.empty_note import EmptyNote
from elysiadash.tui.widgets.lines import FrozenBar
from tests.tui.jobs_given import PROD, Room, Times, full, given, watched
from tests.tui.reading import live, rows, settled, shown, status


async def looked(app: ElysiadashApp, pilot: Pilot[None], seconds: float = 5.0) -> None:
    """Until jobs were read anew and shown."""
    await settled(pilot)
    app._tick()
    async with asyncio.timeout(seconds):
        while any(worker.group in ("jobs", "draft", "asking") for worker in app.workers):
            await pilot.pause(0.01)
    await settled(pilot)


async def pressed(app: ElysiadashApp, pilot: Pilot[None], *keys: str) -> None:
    """Keys, each with what comes of it."""
    for key in keys:
        await pilot.press(key)
        await looked(app, pilot)


async def typed(app: ElysiadashApp, pilot: Pilot[None], text: str) -> None:
    """A line and enter."""
    names = {" ": "space", "-": "minus", "_": "underscore", ".": "full_stop", "=": "equals_sign"}
    names |= {":": "colon", "/": "slash", ",": "comma"}
    await pilot.press(*(names.get(sign, sign) for sign in text), "enter")
    await looked(app, pilot)


@asynccontextmanager
async def on_migrate(
    room: Room, size: tuple[int, int] = (180, 40)
) -> AsyncIterator[tuple[ElysiadashApp, Pilot[None]]]:
    """The app on screen 3."""
    async with shown(watched(room), size=size, **given(room)) as (app, pilot):
        await pressed(app, pilot, "3")
        yield app, pilot


async def test_what_moves_comes_first_and_the_past_last(tmp_path: Path) -> None:
    async with on_migrate(full(tmp_path)) as (app, _):
        screen = live(app)
        assert isinstance(screen, MigrateScreen)
        found = [screen.table.row(key) for key in screen.table.model.shown]
        assert [row.state for row in found if row is not None] == [
            "asks", "running", "waiting", "draft", "different", "verified",
        ]  # fmt: skip
        lines = rows(screen.table)
        assert "66 %" in lines[2]
        assert "3.56k" in lines[2]
        assert "1m56s–1m58s" in lines[2]
        assert "different" in lines[-2]
        assert "verified" in lines[-1]


async def test_without_jobs_it_says_how_to_begin(tmp_path: Path) -> None:
    async with on_migrate(Room(tmp_path / "new")) as (app, _):
        note = live(app).query_one(EmptyNote)
        assert note.display
        assert "a plans one" in str(note.render())
        # Looking makes no file.
        assert not (tmp_path / "new" / "jobs.db").exists()


async def test_a_damaged_file_is_said_and_ends_nothing(tmp_path: Path) -> None:
    (tmp_path / "jobs.db").write_bytes(b"no database" * 100)
    async with on_migrate(Room(tmp_path)) as (app, _):
        note = live(app).query_one(EmptyNote)
        assert note.display
        assert "cannot be read" in str(note.render())


async def test_filter_sort_and_problems_are_those_of_any_list(tmp_path: Path) -> None:
    async with on_migrate(full(tmp_path)) as (app, pilot):
        screen = live(app)
        assert isinstance(screen, MigrateScreen)
        assert screen.take_filter("state:asks") is None
        assert screen.table.status.shown == 1
        assert screen.take_filter("letters:>0") is None
        assert screen.table.status.shown == 1
        await pressed(app, pilot, "escape", "exclamation_mark")
        assert screen.table.status.shown == 3


async def test_enter_opens_a_job_or_a_draft_and_q_goes_back(tmp_path: Path) -> None:
    async with on_migrate(full(tmp_path)) as (app, pilot):
        await pressed(app, pilot, "j", "enter")
        assert isinstance(app.screen, JobScreen)
        await pressed(app, pilot, "q")
        screen = live(app)
        assert isinstance(screen, MigrateScreen)
        screen.table.move_to_key("d-00000001")
        await pressed(app, pilot, "enter")
        assert isinstance(app.screen, WizardScreen)


async def test_a_new_draft_is_on_disk_and_an_empty_one_goes_again(tmp_path: Path) -> None:
    room = Room(tmp_path)
    async with on_migrate(room) as (app, pilot):
        await pressed(app, pilot, "a")
        assert isinstance(app.screen, WizardScreen)
        (found,), _ = drafts.every(tmp_path)
        assert (found.source, found.collections) == (PROD.name, ())
        await pressed(app, pilot, "q")
        await looked(app, pilot)
        assert drafts.every(tmp_path) == ([], [])


async def test_a_draft_is_discarded_only_by_its_word(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.planned()
    async with on_migrate(room) as (app, pilot):
        await pressed(app, pilot, "D")
        assert isinstance(app.screen, TypedWord)
        await typed(app, pilot, "no")
        assert isinstance(app.screen, TypedWord)
        await pressed(app, pilot, "escape")
        assert len(drafts.every(tmp_path)[0]) == 1
        await pressed(app, pilot, "D")
        await typed(app, pilot, "discard")
        assert drafts.every(tmp_path) == ([], [])


async def test_a_job_that_goes_on_is_not_forgotten(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.put()
    async with on_migrate(room) as (app, pilot):
        await pressed(app, pilot, "D")
        assert isinstance(app.screen, MigrateScreen)
        assert "has not ended" in status(app)


@pytest.mark.parametrize("left", [True, False])
async def test_what_is_frozen_is_red_on_every_screen(tmp_path: Path, left: bool) -> None:
    room = Room(tmp_path)
    room.frozen(left=left)
    async with shown(watched(room), size=(120, 30), **given(room)) as (app, pilot):
        await looked(app, pilot)
        for key in ("1", "2", "3", "4", "0"):
            await pressed(app, pilot, key)
            bar = live(app).query_one(FrozenBar)
            assert bar.styles.display == "block"
            words = bar.content.plain
            assert "Documents on prod-eu" in words
            assert words.startswith(" ✖ FROZEN 18 s: T thaws")
            assert ("nobody else thaws it" in words) is left
            assert live(app).check_action("thaw", ()) is not False


async def test_nothing_frozen_shows_no_bar_and_no_key(tmp_path: Path) -> None:
    room = full(tmp_path)
    async with on_migrate(room) as (app, _):
        assert live(app).query_one(FrozenBar).styles.display == "none"
        assert live(app).check_action("thaw", ()) is False


async def test_thawing_asks_a_worker_that_lives(tmp_path: Path) -> None:
    room = Room(tmp_path)
    job = room.frozen()
    async with on_migrate(room) as (app, pilot):
        await pressed(app, pilot, "T")
        assert isinstance(app.screen, TypedWord)
        await typed(app, pilot, "thaw")
        assert "asked" in status(app)
        with room.database.reading() as read:
            from elysiadash.jobs import control

            (wish,) = control.still_open(read, job.id)
        assert (wish.verb, wish.value) == ("say", {"word": "thaw"})


async def test_jobs_of_a_demo_are_apart_and_gone_at_the_end(tmp_path: Path) -> None:
    room = full(tmp_path)
    demo = DemoJobs(start=room.start, every_s=0.0, times=Times(room.clock))
    over = given(room)
    over["job_rooms"] = JobRooms(None, jobs=room.jobs(), demo=demo)
    async with shown(watched(room), demo=True, size=(140, 30), **over) as (app, pilot):
        await pressed(app, pilot, "3")
        assert live(app).table.status.total == 0  # type: ignore[attr-defined]
        assert "end with it" in str(live(app).query_one(EmptyNote).render())
        folder = app.jobs.folder
        assert folder is not None
        assert folder != tmp_path
        assert folder.exists()
        await pressed(app, pilot, "a")
        assert len(drafts.every(folder)[0]) == 1
    assert not folder.exists()


async def test_rows_are_read_at_most_once_a_second(tmp_path: Path) -> None:
    room = full(tmp_path)
    jobs = Jobs(tmp_path, start=room.start, times=Times(room.clock))
    first = await jobs.look()
    room.wish(
        next(each.job.id for each in first.jobs if each.job.state is JobState.QUEUED), "pause"
    )
    assert await jobs.look() is first
    room.clock.now += 1.0
    assert [each.job.state for each in (await jobs.look()).jobs].count(JobState.PAUSED) == 2
    jobs.close()


async def test_looks_that_overtake_each_other_lose_no_row(tmp_path: Path) -> None:
    room = full(tmp_path)
    jobs = room.jobs()
    found = await asyncio.gather(*(jobs.look(now=True) for _ in range(8)))
    assert {len(seen.jobs) for seen in found} == {5}
    jobs.close()
