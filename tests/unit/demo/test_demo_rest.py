"""Reads and writes over REST: pages, tenants, aliases, shards, backups, keys."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from elysiadash.demo import Fault, ManualClock, SimulatedCluster, simulated
from elysiadash.demo.keys import DEMO_KEYS

_ID = "00000000-0000-4000-8000-0000000000bb"


async def _count(client: httpx.AsyncClient, name: str, tenant: str = "") -> Any:
    where = f'(tenant:"{tenant}")' if tenant else ""
    query = {"query": f"{{Aggregate{{{name}{where}{{meta{{count}}}}}}}}"}
    answer = (await client.post("/v1/graphql", json=query)).json()
    if "errors" in answer:
        return answer["errors"][0]["message"]
    return answer["data"]["Aggregate"][name][0]["meta"]["count"]


# ---- objects ---------------------------------------------------------------------------------


async def test_pages_join_without_gap_or_overlap(client: httpx.AsyncClient) -> None:
    ids: list[str] = []
    while True:
        after = f"&after={ids[-1]}" if ids else ""
        page = (await client.get(f"/v1/objects?class=Glossary&limit=300{after}")).json()
        if not page["objects"]:
            assert "totalResults" not in page
            break
        assert page["totalResults"] == len(page["objects"])
        ids += [known["id"] for known in page["objects"]]
    assert len(ids) == 1_204
    assert ids == sorted(set(ids))
    assert await _count(client, "Glossary") >= 1_204


async def test_vectors_come_only_when_asked_for(client: httpx.AsyncClient) -> None:
    for name, field in (("Glossary", "vectors"), ("Products", "vector")):
        path = f"/v1/objects?class={name}&limit=1"
        (plain,) = (await client.get(path)).json()["objects"]
        (full,) = (await client.get(f"{path}&include=vector")).json()["objects"]
        assert full.keys() - plain.keys() == {field}


async def test_an_object_is_created_read_and_deleted_once(client: httpx.AsyncClient) -> None:
    before = await _count(client, "Glossary")
    posted = {"class": "Glossary", "id": _ID, "properties": {"term": "node", "meaning": "a server"}}
    created = await client.post("/v1/objects", json=posted)
    assert created.status_code == 200
    assert created.json()["properties"] == posted["properties"]
    again = await client.post("/v1/objects", json=posted)
    assert (again.status_code, again.json()["error"][0]["message"]) == (
        422, f"id '{_ID}' already exists",
    )  # fmt: skip
    assert await _count(client, "Glossary") == before + 1
    assert (await client.head(f"/v1/objects/Glossary/{_ID}")).status_code == 204
    for _ in range(2):
        assert (await client.delete(f"/v1/objects/Glossary/{_ID}")).status_code == 204
    assert await _count(client, "Glossary") == before
    assert (await client.head(f"/v1/objects/Glossary/{_ID}")).status_code == 404


async def test_an_object_is_replaced_where_there_is_one(client: httpx.AsyncClient) -> None:
    (known,) = (await client.get("/v1/objects?class=Glossary&limit=1")).json()["objects"]
    path = f"/v1/objects/Glossary/{known['id']}"
    changed = {"class": "Glossary", "properties": {"term": "changed"}}
    assert (await client.put(path, json=changed)).status_code == 200
    after = (await client.get(path)).json()
    assert after["properties"] == {"term": "changed"}
    assert after["creationTimeUnix"] == known["creationTimeUnix"]
    assert after["lastUpdateTimeUnix"] > known["lastUpdateTimeUnix"]
    assert (await client.put(f"/v1/objects/Glossary/{_ID}", json=changed)).status_code == 404


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ("class=Customers", 422, "was without tenant"),
        ("class=Customers&tenant=zz", 422, "tenant not found"),
        ("class=Glossary&after=zz", 422, "invalid UUID length: 2"),
        (f"class=Glossary&after={_ID}&offset=1", 422, "offset cannot be set with after"),
        (f"after={_ID}", 500, "cursor must be specific to one class"),
        ("class=Glossary&limit=20000", 422, "QUERY_MAXIMUM_RESULTS"),
        ("class=Glossary&limit=x", 422, "limit in query must be of type int64"),
    ],
)
async def test_wrong_pages_are_refused(
    query: str, status: int, message: str, client: httpx.AsyncClient
) -> None:
    answer = await client.get(f"/v1/objects?{query}")
    assert answer.status_code == status
    assert message in answer.text


async def test_a_batch_answers_for_every_object(client: httpx.AsyncClient) -> None:
    good = {"class": "SupportTickets", "id": _ID, "properties": {"subject": "x"}}
    objects = [
        good,
        {"class": "Reviews", "properties": {"stars": "many"}},
        {"class": "Glossary", "properties": {}, "vectors": {"default": [1, 2]}},
    ]
    answer = (await client.post("/v1/batch/objects", json={"objects": objects})).json()
    assert [known["result"]["status"] for known in answer] == ["SUCCESS", "FAILED", "FAILED"]
    messages = [
        known["result"]["errors"]["error"][0]["message"] for known in answer[1:]
    ]  # fmt: skip
    assert messages[0].startswith("invalid integer property 'stars' on class 'Reviews'")
    assert "Existing nodes have vectors with length 384" in messages[1]
    assert (await client.get(f"/v1/objects/SupportTickets/{_ID}")).status_code == 200


async def test_a_frozen_shard_without_replicas_lies_about_a_batch(
    client: httpx.AsyncClient, cluster: SimulatedCluster
) -> None:
    for shard in cluster.model.collections["Sessions"].shards:
        answer = await client.put(
            f"/v1/schema/Sessions/shards/{shard}", json={"status": "READONLY"}
        )
        assert answer.json() == {"status": "READONLY"}
    before = await _count(client, "Sessions")
    objects = [{"class": "Sessions", "properties": {"seconds": place}} for place in range(12)]
    answer = (await client.post("/v1/batch/objects", json={"objects": objects})).json()
    states = [known["result"]["status"] for known in answer]
    assert 1 <= states.count("FAILED") <= 3
    assert states.count("SUCCESS") >= 9
    assert await _count(client, "Sessions") == before
    probe = await client.delete(f"/v1/objects/Sessions/{_ID}?consistency_level=ONE")
    assert probe.status_code == 500
    assert "store is read-only due to: manually set by user" in probe.text


async def test_a_frozen_shard_with_replicas_refuses_every_object(
    client: httpx.AsyncClient, cluster: SimulatedCluster
) -> None:
    (shard,) = cluster.model.collections["Glossary"].shards
    await client.put(f"/v1/schema/Glossary/shards/{shard}", json={"status": "READONLY"})
    verbose = (await client.get("/v1/nodes/Glossary?output=verbose")).json()["nodes"]
    assert {node["shards"][0]["vectorIndexingStatus"] for node in verbose} == {"READONLY"}
    objects = [{"class": "Glossary", "properties": {"term": "x"}} for _ in range(3)]
    answer = (await client.post("/v1/batch/objects", json={"objects": objects})).json()
    assert [known["result"]["status"] for known in answer] == ["FAILED"] * 3
    posted = await client.post("/v1/objects", json=objects[0])
    assert posted.status_code == 500
    assert "required 2 replicas, got 0" in posted.text
    async with httpx.AsyncClient() as metrics:
        text = (await metrics.get(cluster.metrics["node-0"])).text
    assert 'weaviate_index_shards_total{status="READONLY"} 1\n' in text
    await client.put(f"/v1/schema/Glossary/shards/{shard}", json={"status": "READY"})
    assert (await client.post("/v1/objects", json=objects[0])).status_code == 200


async def test_a_200_for_an_unknown_shard_has_done_nothing(client: httpx.AsyncClient) -> None:
    answer = await client.put("/v1/schema/Glossary/shards/nosuch", json={"status": "BOGUS"})
    assert (answer.status_code, answer.json()) == (200, {"status": "BOGUS"})
    missing = await client.put("/v1/schema/Nope/shards/nosuch", json={"status": "READY"})
    assert missing.status_code == 404


# ---- tenants, aliases, collections -----------------------------------------------------------


async def test_the_tenants_list_is_empty_when_the_local_copy_is_asked_for(
    client: httpx.AsyncClient,
) -> None:
    path = "/v1/schema/Customers/tenants"
    listed = (await client.get(path)).json()
    assert len(listed) == 2_000
    assert {tenant["activityStatus"] for tenant in listed} == {"HOT", "COLD"}
    assert (await client.get(path, headers={"consistency": "false"})).json() == []


async def test_tenants_are_activated_and_deactivated(
    client: httpx.AsyncClient, cluster: SimulatedCluster
) -> None:
    shards = cluster.model.collections["Customers"].shards
    cold = next(known.name for known in shards.values() if not known.loaded)
    assert await _count(client, "Customers", cold) == f"tenant not active: '{cold}'"
    path = "/v1/schema/Customers/tenants"
    changed = await client.put(path, json=[{"name": cold, "activityStatus": "HOT"}])
    assert changed.json() == [{"name": cold}]
    assert (await client.get(f"{path}/{cold}")).json()["activityStatus"] == "HOT"
    assert isinstance(await _count(client, "Customers", cold), int)
    many = [{"name": name, "activityStatus": "COLD"} for name in list(shards)[:101]]
    assert "is 100" in (await client.put(path, json=many)).text
    unknown = await client.put(path, json=[{"name": "zz", "activityStatus": "HOT"}])
    assert (unknown.status_code, "shard not found: zz" in unknown.text) == (422, True)


async def test_tenants_are_created_and_deleted(client: httpx.AsyncClient) -> None:
    path = "/v1/schema/Customers/tenants"
    new = [{"name": "new"}, {"name": "asleep", "activityStatus": "INACTIVE"}]
    assert (await client.post(path, json=new)).json() == [
        {"name": "new"}, {"activityStatus": "COLD", "name": "asleep"},
    ]  # fmt: skip
    assert await _count(client, "Customers", "new") == 0
    assert (await client.head(f"{path}/asleep")).status_code == 200
    assert (await client.request("DELETE", path, json=["new", "zz"])).status_code == 200
    assert (await client.get(f"{path}/new")).status_code == 404


async def test_aliases_are_swapped_and_stand_for_their_collection(
    client: httpx.AsyncClient,
) -> None:
    assert (await client.put("/v1/aliases/Docs", json={"class": "Glossary"})).status_code == 200
    assert (await client.get("/v1/schema/Docs")).json()["class"] == "Glossary"
    assert await _count(client, "Docs") == await _count(client, "Glossary")
    assert (await client.put("/v1/aliases/Docs", json={"class": "Nope"})).status_code == 422
    assert (await client.put("/v1/aliases/Nope", json={"class": "Glossary"})).status_code == 404
    assert (await client.post("/v1/aliases", json={"alias": "Docs", "class": "Glossary"})
            ).status_code == 422  # fmt: skip
    assert (await client.delete("/v1/aliases/Docs")).status_code == 204
    assert (await client.get("/v1/aliases/Docs")).status_code == 404


async def test_a_collection_is_created_with_the_servers_defaults_and_deleted(
    client: httpx.AsyncClient, cluster: SimulatedCluster
) -> None:
    index = cluster.model.raft_index()
    asked = {
        "class": "Fresh",
        "properties": [{"name": "title", "dataType": ["text"], "tokenization": "field"}],
        "vectorConfig": {
            "default": {"vectorizer": {"none": {}}, "vectorIndexConfig": {"ef": 99}},
        },
        "replicationConfig": {"factor": 3},
    }
    created = (await client.post("/v1/schema", json=asked)).json()
    assert created["vectorConfig"]["default"]["vectorIndexType"] == "hnsw"
    assert created["vectorConfig"]["default"]["vectorIndexConfig"]["ef"] == 99
    assert created["vectorConfig"]["default"]["vectorIndexConfig"]["efConstruction"] == 128
    assert created["properties"][0]["tokenization"] == "field"
    assert created["shardingConfig"]["desiredCount"] == 3
    assert (await client.get("/v1/schema/Fresh")).json() == created
    assert await _count(client, "Fresh") == 0
    statistics = (await client.get("/v1/cluster/statistics")).json()["statistics"]
    assert {row["raft"]["appliedIndex"] for row in statistics} == {str(index + 1)}
    assert (await client.delete("/v1/schema/Fresh")).status_code == 200
    assert (await client.get("/v1/schema/Fresh")).status_code == 404


async def test_asking_for_shards_is_answered_and_counted(
    client: httpx.AsyncClient, cluster: SimulatedCluster
) -> None:
    assert len((await client.get("/v1/schema/Documents/shards")).json()) == 6
    cold = await client.get("/v1/schema/Customers/shards")
    assert (cold.status_code, "shard not found" in cold.text) == (500, True)
    assert cluster.model.called("GET /v1/schema/{className}/shards") == 2


async def test_replica_movement_can_be_off(
    client: httpx.AsyncClient, cluster: SimulatedCluster
) -> None:
    cluster.model.replica_movement = False
    for path in ("replicate/list", "sharding-state?collection=Documents"):
        answer = await client.get(f"/v1/replication/{path}")
        assert (answer.status_code, answer.content) == (501, b"")


# ---- backups -----------------------------------------------------------------------------------


async def test_a_backup_runs_and_ends(
    client: httpx.AsyncClient, cluster: SimulatedCluster, clock: ManualClock
) -> None:
    started = await client.post("/v1/backups/s3", json={"id": "one", "include": ["Glossary"]})
    assert started.json()["status"] == "STARTED"
    assert started.json()["classes"] == ["Glossary"]
    second = await client.post("/v1/backups/s3", json={"id": "two"})
    assert (second.status_code, "one already in progress" in second.text) == (422, True)
    running = (await client.get("/v1/backups/s3/one")).json()
    assert (running["status"], running["completedAt"]) == ("STARTED", "0001-01-01T00:00:00.000Z")
    clock.advance(60)
    done = (await client.get("/v1/backups/s3/one")).json()
    assert done["status"] == "SUCCESS"
    assert done["size"] > 0
    assert len((await client.get("/v1/backups/s3")).json()) == 3
    for wrong in ({"id": "Bad ID"}, {"id": "one"}, {"id": "x", "include": ["Nope"]}):
        assert (await client.post("/v1/backups/s3", json=wrong)).status_code == 422
    assert (await client.get("/v1/backups/s3/nope")).status_code == 404


async def test_a_troubled_clusters_last_backup_failed(troubled: SimulatedCluster) -> None:
    async with httpx.AsyncClient(base_url=troubled.url) as client:
        backups = (await client.get("/v1/backups/s3")).json()
        assert [backup["status"] for backup in backups] == ["SUCCESS", "FAILED"]
        status = (await client.get(f"/v1/backups/s3/{backups[-1]['id']}")).json()
    assert "node-2" in status["error"]


# ---- keys ----------------------------------------------------------------------------------------


@pytest.fixture
async def locked(clock: ManualClock) -> AsyncIterator[SimulatedCluster]:
    async with simulated("healthy", clock=clock, keys=DEMO_KEYS, grpc=False) as running:
        yield running


def _as(cluster: SimulatedCluster, key: str | None) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx.AsyncClient(base_url=cluster.url, headers=headers)


async def test_without_a_key_only_health_is_told(locked: SimulatedCluster) -> None:
    async with _as(locked, None) as client:
        answer = await client.get("/v1/meta")
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.json()["code"] == 401
        assert (await client.get("/v1/.well-known/ready")).status_code == 200
        assert (await client.get("/v1/nosuch")).status_code == 404
    async with _as(locked, "wrong") as client:
        wrong = await client.get("/v1/meta")
        assert wrong.headers["content-type"] == "application/json"
        assert wrong.json() == {"code": 401, "message": "unauthorized: invalid api key"}
    async with httpx.AsyncClient() as client:
        assert (await client.get(locked.metrics["node-0"])).status_code == 200


async def test_a_viewer_reads_and_does_not_write(locked: SimulatedCluster) -> None:
    async with _as(locked, "demo-viewer-key") as client:
        assert len((await client.get("/v1/schema")).json()["classes"]) == 12
        assert await _count(client, "Glossary") == 1_204
        assert (await client.get("/v1/users/own-info")).json()["roles"][0]["name"] == "viewer"
        refused = await client.post("/v1/schema", json={"class": "X"})
        assert refused.status_code == 403
        assert "user 'viewer' has insufficient permissions to create_collections" in refused.text
    async with _as(locked, "demo-admin-key") as client:
        assert (await client.post("/v1/schema", json={"class": "X"})).status_code == 200


async def test_who_has_no_role_sees_little(locked: SimulatedCluster) -> None:
    async with _as(locked, "demo-nobody-key") as client:
        for path in ("/v1/nodes", "/v1/cluster/statistics", "/v1/replication/replicate/list"):
            assert (await client.get(path)).status_code == 403, path
        assert (await client.get("/v1/schema")).json() == {"classes": []}
        assert (await client.get("/v1/schema/Customers/tenants")).json() == []
        verbose = (await client.get("/v1/nodes?output=verbose")).json()["nodes"]
        assert [node["shards"] for node in verbose] == [[], [], []]
        assert (await client.get("/v1/users/own-info")).json() == {
            "groups": None, "roles": None, "username": "nobody",
        }  # fmt: skip


async def test_a_fault_can_forbid_what_a_key_may(locked: SimulatedCluster) -> None:
    locked.faults.add(Fault(kind="forbidden", route="/v1/nodes", body="no nodes for you"))
    async with _as(locked, "demo-admin-key") as client:
        answer = await client.get("/v1/nodes")
    assert (answer.status_code, answer.json()) == (
        403, {"error": [{"message": "no nodes for you"}]},
    )  # fmt: skip
