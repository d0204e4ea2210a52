"""Tenants that sleep: copied in waves, so that a source never has more of them awake than asked.

What is awake is copied like a collection, while its writers go on. A tenant that sleeps has no
writers: it is woken for its wave, copied, proven, and put to sleep again; its proof stands as long
as nobody wakes it. One that somebody else woke since is caught up with like the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from elysiadash.jobs import steps
from elysiadash.jobs.errors import NotPossible
from elysiadash.jobs.steps import StepState
from elysiadash.migrate import tenants
from elysiadash.migrate.checkpoint import Proof
from elysiadash.migrate.parts import Part
from elysiadash.migrate.run import Run

_STEP = "wave-"


async def split(run: Run) -> None:
    """Leave in ``run.parts`` what is awake; what sleeps goes to ``run.asleep``.

    A tenant whose wave is done and that is awake now was woken by others: it is among the parts
    again. Raises ``Waits`` about offloaded tenants.
    """
    if not any(part.tenant for part in run.parts):
        return
    run.parts = await tenants.ask_about_offloaded(run)
    known: dict[str, dict[str, str]] = {}
    for collection in {part.collection for part in run.parts if part.tenant}:
        known[collection] = await tenants.states(run.source, collection)
    ours = await tenants.woken_by_us(run)
    run.asleep = [part for part in run.parts if _sleeps(part, known, ours)]
    sleeping = {part.key for part in run.asleep}
    run.parts = [part for part in run.parts if part.key not in sleeping]


async def rejoin(run: Run) -> None:
    """Bring tenants that somebody woke since among the parts, which are caught up with."""
    for collection in sorted({part.collection for part in run.asleep}):
        known = await tenants.states(run.source, collection)
        ours = await tenants.woken_by_us(run)
        awake = [
            part
            for part in run.asleep
            if part.collection == collection and not _sleeps(part, {collection: known}, ours)
        ]
        if awake:
            names = ", ".join(part.tenant for part in awake[:5])
            await run.note(
                "tenants",
                f"{len(awake):,} tenants of {collection} woke up since their copy and are caught "
                f"up with: {names}" + (", ..." if len(awake) > 5 else ""),
            )
            run.parts = sorted([*run.parts, *awake], key=lambda part: part.key)
            run.asleep = [part for part in run.asleep if part not in awake]


async def go(run: Run, wave_of: Callable[[Run], Awaitable[Proof | None]]) -> None:
    """Bring every wave to its end; those that are done already are left."""
    awake = run.parts
    waves = tenants.waves(run.asleep)
    try:
        for number, wave in enumerate(waves, 1):
            await run.breathe()
            name = f"{_STEP}{wave[0].key}"
            if await asyncio.to_thread(_is_done, run, name):
                continue
            await asyncio.to_thread(
                _begin, run, name, f"wave {number} of {len(waves)}: {len(wave):,} tenants"
            )
            run.parts = wave
            async with (
                tenants.active(run, wave),
                tenants.active(run, wave, site=run.target),
            ):
                proof = await wave_of(run)
            if proof is not None:
                await run.save(asleep=(*run.checkpoint.asleep, proof), proof=None)
            await asyncio.to_thread(_end, run, name)
    finally:
        run.parts = awake


def _sleeps(part: Part, known: dict[str, dict[str, str]], ours: set[tuple[str, str]]) -> bool:
    if not part.tenant:
        return False
    state = known[part.collection].get(part.tenant)
    return not tenants.is_active(state) or (part.collection, part.tenant) in ours


def _is_done(run: Run, name: str) -> bool:
    with run.work.reading() as read:
        try:
            return steps.get(read, run.job, name).state is StepState.DONE
        except NotPossible:
            return False


def _begin(run: Run, name: str, title: str) -> None:
    with run.work.held() as tx:
        steps.begin(tx, name, title=title)


def _end(run: Run, name: str) -> None:
    with run.work.held() as tx:
        steps.end(tx, name)
