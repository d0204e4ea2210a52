"""A copy made by a test's own raw requests, with its ledgers, for verification to judge.

It shares no code with the engine's copier: what it breaks, it breaks on purpose.
"""

from __future__ import annotations

import copy
import uuid
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec

from elysiadash.config.profile import Addresses, Profile
from elysiadash.jobs import claims, folder, keyspace, queue, ranges
from elysiadash.jobs.database import Database
from elysiadash.jobs.job import ClusterUse
from elysiadash.jobs.work import Work
from elysiadash.migrate import ledgers
from elysiadash.migrate.checkpoint import Checkpoint
from elysiadash.migrate.parts import Part
from elysiadash.migrate.phases import Verify
from elysiadash.migrate.run import Run
from elysiadash.migrate.site import Site
from elysiadash.migrate.spec import COPY, Spec, Wanted, new_job
from elysiadash.scan.keys import as_bytes
from elysiadash.scan.ledger import Entry, LedgerWriter

BATCH = "/v1/batch/objects?consistency_level=ALL"
SOURCE, TARGET, OTHER = "ProofSource", "ProofTarget", "ProofOther"
Objects = list[dict[str, Any]]


def definition(name: str, **changes: Any) -> dict[str, Any]:
    """A collection with two named vectors and some types."""
    kinds = {
        "text": "text",
        "number": "number",
        "date": "date",
        "tags": "text[]",
        "flag": "boolean",
    }
    return {
        "class": name,
        "vectorConfig": {
            one: {"vectorizer": {"none": {}}, "vectorIndexType": "flat"} for one in ("a", "b")
        },
        "properties": [{"name": key, "dataType": [kind]} for key, kind in kinds.items()],
        **changes,
    }


def objects(count: int, collection: str = SOURCE, tenant: str = "") -> Objects:
    """Objects whose ids lie all over the space; the first is the nil UUID."""
    found: Objects = []
    for number in range(count):
        spread = (number * 0x9E3779B97F4A7C15F39CC0605CEDC835) % (1 << 128)
        one = {
            "class": collection,
            "id": str(uuid.UUID(int=spread)),
            "properties": {
                "text": f"object {number}",
                "number": number / 7,
                "date": f"2026-01-01T10:00:00.{number + 1:09d}Z",
                "tags": ["x", str(number)],
            },
            "vectors": {"a": [number / 3, 0.5, -1.0], "b": [1.0, number / 11]},
        }
        if tenant:
            one["tenant"] = tenant
        found.append(one)
    return sorted(found, key=lambda one: one["id"])


