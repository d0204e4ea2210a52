"""The commands against a real Weaviate, where one is found."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.servers.real import RealCluster
from tests.unit.cli.running import Cli, Ran, valid_document


def flags_of(cluster: RealCluster) -> list[str]:
    words = ["--url", cluster.url]
    for flag, addresses in (("--node", cluster.nodes), ("--metrics-url", cluster.metrics)):
        words += [word for name, url in addresses.items() for word in (flag, f"{name}={url}")]
    return words


async def ran(cli: Cli, *words: str) -> Ran:
    """A command beside the event loop that owns the cluster."""
    return await asyncio.to_thread(cli, *words)


async def document(cli: Cli, *words: str) -> Any:
    found = await ran(cli, *words)
    assert found.code == 0, found
    return valid_document(found.out)


async def test_statistics_of_real_collections(cli: Cli, real_cluster: RealCluster) -> None:
    flags = flags_of(real_cluster)
    found = await document(cli, "stats", "--json", "--exact", *flags)
    items = {item["collection"]: item for item in found["items"]}
    assert found["problems"] == []
    assert found["cluster"]["nodes_live"] == found["cluster"]["nodes_expected"] == 3
    assert items["Doc"]["objects_are"] == "exact"
    assert items["Doc"]["objects"] > 0
    assert (items["Doc"]["shards_answered"], items["Doc"]["replicas"]) == (3, 9)
    assert items["Customer"]["tenants"] == 200
    assert items["Customer"]["objects_are"] == "partial"
    for item in items.values():
        assert item["health"] == "ok"
        unknown = {name for name, value in item.items() if value is None}
        assert unknown <= item["not_exposed"].keys() | {"tenants_by_state"}


async def test_nodes_and_collections_are_those_of_the_servers(
    cli: Cli, real_cluster: RealCluster
) -> None:
    flags = flags_of(real_cluster)
    found = await document(cli, "nodes", "--json", *flags)
    assert [item["node"] for item in found["items"]] == sorted(real_cluster.nodes)
    assert {item["status"] for item in found["items"]} == {"healthy"}
    assert [item["leader"] for item in found["items"]].count(True) == 1
    found = await document(cli, "collections", "--json", *flags)
    assert {item["collection"] for item in found["items"]} >= {"Doc", "Event", "Customer"}
    doc = next(item for item in found["items"] if item["collection"] == "Doc")
    assert doc["aliases"] == ["Docs"]


async def test_a_healthy_real_cluster_is_ok(cli: Cli, real_cluster: RealCluster) -> None:
    found = await ran(cli, "check", "--metrics", *flags_of(real_cluster))
    assert found.code == 0, found.out
    assert "nodes_live=3;;3:;0;3" in found.out


async def test_a_killed_node_is_named_at_once_and_later(
    cli: Cli, fresh_real_cluster: RealCluster
) -> None:
    cluster = fresh_real_cluster
    flags = flags_of(cluster)
    name = sorted(cluster.nodes)[-1]
    assert (await ran(cli, "check", *flags)).code == 0
    await cluster.kill(name)
    found = await ran(cli, "check", *flags)
    assert found.code == 2
    assert f"AVL-101 {name} is " in found.out.splitlines()[0]
    await cluster.wait_gone(name, seen_by=sorted(cluster.nodes)[0])
    found = await ran(cli, "check", "--json", "--url", cluster.url)
    assert found.code == 2
    items = valid_document(found.out)["items"]
    assert [item["node"] for item in items if item["collection"] is None] == [name]
    dark = {item["collection"] for item in items if "no live replica" in item["message"]}
    assert {"Event", "Customer"} <= dark


async def test_a_hung_node_is_named_by_its_address(
    cli: Cli, fresh_real_cluster: RealCluster
) -> None:
    cluster = fresh_real_cluster
    name = sorted(cluster.nodes)[-1]
    cluster.hang(name)
    try:
        found = await ran(cli, "nodes", "--json", *flags_of(cluster))
    finally:
        cluster.resume(name)
    statuses = {item["node"]: item["status"] for item in valid_document(found.out)["items"]}
    assert statuses[name] == "hung"
