"""Going through a recording: clocks set back, moments that are gone, broken parts."""

from __future__ import annotations

import math
import os
import random
import sqlite3
import zlib
from array import array
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elysiadash.cluster.events.event import Event
from elysiadash.cluster.recording.file import (
    DamagedRecording,
    MomentGone,
    NotARecording,
    UnreadablePart,
    open_to_write,
)
from elysiadash.cluster.recording.reader import Index, Reader
from elysiadash.cluster.recording.replay import Replay
from elysiadash.cluster.recording.retention import Retention
from elysiadash.cluster.recording.writer import Batch, Writer
from tests.unit.cluster.recording.moments import ABOUT, START, quiet, record


def index_of(times: list[float]) -> Index:
    many = len(times)
    return Index(array("q", range(many)), array("d", times), array("q", [0] * many))


@given(
    steps=st.lists(st.sampled_from([1.0, 5.0, 60.0, -7.0, -500.0]), min_size=1, max_size=50),
    when=st.floats(-1000, 1000),
)
def test_the_last_moment_not_after_a_time_also_with_a_clock_set_back(
    steps: list[float], when: float
) -> None:
    times, at = [], 0.0
    for step in steps:
        at += step
        times.append(at)
    found = index_of(times).at(when)
    not_after = [place for place, at in enumerate(times) if at <= when]
    assert found == (max(not_after) if not_after else 0)


def test_the_edges_are_those_of_time_not_of_writing() -> None:
    index = index_of([100.0, 200.0, 50.0, 60.0])
    assert (index.first, index.last) == (50.0, 200.0)


