"""Thaws what a job left frozen, in a process that is not its worker: for a person, or a start."""

from __future__ import annotations

import asyncio
from pathlib import Path

from elysiadash.config import reference
from elysiadash.jobs import claims, queue, steps
from elysiadash.jobs.audit import AuditLog
from elysiadash.jobs.database import Database
from elysiadash.migrate.freeze import thawing
from elysiadash.migrate.freeze.noted import STEP, Undo, noted, title
from elysiadash.migrate.site import Site
from elysiadash.migrate.spec import spec_of
from elysiadash.weaviate.guard import Permit


def thaw_by_hand(state: Path, job: str, who: str) -> tuple[str, ...]:
    """See ``left_frozen.thaw_now``."""
    with Database.open(state) as database:
        with database.transaction() as tx:
            found = noted(tx, job)
            source = spec_of(queue.get(tx, job).spec).source
            if found is None:
                return ()
            # Whoever works on it must not go on believing that nobody writes.
            claims.revoke(tx, job, who=who, reason="thawed by hand")
        profile = reference.resolve(source)
        audit = AuditLog(state, profile=profile.name, job=job)
        try:
            done = asyncio.run(_thaw(Site(profile, audit=audit), found.undo, job, who))
        finally:
            audit.close()
        with database.transaction() as tx:
            now = noted(tx, job)
            if now is not None and now.undo.mark == found.undo.mark:
                steps.put_back(tx, job, STEP, who=who, reason="by hand")
        return done


async def _thaw(site: Site, undo: Undo, job: str, who: str) -> tuple[str, ...]:
    permit = Permit(reason=f"thaw: {title(undo)}, by {who}", job=job, phase="THAW")
    try:
        return await thawing.thaw(site.client, undo, permit)
    finally:
        await site.aclose()
