"""The watch goes on, whatever is on the disk."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from pathlib import Path

import pytest

from elysiadash.cluster.connect import connect
from elysiadash.cluster.events.event import Event
from elysiadash.cluster.past import Past
from elysiadash.cluster.recording.retention import Retention
from elysiadash.cluster.recording.writer import Batch, Writer
from elysiadash.cluster.watch import Watch
from elysiadash.config.profile import Profile
from tests.unit.cluster.recording.test_recorder import until

PROFILE = Profile(name="away", url="http://127.0.0.1:1")


async def test_an_unreadable_row_costs_neither_the_watch_nor_the_rest(tmp_path: Path) -> None:
    watch = connect(PROFILE, state_dir=tmp_path, records=True)
    assert watch.recorder is not None
    path = watch.recorder.path
    assert path is not None
    now = time.time()
    writer = Writer(path, {}, Retention())
    for number in range(4):
        frame = {"queries_per_s": {"Docs": 1.0}}
        event = Event(at=now - 60 + number, kind="node.left", message=str(number))
        writer.write(Batch(points=((now - 60 + number, frame),), events=(event,)))
    writer.close()
    connection = sqlite3.connect(path)
    for table in ("samples", "events"):
        connection.execute(f"UPDATE {table} SET body = x'00' WHERE id = 2")  # noqa: S608
    connection.commit()
    connection.close()
    running = asyncio.create_task(watch.run())
    await until(lambda: len(watch.history) >= 3)
    found = await watch.past_events(now - 60, now - 50, 10)
    assert [event.message for event in found] == ["3", "2", "0"]
    await until(lambda: watch.recording is not None and watch.recording.moments)
    assert watch.recording is not None
    assert watch.recording.note is None
    assert not running.done()
    assert not list(path.parent.glob("*.damaged-*.sqlite"))
    await ended(running, watch)


async def test_a_damaged_recording_is_put_aside_and_the_watch_goes_on(tmp_path: Path) -> None:
    watch = connect(PROFILE, state_dir=tmp_path, records=True)
    assert watch.recorder is not None
    path = watch.recorder.path
    assert path is not None
    writer = Writer(path, {}, Retention())
    frame = {"queries_per_s": {"Docs": 1.0}}
    writer.write(Batch(points=((time.time() - 60, frame),)))
    writer.close()
    path.write_bytes(path.read_bytes()[:4096] + b"\x07" * 40_000)
    running = asyncio.create_task(watch.run())
    await until(lambda: watch.recording is not None and watch.recording.note)
    assert not running.done()
    assert len(list(path.parent.glob("*.damaged-*.sqlite"))) == 1
    await ended(running, watch)


async def test_a_seed_that_fails_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = asyncio.Event()

    async def broken(_: Past) -> None:
        tried.set()
        raise MemoryError("a row of four gigabytes")

    monkeypatch.setattr(Past, "seed", broken)
    watch = connect(PROFILE, state_dir=tmp_path)
    running = asyncio.create_task(watch.run())
    await tried.wait()
    await asyncio.sleep(0.1)
    assert not running.done()
    await ended(running, watch)


async def ended(running: asyncio.Task[None], watch: Watch) -> None:
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await watch.aclose()
