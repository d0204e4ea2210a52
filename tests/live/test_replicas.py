"""Replicas that differ on real nodes: found through each node, settled, no delete brought back."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx

from elysiadash.migrate.delta import catch_up
from elysiadash.migrate.replicas import agree
from tests.contract.migrating import SOURCE, TARGET, Cluster, Copier, a_run, identity
from tests.servers.real import RealCluster


async def _seen_by_all(cluster: Cluster) -> list[set[str]]:
    """Ids that each node lists."""
    found = []
    for url in cluster.nodes.values():
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as http:
            listed = await http.get("/v1/objects", params={"class": SOURCE, "limit": 1000})
            found.append({one["id"] for one in listed.json()["objects"]})
    return found


async def _write(http: httpx.AsyncClient, number: int) -> None:
    body: dict[str, Any] = {
        "class": SOURCE, "id": identity(number), "properties": {"text": "late"}, "vector": [1, 2],
    }  # fmt: skip
    answer = await http.post("/v1/batch/objects?consistency_level=QUORUM", json={"objects": [body]})
    assert answer.json()[0]["result"]["status"] == "SUCCESS", answer.text


async def test_p2_a_replica_that_lagged_is_found_and_settled(
    fresh_real_cluster: RealCluster, tmp_path: Path
) -> None:
    real = fresh_real_cluster
    first, last = real.names[0], real.names[-1]
    async with httpx.AsyncClient(base_url=real.url, trust_env=False, timeout=60) as http:
        cluster = Cluster(real.nodes, real.grpc_nodes[first], http, lambda seconds: None, False)
        definition = {
            "class": SOURCE,
            "vectorizer": "none",
            "properties": [{"name": "text", "dataType": ["text"]}],
            # Else what the node missed is brought to it before it is compared.
            "replicationConfig": {"factor": 3, "asyncEnabled": False},
            "shardingConfig": {"desiredCount": 3},
        }
        await cluster.ask("POST", "/v1/schema", json=definition)
        await cluster.make(TARGET)
        for number in range(20):
            await cluster.put(SOURCE, number, "everywhere")
        async with a_run(cluster, tmp_path) as run:
            await catch_up(run, 1, copy_ids=Copier(cluster))
            whole = await agree(run)
            assert (whole.objects, whole.disagreed, whole.not_checked) == (20, 0, ())
            await real.stop(last)
            for number in range(20, 25):
                await _write(http, number)
            await http.delete(f"/v1/objects/{SOURCE}/{identity(0)}?consistency_level=QUORUM")
            await http.delete(f"/v1/objects/{SOURCE}/{identity(1)}?consistency_level=QUORUM")
            await real.start(last)
            await asyncio.sleep(1)
            views = await _seen_by_all(cluster)
            assert views[-1] != views[0], "the replicas do not differ: the test tests nothing"
            only = await agree(run, repair=False)
            assert (only.disagreed, only.settled, only.agrees) == (7, 0, False)
            found = await agree(run)
            assert (found.disagreed, found.settled, found.agrees) == (7, 7, True)
            expected = {identity(number) for number in range(2, 25)}
            assert await _seen_by_all(cluster) == [expected] * 3
            assert (await agree(run, repair=False)).objects == 23
            generation = await catch_up(run, 2, copy_ids=Copier(cluster))
            assert generation.deleted == 2
            assert set(await cluster.all_of(TARGET)) == expected


async def test_p3_a_node_that_is_away_invents_no_delete(
    fresh_real_cluster: RealCluster, tmp_path: Path
) -> None:
    """RF 1: a list without the dead owner's shard is HTTP 200, and its objects are 404 or 500."""
    real = fresh_real_cluster
    first, last = real.names[0], real.names[-1]
    async with httpx.AsyncClient(base_url=real.url, trust_env=False, timeout=60) as http:
        cluster = Cluster(real.nodes, real.grpc_nodes[first], http, lambda seconds: None, False)
        await cluster.make(SOURCE)
        await cluster.make(TARGET, factor=3)
        for number in range(60):
            await cluster.put(SOURCE, number, "there")
        async with a_run(cluster, tmp_path) as run:
            await catch_up(run, 1, copy_ids=Copier(cluster))
            await real.stop(last)
            going = asyncio.ensure_future(catch_up(run, 2, copy_ids=Copier(cluster)))
            await asyncio.sleep(3)
            assert not going.done()
            await real.start(last)
            generation = await asyncio.wait_for(going, 120)
            assert (generation.deleted, generation.scanned) == (0, 60)
            assert len(await cluster.all_of(TARGET)) == 60
