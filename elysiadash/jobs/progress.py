"""How far a job is and how long it will take: measured, never guessed.

``forecast`` is pure; ``of`` reads the rows it needs. Nothing is forecast before three pieces were
measured, or where it is not known how many objects there are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from elysiadash.jobs import dead_letters
from elysiadash.jobs.database import Reading
from elysiadash.jobs.job import Job, JobState
from elysiadash.jobs.queue import children, get

FEWEST_SAMPLES = 3
_SAMPLES = 64
"""The latest pieces only: a target gets slower as its index grows."""
_P90 = 1.2816
"""Standard deviations from the middle of a normal distribution to its 90th percentile."""


class Sample(msgspec.Struct, frozen=True, gc=False):
    """A measured piece: so many objects took one slot so many seconds."""

    objects: int
    seconds: float


class Forecast(msgspec.Struct, frozen=True, gc=False):
    """Seconds from now until the objects are done: as likely less as more, and nine in ten."""

    p50: float
    p90: float


class Progress(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How far a job is; a parent's is the sum of its children's."""

    objects: int
    bytes: int
    expected: int | None
    """Objects there are to do; None when not known."""
    fraction: float | None
    """Done of expected, 0 to 1; None when that is not known."""
    ranges: int
    ranges_done: int
    steps: int
    steps_done: int
    dead_letters: int
    objects_per_s: float | None
    """Of all slots that work now, from the latest pieces; None when not measured or at rest."""
    eta: Forecast | None
    """None at rest, and while there are too few measurements."""


def forecast(samples: Sequence[Sample], remaining: int, side_by_side: int) -> Forecast | None:
    """When ``remaining`` objects are done by so many slots; None with too few samples.

    The middle is total time over total objects. The spread has two parts: the pieces measured
    are some of many, and those to come are few.
    """
    measured = _usable(samples)
    if len(measured) < FEWEST_SAMPLES or side_by_side < 1 or remaining < 0:
        return None
    objects = sum(one.objects for one in measured)
    mean = sum(one.seconds for one in measured) / objects
    # Each piece weighs as much as its objects.
    variance = (
        sum(one.objects * (one.seconds / one.objects - mean) ** 2 for one in measured) / objects
    )
    pieces = max(1.0, remaining / (objects / len(measured)))
    error = math.sqrt(variance * (1 / len(measured) + 1 / pieces))
    share = remaining / side_by_side
    return Forecast(share * mean, share * (mean + _P90 * error))


def rate(samples: Sequence[Sample], side_by_side: int) -> float | None:
    """Objects a second of all slots together; None with too few samples."""
    measured = _usable(samples)
    if len(measured) < FEWEST_SAMPLES or side_by_side < 1:
        return None
    seconds = sum(one.seconds for one in measured)
    return side_by_side * sum(one.objects for one in measured) / seconds


def of(read: Reading, job: str) -> Progress:
    """How far a job is. Raises ``NoSuchJob``."""
    found = get(read, job)
    if not found.is_parent:
        return _own(read, found)
    return _summed(
        [(child.state, of(read, child.id)) for child in children(read, job)], found.state
    )


def _own(read: Reading, job: Job) -> Progress:
    # Of the generation that was begun last: each goes through all objects anew.
    newest = read.number(
        "SELECT generation FROM ranges WHERE job = ? ORDER BY id DESC LIMIT 1", job.id
    )
    row = read.one(
        "SELECT count(*), sum(state = 'DONE'), sum(objects), sum(bytes),"
        " sum(state = 'TAKEN' AND token = (SELECT token FROM claims WHERE job = ranges.job))"
        " FROM ranges WHERE job = ? AND generation = ?",
        job.id, newest,
    )  # fmt: skip
    ranges, done, objects, size, at_work = (int(value or 0) for value in row or (0,) * 5)
    samples = [
        Sample(*found)
        for found in read.rows(
            "SELECT objects, seconds FROM ranges WHERE job = ? AND generation = ?"
            " AND objects > 0 AND seconds > 0 ORDER BY touched DESC, id DESC LIMIT ?",
            job.id, newest, _SAMPLES,
        )
    ]  # fmt: skip
    slots = at_work if job.state is JobState.RUNNING else 0
    eta = None
    if job.expected is not None:
        eta = forecast(samples, max(0, job.expected - objects), slots)
    return Progress(
        objects=objects,
        bytes=size,
        expected=job.expected,
        fraction=_fraction(objects, job.expected),
        ranges=ranges,
        ranges_done=done,
        steps=read.number("SELECT count(*) FROM steps WHERE job = ?", job.id),
        steps_done=read.number(
            "SELECT count(*) FROM steps WHERE job = ? AND state IN ('DONE', 'SKIPPED', 'UNDONE')",
            job.id,
        ),
        dead_letters=dead_letters.count(read, job.id),
        objects_per_s=rate(samples, slots),
        eta=eta,
    )


def _summed(parts: Sequence[tuple[JobState, Progress]], state: JobState) -> Progress:
    """A parent's progress. Its forecast: what is left of all, at the speed of those that run."""
    each = [progress for _, progress in parts]
    known = [one.expected for one in each if one.expected is not None]
    expected = sum(known) if each and len(known) == len(each) else None
    objects = sum(one.objects for one in each)
    running = [one for child, one in parts if child is JobState.RUNNING]
    rates = [one.objects_per_s for one in running if one.objects_per_s is not None]
    speed = sum(rates) if rates and len(rates) == len(running) else None
    return Progress(
        objects=objects,
        bytes=sum(one.bytes for one in each),
        expected=expected,
        fraction=_fraction(objects, expected),
        ranges=sum(one.ranges for one in each),
        ranges_done=sum(one.ranges_done for one in each),
        steps=sum(one.steps for one in each),
        steps_done=sum(one.steps_done for one in each),
        dead_letters=sum(one.dead_letters for one in each),
        objects_per_s=speed,
        eta=_parents_eta(parts, speed) if not state.ended else None,
    )


def _parents_eta(
    parts: Sequence[tuple[JobState, Progress]], speed: float | None
) -> Forecast | None:
    going = [one for state, one in parts if not state.ended]
    etas = [one.eta for state, one in parts if state is JobState.RUNNING]
    forecasts = [eta for eta in etas if eta is not None]
    left = [one.expected - one.objects for one in going if one.expected is not None]
    if not speed or len(forecasts) != len(etas) or len(left) != len(going):
        return None
    p50 = sum(max(0, one) for one in left) / speed
    # The children's own spread, carried over to the whole.
    wide = max((eta.p90 / eta.p50 for eta in forecasts if eta.p50 > 0), default=1.0)
    longest = max(eta.p50 for eta in forecasts)
    p50 = max(p50, longest)
    return Forecast(p50, max(p50 * wide, *(eta.p90 for eta in forecasts)))


def _usable(samples: Sequence[Sample]) -> list[Sample]:
    return [one for one in samples if one.objects > 0 and one.seconds > 0]


def _fraction(done: int, expected: int | None) -> float | None:
    if expected is None:
        return None
    return min(1.0, done / expected) if expected else 1.0
