"""Nodes that die, hang and come back, a cluster without a leader, and the troubled scenario."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from elysiadash.demo import Fault, ManualClock, SimulatedCluster, simulated


async def _get(cluster: SimulatedCluster, path: str, node: str = "node-0") -> httpx.Response:
    async with httpx.AsyncClient(base_url=cluster.nodes[node], timeout=5) as client:
        return await client.get(path)


async def _nodes(cluster: SimulatedCluster, node: str = "node-0") -> dict[str, str]:
    answer = await _get(cluster, "/v1/nodes", node)
    return {row["name"]: row["status"] for row in answer.json()["nodes"]}


async def _statistics(cluster: SimulatedCluster, node: str = "node-0") -> Any:
    return (await _get(cluster, "/v1/cluster/statistics", node)).json()


# ---- faults of a node ------------------------------------------------------------------------


async def test_a_killed_node_is_unavailable_for_five_seconds_and_then_gone(
    clock: ManualClock,
) -> None:
    async with simulated("healthy", clock=clock, grpc=False) as cluster:
        cluster.faults.add(Fault(kind="node_down", node="node-2"))
        await cluster.apply_faults()
        with pytest.raises(httpx.ConnectError):
            await _get(cluster, "/v1/.well-known/ready", "node-2")
        with pytest.raises(httpx.ConnectError):
            async with httpx.AsyncClient() as client:
                await client.get(cluster.metrics["node-2"])

        clock.advance(4.9)
        assert await _nodes(cluster) == {
            "node-0": "HEALTHY", "node-1": "HEALTHY", "node-2": "UNAVAILABLE",
        }  # fmt: skip
        fresh = await _statistics(cluster)
        assert fresh["synchronized"] is False
        assert fresh["statistics"][2] == {"name": "node-2", "status": "UNAVAILABLE"}

        clock.advance(0.2)
        assert await _nodes(cluster) == {"node-0": "HEALTHY", "node-1": "HEALTHY"}
        later = await _statistics(cluster)
        assert later["synchronized"] is True
        configuration = later["statistics"][0]["raft"]["latestConfiguration"]
        assert {member["id"] for member in configuration} == {"node-0", "node-1", "node-2"}
        assert later["statistics"][0]["raft"]["numPeers"] == "2"


async def test_a_node_that_says_good_bye_is_gone_at_once(cluster: SimulatedCluster) -> None:
    cluster.faults.add(Fault(kind="node_down", node="node-1", graceful=True))
    await cluster.apply_faults()
    assert await _nodes(cluster) == {"node-0": "HEALTHY", "node-2": "HEALTHY"}


async def test_a_node_comes_back_on_its_port_with_a_new_process(
    cluster: SimulatedCluster, clock: ManualClock
) -> None:
    before = cluster.world.started_at("node-1")
    identity = cluster.faults.add(Fault(kind="node_down", node="node-1"))
    await cluster.apply_faults()
    clock.advance(30)
    cluster.faults.remove(identity)
    await cluster.apply_faults()
    assert (await _get(cluster, "/v1/.well-known/ready", "node-1")).status_code == 200
    assert await _nodes(cluster) == dict.fromkeys(cluster.nodes, "HEALTHY")
    assert cluster.world.started_at("node-1") == clock() > before


async def test_a_restart_loses_what_only_memory_knew(
    cluster: SimulatedCluster, clock: ManualClock
) -> None:
    shard = next(iter(cluster.model.collections["Products"].shards.values()))
    shard.frozen.update(dict.fromkeys(shard.nodes, "manually set by user"))
    cluster.faults.add(Fault(kind="restart", node="node-2", seconds=2))
    await cluster.apply_faults()
    clock.advance(3)
    await cluster.apply_faults()
    assert set(shard.frozen) == {"node-0", "node-1"}


async def test_a_hung_node_holds_up_early_calls_and_is_left_out_of_later_ones(
    clock: ManualClock,
) -> None:
    async with simulated("healthy", clock=clock, time_scale=0.01, grpc=False) as cluster:
        cluster.faults.add(Fault(kind="node_hung", node="node-1"))
        started = time.perf_counter()
        early = await _nodes(cluster)
        took = time.perf_counter() - started
        assert early["node-1"] == "TIMEOUT"
        assert took >= 0.3

        clock.advance(0.07)
        started = time.perf_counter()
        assert "node-1" not in await _nodes(cluster)
        assert time.perf_counter() - started < took
        with pytest.raises(httpx.ReadTimeout):
            async with httpx.AsyncClient(base_url=cluster.nodes["node-1"], timeout=0.2) as client:
                await client.get("/v1/.well-known/live")


async def test_a_hung_node_answers_what_waited_when_it_goes_on(
    cluster: SimulatedCluster, clock: ManualClock
) -> None:
    identity = cluster.faults.add(Fault(kind="node_hung", node="node-1"))
    asked = asyncio.create_task(_get(cluster, "/v1/.well-known/live", "node-1"))
    await asyncio.sleep(0.05)
    assert not asked.done()
    cluster.faults.remove(identity)
    assert (await asked).status_code == 200


async def test_nobody_waits_for_a_caller_that_has_left(cluster: SimulatedCluster) -> None:
    cluster.faults.add(Fault(kind="hang", route="/v1/meta"))
    async with httpx.AsyncClient(base_url=cluster.url, timeout=0.1) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.get("/v1/meta")
    await asyncio.sleep(0.05)
    waiting = [task for task in asyncio.all_tasks() if "_meet" in repr(task.get_coro())]
    assert waiting == []


# ---- faults of the cluster -------------------------------------------------------------------


async def test_the_next_node_leads_when_the_leader_is_lost(
    clock: ManualClock,
) -> None:
    async with simulated("healthy", clock=clock, grpc=False) as cluster:
        cluster.faults.add(Fault(kind="node_down", node="node-0"))
        await cluster.apply_faults()
        clock.advance(1)
        row = (await _statistics(cluster, "node-1"))["statistics"][1]
        assert (row["leaderId"], row["raft"]["state"]) == ("", "Candidate")
        clock.advance(5)
        row = (await _statistics(cluster, "node-1"))["statistics"][0]
        assert (row["name"], row["leaderId"], row["raft"]["term"]) == ("node-1", "node-1", "3")
        assert cluster.url == cluster.nodes["node-1"]


@pytest.fixture
async def leaderless(clock: ManualClock) -> AsyncIterator[SimulatedCluster]:
    """Two of three nodes lost, long enough for everyone to know."""
    async with simulated("healthy", clock=clock, time_scale=0.001, grpc=False) as cluster:
        for node in ("node-1", "node-2"):
            cluster.faults.add(Fault(kind="node_down", node=node))
        await cluster.apply_faults()
        clock.advance(60)
        yield cluster


async def test_without_quorum_what_asks_the_leader_fails_and_the_rest_is_fast(
    leaderless: SimulatedCluster,
) -> None:
    why = "leader not found, can not resolve nodes [node-1,node-2]"
    for path, code in {
        "/v1/schema": 500,
        "/v1/tasks": 500,
        "/v1/replication/replicate/list": 500,
        "/v1/schema/Customers/tenants/tenant-0001": 422,
    }.items():
        answer = await _get(leaderless, path)
        assert answer.status_code == code, path
        assert why in answer.json()["error"][0]["message"], path
    assert (await _get(leaderless, "/v1/.well-known/ready")).status_code == 503
    assert await _nodes(leaderless) == {"node-0": "UNHEALTHY"}
    async with httpx.AsyncClient(base_url=leaderless.url) as client:
        local = await client.get("/v1/schema", headers={"consistency": "false"})
        assert len(local.json()["classes"]) == 12
        refused = await client.post("/v1/schema", json={"class": "New"})
        assert refused.status_code == 422
        assert why in refused.text


async def test_without_quorum_raft_says_so(leaderless: SimulatedCluster) -> None:
    (row,) = (await _statistics(leaderless))["statistics"]
    assert (row["leaderId"], row["leaderAddress"], row["ready"]) == ("", "", False)
    assert row["raft"]["state"] == "Candidate"
    assert row["raft"]["lastContact"] == "1m0s"
    async with httpx.AsyncClient() as client:
        text = (await client.get(leaderless.metrics["node-0"])).text
    assert "\nweaviate_internal_gauge_memberlist_health_score 7\n" in text


async def test_quorum_can_be_lost_with_every_node_up(
    cluster: SimulatedCluster, clock: ManualClock
) -> None:
    cluster.faults.add(Fault(kind="no_quorum", until=100))
    clock.advance(50)
    assert (await _get(cluster, "/v1/.well-known/ready", "node-2")).status_code == 503
    assert (await _get(cluster, "/v1/schema")).status_code == 500
    clock.advance(60)
    assert (await _get(cluster, "/v1/schema")).status_code == 200


async def test_an_emptied_cluster_has_no_collections(cluster: SimulatedCluster) -> None:
    cluster.faults.add(Fault(kind="empty"))
    assert (await _get(cluster, "/v1/schema")).json() == {"classes": []}
    verbose = (await _get(cluster, "/v1/nodes?output=verbose")).json()["nodes"]
    assert [node["shards"] for node in verbose] == [[], [], []]
    assert [node["stats"]["objectCount"] for node in verbose] == [0, 0, 0]
    async with httpx.AsyncClient() as client:
        text = (await client.get(cluster.metrics["node-0"])).text
    assert "class_name" not in text.replace('class_name="n/a"', "")


async def test_the_empty_scenario_answers_everything(clock: ManualClock) -> None:
    async with simulated("empty", clock=clock, grpc=False) as cluster:
        assert (await _get(cluster, "/v1/schema")).json() == {"classes": []}
        assert len(await _nodes(cluster)) == 3
        assert (await _get(cluster, "/v1/backups/s3")).json() == []


# ---- a troubled cluster ------------------------------------------------------------------------


async def test_the_troubled_scenario_shows_every_trouble(troubled: SimulatedCluster) -> None:
    assert await _nodes(troubled) == {"node-0": "HEALTHY", "node-1": "HEALTHY"}
    with pytest.raises(httpx.ConnectError):
        await _get(troubled, "/v1/.well-known/live", "node-2")
    verbose = (await _get(troubled, "/v1/nodes?output=verbose")).json()["nodes"]
    shards = {
        (node["name"], shard["class"], shard["name"]): shard
        for node in verbose for shard in node["shards"]
    }  # fmt: skip
    documents = {name for _, known, name in shards if known == "Documents"}
    for name in documents:
        here, there = (shards[node, "Documents", name] for node in ("node-0", "node-1"))
        assert here["objectCount"] - there["objectCount"] >= 2_000
        assert here["asyncReplicationStatus"][0]["targetNode"] == "node-1"
    states = {shard["vectorIndexingStatus"] for shard in shards.values()}
    assert states == {"READY", "READONLY", "INDEXING"}
    assert all("queueLength" not in node["batchStats"] for node in verbose)
    state = (await _get(troubled, "/v1/replication/sharding-state?collection=Events")).json()
    owners = {tuple(shard["replicas"]) for shard in state["shardingState"]["shards"]}
    assert owners == {("node-0",), ("node-1",), ("node-2",)}


async def test_the_queue_grows_and_the_lagging_replica_falls_behind(
    troubled: SimulatedCluster, clock: ManualClock
) -> None:
    async def look() -> tuple[int, int]:
        nodes = (await _get(troubled, "/v1/nodes?output=verbose")).json()["nodes"]
        chunks = [s for s in nodes[0]["shards"] if s["class"] == "Chunks"]
        documents = [
            sum(s["objectCount"] for s in node["shards"] if s["class"] == "Documents")
            for node in nodes
        ]
        return sum(s["vectorQueueLength"] for s in chunks), documents[0] - documents[1]

    before = await look()
    clock.advance(600)
    after = await look()
    assert after[0] > before[0]
    assert after[1] > before[1]


async def test_tombstones_are_more_than_a_third(troubled: SimulatedCluster) -> None:
    async with httpx.AsyncClient() as client:
        text = (await client.get(troubled.metrics["node-0"])).text
    values = {
        name: sum(
            float(line.rsplit(" ", 1)[1])
            for line in text.splitlines()
            if line.startswith(f'{name}{{class_name="Reviews"')
        )
        for name in ("vector_index_tombstones", "object_count")
    }
    assert values["vector_index_tombstones"] / values["object_count"] > 0.3


async def test_counts_silently_leave_out_what_the_dead_node_held(
    troubled: SimulatedCluster,
) -> None:
    query = {"query": "{Aggregate{Events{meta{count}} Documents{meta{count}}}}"}
    async with httpx.AsyncClient(base_url=troubled.url) as client:
        answer = (await client.post("/v1/graphql", json=query)).json()
    assert "errors" not in answer
    counts = {name: rows[0]["meta"]["count"] for name, rows in answer["data"]["Aggregate"].items()}
    assert 0.6 < counts["Events"] / 1_530_900 < 0.73
    assert counts["Documents"] == 604_118


async def test_a_count_right_after_a_death_ends_with_a_closed_connection(
    cluster: SimulatedCluster, clock: ManualClock
) -> None:
    cluster.faults.add(Fault(kind="node_down", node="node-2"))
    query = {"query": "{Aggregate{Documents{meta{count}}}}"}
    async with httpx.AsyncClient(base_url=cluster.url) as client:
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await client.post("/v1/graphql", json=query)
        clock.advance(10)
        answer = (await client.post("/v1/graphql", json=query)).json()
    assert answer["data"]["Aggregate"]["Documents"][0]["meta"]["count"] >= 1_204_031
