"""The model's state is a function of the seed and the moment."""

from __future__ import annotations

import httpx
import pytest

from elysiadash.demo import ManualClock, SimulatedCluster, simulated
from elysiadash.demo.definitions import vector_configurations
from elysiadash.demo.model import FLUSH_SECONDS
from elysiadash.demo.scenarios import Scale, scenario

_PATHS = ("/v1/nodes?output=verbose", "/v1/schema", "/v1/cluster/statistics", "/metrics")


async def _answers(seed: int, seconds: float) -> list[bytes]:
    clock = ManualClock()
    async with simulated("healthy", seed=seed, clock=clock, grpc=False) as cluster:
        clock.advance(seconds)
        async with httpx.AsyncClient() as client:
            urls = [cluster.metrics["node-1"] if path == "/metrics" else cluster.url + path
                    for path in _PATHS]  # fmt: skip
            return [(await client.get(url)).content for url in urls]


async def test_the_same_seed_and_moment_give_the_same_bytes() -> None:
    assert await _answers(7, 1_000) == await _answers(7, 1_000)


async def test_another_seed_gives_other_shards_and_time_gives_more_objects() -> None:
    first, other, later = (
        await _answers(7, 1_000),
        await _answers(8, 1_000),
        await _answers(7, 2_000),
    )
    assert first[0] != other[0]
    assert first[0] != later[0]
    assert first[1] == later[1]


def test_the_healthy_scenario_is_varied() -> None:
    model = scenario("healthy", seed=1, clock=ManualClock()).model
    collections = model.collections.values()
    kinds = {
        str(vector.get("vectorIndexType") or definition.get("vectorIndexType"))
        for definition in (known.definition for known in collections)
        for vector in (definition.get("vectorConfig") or {"": {}}).values()
    }
    assert len(collections) == 12
    assert kinds == {"hnsw", "flat", "dynamic", "hfresh"}
    assert {known.replication_factor for known in collections} == {1, 2, 3}
    assert any("" in vector_configurations(known.definition) for known in collections)
    assert any(len(vector_configurations(known.definition)) > 1 for known in collections)
    tenants = model.collections["Customers"].shards.values()
    assert len(tenants) == 2_000
    assert {shard.activity for shard in tenants} == {"HOT", "COLD"}


def test_listed_counts_lag_until_each_replica_flushes() -> None:
    clock = ManualClock()
    model = scenario("healthy", seed=1, clock=clock).model
    chunks = model.collections["Chunks"]
    shard = next(iter(chunks.shards.values()))
    clock.advance(FLUSH_SECONDS * 10)
    listed = {node: model.listed_count(chunks, shard, node, clock()) for node in shard.nodes}
    true = model.true_count(chunks, shard, clock())
    assert all(count <= true for count in listed.values())
    assert len(set(listed.values())) > 1, "replicas flush at moments of their own"
    rate = chunks.imports.rate * shard.share * 2
    assert true - min(listed.values()) <= rate * FLUSH_SECONDS


def test_without_traffic_nothing_moves() -> None:
    clock = ManualClock()
    model = scenario("healthy", seed=1, clock=clock, traffic=False).model
    chunks = model.collections["Chunks"]
    before = [model.true_count(chunks, shard, clock()) for shard in chunks.shards.values()]
    clock.advance(86_400)
    assert before == [model.true_count(chunks, shard, clock()) for shard in chunks.shards.values()]
    assert sum(before) == 8_640_112


@pytest.mark.parametrize(
    ("text", "expected"),
    [("5000x10", Scale(5_000, 10)), ("2x3x3", Scale(2, 3, 3)), ("4X1", Scale(4, 1))],
)
def test_a_scale_is_read(text: str, expected: Scale) -> None:
    assert Scale.parse(text) == expected


@pytest.mark.parametrize("text", ["", "5000", "5000x", "x10", "0x1", "ax2", "1x2x3x4"])
def test_a_wrong_scale_says_how_it_is_written(text: str) -> None:
    with pytest.raises(ValueError, match="5000x10"):
        Scale.parse(text)


def test_an_unknown_scenario_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="empty, healthy, troubled"):
        scenario("sick", seed=1, clock=ManualClock())


async def test_a_scaled_cluster_lists_every_shard() -> None:
    clock = ManualClock()
    async with (
        simulated("healthy", clock=clock, scale=Scale(150, 4), grpc=False) as cluster,
        httpx.AsyncClient(base_url=cluster.url) as client,
    ):
        first = (await client.get("/v1/nodes?output=verbose")).json()["nodes"]
        clock.advance(600)
        later = (await client.get("/v1/nodes?output=verbose")).json()["nodes"]
        schema = (await client.get("/v1/schema")).json()["classes"]
    assert len(schema) == 150
    assert sum(node["stats"]["shardCount"] for node in first) == 600
    moved = [
        new["class"]
        for old_node, new_node in zip(first, later, strict=True)
        for old, new in zip(old_node["shards"], new_node["shards"], strict=True)
        if old["objectCount"] != new["objectCount"]
    ]
    assert set(moved) == {"Bench00000", "Bench00100"}


async def test_two_clusters_live_side_by_side() -> None:
    async with simulated("healthy", grpc=False) as one, simulated("troubled", grpc=False) as two:
        ports = [*one.nodes.values(), *two.nodes.values(), one.control, two.control]
        assert len(set(ports)) == len(ports)
        assert (one.name, two.name) == ("demo-healthy", "demo-troubled")
        assert isinstance(one, SimulatedCluster)
