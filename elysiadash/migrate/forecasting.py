"""What a run will take, from what was measured; what was not measured is not said."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Sequence
from typing import Final

import msgspec

from elysiadash.jobs import queue
from elysiadash.jobs.job import Job, JobState
from elysiadash.migrate.checkpoint import Forecast, Rehearsed
from elysiadash.migrate.preflight.facts import Facts
from elysiadash.migrate.preflight.gathering import gather
from elysiadash.migrate.preflight.rules.way import freeze_seconds, needed_bytes
from elysiadash.migrate.run import Run
from elysiadash.migrate.spec import COPY, MIGRATE

_EARLIER: Final = 20
_ENOUGH_FOR_P90: Final = 3


class Earlier(msgspec.Struct, frozen=True, gc=False):
    """A job between the same clusters that came to its end."""

    job: str
    objects: int
    seconds: float

    @property
    def rate(self) -> float:
        """Objects a second from its beginning to its end."""
        return self.objects / self.seconds


async def forecast(run: Run) -> Forecast:
    """The forecast of a run whose facts were gathered (``preflight.check``), and of what a
    rehearsal or earlier jobs between these clusters measured."""
    facts: Facts = run.facts if run.facts is not None else await gather(run)
    earlier = await asyncio.to_thread(_earlier, run)
    return forecast_of(facts, run.checkpoint.rehearsed, earlier)


def forecast_of(
    facts: Facts, rehearsed: Rehearsed | None, earlier: Sequence[Earlier] = ()
) -> Forecast:
    """A rehearsal counts before earlier jobs. None where a number is not known."""
    need, objects = needed_bytes(facts), facts.objects
    p50 = p90 = None
    basis = "not rehearsed, and no earlier job between these clusters"
    if objects is not None and rehearsed is not None and rehearsed.objects_per_s > 0:
        p50 = objects / rehearsed.objects_per_s
        basis = (
            f"a rehearsal of {rehearsed.objects:,} objects of {rehearsed.collection} at "
            f"{rehearsed.objects_per_s:,.0f}/s: the copy alone, and a graph index gets slower as "
            "it grows"
        )
    elif objects is not None and earlier:
        rates = sorted(one.rate for one in earlier)
        p50 = objects / statistics.median(rates)
        if len(rates) >= _ENOUGH_FOR_P90:
            p90 = objects / rates[len(rates) // 10]
        basis = f"{len(rates)} earlier jobs between these clusters, verification and all"
    return Forecast(
        objects=objects,
        bytes=None if need is None else round(need),
        seconds_p50=p50,
        seconds_p90=p90,
        freeze_seconds=freeze_seconds(facts),
        basis=basis,
    )


def _earlier(run: Run) -> list[Earlier]:
    with run.work.reading() as read:
        mine = [one.key for one in queue.get(read, run.job).clusters]
        done = queue.newest(read, among=(JobState.DONE,), kinds=(COPY, MIGRATE), limit=_EARLIER)
        return [
            found
            for job in done
            if [one.key for one in job.clusters] == mine
            if (found := _of_job(job)) is not None
        ]


def _of_job(job: Job) -> Earlier | None:
    copied = job.checkpoint.get("copied")
    if not copied or job.started is None or job.ended is None or job.ended <= job.started:
        return None
    return Earlier(job.id, int(copied), job.ended - job.started)
