"""The past of a cluster, put together from who knows it."""

from __future__ import annotations

import math
import sqlite3
import zlib
from array import array
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elysiadash.cluster.events.event import Event
from elysiadash.cluster.events.log import EventLog
from elysiadash.cluster.history import History, Points
from elysiadash.cluster.past import Past, merged
from elysiadash.cluster.recording.file import DamagedRecording
from elysiadash.cluster.recording.points import (
    Frame,
    Matrix,
    block_matrix,
    block_samples,
    joined,
)
from elysiadash.cluster.recording.reader import Reader
from elysiadash.cluster.recording.retention import Retention
from elysiadash.cluster.recording.writer import Batch, Writer
from elysiadash.cluster.series import Sample, Series, in_steps, means

NOW = 1_790_000_000.0


class Prometheus:
    """Gives what it is told to."""

    def __init__(self, value: float | None, problem: str | None = None) -> None:
        self.value = value
        self.problem = problem
        self.asked: list[tuple[str, str, float, float, int]] = []

    async def range(
        self, metric: str, collection: str, start: float, end: float, steps: int
    ) -> Series:
        self.asked.append((metric, collection, start, end, steps))
        values = (self.value,) * steps
        return Series(
            start=start, end=end, values=values, source="Prometheus", problem=self.problem
        )


def frame(value: float) -> Frame:
    return {"queries_per_s": {"Docs": value}}


def record(path: Path, points: list[tuple[float, float]], events: tuple[Event, ...] = ()) -> None:
    writer = Writer(path, {}, Retention())
    writer.write(Batch(points=tuple((at, frame(value)) for at, value in points), events=events))
    writer.close()


def past(path: Path | None = None, prometheus: Prometheus | None = None) -> Past:
    return Past(History(720), EventLog(), lambda: path, lambda: NOW, prometheus)


async def values(one: Past, seconds: float = 100.0, steps: int = 10) -> tuple[float | None, ...]:
    return (await one.series("queries_per_s", "Docs", seconds, steps)).values


async def test_prometheus_goes_first() -> None:
    prometheus = Prometheus(5.0, "half of it is missing")
    one = past(None, prometheus)
    one._history.append(NOW - 5, frame(1.0))
    found = await one.series("queries_per_s", "Docs", 100, 10)
    assert found.values == (5.0,) * 10
    assert (found.source, found.problem) == ("Prometheus", "half of it is missing")
    assert prometheus.asked == [("queries_per_s", "Docs", NOW - 100, NOW, 10)]


async def test_where_prometheus_has_nothing_ours_is_shown_and_its_reason_told() -> None:
    one = past(None, Prometheus(None, "Prometheus has no series of Docs"))
    one._history.append(NOW - 5, frame(1.0))
    found = await one.series("queries_per_s", "Docs", 100, 10)
    assert found.known == (1.0,)
    assert found.source == "this session"
    assert found.problem == "Prometheus has no series of Docs"


