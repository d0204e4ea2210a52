"""The throttle keeps its bounds whatever it sees, gives way at once, and takes back slowly."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elysiadash.migrate.load import in_window, p95
from elysiadash.migrate.throttle import Signs, Throttle

CALM = Signs(objects_per_s=1000.0)

signs = st.builds(
    Signs,
    objects_per_s=st.none() | st.floats(0, 1e5),
    write_p95_s=st.none() | st.floats(0, 100),
    batch_queue=st.none() | st.integers(0, 10**6),
    vector_queue=st.none() | st.integers(0, 10**7),
    heap=st.none() | st.floats(0, 1.5),
    errors=st.floats(0, 1),
    in_window=st.booleans(),
    key=st.none() | st.integers(0, 20),
)


@given(
    st.integers(1, 8),
    st.integers(1, 16),
    st.lists(st.tuples(signs, st.floats(0.1, 100)), max_size=60),
)
def test_lanes_stay_in_bounds_and_every_limit_has_its_reason(
    start: int, most: int, seen: list[tuple[Signs, float]]
) -> None:
    throttle, now, before = Throttle(start, most), 0.0, None
    for sign, later in seen:
        now += later
        verdict = throttle.decide(sign, now)
        assert 0 <= verdict.lanes <= most
        assert sign.key is None or verdict.lanes <= sign.key
        if verdict.lanes == 0:
            assert verdict.reason
        elif before is not None and verdict.lanes > before:
            assert before == 0 or verdict.lanes == before + 1
        before = verdict.lanes if sign.key is None else None


@pytest.mark.parametrize(
    ("sign", "words"),
    [
        ({"write_p95_s": 30.0}, "19 of 20 pages"),
        ({"batch_queue": 5_000}, "queue of batches"),
        ({"vector_queue": 500_000}, "wait to be indexed"),
        ({"heap": 0.85}, "85% of its memory limit"),
        ({"errors": 0.5}, "50% of the pieces failed"),
    ],
)
def test_each_sign_halves_the_lanes_and_is_named(sign: dict[str, float], words: str) -> None:
    throttle = Throttle(8, 16)
    bad = msgspec.structs.replace(CALM, **sign)
    first = throttle.decide(bad, 0.0)
    assert (first.lanes, words in first.reason) == (4, True)
    assert throttle.decide(bad, 1.0).lanes == 4  # it can show first
    assert throttle.decide(bad, 6.0).lanes == 2
    assert [throttle.decide(bad, 6.0 * number).lanes for number in range(2, 5)] == [1, 1, 1]
    assert throttle.decide(CALM, 30.0).reason == ""


@pytest.mark.parametrize(
    ("sign", "words"),
    [
        ({"heap": 0.95}, "paused: a node"),
        ({"vector_queue": 3_000_000}, "paused: 3,000,000 vectors"),
        ({"in_window": False, "window": "22:00 to 06:00 UTC"}, "22:00 to 06:00 UTC"),
        ({"key": 0}, "held by hand"),
    ],
)
def test_what_is_critical_pauses_and_ends_again(sign: dict[str, object], words: str) -> None:
    throttle = Throttle(4, 8)
    paused = throttle.decide(msgspec.structs.replace(CALM, **sign), 0.0)
    assert (paused.lanes, words in paused.reason) == (0, True)
    assert throttle.decide(CALM, 1.0) == (throttle.decide(CALM, 1.5))
    assert throttle.decide(CALM, 2.0).lanes == 4


def test_a_lane_more_is_kept_only_where_it_gains() -> None:
    throttle = Throttle(2, 8)
    speed = {2: 1000.0, 3: 1400.0, 4: 1410.0}
    lanes, seen = 2, []
    for second in range(0, 100, 2):
        lanes = throttle.decide(Signs(objects_per_s=speed[lanes]), float(second)).lanes
        seen.append(lanes)
    assert max(seen) == 4  # tried
    assert seen[-1] == 3  # and given back
    assert sorted(set(seen)) == [2, 3, 4]


def test_a_window_may_lie_across_midnight() -> None:
    def at(hour: int) -> datetime:
        return datetime(2026, 11, 30, hour, 30, tzinfo=UTC)

    night = ("22:00", "06:00")
    assert [in_window(night, at(hour)) for hour in (21, 22, 2, 6)] == [False, True, True, False]
    day = ("08:00", "17:00")
    assert [in_window(day, at(hour)) for hour in (7, 8, 16, 17)] == [False, True, True, False]
    assert in_window(None)


def test_a_percentile_needs_measurements() -> None:
    assert p95([1.0] * 19) is None
    assert p95([0.1] * 95 + [9.0] * 5) == 0.1
    assert p95([0.1] * 90 + [9.0] * 10) == 9.0
