"""Copies again what verification found missing or different, and has it proven again.

What the target holds and the source does not is never removed here: deletes are replayed by
generations, with all that this needs, and what the job did not write is not its to touch (P13).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from elysiadash.migrate import ledgers, origins
from elysiadash.migrate.both_ends import Ends, Live
from elysiadash.migrate.checkpoint import Proof
from elysiadash.migrate.ids import Copied, copy_ids, copy_with_pairs
from elysiadash.migrate.ledgers import PartLedger
from elysiadash.migrate.parts import Part
from elysiadash.migrate.piece_files import MAYBE_STORED
from elysiadash.migrate.run import Run
from elysiadash.migrate.transformed_ends import TransformedEnds
from elysiadash.migrate.verify import prove_again
from elysiadash.migrate.verify.mismatches import Mismatch, every
from elysiadash.scan.keys import as_bytes
from elysiadash.scan.ledger import NOT_KNOWN, READ_AGAIN, Entry, Gone

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
            new = await asyncio.to_thread(_intend, run, part, ids)
            copied = await copy(run, part, ids)
            told = {entry.id for entry in copied.entries}
            untold = [key for key in new if key not in told]
            also = await ends_of(run).stored(part, untold) if untold else []
            copied = copied._replace(entries=sorted([*copied.entries, *also]))
            stored += len(copied.entries)
            await asyncio.to_thread(_keep, run, part, ids, copied, untold)
        proof = await prove_again(run, final=proof.final, rounds=number)
        if not stored:
            # Nothing could be written: another round would find the same.
            break
    return proof


def ends_of(run: Run) -> Ends:
    """The two clusters, to read back what was written."""
    return Live(run, copy_ids) if run.transform is None else TransformedEnds(run)


def can_be_repaired(one: Mismatch) -> bool:
    """Whether copying it again may help, and touches nothing that the job did not write."""
    return one.kind == "missing" or (one.kind == "different" and one.ours)


def _intend(run: Run, part: Part, ids: list[bytes]) -> list[bytes]:
    """Bring ids that the ledger does not know into it before they are written; which they were.

    Whoever dies then, the next generation reads them again, and one that is gone from the source
    is deleted in the target: nothing that the job wrote stays unknown to it.
    """
    with PartLedger.of(run.work, part) as ledger:
        new = [key for key in ids if ledger.get(key) is None]
    if new:
        entries = [Entry(key, READ_AGAIN, NOT_KNOWN, MAYBE_STORED) for key in new]
        ledgers.replace(run.work, part, entries, 0)
    return new


def _keep(run: Run, part: Part, ids: list[bytes], copied: Copied, untold: list[bytes]) -> None:
    """What is stored counts; what was intended and is not stored is forgotten again."""
    stored = {entry.id for entry in copied.entries}
    changes: list[Entry | Gone] = [Gone(key) for key in untold if key not in stored]
    changes += copied.entries
    if run.transform is not None:
        origins.replace(run.work, part, ids, copied.pairs, 0)
    ledgers.replace(run.work, part, sorted(changes, key=lambda one: one.id), 0)


def _repairable(run: Run) -> dict[str, list[bytes]]:
    """Ids in the source by part, in order."""
    found: dict[str, set[bytes]] = {}
    mine = {part.key for part in run.parts}
    for one in every(run.work):
        if one.part in mine and can_be_repaired(one):
            found.setdefault(one.part, set()).add(as_bytes(one.made_of or one.id))
    return {part: sorted(ids) for part, ids in found.items()}
