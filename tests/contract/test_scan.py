"""The scans on the simulator and on a real server: every data type, every node, every door."""

from __future__ import annotations

import json
import struct
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio

from elysiadash.config.profile import Profile
from elysiadash.demo.clock import ManualClock
from elysiadash.demo.cluster import simulated
from elysiadash.scan.canonical import CanonicalForm, Vector, WholeObject
from elysiadash.scan.compare import Comparison, Kind
from elysiadash.scan.coordinator import Coordinator
from elysiadash.scan.digests import DigestScan
from elysiadash.scan.extent import Extent
from elysiadash.scan.fields import field_differences
from elysiadash.scan.ids import IdTimeScan
from elysiadash.scan.keys import FIRST, LAST
from elysiadash.scan.owners import Owners
from elysiadash.scan.reading import read_object
from elysiadash.scan.rows import Digested
from tests.contract.conftest import CHANGEABLE
from tests.servers.real import RealCluster

_BATCH = "/v1/batch/objects?consistency_level=ALL"
NAME, COPY, TARGET, TENANTS = "ScanEvery", "ScanCopy", "ScanTarget", "ScanTenants"

_VECTORS = {
    "a": {"vectorizer": {"none": {}}, "vectorIndexType": "flat"},
    "b": {"vectorizer": {"none": {}}, "vectorIndexType": "hnsw"},
    "rows": {
        "vectorizer": {"none": {}},
        "vectorIndexType": "hnsw",
        "vectorIndexConfig": {"multivector": {"enabled": True}},
    },
}
_KINDS = [
    *("text", "int", "number", "boolean", "date", "uuid", "geoCoordinates", "phoneNumber", "blob"),
    *("text[]", "int[]", "number[]", "boolean[]", "date[]", "uuid[]"),
]
_PROPERTIES: list[dict[str, Any]] = [
    {"name": kind.replace("[]", "s"), "dataType": [kind]} for kind in _KINDS
]
_PROPERTIES += [
    {
        "name": "object",
        "dataType": ["object"],
        "nestedProperties": [
            {"name": "a", "dataType": ["text"]},
            {
                "name": "inner",
                "dataType": ["object"],
                "nestedProperties": [{"name": "x", "dataType": ["number"]}],
            },
        ],
    },
    {
        "name": "objects",
        "dataType": ["object[]"],
        "nestedProperties": [{"name": "a", "dataType": ["text"]}],
    },
]


@dataclass
class Place:
    """Three nodes: REST and gRPC address by name."""

    nodes: dict[str, str]
    grpc: dict[str, str]
    http: httpx.AsyncClient
    opened: AsyncExitStack

    def node(self, name: str, *, grpc: bool = True) -> Coordinator:
        url = self.nodes[name]
        node = Coordinator.of(
            Profile(name="scan", url=url), name, url, grpc=self.grpc[name] if grpc else None
        )
        self.opened.push_async_callback(node.aclose)
        return node

    async def post(self, path: str, body: Any) -> Any:
        answer = await self.http.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def put_in(self, objects: list[dict[str, Any]]) -> None:
        for known in await self.post(_BATCH, {"objects": objects}):
            assert known["result"]["status"] == "SUCCESS", known["result"]


@pytest_asyncio.fixture
async def place(kind: str, _cluster: RealCluster | None) -> AsyncIterator[Place]:
    """Three nodes without the collections of these tests, and none of them afterwards."""
    cluster = _cluster
    async with AsyncExitStack() as stack:
        if cluster is not None:
            nodes, grpc = cluster.nodes, cluster.grpc_nodes
        else:
            made = await stack.enter_async_context(simulated("empty", clock=ManualClock()))
            nodes, grpc = made.nodes, made.grpc_nodes
        url = next(iter(nodes.values()))
        http = await stack.enter_async_context(
            httpx.AsyncClient(base_url=url, trust_env=False, timeout=60)
        )
        yield Place(nodes, grpc, http, stack)
        if cluster is not None:
            for name in (NAME, COPY, TENANTS, TARGET):
                await http.delete(f"/v1/schema/{name}")


