"""Objects that a copy wrote and nobody noted: their slice failed, or its process died.

Where the source still has them they are copied again, and noted then. Where it deleted them
meanwhile nobody would ever know: so each slice that ended without a word leaves a doubt, which
says in which keys and between which times it may have written. When all is copied the target is
looked at there, and what is in doubt goes into the ledger; the next generation finds it gone from
the source, or reads it again. Nothing outside of a doubt is taken for the job's own (promise P13).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Final

import msgspec

from elysiadash.jobs import ranges
from elysiadash.jobs.ranges import KeyRange, RangeState
from elysiadash.migrate import ledgers
from elysiadash.migrate.checkpoint import Doubt
from elysiadash.migrate.ledgers import COPIED, PartLedger
from elysiadash.migrate.pacing import Pacing
from elysiadash.migrate.parts import Part, of_key
from elysiadash.migrate.run import Run
from elysiadash.scan.extent import Extent
from elysiadash.scan.ids import IdTimeScan
from elysiadash.scan.ledger import NOT_KNOWN, READ_AGAIN, Entry

_SKEW_MS: Final = 2_000
"""How far the target's clock may be from ours; its times are compared with ours here."""
_DEAD_MS: Final = 90_000
"""So long before it was missed, a worker that died can have sent what it did not note."""


async def doubt(run: Run, pieces: Sequence[KeyRange], since: float) -> None:
    """Note that slices of these ranges, sent after ``since`` (wall time), may have written."""
    found = {(one.part, one.lower, one.upper): one for one in run.checkpoint.doubts}
    now_ms = int(time.time() * 1000)
    for piece in pieces:
        rest = piece.rest
        if rest is None:
            continue
        new = Doubt(
            part=piece.tenant,
            lower=rest[0].hex(),
            upper=rest[1].hex(),
            since_ms=int(since * 1000) - _SKEW_MS,
            until_ms=now_ms + _SKEW_MS,
        )
        key = (new.part, new.lower, new.upper)
        before = found.get(key)
        if before is not None:
            since_ms = min(before.since_ms, new.since_ms)
            new = msgspec.structs.replace(new, since_ms=since_ms)
        found[key] = new
    if len(found) > len(run.checkpoint.doubts) or pieces:
        await run.save(doubts=tuple(found.values()))


async def doubt_the_dead(run: Run) -> None:
    """Note what a worker that held this job before us may have written and not noted."""
    token = run.work.claim.token

    def left() -> list[KeyRange]:
        with run.work.reading() as read:
            return [
                one
                for one in ranges.of(read, run.job, generation=COPIED)
                if one.state is RangeState.TAKEN and one.token != token
            ]

    pieces = await asyncio.to_thread(left)
    if pieces:
        await doubt(run, pieces, time.time() - _DEAD_MS / 1000)


async def adopt(run: Run) -> int:
    """Bring what is in doubt into the ledgers; how many objects. All ranges are copied.

    With a transform nothing is taken: an id of the target does not say of which object it is.
    """
    doubts = run.checkpoint.doubts
    if not doubts:
        return 0
    taken = 0
    if run.spec.transform is None:
        parts = {one.part: of_key(one.part, run.spec.targets) for one in doubts}
        for key, part in sorted(parts.items()):
            await run.breathe()
            found: dict[bytes, Entry] = {}
            for one in doubts:
                if one.part == key:
                    found |= await _written(run, part, one)
            entries = [found[identity] for identity in sorted(found)]
            if entries:
                await asyncio.to_thread(ledgers.replace, run.work, part, entries, COPIED)
                taken += len(entries)
    if taken:
        await run.note(
            "orphans",
            f"{taken:,} objects of the target were written by slices that ended without a word, "
            "and are not in the ledger: the next generation settles them",
        )
    await run.save(doubts=())
    return taken


async def _written(run: Run, part: Part, one: Doubt) -> dict[bytes, Entry]:
    """What the target holds within a doubt and the ledger does not know."""
    scan = IdTimeScan(
        run.target.contact,
        Extent(
            collection=part.target,
            tenant=part.tenant,
            tenant_is_hot=bool(part.tenant),
            lower=bytes.fromhex(one.lower),
            upper=bytes.fromhex(one.upper),
        ),
        owners=run.target.owners,
        pace=Pacing(run),
        max_message=run.target.meta.grpc_max_message_size,
    )
    seen: dict[bytes, int] = {}
    async for page in scan.pages():
        for identity, updated in page:
            if one.since_ms <= updated <= one.until_ms:
                seen[identity] = updated

    def unknown() -> dict[bytes, Entry]:
        with PartLedger.of(run.work, part) as ledger:
            return {
                identity: Entry(identity, READ_AGAIN, NOT_KNOWN, updated)
                for identity, updated in seen.items()
                if ledger.get(identity) is None
            }

    return await asyncio.to_thread(unknown)
