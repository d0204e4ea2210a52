"""P7 to P9 of a migration on whole jobs: clusters that lie, and copies that are wrong."""

from __future__ import annotations

import asyncio
import copy
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from elysiadash.demo.cluster import SimulatedCluster
from elysiadash.demo.faults import Fault
from elysiadash.demo.writes import ShardWrites, StoredObject
from elysiadash.jobs.claims import Claim
from elysiadash.jobs.database import Database
from elysiadash.jobs.job import JobState
from elysiadash.jobs.work import Work
from elysiadash.migrate.verify import mismatches
from tests.live.witness import definition, everything
from tests.migrate.test_promises import (
    OBJECTS,
    at_phase,
    filled,
    green,
    simulator,
    while_away,
)
from tests.migrate.whole import Whole, ask, broken, profile, put

pytestmark = pytest.mark.slow

# ---- P7 ----------------------------------------------------------------------------------------

_READS = ("GET /v1/objects", "POST /v1/grpc-web/weaviate.v1.Weaviate/Search", "grpc Search")
LIES: dict[str, dict[str, Any]] = {
    "an empty page": {"kind": "no_rows"},
    "a short page": {"kind": "few_rows"},
    "5xx as an empty page": {"kind": "status", "status": 500, "body": '{"objects":[]}'},
    "a truncated body": {"kind": "truncated"},
    "a dropped connection": {"kind": "drop"},
}


@simulator
@pytest.mark.parametrize("by", ["grpc", "rest"])
@pytest.mark.parametrize("lie", LIES)
async def test_p07_an_empty_or_short_page_never_ends_a_range(job: Whole, lie: str, by: str) -> None:
    assert isinstance(job.source, SimulatedCluster)
    witness = await filled(job, shards=3)
    first = next(iter(job.source.nodes))
    ends = None
    if by == "rest":
        ends = profile("source", job.source, grpc=None), profile("target", job.target)
    job.submit({"Doc": "Doc"}, ends=ends)
    lies = [Fault(node=first, route=route, times=6, **LIES[lie]) for route in _READS]
    async with at_phase(job, "COPY"):
        for one in lies:
            job.source.faults.add(one)
    async with at_phase(job, "DELTA"):
        # Not healed by a generation or a repair: the copy itself is whole.
        assert len(await everything(job.target.url, "Doc")) == OBJECTS
        job.source.faults.clear()
        for one in lies:
            job.source.faults.add(one)
    await green(job, witness)
    assert job.checkpoint().deleted == 0
    assert job.events("repair") == []


@simulator
async def test_p07_a_dead_owner_ends_no_range(job: Whole) -> None:
    assert isinstance(job.source, SimulatedCluster)
    witness = await filled(job, shards=3)
    last = list(job.source.nodes)[-1]
    job.submit({"Doc": "Doc"})
    async with at_phase(job, "COPY"):
        pass
    await while_away(job, last)
    async with at_phase(job, "DELTA"):
        assert len(await everything(job.target.url, "Doc")) == OBJECTS
    await green(job, witness)
    assert job.events("repair") == []


# ---- P8 ----------------------------------------------------------------------------------------


async def _status(job: Whole, status: str) -> None:
    for shard in await ask(job.target, "GET", "/v1/schema/Doc/shards"):
        path = f"/v1/schema/Doc/shards/{shard['name']}"
        await ask(job.target, "PUT", path, {"status": status})


async def test_p08_success_that_stored_nothing_is_not_trusted(job: Whole) -> None:
    """READONLY with one replica: 1 FAILED, the others SUCCESS, nothing stored."""
    witness = await filled(job)
    job.submit({"Doc": "Doc"})
    async with at_phase(job, "COPY"):
        await _status(job, "READONLY")
    async with job.working():
        async with asyncio.timeout(30):
            while not job.events("waits"):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        assert "on the target" in job.events("waits")[0]
        assert job.checkpoint().copied == 0
        assert await everything(job.target.url, "Doc") == {}
        await _status(job, "READY")
        await job.until("DELTA")
    await green(job, witness)


