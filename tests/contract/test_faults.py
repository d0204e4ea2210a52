"""A cluster with something broken, as the pollers read it."""

from __future__ import annotations

import asyncio

import pytest

from elysiadash.weaviate.client import Client
from elysiadash.weaviate.errors import NoAnswer, ServerFault, Unreachable, WeaviateError
from elysiadash.weaviate.models import Statistics
from tests.contract.subjects import Subject

pytestmark = pytest.mark.slow


async def test_readonly_shard_shows_on_every_replica(server: Subject) -> None:
    async with server.state("readonly"):
        found = await server.client().nodes(verbose=True, collection=server.roles.replicated)
    states = {
        (shard.name, node.name): shard.status for node in found.nodes for shard in node.shards or ()
    }
    locked = {place for place, status in states.items() if status == "READONLY"}
    assert len({shard for shard, _ in locked}) == 1
    assert {node for _, node in locked} == set(server.nodes)
    assert {status for place, status in states.items() if place not in locked} == {"READY"}


async def test_dead_node_is_unavailable_at_first(server: Subject) -> None:
    async with server.state("node-unavailable"):
        client = server.client()
        found, raft = await asyncio.gather(client.nodes(verbose=True), client.statistics())
        with pytest.raises(Unreachable):
            await client.ready(server.nodes[server.last])
        assert (await client.ready(server.nodes[server.first])).ready
    lost = next(node for node in found.nodes if node.name == server.last)
    assert (lost.status, lost.shards, lost.version) == ("UNAVAILABLE", None, None)
    row = next(row for row in raft.statistics if row.name == server.last)
    assert (row.status, row.raft) == ("UNAVAILABLE", None)
    assert not raft.synchronized


async def test_dead_node_is_forgotten_by_all_but_raft_and_placement(server: Subject) -> None:
    whole = await server.client().exact_count(server.roles.one_replica)
    async with server.state("node-gone"):
        client = server.client()
        listed = {node.name for node in (await client.nodes()).nodes}
        raft = await client.statistics()
        placed = await client.sharding_state(server.roles.one_replica)
        left = await client.exact_count(server.roles.one_replica)
        with pytest.raises(Unreachable):
            await client.ready(server.nodes[server.last])
    assert listed == set(server.nodes) - {server.last}
    assert {row.name for row in raft.statistics} == listed
    assert raft.synchronized, "it looks at the listed nodes only"
    assert _members(raft) == set(server.nodes)
    replicas = {name for shard in placed.shards or () for name in shard.replicas or ()}
    assert server.last in replicas
    assert 0 < left < whole, "the count leaves the dead node's shard out without a word"


async def test_dead_node_costs_a_replicated_collection_no_object(server: Subject) -> None:
    whole = await server.client().exact_count(server.roles.replicated)
    async with server.state("node-gone"):
        assert await server.client().exact_count(server.roles.replicated) == whole


async def test_hung_node_delays_those_who_ask_all_nodes(server: Subject) -> None:
    async with server.state("node-hung"):
        patient, hasty = server.client(fan_out=45, probe=2), server.client(fan_out=3)
        late, _, _, _ = await asyncio.gather(
            patient.nodes(),
            _unanswered(hasty.nodes()),
            _unanswered(hasty.statistics()),
            _unanswered(patient.ready(server.nodes[server.last])),
        )
    assert {node.name: node.status for node in late.nodes} == {
        name: "TIMEOUT" if name == server.last else "HEALTHY" for name in server.nodes
    }


async def test_hung_node_is_forgotten_but_stays_silent(server: Subject) -> None:
    async with server.state("node-hung-gone"):
        client = server.client(probe=2)
        listed = {node.name for node in (await client.nodes()).nodes}
        raft = await client.statistics()
        await _unanswered(client.ready(server.nodes[server.last]))
    assert listed == set(server.nodes) - {server.last}
    assert _members(raft) == set(server.nodes)


async def test_without_quorum_local_answers_stay_and_the_leaders_fail(server: Subject) -> None:
    async with server.state("no-quorum"):
        quick = server.client(leader_read=5)
        patient = server.client(leader_read=60, slow=60)
        nodes = await quick.nodes()
        raft = await quick.statistics()
        schema = await quick.schema()
        readiness = await quick.ready()
        failures = await asyncio.gather(*map(_failure, _asks_of_the_leader(patient)))
        await _unanswered(quick.schema(leader=True))
    assert [node.name for node in nodes.nodes] == [server.first]
    assert server.roles.replicated in {one.name for one in schema.classes or ()}
    assert (readiness.ready, readiness.status) == (False, 503)
    (row,) = raft.statistics
    assert not row.leader_id
    assert row.raft is not None
    assert row.raft.state in ("Candidate", "Follower")
    assert _members(raft) == set(server.nodes)
    for failure in failures:
        assert isinstance(failure, ServerFault)
        assert failure.what == "the cluster has no raft leader"


def _asks_of_the_leader(client: Client) -> list[object]:
    return [
        client.schema(leader=True),
        client.aliases(),
        client.replication_operations(),
        client.tasks(),
    ]


def _members(raft: Statistics) -> set[str]:
    configurations = [row.raft.latest_configuration for row in raft.statistics if row.raft]
    return {peer.id for one in configurations for peer in one or ()}


async def _failure(ask: object) -> WeaviateError:
    with pytest.raises(WeaviateError) as failure:
        await ask  # type: ignore[misc]
    return failure.value


async def _unanswered(ask: object) -> None:
    with pytest.raises(NoAnswer):
        await ask  # type: ignore[misc]