each_kind = pytest.mark.parametrize("kind", CHANGEABLE, indirect=True)


async def present() -> Owners:
    return Owners()


def _definition(name: str, *, references: bool = False) -> dict[str, Any]:
    references_too = [{"name": "points", "dataType": [TARGET]}] if references else []
    return {
        "class": name,
        "properties": _PROPERTIES + references_too,
        "vectorConfig": _VECTORS,
        "replicationConfig": {"factor": 3},
        "shardingConfig": {"desiredCount": 3},
    }


def _written(collection: str) -> list[dict[str, Any]]:
    """An object of every data type, and those at the edges."""
    some = str(uuid.UUID(int=7 << 96))
    full = {
        "text": "a<b>&\u2028\u0000é\U0001f600",
        "int": 2**53,
        "number": -0.0,
        "boolean": False,
        "date": "2020-01-01T00:00:00.123456789+02:00",
        "uuid": some,
        "geoCoordinates": {"latitude": 1.1, "longitude": -0.0},
        "phoneNumber": {"input": "020 1234567", "defaultCountry": "NL"},
        "blob": "AAEC",
        "texts": [],
        "ints": [1, -2],
        "numbers": [1.0, -0.0, 1e308, 5e-324, 0.1, 1e21, 1e-7, -1.5],
        "booleans": [True, False],
        "dates": ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59.9Z"],
        "uuids": [some],
        "object": {"a": "x", "inner": {"x": 1.0}},
        "objects": [{}, {"a": ":-0,"}],
    }
    vectors = {"a": [0.1, 2, -0.0], "b": [1, 2], "rows": [[1, 2], [3, 4.5]]}
    made: list[dict[str, Any]] = [
        {"id": str(uuid.UUID(bytes=FIRST)), "properties": {"text": "nil"}, "vectors": vectors},
        {"id": str(uuid.UUID(bytes=LAST)), "properties": {}, "vectors": {"b": [0.25, -3]}},
        {"id": str(uuid.UUID(int=1)), "properties": full, "vectors": vectors},
        {"id": str(uuid.UUID(int=2)), "properties": {"text": "", "number": 0}},
        {"id": str(uuid.UUID(int=3 << 64)), "properties": {"texts": [""]}},
    ]
    made += [
        {
            "id": str(uuid.uuid5(uuid.NAMESPACE_OID, str(number))),
            "properties": {"int": number, "text": f"number {number}"},
            "vectors": {"a": [number / 7, 0.1, 1e-20]},
        }
        for number in range(300)
    ]
    return [{"class": collection, **one} for one in made]


def _whole(posted: dict[str, Any]) -> WholeObject:
    vectors = []
    for name, value in posted.get("vectors", {}).items():
        rows = value if isinstance(value[0], list) else [value]
        data = b"".join(struct.pack(f"<{len(row)}f", *row) for row in rows)
        multi = rows is value
        vectors.append(
            Vector(name, multi, (struct.pack("<H", len(rows[0])) if multi else b"") + data)
        )
    identity = uuid.UUID(posted["id"]).bytes
    return WholeObject(identity, 0, json.dumps(posted["properties"]).encode(), vectors)


async def _digests(
    place: Place, node: Coordinator, collection: str, form: CanonicalForm, **options: Any
) -> list[Digested]:
    others = [place.node(name) for name in place.nodes if name != node.name]
    extent = Extent(collection=collection)
    scan = DigestScan(node, extent, form, owners=present, others=others, **options)
    rows = [row async for page in scan.pages() for row in page]
    assert scan.counts.read_alone == scan.counts.vanished == 0
    return rows


