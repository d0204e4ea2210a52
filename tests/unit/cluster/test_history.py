"""Ring buffers: aligned, bounded, with gaps that stay gaps."""

from __future__ import annotations

import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elysiadash.cluster import history as history_module
from elysiadash.cluster.history import History

_FRAMES = st.lists(
    st.dictionaries(
        st.sampled_from(["A", "B", "C"]), st.one_of(st.none(), st.floats(-1e6, 1e6)), max_size=3
    ),
    max_size=60,
)


@given(frames=_FRAMES)
def test_every_series_lines_up_with_the_times(frames: list[dict[str, float | None]]) -> None:
    history = History(20)
    for number, frame in enumerate(frames):
        history.append(1000.0 + 5 * number, {"qps": frame})
    for name in "ABC":
        points = history.points("qps", name)
        assert len(points.times) == len(points.values)
        expected = [frame.get(name) for frame in frames][len(frames) - len(points.values) :]
        assert list(points.values) == expected
        assert list(points.times) == sorted(points.times)
    assert len(history) <= 22


def test_a_long_pause_and_a_clock_going_backwards_leave_a_gap() -> None:
    history = History(100, gap_after=60)
    for at in (0.0, 5.0, 300.0, 200.0, 205.0):
        history.append(at, {"qps": {"A": 1.0}})
    points = history.points("qps", "A")
    assert points.values == (1.0, 1.0, None, 1.0, 1.0)
    assert points.times == (0.0, 5.0, 200.0, 200.0, 205.0)


def test_after_the_clock_was_set_back_charts_go_on_at_once() -> None:
    history = History(5760)
    for number in range(40):
        history.append(10_000.0 + 15 * number, {"qps": {"A": 1.0, "old": 1.0}})
    for number in range(40):
        history.append(7000.0 + 15 * number, {"qps": {"A": 2.0}})
    points = history.points("qps", "A")
    assert points.times == tuple(7000.0 + 15 * number for number in range(40))
    assert set(points.values) == {2.0}
    assert history.points("qps", "old").values == ()


def test_a_clock_that_is_a_little_late_keeps_what_was_seen() -> None:
    history = History(100)
    for at in (100.0, 115.0, 113.0, 130.0):
        history.append(at, {"qps": {"A": at}})
    points = history.points("qps", "A")
    assert [value for value in points.values if value is not None] == [100.0, 115.0, 113.0, 130.0]
    assert list(points.times) == sorted(points.times)


@given(
    turns=st.lists(
        st.tuples(
            st.integers(-400, 200).filter(lambda step: not -10 <= step <= 0),
            st.dictionaries(st.sampled_from("ABCDEFGH"), st.floats(-1e6, 1e6), max_size=3),
        ),
        max_size=80,
    )
)
def test_with_a_clock_that_is_set_back_only_what_is_later_goes(
    turns: list[tuple[int, dict[str, float]]],
) -> None:
    history = History(12, gap_after=1e9)
    model: list[tuple[float, dict[str, float]]] = []
    at = 0.0
    for step, frame in turns:
        if model:
            at += step
        if step < 0 and model:
            model = [row for row in model if row[0] <= at]
            if model:
                model.append((at, {}))
        model = [*model, (at, frame)][-12:]
        history.append(at, {"qps": frame})
        for name in "ABCDEFGH":
            expected = tuple(one.get(name) for _, one in model)
            points = history.points("qps", name)
            if any(value is not None for value in expected):
                assert points.values == expected
                assert points.times == tuple(moment for moment, _ in model)
            else:
                assert points.values == ()


def test_the_last_points_are_the_newest() -> None:
    history = History(100)
    for number in range(10):
        history.append(number, {"qps": {"A": float(number)}})
    assert history.points("qps", "A", 3).values == (7.0, 8.0, 9.0)
    assert history.points("qps", "nope").values == ()


def test_a_series_that_only_has_gaps_left_is_dropped() -> None:
    history = History(10)
    history.append(0, {"qps": {"gone": 1.0}})
    for number in range(1, 30):
        history.append(number, {"qps": {"A": 1.0}})
    assert history.points("qps", "gone").values == ()


@given(
    frames=st.lists(
        st.dictionaries(st.sampled_from("ABCDEFGH"), st.floats(-1e6, 1e6), max_size=3), max_size=80
    )
)
def test_names_that_come_and_go_never_get_the_values_of_another(
    frames: list[dict[str, float]],
) -> None:
    history = History(5)
    for number, frame in enumerate(frames):
        history.append(float(number), {"qps": frame})
        kept = frames[: number + 1][-5:]
        for name in "ABCDEFGH":
            expected = tuple(one.get(name) for one in kept)
            found = history.points("qps", name).values
            assert found == (expected if any(v is not None for v in expected) else ())


def test_data_that_comes_seldom_is_no_row_of_gaps() -> None:
    history = History(100, gap_after=60)
    for number in range(10):
        history.append(120.0 * number, {"qps": {"A": 1.0}})
    # The pace is not known before the second step.
    assert history.points("qps", "A").values == (1.0, None, *[1.0] * 9)
    history.append(120.0 * 9 + 301, {"qps": {"A": 2.0}})
    assert history.points("qps", "A").values[-3:] == (1.0, None, 2.0)


def test_one_long_pause_does_not_hide_the_next() -> None:
    history = History(100, gap_after=60)
    for at in (0.0, 5.0, 10.0, 4000.0, 8000.0):
        history.append(at, {"qps": {"A": 1.0}})
    assert history.points("qps", "A").values == (1.0, 1.0, 1.0, None, 1.0, None, 1.0)


def test_the_total_is_bounded_though_names_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_module, "_BUDGET_POINTS", 2000)
    history = History(1000)
    for number in range(400):
        history.append(float(number), {"qps": {f"C{number}-{i}": 1.0 for i in range(10)}})
    assert 60 <= len(history) <= 200
    width = len(history._places["qps"].seen)
    assert width <= 10 * 80
    assert history.points("qps", "C0-0").values == ()
    assert history.points("qps", "C399-0").values[-2:] == (None, 1.0)


def test_reading_while_a_thread_appends_always_lines_up() -> None:
    history = History(50)
    total = 600
    switching = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)

    def write() -> None:
        for number in range(total):
            values = {f"C{number % 7}": float(number), "A": float(number)}
            history.append(float(number), {"qps": values})

    writer = threading.Thread(target=write)
    try:
        writer.start()
        while writer.is_alive():
            points = history.points("qps", "A")
            assert points.values == points.times
    finally:
        writer.join()
        sys.setswitchinterval(switching)
    assert history.points("qps", "A", 1).values == (total - 1.0,)


@given(frames=_FRAMES, told=st.lists(st.booleans(), min_size=60, max_size=60))
def test_breaks_are_where_a_metric_was_looked_at_and_not_known(
    frames: list[dict[str, float | None]], told: list[bool]
) -> None:
    history = History(100)
    for number, (frame, is_told) in enumerate(zip(frames, told, strict=False)):
        history.append(5.0 * number, {"qps": frame} if is_told else {"objects": {"A": 1.0}})
    for name in "ABC":
        points = history.points("qps", name)
        if points.times:
            assert list(points.breaks) == [
                number
                for number, frame in enumerate(frames)
                if told[number] and frame and frame.get(name) is None
            ]
            last = history.points("qps", name, 3)
            first = len(points.times) - len(last.times)
            assert [place + first for place in last.breaks] == [
                place for place in points.breaks if place >= first
            ]
