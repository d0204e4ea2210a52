"""The recorder beside a watch: it records, waits, goes on after trouble, and never disturbs."""

from __future__ import annotations

import asyncio
import os
import re
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from elysiadash.cluster.events.event import Event
from elysiadash.cluster.recording import recorder as recorder_module
from elysiadash.cluster.recording.file import DamagedRecording, UnreadablePart
from elysiadash.cluster.recording.lock import RecorderLock
from elysiadash.cluster.recording.moment import Moment
from elysiadash.cluster.recording.pending import Pending
from elysiadash.cluster.recording.reader import Reader
from elysiadash.cluster.recording.recorder import Recorder
from elysiadash.cluster.recording.writer import Writer
from elysiadash.config.profile import Profile
from elysiadash.config.secret import Secret
from elysiadash.config.tuning import Intervals
from tests.unit.cluster.recording.moments import START, quiet
from tests.unit.cluster.recording.test_lock import first_line, holding

PROFILE = Profile(
    name="prod", url="http://weaviate.example:8080", intervals=Intervals(fast=1.0), environment="p"
)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_module, "_ANOTHER_TRY_S", 0.05)
    monkeypatch.setattr(recorder_module, "_SLOWEST_S", 0.05)
    monkeypatch.setattr(recorder_module, "_FIRST_ANSWERS_S", 0.01)


class Present:
    """Moments one after the other."""

    def __init__(self) -> None:
        self.taken = 0

    async def __call__(self) -> Moment | None:
        (moment,) = quiet(1, START + 5.0 * self.taken)
        self.taken += 1
        return moment


@asynccontextmanager
async def running(recorder: Recorder, present: Any = None) -> AsyncIterator[Recorder]:
    # The profile cannot ask for less than a second; a test need not wait for it.
    recorder._profile = msgspec.structs.replace(
        recorder._profile, intervals=msgspec.structs.replace(PROFILE.intervals, fast=0.01)
    )
    task = asyncio.create_task(recorder.run(present or Present()))
    try:
        yield recorder
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - it can be anything
            await asyncio.sleep(0.01)


def event(number: int) -> Event:
    return Event(at=START + number, kind="node.left", message=str(number))


async def test_moments_points_and_events_are_written_and_told(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, PROFILE)
    async with running(recorder):
        await until(lambda: recorder.state.moments >= 3)
        assert recorder.state.here
        assert recorder.state.pid == os.getpid()
        assert recorder.state.words == "recording"
        assert recorder.state.oldest == START
        assert recorder.state.bytes
        recorder.keep_points(START, {"objects": {"A": 1.0}})
        recorder.keep_events([event(1)])
    assert not recorder.state.here
    assert recorder.path is not None
    with Reader(recorder.path) as reader:
        assert reader.contents().moments >= 3
        assert [one.value for one in reader.samples("objects", "A", 0, START)] == [1.0]
        assert reader.events(None, None, 9) == (event(1),)
    assert RecorderLock(recorder.path).take(0.0), "the lock was not given back"


async def test_nothing_is_recorded_before_something_was_seen(tmp_path: Path) -> None:
    asked = []

    async def nothing() -> None:
        asked.append(1)

    recorder = Recorder(tmp_path, PROFILE)
    async with running(recorder, nothing):
        await until(lambda: len(asked) > 3)
    assert recorder.state.moments == 0


async def test_another_process_records_until_it_is_killed(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, PROFILE)
    assert recorder.path is not None
    with holding(recorder.path, "lock") as other:
        assert first_line(other) == "held"
        async with running(recorder):
            await until(lambda: recorder.state.elsewhere)
            assert recorder.state.words == f"recorded by process {other.pid}"
            recorder.keep_events([event(1)])
            await asyncio.sleep(0.2)
            assert not recorder._pending, "what the other has is kept twice"
            assert recorder.state.moments == 0
            other.kill()
            await until(lambda: recorder.state.moments)
            assert recorder.state.here


async def test_a_full_disk_is_told_and_nothing_is_lost_when_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder(tmp_path, PROFILE)
    async with running(recorder):
        await until(lambda: recorder.state.moments)
        with monkeypatch.context() as full:
            full.setattr(Writer, "write", _disk_full)
            recorder.keep_events([event(1)])
            await until(lambda: recorder.state.problem)
            assert recorder.state.words == (
                f"not recorded: the disk is full ({recorder.path}): free some space there,"
                " recording goes on by itself"
            )
            recorder.keep_events([event(2)])
            await asyncio.sleep(0.1)
        await until(lambda: recorder.state.problem is None)
        before = recorder.state.moments
        await until(lambda: recorder.state.moments > before + 1)
    assert recorder.path is not None
    with Reader(recorder.path) as reader:
        assert reader.events(None, None, 9) == (event(2), event(1))


def _disk_full(*_: object) -> int:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorname = "SQLITE_FULL"
    raise error


