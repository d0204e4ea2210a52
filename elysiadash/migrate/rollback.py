"""Taking a move back: an ordinary job with the ends swapped and the first one's ledgers.

The first job noted at read-back when the target stored each object. What has another time there
now was written by the application since the cut-over, and only that is copied back; what is gone
there is deleted here too. So a roll back is a series of generations, proven and frozen like any
other move. A transform cannot be taken back.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from elysiadash.jobs import folder, ranges
from elysiadash.jobs.ranges import RangeState
from elysiadash.migrate import ledgers
from elysiadash.migrate.both_ends import expires
from elysiadash.migrate.errors import MigrationStopped, Waits
from elysiadash.migrate.ledgers import COPIED, PartLedger
from elysiadash.migrate.pacing import Pacing
from elysiadash.migrate.parts import Part
from elysiadash.migrate.phases import Freeze, Strategy, Verify
from elysiadash.migrate.piece_files import MAYBE_STORED
from elysiadash.migrate.run import Run
from elysiadash.migrate.spec import Spec, Wanted
from elysiadash.migrate.trying import trying
from elysiadash.scan.extent import Extent
from elysiadash.scan.ids import IdTimeScan
from elysiadash.scan.ledger import NOT_KNOWN, READ_AGAIN, Entry, Ledger, LedgerWriter

_LEAVES_OUT: Final = re.compile(r"(properties|vectorConfig)\.[^=]*=null$")
ANSWER: Final = "roll-back-over"
"""The key of the answer to what was written to the old source since: ``yes`` goes on."""
_SLOT: Final = 1_000_001
_PATIENCE_S: Final = 600.0


def why_not(spec: Spec) -> str | None:
    """Why a move cannot be taken back; None where it can."""
    if spec.transform is not None:
        return "one way: a transform changed the objects, and nothing turns them back"
    if spec.strategy is Strategy.BACKUP:
        return "one way: a backup and restore keeps no ledger to go back by"
    if spec.schema_only:
        return "there is nothing to take back: no objects were moved"
    left_out = [text for text in spec.settings if _LEAVES_OUT.match(text)]
    if left_out:
        return (
            f"one way: {', '.join(left_out)} left out what the old objects hold, and going back"
            " would take it from them"
        )
    return None


def swapped(spec: Spec, job: str) -> Spec:
    """What the job that takes ``job`` back is asked to do. Raises ``ValueError`` where none can.

    It is an online move with a freeze and a proof whatever the first one was; what a person said
    for the first (writers are stopped, blocks that were lifted) does not count for it.
    """
    reason = why_not(spec)
    if reason is not None:
        raise ValueError(reason)
    return msgspec.structs.replace(
        spec,
        source=spec.target,
        target=spec.source,
        collections=tuple(
            Wanted(name=one.target, target=one.name, tenants=one.tenants)
            for one in spec.collections
        ),
        strategy=Strategy.ONLINE,
        settings=(),
        overwrite=False,
        accepted=(),
        answers={},
        freeze=spec.freeze if spec.freezes else Freeze.AUTO,
        verify=Verify.V2 if spec.verify is Verify.NONE else spec.verify,
        writer_key=spec.writer_key if spec.same_cluster else None,
        rolls_back=job,
    )


async def seed(run: Run) -> None:
    """Give every part the ledgers of the job that is taken back; called again it goes on.

    A part that the first job did not have gets none: generations take all of it for new. Raises
    ``MigrationStopped`` where those ledgers are not there any more.
    """
    for part in run.parts:
        await run.breathe()
        await asyncio.to_thread(_seed, run, part)


async def fail_if_written(run: Run) -> None:
    """Ask where the old source was written to since its copy: those objects would be overwritten.

    ``seed`` is done and no generation has begun. Raises ``Waits``.
    """
    if run.checkpoint.answers.get(ANSWER) == "yes":
        return
    written = 0
    for part in run.parts:
        written += await trying(
            run,
            lambda: _written(run, part),  # noqa: B023 - awaited here
            patience_s=_PATIENCE_S,
        )
    if written:
        raise Waits(
            f"{written:,} objects of {', '.join(sorted({one.target for one in run.parts}))} were"
            " written there since they were copied, by somebody who still uses the old place:"
            " rolling back overwrites those that changed in the new one as well. Say yes to go on",
            key=ANSWER,
            choices=("yes",),
        )


def _seed(run: Run, part: Part) -> None:
    first, job = run.spec.rolls_back, run.job
    if first is None:
        raise ValueError("the job takes no other back")
    before = Part(collection=part.target, target=part.collection, tenant=part.tenant)
    with run.work.reading() as read:
        theirs = ranges.of(read, first, generation=COPIED, tenant=before.key)
        files = ledgers.committed(read, first)
    if not theirs:
        return
    there = folder.path_of(run.work.state, first)
    lost = [
        one for one in theirs if one.id not in files or not (there / files[one.id][1]).is_file()
    ]
    if lost or any(one.state is not RangeState.DONE for one in theirs):
        raise MigrationStopped(
            f"the ledgers of job {first} are not whole any more, so nothing says what changed in"
            f" {part.key} since: move it back with a new job instead"
        )
    with run.work.held() as tx:
        if not ranges.of(tx, job, generation=COPIED, tenant=part.key):
            ranges.add(
                tx, job, [one.interval for one in theirs], generation=COPIED, tenant=part.key
            )
    by_lower = {one.lower: one for one in theirs}
    while True:
        with run.work.held() as tx:
            mine = ranges.take(tx, _SLOT, generation=COPIED, tenant=part.key)
        if mine is None:
            return
        name = ledgers.name_of(mine.id, COPIED)
        path = run.work.folder() / name
        with Ledger(there / files[by_lower[mine.lower].id][1]) as old, LedgerWriter(path) as new:
            new.extend(turned(old))
            new.commit()
        with run.work.held() as tx:
            folder.commit(tx, name, path.stat().st_size)
            ranges.finish(tx, mine)


def turned(entries: Iterable[Entry]) -> Iterator[Entry]:
    """A ledger as seen from the other end: what was the target's time is what a scan will see."""
    for entry in entries:
        known = entry.target_time > MAYBE_STORED
        time = entry.target_time if known else READ_AGAIN
        yield Entry(entry.id, time, NOT_KNOWN, entry.time)


async def _written(run: Run, part: Part) -> int:
    """Objects of the old source that have another time than when they were copied, or are new."""
    scan = IdTimeScan(
        run.target.contact,
        Extent(
            collection=part.target,
            tenant=part.tenant,
            tenant_is_hot=bool(part.tenant),
            expires=expires(run.definitions.get(part.collection, {})),
        ),
        owners=run.target.owners,
        pace=Pacing(run),
        others=tuple((await run.target.coordinators()).values()),
        max_message=run.target.meta.grpc_max_message_size,
    )
    found = 0
    with PartLedger.of(run.work, part) as ledger:
        entries = iter(ledger)
        entry = next(entries, None)
        async for page in scan.pages():
            for key, updated in page:
                while entry is not None and entry.id < key:
                    entry = next(entries, None)
                known = entry if entry is not None and entry.id == key else None
                found += known is None or _other(known, updated)
            await run.breathe()
    return found


def _other(known: Entry, updated: int) -> bool:
    """A time of 0 says nothing: the object was copied too close to a change."""
    return known.target_time not in (0, updated)
