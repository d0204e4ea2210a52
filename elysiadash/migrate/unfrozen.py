"""The last look at a source whose writers are not kept out: equal where nothing changes, else as
near as it gets, and in words what that means."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final

from elysiadash.migrate import verify
from elysiadash.migrate.phases import Strategy
from elysiadash.migrate.run import Run

LOOKS: Final = 3
"""Looks at most, for one in which nothing changes."""
_FEW: Final = 1_000
_SHORT_S: Final = 60.0
_REST_S: Final = 7
"""Longer than what was just written stays doubtful (5 s and the clocks' difference)."""

CatchUp = Callable[[Run], Awaitable[int]]
"""One generation; how many objects it changed."""


async def last_look(run: Run, catch_up: CatchUp, *, proves: bool) -> int:
    """Catch up and, where that is asked for, prove; how many objects changed in the last look."""
    offline = run.spec.strategy is Strategy.OFFLINE
    changed = await _settled(run, catch_up)
    if not proves:
        return changed
    # What differs in the last look is either a change or a fault: excused only if one was seen.
    proof = await verify.prove_again(run, final=offline or not changed)
    for _ in range(LOOKS):
        if offline or changed or not verify.differences(proof):
            break
        # Somebody may have written between the scan and the proof.
        changed = await catch_up(run)
        proof = await verify.prove_again(run, final=not changed)
    return changed


async def _settled(run: Run, catch_up: CatchUp) -> int:
    """Catch up until nothing changes, or it is plain that writers go on.

    What was written a few seconds before it was read is read again whether it changed or not: a
    collection at rest needs a look after those seconds.
    """
    changed = await catch_up(run)
    for _ in range(LOOKS - 1):
        if not 0 < changed <= _FEW or run.checkpoint.generations[-1].seconds > _SHORT_S:
            break
        for _ in range(_REST_S):
            await asyncio.sleep(1.0)
            await run.breathe()
        changed = await catch_up(run)
    return changed


def caught_up_words(run: Run) -> str:
    """What it means that writers went on."""
    proof, generations = run.checkpoint.proof, run.checkpoint.generations
    if proof is None or not generations:
        return "writers were not kept out, and what they wrote meanwhile is not in the copy"
    changed = generations[-1].changed + generations[-1].deleted
    at = datetime.fromtimestamp(proof.at - proof.seconds, UTC)
    return (
        f"the copy is the source as it was at about {at:%Y-%m-%dT%H:%M:%SZ}. Writers went on"
        f" ({changed:,} objects changed in the last look), and what they write from then on is not"
        " in the copy; nothing else differs. A copy with a freeze ends equal, and so does one of"
        " a collection at rest"
    )