async def test_a_disk_that_is_full_in_the_end_does_not_promise_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder(tmp_path, PROFILE)
    async with running(recorder):
        await until(lambda: recorder.state.moments)
        monkeypatch.setattr(Writer, "write", _disk_full)
        recorder.keep_events([event(1)])
        await until(lambda: recorder.state.problem)
        assert (recorder.state.problem or "").endswith("recording goes on by itself")
    assert (recorder.state.problem or "").endswith("free some space there, then record again")


async def test_what_was_written_is_not_written_again_when_the_sweep_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept: list[int] = []

    def sweep(writer: Writer, now: float) -> None:
        swept.append(1)
        if len(swept) == 1:
            _disk_full()

    monkeypatch.setattr(Writer, "sweep", sweep)
    monkeypatch.setattr(recorder_module, "_SWEEP_EVERY_S", 0.3)
    recorder = Recorder(tmp_path, PROFILE)
    recorder.keep_events([event(1)])
    recorder.keep_points(START, {"objects": {"A": 1.0}})
    async with running(recorder):
        await until(lambda: recorder.state.note)
        assert "full" in (recorder.state.note or "")
        before = recorder.state.moments
        await until(lambda: recorder.state.moments > before + 1)
        assert recorder.state.problem is None, "it is recorded"
        await until(lambda: recorder.state.note is None)
        assert len(swept) > 1
    assert recorder.path is not None
    with Reader(recorder.path) as reader:
        assert reader.events(None, None, 9) == (event(1),)
        assert len(reader.samples("objects", "A", 0, START)) == 1
        index = reader.index()
        assert len(set(index.times)) == len(index), "a moment was written twice"


async def test_damage_that_the_sweep_finds_puts_the_file_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept: list[int] = []

    def sweep(writer: Writer, now: float) -> None:
        swept.append(1)
        if len(swept) > 1:
            return
        error = sqlite3.DatabaseError("database disk image is malformed")
        error.sqlite_errorname = "SQLITE_CORRUPT"
        raise error

    monkeypatch.setattr(Writer, "sweep", sweep)
    recorder = Recorder(tmp_path, PROFILE)
    async with running(recorder):
        await until(lambda: recorder.state.note)
        assert "damaged" in (recorder.state.note or "")
        before = recorder.state.moments
        await until(lambda: recorder.state.moments > before)
    assert recorder.path is not None
    assert len(list(recorder.path.parent.glob("*.damaged-*.sqlite"))) == 1


async def test_a_real_full_file_system_is_borne(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, PROFILE, path=Path("/dev/full/r.sqlite"))
    async with running(recorder):
        await until(lambda: recorder.state.problem)
        assert "/dev/full" in recorder.state.words


@pytest.mark.parametrize("how", ["garbled", "truncated", "text", "foreign"])
async def test_a_broken_file_is_put_aside_and_recording_goes_on(tmp_path: Path, how: str) -> None:
    first = Recorder(tmp_path, PROFILE)
    async with running(first):
        await until(lambda: first.state.moments > 40)
    path = first.path
    assert path is not None
    _break(path, how)
    second = Recorder(tmp_path, PROFILE)
    async with running(second):
        await until(lambda: second.state.moments > 1)
        assert second.state.problem is None
        assert "damaged" in (second.state.note or "")
    assert len(list(path.parent.glob("*.damaged-*.sqlite"))) == 1
    with Reader(path) as reader:
        assert reader.contents().moments > 1


async def test_damage_that_a_reader_found_puts_the_file_aside(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, PROFILE)
    async with running(recorder):
        await until(lambda: recorder.state.moments > 2)
        path = recorder.path
        assert path is not None
        before = recorder.state.moments
        recorder.found_damage(DamagedRecording(f"{path} is damaged: a page"))
        await until(lambda: recorder.state.note and recorder.state.moments > before + 2)
        assert recorder.state.problem is None
        assert "damaged" in (recorder.state.note or "")
    assert len(list(path.parent.glob("*.damaged-*.sqlite"))) == 1
    with Reader(path) as reader:
        assert reader.contents().moments > 1


async def test_a_part_that_a_reader_could_not_read_puts_nothing_aside(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, PROFILE)
    async with running(recorder):
        await until(lambda: recorder.state.moments > 2)
        before = recorder.state.moments
        recorder.found_damage(UnreadablePart("r.sqlite is damaged: a row"))
        await until(lambda: recorder.state.moments > before + 2)
        assert recorder.state.note is None
    assert recorder.path is not None
    assert not list(recorder.path.parent.glob("*.damaged-*.sqlite"))