@each_kind
async def test_every_data_type_is_digested_as_written(place: Place) -> None:
    await place.post("/v1/schema", definition := _definition(NAME))
    written = _written(NAME)
    await place.put_in(written)
    form = CanonicalForm.of(definition)
    expected = {_whole(one).id: form.digest(_whole(one)) for one in written}
    for name in place.nodes:
        for grpc in (True, False):
            node = place.node(name, grpc=grpc)
            for page in (1000, 50):
                rows = await _digests(place, node, NAME, form, page=page)
                assert [row.id for row in rows] == sorted(expected)
                assert {row.id: row.digest for row in rows} == expected
            assert node.door == ("gRPC" if grpc else "Connect")
            scan = IdTimeScan(node, Extent(collection=NAME), owners=present, page=40)
            times = [row async for found in scan.pages() for row in found]
            assert times == [(row.id, row.time) for row in rows]


@each_kind
async def test_a_part_of_the_ids(place: Place) -> None:
    await place.post("/v1/schema", _definition(NAME))
    written = sorted(_whole(one).id for one in _written(NAME))
    await place.put_in(_written(NAME))
    node = place.node(next(iter(place.nodes)))
    for lower, upper in (
        (written[0], written[0]),
        (written[1], written[3]),
        (written[50], written[60]),
        (written[-1], LAST),
        (b"\x01" + bytes(15), b"\x02" + bytes(15)),
    ):
        extent = Extent(collection=NAME, lower=lower, upper=upper)
        scan = IdTimeScan(node, extent, owners=present, page=7)
        found = [row.id async for page in scan.pages() for row in page]
        assert found == [one for one in written if lower <= one <= upper]


@each_kind
async def test_each_damage_to_a_copy_is_found_and_named(place: Place) -> None:
    await place.post("/v1/schema", _definition(NAME))
    await place.post("/v1/schema", definition := _definition(COPY))
    await place.put_in(_written(NAME))
    copied = {one["id"]: one for one in _written(COPY)}
    edges = list(copied)[:5]
    numbered = list(copied)[5:]
    expected: dict[str, tuple[Kind, str]] = {}

    def damage(identity: str, field: str, **change: Any) -> None:
        copied[identity] = copied[identity] | change
        expected[identity] = (Kind.DIFFERENT, field)

    full = copied[edges[2]]
    shorter = full["properties"] | {"date": "2020-01-01T00:00:00.123456+02:00"}
    damage(edges[2], "properties.date", properties=shorter)
    dropped = {name: value for name, value in copied[edges[0]]["vectors"].items() if name != "b"}
    damage(edges[0], "vectors.b", vectors=dropped)
    damage(edges[1], "vectors.b", vectors={"b": [0.25000003, -3]})
    damage(edges[3], "properties.number", properties={"text": "", "number": -0.0})
    damage(edges[4], "properties.texts", properties={})
    one, other = numbered[:2]
    vectors = [copied[one]["vectors"], copied[other]["vectors"]]
    damage(one, "vectors.a", vectors=vectors[1])
    damage(other, "vectors.a", vectors=vectors[0])
    damage(numbered[2], "vectors.a", vectors={})
    expected[numbered[3]] = (Kind.MISSING, "")
    del copied[numbered[3]]
    extra = str(uuid.UUID(int=99))
    copied[extra] = {"class": COPY, "id": extra, "properties": {}}
    expected[extra] = (Kind.EXTRA, "")
    await place.put_in(list(copied.values()))

    form = CanonicalForm.of(definition)
    node = place.node(next(iter(place.nodes)))
    comparison = Comparison[Digested, Digested]()
    source = DigestScan(node, Extent(collection=NAME), form, owners=present).pages()
    target = DigestScan(node, Extent(collection=COPY), form, owners=present).pages()
    found = [each async for page in comparison.of_pages(source, target) for each in page]
    named = {}
    for each in found:
        field = ""
        if each.kind is Kind.DIFFERENT:
            left = (await read_object(node, Extent(collection=NAME), each.id)).whole
            right = (await read_object(node, Extent(collection=COPY), each.id)).whole
            assert left is not None
            assert right is not None
            (difference,) = field_differences(left, right, form)
            field = difference.field
        named[str(uuid.UUID(bytes=each.id))] = (each.kind, field)
    assert named == expected
    assert comparison.totals.source == len(_written(NAME))


