"""The same questions to a real server and to the simulator get the same answers.

Statuses, content types and bodies are compared as they are, but for moments, durations, generated
ids and what else is a matter of chance. Skipped where there is no server.
"""

from __future__ import annotations

import json
import re
import struct
from typing import Any

import grpc.aio
import httpx
import pytest
from google.protobuf.json_format import MessageToDict

from elysiadash.demo import simulated
from elysiadash.proto import weaviate_pb2 as pb
from elysiadash.proto.service import CONNECT_PREFIX, CONNECT_VERSION_HEADER, METHODS, grpc_path
from tests.servers.real import RealCluster

_ONE = "00000000-0000-4000-8000-000000000001"
_TWO = "00000000-0000-4000-8000-000000000002"
_ABSENT = "00000000-0000-4000-8000-000000000009"

_TYPES = {
    "t": "text", "n": "int", "f": "number", "b": "boolean", "d": "date", "u": "uuid",
    "g": "geoCoordinates", "bl": "blob", "ta": "text[]", "na": "int[]", "fa": "number[]",
    "ba": "boolean[]", "da": "date[]", "ua": "uuid[]",
}  # fmt: skip
_CLASSES: list[dict[str, Any]] = [
    {
        "class": "SameTyped",
        "properties": [
            *({"name": name, "dataType": [kind]} for name, kind in _TYPES.items()),
            {"name": "o", "dataType": ["object"], "nestedProperties": [
                {"name": "x", "dataType": ["text"]}, {"name": "k", "dataType": ["int"]}]},
        ],
        "vectorConfig": {
            "a": {"vectorizer": {"none": {}}, "vectorIndexType": "hnsw"},
            "m": {"vectorizer": {"none": {}}, "vectorIndexType": "hnsw",
                  "vectorIndexConfig": {"multivector": {"enabled": True}}},
        },
        "shardingConfig": {"desiredCount": 1},
    },
    {"class": "SameLegacy", "properties": [{"name": "t", "dataType": ["text"]}],
     "vectorizer": "none", "shardingConfig": {"desiredCount": 1}},
    {"class": "SameFlat", "properties": [{"name": "t", "dataType": ["text"]}],
     "vectorizer": "none", "vectorIndexType": "flat",
     "vectorIndexConfig": {"bq": {"enabled": True}}, "shardingConfig": {"desiredCount": 1}},
    {"class": "SameTenants", "multiTenancyConfig": {"enabled": True},
     "properties": [{"name": "t", "dataType": ["text"]}],
     "vectorConfig": {"default": {"vectorizer": {"none": {}}, "vectorIndexType": "hnsw"}}},
]  # fmt: skip
_FULL = {
    "t": "x", "n": 5, "f": 1.5, "b": True, "d": "2024-01-02T03:04:05.123Z", "u": _ABSENT,
    "g": {"latitude": 1.5, "longitude": 2.5}, "bl": "eHh4", "ta": ["a", "b"], "na": [1, 2],
    "fa": [1.5, 2], "ba": [True, False], "da": ["2024-01-02T03:04:05Z"], "ua": [_ABSENT],
    "o": {"x": "y", "k": 3},
}  # fmt: skip

Step = tuple[str, str, Any]

