"""Copies again what verification found missing or different, and has it proven again.

What the target holds and the source does not is never removed here: deletes are replayed by
generations, with all that this needs, and what the job did not write is not its to touch (P13).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from elysiadash.migrate import ids, ledgers
from elysiadash.migrate.checkpoint import Proof
from elysiadash.migrate.parts import Part
from elysiadash.migrate.run import Run
from elysiadash.migrate.verify import prove_again
from elysiadash.migrate.verify.mismatches import Mismatch, every
from elysiadash.scan.keys import as_bytes
from elysiadash.scan.ledger import Entry

MOST_ROUNDS: Final = 3

CopyIds = Callable[[Run, Part, Iterable[bytes]], Awaitable[list[Entry]]]
"""Copies objects as they are in the source now, with their references; entries of those that
were stored, in order of id."""


async def repair(run: Run, proof: Proof, *, copy: CopyIds | None = None) -> Proof:
    """Copy again what differs, at most three rounds, and prove it; the proof of the last round.

    What still differs then stays listed (``verify.mismatches``), by kind and field.
    """
    copy = copy or ids.copy_ids
    for number in range(proof.rounds + 1, MOST_ROUNDS + 1):
        wanted = await asyncio.to_thread(_repairable, run)
        if not wanted:
            break
        count = sum(map(len, wanted.values()))
        await run.note("repair", f"round {number}: {count:,} objects are copied again")
        stored = 0
        for part in run.parts:
            if part.key not in wanted:
                continue
            await run.breathe()
            entries = await copy(run, part, wanted[part.key])
            stored += len(entries)
            await asyncio.to_thread(ledgers.replace, run.work, part, entries, 0)
        proof = await prove_again(run, final=proof.final, rounds=number)
        if not stored:
            # Nothing could be written: another round would find the same.
            break
    return proof


def can_be_repaired(one: Mismatch) -> bool:
    """Whether copying it again may help, and touches nothing that the job did not write."""
    return one.kind == "missing" or (one.kind == "different" and one.ours)


def _repairable(run: Run) -> dict[str, list[bytes]]:
    """Ids by part, in order."""
    found: dict[str, list[bytes]] = {}
    for one in every(run.work):
        if can_be_repaired(one):
            found.setdefault(one.part, []).append(as_bytes(one.id))
    return {part: sorted(ids) for part, ids in found.items()}
