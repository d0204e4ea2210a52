"""A transform on the way between two collections, on the simulator and on a real server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from elysiadash.demo.cluster import simulated
from elysiadash.migrate.parts import Part
from elysiadash.migrate.tasks import Applied
from elysiadash.migrate.transforms import example
from elysiadash.migrate.transforms.applying import FileTransform
from elysiadash.migrate.transforms.file import choose
from elysiadash.migrate.transforms.sandbox import Sandbox, Script
from elysiadash.weaviate.objects import Converter, Place, Reader, Writer, shape_of
from tests.contract.conftest import CHANGEABLE
from tests.contract.copying import PERMIT, Site, same, site, uid
from tests.contract.fidelity_rows import ROWS, VECTORS, definition
from tests.servers.real import RealCluster


@pytest.fixture(params=CHANGEABLE)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest_asyncio.fixture
async def cluster(kind: str, _cluster: RealCluster | None) -> AsyncIterator[Site]:
    """Three nodes; what a test creates is removed."""
    if _cluster is None:
        async with (
            simulated("empty") as demo,
            site(demo.url, demo.grpc, demo.nodes) as made,
        ):
            yield made
        return
    async with site(_cluster.url, _cluster.grpc, _cluster.nodes) as made:
        before = {one["class"] for one in (await made.raw.get("/v1/schema")).json()["classes"]}
        yield made
        after = {one["class"] for one in (await made.raw.get("/v1/schema")).json()["classes"]}
        for name in after - before:
            await made.raw.delete(f"/v1/schema/{name}")


async def _copied(cluster: Site, script: Script, source: str, target: str) -> Applied:
    """One page of a collection, through the transform, into another."""
    definition = await cluster.definition(source)
    there = shape_of(await cluster.definition(target))
    reader = Reader(
        cluster.transport, cluster.door, shape_of(definition), Place(collection=source)
    )  # fmt: skip
    page = await reader.page()
    transform = FileTransform(script=script)
    done = transform.open(Part(collection=source, target=target), definition).apply(page.rows)
    objects, lost = Converter(there, target).convert(done.rows)
    assert lost == []
    place, nodes = Place(collection=target), list(cluster.nodes.values())
    writer = Writer(
        cluster.transport, cluster.door, there, place, permit=PERMIT, nodes=nodes
    )  # fmt: skip
    outcome = await writer.write(objects)
    assert (outcome.refused, outcome.unsettled) == ([], [])
    assert outcome.stored.keys() == {one.id for one in done.rows}
    return done


async def test_the_identity_loses_no_row_of_the_fidelity_table(
    cluster: Site, tmp_path: Path
) -> None:
    for name in ("TransformSource", "TransformTarget"):
        await cluster.create(definition(name, shards=3))
    for number, properties in enumerate(ROWS.values()):
        vectors = VECTORS[number % len(VECTORS)]
        document = f'{{"class":"TransformSource","id":"{uid(number)}","properties":{properties}'
        document += f',"vectors":{vectors}}}' if vectors is not None else "}"
        for base in cluster.nodes.values():
            if await cluster.put("TransformSource", [document], base=base) == [None]:
                break
        else:
            pytest.fail(f"no node takes {properties}")
    path = tmp_path / "identity.py"
    path.write_text("def transform(obj):\n    return obj\n")
    script = Script.of(choose(path), started_at=0.0)
    done = await _copied(cluster, script, "TransformSource", "TransformTarget")
    assert (done.lost, done.dropped, done.added, done.origins) == ([], 0, 0, {})
    source = await cluster.objects("TransformSource")
    assert len(source) == len(ROWS)
    assert same(source, await cluster.objects("TransformTarget")) == {}
    assert await cluster.vectors("TransformSource") == await cluster.vectors("TransformTarget")


async def test_the_example_adds_renames_and_drops(cluster: Site) -> None:
    made: dict[str, Any] = {
        "class": "TransformUsers",
        "vectorizer": "none",
        "properties": [{"name": n, "dataType": ["text"]} for n in ("body", "email", "other")],
    }
    await cluster.create(made)
    documents = [
        {"class": "TransformUsers", "id": uid(n), "vector": [n / 3, 1.0],
         "properties": {"body": f"text {n}", "email": f"u{n}@example.org", "other": "x"}}
        for n in range(20)
    ]  # fmt: skip
    assert await cluster.put("TransformUsers", [json.dumps(one) for one in documents]) == [
        None
    ] * len(documents)
    script = Script.of(choose(Path(example.__file__)), started_at=1_750_000_000.0)
    with Sandbox(script) as sandbox:
        target = sandbox.schema(made)
    await cluster.create({**target, "class": "TransformUsersNew"})
    await _copied(cluster, script, "TransformUsers", "TransformUsersNew")
    found = await cluster.objects("TransformUsersNew")
    assert {one: known["properties"] for one, known in found.items()} == {
        uid(n): {"text": f"text {n}", "other": "x", "migratedAt": "2025-06-15T15:06:40Z"}
        for n in range(20)
    }
    assert await cluster.vectors("TransformUsers") == await cluster.vectors("TransformUsersNew")
