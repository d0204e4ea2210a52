"""Copies again what verification found missing or different, and has it proven again.

What the target holds and the source does not is never removed here: deletes are replayed by
generations, with all that this needs, and what the job did not write is not its to touch (P13).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from elysiadash.migrate import ledgers, origins
from elysiadash.migrate.checkpoint import Proof
from elysiadash.migrate.ids import Copied, copy_with_pairs
from elysiadash.migrate.parts import Part
from elysiadash.migrate.run import Run
from elysiadash.migrate.verify import prove_again
from elysiadash.migrate.verify.mismatches import Mismatch, every
from elysiadash.scan.keys import as_bytes

MOST_ROUNDS: Final = 3

CopyIds = Callable[[Run, Part, Iterable[bytes]], Awaitable[Copied]]
"""Copies objects by the ids that they have in the source, as they are now, with their references:
the ledger's entries of those that were stored, and what a transform made of which."""


async def repair(run: Run, proof: Proof, *, copy: CopyIds = copy_with_pairs) -> Proof:
    """Copy again what differs, at most three rounds, and prove it; the proof of the last round.

    What still differs then stays listed (``verify.mismatches``), by kind and field.
    """
    for number in range(proof.rounds + 1, MOST_ROUNDS + 1):
        wanted = await asyncio.to_thread(_repairable, run)
        if not wanted:
            break
        count = sum(map(len, wanted.values()))
        await run.note("repair", f"round {number}: {count:,} objects are copied again")
        stored = 0
        for part in run.parts:
            ids = wanted.get(part.key)
            if not ids:
                continue
            await run.breathe()
            copied = await copy(run, part, ids)
            stored += len(copied.entries)
            await asyncio.to_thread(_keep, run, part, ids, copied)
        proof = await prove_again(run, final=proof.final, rounds=number)
        if not stored:
            # Nothing could be written: another round would find the same.
            break
    return proof


def can_be_repaired(one: Mismatch) -> bool:
    """Whether copying it again may help, and touches nothing that the job did not write."""
    return one.kind == "missing" or (one.kind == "different" and one.ours)


def _keep(run: Run, part: Part, ids: list[bytes], copied: Copied) -> None:
    if run.transform is not None:
        origins.replace(run.work, part, ids, copied.pairs, 0)
    ledgers.replace(run.work, part, copied.entries, 0)


def _repairable(run: Run) -> dict[str, list[bytes]]:
    """Ids in the source by part, in order."""
    found: dict[str, set[bytes]] = {}
    mine = {part.key for part in run.parts}
    for one in every(run.work):
        if one.part in mine and can_be_repaired(one):
            found.setdefault(one.part, set()).add(as_bytes(one.made_of or one.id))
    return {part: sorted(ids) for part, ids in found.items()}
