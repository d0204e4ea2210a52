"""The fidelity table of the data path: whatever a source holds is in the target, bit by bit.

Sources are written, and both sides read, by raw requests of the test's own.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from elysiadash.demo.cluster import simulated
from elysiadash.proto import weaviate_pb2 as pb
from elysiadash.weaviate.objects import (
    Converter,
    Place,
    ReadBack,
    Reader,
    ReferenceWriter,
    shape_of,
)
from elysiadash.weaviate.rpc import RpcCall
from tests.contract.conftest import CHANGEABLE
from tests.contract.copying import PERMIT, Site, same, site, uid
from tests.contract.fidelity_rows import ROWS, VECTORS, definition
from tests.servers.real import RealCluster


@pytest.fixture(params=CHANGEABLE)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["grpc", "connect"])
def door(request: pytest.FixtureRequest) -> str:
    """The gRPC port, or the REST port where that is shut."""
    return str(request.param)


@pytest_asyncio.fixture
async def cluster(kind: str, door: str, _cluster: RealCluster | None) -> AsyncIterator[Site]:
    """Three nodes; what a test creates is removed."""
    if _cluster is None:
        async with (
            simulated("empty", grpc=door == "grpc") as demo,
            site(demo.url, demo.grpc if door == "grpc" else None, demo.nodes) as made,
        ):
            yield made
        return
    grpc = _cluster.grpc if door == "grpc" else None
    async with site(_cluster.url, grpc, _cluster.nodes) as made:
        before = {one["class"] for one in (await made.raw.get("/v1/schema")).json()["classes"]}
        yield made
        after = {one["class"] for one in (await made.raw.get("/v1/schema")).json()["classes"]}
        for name in after - before:
            await made.raw.delete(f"/v1/schema/{name}")


def _document(collection: str, number: int, properties: str, vectors: str | None) -> str:
    parts = [
        f'"class":"{collection}"', f'"id":"{uid(number)}"', f'"properties":{properties}'
    ]  # fmt: skip
    if vectors is not None:
        parts.append(f'"vectors":{vectors}')
    return "{" + ",".join(parts) + "}"


async def _write_rows(cluster: Site, collection: str) -> dict[str, str]:
    """Every row of the table in the source; returns their names by id. Row 0 is the nil UUID."""
    names = {}
    for number, (name, properties) in enumerate(ROWS.items()):
        document = _document(collection, number, properties, VECTORS[number % len(VECTORS)])
        errors: list[str | None] = []
        # An empty date[] is taken only by the owner of its shard.
        for base in cluster.nodes.values():
            errors = await cluster.put(collection, [document], base=base)
            if errors == [None]:
                break
        assert errors == [None], (name, errors)
        names[uid(number)] = name
    return names


async def test_every_row_of_the_fidelity_table_survives(cluster: Site) -> None:
    await cluster.create(definition("FidelitySource", shards=3))
    await cluster.create(definition("FidelityTarget", shards=3))
    names = await _write_rows(cluster, "FidelitySource")
    copied = await cluster.copy("FidelitySource", "FidelityTarget")
    assert (copied.lost, copied.refused, copied.unsettled) == ([], [], [])
    source = await cluster.objects("FidelitySource")
    assert source.keys() == names.keys()
    target = await cluster.objects("FidelityTarget")
    different = same(source, target)
    assert {names[one]: sides for one, sides in different.items()} == {}
    assert await cluster.vectors("FidelitySource") == await cluster.vectors("FidelityTarget")
    times = {one: int(known["lastUpdateTimeUnix"]) for one, known in target.items()}
    assert copied.stored == times, "the times that were read back are not the target's"


async def test_what_the_source_keeps_is_what_the_table_says(cluster: Site) -> None:
    """The facts that the converter rests on, so that a version that differs is noticed."""
    await cluster.create(definition("FidelityFacts"))
    await _write_rows(cluster, "FidelityFacts")
    source = await cluster.objects("FidelityFacts")
    at = {name: source[uid(number)]["properties"] for number, name in enumerate(ROWS)}
    assert at["number: -0.0"] == {"n": "-0"}
    assert at["int: 2^53+1"]["i"] == "9007199254740992"
    assert at["int: 2^63-1"] == {"i": "9223372036854776000"}
    assert at["int: -2^63"]["i"] == "-9223372036854776000"
    assert at["null"] == {}
    assert at["object: null"] == {"o": dict.fromkeys(("d", "i", "o", "os", "t", "ta"))}
    assert at["arrays: empty"] == {name: [] for name in ("ba", "ia", "na", "os", "ta", "ua")}
    assert at["phone: national"]["p"]["internationalFormatted"] == "+49 171 1234567"
    assert at["geo: float32"] == {"g": {"latitude": "52.3667", "longitude": "4.904141"}}
    assert at["uuid"]["u"] == "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
    assert at["number: 1e21"] == {"n": "1e+21"}


async def test_an_unnamed_vector_survives(cluster: Site) -> None:
    for name in ("FidelityOld", "FidelityOldCopy"):
        await cluster.create(
            {"class": name, "vectorizer": "none", "vectorIndexType": "flat",
             "properties": [{"name": "t", "dataType": ["text"]}]}
        )  # fmt: skip
    documents = [
        json.dumps({"class": "FidelityOld", "id": uid(number), "properties": {"t": str(number)}}
                   | ({"vector": [number / 3, -0.0]} if number % 2 else {}))
        for number in range(1, 6)
    ]  # fmt: skip
    assert await cluster.put("FidelityOld", documents) == [None] * 5
    copied = await cluster.copy("FidelityOld", "FidelityOldCopy")
    assert (copied.lost, copied.refused, copied.unsettled) == ([], [], [])
    source = await cluster.objects("FidelityOld")
    assert same(source, await cluster.objects("FidelityOldCopy")) == {}
    vectors = await cluster.vectors("FidelityOld")
    assert sum(1 for one in vectors.values() if one[""]) == 3
    assert vectors == await cluster.vectors("FidelityOldCopy")


async def test_a_tenant_survives_and_only_that_one(cluster: Site) -> None:
    for name in ("FidelityTenants", "FidelityTenantsCopy"):
        await cluster.create(definition(name, multi_tenant=True))
        tenants = [{"name": "one"}, {"name": "two"}]
        answer = await cluster.raw.post(f"/v1/schema/{name}/tenants", json=tenants)
        assert answer.status_code == 200
    for tenant in ("one", "two"):
        document = _document("FidelityTenants", 7, f'{{"t":"{tenant}"}}', VECTORS[0])
        errors = await cluster.put("FidelityTenants", [document[:-1] + f',"tenant":"{tenant}"}}'])
        assert errors == [None]
    copied = await cluster.copy("FidelityTenants", "FidelityTenantsCopy", tenant="two")
    assert (copied.lost, copied.refused, copied.unsettled) == ([], [], [])
    source = await cluster.objects("FidelityTenants", "two")
    assert same(source, await cluster.objects("FidelityTenantsCopy", "two")) == {}
    assert await cluster.objects("FidelityTenantsCopy", "one") == {}
    assert (await cluster.vectors("FidelityTenantsCopy", "two"))[uid(7)]["a"]


async def test_every_node_gives_the_same_rows_to_whoever_asks_it(cluster: Site) -> None:
    await cluster.create(definition("FidelityNodes", shards=3))
    names = await _write_rows(cluster, "FidelityNodes")
    shape = shape_of(await cluster.definition("FidelityNodes"))
    pages = []
    for base in cluster.nodes.values():
        place = Place(collection="FidelityNodes", base=base)
        pages.append(await Reader(cluster.transport, cluster.door, shape, place).page())
    for page in pages:
        assert [row.id for row in page.rows] == sorted(names)
        assert (page.whole, page.gone, page.ended) == (0, (), True)
    assert all(str(page.rows) == str(pages[0].rows) for page in pages)
    one = await Reader(
        cluster.transport, cluster.door, shape, Place(collection="FidelityNodes")
    ).one(uid(5))
    assert str(one) == str(pages[0].rows[5]), "read by REST alone, it is another object"


# ---- references ------------------------------------------------------------------------------


def _led(collection: str, number: int) -> dict[str, str]:
    return {"beacon": f"weaviate://localhost/{collection}/{uid(number)}"}


async def _with_references(cluster: Site, name: str, other: str) -> None:
    await cluster.create({"class": name, "properties": [{"name": "t", "dataType": ["text"]}]})
    answer = await cluster.raw.post(
        f"/v1/schema/{name}/properties", json={"name": "to", "dataType": [name]}
    )
    assert answer.status_code == 200, answer.text
    answer = await cluster.raw.post(
        f"/v1/schema/{name}/properties", json={"name": "any", "dataType": [name, other]}
    )
    assert answer.status_code == 200, answer.text


def _renamed(objects: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(objects).replace(f"/{old}/", f"/{new}/"))
    return found


async def test_references_survive_cycles_themselves_and_empty_lists(cluster: Site) -> None:
    await cluster.create({"class": "FidelityOther"})
    for name in ("FidelityRefs", "FidelityRefsCopy"):
        await _with_references(cluster, name, "FidelityOther")
    name = "FidelityRefs"
    bare = [json.dumps({"class": name, "id": uid(number), "properties": {"t": "x"}})
            for number in range(1, 8)]  # fmt: skip
    assert await cluster.put(name, bare) == [None] * 7
    other = json.dumps({"class": "FidelityOther", "id": uid(1)})
    assert await cluster.put("FidelityOther", [other]) == [None]
    held = {
        1: {"to": [_led(name, 1)]},
        2: {"to": [_led(name, 3)]},
        3: {"to": [_led(name, 2)], "any": []},
        4: {"to": []},
        5: {"to": [_led(name, 3), _led(name, 2), _led(name, 1), _led(name, 3)],
            "any": [_led("FidelityOther", 1), _led(name, 7)]},
    }  # fmt: skip
    for number, properties in held.items():
        for known, value in properties.items():
            path = f"/v1/objects/{name}/{uid(number)}/references/{known}"
            answer = await cluster.raw.put(path, json=value)
            assert answer.status_code == 200, answer.text
    dangling = {"from": f"weaviate://localhost/{name}/{uid(6)}/to", "to": _led(name, 99)["beacon"]}
    assert (await cluster.raw.post("/v1/batch/references", json=[dangling])).status_code == 200

    copied = await cluster.copy(name, "FidelityRefsCopy")
    assert (copied.lost, copied.refused, copied.unsettled) == ([], [], [])
    assert copied.referenced[0].stored.keys() == {uid(number) for number in range(1, 7)}
    source = _renamed(await cluster.objects(name), name, "FidelityRefsCopy")
    target = await cluster.objects("FidelityRefsCopy")
    assert same(source, target) == {}
    for number in range(1, 7):
        time = copied.referenced[0].stored[uid(number)]
        assert time == int(target[uid(number)]["lastUpdateTimeUnix"])

    again = await cluster.copy(name, "FidelityRefsCopy")
    assert (again.refused, again.unsettled) == ([], [])
    assert same(source, await cluster.objects("FidelityRefsCopy")) == {}


async def test_references_given_twice_are_there_once(cluster: Site) -> None:
    """A batch adds; the pass must not, when nobody knows whether the first time arrived."""
    await cluster.create({"class": "FidelityOther"})
    await _with_references(cluster, "FidelityTwice", "FidelityOther")
    name = "FidelityTwice"
    bare = [json.dumps({"class": name, "id": uid(number)}) for number in (1, 2)]
    assert await cluster.put(name, bare) == [None] * 2
    path = f"/v1/objects/{name}/{uid(1)}/references/to"
    assert (await cluster.raw.put(path, json=[_led(name, 2)])).status_code == 200
    shape = shape_of(await cluster.definition(name))
    place = Place(collection=name)
    page = await Reader(cluster.transport, cluster.door, shape, place).page()
    objects, _ = Converter(shape).convert(page.rows)
    pass_ = ReferenceWriter(cluster.transport, shape, place, permit=PERMIT)
    before = len(cluster.audit.entries)
    outcome = await pass_.write(objects)
    assert outcome.stored.keys() == {uid(1)}
    assert len(cluster.audit.entries) == before, "what was right was written again"
    doubled = {"from": f"weaviate://localhost/{name}/{uid(1)}/to", "to": _led(name, 2)["beacon"]}
    assert (await cluster.raw.post("/v1/batch/references", json=[doubled])).status_code == 200
    outcome = await pass_.write(objects)
    assert (outcome.refused, outcome.unsettled) == ([], [])
    properties = (await cluster.objects(name))[uid(1)]["properties"]
    assert [one["beacon"] for one in properties["to"]] == [_led(name, 2)["beacon"]]


# ---- servers that lie, and objects that take others with them --------------------------------


async def _shards(cluster: Site, name: str) -> list[str]:
    answer = await cluster.raw.get("/v1/replication/sharding-state", params={"collection": name})
    return [one["shard"] for one in answer.json()["shardingState"]["shards"]]


async def _set_shards(cluster: Site, name: str, status: str) -> None:
    for shard in await _shards(cluster, name):
        path = f"/v1/schema/{name}/shards/{shard}"
        assert (await cluster.raw.put(path, json={"status": status})).status_code == 200
    await asyncio.sleep(0.3)


async def test_a_readonly_target_is_not_believed_and_costs_no_object(cluster: Site) -> None:
    for name in ("FidelityLied", "FidelityLiar"):
        await cluster.create(definition(name, shards=1))
    documents = [
        _document("FidelityLied", number, f'{{"t":"{number}"}}', VECTORS[0])
        for number in range(1, 31)
    ]
    assert await cluster.put("FidelityLied", documents) == [None] * 30
    first = await cluster.copy("FidelityLied", "FidelityLiar")
    assert len(first.stored) == 30
    before = await cluster.objects("FidelityLiar")
    changed = [one.replace('{"t":"', '{"t":"new ') for one in documents]
    assert await cluster.put("FidelityLied", changed) == [None] * 30
    await _set_shards(cluster, "FidelityLiar", "READONLY")
    lied = await cluster.copy("FidelityLied", "FidelityLiar")
    # All ids are there, from the first time: only their times say that nothing was stored.
    assert (lied.stored, lied.refused) == ({}, [])
    assert sorted(lied.unsettled) == sorted(before)
    assert "read" in (lied.written[0].cause or "")
    assert await cluster.objects("FidelityLiar") == before
    await _set_shards(cluster, "FidelityLiar", "READY")
    at_last = await cluster.copy("FidelityLied", "FidelityLiar")
    assert len(at_last.stored) == 30
    source = await cluster.objects("FidelityLied")
    assert same(source, await cluster.objects("FidelityLiar")) == {}


async def test_one_object_that_no_node_takes_costs_no_other(cluster: Site) -> None:
    await cluster.create(definition("FidelityMixed", shards=3))
    other = definition("FidelityTyped", shards=3)
    other["properties"] = [
        one if one["name"] != "n" else {"name": "n", "dataType": ["text"]}
        for one in other["properties"]
    ]
    await cluster.create(other)
    documents = [
        _document("FidelityMixed", number, '{"n":1.5}' if number == 17 else '{"t":"x"}', None)
        for number in range(1, 41)
    ]
    assert await cluster.put("FidelityMixed", documents) == [None] * 40
    copied = await cluster.copy("FidelityMixed", "FidelityTyped")
    assert [one.id for one in copied.refused] == [uid(17)]
    assert "invalid text property 'n'" in copied.refused[0].reason
    assert copied.unsettled == []
    assert copied.stored.keys() == {uid(number) for number in range(1, 41) if number != 17}


async def test_a_target_that_refuses_everything_is_not_held_against_the_objects(
    cluster: Site,
) -> None:
    for name in ("FidelityLong", "FidelityShort"):
        await cluster.create(definition(name, shards=1))
    documents = [
        _document("FidelityLong", number, "{}", '{"a":[1,2,3]}') for number in range(1, 81)
    ]
    assert await cluster.put("FidelityLong", documents) == [None] * 80
    seed = _document("FidelityShort", 0xFFFF, "{}", '{"a":[1,2]}')
    assert await cluster.put("FidelityShort", [seed]) == [None]
    copied = await cluster.copy("FidelityLong", "FidelityShort")
    assert copied.stored == {}
    assert copied.unsettled
    assert "dimensions" in (copied.written[0].cause or "")
    told = [*copied.unsettled, *(one.id for one in copied.refused)]
    assert sorted(told) == [uid(number) for number in range(1, 81)]
    assert len(copied.refused) < 40


async def test_empty_dates_reach_the_owners_of_their_shards(cluster: Site) -> None:
    for name in ("FidelityDates", "FidelityDatesCopy"):
        await cluster.create(definition(name, shards=3))
    for number in range(1, 41):
        properties = '{"da":[]}' if number % 4 == 0 else f'{{"t":"{number}"}}'
        document = _document("FidelityDates", number, properties, VECTORS[1])
        results = [
            await cluster.put("FidelityDates", [document], base=base)
            for base in cluster.nodes.values()
        ]
        assert [None] in results
    source = await cluster.objects("FidelityDates")
    assert len(source) == 40
    copied = await cluster.copy("FidelityDates", "FidelityDatesCopy")
    assert (copied.lost, copied.refused, copied.unsettled) == ([], [], [])
    assert same(source, await cluster.objects("FidelityDatesCopy")) == {}


async def test_empty_dates_are_refused_with_words_where_no_owner_is_known(cluster: Site) -> None:
    for name in ("FidelityUnowned", "FidelityUnownedCopy"):
        await cluster.create(definition(name, shards=3))
    for number in range(1, 31):
        properties = '{"da":[]}' if number % 3 == 0 else f'{{"t":"{number}"}}'
        document = _document("FidelityUnowned", number, properties, None)
        for base in cluster.nodes.values():
            await cluster.put("FidelityUnowned", [document], base=base)
    copied = await cluster.copy("FidelityUnowned", "FidelityUnownedCopy", writer_nodes=False)
    assert copied.refused
    assert {one.reason.split(",")[0] for one in copied.refused} == {"parse as time array"}
    assert {one.id for one in copied.refused} <= {uid(number) for number in range(3, 31, 3)}
    assert copied.stored.keys() | {one.id for one in copied.refused} == {
        uid(number) for number in range(1, 31)
    }


# ---- the change signal -----------------------------------------------------------------------


async def test_the_time_of_a_row_moves_with_every_write(cluster: Site) -> None:
    """What reading back and every delta rest on; also for a write that changes nothing."""
    await cluster.create({"class": "FidelityOther"})
    await _with_references(cluster, "FidelityTimes", "FidelityOther")
    name = "FidelityTimes"
    document = json.dumps({"class": name, "id": uid(1), "properties": {"t": "x"}})
    path = f"/v1/objects/{name}/{uid(1)}"
    reference = {"from": f"weaviate://localhost/{name}/{uid(1)}/to", "to": _led(name, 1)["beacon"]}
    object_ = pb.BatchObject(uuid=uid(1), collection=name)

    async def by_grpc() -> None:
        call = RpcCall(
            method="BatchObjects",
            message=pb.BatchObjectsRequest(objects=[object_]),
            timeout=10,
            permit=PERMIT,
        )
        assert pb.BatchObjectsReply.FromString(await cluster.door.exchange(call)).errors == []

    async def put(where: str, value: object) -> None:
        assert (await cluster.raw.put(where, json=value)).status_code == 200

    writes = {
        "batch": lambda: cluster.put(name, [document]),
        "the same batch": lambda: cluster.put(name, [document]),
        "gRPC": by_grpc,
        "the same by gRPC": by_grpc,
        "PUT": lambda: put(path, json.loads(document)),
        "a reference by batch": lambda: cluster.raw.post("/v1/batch/references", json=[reference]),
        "references by PUT": lambda: put(f"{path}/references/to", [_led(name, 1)]),
        "no references": lambda: put(f"{path}/references/to", []),
    }
    back = ReadBack(cluster.transport, cluster.door, Place(collection=name))
    before = 0
    for said, write in writes.items():
        await write()
        times = await back.times([uid(1)])
        assert times[uid(1)] > before, said
        assert times[uid(1)] == int((await cluster.objects(name))[uid(1)]["lastUpdateTimeUnix"])
        before = times[uid(1)]
        await asyncio.sleep(0.005)