@each_kind
async def test_a_missing_reference_is_found(place: Place) -> None:
    await place.post("/v1/schema", {"class": TARGET, "properties": [], "vectorConfig": {}})
    await place.post("/v1/schema", definition := _definition(NAME, references=True))
    targets = [str(uuid.UUID(int=number + 1)) for number in range(3)]
    await place.put_in([{"class": TARGET, "id": one, "properties": {}} for one in targets])
    beacons = [{"beacon": f"weaviate://localhost/{TARGET}/{one}"} for one in targets]
    lists = [beacons, beacons[::-1], beacons[:2], [], None]
    await place.put_in(
        [
            {
                "class": NAME,
                "id": str(uuid.UUID(int=number)),
                "properties": {} if each is None else {"points": each},
            }
            for number, each in enumerate(lists)
        ]
    )
    form = CanonicalForm.of(definition)
    node = place.node(next(iter(place.nodes)))
    scan = DigestScan(node, Extent(collection=NAME), form, owners=present)
    rows = [row async for page in scan.pages() for row in page]
    expected = [
        form.digest(
            WholeObject(
                number.to_bytes(16),
                0,
                json.dumps({} if each is None else {"points": each}).encode(),
                [],
            )
        )
        for number, each in enumerate(lists)
    ]
    assert [row.digest for row in rows] == expected
    assert expected[0] == form.digest(
        WholeObject(FIRST, 0, json.dumps({"points": beacons[::-1]}).encode(), [])
    )
    assert len(set(expected)) == 5


@each_kind
async def test_a_tenant_and_an_unnamed_vector(place: Place) -> None:
    definition = {
        "class": TENANTS,
        "properties": [{"name": "text", "dataType": ["text"]}],
        "multiTenancyConfig": {"enabled": True},
        "vectorizer": "none",
        "vectorIndexType": "hnsw",
    }
    await place.post("/v1/schema", definition)
    names = ["one", "two"]
    await place.post(f"/v1/schema/{TENANTS}/tenants", [{"name": name} for name in names])
    for name in names:
        await place.put_in(
            [
                {
                    "class": TENANTS,
                    "tenant": name,
                    "id": str(uuid.UUID(int=number)),
                    "properties": {"text": name},
                    "vector": [number / 3, 0.5],
                }
                for number in range(9)
            ]
        )
    form = CanonicalForm.of(definition)
    for node_name in place.nodes:
        node = place.node(node_name)
        for name in names:
            extent = Extent(collection=TENANTS, tenant=name, tenant_is_hot=True)
            scan = DigestScan(node, extent, form, owners=present, page=4)
            rows = [row async for page in scan.pages() for row in page]
            vectors = [struct.pack("<2f", number / 3, 0.5) for number in range(9)]
            text = json.dumps({"text": name}).encode()
            assert [row.digest for row in rows] == [
                form.digest(WholeObject(number.to_bytes(16), 0, text, [Vector("", False, vector)]))
                for number, vector in enumerate(vectors)
            ]


@each_kind
async def test_a_whole_object_is_the_same_through_every_door(place: Place) -> None:
    from elysiadash.scan.whole import alone

    await place.post("/v1/schema", definition := _definition(NAME))
    await place.put_in(_written(NAME))
    form = CanonicalForm.of(definition)
    node = place.node(next(iter(place.nodes)))
    extent = Extent(collection=NAME)
    for posted in _written(NAME)[:20]:
        written = _whole(posted)
        single = await read_object(node, extent, written.id)
        assert single.joined
        assert single.whole is not None
        assert form.digest(single.whole) == form.digest(written)
        answer = await node.get(extent, written.id, vectors=True)
        assert answer is not None
        assert form.digest(alone(answer)) == form.digest(written)
