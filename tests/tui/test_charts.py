"""Charts: even steps in time, gaps stay gaps, the scale starts at 0."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from elysiadash.cluster.history import Points
from elysiadash.cluster.series import in_steps
from elysiadash.tui.charts import top


def test_steps_are_means_and_gaps_stay() -> None:
    points = Points((10.0, 20.0, 40.0, 50.0, 60.0), (1.0, 3.0, None, 8.0, 10.0))
    assert in_steps(points, end=60.0, seconds=60.0, steps=3) == (2.0, None, 9.0)


def test_what_is_older_is_left_out() -> None:
    points = Points((0.0, 60.0, 61.0), (5.0, 7.0, 9.0))
    assert in_steps(points, end=60.0, seconds=60.0, steps=2) == (None, 7.0)


@given(
    st.lists(st.tuples(st.floats(0, 100), st.none() | st.floats(-1e6, 1e6)), max_size=30),
    st.integers(1, 12),
)
def test_every_step_lies_within_its_samples(
    samples: list[tuple[float, float | None]], steps: int
) -> None:
    times, values = zip(*samples, strict=True) if samples else ((), ())
    found = in_steps(Points(times, values), end=80.0, seconds=60.0, steps=steps)
    assert len(found) == steps
    known = [v for t, v in samples if v is not None and 20.0 < t <= 80.0]
    for step in found:
        assert step is None or min(known) - 1e-6 <= step <= max(known) + 1e-6
    assert bool(known) == any(step is not None for step in found)


def test_the_top_of_a_scale_is_above_its_bottom() -> None:
    assert top(()) == 1.0
    assert top((None, 0.0, -3.0)) == 1.0
    assert top((None, 4.0)) == 4.0