_REST: list[Step] = [
    *(("POST", "/v1/schema", known) for known in _CLASSES),
    ("POST", "/v1/schema", {"class": "SameFlat"}),
    ("POST", "/v1/schema/SameTenants/tenants",
     [{"name": "hot"}, {"name": "cold", "activityStatus": "COLD"}]),
    *(("GET", f"/v1/schema/{known['class']}", None) for known in _CLASSES),
    ("POST", "/v1/objects", {"class": "SameTyped", "id": _ONE, "properties": _FULL,
                             "vectors": {"a": [1, 2.5, 3], "m": [[1, 2], [3, 4]]}}),
    ("POST", "/v1/objects", {"class": "SameLegacy", "id": _ONE, "properties": {"t": "x"},
                             "vector": [1, 2, 3]}),
    ("POST", "/v1/objects", {"class": "SameLegacy", "id": _ONE, "properties": {"t": "x"}}),
    ("POST", "/v1/batch/objects", {"objects": [
        {"class": "SameLegacy", "id": _TWO, "properties": {"t": "y"}, "vector": [4, 5, 6]}]}),
    ("POST", "/v1/batch/objects", {"objects": [
        {"class": "SameLegacy", "id": _ABSENT, "properties": {"t": "y"}, "vector": [4]}]}),
    ("POST", "/v1/batch/objects", {"objects": []}),
    ("POST", "/v1/objects", {"class": "SameTyped", "properties": {"n": "x"}}),
    ("POST", "/v1/objects", {"class": "SameTenants", "properties": {"t": "x"}}),
    ("POST", "/v1/objects", {"class": "SameTenants", "id": _ONE, "tenant": "hot",
                             "properties": {"t": "x"}, "vectors": {"default": [1, 2]}}),
    ("GET", f"/v1/objects/SameTyped/{_ONE}?include=vector", None),
    ("GET", f"/v1/objects/SameTyped/{_ONE}", None),
    ("GET", f"/v1/objects/SameLegacy/{_ONE}?include=vector", None),
    ("GET", f"/v1/objects/SameTenants/{_ONE}?tenant=hot&include=vector", None),
    ("GET", f"/v1/objects/SameTenants/{_ONE}", None),
    ("GET", f"/v1/objects/SameTenants/{_ONE}?tenant=cold", None),
    ("GET", f"/v1/objects/SameLegacy/{_ABSENT}", None),
    ("GET", f"/v1/objects/Nope/{_ABSENT}", None),
    ("GET", "/v1/objects/SameLegacy/xyz", None),
    ("HEAD", f"/v1/objects/SameLegacy/{_ONE}", None),
    ("HEAD", f"/v1/objects/SameLegacy/{_ABSENT}", None),
    ("GET", "/v1/objects?class=SameLegacy", None),
    ("GET", "/v1/objects?class=SameLegacy&limit=1&include=vector", None),
    ("GET", f"/v1/objects?class=SameLegacy&limit=5&after={_ONE}", None),
    ("GET", f"/v1/objects?class=SameLegacy&limit=5&after={_TWO}", None),
    ("GET", "/v1/objects?class=SameLegacy&limit=5&after=", None),
    ("GET", "/v1/objects?class=SameLegacy&limit=5&after=zz", None),
    ("GET", f"/v1/objects?class=SameLegacy&limit=5&offset=1&after={_ONE}", None),
    ("GET", f"/v1/objects?limit=5&after={_ONE}", None),
    ("GET", "/v1/objects?class=SameLegacy&limit=100000", None),
    ("GET", "/v1/objects?class=SameTenants", None),
    ("GET", "/v1/objects?class=SameTenants&tenant=zz", None),
    ("GET", "/v1/objects?class=SameTenants&tenant=cold", None),
    ("GET", "/v1/objects?class=SameTenants&tenant=hot&include=vector", None),
    ("GET", "/v1/schema/SameTenants/tenants/cold", None),
    ("GET", "/v1/schema/SameTenants/tenants/zz", None),
    ("GET", "/v1/schema/SameLegacy/tenants", None),
    ("PUT", "/v1/schema/SameTenants/tenants", [{"name": "zz", "activityStatus": "HOT"}]),
    ("PUT", "/v1/schema/SameTenants/tenants", [{"name": "cold", "activityStatus": "COLD"}]),
    ("PUT", f"/v1/objects/SameLegacy/{_TWO}",
     {"class": "SameLegacy", "id": _TWO, "properties": {"t": "z"}, "vector": [4, 5, 6]}),
    ("PUT", f"/v1/objects/SameLegacy/{_ABSENT}",
     {"class": "SameLegacy", "id": _ABSENT, "properties": {"t": "z"}, "vector": [4, 5, 6]}),
    ("DELETE", f"/v1/objects/SameLegacy/{_ABSENT}?consistency_level=ONE", None),
    ("DELETE", f"/v1/objects/Nope/{_ABSENT}", None),
    ("POST", "/v1/graphql", {"query": "{Aggregate{SameLegacy{meta{count}}}}"}),
    ("POST", "/v1/graphql",
     {"query": "{Aggregate{x:SameLegacy{meta{count}}SameFlat{meta{count}}}}"}),
    ("POST", "/v1/graphql", {"query": '{Aggregate{SameTenants(tenant:"hot"){meta{count}}}}'}),
    ("POST", "/v1/graphql", {"query": '{Aggregate{SameTenants(tenant:"cold"){meta{count}}}}'}),
    ("POST", "/v1/graphql", {"query": "{Aggregate{SameTenants{meta{count}}}}"}),
    ("POST", "/v1/graphql", {"query": "{Aggregate{Nope{meta{count}}}}"}),
    ("POST", "/v1/graphql", {"query": ""}),
    ("POST", "/v1/aliases", {"alias": "SameAlias", "class": "SameLegacy"}),
    ("POST", "/v1/aliases", {"alias": "SameAlias", "class": "SameLegacy"}),
    ("POST", "/v1/aliases", {"alias": "SameOther", "class": "Nope"}),
    ("GET", "/v1/objects?class=SameAlias&limit=1", None),
    ("PUT", "/v1/aliases/SameAlias", {"class": "SameFlat"}),
    ("DELETE", "/v1/aliases/SameAlias", None),
    ("DELETE", "/v1/aliases/SameAlias", None),
    ("PUT", "/v1/schema/SameLegacy/shards/nosuch", {"status": "READY"}),
    ("PUT", "/v1/schema/Nope/shards/nosuch", {"status": "READY"}),
    ("GET", "/v1/replication/sharding-state?collection=Nope", None),
    ("GET", "/v1/backups/gcs", None),
    ("GET", "/v1/nodes/Nope", None),
    ("DELETE", "/v1/schema/Nope", None),
]  # fmt: skip

