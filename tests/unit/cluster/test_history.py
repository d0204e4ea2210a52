"""Ring buffers: aligned, bounded, with gaps that stay gaps."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

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
    assert points.values == (1.0, 1.0, None, 1.0, None, 1.0, None, 1.0)
    assert list(points.times) == sorted(points.times)


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
