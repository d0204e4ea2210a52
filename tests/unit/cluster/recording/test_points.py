"""Chart points: every one is found again, thinner with age, in the room that there is."""

from __future__ import annotations

import math
import sqlite3
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elysiadash.cluster.recording.file import open_to_read
from elysiadash.cluster.recording.points import Frame, bytes_frame, frame_bytes
from elysiadash.cluster.recording.reader import Reader
from elysiadash.cluster.recording.retention import TIERS, Retention
from elysiadash.cluster.recording.writer import Batch, Writer
from tests.unit.cluster.recording.moments import ABOUT, START, quiet

DAY = 86_400.0
_frames = st.dictionaries(
    st.sampled_from(["objects", "queries_per_s"]),
    st.dictionaries(st.sampled_from(["A", "B", "C"]), st.none() | st.integers(0, 2**20).map(float)),
)


def write(path: Path, points: Sequence[tuple[float, Frame]], at_once: int = 7) -> None:
    writer = Writer(path, ABOUT, Retention())
    for place in range(0, len(points), at_once):
        writer.write(Batch(points=tuple(points[place : place + at_once])))
    writer.close()


@given(frame=_frames)
def test_a_frame_is_packed_and_unpacked(frame: Frame) -> None:
    assert bytes_frame(frame_bytes(frame)) == frame


@given(
    frames=st.lists(_frames, min_size=1, max_size=150),
    steps=st.lists(st.sampled_from([15.0, 15.0, 700.0, -100.0]), min_size=150, max_size=150),
    window=st.tuples(st.floats(-2000, 9000), st.floats(0, 9000)),
)
@settings(max_examples=50, deadline=None)
def test_series_are_those_of_a_plain_model(
    frames: list[dict[str, dict[str, float | None]]],
    steps: list[float],
    window: tuple[float, float],
) -> None:
    at, points = START, []
    for frame, step in zip(frames, steps, strict=False):
        at += step
        points.append((at, frame))
    start, end = START + window[0], START + window[0] + window[1]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "r.sqlite"
        write(path, points)
        with Reader(path) as reader:
            for metric in ("objects", "queries_per_s"):
                for name in "ABC":
                    expected = sorted(
                        (at, frame[metric][name])
                        for at, frame in points
                        if start <= at <= end and frame.get(metric, {}).get(name) is not None
                    )
                    found = reader.samples(metric, name, start, end)
                    known = [(one.at, one.value) for one in found if one.value is not None]
                    assert sorted(known) == expected
                    unknown = [
                        at
                        for at, frame in points
                        if frame.get(metric) and frame[metric].get(name) is None
                    ]
                    assert {one.at for one in found if one.value is None} <= set(unknown)
                    assert [one.at for one in found] == sorted(one.at for one in found)
            seen = sorted(
                (at, metric, name, value)
                for at, frame in reader.frames_of_points(start, end)
                for metric, values in frame.items()
                for name, value in values.items()
                if value is not None
            )
            whole = sorted(
                (at, metric, name, value)
                for at, frame in points
                for metric, values in frame.items()
                for name, value in values.items()
                if value is not None and start <= at <= end
            )
            assert {one[:3] for one in seen} == {one[:3] for one in whole}
            assert set(seen) <= set(whole)


def test_many_series_are_found_in_their_buckets(tmp_path: Path) -> None:
    names = [f"C{number}" for number in range(300)]
    points = [
        (START + 15 * step, {"objects": {name: float(step) for name in names}})
        for step in range(61)
    ]
    write(tmp_path / "r.sqlite", points)
    with Reader(tmp_path / "r.sqlite") as reader:
        for name in names[::37]:
            found = reader.samples("objects", name, START, START + 1000)
            assert [one.value for one in found] == [float(step) for step in range(61)]


