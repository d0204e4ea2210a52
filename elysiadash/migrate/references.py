"""Writes references when all objects are there, so that none leads to what is still to come.

Each part's ranges are gone through once more, with the same lanes, watermarks and retries. The
target's times move with it, and the ledger is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from elysiadash.jobs import folder, ranges
from elysiadash.migrate import keeping, ledgers
from elysiadash.migrate.copying import Passage
from elysiadash.migrate.keeping import REFERENCES, entries_in, records_name
from elysiadash.migrate.lanes import lanes_of
from elysiadash.migrate.ledgers import PartLedger
from elysiadash.migrate.parts import Part
from elysiadash.migrate.run import Run
from elysiadash.scan.ledger import Entry
from elysiadash.weaviate.objects import shape_of


async def copy_references(run: Run) -> None:
    """Give every object of every part its references; ``copy`` is done. May be called again.

    Raises ``MigrationStopped`` and ``Interrupted``.
    """
    chosen = [part for part in run.parts if _has_references(run, part)]
    if not chosen:
        return
    lanes = lanes_of(run)
    for part in chosen:
        await asyncio.to_thread(keeping.plan_references, run, part)
    await lanes.begin()
    await Passage(run, lanes, chosen, generation=REFERENCES).go()
    for part in chosen:
        await run.breathe()
        await asyncio.to_thread(_tell_ledger, run, part)


def _has_references(run: Run, part: Part) -> bool:
    """Whether objects can have any: with a transform, what the target's definition has."""
    definition = run.definitions[part.collection]
    if run.transform is not None:
        definition = run.translations[part.collection].target
    return bool(shape_of(definition).references)


def _tell_ledger(run: Run, part: Part) -> None:
    """Bring the target's new times into the part's ledgers."""
    with run.work.reading() as read:
        lengths = folder.committed(read, run.job)
        done = ranges.of(read, run.job, generation=REFERENCES, tenant=part.key)
    names = [name for one in done if (name := records_name(one.id, REFERENCES)) in lengths]
    if not names:
        return
    where = run.work.folder()

    def changes() -> Iterator[Entry]:
        with PartLedger.of(run.work, part) as ledger:
            for name in names:
                for key, _, _, target_time in entries_in(where / name, lengths[name]):
                    known = ledger.get(key)
                    if known is not None:
                        # The source's time stays that of the object's own copy.
                        yield known._replace(target_time=target_time)

    ledgers.replace(run.work, part, changes(), 0)
    with run.work.held() as tx:
        for name in names:
            folder.uncommit(tx, name)
    for name in names:
        (where / name).unlink(missing_ok=True)
