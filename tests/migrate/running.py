"""A run of a migration without the worker: its job, its claim, its two clusters."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from elysiadash.config.profile import Addresses, Profile
from elysiadash.jobs import claims, folder, queue
from elysiadash.jobs.audit import AuditLog
from elysiadash.jobs.database import Database
from elysiadash.jobs.job import ClusterUse
from elysiadash.jobs.limits import Limits
from elysiadash.jobs.work import Work
from elysiadash.migrate import lanes
from elysiadash.migrate.checkpoint import checkpoint_of
from elysiadash.migrate.executors import Executor, ThreadExecutor
from elysiadash.migrate.lanes import Lanes
from elysiadash.migrate.parts import Part
from elysiadash.migrate.run import Run
from elysiadash.migrate.site import Site
from elysiadash.migrate.spec import COPY, Spec, Wanted, new_job, spec_of


def profile(
    url: str, grpc: str | None, nodes: Mapping[str, str] | None = None, name: str = "here"
) -> Profile:
    """A profile that may write."""
    return Profile(
        name=name, url=url, grpc=grpc, nodes=Addresses(named=dict(nodes or {})), write=True
    )


def submit(state: Path, source: Profile, target: Profile, names: Mapping[str, str]) -> str:
    """Put a copy of collections into the queue; its name."""
    spec = Spec(
        source={"name": source.name, "url": source.url},
        target={"name": target.name, "url": target.url},
        collections=tuple(Wanted(name=name, target=to) for name, to in names.items()),
    )
    uses = (ClusterUse(source.name, source.url), ClusterUse(target.name, target.url))
    with Database.open(state) as database, database.transaction() as tx:
        return queue.submit(tx, new_job(COPY, spec, uses), who="anna").id


@asynccontextmanager
async def run_of(
    state: Path,
    source: Profile,
    target: Profile,
    *,
    executor: Executor | None = None,
    tenants: Mapping[str, Iterable[str]] | None = None,
) -> AsyncIterator[Run]:
    """Claim the job that waits, and open what its engine would open; definitions as stored."""
    with Database.open(state) as database:
        claim = claims.claim_next(database, "w", limits=Limits(jobs_per_cluster=99), patience=5)
        assert claim is not None
        work = Work(database, claim)
        with work.reading() as read:
            job = queue.get(read, claim.job)
            folder.recover(read, work.folder(), claim.job)
        audit = AuditLog(state, profile=target.name, job=claim.job)
        here, there = await Site.open(source, audit=audit), await Site.open(target, audit=audit)
        run = Run(work, spec_of(job.spec), here, there, checkpoint_of(job.checkpoint))
        try:
            await _look(run, tenants or {})
            made = executor or ThreadExecutor()
            run.lanes = Lanes(run, made)
            yield run
        finally:
            await lanes.close(run)
            await here.aclose()
            await there.aclose()
            audit.close()


async def _look(run: Run, tenants: Mapping[str, Iterable[str]]) -> None:
    from elysiadash.weaviate.transport import Call

    for one in run.spec.collections:
        call = Call(method="GET", path=f"/v1/schema/{one.name}", timeout=10)
        answer = await run.source.transport.send(call)
        run.definitions[one.name] = msgspec.json.decode(answer.body)
        names: Iterable[str] = tenants.get(one.name, ("",))
        run.parts += [Part(collection=one.name, target=one.target, tenant=name) for name in names]


def renamed(definition: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A definition under another name."""
    return {**definition, "class": name}
