"""The protobuf API's two doors, the gRPC port and Connect on the REST port, and REST's own view."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import grpc.aio
import httpx
import pytest

from elysiadash.demo import Fault, ManualClock, SimulatedCluster, simulated
from elysiadash.demo.keys import DEMO_KEYS
from elysiadash.proto import weaviate_pb2 as pb
from elysiadash.proto.service import CONNECT_PREFIX, CONNECT_VERSION_HEADER, METHODS, grpc_path

_DOCUMENT = "00000000-0000-4000-8000-0000000000aa"


@pytest.fixture
async def both(clock: ManualClock) -> AsyncIterator[SimulatedCluster]:
    """A cluster that stands still, with its gRPC ports."""
    async with simulated("healthy", clock=clock, traffic=False, time_scale=0.002) as running:
        yield running


async def _grpc(cluster: SimulatedCluster, name: str, request: Any, key: str | None = None) -> Any:
    method = METHODS[name]
    metadata = (("authorization", f"Bearer {key}"),) if key else None
    async with grpc.aio.insecure_channel(cluster.grpc) as channel:
        call = channel.unary_unary(
            grpc_path(name),
            request_serializer=method.request.SerializeToString,
            response_deserializer=method.reply.FromString,
        )
        return await call(request, timeout=5, metadata=metadata)


async def _connect(cluster: SimulatedCluster, name: str, request: Any) -> Any:
    headers = dict([CONNECT_VERSION_HEADER], **{"content-type": "application/proto"})
    async with httpx.AsyncClient(base_url=cluster.url) as client:
        answer = await client.post(
            CONNECT_PREFIX + name, content=request.SerializeToString(), headers=headers
        )
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/proto"
    return METHODS[name].reply.FromString(answer.content)


async def _json(
    cluster: SimulatedCluster, name: str, request: dict[str, Any], **headers: str
) -> httpx.Response:
    async with httpx.AsyncClient(base_url=cluster.url) as client:
        sent = {**dict([CONNECT_VERSION_HEADER]), **headers}
        return await client.post(CONNECT_PREFIX + name, json=request, headers=sent)


def _page(collection: str, **fields: Any) -> Any:
    return pb.SearchRequest(
        collection=collection,
        uses_123_api=True,
        uses_125_api=True,
        uses_127_api=True,
        metadata=pb.MetadataRequest(
            uuid=True, vector=True, creation_time_unix=True, last_update_time_unix=True
        ),
        properties=pb.PropertiesRequest(return_all_nonref_properties=True),
        **fields,
    )


@pytest.mark.parametrize("door", [_grpc, _connect])
async def test_both_doors_count(door: Any, both: SimulatedCluster) -> None:
    request = pb.AggregateRequest(collection="Documents", objects_count=True)
    reply = await door(both, "Aggregate", request)
    assert reply.single_result.objects_count == 1_204_031


@pytest.mark.parametrize("door", [_grpc, _connect])
async def test_both_doors_page_through_a_tenant_in_order(door: Any, both: SimulatedCluster) -> None:
    tenants = both.model.collections["Customers"].shards
    tenant = min(
        (known for known in tenants.values() if known.loaded), key=lambda known: known.objects
    )
    tenant.objects = 45
    ids: list[str] = []
    while True:
        after = ids[-1] if ids else ""
        request = _page("Customers", tenant=tenant.name, limit=20, after=after)
        reply = await door(both, "Search", request)
        if not reply.results:
            break
        ids += [result.metadata.id for result in reply.results]
        assert all(
            UUID(bytes=result.metadata.id_as_bytes) == UUID(result.metadata.id)
            for result in reply.results
        )
    assert len(ids) == 45
    assert ids == sorted(set(ids))


async def test_search_and_rest_agree_on_an_object(both: SimulatedCluster) -> None:
    reply = await _connect(both, "Search", _page("Images", limit=3))
    async with httpx.AsyncClient(base_url=both.url) as client:
        listed = (await client.get("/v1/objects?class=Images&limit=3&include=vector")).json()
        for result, known in zip(reply.results, listed["objects"], strict=True):
            one = (await client.get(f"/v1/objects/Images/{known['id']}?include=vector")).json()
            assert one == known
            assert result.metadata.id == known["id"]
            assert result.metadata.last_update_time_unix == known["lastUpdateTimeUnix"]
            vectors = {vector.name: vector for vector in result.metadata.vectors}
            clip = struct.unpack(f"<{512}f", vectors["clip"].vector_bytes)
            # REST writes a float32 with as few digits as tell it from the next.
            assert struct.pack("<512f", *known["vectors"]["clip"]) == struct.pack("<512f", *clip)
            rows = known["vectors"]["colbert"]
            (length,) = struct.unpack_from("<H", vectors["colbert"].vector_bytes)
            assert length == 512
            assert len(vectors["colbert"].vector_bytes) == 2 + 4 * 512 * len(rows)
            assert vectors["colbert"].type == pb.Vectors.VECTOR_TYPE_MULTI_FP32
            fields = result.properties.non_ref_props.fields
            assert "thumb" not in fields, "all properties are all but blobs"
            for name in ("width", "caption"):
                kind = fields[name].WhichOneof("kind")
                value = getattr(fields[name], kind)
                assert known["properties"].get(name) == (None if kind == "null_value" else value)


async def test_a_legacy_vector_is_in_its_own_field(both: SimulatedCluster) -> None:
    (result,) = (await _connect(both, "Search", _page("Products", limit=1))).results
    assert len(result.metadata.vector_bytes) == 4 * 384
    assert not result.metadata.vectors


async def test_only_named_properties_are_returned_when_named(both: SimulatedCluster) -> None:
    request = _page("Images", limit=1)
    request.properties.Clear()
    request.properties.non_ref_properties.extend(["caption", "thumb"])
    (result,) = (await _connect(both, "Search", request)).results
    assert set(result.properties.non_ref_props.fields) == {"caption", "thumb"}


async def test_what_is_written_by_one_door_is_read_by_the_others(
    both: SimulatedCluster,
) -> None:
    written = pb.BatchObject(
        uuid=_DOCUMENT,
        collection="Documents",
        vectors=[
            pb.Vectors(name=name, vector_bytes=struct.pack("<768f", *[0.5] * 768), type=1)
            for name in ("body", "title")
        ],
    )
    written.properties.non_ref_properties.update({"title": "by hand", "year": 2026})
    written.properties.text_array_properties.add(prop_name="tags", values=["a", "b"])
    before = await _grpc(
        both, "Aggregate", pb.AggregateRequest(collection="Documents", objects_count=True)
    )
    reply = await _grpc(both, "BatchObjects", pb.BatchObjectsRequest(objects=[written]))
    assert not reply.errors
    after = await _connect(
        both, "Aggregate", pb.AggregateRequest(collection="Documents", objects_count=True)
    )
    assert after.single_result.objects_count == before.single_result.objects_count + 1
    async with httpx.AsyncClient(base_url=both.url) as client:
        known = (await client.get(f"/v1/objects/Documents/{_DOCUMENT}?include=vector")).json()
        assert known["properties"] == {"tags": ["a", "b"], "title": "by hand", "year": 2026}
        assert known["vectors"]["body"] == [0.5] * 768
        assert (await client.delete(f"/v1/objects/Documents/{_DOCUMENT}")).status_code == 204
        assert (await client.get(f"/v1/objects/Documents/{_DOCUMENT}")).status_code == 404
    gone = await _connect(
        both, "Aggregate", pb.AggregateRequest(collection="Documents", objects_count=True)
    )
    assert gone.single_result.objects_count == before.single_result.objects_count


async def test_every_failed_object_is_answered_for(both: SimulatedCluster) -> None:
    cold = next(
        known.name for known in both.model.collections["Customers"].shards.values()
        if not known.loaded
    )  # fmt: skip
    short = struct.pack("<2f", 1, 2)
    request = pb.BatchObjectsRequest(
        objects=[
            pb.BatchObject(uuid="bad", collection="Documents"),
            pb.BatchObject(uuid=_DOCUMENT, collection="Customers"),
            pb.BatchObject(uuid=_DOCUMENT, collection="Customers", tenant=cold),
            pb.BatchObject(uuid=_DOCUMENT, collection="Customers", tenant="nope"),
            pb.BatchObject(uuid=_DOCUMENT, collection="Products", vector_bytes=short),
        ]
    )
    reply = await _connect(both, "BatchObjects", request)
    assert {error.index: error.error for error in reply.errors} == {
        0: "invalid UUID length: 3",
        1: "class Customers has multi-tenancy enabled, but request was without tenant",
        2: f"tenant not active: '{cold}'",
        3: 'tenant not found: "nope"',
        4: f"Validate vector index for {_DOCUMENT}: new node has a vector with length 2. Existing"
        " nodes have vectors with length 384: vector dimensions do not match the index dimensions",
    }


async def test_tenants_have_their_activity(both: SimulatedCluster) -> None:
    names = ["tenant-0000", "tenant-0001", "nope"]
    reply = await _grpc(
        both,
        "TenantsGet",
        pb.TenantsGetRequest(collection="Customers", names=pb.TenantNames(values=names)),
    )
    shards = both.model.collections["Customers"].shards
    assert {
        tenant.name: pb.TenantActivityStatus.Name(tenant.activity_status)
        for tenant in reply.tenants
    } == {name: f"TENANT_ACTIVITY_STATUS_{shards[name].activity}" for name in names[:2]}


async def test_unknown_fields_do_not_matter(both: SimulatedCluster) -> None:
    known = pb.AggregateRequest(collection="Glossary", objects_count=True).SerializeToString()
    newer = known + b"\xaa\x3e\x03abc"  # field 997, a string
    headers = dict([CONNECT_VERSION_HEADER], **{"content-type": "application/proto"})
    async with httpx.AsyncClient(base_url=both.url) as client:
        answer = await client.post(CONNECT_PREFIX + "Aggregate", content=newer, headers=headers)
    reply = pb.AggregateReply.FromString(answer.content)
    assert reply.single_result.objects_count == 1_204


# ---- Connect as JSON -------------------------------------------------------------------------


async def test_connect_json_has_64_bit_numbers_as_strings(both: SimulatedCluster) -> None:
    answer = await _json(both, "Aggregate", {"collection": "Glossary", "objectsCount": True})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["singleResult"] == {"objectsCount": "1204"}
    assert ', "singleResult":{"objectsCount":"1204"}}' in answer.text


async def test_connect_needs_its_version_header(both: SimulatedCluster) -> None:
    asked = {"collection": "Glossary", "objectsCount": True}
    missing = await _json(both, "Aggregate", asked, **{"Connect-Protocol-Version": ""})
    assert (missing.status_code, missing.text) == (404, "Not Found\n")
    assert missing.headers["content-type"] == "text/plain; charset=utf-8"
    assert "access-control-allow-origin" not in missing.headers
    assert (await _json(both, "Nope", asked)).status_code == 404
    wrong = await _json(both, "Aggregate", asked, **{"content-type": "text/plain"})
    assert wrong.status_code == 404
    async with httpx.AsyncClient(base_url=both.url) as client:
        get = await client.get(CONNECT_PREFIX + "Aggregate")
    assert (get.status_code, get.text, get.headers["allow"]) == (
        405,
        "Method Not Allowed\n",
        "POST",
    )


@pytest.mark.parametrize(
    ("name", "request_", "message"),
    [
        ("Aggregate", {"collection": "Nope"}, "parse params: could not find class Nope in schema"),
        ("Search", {"collection": "Nope"}, "could not find class Nope in schema"),
        ("Search", {"collection": "Glossary", "after": "zz"},
         "cursor api: invalid 'after' parameter: after parameter 'zz' is not a valid uuid:"
         " invalid UUID length: 2"),
        ("Search", {"collection": "Customers"},
         "explorer: list class: search: object search at index customers: class Customers has"
         " multi-tenancy enabled, but request was without tenant"),
        ("Search", {"collection": "Glossary", "tenant": "x"},
         "explorer: list class: search: object search at index glossary: class Glossary has"
         " multi-tenancy disabled, but request was with tenant"),
        ("TenantsGet", {"collection": "Glossary"},
         "get tenants: failed to execute query: could not get tenants: could not get tenants:"
         ' multi-tenancy is not enabled for class "Glossary"'),
    ],
)  # fmt: skip
async def test_refusals_say_the_same_at_both_doors(
    name: str, request_: dict[str, Any], message: str, both: SimulatedCluster
) -> None:
    answer = await _json(both, name, request_)
    assert answer.status_code == 500
    assert answer.json() == {"code": "unknown", "message": message}
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await _grpc(both, name, METHODS[name].request(**request_))
    assert refused.value.code() is grpc.StatusCode.UNKNOWN
    assert refused.value.details() == message


async def test_a_call_that_is_not_a_message_is_refused(both: SimulatedCluster) -> None:
    headers = dict([CONNECT_VERSION_HEADER], **{"content-type": "application/proto"})
    async with httpx.AsyncClient(base_url=both.url) as client:
        garbage = await client.post(CONNECT_PREFIX + "Search", content=b"\xff\xff", headers=headers)
    assert garbage.status_code == 500
    assert garbage.json()["code"] == "internal"


# ---- faults and keys at these doors ----------------------------------------------------------


async def test_a_dead_nodes_grpc_port_refuses_and_comes_back(
    both: SimulatedCluster, clock: ManualClock
) -> None:
    port, request = both.grpc, pb.AggregateRequest(collection="Glossary", objects_count=True)
    identity = both.faults.add(Fault(kind="node_down", node="node-0"))
    await both.apply_faults()
    assert both.grpc != port

    async def ask() -> Any:
        own = [("grpc.use_local_subchannel_pool", 1)]
        async with grpc.aio.insecure_channel(port, options=own) as channel:
            call = channel.unary_unary(
                grpc_path("Aggregate"),
                request_serializer=pb.AggregateRequest.SerializeToString,
                response_deserializer=pb.AggregateReply.FromString,
            )
            return await call(request, timeout=2)

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await ask()
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    clock.advance(30)
    both.faults.remove(identity)
    await both.apply_faults()
    assert (await ask()).single_result.objects_count == 1_204


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault(kind="drop", route="grpc Aggregate"), grpc.StatusCode.UNAVAILABLE),
        (Fault(kind="forbidden", route="grpc *"), grpc.StatusCode.PERMISSION_DENIED),
        (Fault(kind="status", route="Aggregate", status=502), grpc.StatusCode.UNAVAILABLE),
    ],
)
async def test_faults_reach_the_grpc_port(
    fault: Fault, code: grpc.StatusCode, both: SimulatedCluster
) -> None:
    both.faults.add(fault)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await _grpc(both, "Aggregate", pb.AggregateRequest(collection="Glossary"))
    assert refused.value.code() is code
    both.faults.clear()
    await _grpc(both, "Aggregate", pb.AggregateRequest(collection="Glossary"))


async def test_keys_are_asked_for_at_both_doors(clock: ManualClock) -> None:
    request = pb.AggregateRequest(collection="Glossary", objects_count=True)
    async with simulated("healthy", clock=clock, keys=DEMO_KEYS) as cluster:
        for key in (None, "wrong"):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await _grpc(cluster, "Aggregate", request, key)
            assert refused.value.code() is grpc.StatusCode.UNKNOWN
            assert refused.value.details() == "extract auth: unauthorized: invalid api key"
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await _grpc(cluster, "Aggregate", request, "demo-nobody-key")
        assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
        reply = await _grpc(cluster, "Aggregate", request, "demo-viewer-key")
        assert reply.single_result.objects_count == 1_204
        written = pb.BatchObjectsRequest(
            objects=[pb.BatchObject(uuid=_DOCUMENT, collection="Glossary")]
        )
        refusal = await _grpc(cluster, "BatchObjects", written, "demo-viewer-key")
        assert "insufficient permissions to update_data" in refusal.errors[0].error
        answer = await _json(cluster, "Aggregate", {"collection": "Glossary"})
        assert answer.status_code == 500
        assert answer.json()["message"] == "extract auth: unauthorized: invalid api key"


async def test_calls_are_counted_by_their_names(both: SimulatedCluster) -> None:
    await _grpc(both, "Aggregate", pb.AggregateRequest(collection="Glossary"))
    assert both.model.called("grpc Aggregate") == 1
    async with httpx.AsyncClient() as client:
        text = (await client.get(both.metrics["node-0"])).text
    line = (
        'weaviate_grpc_server_request_duration_seconds_count{grpc_service="weaviate.v1.Weaviate",'
        'method="Aggregate",status="OK"} 1\n'
    )
    assert line in text
