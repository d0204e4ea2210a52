"""A job with a transform, phase by phase, on the simulator and on a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest
import pytest_asyncio

from elysiadash.demo.cluster import simulated
from elysiadash.jobs import dead_letters
from elysiadash.migrate import copying, delta, lanes, references
from elysiadash.migrate.ledgers import PartLedger
from elysiadash.migrate.looking import look
from elysiadash.migrate.origins import Origins
from elysiadash.migrate.prepare import prepare
from elysiadash.migrate.repair import repair
from elysiadash.migrate.run import Run
from elysiadash.migrate.spec import TransformFile
from elysiadash.migrate.transforms import in_run
from elysiadash.migrate.transforms.file import choose
from elysiadash.migrate.verify import prove
from elysiadash.migrate.verify.verdict import why_not_green
from tests.contract.conftest import CHANGEABLE
from tests.contract.migration import Cluster, cluster_at, run_of, spec
from tests.servers.real import RealCluster

pytestmark = pytest.mark.parametrize("kind", CHANGEABLE, indirect=True)

SOURCE, TARGET = "ChangedSource", "ChangedTarget"
MANY = 400

TRANSFORM = """
from uuid import UUID

def transform(obj, ctx):
    p = obj["properties"]
    n = p["n"]
    p["label"] = f"{p.pop('title')} of {ctx.source.collection}"
    if n % 10 == 1:
        return None
    if n % 10 == 2:
        return [obj, {"properties": {"label": f"part of {n}", "n": n}, "vector": obj["vector"]}]
    if n % 10 == 3:
        return {**obj, "id": UUID(int=UUID(obj["id"]).int ^ (1 << 127))}
    if n % 10 == 4:
        raise ValueError("four")
    return obj

def transform_schema(schema):
    for known in schema["properties"]:
        if known["name"] == "title":
            known["name"] = "label"
    return schema
