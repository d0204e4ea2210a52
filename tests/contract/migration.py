"""One run of a migration without a worker: a job of its own, claimed, and its two clusters open."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec

from elysiadash.config.profile import Addresses, Profile
from elysiadash.jobs import claims, outcomes, queue
from elysiadash.jobs.audit import AuditLog
from elysiadash.jobs.database import Database
from elysiadash.jobs.job import ClusterUse
from elysiadash.jobs.work import Work
from elysiadash.migrate.checkpoint import Checkpoint, checkpoint_of
from elysiadash.migrate.run import Run
from elysiadash.migrate.site import Site
from elysiadash.migrate.spec import MIGRATE, Spec, Wanted, new_job, spec_of


@dataclass
class Cluster:
    """A cluster's addresses, and raw requests to it that share no code with the package."""

    nodes: dict[str, str]
    grpc: str | None
    raw: httpx.AsyncClient

    def profile(self, name: str, *, write: bool = True, **others: Any) -> Profile:
        return Profile(
            name=name,
            url=next(iter(self.nodes.values())),
            grpc=self.grpc,
            nodes=Addresses(named=self.nodes),
            write=write,
            **others,
        )

    async def create(self, definition: Mapping[str, Any]) -> None:
        answer = await self.raw.post("/v1/schema", json=definition)
        assert answer.status_code == 200, answer.text

    async def definition(self, name: str) -> dict[str, Any] | None:
        answer = await self.raw.get(f"/v1/schema/{name}")
        return None if answer.status_code == 404 else answer.json()

    async def put(self, collection: str, objects: list[dict[str, Any]]) -> None:
        body = {"objects": [{"class": collection, **one} for one in objects]}
        answer = await self.raw.post("/v1/batch/objects?consistency_level=ALL", json=body)
        assert answer.status_code == 200, answer.text
        wrong = [one["result"] for one in answer.json() if one["result"]["status"] != "SUCCESS"]
        assert not wrong, wrong[:3]

    async def drop(self, *names: str) -> None:
        for name in names:
            await self.raw.delete(f"/v1/schema/{name}")


@asynccontextmanager
async def cluster_at(nodes: dict[str, str], grpc: str | None) -> AsyncIterator[Cluster]:
    """A cluster for as long as the block lasts."""
    url = next(iter(nodes.values()))
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as raw:
        yield Cluster(nodes, grpc, raw)


def spec(*names: str | tuple[str, str], **others: Any) -> Spec:
    """What is asked for; a pair is a source and a target name."""
    pairs = [(one, f"{one}Copy") if isinstance(one, str) else one for one in names]
    wanted = tuple(Wanted(name=name, target=target) for name, target in pairs)
    return Spec(
        **{"source": {"name": "a"}, "target": {"name": "b"}, "collections": wanted} | others
    )


@asynccontextmanager
async def run_of(
    state: Path, source: Profile, target: Profile, wanted: Spec, *, kind: str = MIGRATE
) -> AsyncIterator[Run]:
    """A new job in the hands of a worker."""
    with Database.open(state) as database:
        with database.transaction() as tx:
            uses = tuple(ClusterUse(one.name, one.url) for one in (source, target))
            job = queue.submit(tx, new_job(kind, wanted, uses)).id
        claim = claims.claim_next(database, "worker")
        assert claim is not None
        assert claim.job == job
        async with opened(Work(database, claim), source, target) as run:
            yield run


@asynccontextmanager
async def again(run: Run) -> AsyncIterator[Run]:
    """The same job after its worker died: another claim, nothing but what is on disk."""
    database = run.work.database
    with run.work.held() as tx:
        outcomes.give_back(tx)
    claim = claims.claim_next(database, "another")
    assert claim is not None
    async with opened(Work(database, claim), run.source.profile, run.target.profile) as new:
        yield new


@asynccontextmanager
async def opened(work: Work, source: Profile, target: Profile) -> AsyncIterator[Run]:
    """The run of a claimed job."""
    job = work.job()
    plain = msgspec.json.decode(msgspec.json.encode(job.checkpoint))
    checkpoint = checkpoint_of(plain) if plain else Checkpoint()
    async with AsyncExitStack() as stack:
        sites = []
        for profile in (source, target):
            audit = AuditLog(work.state, profile=profile.name, job=job.id)
            stack.callback(audit.close)
            site = await Site.open(profile, audit=audit)
            stack.push_async_callback(site.aclose)
            sites.append(site)
        yield Run(work, spec_of(job.spec), sites[0], sites[1], checkpoint)
