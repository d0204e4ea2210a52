"""What is forecast follows from what was measured, and from nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elysiadash.jobs import claims, dead_letters, outcomes, progress, queue, ranges, steps
from elysiadash.jobs.keyspace import evenly
from elysiadash.jobs.progress import FEWEST_SAMPLES, Sample, forecast, rate
from tests.unit.jobs.given import new, now, opened, running, taken

samples = st.lists(
    st.builds(Sample, st.integers(1, 100_000), st.floats(0.01, 1000)),
    min_size=FEWEST_SAMPLES,
    max_size=30,
)
counts = st.integers(0, 10**9)
slots = st.integers(1, 32)


@given(samples, counts, slots)
def test_nine_in_ten_is_never_sooner_than_the_middle(
    measured: list[Sample], left: int, side_by_side: int
) -> None:
    found = forecast(measured, left, side_by_side)
    assert found is not None
    assert 0 <= found.p50 <= found.p90 < float("inf")


@given(samples, counts, counts, slots)
def test_more_work_takes_no_less(
    measured: list[Sample], left: int, more: int, side_by_side: int
) -> None:
    sooner, later = (forecast(measured, n, side_by_side) for n in sorted((left, more)))
    assert sooner is not None
    assert later is not None
    assert sooner.p50 <= later.p50 * (1 + 1e-9)


@given(samples, st.integers(1, 10**9), slots)
def test_twice_the_slots_take_half_the_time(
    measured: list[Sample], left: int, side_by_side: int
) -> None:
    one, two = forecast(measured, left, side_by_side), forecast(measured, left, 2 * side_by_side)
    assert one is not None
    assert two is not None
    assert two.p50 == pytest.approx(one.p50 / 2)
    assert two.p90 == pytest.approx(one.p90 / 2)


@given(st.integers(1, 10_000), st.integers(FEWEST_SAMPLES, 20), counts, slots)
def test_steady_speed_is_forecast_exactly(size: int, many: int, left: int, n: int) -> None:
    found = forecast([Sample(size, size / 100)] * many, left, n)
    assert found is not None
    assert found.p50 == pytest.approx(left / 100 / n)
    assert found.p90 == pytest.approx(found.p50)
    assert rate([Sample(size, size / 100)] * many, n) == pytest.approx(100 * n)


@given(samples, counts, slots)
def test_pieces_without_objects_say_nothing(measured: list[Sample], left: int, n: int) -> None:
    empty = [Sample(0, 5.0), Sample(0, 0.0), Sample(7, 0.0)]
    assert forecast(measured + empty, left, n) == forecast(measured, left, n)


@pytest.mark.parametrize(
    ("measured", "left", "side_by_side"),
    [
        ([], 5, 1),
        ([Sample(10, 1.0)] * (FEWEST_SAMPLES - 1), 5, 1),
        ([Sample(0, 1.0)] * 10, 5, 1),
        ([Sample(10, 1.0)] * 10, 5, 0),
        ([Sample(10, 1.0)] * 10, -1, 1),
    ],
)
def test_too_little_is_known(measured: list[Sample], left: int, side_by_side: int) -> None:
    assert forecast(measured, left, side_by_side) is None


def test_uneven_pieces_widen_the_forecast() -> None:
    even = forecast([Sample(100, 1.0)] * 8, 10_000, 4)
    uneven = forecast([Sample(100, 0.5), Sample(100, 1.5)] * 4, 10_000, 4)
    assert even is not None
    assert uneven is not None
    assert even.p50 == pytest.approx(uneven.p50)
    assert even.p90 < uneven.p90


def test_a_job_from_put_in_to_done(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        job, claim = running(jobs, expected=1000)
        with jobs.reading() as read:
            begun = progress.of(read, job.id)
        assert (begun.fraction, begun.eta, begun.objects_per_s) == (0.0, None, None)
        with claims.held(jobs, claim) as tx:
            ranges.add(tx, job.id, evenly(10))
            steps.plan(tx, job.id, [("create", "create the collection"), ("copy", "copy")])
            steps.begin(tx, "create")
            steps.end(tx, "create")
            dead_letters.put(tx, bytes(16), "int too large")
            for _ in range(4):
                piece = ranges.take(tx, 0)
                assert piece is not None
                ranges.finish(tx, piece, objects=100, bytes=5000, seconds=2.0)
            for slot in (0, 1):
                assert ranges.take(tx, slot) is not None
        with jobs.reading() as read:
            found = progress.of(read, job.id)
        assert (found.objects, found.bytes, found.fraction) == (400, 20_000, 0.4)
        assert (found.ranges, found.ranges_done) == (10, 4)
        assert (found.steps, found.steps_done, found.dead_letters) == (2, 1, 1)
        # Two slots at 50 objects a second each, 600 to go.
        assert found.objects_per_s == pytest.approx(100.0)
        assert found.eta is not None
        assert found.eta.p50 == pytest.approx(6.0)
        with claims.held(jobs, claim) as tx:
            outcomes.expect(tx, None)
        with jobs.reading() as read:
            unknown = progress.of(read, job.id)
        assert (unknown.expected, unknown.fraction, unknown.eta) == (None, None, None)
        with claims.held(jobs, claim) as tx:
            outcomes.expect(tx, 1000)
            outcomes.pause(tx)
        with jobs.reading() as read:
            resting = progress.of(read, job.id)
        assert (resting.fraction, resting.eta, resting.objects_per_s) == (0.4, None, None)
        assert now(jobs, job.id).expected == 1000


def test_of_a_dead_workers_slots_no_speed_is_claimed(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        job, claim = running(jobs, expected=1000)
        with claims.held(jobs, claim) as tx:
            ranges.add(tx, job.id, evenly(10))
            for slot in range(5):
                piece = ranges.take(tx, slot)
                assert piece is not None
                ranges.advance(tx, piece, piece.lower, objects=10, seconds=1.0)
            outcomes.give_back(tx)
        claim = taken(jobs)
        with claims.held(jobs, claim) as tx:
            assert ranges.take(tx, 0) is not None
        with jobs.reading() as read:
            assert progress.of(read, job.id).objects_per_s == pytest.approx(10.0)


def test_a_parents_forecast_needs_every_childs(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        with jobs.transaction() as tx:
            batch = queue.submit_batch(
                tx, new(kind="batch"), [new(expected=100), new(expected=900), new(expected=100)]
            )
        one, two = taken(jobs), taken(jobs)
        for claim, seconds in ((one, 1.0), (two, 2.0)):
            with jobs.reading() as read:
                assert progress.of(read, batch.id).eta is None
            with claims.held(jobs, claim) as tx:
                ranges.add(tx, claim.job, evenly(5))
                for _ in range(4):
                    piece = ranges.take(tx, 0)
                    assert piece is not None
                    ranges.finish(tx, piece, objects=10, seconds=seconds)
                assert ranges.take(tx, 0) is not None
        with jobs.reading() as read:
            found = progress.of(read, batch.id)
        assert (found.objects, found.expected) == (80, 1100)
        assert found.objects_per_s == pytest.approx(15.0)
        assert found.eta is not None
        # The second alone takes 172 s; all together would take 68 s.
        assert found.eta.p50 == pytest.approx(172.0)