"""


@pytest.fixture
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest_asyncio.fixture
async def cluster(kind: str, _cluster: RealCluster | None) -> AsyncIterator[Cluster]:
    async with AsyncExitStack() as stack:
        if _cluster is not None:
            nodes, grpc = _cluster.nodes, _cluster.grpc
        else:
            made = await stack.enter_async_context(simulated("empty"))
            nodes, grpc = made.nodes, made.grpc
        found = await stack.enter_async_context(cluster_at(nodes, grpc))
        await found.drop(SOURCE, TARGET)
        yield found
        await found.drop(SOURCE, TARGET)


def uid(number: int) -> str:
    """Ids all over the space."""
    return str(UUID(int=(number + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC835 % (1 << 127)))


def renamed(number: int) -> str:
    return str(UUID(int=UUID(uid(number)).int ^ (1 << 127)))


def source_object(number: int, n: int | None = None, title: str = "title") -> dict[str, Any]:
    return {
        "id": uid(number),
        "properties": {"title": title, "n": number if n is None else n},
        "vector": [number / 7, -0.0, 1.0],
    }


def expected(numbers: dict[int, int]) -> dict[str, dict[str, Any]]:
    """What has to be in the target, as the test understands the transform: number of the object
    -> its ``n``, which decides what becomes of it."""
    found: dict[str, dict[str, Any]] = {}
    for number, n in numbers.items():
        own = {"label": f"title of {SOURCE}", "n": n}
        kind = n % 10
        if kind == 2:
            found[str(uuid5(UUID(uid(number)), "1"))] = {"label": f"part of {n}", "n": n}
        if kind == 3:
            found[renamed(number)] = own
        elif kind not in (1, 4):
            found[uid(number)] = own
    return found


async def stored(cluster: Cluster, name: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    after = ""
    while True:
        params = {"class": name, "limit": "200", "after": after, "include": "vector"}
        page = (await cluster.raw.get("/v1/objects", params=params)).json()["objects"]
        if not page:
            return found
        found |= {one["id"]: one for one in page}
        after = page[-1]["id"]


async def fill(cluster: Cluster) -> None:
    await cluster.create(
        {
            "class": SOURCE,
            "vectorizer": "none",
            "vectorIndexType": "flat",
            "properties": [
                {"name": "title", "dataType": ["text"]},
                {"name": "n", "dataType": ["int"]},
            ],
        }
    )
    await cluster.put(SOURCE, [source_object(n) for n in range(MANY)])


def transform_at(tmp_path: Path, code: str = TRANSFORM) -> TransformFile:
    path = tmp_path / "transform.py"
    path.write_text(code)
    return choose(path)


async def copied(run: Run) -> None:
    await look(run)
    await prepare(run)
    await copying.copy(run)
    await references.copy_references(run)


async def test_what_the_transform_says_is_what_the_target_has(
    cluster: Cluster, tmp_path: Path
) -> None:
    await fill(cluster)
    wanted = spec((SOURCE, TARGET), transform=transform_at(tmp_path), processes=1)
    one, other = cluster.profile("a"), cluster.profile("b")
    async with run_of(tmp_path / "state", one, other, wanted) as run:
        try:
            await look(run)
            checks = await in_run.check(run)
            assert [check.result for check in checks] == ["warns"]
            assert "become dead letters" in checks[0].text
            (preview,) = in_run.previews(run)
            assert preview.samples == 200
            assert preview.lost == pytest.approx(20, abs=10)
            assert preview.blocks == ()
            await copied(run)
        finally:
            await lanes.close(run)
        found = await stored(cluster, TARGET)
        everything = {number: number for number in range(MANY)}
        assert {name: one["properties"] for name, one in found.items()} == expected(everything)
        assert all(one["vector"] == [one["properties"]["n"] / 7, -0.0, 1.0] or
                   one["vector"][0] == pytest.approx(one["properties"]["n"] / 7)
                   for one in found.values())  # fmt: skip
        (part,) = run.parts
        with PartLedger.of(run.work, part) as ledger:
            entries = {str(UUID(bytes=one.id)): one for one in ledger}
        assert entries.keys() == {uid(n) for n in range(MANY) if n % 10 != 4}
        dropped = {name for name, one in entries.items() if not one.target_time}
        assert dropped == {uid(n) for n in range(MANY) if n % 10 == 1}
        with Origins.of(run.work, part) as origins:
            pairs = {(str(UUID(bytes=a)), str(UUID(bytes=b))) for a, b in origins}
        parts = {(str(uuid5(UUID(uid(n)), "1")), uid(n)) for n in range(2, MANY, 10)}
        assert pairs == parts | {(uid(n), uid(n)) for n in range(2, MANY, 10)} | {
            (renamed(n), uid(n)) for n in range(3, MANY, 10)
        }
        with run.work.reading() as read:
            reasons = dead_letters.by_reason(read, run.job)
            letter = dead_letters.page(read, run.job, limit=1)[0]
        assert reasons == {"transform raised ValueError": MANY // 10}
        assert 'raise ValueError("four")' in letter.detail
        counts = run.checkpoint
        assert (counts.dropped, counts.added) == (MANY // 10, MANY // 10)


async def test_parts_that_are_no_longer_made_are_deleted(cluster: Cluster, tmp_path: Path) -> None:
    """Objects that change from any kind to any other, and objects of any kind that are deleted."""
    await fill(cluster)
    wanted = spec((SOURCE, TARGET), transform=transform_at(tmp_path), processes=1)
    one, other = cluster.profile("a"), cluster.profile("b")
    kinds = (0, 1, 2, 3)
    async with run_of(tmp_path / "state", one, other, wanted) as run:
        try:
            await copied(run)
            now = {number: number for number in range(MANY)}
            # Number 100 + 10 * place + kind becomes the kind of its place.
            for place, new in enumerate(kinds):
                for kind in kinds:
                    now[100 + 10 * place + kind] = 2000 + new
            now |= {number: number for number in range(MANY, MANY + 10)}
            changed = {number: n for number, n in now.items() if n != number or number >= MANY}
            await cluster.put(SOURCE, [source_object(*pair) for pair in changed.items()])
            for number in range(200, 210):
                answer = await cluster.raw.delete(f"/v1/objects/{SOURCE}/{uid(number)}")
                assert answer.status_code == 204
                del now[number]
            first = await delta.catch_up(run, 1)
            found = await stored(cluster, TARGET)
            assert {name: got["properties"] for name, got in found.items()} == expected(now)
            # Four of a kind raised, and so were never copied.
            assert (first.scanned, first.deleted) == (MANY, 9)
            assert first.changed >= 25
            # Once more, and back: what was noted of each still leads to what it made.
            back = {number: number for number in changed if number < MANY}
            await cluster.put(SOURCE, [source_object(*pair) for pair in back.items()])
            await delta.catch_up(run, 2)
            found = await stored(cluster, TARGET)
            assert {name: got["properties"] for name, got in found.items()} == expected(now | back)
        finally:
            await lanes.close(run)


async def test_it_is_proven_and_what_is_broken_in_the_target_is_repaired(
    cluster: Cluster, tmp_path: Path
) -> None:
    await fill(cluster)
    code = TRANSFORM.replace("raise ValueError", "return obj #")
    wanted = spec((SOURCE, TARGET), transform=transform_at(tmp_path, code), processes=1)
    one, other = cluster.profile("a"), cluster.profile("b")
    async with run_of(tmp_path / "state", one, other, wanted) as run:
        try:
            await copied(run)
            proof = await prove(run, final=True)
            await run.save(proof=proof)
            many = MANY  # As many are dropped as there are second parts.
            assert (proof.same, proof.missing, proof.extra, proof.different) == (many, 0, 0, 0)
            assert why_not_green(proof, dead_letters=0) == []
            # One of each kind is lost, and one changed.
            part = str(uuid5(UUID(uid(12)), "1"))
            for name in (uid(20), part, renamed(33)):
                answer = await cluster.raw.delete(f"/v1/objects/{TARGET}/{name}")
                assert answer.status_code == 204
            changed = {
                "id": uid(40),
                "properties": {"label": "wrong", "n": 40},
                "vector": [1, 2, 3],
            }
            await cluster.put(TARGET, [changed])
            proof = await prove(run, final=True)
            await run.save(proof=proof)
            assert (proof.same, proof.missing, proof.extra, proof.different) == (many - 4, 3, 0, 1)
            proof = await repair(run, proof)
            assert (proof.same, proof.missing, proof.extra, proof.different) == (many, 0, 0, 0)
            assert proof.rounds == 1
        finally:
            await lanes.close(run)