def test_a_clock_set_by_a_moment_makes_no_two_moments_one(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    times = [START, START + 5, START + 4.5, START + 4.5, START + 10]
    record(path, [quiet(1, at)[0] for at in times])
    with Reader(path) as reader:
        found = list(reader.index().times)
    assert found == sorted(set(found))
    assert len(found) == len(times)


def test_a_moment_that_was_forgotten_meanwhile_is_told_as_gone(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    record(path, quiet(3, step=1000.0))
    with Reader(path) as reader:
        index, cursor = reader.index(), reader.cursor()
        writer = Writer(path, ABOUT, Retention(max_age=1500))
        writer.sweep(START + 3000)
        writer.close()
        with pytest.raises(MomentGone, match="no longer in"):
            cursor.move(index.ids[0], index.keyframes[0])
        last = len(index) - 1
        assert cursor.move(index.ids[last], index.keyframes[last])


@pytest.mark.parametrize(
    "retention", [Retention(max_age=1500), Retention(max_bytes=1)], ids=["by age", "by size"]
)
@pytest.mark.parametrize("forward", [1, 40])
def test_what_was_forgotten_behind_a_moment_is_not_shown_as_that_moment(
    tmp_path: Path, retention: Retention, forward: int
) -> None:
    path = tmp_path / "r.sqlite"
    record(path, [*quiet(100), *quiet(1, START + 1000)])
    with Reader(path) as reader:
        index, cursor = reader.index(), reader.cursor()
        assert index.keyframes[10] == index.keyframes[10 + forward]
        shown = dict(cursor.move(index.ids[10], index.keyframes[10]))
        writer = Writer(path, ABOUT, retention)
        writer.sweep(START + 2500)
        writer.close()
        with pytest.raises(MomentGone, match="no longer in"):
            cursor.move(index.ids[10 + forward], index.keyframes[10 + forward])
        # What it holds already is still that moment.
        assert cursor.move(index.ids[10], index.keyframes[10]) == shown
        last = len(index) - 1
        assert cursor.move(index.ids[last], index.keyframes[last])


def test_a_broken_part_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    record(path, quiet(6))
    connection = sqlite3.connect(path)
    connection.execute("UPDATE frames SET body = x'00ff00' WHERE id = 4")
    connection.commit()
    connection.close()
    with Reader(path) as reader:
        index, cursor = reader.index(), reader.cursor()
        with pytest.raises(DamagedRecording, match="damaged"):
            cursor.move(index.ids[5], index.keyframes[5])
        assert cursor.move(index.ids[2], index.keyframes[2])


@given(
    ats=st.lists(st.integers(0, 20).map(float), max_size=20),
    since=st.none() | st.integers(0, 20).map(float),
    until=st.none() | st.integers(0, 20).map(float),
    limit=st.integers(1, 25),
)
def test_events_are_those_of_a_plain_model(
    tmp_path_factory: pytest.TempPathFactory,
    ats: list[float],
    since: float | None,
    until: float | None,
    limit: int,
) -> None:
    path = tmp_path_factory.mktemp("events") / "r.sqlite"
    events = [Event(at=at, kind="node.left", message=str(n)) for n, at in enumerate(ats)]
    writer = Writer(path, ABOUT, Retention())
    writer.write(Batch(events=tuple(events)))
    writer.close()
    expected = sorted(
        (
            event
            for event in events
            if (since is None or event.at >= since) and (until is None or event.at <= until)
        ),
        key=lambda event: (-event.at, -int(event.message)),
    )[:limit]
    with Reader(path) as reader:
        assert list(reader.events(since, until, limit)) == expected


def when_asked(reader: Reader, question: str, do: Callable[[], object]) -> None:
    """Do something once, right before the reader asks its file this."""
    waiting = [do]

    def asked(statement: str) -> None:
        if statement.startswith(question) and waiting:
            waiting.pop()()

    reader._connection.set_trace_callback(asked)


def samples_of(reader: Reader) -> list[float]:
    found = reader.samples("queries_per_s", "Docs", START, START + 9000)
    return [sample.value for sample in found]


def points_of(reader: Reader) -> list[float | None]:
    frames = reader.frames_of_points(START, START + 9000)
    return [frame["queries_per_s"]["Docs"] for _, frame in frames]


@pytest.mark.parametrize("ask", [samples_of, points_of])
def test_a_chart_is_whole_while_the_recorder_rolls_rows_into_blocks(
    tmp_path: Path, ask: Callable[[Reader], list[float]]
) -> None:
    path = tmp_path / "r.sqlite"
    writer = Writer(path, ABOUT, Retention())

    def put(number: int) -> None:
        frame = {"queries_per_s": {"Docs": float(number)}}
        writer.write(Batch(points=((START + 15.0 * number, frame),)))

    for number in range(60):
        put(number)
    with Reader(path) as reader:
        # One more makes blocks of all before it.
        when_asked(reader, "SELECT at, body FROM samples", lambda: put(60))
        assert ask(reader) == list(map(float, range(60)))
        assert ask(reader) == list(map(float, range(61)))
    writer.close()


def test_contents_are_of_one_moment_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    writer = Writer(path, ABOUT, Retention())
    event = Event(at=START, kind="node.left", message="n2 left")
    first, second = quiet(2)
    writer.write(Batch(moment=first, events=(event,)))
    with Reader(path) as reader:
        more = Batch(moment=second, events=(event,))
        when_asked(reader, "SELECT count(*) FROM frames", lambda: writer.write(more))
        contents = reader.contents()
        assert (contents.last, contents.moments, contents.events) == (START, 1, 1)
        contents = reader.contents()
        assert (contents.last, contents.moments, contents.events) == (START + 5, 2, 2)
    writer.close()


_UNREADABLE = {
    "no zlib": b"\x00\xff\x00",
    "no bytes": "a text",
    "no msgpack": zlib.compress(b"\xc1\xc1"),
    "another shape": zlib.compress(msgspec.msgpack.encode([1, 2, 3])),
    "half a number": zlib.compress(msgspec.msgpack.encode([b"12345", {"Docs": b"123"}])),
}


@pytest.mark.parametrize("body", _UNREADABLE.values(), ids=_UNREADABLE)
@pytest.mark.parametrize("table", ["blocks", "samples", "events", "blobs", "frames"])
def test_a_damaged_body_is_told_as_damage_whoever_reads_it(
    tmp_path: Path, table: str, body: object
) -> None:
    path = recording_with_everything(tmp_path / "r.sqlite")
    overwrite(path, table, body)
    # Nothing else that a chart could be made of.
    other = {"blocks": "samples", "samples": "blocks"}.get(table)
    if other:
        changed(path, f"DELETE FROM {other}")  # noqa: S608
    with Reader(path) as reader:
        index = reader.index()
        asks: dict[str, list[Callable[[], object]]] = {
            "blocks": [lambda: samples_of(reader), lambda: points_of(reader)],
            "samples": [lambda: samples_of(reader), lambda: points_of(reader)],
            "events": [lambda: reader.events(None, None, 10)],
            "blobs": [lambda: reader.cursor().move(index.ids[0], index.keyframes[0])],
            "frames": [lambda: reader.cursor().move(index.ids[2], index.keyframes[2])],
        }
        for ask in asks[table]:
            with pytest.raises(UnreadablePart, match=r"r\.sqlite is damaged"):
                ask()


@pytest.mark.parametrize("body", _UNREADABLE.values(), ids=_UNREADABLE)
@pytest.mark.parametrize("table", ["blocks", "samples"])
@pytest.mark.parametrize("ask", [samples_of, points_of])
def test_a_damaged_row_costs_no_other_point(
    tmp_path: Path, table: str, body: object, ask: Callable[[Reader], list[float]]
) -> None:
    path = recording_with_everything(tmp_path / "r.sqlite")
    overwrite(path, table, body, 1 if table == "blocks" else 5)
    with Reader(path) as reader:
        found = ask(reader)
        lost = range(20) if table == "blocks" else [64]
        assert found == [float(number) for number in range(70) if number not in lost]
        assert (reader.unread or "").startswith("1 of 13 parts of this chart cannot be read: ")
        assert reader.events(None, None, 10)
        assert reader.unread is None, "that of another question"


@pytest.mark.parametrize("body", _UNREADABLE.values(), ids=_UNREADABLE)
def test_a_damaged_event_costs_no_other(tmp_path: Path, body: object) -> None:
    path = recording_with_everything(tmp_path / "r.sqlite")
    overwrite(path, "events", body, 3)
    with Reader(path) as reader:
        assert [event.message for event in reader.events(None, None, 10)] == ["3", "1", "0"]
        assert (reader.unread or "").startswith("1 of 4 events of that time cannot be read: ")
        assert [event.message for event in reader.events(None, None, 2)] == ["3", "1"]
        assert [event.message for event in reader.events(None, None, 1)] == ["3"]
        assert reader.unread is None, "nobody asked for it"


def test_an_event_of_a_later_release_costs_no_other(tmp_path: Path) -> None:
    path = recording_with_everything(tmp_path / "r.sqlite")
    later = {"at": START, "kind": "node.left", "message": "x", "severity": "fatal"}
    overwrite(path, "events", msgspec.msgpack.encode(later), 1)
    with Reader(path) as reader:
        assert len(reader.events(None, None, 10)) == 3
        assert "fatal" in (reader.unread or "")


def test_a_block_of_uneven_series_is_none(tmp_path: Path) -> None:
    path = recording_with_everything(tmp_path / "r.sqlite")
    times = array("d", [START, math.inf, START + 9]).tobytes()
    for content in ([times[:8], {"Docs": b"1234" * 3}], [times, {"Docs": b"1234" * 3}], [b"", {}]):
        overwrite(path, "blocks", zlib.compress(msgspec.msgpack.encode(content)))
        with Reader(path) as reader:
            assert len(points_of(reader)) == 10
            assert "3 of 13" in (reader.unread or "")


def test_a_damaged_page_and_a_missing_table_are_told(tmp_path: Path) -> None:
    path = recording_with_everything(tmp_path / "r.sqlite")
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE events")
    connection.commit()
    connection.close()
    with Reader(path) as reader, pytest.raises(NotARecording, match="cannot be read now"):
        reader.events(None, None, 10)
    content = path.read_bytes()
    path.write_bytes(content[:8192] + os.urandom(len(content) - 8192))
    with pytest.raises(NotARecording), Reader(path) as reader:
        list(reader.frames_of_points(START, START + 9000))


def changed(path: Path, statement: str, *values: object) -> int:
    connection = sqlite3.connect(path)
    count = connection.execute(statement, values).rowcount
    connection.commit()
    connection.close()
    return count


def overwrite(path: Path, table: str, body: object, number: int | None = None) -> None:
    """Put something else into one row, or into all of them."""
    where = "id = ? OR ? IS NULL"
    assert changed(path, f"UPDATE {table} SET body = ? WHERE {where}", body, number, number)  # noqa: S608


def recording_with_everything(path: Path) -> Path:
    writer = Writer(path, ABOUT, Retention())
    points = [(START + 60.0 * n, {"queries_per_s": {"Docs": float(n)}}) for n in range(70)]
    for number, moment in enumerate(quiet(4)):
        some = tuple(points[20 * number : 20 * (number + 1)])
        event = Event(at=START, kind="node.left", message=str(number))
        writer.write(Batch(moment=moment, points=some, events=(event,)))
    writer.close()
    return path


def test_a_text_that_fell_over_costs_its_own_characters(tmp_path: Path) -> None:
    path = recording_with_everything(tmp_path / "r.sqlite")
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO about VALUES ('colour', CAST(x'72f964' AS TEXT))")
    connection.commit()
    connection.close()
    with Reader(path) as reader:
        assert reader.contents().about["colour"] == "r\ufffdd"


@pytest.mark.parametrize("seed", range(40))
def test_whatever_fell_over_is_told_as_damage_or_read(tmp_path: Path, seed: int) -> None:
    path = recording_with_everything(tmp_path / "r.sqlite")
    content, chance = bytearray(path.read_bytes()), random.Random(seed)
    for _ in range(chance.choice([1, 30, 1000])):
        content[chance.randrange(len(content))] = chance.randrange(256)
    path.write_bytes(content)
    with suppress(NotARecording):
        replay = Replay.open(path)
        replay.begin_at(START)
    with suppress(NotARecording, sqlite3.DatabaseError):
        open_to_write(path).close()