def test_old_points_are_means_of_a_minute_then_of_five(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    points = [(START + 15.0 * n, {"queries_per_s": {"A": float(n % 4)}}) for n in range(4000)]
    write(path, points)
    last = points[-1][0]
    writer = Writer(path, ABOUT, Retention())
    for age, step in ((0.1 * DAY, 15.0), (2.2 * DAY, 60.0), (5 * DAY, 300.0)):
        for _ in range(20):
            writer.sweep(last + age)
        with Reader(path) as reader:
            samples = reader.samples("queries_per_s", "A", START, last)
        early = [one for one in samples if one.at < START + 6 * 3600]
        gaps = {round(b.at - a.at) for a, b in pairwise(early)}
        assert max(gaps) <= step
        assert len(early) == pytest.approx(6 * 3600 / step, rel=0.02)
        mean = sum(one.value or 0.0 for one in samples[1:-1]) / len(samples[1:-1])
        assert mean == pytest.approx(1.5, abs=0.05)
    writer.close()


def test_thinning_thousands_of_series_is_done_a_little_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    names = [f"C{number}" for number in range(200)]
    points = [
        (START + 60.0 * n, {"objects": {name: float(n) for name in names}}) for n in range(180)
    ]
    write(path, points)
    now = points[-1][0] + TIERS[0].after + TIERS[0].span
    connection = sqlite3.connect(path)
    before = tiers(connection)
    Retention().thin(connection, now, seconds=0.0)
    after = tiers(connection)
    assert after[1] == 1
    assert after[0] < before[0]
    Retention().thin(connection, now, seconds=10.0)
    # Four buckets, and two spans of two hours.
    assert tiers(connection) == {0: 0, 1: 8, 2: 0}
    connection.commit()
    connection.close()


def tiers(connection: sqlite3.Connection) -> dict[int, int]:
    rows = connection.execute("SELECT tier, count(*) FROM blocks GROUP BY tier")
    return {0: 0, 1: 0, 2: 0, **dict(rows)}


@given(
    ages=st.lists(st.floats(0, 20 * DAY), min_size=1, max_size=30),
    max_age=st.sampled_from([3600.0, DAY, 7 * DAY]),
)
@settings(max_examples=25, deadline=None)
def test_what_is_too_old_is_gone_and_what_is_not_stays(ages: list[float], max_age: float) -> None:
    """Also when the clock was set back in between: moments come in any order of time."""
    now = START + 30 * DAY
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "r.sqlite"
        writer = Writer(path, ABOUT, Retention(max_age=max_age))
        for age in ages:
            (moment,) = quiet(1, now - age)
            writer.write(Batch(moment=moment, points=((now - age, {"objects": {"A": 1.0}}),)))
        for _ in range(24 * 20 + 2):
            writer.sweep(now)
        writer.close()
        with Reader(path) as reader:
            # What is behind the last keyframe is being written.
            index = reader.index()
            kept = [
                at
                for at, keyframe in zip(index.times, index.keyframes, strict=True)
                if keyframe != index.keyframes[-1]
            ]
            # A clock set back by less than two seconds is not followed.
            assert all(any(abs(at - (now - age)) < 3 for age in ages) for at in kept)
            young = [now - age for age in ages if age < max_age]
            for at in young:
                assert any(abs(at - there) < 3 for there in index.times)
            samples = reader.samples("objects", "A", -math.inf, math.inf)
            # A block of points goes when its last one is too old.
            oldest = now - max_age - TIERS[-1].span - TIERS[-1].step
            assert all(sample.at >= oldest for sample in samples)


@pytest.mark.parametrize("what", ["moments", "points", "events"])
def test_the_file_stays_within_its_bytes(tmp_path: Path, what: str) -> None:
    from tests.unit.cluster.recording.large import large_batches

    most = 2 * 2**20
    path = tmp_path / "r.sqlite"
    writer = Writer(path, ABOUT, Retention(max_bytes=most))
    written = largest = 0
    for number, batch in enumerate(large_batches(what, 400)):
        written += writer.write(batch)
        if number % 10 == 9:
            writer.sweep(START + 5.0 * number)
            largest = max(largest, path.stat().st_size)
    last = writer.size()
    writer.close()
    assert written > 3 * most, "the test wrote too little to show anything"
    assert largest < 1.5 * most
    assert last < 2 * most + 2**22, "the journal is bounded too"
    connection = open_to_read(path)
    assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    connection.close()


def test_a_damaged_block_is_kept_as_it_is_while_the_others_get_thinner(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    write(path, [(START + 15.0 * n, {"queries_per_s": {"A": float(n)}}) for n in range(4000)])
    connection = sqlite3.connect(path)
    connection.execute("UPDATE blocks SET body = x'00' WHERE id = 3")
    connection.commit()
    connection.close()
    writer = Writer(path, ABOUT, Retention())
    for _ in range(20):
        writer.sweep(START + 5 * DAY)
    writer.close()
    with Reader(path) as reader:
        found = reader.samples("queries_per_s", "A", START, START + DAY)
        assert "1 of " in (reader.unread or "")
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT body, tier FROM blocks WHERE id = 3").fetchone() == (
        b"\x00",
        len(TIERS),
    )
    assert not connection.execute("SELECT count(*) FROM blocks WHERE tier = 1").fetchone()[0]
    connection.close()
    steps = [two.at - one.at for one, two in pairwise(found)]
    # The damaged block is a gap of its own length.
    assert 900 <= max(steps) <= 1500
    assert sorted(steps)[len(steps) // 2] == 300.0