@simulator
@pytest.mark.parametrize("kind", ["denied", "unanswered", "truncated", "drop", "status"])
async def test_p08_failed_that_was_stored_is_not_trusted(job: Whole, kind: Any) -> None:
    assert isinstance(job.target, SimulatedCluster)
    witness = await filled(job)
    job.submit({"Doc": "Doc"})
    async with at_phase(job, "COPY"):
        for route in ("*BatchObjects", "POST /v1/batch/objects"):
            job.target.faults.add(Fault(kind=kind, route=route, times=5))
    await green(job, witness)
    assert sum(job.target.model.imported.values()) > OBJECTS


# ---- P9 ----------------------------------------------------------------------------------------

Damage = Callable[[StoredObject, list[StoredObject]], None]


def _flip_bit(one: StoredObject, others: list[StoredObject]) -> None:
    vector: Any = one.vectors["a"]
    (bits,) = struct.unpack("<I", struct.pack("<f", vector[0]))
    # Set, not turned: an object is stored again when it gets its references.
    (changed,) = struct.unpack("<f", struct.pack("<I", bits | 1))
    one.vectors["a"] = [changed, *vector[1:]]


def _drop_vector(one: StoredObject, others: list[StoredObject]) -> None:
    one.vectors.pop("b", None)


def _null_for_absent(one: StoredObject, others: list[StoredObject]) -> None:
    one.properties["flag"] = None


def _truncate_date(one: StoredObject, others: list[StoredObject]) -> None:
    one.properties["date"] = one.properties["date"][:19] + "Z"


def _lose_reference(one: StoredObject, others: list[StoredObject]) -> None:
    one.properties.pop("points", None)


def _half(one: StoredObject, others: list[StoredObject]) -> None:
    one.properties, one.vectors = {}, {}


def _swap(one: StoredObject, others: list[StoredObject]) -> None:
    if others:
        one.vectors = copy.deepcopy(others[0].vectors)


DAMAGES: dict[str, tuple[Damage, str]] = {
    "a flipped bit": (_flip_bit, "vectors.a"),
    "a dropped named vector": (_drop_vector, "vectors.b"),
    "null for absent": (_null_for_absent, "properties.flag"),
    "a truncated date": (_truncate_date, "properties.date"),
    "a missing reference": (_lose_reference, "properties.points"),
    "a half object": (_half, "properties.text"),
    "swapped vectors": (_swap, "vectors.a"),
}


def _identity(number: int) -> str:
    return f"{number * 7919 % 256:02x}000000-0000-4000-8000-{number:012x}"


async def _varied(job: Whole, count: int = 60) -> None:
    """Objects with two vectors, dates, an absent flag, and references to each other."""
    made = definition("Doc")
    kinds = {"text": "text", "date": "date", "flag": "boolean", "points": "Doc"}
    made["properties"] = [{"name": key, "dataType": [kind]} for key, kind in kinds.items()]
    del made["properties"][-1]
    made["vectorConfig"] = {
        one: {"vectorizer": {"none": {}}, "vectorIndexType": "flat"} for one in ("a", "b")
    }
    await ask(job.source, "POST", "/v1/schema", made)
    points = {"name": "points", "dataType": ["Doc"]}
    await ask(job.source, "POST", "/v1/schema/Doc/properties", points)
    bare = [
        {
            "class": "Doc", "id": _identity(number),
            "properties": {"text": f"t{number}", "date": f"2026-01-01T10:00:00.{number + 1:09d}Z"},
            "vectors": {"a": [number / 8 + 1, 0.5], "b": [1.0, number / 4]},
        }
        for number in range(count)
    ]  # fmt: skip
    await put(job.source, bare)
    for one, other in zip(bare, bare[1:] + bare[:1], strict=True):
        beacon = f"weaviate://localhost/Doc/{other['id']}"
        one["properties"]["points"] = [{"beacon": beacon}]  # type: ignore[index]
    await put(job.source, bare)
    if isinstance(job.source, SimulatedCluster):
        # What is young is read and proven again: here it counts at once.
        for shard in job.source.model.collections["Doc"].shards.values():
            for one in bare:
                found = shard.writes and shard.writes.get(str(one["id"]))
                if found:
                    found.updated_ms -= 60_000


