"""What came and went in the source beside objects: tenants, properties.

New ones are made in the target before a generation goes through them. A tenant that is gone took
its objects along: it is deleted in the target too, but only when a person has said so.
"""

from __future__ import annotations

import asyncio
from typing import Final

from elysiadash.jobs import ranges
from elysiadash.migrate import looking, prepare, waves
from elysiadash.migrate.errors import TargetChanged, Waits
from elysiadash.migrate.ledgers import COPIED
from elysiadash.migrate.looking import Look
from elysiadash.migrate.parts import Part, of_key
from elysiadash.migrate.run import Run
from elysiadash.weaviate.client import path_segment
from elysiadash.weaviate.definitions import create_tenants
from elysiadash.weaviate.transport import Call

ANSWER: Final = "tenants-gone"
"""The key of the answer to tenants that were deleted in the source: ``yes`` or ``keep``."""
_ASKED: Final = "tenants-asked"
"""The parts that the question named."""
_SETTLED: Final = "tenants-settled"
"""Parts whose tenants are gone and that are deleted in the target, or stay there as was asked."""
_AT_ONCE: Final = 1_000
_NAMED: Final = 5


async def renew(run: Run) -> Look:
    """Look at the source again before a generation, and bring the target's tenants after it.

    Raises ``Waits`` before a tenant is deleted, ``SourceChanged``, and what ``prepare`` raises.
    """
    found = await looking.look(run)
    await waves.split(run)
    if found.is_new:
        if run.spec.rolls_back is None:
            await prepare.prepare(run)
        else:
            await make_tenants(run)
    gone = {part.key: part for part in await gone_parts(run)}
    # One that came back may go again.
    settled = [key for key in run.checkpoint.answers.get(_SETTLED) or () if key in gone]
    left = [part for key, part in gone.items() if key not in settled]
    if left:
        await _replay(run, left, settled)
    return found


async def gone_parts(run: Run) -> list[Part]:
    """Tenants that the job has ledgers of and that the source does not have any more."""

    def copied() -> list[str]:
        with run.work.reading() as read:
            rows = ranges.of(read, run.job, generation=COPIED)
        return sorted({row.tenant for row in rows if "/" in row.tenant})

    targets = run.spec.targets
    parts = [of_key(key, targets) for key in await asyncio.to_thread(copied)]
    return [
        part
        for part in parts
        if part.collection in run.tenants and part.tenant not in run.tenants[part.collection]
    ]


async def make_tenants(run: Run) -> None:
    """Make the tenants of all parts that the target lacks, where ``prepare`` made nothing."""
    for target in sorted({part.target for part in run.parts if part.tenant}):
        there = {one.name for one in await run.target.client.tenants(target)}
        wanted = [part.tenant for part in run.parts if part.target == target]
        missing = [name for name in wanted if name not in there]
        for start in range(0, len(missing), _AT_ONCE):
            some = [(name, "HOT") for name in missing[start : start + _AT_ONCE]]
            await create_tenants(
                run.target.client, target, some, run.permit("tenants that are new in the source")
            )
        if missing:
            there = {one.name for one in await run.target.client.tenants(target)}
            left = [name for name in missing if name not in there]
            if left:
                raise TargetChanged(f"{target} did not take the tenant {left[0]}")


async def _replay(run: Run, gone: list[Part], settled: list[str]) -> None:
    names = ", ".join(part.key for part in gone[:_NAMED])
    more = f" and {len(gone) - _NAMED:,} more" if len(gone) > _NAMED else ""
    answer = run.checkpoint.answers.get(ANSWER)
    answered = answer if isinstance(answer, str) else None
    left = {key: value for key, value in run.checkpoint.answers.items() if key != ANSWER}
    asked = set(run.checkpoint.answers.get(_ASKED) or ())
    if answered is None or not {part.key for part in gone} <= asked:
        await run.save(answers=left | {_ASKED: [part.key for part in gone]})
        raise Waits(
            f"{len(gone):,} tenants were deleted in the source since they were copied ({names}"
            f"{more}). Say yes to delete them in the target with all they hold, keep to leave them",
            key=ANSWER,
            choices=("yes", "keep"),
        )
    # In a roll back the target is the old source, whose tenants the job did not make.
    if answered == "yes" and run.spec.rolls_back is None:
        for target in sorted({part.target for part in gone}):
            await _delete(run, target, [part.tenant for part in gone if part.target == target])
        await run.note("deletes", f"tenants deleted as in the source: {names}{more}")
    else:
        text = f"{len(gone):,} tenants that the source no longer has stay in the target: {names}"
        await run.save(notes=(*run.checkpoint.notes, text + more))
    # What was said counts for these: the next that are gone are asked about again.
    await run.save(answers={**left, _SETTLED: sorted({*settled, *(part.key for part in gone)})})


async def _delete(run: Run, target: str, tenants: list[str]) -> None:
    """Delete tenants of a collection that the job made, and read it back."""
    if not await asyncio.to_thread(prepare.made_by_job, run, target):
        raise TargetChanged(f"{target} was not made by this job: its tenants are left alone")
    for start in range(0, len(tenants), _AT_ONCE):
        await run.target.client.transport.send(
            Call(
                method="DELETE",
                path=f"/v1/schema/{path_segment(target)}/tenants",
                json=tenants[start : start + _AT_ONCE],
                timeout=run.target.profile.timeouts.slow,
                permit=run.permit("tenants that were deleted in the source"),
            )
        )
    there = {one.name for one in await run.target.client.tenants(target)}
    left = [name for name in tenants if name in there]
    if left:
        raise TargetChanged(f"{target} still has the tenant {left[0]} after its deletion")
