"""Tenants that sleep: copied in waves, so that a source never has more of them awake than asked.

What is awake is copied like a collection, while its writers go on. A tenant that sleeps has no
writers: it is woken for its wave, copied, proven, and put to sleep again; its proof stands as long
as nobody wakes it. One that somebody else woke since is caught up with like the others, and goes
through another wave where it falls asleep again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from elysiadash.jobs import steps
from elysiadash.jobs.database import Reading
from elysiadash.jobs.steps import StepState
from elysiadash.migrate import tenants
from elysiadash.migrate.checkpoint import Proof
from elysiadash.migrate.parts import Part
from elysiadash.migrate.run import Run

_STEP = "wave-"


async def split(run: Run) -> None:
    """Leave in ``run.parts`` what is awake; what sleeps goes to ``run.asleep``.

    A tenant whose wave is done and that is awake now was woken by others: it is among the parts
    again, and its wave counts no more. Raises ``Waits`` about offloaded tenants.
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
    done = await asyncio.to_thread(_done, run)
    await tenants.wake_in_target(run, [part for part in run.parts if part.key in done])
    await asyncio.to_thread(_woken, run, {part.key for part in run.parts})


async def left(run: Run) -> list[Part]:
    """What sleeps and has not been through a wave since it was last awake."""
    done = await asyncio.to_thread(_done, run)
    return [part for part in run.asleep if part.key not in done]


async def go(run: Run, wave_of: Callable[[Run], Awaitable[Proof | None]]) -> None:
    """Bring what sleeps through its waves; tenants of a wave that is done are left asleep."""
    awake = run.parts
    waves = tenants.waves(await left(run))
    try:
        for number, wave in enumerate(waves, 1):
            await run.breathe()
            name = f"{_STEP}{wave[0].key}"
            title = f"wave {number} of {len(waves)}: {len(wave):,} tenants"
            await asyncio.to_thread(_begin, run, name, title, wave)
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


def _done(run: Run) -> set[str]:
    """Keys of the parts whose wave is done and counts."""
    with run.work.reading() as read:
        return {key for _, keys in _waves(read, run.job) for key in keys}


def _woken(run: Run, awake: set[str]) -> None:
    """Waves of what is awake count no more."""
    if awake.isdisjoint(_done(run)):
        return
    with run.work.held() as tx:
        for name, keys in _waves(tx, run.job):
            if not awake.isdisjoint(keys):
                steps.keep(tx, name, {"parts": [key for key in keys if key not in awake]})


def _waves(read: Reading, job: str) -> list[tuple[str, list[str]]]:
    """Waves that are done, by the names of their steps, with their parts."""
    return [
        (step.name, step.data.get("parts", []))
        for step in steps.of(read, job)
        if step.name.startswith(_STEP) and step.state is StepState.DONE
    ]


def _begin(run: Run, name: str, title: str, wave: Sequence[Part]) -> None:
    with run.work.held() as tx:
        steps.begin(tx, name, title=title, data={"parts": [part.key for part in wave]})


def _end(run: Run, name: str) -> None:
    with run.work.held() as tx:
        steps.end(tx, name)
