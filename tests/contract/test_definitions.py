"""Definitions that are cleaned can be posted elsewhere and read back; and what PUT does with each.

On the simulator and on a real server.
"""

from __future__ import annotations

import copy
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from elysiadash.config import files
from elysiadash.schema.changes import verdict
from elysiadash.schema.cleaning import clean
from elysiadash.schema.creation import SchemaRequest, creation_requests, reference_requests
from elysiadash.schema.definition import Definition, lookup, with_value
from elysiadash.schema.diff import diff, unexpected
from elysiadash.schema.ordering import creation_order
from elysiadash.schema.renaming import renamed
from elysiadash.schema.setting import set_values
from elysiadash.schema.templates.shelf import SHIPPED, Shelf
from tests.contract.conftest import CHANGEABLE
from tests.contract.subjects import RECORDINGS, Subject

pytestmark = pytest.mark.parametrize("kind", CHANGEABLE, indirect=True)


class Schema:
    """The schema of one cluster; what was created is deleted at the end."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.made: list[str] = []

    async def send(self, *requests: SchemaRequest) -> None:
        for request in requests:
            answer = await self.client.request(request.method, request.path, json=request.body)
            assert answer.status_code == 200, (request.why, answer.text)
            if request.path == "/v1/schema":
                self.made.append(request.body["class"])

    async def refused(self, body: Definition) -> str:
        answer = await self.client.post("/v1/schema", json=body)
        assert answer.status_code == 422, answer.text
        return str(answer.json()["error"][0]["message"])

    async def stored(self, name: str) -> Definition:
        answer = await self.client.get(f"/v1/schema/{name}")
        assert answer.status_code == 200
        found: Definition = answer.json()
        return found

    async def put(self, name: str, body: Definition) -> int:
        return (await self.client.put(f"/v1/schema/{name}", json=body)).status_code


@asynccontextmanager
async def schema_of(url: str) -> AsyncIterator[Schema]:
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as client:
        schema = Schema(client)
        try:
            yield schema
        finally:
            for name in schema.made:
                await client.delete(f"/v1/schema/{name}")


@pytest.fixture
async def schema(server: Subject) -> AsyncIterator[Schema]:
    async with schema_of(server.nodes[server.first]) as found:
        yield found


def recorded_classes() -> list[Definition]:
    document = json.loads((RECORDINGS / "healthy" / "schema-leader.json").read_text("utf-8"))
    found: list[Definition] = document["classes"]
    return found


async def test_every_collection_of_the_cluster_can_be_copied(schema: Schema) -> None:
    answer = await schema.client.get("/v1/schema")
    for definition in answer.json()["classes"]:
        new = f"Copy{definition['class']}"
        posted = renamed(clean(definition).definition, {definition["class"]: new})
        await schema.send(*creation_requests(posted))
        read = await schema.stored(new)
        assert unexpected(posted, read) == ()
        # As it was, but for the name.
        back = renamed(read, {new: definition["class"]})
        assert [one for one in diff(definition, back) if one.expected is None] == []


async def test_recorded_collections_can_be_copied_in_order(schema: Schema) -> None:
    names = {one["class"]: f"Was{one['class']}" for one in recorded_classes()}
    order = creation_order([renamed(clean(one).definition, names) for one in recorded_classes()])
    assert order.unmet == ()
    for definition in order.first:
        await schema.send(*creation_requests(definition))
        assert unexpected(definition, await schema.stored(definition["class"])) == ()


async def test_collections_that_refer_to_each_other(schema: Schema) -> None:
    pair: list[Definition] = [
        {"class": name, "vectorizer": "none", "properties": [{"name": "to", "dataType": [other]}]}
        for name, other in (("RingA", "RingB"), ("RingB", "RingA"))
    ]
    assert "nonexistent class" in await schema.refused(pair[0])
    order = creation_order(pair)
    for definition in order.first:
        await schema.send(*creation_requests(definition))
    await schema.send(*reference_requests(order.later))
    for definition in pair:
        assert unexpected(definition, await schema.stored(definition["class"])) == ()


async def test_named_vectors_beside_an_unnamed_one(schema: Schema) -> None:
    both: Definition = {
        "class": "BothKinds",
        "vectorIndexType": "hnsw",
        "vectorizer": "none",
        "vectorConfig": {"extra": {"vectorIndexType": "hnsw", "vectorizer": {"none": {}}}},
    }
    assert "forbidden" in await schema.refused(both)
    first, second = creation_requests(both)
    await schema.send(first)
    await schema.send(second)
    assert unexpected(both, await schema.stored("BothKinds")) == ()


async def test_what_is_cleaned_away_would_have_been_refused(schema: Schema) -> None:
    customer = next(one for one in recorded_classes() if one["class"] == "Customer")
    words = await schema.refused({**customer, "class": "NewCustomer"})
    assert words == "cannot have both shardingConfig and multiTenancyConfig"


@pytest.mark.parametrize("name", SHIPPED)
async def test_shipped_templates_make_what_they_say(schema: Schema, name: str) -> None:
    template = Shelf(Path("/nonexistent"), files).get(name)
    posted = template.named("FromTemplate")
    await schema.send(*creation_requests(posted))
    assert unexpected(posted, await schema.stored("FromTemplate")) == ()


async def test_what_was_set_on_the_way_is_read(schema: Schema) -> None:
    template = Shelf(Path("/nonexistent"), files).get("high-recall")
    settings = ["replicationConfig.factor=2", "vectorConfig.*.vectorIndexConfig.ef=77"]
    posted = set_values(template.named("SetOnTheWay"), settings)
    await schema.send(*creation_requests(posted))
    read = await schema.stored("SetOnTheWay")
    assert unexpected(posted, read) == ()
    assert read["replicationConfig"]["factor"] == 2
    assert read["vectorConfig"]["default"]["vectorIndexConfig"]["ef"] == 77


async def test_what_is_computed_is_so_whatever_was_posted(schema: Schema) -> None:
    for factor, posted in ((1, True), (2, False), (3, None)):
        name = f"Computed{factor}"
        replication = {"factor": factor, "asyncEnabled": posted}
        definition: Definition = {
            "class": name,
            "vectorizer": "none",
            "replicationConfig": {k: v for k, v in replication.items() if v is not None},
            "invertedIndexConfig": {"usingBlockMaxWAND": False},
        }
        await schema.send(*creation_requests(definition))
        read = await schema.stored(name)
        assert unexpected(definition, read) == ()
        assert read["replicationConfig"]["asyncEnabled"] is (factor > 1)
        assert read["invertedIndexConfig"]["usingBlockMaxWAND"] is True


# What PUT does


HNSW: Definition = {
    "properties": [{"name": "a", "dataType": ["text"]}],
    "vectorConfig": {"v": {"vectorIndexType": "hnsw", "vectorizer": {"none": {}}}},
}
V = "vectorConfig.v.vectorIndexConfig"
CHANGES: list[tuple[str, Any]] = [
    ("description", "x"),
    ("properties.a.description", "x"),
    ("properties.a.indexSearchable", False),
    ("properties.a.tokenization", "field"),
    ("invertedIndexConfig.bm25.k1", 1.5),
    ("invertedIndexConfig.stopwords.preset", "none"),
    ("invertedIndexConfig.cleanupIntervalSeconds", 61),
    ("invertedIndexConfig.indexTimestamps", True),
    ("invertedIndexConfig.indexNullState", True),
    ("invertedIndexConfig.indexPropertyLength", True),
    ("invertedIndexConfig.usingBlockMaxWAND", False),
    ("multiTenancyConfig.enabled", True),
    ("replicationConfig.deletionStrategy", "DeleteOnConflict"),
    ("replicationConfig.asyncEnabled", True),
    ("shardingConfig.desiredCount", 7),
    ("shardingConfig.virtualPerPhysical", 64),
    ("shardingConfig.actualCount", 9),
    ("moduleConfig.generative-openai.model", "x"),
    (f"{V}.ef", 99),
    (f"{V}.dynamicEfMin", 50),
    (f"{V}.dynamicEfMax", 700),
    (f"{V}.dynamicEfFactor", 9),
    (f"{V}.filterStrategy", "sweeping"),
    (f"{V}.flatSearchCutoff", 4),
    (f"{V}.vectorCacheMaxObjects", 5000),
    (f"{V}.skip", True),
    (f"{V}.skipDefaultQuantization", True),
    (f"{V}.trackDefaultQuantization", True),
    (f"{V}.efConstruction", 64),
    (f"{V}.maxConnections", 16),
    (f"{V}.cleanupIntervalSeconds", 60),
    (f"{V}.distance", "dot"),
    (f"{V}.multivector.enabled", True),
    (f"{V}.rq.bits", 1),
    (f"{V}.rq.enabled", True),
    (f"{V}.bq.enabled", True),
    ("vectorConfig.v.vectorIndexType", "flat"),
    ("vectorConfig.v.vectorizer", {"text2vec-openai": {}}),
]
UNNAMED_CHANGES: list[tuple[str, Any]] = [
    ("vectorIndexType", "flat"),
    ("vectorizer", "text2vec-openai"),
    ("vectorIndexConfig.skipDefaultQuantization", True),
    ("vectorIndexConfig.trackDefaultQuantization", True),
    ("vectorIndexConfig.ef", 99),
    ("vectorIndexConfig.distance", "dot"),
]
FLAT_CHANGES: list[tuple[str, Any]] = [
    (f"{V}.distance", "dot"),
    (f"{V}.bq.enabled", False),
    (f"{V}.bq.rescoreLimit", 7),
    (f"{V}.bq.cache", True),
    (f"{V}.vectorCacheMaxObjects", 500),
]
HFRESH_CHANGES: list[tuple[str, Any]] = [
    (f"{V}.distance", "l2-squared"),
    (f"{V}.replicas", 2),
    (f"{V}.searchProbe", 100),
    (f"{V}.maxPostingSizeKB", 96),
    (f"{V}.rq.rescoreLimit", 100),
]


def _index(kind: str, **config: Any) -> Definition:
    vector = {"vectorIndexType": kind, "vectorizer": {"none": {}}, "vectorIndexConfig": config}
    return {**HNSW, "vectorConfig": {"v": vector}}


@pytest.mark.parametrize(
    ("start", "changes"),
    [
        (HNSW, CHANGES),
        ({"vectorizer": "none"}, UNNAMED_CHANGES),
        (_index("flat", bq={"enabled": True}), FLAT_CHANGES),
        (_index("hfresh"), HFRESH_CHANGES),
    ],
    ids=["hnsw", "unnamed", "flat", "hfresh"],
)
async def test_put_does_what_the_table_says(
    schema: Schema, start: Definition, changes: list[tuple[str, Any]]
) -> None:
    wrong = []
    for number, (path, new) in enumerate(changes):
        name = f"Put{number}"
        await schema.send(*creation_requests({**start, "class": name}))
        before = await schema.stored(name)
        parts = path.split(".")
        wanted = _changed(before, parts, new)
        status = await schema.put(name, wanted)
        after = lookup(await schema.stored(name), parts)
        was = lookup(before, parts)
        seen = "refused" if status == 422 else "accepted" if after == new else "ignored"
        said = verdict(before, parts, new).verdict
        if said != seen or (seen != "accepted" and after != was):
            wrong.append((path, said, seen, status, was, after))
    assert wrong == []


def _changed(definition: Definition, parts: list[str], new: Any) -> Definition:
    """A deep copy with one value changed."""
    changed: Definition = with_value(copy.deepcopy(definition), parts, new)
    return changed
