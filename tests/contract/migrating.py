"""A run inside one cluster of three nodes, and a copier of the tests' own, which is only REST."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from elysiadash.config.profile import Addresses, Profile
from elysiadash.demo.clock import ManualClock
from elysiadash.demo.cluster import simulated
from elysiadash.jobs.work import Work
from elysiadash.migrate.checkpoint import Checkpoint
from elysiadash.migrate.parts import Part
from elysiadash.migrate.rollback import swapped
from elysiadash.migrate.run import Run
from elysiadash.migrate.site import Site
from elysiadash.migrate.spec import Spec, Wanted
from elysiadash.scan.ledger import READ_AGAIN, Entry
from elysiadash.weaviate.guard import AuditEntry, Permit
from tests.servers.real import RealCluster
from tests.unit.jobs.given import opened, running

SOURCE, TARGET = "Changing", "ChangingCopy"


class Audited:
    """Audit lines, in memory."""

    def __init__(self) -> None:
        self.lines: list[AuditEntry] = []

    def record(self, entry: AuditEntry) -> None:
        self.lines.append(entry)


@dataclass
class Cluster:
    """Three nodes, asked by the tests' own hand, and profiles for them."""

    nodes: dict[str, str]
    grpc: str
    http: httpx.AsyncClient
    pass_by: Callable[[float], None]
    is_simulated: bool
    made: set[str] = field(default_factory=set)

    def profile(self, *, write: bool = True) -> Profile:
        url = next(iter(self.nodes.values()))
        return Profile(
            name="here", url=url, grpc=self.grpc, nodes=Addresses(named=self.nodes), write=write
        )

    async def make(self, name: str, *, factor: int = 1, tenants: Sequence[str] = ()) -> None:
        body: dict[str, Any] = {
            "class": name,
            "vectorizer": "none",
            "properties": [
                {"name": "text", "dataType": ["text"]},
                {"name": "points", "dataType": [name]},
            ],
            "replicationConfig": {"factor": factor},
            "multiTenancyConfig": {"enabled": bool(tenants)},
        }
        if not tenants:
            body["shardingConfig"] = {"desiredCount": 3}
        self.made.add(name)
        await self.ask("POST", "/v1/schema", json=body)
        if tenants:
            await self.ask(
                "POST", f"/v1/schema/{name}/tenants", json=[{"name": one} for one in tenants]
            )

    async def put(self, name: str, number: int, text: str, tenant: str = "") -> None:
        self.pass_by(0.005)
        body: dict[str, Any] = {
            "class": name, "id": identity(number), "properties": {"text": text},
            "vector": [number / 7, 1.0],
        }  # fmt: skip
        if tenant:
            body["tenant"] = tenant
        answer = await self.http.post(
            "/v1/batch/objects?consistency_level=ALL", json={"objects": [body]}
        )
        assert answer.json()[0]["result"]["status"] == "SUCCESS", answer.text

    async def delete(self, name: str, number: int, tenant: str = "") -> None:
        self.pass_by(0.005)
        asked = {"consistency_level": "ALL"} | ({"tenant": tenant} if tenant else {})
        await self.ask("DELETE", f"/v1/objects/{name}/{identity(number)}", params=asked)

    async def all_of(self, name: str, tenant: str = "") -> dict[str, Any]:
        """Text by id, listed by REST."""
        found: dict[str, Any] = {}
        after = ""
        while True:
            params = {"class": name, "limit": "100", "after": after}
            if tenant:
                params["tenant"] = tenant
            page = (await self.ask("GET", "/v1/objects", params=params)).json()["objects"]
            if not page:
                return found
            found |= {one["id"]: one["properties"].get("text") for one in page}
            after = page[-1]["id"]

    async def ask(self, verb: str, path: str, **how: Any) -> httpx.Response:
        answer = await self.http.request(verb, path, **how)
        assert answer.is_success, f"{verb} {path}: {answer.status_code} {answer.text}"
        return answer


def identity(number: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, str(number)))


@asynccontextmanager
async def a_cluster(real: RealCluster | None) -> AsyncIterator[Cluster]:
    """The real one, or a simulated one; what a test makes is gone afterwards."""
    async with AsyncExitStack() as stack:
        if real is not None:
            nodes, grpc = real.nodes, real.grpc_nodes
            pass_by: Callable[[float], None] = time.sleep
        else:
            clock = ManualClock()
            made = await stack.enter_async_context(simulated("empty", clock=clock))
            nodes, grpc = made.nodes, made.grpc_nodes
            pass_by = clock.advance
        first = next(iter(nodes))
        http = await stack.enter_async_context(
            httpx.AsyncClient(base_url=nodes[first], trust_env=False, timeout=60)
        )
        cluster = Cluster(nodes, grpc[first], http, pass_by, real is None)
        yield cluster
        for name in cluster.made:
            await http.delete(f"/v1/schema/{name}")


@asynccontextmanager
async def a_run(
    cluster: Cluster,
    folder: Path,
    *,
    write: bool = True,
    tenants: Sequence[str] = (),
    rolls_back: str | None = None,
) -> AsyncIterator[Run]:
    """A run from one collection of the cluster to another; back again where it rolls back."""
    audit = Audited()
    with opened(folder) as jobs:
        work = Work(jobs, running(jobs)[1])
        permit = Permit(reason="a test", job=work.claim.job)
        source = await Site.open(cluster.profile(write=write), audit=audit, permit=permit)
        target = await Site.open(cluster.profile(), audit=audit, permit=permit)
        wanted = (Wanted(name=SOURCE, target=TARGET),)
        spec = Spec(source={}, target={}, collections=wanted)
        if rolls_back is not None:
            spec = swapped(spec, rolls_back)
        ((name, other),) = spec.targets.items()
        run = Run(work, spec, source, target, Checkpoint())
        run.definitions = {name: (await cluster.ask("GET", f"/v1/schema/{name}")).json()}
        run.parts = [Part(collection=name, target=other, tenant=one) for one in tenants or ("",)]
        try:
            yield run
        finally:
            await source.aclose()
            await target.aclose()


class Copier:
    """Copies single objects by REST, as ``copying.copy_ids`` does it by better ways."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.copied = 0

    async def __call__(self, run: Run, part: Part, ids: Sequence[bytes]) -> list[Entry]:
        entries = []
        for key in ids:
            name = str(uuid.UUID(bytes=key))
            params = {"include": "vector"} | ({"tenant": part.tenant} if part.tenant else {})
            path = f"/v1/objects/{part.collection}/{name}"
            found = await self._cluster.http.get(path, params=params)
            if found.status_code == 404:
                continue
            body = found.json()
            copy = {
                "class": part.target, "id": name, "properties": body["properties"],
                "vector": body["vector"],
            }  # fmt: skip
            if part.tenant:
                copy["tenant"] = part.tenant
            answer = await self._cluster.http.post("/v1/batch/objects", json={"objects": [copy]})
            assert answer.json()[0]["result"]["status"] == "SUCCESS", answer.text
            self.copied += 1
            updated = body["lastUpdateTimeUnix"]
            fresh = updated > time.time() * 1000 - 50
            stored = await self._cluster.ask(
                "GET", f"/v1/objects/{part.target}/{name}", params=params
            )
            target_time = stored.json()["lastUpdateTimeUnix"]
            time_seen = READ_AGAIN if fresh else updated
            entries.append(Entry(key, time_seen, target_time=target_time))
        return entries