async def test_points_that_cannot_be_rolled_up_are_left_out_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("elysiadash.cluster.recording.writer._TAIL_ROWS", 4)
    recorder = Recorder(tmp_path, PROFILE, lambda: START)
    async with running(recorder):
        recorder.keep_points(START, {"queries_per_s": {"Docs": -1.0}})
        await until(lambda: recorder.state.moments > 2)
        assert recorder.path is not None
        connection = sqlite3.connect(recorder.path)
        connection.execute("UPDATE samples SET body = x'00'")
        connection.commit()
        connection.close()
        for number in range(1, 1000):
            recorder.keep_points(START + number, {"queries_per_s": {"Docs": float(number)}})
            await asyncio.sleep(0.01)
            if recorder.state.note:
                break
        assert re.search("1 of [0-9]+ moments of points cannot", recorder.state.note or "")
        assert recorder.state.problem is None
    assert not list(recorder.path.parent.glob("*.damaged-*.sqlite"))
    with Reader(recorder.path) as reader:
        found = reader.samples("queries_per_s", "Docs", START, START + 2000)
    assert [sample.value for sample in found] == [float(n) for n in range(1, number + 1)]


def _break(path: Path, how: str) -> None:
    content = path.read_bytes()
    if how == "garbled":
        path.write_bytes(content[:4096] + os.urandom(len(content) - 4096))
    elif how == "truncated":
        path.write_bytes(content[: len(content) // 2 + 77])
    elif how == "text":
        path.write_text("not a database at all\n" * 1000)
    else:
        path.unlink()
        other = sqlite3.connect(path)
        other.execute("CREATE TABLE things (name TEXT)")
        other.close()


async def test_a_newer_file_is_left_alone(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, PROFILE)
    async with running(recorder):
        await until(lambda: recorder.state.moments)
    assert recorder.path is not None
    connection = sqlite3.connect(recorder.path)
    connection.execute("PRAGMA user_version=9")
    connection.close()
    before = recorder.path.read_bytes()
    async with running(recorder):
        await until(lambda: recorder.state.problem)
        assert "later release" in recorder.state.words
        await asyncio.sleep(0.2)
    assert recorder.path.read_bytes() == before


async def test_a_removed_file_or_folder_is_begun_anew(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, PROFILE)
    async with running(recorder):
        await until(lambda: recorder.state.moments)
        path = recorder.path
        assert path is not None
        for each in path.parent.iterdir():
            each.unlink()
        path.parent.rmdir()
        before = recorder.state.moments
        await until(lambda: recorder.state.moments > before + 2)
        assert path.exists()
        with Reader(path) as reader:
            assert reader.contents().moments >= 1
        assert not RecorderLock(path).take(0.0), "the lock was lost with its file"


async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "recordings").write_text("in the way")
    recorder = Recorder(tmp_path, PROFILE)
    async with running(recorder):
        await until(lambda: recorder.state.problem)
        assert str(tmp_path) in recorder.state.words
        (tmp_path / "recordings").unlink()
        await until(lambda: recorder.state.moments)
        assert recorder.state.problem is None


async def test_a_fault_in_looking_is_told_and_tried_again(tmp_path: Path) -> None:
    present, faults = Present(), iter([True, True])

    async def take() -> Moment | None:
        if next(faults, False):
            raise KeyError("ours")
        return await present()

    recorder = Recorder(tmp_path, PROFILE)
    async with running(recorder, take):
        await until(lambda: recorder.state.problem)
        assert "our own fault" in (recorder.state.problem or "")
        await until(lambda: recorder.state.moments)
        assert recorder.state.problem is None


async def test_without_a_folder_the_recording_is_gone_at_the_end() -> None:
    recorder = Recorder(None, PROFILE)
    async with running(recorder):
        await until(lambda: recorder.state.moments)
        path = recorder.path
        assert path is not None
        assert path.exists()
    assert not path.parent.parent.exists()


async def test_no_secret_is_in_it(tmp_path: Path) -> None:
    profile = msgspec.structs.replace(
        PROFILE, auth=Secret("clear", "s3cr3t-key"), headers={"X-Key": Secret("clear", "s3cr3t-2")}
    )
    recorder = Recorder(tmp_path, profile, demo=True)
    async with running(recorder):
        await until(lambda: recorder.state.moments)
    assert recorder.path is not None
    with Reader(recorder.path) as reader:
        about = reader.contents().about
        assert about["demo"] == "yes"
        assert "s3cr3t" not in repr(about)
    assert b"s3cr3t" not in recorder.path.read_bytes()


def test_pending_is_bounded_and_keeps_the_order() -> None:
    pending = Pending()
    for number in range(500):
        pending.add_points(float(number), {"objects": {"A": 1.0}})
    pending.add_events(event(number) for number in range(3000))
    points, events = pending.take()
    assert [at for at, _ in points] == [float(number) for number in range(260, 500)]
    assert len(events) == 1000
    assert not pending
    wide = {"objects": {f"C{number}": 1.0 for number in range(5000)}}
    for number in range(240):
        pending.add_points(float(number), wide)
    assert len(pending.take()[0]) == 80
    pending.add_points(9.0, {})
    pending.add_events([event(9)])
    pending.give_back([(8.0, {})], [event(8)])
    points, events = pending.take()
    assert [at for at, _ in points] == [8.0, 9.0]
    assert events == (event(8), event(9))
