"""What jobs and other terminals write reaches the events, once, and leads to the job."""

from __future__ import annotations

from pathlib import Path

import msgspec

from elysiadash.tui.app import ElysiadashApp
from elysiadash.tui.screens.audit import AuditScreen
from elysiadash.tui.screens.events import EventsScreen
from elysiadash.tui.screens.migrate.job import JobScreen
from elysiadash.tui.widgets.empty_note import EmptyNote
from tests.tui.jobs_given import Room, given, watched
from tests.tui.reading import header, live, rows, shown, status
from tests.tui.test_migrate_jobs import looked, pressed
from tests.written import GONE, Written


def typed(line: str) -> list[str]:
    names = {" ": "space", "-": "minus"}
    return ["colon", *(names.get(sign, sign) for sign in line), "enter"]


async def events_shown(app: ElysiadashApp) -> list[str]:
    await app.see_writes()
    return [event.message for event in await app.watched.past_events()]


async def test_what_a_worker_writes_is_listed_while_it_writes(tmp_path: Path) -> None:
    room = Room(tmp_path)
    job = room.running()
    written = Written(tmp_path, room.clock.now - 60)
    written.range(job.id, 1)
    Written(tmp_path, room.clock.now, profile="other").request("/v1/schema/X")
    async with shown(watched(room), size=(180, 30), **given(room)) as (app, pilot):
        await pressed(app, pilot, "0")
        screen = app.screen
        assert isinstance(screen, EventsScreen)
        await app.see_writes()
        await looked(app, pilot)
        assert len(rows(screen.table)) == 2
        assert "50,000 objects of Documents written" in rows(screen.table)[1]
        key = screen.table.cursor.key
        written.range(job.id, 2)
        await app.see_writes()
        await looked(app, pilot)
        assert len(rows(screen.table)) == 2
        assert "100,000 objects" in rows(screen.table)[1]
        assert screen.table.cursor.key == key
        await pressed(app, pilot, "enter")
        assert isinstance(app.screen, JobScreen)
        assert app.screen.crumb() == job.id


async def test_a_job_that_is_gone_is_said(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.running()
    Written(tmp_path, room.clock.now - 60).range("m-gone", 1)
    async with shown(watched(room), size=(180, 30), **given(room)) as (app, pilot):
        await app.see_writes()
        await pressed(app, pilot, "0", "enter")
        assert isinstance(app.screen, EventsScreen)
        assert "m-gone" in status(app)


async def test_it_is_told_once_however_often_it_is_read(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.database  # noqa: B018 - makes the folder's file
    written = Written(tmp_path, room.clock.now - 3600)
    written.range("m-1", 1)
    watch = watched(room)
    async with shown(watch, **given(room)) as (app, _):
        assert len(await events_shown(app)) == 1
        # A session that begins anew over the same past, as after another cluster was shown.
        app._writes = None
        assert len(await events_shown(app)) == 1
        written.now = room.clock.now
        written.request("/v1/schema/X", "refused", verb="DELETE")
        assert len(await events_shown(app)) == 2
        before = watch.events.seq
        room.clock.now += 1000
        assert len(await events_shown(app)) == 2
        assert watch.events.seq == before + 1
        (event, *_) = watch.events.newest()
        assert (event.kind, event.severity) == ("write.refused", "warning")


async def test_a_recorded_write_is_not_told_again(tmp_path: Path) -> None:
    room = Room(tmp_path)
    Written(tmp_path, room.clock.now - 3600).range("m-1", 1)
    watch = watched(room)
    async with shown(watch, **given(room)) as (app, _):
        await app.see_writes()
        recorded = watch.events.newest()
    again = watched(room)
    again.events.add(*(msgspec.structs.replace(event) for event in recorded))
    async with shown(again, **given(room)) as (app, _):
        assert len(await events_shown(app)) == 1
        assert again.events.seq == 1


async def test_a_log_that_cannot_be_read_ends_nothing(tmp_path: Path) -> None:
    room = Room(tmp_path)
    (tmp_path / "audit.jsonl").mkdir()
    async with shown(watched(room), **given(room)) as (app, _):
        assert await events_shown(app) == []
        assert app.fault is None


async def test_the_header_counts_what_runs_here_on_every_screen(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.running()
    async with shown(watched(room), size=(180, 30), **given(room)) as (app, pilot):
        for key in ("1", "2", "3", "0"):
            await pressed(app, pilot, key)
            await app.see_frozen(now=True)
            live(app).tick()
            assert "1 job running" in header(app), key


async def test_without_jobs_nothing_is_said_and_no_file_is_made(tmp_path: Path) -> None:
    room = Room(tmp_path / "new")
    async with shown(watched(room), size=(180, 30), **given(room)) as (app, _):
        await app.see_frozen(now=True)
        assert "job" not in header(app)
        assert list((tmp_path / "new").iterdir()) == []


async def test_a_jobs_key_shows_its_lines_and_no_others(tmp_path: Path) -> None:
    room = Room(tmp_path)
    job = room.running()
    written = Written(tmp_path, room.clock.now - 60)
    written.range(job.id, 1)
    written.range("m-other", 2)
    written.deleted(job.id)
    written.request("/v1/schema/Documents", "refused", verb="DELETE", job=job.id, phase="DELTA")
    async with shown(watched(room), size=(200, 30), **given(room)) as (app, pilot):
        await pressed(app, pilot, *typed(f"job {job.id}"), "L")
        screen = app.screen
        assert isinstance(screen, AuditScreen)
        lines = rows(screen.table)[1:]
        assert len(lines) == 5
        assert "▲ refused" in lines[0]
        assert "2 objects, ids 00000000" in lines[1]
        assert "range 1, 10 requests, 50,000 objects" in lines[3]
        assert "m-other" not in "".join(lines)
        # All ids are in what can be copied and exported.
        assert screen.as_data(screen.table.row(screen.table.model.shown[1]))["ids"] == list(GONE)
        written.range(job.id, 3)
        await looked(app, pilot)
        assert len(rows(screen.table)) == 8
        await pressed(app, pilot, "exclamation_mark")
        assert screen.table.status.shown == 1
        await pressed(app, pilot, "escape", "q")
        assert isinstance(app.screen, JobScreen)


async def test_the_audit_of_a_cluster_is_a_command(tmp_path: Path) -> None:
    room = Room(tmp_path)
    async with shown(watched(room), size=(200, 30), **given(room)) as (app, pilot):
        await pressed(app, pilot, *typed("audit"))
        screen = app.screen
        assert isinstance(screen, AuditScreen)
        note = screen.query_one(EmptyNote)
        assert note.display
        assert "Nothing was written to this cluster" in str(note.render())
        written = Written(tmp_path, room.clock.now)
        # Two that say the same in one millisecond are two.
        written.request("/v1/schema/X", "refused", "refused")
        Written(tmp_path, room.clock.now, profile="other").request("/v1/schema/Y")
        await looked(app, pilot)
        assert screen.table.status.total == 2
        (tmp_path / "audit.jsonl").unlink()
        await looked(app, pilot)
        assert screen.table.status.total == 0