_CALLS: list[tuple[str, dict[str, Any]]] = [
    ("Aggregate", {"collection": "SameLegacy", "objectsCount": True}),
    ("Aggregate", {"collection": "SameFlat", "objects_count": True}),
    ("Aggregate", {"collection": "SameLegacy", "objectsCount": True, "unknown": 1}),
    ("Aggregate", {"collection": "SameTenants", "objectsCount": True}),
    ("Aggregate", {"collection": "SameTenants", "tenant": "cold", "objectsCount": True}),
    ("Aggregate", {"collection": "Nope", "objectsCount": True}),
    ("TenantsGet", {"collection": "SameTenants", "names": {"values": ["hot", "zz"]}}),
    ("TenantsGet", {"collection": "SameLegacy"}),
    ("TenantsGet", {"collection": "Nope"}),
    ("Search", {"collection": "Nope"}),
    ("Search", {"collection": "SameTenants"}),
    ("Search", {"collection": "SameTenants", "tenant": "cold"}),
    ("Search", {"collection": "SameLegacy", "tenant": "x"}),
    ("Search", {"collection": "SameLegacy", "after": "zz"}),
    ("Search", {"collection": "SameLegacy", "limit": 20_000}),
    ("Nope", {}),
]

_CHANCE = [
    (re.compile(r'(Unix":)\d{13}'), r"\1MOMENT"),
    (re.compile(r'"took":[\d.e-]+'), '"took":SOME'),
    (re.compile(r'shard="\w{12}"|shard=\\"\w{12}\\"'), "shard=ITS"),
]
_HEADERS = ("content-type", "allow", "vary", "access-control-allow-origin")


def _settled(text: str) -> str:
    for pattern, replacement in _CHANCE:
        text = pattern.sub(replacement, text)
    return text


def _seen(answer: httpx.Response) -> tuple[int, Any, list[str | None]]:
    """Bodies of collections are compared as values: only the leader keeps the order of keys."""
    headers = [answer.headers.get(name) for name in _HEADERS]
    body = _settled(answer.text)
    if body.startswith('{"class":"Same'):
        return answer.status_code, json.loads(body.replace("MOMENT", "0")), headers
    return answer.status_code, body, headers


async def _ask_rest(client: httpx.AsyncClient) -> list[Any]:
    return [
        (method, path, body, _seen(await client.request(method, path, json=body)))
        if body is not None
        else (method, path, body, _seen(await client.request(method, path)))
        for method, path, body in _REST
    ]


async def _ask_connect(client: httpx.AsyncClient) -> list[Any]:
    version = dict([CONNECT_VERSION_HEADER])
    found: list[Any] = []
    for name, request in _CALLS:
        answer = await client.post(CONNECT_PREFIX + name, json=request, headers=version)
        found.append((name, request, _seen(answer)))
    bare = await client.post(CONNECT_PREFIX + "Aggregate", json={})
    wrong = await client.get(CONNECT_PREFIX + "Aggregate", headers=version)
    return [*found, _seen(bare), _seen(wrong)]


def _without_chance(reply: Any) -> dict[str, Any]:
    """A reply as a dict, without what depends on when it was given."""
    reply.took = 0
    if isinstance(reply, pb.SearchReply):
        for result in reply.results:
            result.metadata.creation_time_unix = result.metadata.last_update_time_unix = 0
            # A server puts named vectors in any order.
            result.metadata.vectors.sort(key=lambda vector: vector.name)
    return MessageToDict(reply)


