"""Proves that the target holds what the source holds: range by range, and again under a freeze.

Each proof has a number, ranges of its own in the job's rows (so that it is shown, and goes on
after a crash with the ranges that are left), a file of mismatches, and its counts.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from elysiadash.jobs import ranges
from elysiadash.jobs.ranges import KeyRange
from elysiadash.migrate.checkpoint import Proof
from elysiadash.migrate.clocks import Clocks
from elysiadash.migrate.errors import NotProven
from elysiadash.migrate.pacing import Pacing
from elysiadash.migrate.phases import Verify
from elysiadash.migrate.run import Run
from elysiadash.migrate.verify import keeping
from elysiadash.migrate.verify.counting import count_beside, count_only, ids_only
from elysiadash.migrate.verify.covering import Parts, caveats, readable
from elysiadash.migrate.verify.judging import Tally
from elysiadash.migrate.verify.keeping import PROOFS, Begun
from elysiadash.migrate.verify.lanes import LANES, persistently, side_by_side, to_its_end
from elysiadash.migrate.verify.pieces import (
    Outcome,
    Paces,
    Piece,
    prove_transformed,
    prove_what_changed,
    prove_whole,
)
from elysiadash.migrate.verify.searching import Searched, compare_searches
from elysiadash.migrate.verify.sides import OpenSides
from elysiadash.migrate.verify.transformed import Expected, expectations, times_copied
from elysiadash.scan.keys import as_text
from elysiadash.scan.ledger import DamagedLedger

_SKEW_MS = 60_000
"""Clocks of clusters may be so far apart: what is older than the copy by more is not new."""


class _Method(NamedTuple):
    """How a range is proven; ``goes_on``: an interrupted proof goes on with what is left."""

    name: str
    prove: Callable[[Piece], Awaitable[Outcome]]
    goes_on: bool


_WHOLE = _Method("whole", prove_whole, goes_on=True)
_AGAIN = _Method("again", prove_what_changed, goes_on=False)
_TRANSFORMED = _Method("transformed", prove_transformed, goes_on=False)


async def prove(run: Run, *, final: bool = False) -> Proof:
    """Read both sides whole and compare them, as deep as ``spec.verify`` says.

    ``final``: writers are kept out, so that nothing is excused as changed meanwhile. The proof
    is in the checkpoint when this returns. Raises ``NotProven``, ``Interrupted``.
    """
    return await _proof(run, _WHOLE, final=final)


async def prove_again(run: Run, *, final: bool = True, rounds: int = 0) -> Proof:
    """Prove what changed on either side since the last proof; the rest stands by its times.

    Under a freeze: ids and times of all objects of both sides, and whole only those objects that
    were written since. It always begins anew: what was seen before an interruption may have been
    before the freeze. ``rounds`` of repair are noted in the proof.
    """
    return await _proof(run, _AGAIN, final=final, rounds=rounds)


async def _proof(run: Run, method: _Method, *, final: bool, rounds: int = 0) -> Proof:
    started = time.monotonic()
    sides = OpenSides(run.source, run.target, run.spec.targets)
    level = run.spec.verify
    if level is Verify.NONE:
        proof = Proof(level="none", not_checked=("nothing was verified, as was asked",))
    elif level is Verify.V0:
        proof = await count_only(run, sides)
    elif level is Verify.V1:
        proof = await ids_only(run, sides)
    else:
        proof = await _by_digest(run, sides, method, final=final)
    proof = replace(
        proof, final=final, rounds=rounds, seconds=time.monotonic() - started, at=time.time()
    )
    await run.save(proof=proof)
    return proof


async def _by_digest(run: Run, opened: OpenSides, method: _Method, *, final: bool) -> Proof:
    faults, parts = await readable(run, opened)
    paces = Paces(Pacing(run), Pacing(run))
    if run.spec.transform is not None:
        method = _TRANSFORMED
    begun, went_on = await asyncio.to_thread(_begin, run, list(parts), method, final)
    async with expectations(run, parts, paces.source) as expected:
        await _prove_ranges(run, begun.number, parts, method, paces, expected, final=final)
    if went_on and final:
        # Its first ranges were seen before the interruption: they are looked at once more.
        begun, _ = await asyncio.to_thread(_begin, run, list(parts), _AGAIN, final)
        await _prove_ranges(run, begun.number, parts, _AGAIN, paces, {}, final=final)
    done = await asyncio.to_thread(keeping.reread, run.work, begun)
    if not done.done or {one.tenant for one in done.ranges} != set(parts):
        raise NotProven(f"proof {done.number} is not whole; resume the job")
    tallies = done.tallies()
    for key, one in expected.items():
        # What was compared are the transform's objects; what was read are the source's.
        tallies[key].source = one.read
        faults += [
            f"more than one object of {key} became {as_text(twin)}"
            for twin in dict.fromkeys(one.twins)
        ]
    counted = await count_beside(run, parts, tallies, final=final)
    total = Tally()
    for tally in tallies.values():
        total.add(tally)
    searched = Searched([], [], [])
    if run.spec.verify is Verify.V4 and final:
        searched = await compare_searches(run, parts)
    elif run.spec.verify is Verify.V4:
        searched.not_checked.append("search: it is compared when writers are kept out")
    level = run.spec.verify
    if level is Verify.V4 and not searched.told:
        # What was not done is not claimed.
        level = Verify.V3
    return Proof(
        level=level.value,
        number=done.number,
        searched=tuple(searched.told),
        faults=(*faults, *counted.faults, *searched.faults),
        not_checked=(
            *caveats(run, parts, final=final),
            *counted.not_checked,
            *searched.not_checked,
        ),
        **msgspec.to_builtins(total),
    )


async def _prove_ranges(
    run: Run,
    number: int,
    parts: Parts,
    method: _Method,
    paces: Paces,
    expected: dict[str, Expected],
    *,
    final: bool,
) -> None:
    begun_ms = None
    if not final:
        job = await asyncio.to_thread(run.work.job)
        begun_ms = (job.started or job.created) * 1000 - _SKEW_MS
    clocks = Clocks(run.source)
    copied = await asyncio.to_thread(keeping.copied, run.work)
    file = await asyncio.to_thread(keeping.mismatches_of, run.work, number)

    async def lane(slot: int) -> None:
        while (taken := await asyncio.to_thread(_take, run, number, slot)) is not None:
            began = time.monotonic()
            part, sides = parts[taken.tenant]
            known = copied[taken.tenant, taken.lower]
            piece = Piece(
                sides,
                part.tenant,
                taken.lower,
                taken.upper,
                await asyncio.to_thread(keeping.ledger_of, run.work, known),
                paces,
                begun_ms,
                clocks,
                expected.get(part.key),
                partial(times_copied, run.work, part),
            )
            what = f"{part.key} from {taken.lower.hex()[:8]} to {taken.upper.hex()[:8]}"
            try:
                outcome = await persistently(run, what, partial(method.prove, piece))
            except DamagedLedger as error:
                raise NotProven(f"{error}; cancel the job and begin it anew") from None
            seconds = time.monotonic() - began
            await to_its_end(partial(keeping.keep, run.work, taken, known, outcome, file, seconds))

    try:
        await side_by_side(lane, LANES)
    finally:
        await asyncio.to_thread(file.close)


def _take(run: Run, number: int, slot: int) -> KeyRange | None:
    with run.work.held() as tx:
        return ranges.take(tx, slot, generation=PROOFS + number)


def _begin(run: Run, keys: list[str], method: _Method, final: bool) -> tuple[Begun, bool]:
    """Begin the next proof, or go on with the one that was interrupted: which, and whether."""
    how = {"method": method.name, "final": final}
    with run.work.reading() as read:
        begun = keeping.latest(read, run.job)
        told = run.checkpoint.proof
        if (
            method.goes_on
            and begun is not None
            and (told is None or told.number < begun.number)
            and {one.tenant for one in begun.ranges} == set(keys)
            and all(how.items() <= one.extra.items() for one in begun.ranges)
            and keeping.still_stands(read, run.job, begun)
        ):
            return begun, True
    return keeping.begin(run.work, keys, how), False
