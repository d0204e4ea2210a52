"""A migration goes through its objects many times: which time it is, and how far that is.

The ranges of each time have a generation of their own: the copy, its references, one for each
catching up, one for each proof.
"""

from __future__ import annotations

from typing import Final

import msgspec

from elysiadash.jobs import progress
from elysiadash.jobs.database import Reading
from elysiadash.jobs.job import Job, JobState
from elysiadash.jobs.progress import Progress, Sample

COPY: Final = 0
REFERENCES: Final = -1
PROOFS: Final = 1_000_000
_SAMPLES = 64


def name_of(generation: int) -> str:
    """``copy``, ``references``, ``delta 2``, ``proof 1``."""
    if generation == COPY:
        return "copy"
    if generation == REFERENCES:
        return "references"
    if generation > PROOFS:
        return f"proof {generation - PROOFS}"
    return f"delta {generation}"


def place_of(generation: int) -> tuple[int, int]:
    """What they are ordered by: the copy, its references, then the deltas and the proofs."""
    if generation in (COPY, REFERENCES):
        return (0, -generation)
    return (2, generation) if generation > PROOFS else (1, generation)


def stage_of(read: Reading, job: Job) -> tuple[str, Progress]:
    """(which time through the objects it is, how far that is); of an ended job, the copy's.

    A delta and a proof go through as many objects as the copy, at a pace of their own: sums over
    all of them would say more than there is.
    """
    whole = progress.of(read, job.id)
    newest = read.one(
        "SELECT generation FROM ranges WHERE job = ? ORDER BY id DESC LIMIT 1", job.id
    )
    if newest is None or job.is_parent:
        return "", whole
    generation = COPY if job.state.ended else int(newest[0])
    row = read.one(
        "SELECT count(*), sum(state = 'DONE'), sum(objects), sum(bytes),"
        " sum(state = 'TAKEN' AND token = (SELECT token FROM claims WHERE job = ranges.job))"
        " FROM ranges WHERE job = ? AND generation = ?",
        job.id, generation,
    )  # fmt: skip
    ranges, done, objects, size, at_work = (int(value or 0) for value in row or (0,) * 5)
    samples = [
        Sample(*found)
        for found in read.rows(
            "SELECT objects, seconds FROM ranges WHERE job = ? AND generation = ?"
            " AND objects > 0 AND seconds > 0 ORDER BY touched DESC, id DESC LIMIT ?",
            job.id, generation, _SAMPLES,
        )
    ]  # fmt: skip
    slots = at_work if job.state is JobState.RUNNING else 0
    fraction, eta = None, None
    if job.expected is not None:
        fraction = min(1.0, objects / job.expected) if job.expected else 1.0
        eta = progress.forecast(samples, max(0, job.expected - objects), slots)
    if ranges and ranges == done:
        fraction = 1.0
    return name_of(generation), msgspec.structs.replace(
        whole,
        objects=objects,
        bytes=size,
        fraction=fraction,
        ranges=ranges,
        ranges_done=done,
        objects_per_s=progress.rate(samples, slots),
        eta=eta,
    )