def _messages() -> list[tuple[str, Any]]:
    everything = pb.MetadataRequest(
        uuid=True, vector=True, creation_time_unix=True, last_update_time_unix=True
    )
    flags = {"uses_123_api": True, "uses_125_api": True, "uses_127_api": True}
    all_properties = pb.PropertiesRequest(return_all_nonref_properties=True)
    short = struct.pack("<2f", 1, 2)
    written = pb.BatchObject(
        uuid=_TWO,
        collection="SameTyped",
        vectors=[
            pb.Vectors(name="a", vector_bytes=struct.pack("<3f", 1, 2, 3), type=1),
            pb.Vectors(name="m", vector_bytes=struct.pack("<H4f", 2, 1, 2, 3, 4), type=2),
        ],
    )
    written.properties.non_ref_properties.update({"t": "by hand", "n": 7})
    written.properties.empty_list_props.append("ta")
    written.properties.number_array_properties.add(
        prop_name="fa", values_bytes=struct.pack("<2d", 1, 2.5)
    )
    written.properties.int_array_properties.add(prop_name="na", values=[3])
    return [
        ("BatchObjects", pb.BatchObjectsRequest(objects=[written])),
        ("BatchObjects", pb.BatchObjectsRequest(objects=[
            pb.BatchObject(uuid="bad", collection="SameLegacy")])),
        ("BatchObjects", pb.BatchObjectsRequest(objects=[
            pb.BatchObject(uuid=_ABSENT, collection="SameLegacy", vector_bytes=short)])),
        ("BatchObjects", pb.BatchObjectsRequest(objects=[
            pb.BatchObject(uuid=_ABSENT, collection="SameTenants", tenant="cold")])),
        ("Aggregate", pb.AggregateRequest(collection="SameTyped", objects_count=True)),
        ("Search", pb.SearchRequest(collection="SameTyped", limit=5, metadata=everything,
                                    properties=all_properties, **flags)),
        ("Search", pb.SearchRequest(collection="SameTyped", limit=5, after=_ONE,
                                    metadata=pb.MetadataRequest(uuid=True, vectors=["a"]),
                                    properties=pb.PropertiesRequest(
                                        non_ref_properties=["bl", "t"]), **flags)),
        ("Search", pb.SearchRequest(collection="SameLegacy", limit=5, metadata=everything,
                                    properties=pb.PropertiesRequest(), **flags)),
    ]  # fmt: skip


async def _ask_protobuf(client: httpx.AsyncClient, address: str) -> list[Any]:
    """Every message by the gRPC port, and what only reads by the Connect door, too."""
    headers = dict([CONNECT_VERSION_HEADER], **{"content-type": "application/proto"})
    found: list[Any] = []
    async with grpc.aio.insecure_channel(address) as channel:
        for name, request in _messages():
            method = METHODS[name]
            call = channel.unary_unary(
                grpc_path(name),
                request_serializer=method.request.SerializeToString,
                response_deserializer=method.reply.FromString,
            )
            reply = _without_chance(await call(request, timeout=30))
            answer = await client.post(
                CONNECT_PREFIX + name, content=request.SerializeToString(), headers=headers
            )
            assert answer.headers["content-type"] == "application/proto", answer.text
            assert _without_chance(method.reply.FromString(answer.content)) == reply
            found.append((name, reply))
    return found


async def _node_that(url: str, leads: bool) -> str:
    """A node that leads, or one that does not: they word the leader's refusals differently."""
    async with httpx.AsyncClient(base_url=url) as client:
        statistics = (await client.get("/v1/cluster/statistics")).json()["statistics"]
    return next(row["name"] for row in statistics if (row["name"] == row["leaderId"]) is leads)


async def _ask_everything(client: httpx.AsyncClient, address: str) -> list[Any]:
    rest = await _ask_rest(client)
    return [*rest, *await _ask_connect(client), *await _ask_protobuf(client, address)]


@pytest.mark.parametrize("leads", [True, False], ids=["leader", "follower"])
async def test_the_simulator_answers_as_the_real_server(
    leads: bool, real_cluster: RealCluster
) -> None:
    node = await _node_that(real_cluster.url, leads)
    async with httpx.AsyncClient(base_url=real_cluster.nodes[node], timeout=60) as client:
        try:
            real = await _ask_everything(client, real_cluster.grpc)
        finally:
            for known in _CLASSES:
                await client.delete(f"/v1/schema/{known['class']}")
    async with simulated("healthy", traffic=False) as cluster:
        node = await _node_that(cluster.url, leads)
        async with httpx.AsyncClient(base_url=cluster.nodes[node], timeout=60) as client:
            fake = await _ask_everything(client, cluster.grpc)

    different = [
        f"real: {expected}\nfake: {found}"
        for expected, found in zip(real, fake, strict=True)
        if expected != found
    ]
    assert not different, "\n\n".join(different)