async def test_the_recording_lies_before_this_session(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    # The recorder has written this session's points too.
    record(path, [(NOW - 95 + 10 * n, float(n)) for n in range(10)])
    one = past(path)
    for n in range(7, 10):
        one._history.append(NOW - 95 + 10 * n, frame(100.0 + n))
    found = await one.series("queries_per_s", "Docs", 100, 10)
    assert found.values == (0, 1, 2, 3, 4, 5, 6, 107, 108, 109)
    assert found.source == "recording"


async def test_without_a_recording_or_with_a_broken_one_there_is_this_session(
    tmp_path: Path,
) -> None:
    broken = tmp_path / "broken.sqlite"
    broken.write_text("nothing of ours " * 500)
    for path in (None, tmp_path / "none.sqlite", broken):
        one = past(path)
        one._history.append(NOW - 5, frame(1.0))
        found = await one.series("queries_per_s", "Docs", 100, 10)
        assert found.known == (1.0,)
        assert found.source == "this session"
        assert await one.events() == ()
        await one.seed()


async def test_a_gap_stays_a_gap_and_thinned_points_do_not_make_one(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    record(path, [(NOW - 900 + 60 * n, 1.0) for n in range(10) if n not in (4, 5, 6)])
    found = await values(past(path), 900, 60)
    # 60 s apart in steps of 15 s; nothing for 240 s.
    assert found[4:12] == (1.0,) * 8
    assert found[14:26] == (None,) * 12
    assert found[-20:] == (None,) * 20


def damage(path: Path, table: str) -> None:
    connection = sqlite3.connect(path)
    assert connection.execute(f"UPDATE {table} SET body = x'00ff'").rowcount  # noqa: S608
    connection.commit()
    connection.close()


async def test_a_damaged_row_is_told_in_words_and_this_session_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    event = Event(at=NOW - 50, kind="node.left", message="n2 left")
    record(path, [(NOW - 95 + 10 * n, 1.0) for n in range(5)], (event,))
    damage(path, "samples")
    damage(path, "events")
    told: list[DamagedRecording] = []
    log = EventLog()
    one = Past(History(720), log, lambda: path, lambda: NOW, None, told.append)
    await one.seed()
    one._history.append(NOW - 5, frame(1.0))
    found = await one.series("queries_per_s", "Docs", 100, 10)
    assert found.known == (1.0,)
    assert "cannot be read" in (found.problem or "")
    # Also from what is kept of the answer.
    again = await one.series("queries_per_s", "Docs", 100, 10)
    assert again.problem == found.problem
    seen = Event(at=NOW - 1, kind="node.joined", message="n2 came back")
    log.add(seen)
    assert await one.events() == (seen,)
    assert "cannot be read" in (one.problem or "")
    assert len(told) == 3
    path.unlink()
    assert await one.events() == (seen,)
    assert one.problem is None


@given(
    samples=st.lists(
        st.tuples(
            st.floats(-100.0, 100.0).filter(lambda at: not 0 < at < 0.001), st.floats(-1e3, 1e3)
        ),
        unique_by=lambda one: one[0],
        max_size=40,
    ),
    steps=st.integers(1, 20),
)
def test_means_are_those_of_a_plain_model(samples: list[tuple[float, float]], steps: int) -> None:
    ordered = [Sample(at, value) for at, value in sorted(samples)]
    found = means(ordered, 100.0, 100.0, steps)
    assert len(found) == steps
    width = 100.0 / steps
    for place, value in enumerate(found):
        inside = [
            one.value
            for one in ordered
            if one.at > 0 and max(0, min(steps, math.ceil(one.at / width)) - 1) == place
        ]
        if inside:
            assert value == pytest.approx(sum(inside) / len(inside))
        elif value is not None:
            # Held over from the next sample, for the steps between two that are near.
            later = [one for one in ordered if one.at > place * width]
            assert value == later[0].value
            assert ordered[0].at <= place * width, "on the way from one before"


def points(*samples: tuple[float, float | None]) -> Points:
    return Points(tuple(at for at, _ in samples), tuple(value for _, value in samples))


def test_a_slow_source_is_no_row_of_gaps() -> None:
    rows = [(float(at), float(at) if at % 75 == 0 else None) for at in range(0, 901, 15)]
    found = in_steps(points(*rows), 900.0, 600.0, 20)
    assert None not in found
    assert found[:4] == (375.0, 375.0, 375.0, 450.0)
    late = in_steps(points(*rows), 945.0, 600.0, 20)
    assert late[-1] is None, "nothing is known of what comes next"
    assert None not in late[:-2]


def test_a_source_that_was_away_leaves_a_gap_though_another_answered() -> None:
    rows = [(float(at), None if 300 < at <= 360 else 7.0) for at in range(0, 601, 15)]
    assert in_steps(points(*rows), 600.0, 600.0, 20) == (7.0,) * 10 + (None,) * 2 + (7.0,) * 8


async def test_sources_of_their_own_pace_are_whole_in_a_recording(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    frames: list[tuple[float, Frame]] = []
    for number in range(120):
        at = NOW - 600 + 5 * number
        told: dict[str, dict[str, float | None]] = {}
        if number % 3 == 0:
            told["objects"] = {"Docs": 900.0}
        if number % 4 == 1:
            told["queries_per_s"] = {"Docs": 7.0}
        if told:
            frames.append((at, told))
    writer = Writer(path, {}, Retention())
    for moment in frames:
        writer.write(Batch(points=(moment,)))
    writer.close()
    one = past(path)
    for turn in ("read", "seeded"):
        for metric, value in (("objects", 900.0), ("queries_per_s", 7.0)):
            series = await one.series(metric, "Docs", 540.0, 18)
            assert series.values == (value,) * 18, (turn, metric)
        await one.seed()


async def test_the_session_begins_with_the_last_minutes_of_the_recording(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    record(path, [(NOW - 3000, 1.0), (NOW - 800, 2.0), (NOW - 785, 3.0)])
    one = past(path)
    await one.seed()
    assert one._history.points("queries_per_s", "Docs").values == (2.0, 3.0)
    await one.seed()
    assert len(one._history) == 2, "seeded twice"


def event(at: float, node: str = "n0", kind: str = "node.left", message: str = "") -> Event:
    return Event(at=at, kind=kind, node=node, message=message)


async def test_events_of_the_recording_and_of_this_session_once_each(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    mine, theirs, old = event(NOW - 20), event(NOW - 52.5, "n1"), event(NOW - 4000)
    record(path, [], (old, theirs, mine))
    one = past(path)
    new = event(NOW - 1, "n2")
    one._log.add(event(NOW - 50, "n1", message="seen by us a little later"), mine, new)
    assert await one.events() == (new, mine, theirs, old)
    assert await one.events(limit=2) == (new, mine)
    assert await one.events(NOW - 60, NOW - 20) == (mine, theirs)


def test_a_node_that_comes_and_goes_is_not_merged_away() -> None:
    recorded = [event(t) for t in (300.0, 200.0, 100.0)]
    session = [event(t) for t in (401.0, 301.0, 201.0)]
    assert [one.at for one in merged(recorded, session, 9)] == [401.0, 300.0, 200.0, 100.0]


def moved(at: float, kind: str, before: str, after: str) -> Event:
    message = f"n2: {before} -> {after}"
    return Event(at=at, kind=kind, node="n2", message=message, before=before, after=after)


@pytest.mark.parametrize(
    ("kind", "states", "others"),
    [
        ("node.left", ("healthy", "unavailable"), ("healthy", "missing")),
        ("node.left", ("healthy", "missing"), ("hung", "missing")),
        ("node.came", ("missing", "healthy"), ("missing", "not ready")),
    ],
)
def test_one_death_is_listed_once_though_each_terminal_saw_another_state_of_it(
    kind: str, states: tuple[str, str], others: tuple[str, str]
) -> None:
    recorded, seen = moved(100.0, kind, *states), moved(101.5, kind, *others)
    assert merged([recorded], [seen], 9) == (recorded,)


def test_what_a_node_went_through_is_no_single_change() -> None:
    recorded = moved(100.0, "node.state", "healthy", "hung")
    seen = moved(101.5, "node.state", "hung", "healthy")
    assert merged([recorded], [seen], 9) == (seen, recorded)


@given(
    ats=st.lists(st.integers(0, 5000), unique=True, max_size=30),
    seen=st.sets(st.integers(0, 29)),
    late=st.floats(-30, 30),
    limit=st.integers(1, 40),
)
def test_every_change_is_there_once(
    ats: list[int], seen: set[int], late: float, limit: int
) -> None:
    """The other process saw each at its own moment; changes of one thing are far apart."""
    changes = [event(200.0 * at, f"n{at % 3}") for at in ats]
    recorded = sorted(changes, key=lambda one: -one.at)
    session = [event(one.at + late, one.node or "") for n, one in enumerate(changes) if n in seen]
    found = merged(recorded, session, limit)
    assert list(found) == recorded[:limit]


async def test_what_is_missing_of_an_answer_is_told_with_it(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    events = tuple(Event(at=NOW - at, kind="x", message=str(at)) for at in (3.0, 2.0, 1.0))
    record(path, [], events)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE events SET body = x'00' WHERE id = 2")
    connection.commit()
    connection.close()
    one = past(path)
    assert [event.message for event in await one.events()] == ["1.0", "3.0"]
    assert "1 of 3 events" in (one.problem or "")


@given(
    samples=st.lists(
        st.tuples(
            st.integers(-100, 100).map(float), st.none() | st.integers(-1000, 1000).map(float)
        ),
        unique_by=lambda one: one[0],
        max_size=40,
    ),
    steps=st.sampled_from([1, 2, 4, 5, 10, 20, 50, 100]),
)
def test_nothing_is_drawn_over_a_break(
    samples: list[tuple[float, float | None]], steps: int
) -> None:
    ordered = [Sample(at, value) for at, value in sorted(samples, key=lambda one: one[0])]
    found = means(ordered, 100.0, 100.0, steps)
    without = means([one for one in ordered if one.value is not None], 100.0, 100.0, steps)
    width = 100.0 / steps
    for place, (value, bridged) in enumerate(zip(found, without, strict=True)):
        before = [one.value for one in ordered if one.at <= place * width]
        inside = [one.value for one in ordered if place * width < one.at <= (place + 1) * width]
        after = [one.value for one in ordered if one.at > (place + 1) * width]
        is_break = None in (*before[-1:], *inside, *after[:1])
        if is_break and all(one is None for one in inside):
            assert value is None
        else:
            assert value == bridged


def in_turn(metric: str, told: list[tuple[float, float | None]]) -> list[tuple[float, Frame]]:
    """Every five seconds another source tells something, and this one when it is its turn."""
    values = dict(told)
    frames: list[tuple[float, Frame]] = []
    for second in range(0, 601, 5):
        frame: dict[str, dict[str, float | None]] = {"objects": {"Docs": 900.0}}
        if second in values:
            frame[metric] = {"Docs": values[second], "Other": 1.0}
        frames.append((NOW - 600 + second, frame))
    return frames


OUTAGE = [(float(at), None if 300 < at <= 345 else 7.0) for at in range(0, 601, 15)]
"""Forty-five seconds of answers that were no whole ones."""


async def test_a_short_outage_stays_a_gap_once_the_node_is_back(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    frames = in_turn("queries_per_s", OUTAGE)
    writer = Writer(path, {}, Retention())
    for moment in frames:
        writer.write(Batch(points=(moment,)))
    writer.close()
    one, live = past(path), past(tmp_path / "none")
    for moment in frames:
        live._history.append(*moment)
    expected = (7.0,) * 10 + (None,) + (7.0,) * 9
    for words, source in (("recording", one), ("session", live), ("seeded", one)):
        if words == "seeded":
            await source.seed()
        series = await source.series("queries_per_s", "Docs", 600.0, 20)
        assert series.values == expected, words
        finer = await source.series("queries_per_s", "Docs", 600.0, 120)
        assert finer.values[3:117] == (7.0,) * 57 + (None,) * 11 + (7.0,) * 46, words
        objects = await source.series("objects", "Docs", 600.0, 120)
        assert objects.values[1:119] == (900.0,) * 118, words


async def test_old_points_keep_a_gap_of_the_length_of_their_steps(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    long = [(float(at), None if 240 < at <= 420 else 7.0) for at in range(0, 601, 15)]
    writer = Writer(path, {}, Retention())
    for moment in [*in_turn("queries_per_s", long), (NOW + 2000, {"objects": {"Docs": 1.0}})]:
        writer.write(Batch(points=(moment,)))
    for _ in range(20):
        writer.sweep(NOW + 1.5 * 86_400)
    writer.close()
    with Reader(path) as reader:
        found = reader.samples("queries_per_s", "Docs", NOW - 601, NOW)
    assert len(found) == 11, "not thinned"
    assert sum(one.value is None for one in found) == 2, "two whole minutes"


def test_blocks_of_an_older_release_do_not_say_which_gaps_are_sure() -> None:
    times, values = array("d", [1.0, 2.0, 3.0]), array("f", [5.0, math.nan, 7.0])
    old = msgspec.msgpack.encode([times.tobytes(), {"Docs": values.tobytes()}])
    found = block_samples("queries_per_s", zlib.compress(old), "Docs")
    assert found == [Sample(1.0, 5.0), Sample(3.0, 7.0)]
    matrix = block_matrix("queries_per_s", zlib.compress(old))
    assert not matrix.all_looked_at
    assert not joined([matrix, Matrix(array("d", [9.0]), {}, all_looked_at=True)]).all_looked_at
