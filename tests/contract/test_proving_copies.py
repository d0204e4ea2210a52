"""The engine's own copy, proven: every value of the fidelity table, and behind a transform."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import UUID, uuid5

import pytest
import pytest_asyncio

from elysiadash.demo.cluster import simulated
from elysiadash.migrate import lanes, origins
from elysiadash.migrate.copying import copy
from elysiadash.migrate.definitions import Translation
from elysiadash.migrate.parts import Part
from elysiadash.migrate.phases import Ending
from elysiadash.migrate.references import copy_references
from elysiadash.migrate.repair import repair
from elysiadash.migrate.report import check, write_report
from elysiadash.migrate.run import Run
from elysiadash.migrate.transforms.file import choose
from elysiadash.migrate.transforms.in_run import for_tasks
from elysiadash.migrate.verify import is_green, prove, prove_again, why_not_green
from elysiadash.migrate.verify.mismatches import every
from elysiadash.weaviate.definitions import stored_definition
from tests.contract import fidelity_rows
from tests.contract.conftest import CHANGEABLE
from tests.contract.copying import uid
from tests.contract.migration import Cluster, cluster_at, run_of, spec
from tests.contract.proving import SOURCE, TARGET, definition, objects
from tests.servers.real import RealCluster

COUNT = 300
each_kind = pytest.mark.parametrize("kind", CHANGEABLE, indirect=True)

CHANGES = """
def transform(obj, ctx):
    properties = obj["properties"]
    number = int(properties["text"].split()[1])
    if number % 7 == 3:
        return None
    properties["text"] = None if number % 7 == 4 else properties["text"].upper()
    properties["date"] = ctx.started_at
    obj["vectors"]["a"] = [-one for one in obj["vectors"]["a"]]
    if number % 7 == 5:
        return [obj, {**obj, "id": None, "vectors": {"b": [0.1, 0.2]}}]
    return obj