@dataclass
class Scene:
    """A source and a target collection of one cluster, a job that copies, and its run."""

    http: httpx.AsyncClient
    url: str
    grpc: str
    nodes: dict[str, str]
    state: Path
    stack: AsyncExitStack
    databases: list[Database] = field(default_factory=list)

    async def create(self, made: dict[str, Any]) -> None:
        await self.http.delete(f"/v1/schema/{made['class']}")
        answer = await self.http.post("/v1/schema", json=made)
        assert answer.status_code == 200, answer.text
        self.stack.push_async_callback(self.http.delete, f"/v1/schema/{made['class']}")

    async def write(self, written: Objects) -> None:
        """Write objects, each of them acknowledged."""
        for start in range(0, len(written), 200):
            answer = await self.http.post(BATCH, json={"objects": written[start : start + 200]})
            assert answer.status_code == 200, answer.text
            for one in answer.json():
                assert one["result"]["status"] == "SUCCESS", one["result"]

    async def delete(self, collection: str, name: str) -> None:
        answer = await self.http.delete(f"/v1/objects/{collection}/{name}?consistency_level=ALL")
        assert answer.status_code == 204, answer.text

    async def times(self, collection: str, tenant: str = "") -> dict[str, int]:
        """Update times by id."""
        found: dict[str, int] = {}
        after = ""
        while True:
            params = {"class": collection, "limit": "500", "after": after}
            if tenant:
                params["tenant"] = tenant
            answer = await self.http.get("/v1/objects", params=params)
            page = answer.json()["objects"]
            if not page:
                return found
            found |= {one["id"]: one["lastUpdateTimeUnix"] for one in page}
            after = page[-1]["id"]

    async def run(
        self,
        parts: Iterable[Part] = (Part(collection=SOURCE, target=TARGET),),
        *,
        ranges_each: int = 4,
        ledgers_too: bool = True,
        unknown: Iterable[str] = (),
        **spec: Any,
    ) -> Run:
        """A run whose copy is done: ranges, and ledgers of what is in the target now.

        Objects named by ``unknown`` are in no ledger.
        """
        wanted = {part.collection: part.target for part in parts}
        database = Database.open(self.state)
        self.stack.callback(database.close)
        profile = Profile(
            name="proof", url=self.url, grpc=self.grpc, nodes=Addresses(named=self.nodes)
        )
        use = ClusterUse("proof", self.url)
        asked = Spec(
            source={"url": self.url},
            target={"url": self.url},
            collections=tuple(Wanted(name=name, target=to) for name, to in wanted.items()),
            **{"verify": Verify.V2, **spec},
        )
        with database.transaction() as tx:
            job = queue.submit(tx, new_job(COPY, asked, (use, use)), who="anna")
        claim = claims.claim_next(database, "w1")
        assert claim is not None
        assert claim.job == job.id
        work = Work(database, claim)
        source, target = await Site.open(profile), await Site.open(profile)
        self.stack.push_async_callback(source.aclose)
        self.stack.push_async_callback(target.aclose)
        run = Run(work, asked, source, target, Checkpoint())
        run.parts = list(parts)
        if ledgers_too:
            left_out = set(unknown)
            for part in run.parts:
                await self._copied(run, part, ranges_each, left_out)
        return run

    async def again(self, run: Run) -> Run:
        """The run as another worker goes on with it after the first one died."""
        claim = msgspec.structs.replace(run.work.claim)
        with run.work.database.transaction() as tx:
            tx.run("UPDATE claims SET beat_wall = 0, beat_steady = 0 WHERE job = ?", claim.job)
        taken = claims.claim_next(run.work.database, "w2", patience=0.001)
        assert taken is not None
        assert taken.token > claim.token
        work = Work(run.work.database, taken)
        found = Run(work, run.spec, run.source, run.target, _checkpoint(work))
        found.parts = run.parts
        return found

    async def _copied(self, run: Run, part: Part, pieces: int, unknown: set[str]) -> None:
        source = await self.times(part.collection, part.tenant)
        target = await self.times(part.target, part.tenant)
        entries = sorted(
            Entry(as_bytes(name), source[name], target_time=time)
            for name, time in target.items()
            if name in source and name not in unknown
        )
        self.keep(run, part, entries, pieces)

    def keep(self, run: Run, part: Part, entries: list[Entry], pieces: int = 4) -> None:
        """Note that a part was copied, as the ledger says."""
        where = run.work.folder()
        with run.work.held() as tx:
            ranges.add(tx, run.job, keyspace.evenly(pieces), tenant=part.key)
            while (taken := ranges.take(tx, 0, generation=0, tenant=part.key)) is not None:
                mine = [one for one in entries if taken.lower <= one.id <= taken.upper]
                name = ledgers.name_of(taken.id, 0)
                with LedgerWriter(where / name) as writer:
                    writer.extend(mine)
                    writer.commit()
                folder.commit(tx, name, (where / name).stat().st_size)
                ranges.finish(tx, taken, objects=len(mine), seconds=0.1)


def _checkpoint(work: Work) -> Checkpoint:
    from elysiadash.migrate.checkpoint import checkpoint_of

    return checkpoint_of(work.job().checkpoint)


@asynccontextmanager
async def scene(url: str, grpc: str, nodes: dict[str, str], state: Path) -> AsyncIterator[Scene]:
    """A scene for as long as the block lasts."""
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(
            httpx.AsyncClient(base_url=url, trust_env=False, timeout=60)
        )
        yield Scene(http, url, grpc, nodes, state, stack)


Break = Callable[[Objects], Objects]


def to_target(source: Objects, target: str = TARGET) -> Objects:
    """What a faithful copier writes."""
    found = copy.deepcopy(source)
    for one in found:
        one["class"] = target
    return found


def skip_one(copied: Objects) -> Objects:
    """A copier that leaves out one id."""
    return copied[:7] + copied[8:]


def drop_vector(copied: Objects) -> Objects:
    """A copier that loses one vector of one object."""
    del copied[7]["vectors"]["b"]
    return copied


def truncate_date(copied: Objects) -> Objects:
    """A copier that cuts a date's fraction to milliseconds."""
    date = copied[7]["properties"]["date"]
    copied[7]["properties"]["date"] = date[:23] + "Z"
    return copied


def swap_vectors(copied: Objects) -> Objects:
    """A copier that gives two objects each other's vectors."""
    one, other = copied[7], copied[8]
    one["vectors"], other["vectors"] = other["vectors"], one["vectors"]
    return copied


def keep_deleted(copied: Objects) -> Objects:
    """A copier that keeps what was deleted: an object that the source does not have."""
    kept = copy.deepcopy(copied[7])
    kept["id"] = "0123abcd-0123-4abc-8abc-0123456789ab"
    return [*copied, kept]


def flip_bit(copied: Objects) -> Objects:
    """A copier that changes the last bit of one float32."""
    import struct

    number = copied[7]["vectors"]["a"][0]
    (bits,) = struct.unpack("<I", struct.pack("<f", number))
    (copied[7]["vectors"]["a"][0],) = struct.unpack("<f", struct.pack("<I", bits ^ 1))
    return copied


def empty_a_list(copied: Objects) -> Objects:
    """A copier that writes an empty list for a filled one."""
    copied[7]["properties"]["tags"] = []
    return copied


def half_an_object(copied: Objects) -> Objects:
    """A copier that writes the id and nothing else."""
    copied[7]["properties"], copied[7]["vectors"] = {}, {}
    return copied