@contextmanager
def _damaging(job: Whole, damage: Damage, victims: set[str]) -> Iterator[None]:
    """The target says SUCCESS and keeps these objects otherwise than they were sent."""
    assert isinstance(job.target, SimulatedCluster)
    target = job.target
    plain = ShardWrites.put

    def kept(self: ShardWrites, stored: StoredObject, at: float, *, is_new: bool) -> None:
        shards = target.model.collections["Doc"].shards.values()
        if stored.id in victims and any(shard.writes is self for shard in shards):
            stored = copy.deepcopy(stored)
            others = [
                found for shard in shards if shard.writes is not None
                for name in victims - {stored.id} if (found := shard.writes.get(name))
            ]  # fmt: skip
            damage(stored, others)
        plain(self, stored, at, is_new=is_new)

    with broken(ShardWrites, "put", kept):
        yield


def _found(job: Whole) -> list[Any]:
    with Database.open(job.state) as jobs:
        return list(mismatches.every(Work(jobs, Claim(job.id, 0, "nobody"))))


@simulator
@pytest.mark.parametrize("wrong", DAMAGES)
async def test_p09_verification_finds(job: Whole, wrong: str) -> None:
    damage, field = DAMAGES[wrong]
    victims = {_identity(7), _identity(8)} if wrong == "swapped vectors" else {_identity(7)}
    await _varied(job)
    job.submit({"Doc": "Doc"})
    with _damaging(job, damage, victims):
        found = await job.to_its_end()
    assert (found.state, found.ending) == (JobState.FAILED, "DIFFERENT"), found.reason
    assert "different" in str(found.reason)
    mismatched = _found(job)
    assert {one.id for one in mismatched} <= victims
    assert mismatched
    for one in mismatched:
        assert one.kind == "different"
        assert field in [differing.field for differing in one.fields]
    assert not job.report()["verified"]


@simulator
@pytest.mark.parametrize("wrong", ["a flipped bit", "swapped vectors"])
async def test_p09_what_is_wrong_once_is_copied_again(job: Whole, wrong: str) -> None:
    damage, _ = DAMAGES[wrong]
    victims = {_identity(7), _identity(8)} if wrong == "swapped vectors" else {_identity(7)}
    await _varied(job)
    job.submit({"Doc": "Doc"})
    left = [*victims] * 20

    def while_copied(one: StoredObject, others: list[StoredObject]) -> None:
        if job.job().phase in ("COPY", "DELTA") and left:
            left.pop()
            damage(one, others)

    with _damaging(job, while_copied, victims):
        await job.verified({"Doc": "Doc"})


@pytest.mark.parametrize("extra", ["an id of nobody", "of a deleted object"])
async def test_p09_verification_finds_an_extra_object(job: Whole, extra: str) -> None:
    await _varied(job)
    job.submit({"Doc": "Doc"})
    identity = "0123abcd-0123-4abc-8abc-0123456789ab"
    async with at_phase(job, "PROVE"):
        if extra == "of a deleted object":
            identity = _identity(3)
            await ask(job.source, "DELETE", f"/v1/objects/Doc/{identity}")
        one = {"class": "Doc", "id": identity, "properties": {"text": "extra"}}
        if extra == "an id of nobody":
            await put(job.target, [one])
    found = await job.to_its_end()
    if extra == "of a deleted object":
        # The generation behind it replays the delete; nothing is extra then.
        assert found.ending == "VERIFIED", found.reason
        assert identity not in await everything(job.target.url, "Doc")
        return
    assert (found.state, found.ending) == (JobState.FAILED, "DIFFERENT"), found.reason
    [mismatch] = _found(job)
    assert (mismatch.kind, mismatch.id) == ("extra", identity)
    assert identity in await everything(job.target.url, "Doc")