"""


@pytest_asyncio.fixture
async def cluster(kind: str, _cluster: RealCluster | None) -> AsyncIterator[Cluster]:
    async with AsyncExitStack() as stack:
        at = _cluster or await stack.enter_async_context(simulated("empty"))
        made = await stack.enter_async_context(cluster_at(at.nodes, at.grpc))
        await made.drop(SOURCE, TARGET)
        yield made
        await made.drop(SOURCE, TARGET)


async def filled(cluster: Cluster) -> None:
    links = [{"name": "points", "dataType": [SOURCE]}]
    made = definition(SOURCE)
    await cluster.create(made)
    for name in (SOURCE, TARGET):
        if name == TARGET:
            await cluster.create(definition(TARGET))
        answer = await cluster.raw.post(
            f"/v1/schema/{name}/properties", json={**links[0], "dataType": [name]}
        )
        assert answer.status_code == 200, answer.text
    source = objects(COUNT)
    for one, other in zip(source, source[1:] + source[:1], strict=True):
        one["properties"]["points"] = [{"beacon": f"weaviate://localhost/{SOURCE}/{other['id']}"}]
    bare = [{**one, "properties": {**one["properties"], "points": None}} for one in source]
    for one in bare:
        del one["properties"]["points"]
    await cluster.put(SOURCE, bare)
    await cluster.put(SOURCE, source)


async def ready(
    run: Run, transform: bool = False, names: tuple[str, str] = (SOURCE, TARGET)
) -> None:
    source, target = names
    run.parts = [Part(collection=source, target=target)]
    run.definitions = {source: await stored_definition(run.source.client, source)}
    if transform:
        there = await stored_definition(run.target.client, target)
        run.transform = for_tasks(run, {source: there})
        run.translations = {
            source: Translation(source=run.definitions[source], target=there, ttl=None)
        }


@each_kind
async def test_a_copy_by_the_engine_is_green_and_its_report_says_so(
    cluster: Cluster, tmp_path: Path
) -> None:
    await filled(cluster)
    profile = cluster.profile("here")
    wanted = spec((SOURCE, TARGET), processes=1)
    async with run_of(tmp_path, profile, profile, wanted) as run:
        await ready(run)
        try:
            await copy(run)
            # Without their references, objects are not the same.
            proof = await prove(run, final=True)
            assert proof.different == COUNT
            assert not is_green(proof, dead_letters=0)
            await copy_references(run)
            # What was young when it was copied is proven for good once it is old enough.
            await asyncio.sleep(8)
            proof = await prove(run, final=True)
            assert is_green(proof, dead_letters=0), (proof, list(every(run.work))[:3])
            # Break it behind its back: repair brings it back, and the sealed report is green.
            broken = {"class": TARGET, "properties": {}, "vectors": {}}
            ids = [one["id"] for one in objects(COUNT)][:3]
            await cluster.put(TARGET, [{**broken, "id": name} for name in ids[:2]])
            await cluster.raw.delete(f"/v1/objects/{TARGET}/{ids[2]}?consistency_level=ALL")
            proof = await prove_again(run)
            assert (proof.missing, proof.different) == (1, 2)
            assert proof.proven_before == COUNT - 3
            proof = await repair(run, proof)
            assert is_green(proof, dead_letters=0), (proof, list(every(run.work))[:3])
            assert proof.rounds == 1
            name = await write_report(run, Ending.VERIFIED)
            document = check((run.work.folder() / name).read_bytes())
            assert document["verified"]
            assert document["copied"] == COUNT
        finally:
            await lanes.close(run)


@each_kind
async def test_a_copy_through_a_transform_is_green(cluster: Cluster, tmp_path: Path) -> None:
    await filled(cluster)
    file = tmp_path / "change.py"
    file.write_text(CHANGES)
    profile = cluster.profile("here")
    wanted = spec((SOURCE, TARGET), processes=1, transform=choose(file))
    async with run_of(tmp_path / "state", profile, profile, wanted) as run:
        await ready(run, transform=True)
        try:
            await copy(run)
            await copy_references(run)
            origins.gather(run.work, run.parts[0])
            proof = await prove(run, final=True)
            found = list(every(run.work))
            assert is_green(proof, dead_letters=0), (
                why_not_green(proof, dead_letters=0),
                found[:3],
            )
            assert proof.source == COUNT
            dropped = sum(number % 7 == 3 for number in range(COUNT))
            added = sum(number % 7 == 5 for number in range(COUNT))
            assert proof.expected == proof.target == COUNT - dropped + added
            assert (run.checkpoint.dropped, run.checkpoint.added) == (dropped, added)
            # What is lost of a split object is made anew of the object that it is a part of.
            split = next(
                one["id"] for one in objects(COUNT) if one["properties"]["text"] == "object 5"
            )
            part = str(uuid5(UUID(split), "1"))
            await cluster.raw.delete(f"/v1/objects/{TARGET}/{part}?consistency_level=ALL")
            proof = await prove_again(run)
            [lost] = every(run.work)
            assert (lost.kind, lost.id, lost.made_of) == ("missing", part, split)
            proof = await repair(run, proof)
            assert is_green(proof, dead_letters=0), why_not_green(proof, dead_letters=0)
        finally:
            await lanes.close(run)


IDENTITY = "def transform(obj):\n    return obj\n"
FIDELITY = ("ProofFidelity", "ProofFidelityCopy")


@each_kind
@pytest.mark.parametrize("through", ["", IDENTITY], ids=["plain", "identity"])
async def test_every_value_of_the_fidelity_table_is_proven_the_same(
    cluster: Cluster, tmp_path: Path, through: str
) -> None:
    source = FIDELITY[0]
    await cluster.drop(*FIDELITY)
    for name in FIDELITY:
        await cluster.create(fidelity_rows.definition(name, shards=3))
    for number, properties in enumerate(fidelity_rows.ROWS.values()):
        vectors = fidelity_rows.VECTORS[number % len(fidelity_rows.VECTORS)]
        parts = [f'"class":"{source}"', f'"id":"{uid(number)}"', f'"properties":{properties}']
        body = "{" + ",".join(parts + ([f'"vectors":{vectors}'] if vectors else [])) + "}"
        # An empty date[] is taken only by the owner of its shard.
        for url in cluster.nodes.values():
            answer = await cluster.raw.post(
                url + "/v1/batch/objects",
                content=f'{{"objects":[{body}]}}'.encode(),
                headers={"content-type": "application/json"},
            )
            if answer.json()[0]["result"]["status"] == "SUCCESS":
                break
    wanted = spec(FIDELITY, processes=1)
    if through:
        file = tmp_path / "same.py"
        file.write_text(through)
        wanted = spec(FIDELITY, processes=1, transform=choose(file))
    profile = cluster.profile("here")
    async with run_of(tmp_path / "state", profile, profile, wanted) as run:
        await ready(run, transform=bool(through), names=FIDELITY)
        try:
            await copy(run)
            await copy_references(run)
            proof = await prove(run, final=True)
            assert is_green(proof, dead_letters=0), (
                why_not_green(proof, dead_letters=0),
                list(every(run.work)),
            )
            assert proof.same == len(fidelity_rows.ROWS)
        finally:
            await lanes.close(run)
            await cluster.drop(*FIDELITY)
