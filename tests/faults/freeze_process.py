"""A worker that freezes and then only lives: ``python -m tests.faults.freeze_process STATE S``.

It claims the job, freezes, prints ``frozen`` and says that it lives until it is killed, while it
proves the freeze twice a second and prints what it finds. The watchdog waits S seconds for it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from elysiadash.config import reference
from elysiadash.config.profile import Profile
from elysiadash.jobs import claims, queue
from elysiadash.jobs.audit import AuditLog
from elysiadash.jobs.database import Database
from elysiadash.jobs.errors import ClaimLost
from elysiadash.jobs.job import ClusterUse, Job
from elysiadash.jobs.limits import Limits
from elysiadash.jobs.work import Work
from elysiadash.migrate import freeze
from elysiadash.migrate.checkpoint import checkpoint_of
from elysiadash.migrate.errors import NotFrozen
from elysiadash.migrate.freeze import watching
from elysiadash.migrate.run import Run
from elysiadash.migrate.site import Site
from elysiadash.migrate.spec import MIGRATE, Spec, Wanted, new_job, spec_of

BEATS_S = 1.0


def submit(state: Path, source: Profile, names: dict[str, str], **changes: Any) -> Job:
    """Put a migration of these collections (name: target) into the queue."""
    told = reference.of(source)
    fields: dict[str, Any] = {
        "source": told,
        "target": told,
        "collections": tuple(Wanted(name=name, target=there) for name, there in names.items()),
    }
    spec = Spec(**{**fields, **changes})
    use = (ClusterUse("source", source.url), ClusterUse("target", source.url))
    with Database.open(state) as database, database.transaction() as tx:
        return queue.submit(tx, new_job(MIGRATE, spec, use))


@asynccontextmanager
async def running(state: Path) -> AsyncIterator[Run]:
    """The next job in our hands, with its clusters open."""
    with Database.open(state) as database:
        claim = claims.claim_next(database, "tests", limits=Limits(jobs_per_cluster=9))
        assert claim is not None
        with database.reading() as read:
            job = queue.get(read, claim.job)
        spec = spec_of(job.spec)
        audit = AuditLog(state, profile="tests", job=job.id)
        source = await Site.open(reference.resolve(spec.source), audit=audit)
        target = await Site.open(reference.resolve(spec.target), audit=audit)
        beating = asyncio.create_task(_beat(database, claim))
        try:
            yield Run(Work(database, claim), spec, source, target, checkpoint_of(job.checkpoint))
        finally:
            beating.cancel()
            await source.aclose()
            await target.aclose()


async def _beat(database: Database, claim: claims.Claim) -> None:
    while True:
        await asyncio.sleep(BEATS_S / 2)
        await asyncio.to_thread(claims.beat, database, claim)


async def main(state: Path) -> None:
    async with running(state) as run:
        await freeze.freeze(run)
        print("frozen", flush=True)
        while True:
            await asyncio.sleep(BEATS_S / 2)
            try:
                print("holds:", *await freeze.holds(run), flush=True)
            except (NotFrozen, ClaimLost) as broken:
                print("broken:", broken, flush=True)


if __name__ == "__main__":
    watching.SILENCE_S = float(sys.argv[2])
    asyncio.run(main(Path(sys.argv[1])))
