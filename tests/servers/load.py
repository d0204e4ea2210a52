"""Fills a cluster by REST with one collection of each kind the console meets, and keeps it busy.

Doc (replicated, two named vectors), Event (one replica), Customer (multi-tenant, half of the
tenants COLD), LegacyArticle (one unnamed vector), and the alias Docs for Doc. All values follow
from numbers, so two runs load the same objects.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import httpx

T = TypeVar("T")
Size = Literal["small", "medium"]

DOC, EVENT, CUSTOMER, LEGACY = "Doc", "Event", "Customer", "LegacyArticle"
ALIAS = "Docs"
TENANTS = 200
_BATCH = 200
_APPLIED_S = 30.0
_IDS = uuid.UUID("6a0c1f0e-52c5-4f8e-9f53-0e1b6a3c7d11")


@dataclass(frozen=True)
class Amounts:
    """How many objects a size means."""

    docs: int
    events: int
    legacy: int
    per_tenant: int


AMOUNTS: dict[Size, Amounts] = {
    "small": Amounts(docs=600, events=900, legacy=150, per_tenant=3),
    "medium": Amounts(docs=4000, events=5000, legacy=1500, per_tenant=20),
}
DIMENSIONS = 32


class Refused(Exception):
    """The server did not take a request of the loader; says which and its answer."""


@dataclass
class Tally:
    """What became of a series of requests, counted object by object."""

    sent: int = 0
    accepted: int = 0
    failures: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    """Ids of the accepted objects."""


async def load(
    url: str,
    size: Size = "small",
    *,
    replicas: int = 3,
    headers: Mapping[str, str] | None = None,
) -> None:
    """Create the collections and fill them; raises ``Refused`` at the first refusal."""
    amounts = AMOUNTS[size]
    async with _client(url, headers) as client:
        for definition in definitions(replicas):
            await _ask(client, "POST", "/v1/schema", definition)
        await _ask(client, "POST", "/v1/aliases", {"alias": ALIAS, "class": DOC})
        for names in _chunks(tenant_names(), 100):
            tenants = [{"name": name, "activityStatus": "HOT"} for name in names]
            await _ask(client, "POST", f"/v1/schema/{CUSTOMER}/tenants", tenants)
        await insert(client, (object_of(DOC, n) for n in range(amounts.docs)))
        await insert(client, (object_of(EVENT, n) for n in range(amounts.events)))
        await insert(client, (object_of(LEGACY, n) for n in range(amounts.legacy)))
        await insert(
            client,
            (
                object_of(CUSTOMER, n, tenant=name)
                for name in tenant_names()
                for n in range(amounts.per_tenant)
            ),
        )
        for names in _chunks(tenant_names()[TENANTS // 2 :], 100):
            await set_tenants(client, CUSTOMER, names, "COLD")


async def set_tenants(
    client: httpx.AsyncClient, collection: str, names: Sequence[str], status: str
) -> None:
    """Move tenants to HOT or COLD."""
    tenants = [{"name": name, "activityStatus": status} for name in names]
    await _ask(client, "PUT", f"/v1/schema/{collection}/tenants", tenants)


async def set_shard(client: httpx.AsyncClient, collection: str, shard: str, status: str) -> None:
    """Set a shard READONLY or READY, and wait until every replica shows it.

    The answer comes when one node has applied the change; the others follow.
    """
    await _ask(client, "PUT", f"/v1/schema/{collection}/shards/{shard}", {"status": status})
    async with asyncio.timeout(_APPLIED_S):
        while True:
            if await _states(client, collection, shard) == {status}:
                return
            await asyncio.sleep(0.02)


async def insert(client: httpx.AsyncClient, objects: Iterable[dict[str, Any]]) -> None:
    """Write objects in batches; raises ``Refused`` if any of them failed."""
    for batch in _chunks(list(objects), _BATCH):
        tally = Tally()
        await _write(client, batch, tally)
        if tally.failures:
            raise Refused(f"{len(tally.failures)} of {len(batch)} objects: {tally.failures[0]}")


async def steady_writes(
    url: str,
    collection: str,
    per_second: float,
    duration: float,
    *,
    first: int = 1_000_000,
    tenant: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Tally:
    """New objects at an even rate for ``duration`` seconds; numbered from ``first`` on."""
    tally = Tally()
    async with _client(url, headers) as client:

        async def write(number: int) -> None:
            await _write(client, [object_of(collection, first + number, tenant=tenant)], tally)

        await _paced(write, per_second, duration)
    return tally


async def steady_deletes(
    url: str,
    collection: str,
    ids: Sequence[str],
    per_second: float,
    *,
    tenant: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Tally:
    """Delete the objects one by one at an even rate."""
    tally = Tally()
    params = {"tenant": tenant} if tenant else {}
    async with _client(url, headers) as client:

        async def delete(number: int) -> None:
            path = f"/v1/objects/{collection}/{ids[number]}"
            tally.sent += 1
            try:
                answer = await client.delete(path, params=params)
            except httpx.HTTPError as error:
                tally.failures.append(repr(error))
                return
            if answer.status_code == 204:
                tally.accepted += 1
                tally.ids.append(ids[number])
            else:
                tally.failures.append(f"{answer.status_code} {answer.text[:200]}")

        await _paced(delete, per_second, len(ids) / per_second)
    return tally


async def steady_queries(
    url: str,
    collection: str,
    per_second: float,
    duration: float,
    *,
    tenant: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Tally:
    """Vector searches at an even rate for ``duration`` seconds."""
    tally = Tally()
    async with _client(url, headers) as client:

        async def search(number: int) -> None:
            tally.sent += 1
            query = {"query": _search(collection, number, tenant)}
            try:
                answer = await client.post("/v1/graphql", json=query)
            except httpx.HTTPError as error:
                tally.failures.append(repr(error))
                return
            if answer.status_code == 200 and "errors" not in answer.json():
                tally.accepted += 1
            else:
                tally.failures.append(f"{answer.status_code} {answer.text[:200]}")

        await _paced(search, per_second, duration)
    return tally


def definitions(replicas: int = 3) -> list[dict[str, Any]]:
    """The four collections as posted to ``/v1/schema``."""
    sharding = {"desiredCount": 3}
    hnsw = {"vectorIndexType": "hnsw", "vectorizer": {"none": {}}}
    return [
        {
            "class": DOC,
            "description": "replicated documents",
            "replicationConfig": {"factor": replicas},
            "shardingConfig": sharding,
            "vectorConfig": {"title": hnsw, "body": hnsw},
            "properties": [
                {"name": "title", "dataType": ["text"]},
                {"name": "category", "dataType": ["text"], "tokenization": "field"},
                {"name": "year", "dataType": ["int"], "indexRangeFilters": True},
                {"name": "score", "dataType": ["number"]},
                {"name": "published", "dataType": ["boolean"]},
                {"name": "createdAt", "dataType": ["date"]},
                {"name": "externalId", "dataType": ["uuid"]},
                {"name": "location", "dataType": ["geoCoordinates"]},
                {"name": "tags", "dataType": ["text[]"]},
                {
                    "name": "author",
                    "dataType": ["object"],
                    "nestedProperties": [
                        {"name": "name", "dataType": ["text"]},
                        {"name": "age", "dataType": ["int"]},
                    ],
                },
            ],
        },
        {
            "class": EVENT,
            "replicationConfig": {"factor": 1},
            "shardingConfig": sharding,
            "vectorConfig": {"default": hnsw},
            "properties": [
                {"name": "kind", "dataType": ["text"], "tokenization": "field"},
                {"name": "n", "dataType": ["int"]},
            ],
        },
        {
            "class": CUSTOMER,
            "replicationConfig": {"factor": 1},
            "multiTenancyConfig": {"enabled": True},
            "vectorConfig": {"default": hnsw},
            "properties": [{"name": "name", "dataType": ["text"]}],
        },
        {
            "class": LEGACY,
            "replicationConfig": {"factor": 1},
            "shardingConfig": sharding,
            "vectorizer": "none",
            "vectorIndexType": "hnsw",
            "vectorIndexConfig": {"distance": "l2-squared"},
            "properties": [
                {"name": "headline", "dataType": ["text"]},
                {"name": "aboutDoc", "dataType": [DOC]},
            ],
        },
    ]


def tenant_names() -> list[str]:
    """The tenants of Customer; the first half stays HOT."""
    return [f"tenant-{number:03}" for number in range(TENANTS)]


def object_id(collection: str, number: int, tenant: str | None = None) -> str:
    """The id of object ``number``."""
    return str(uuid.uuid5(_IDS, f"{collection}/{tenant or ''}/{number}"))


def object_of(collection: str, number: int, *, tenant: str | None = None) -> dict[str, Any]:
    """Object ``number`` of one of the four collections."""
    made = {
        "class": collection,
        "id": object_id(collection, number, tenant),
        "properties": _PROPERTIES[collection](number),
    }
    if tenant is not None:
        made["tenant"] = tenant
    if collection == LEGACY:
        return made | {"vector": vector(number)}
    names = ("title", "body") if collection == DOC else ("default",)
    return made | {"vectors": {name: vector(number, salt) for salt, name in enumerate(names)}}


def vector(number: int, salt: int = 0) -> list[float]:
    """A vector that depends on the numbers only."""
    source = random.Random(number * 31 + salt)
    return [round(source.uniform(-1, 1), 4) for _ in range(DIMENSIONS)]


def _doc(number: int) -> dict[str, Any]:
    return {
        "title": f"Document {number}",
        "category": ("news", "manual", "letter")[number % 3],
        "year": 1990 + number % 35,
        "score": number / 7,
        "published": number % 2 == 0,
        "createdAt": f"2026-{number % 12 + 1:02}-{number % 28 + 1:02}T10:00:00Z",
        "externalId": str(uuid.uuid5(_IDS, f"external/{number}")),
        "location": {"latitude": number % 90, "longitude": number % 180},
        "tags": [f"tag-{number % 5}", f"tag-{number % 7}"],
        "author": {"name": f"Author {number % 11}", "age": 20 + number % 50},
    }


def _event(number: int) -> dict[str, Any]:
    return {"kind": ("start", "stop")[number % 2], "n": number}


def _customer(number: int) -> dict[str, Any]:
    return {"name": f"Customer {number}"}


def _article(number: int) -> dict[str, Any]:
    beacon = f"weaviate://localhost/{DOC}/{object_id(DOC, number)}"
    return {"headline": f"Article {number}", "aboutDoc": [{"beacon": beacon}]}


_PROPERTIES: dict[str, Callable[[int], dict[str, Any]]] = {
    DOC: _doc,
    EVENT: _event,
    CUSTOMER: _customer,
    LEGACY: _article,
}


def _search(collection: str, number: int, tenant: str | None) -> str:
    target = ',targetVectors:["body"]' if collection == DOC else ""
    scope = f'tenant:"{tenant}",' if tenant else ""
    near = f"nearVector:{{vector:{vector(number)}{target}}}"
    return f"{{Get{{{collection}({scope}limit:3,{near}){{_additional{{id}}}}}}}}"


async def _states(client: httpx.AsyncClient, collection: str, shard: str) -> set[str]:
    """What the replicas of a shard say of themselves."""
    answer = await client.get(f"/v1/nodes/{collection}", params={"output": "verbose"})
    rows = [row for node in answer.json()["nodes"] for row in node["shards"] or ()]
    return {row["vectorIndexingStatus"] for row in rows if row["name"] == shard}


async def _write(
    client: httpx.AsyncClient, objects: Sequence[dict[str, Any]], tally: Tally
) -> None:
    tally.sent += len(objects)
    try:
        answer = await client.post("/v1/batch/objects", json={"objects": objects})
    except httpx.HTTPError as error:
        tally.failures.extend([repr(error)] * len(objects))
        return
    if answer.status_code != 200:
        tally.failures.extend([f"{answer.status_code} {answer.text[:200]}"] * len(objects))
        return
    for item in answer.json():
        result = item.get("result", {})
        if result.get("status") == "SUCCESS":
            tally.accepted += 1
            tally.ids.append(item["id"])
        else:
            tally.failures.append(str(result.get("errors")))


async def _paced(
    act: Callable[[int], Coroutine[Any, Any, None]], per_second: float, duration: float
) -> None:
    """``act(0)``, ``act(1)``, ... each started when it is due, however long the others take."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with asyncio.TaskGroup() as group:
        for number in range(round(per_second * duration)):
            await asyncio.sleep(max(0.0, started + number / per_second - loop.time()))
            group.create_task(act(number))


async def _ask(client: httpx.AsyncClient, method: str, path: str, body: Any) -> None:
    answer = await client.request(method, path, json=body)
    if answer.status_code >= 300:
        raise Refused(f"{method} {path}: {answer.status_code} {answer.text[:300]}")


def _client(url: str, headers: Mapping[str, str] | None) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=url, headers=dict(headers or {}), trust_env=False, timeout=60.0
    )


def _chunks(items: Sequence[T], size: int) -> list[Sequence[T]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
