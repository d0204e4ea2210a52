"""Deleting the collection that an alias was brought away from: a job of its own, on a typed name.

Whoever still wrote to it after the cut-over would lose what they wrote: so it is compared with
the ledgers of the job that moved it right before, and anything that slipped ends this (P11).
"""

from __future__ import annotations

import asyncio
from typing import Final

from elysiadash.jobs import events, outcomes, queue, steps
from elysiadash.jobs.job import JobState
from elysiadash.jobs.work import Work
from elysiadash.migrate import cut_over, engine, looking, tenants
from elysiadash.migrate.errors import RefusedByPreflight, TargetChanged
from elysiadash.migrate.phases import Ending
from elysiadash.migrate.run import Run
from elysiadash.migrate.spec import Retires
from elysiadash.scan.keys import as_text

PHASE: Final = "RETIRE"
_NAMED: Final = 3


def run(work: Work) -> None:
    """Do a job of the kind ``retire``; see ``jobs.work.Engine``."""
    asyncio.run(_retire(work))


async def _retire(work: Work) -> None:
    async with engine.opened(work) as run:
        retires = run.spec.retires
        if retires is None:
            raise RefusedByPreflight("the job does not say which collection it is to delete")
        await asyncio.to_thread(_begin, run, retires)
        if retires.collection in await _there(run):
            await looking.look(run)
            await _fail_if_slipped(run, retires)
            await run.breathe()
            await cut_over.delete_old(run, retires.collection, retires.job)
        await asyncio.to_thread(_finish, run, retires)


async def _there(run: Run) -> list[str]:
    """Collections of the cluster; one that is gone was deleted by us, before a crash."""
    schema = await run.source.client.schema(leader=True)
    return [one.name for one in schema.classes or ()]


async def _fail_if_slipped(run: Run, retires: Retires) -> None:
    run.parts = [part for part in run.parts if part.collection == retires.collection]
    known: dict[str, str] = {}
    if any(part.tenant for part in run.parts):
        known = await tenants.states(run.source, retires.collection)
    asleep = [
        one for one in run.parts if one.tenant and not tenants.is_active(known.get(one.tenant))
    ]
    run.parts = [part for part in run.parts if part not in asleep]
    found = await cut_over.slipped(run, retires.job)
    ids = [f"{part.key} {as_text(one)}" for part, each in found.items() for one in each]
    if ids:
        raise TargetChanged(
            f"{len(ids):,} objects of {retires.collection} are not as job {retires.job} copied"
            f" them ({', '.join(ids[:_NAMED])}): somebody changed them there since, and their copy"
            " has not got it; nothing was deleted"
        )
    text = f"{retires.collection} is as job {retires.job} copied it"
    if asleep:
        text += f"; {len(asleep):,} tenants of it sleep and were not compared"
    await run.note("retire", text)


def _begin(run: Run, retires: Retires) -> None:
    with run.work.held() as tx:
        moved = queue.get(tx, retires.job)
        if moved.state is not JobState.DONE or moved.ending != Ending.VERIFIED:
            raise RefusedByPreflight(
                f"job {moved.id} is {moved.ending or moved.state}: what it moved is not proven"
            )
        owed = [step.title for step in steps.owed(tx, moved.id)]
        if owed:
            raise RefusedByPreflight(f"job {moved.id} has still to put back: {', '.join(owed)}")
        outcomes.enter(tx, PHASE, text=f"{retires.collection}, whose name was typed")


def _finish(run: Run, retires: Retires) -> None:
    with run.work.held() as tx:
        outcomes.finish(tx, ending=Ending.DELETED)
        events.note(
            tx, retires.job, "retired",
            f"{retires.collection} was deleted by job {run.job}", severity="warning",
        )  # fmt: skip
