"""A healthy cluster, as the pollers read it."""

from __future__ import annotations

import re

import pytest

from elysiadash.weaviate.errors import Unauthorized
from elysiadash.weaviate.models import Nodes
from elysiadash.weaviate.node_metrics import NodeMetricsReader
from tests.contract.subjects import Subject


async def test_every_node_is_ready_and_alive(server: Subject) -> None:
    client = server.client()
    for url in server.nodes.values():
        readiness = await client.ready(url)
        assert (readiness.ready, readiness.status) == (True, 200)
        assert await client.live(url)


async def test_meta_names_version_and_backends(server: Subject) -> None:
    meta = await server.client().meta()
    assert re.fullmatch(r"1\.39\.\d+", meta.version)
    assert meta.hostname.startswith("http")
    assert meta.grpc_max_message_size == 104_858_000
    assert meta.backup_backends() == (server.roles.backend,)


async def test_minimal_nodes_list_every_member(server: Subject) -> None:
    nodes = (await server.client().nodes()).nodes
    assert [node.name for node in nodes] == list(server.nodes)
    for node in nodes:
        assert node.status == "HEALTHY"
        assert node.operational_mode == "ReadWrite"
        assert node.version is not None
        assert node.version.startswith("1.39.")
        assert node.shards is None
        assert node.batch_stats is not None
        assert node.batch_stats.queue_length == 0


async def test_verbose_nodes_count_shards_and_objects(server: Subject) -> None:
    nodes = (await server.client().nodes(verbose=True)).nodes
    assert [node.name for node in nodes] == list(server.nodes)
    for node in nodes:
        assert node.shards
        assert node.stats is not None
        assert node.stats.shard_count == len(node.shards)
        assert node.stats.object_count == sum(shard.object_count for shard in node.shards)
        for shard in node.shards:
            assert shard.status == "READY"
            assert shard.loaded
            assert shard.vector_queue_length == 0
            assert shard.number_of_replicas == shard.replication_factor


async def test_verbose_nodes_are_reduced_where_they_are_decoded(server: Subject) -> None:
    def count(nodes: Nodes) -> int:
        return len(nodes.nodes)

    assert await server.client().nodes(verbose=True, then=count) == len(server.nodes)


async def test_nodes_of_one_collection_hold_its_shards_only(server: Subject) -> None:
    found = await server.client().nodes(verbose=True, collection=server.roles.replicated)
    shards = [shard for node in found.nodes for shard in node.shards or ()]
    assert {shard.collection for shard in shards} == {server.roles.replicated}
    places = {shard.name: shard.number_of_replicas for shard in shards}
    assert set(places.values()) == {len(server.nodes)}
    assert len(shards) == len(places) * len(server.nodes)


async def test_nodes_of_an_alias_are_those_of_its_collection(server: Subject) -> None:
    found = await server.client().nodes(verbose=True, collection=server.roles.alias)
    shards = [shard for node in found.nodes for shard in node.shards or ()]
    assert {shard.collection for shard in shards} == {server.roles.replicated}


async def test_statistics_agree_on_one_leader_and_on_the_members(server: Subject) -> None:
    found = await server.client().statistics()
    assert found.synchronized
    assert [row.name for row in found.statistics] == list(server.nodes)
    leaders = {row.leader_id for row in found.statistics}
    assert len(leaders) == 1
    for row in found.statistics:
        assert row.status == "HEALTHY"
        assert row.ready
        assert row.open
        assert row.db_loaded
        assert row.is_voter
        assert row.raft is not None
        is_leader = row.name in leaders
        assert row.raft.state == ("Leader" if is_leader else "Follower")
        assert (row.raft.last_contact == "0") == is_leader
        assert row.raft.fsm_pending == "0"
        assert int(row.raft.applied_index) > 0
        assert row.raft.num_peers == str(len(server.nodes) - 1)
        members = row.raft.latest_configuration or []
        assert {peer.id for peer in members} == set(server.nodes)
        assert all(peer.address and peer.suffrage == 0 for peer in members)


async def test_local_schema_is_the_leaders(server: Subject) -> None:
    client = server.client()
    local, led = await client.schema(), await client.schema(leader=True)
    by_name = {one.name: one for one in local.classes or ()}
    assert by_name == {one.name: one for one in led.classes or ()}
    roles = server.roles
    assert set(by_name) >= {
        roles.replicated,
        roles.one_replica,
        roles.multi_tenant,
        roles.unnamed_vector,
    }


async def test_definitions_say_replicas_vectors_and_tenancy(server: Subject) -> None:
    schema = await server.client().schema()
    by_name = {one.name: one for one in schema.classes or ()}
    roles = server.roles
    replicated = by_name[roles.replicated]
    assert replicated.replication_config is not None
    assert replicated.replication_config.factor == len(server.nodes)
    assert set(replicated.vector_config or {}) == roles.vectors
    for vector in (replicated.vector_config or {}).values():
        assert vector.vector_index_type == "hnsw"
        assert vector.vector_index_config is not None
        assert vector.vector_index_config.ef is not None
        assert vector.vector_index_config.distance == "cosine"
    assert replicated.properties
    assert all(one.data_type for one in replicated.properties)
    unnamed = by_name[roles.unnamed_vector]
    assert not unnamed.vector_config
    assert unnamed.vector_index_type == "hnsw"
    assert unnamed.vector_index_config is not None
    many = by_name[roles.multi_tenant]
    assert many.multi_tenancy_config is not None
    assert many.multi_tenancy_config.enabled
    assert many.sharding_config is not None
    assert many.sharding_config.desired_count == 0
    one = by_name[roles.one_replica]
    assert one.replication_config is not None
    assert one.replication_config.factor == 1


@pytest.mark.parametrize("leader", [False, True])
async def test_one_collection_is_as_in_the_schema(server: Subject, leader: bool) -> None:
    client = server.client()
    name = server.roles.replicated
    schema = await client.schema()
    (listed,) = (one for one in schema.classes or () if one.name == name)
    assert await client.collection(name, leader=leader) == listed


async def test_alias_stands_for_its_collection(server: Subject) -> None:
    client = server.client()
    aliases = {one.alias: one.collection for one in await client.aliases()}
    assert aliases[server.roles.alias] == server.roles.replicated
    assert (await client.collection(server.roles.alias)).name == server.roles.replicated


async def test_cold_tenants_are_listed_but_have_no_shard(server: Subject) -> None:
    client = server.client()
    name = server.roles.multi_tenant
    tenants = await client.tenants(name)
    states = {tenant.name: tenant.activity_status for tenant in tenants}
    assert len(states) == len(tenants)
    assert set(states.values()) == {"HOT", "COLD"}
    found = await client.nodes(verbose=True, collection=name)
    loaded = {shard.name for node in found.nodes for shard in node.shards or ()}
    assert loaded == {tenant for tenant, state in states.items() if state == "HOT"}


async def test_placement_is_where_the_shards_are(server: Subject) -> None:
    client = server.client()
    for name in (server.roles.replicated, server.roles.one_replica):
        placed = await client.sharding_state(name)
        assert placed.collection == name
        intended = {
            (one.shard, replica) for one in placed.shards or () for replica in one.replicas or ()
        }
        found = await client.nodes(verbose=True, collection=name)
        present = {(shard.name, node.name) for node in found.nodes for shard in node.shards or ()}
        assert intended == present


async def test_placement_names_cold_tenants_too(server: Subject) -> None:
    client = server.client()
    tenants = await client.tenants(server.roles.multi_tenant)
    placed = await client.sharding_state(server.roles.multi_tenant)
    assert {one.shard for one in placed.shards or ()} == {tenant.name for tenant in tenants}


async def test_nothing_is_being_moved_or_reindexed(server: Subject) -> None:
    client = server.client()
    assert await client.replication_operations() == ()
    assert not any((await client.tasks()).values())


async def test_indexes_of_every_property(server: Subject) -> None:
    client = server.client()
    name = server.roles.replicated
    definition = await client.collection(name)
    found = await client.indexes(name)
    assert found.collection == name
    properties = {one.name: one for one in found.properties or ()}
    assert set(properties) == {one.name for one in definition.properties or ()}
    types = {index.type for one in properties.values() for index in one.indexes or ()}
    assert {"filterable", "searchable"} <= types <= {"filterable", "searchable", "rangeFilters"}
    assert {i.status for one in properties.values() for i in one.indexes or ()} == {"ready"}


async def test_backups_of_the_backend(server: Subject) -> None:
    for backup in await server.client().backups(server.roles.backend):
        assert backup.id
        assert backup.status == "SUCCESS"
        assert backup.classes
        assert backup.started_at
        assert backup.completed_at


async def test_nobody_in_particular_has_no_user_info(server: Subject) -> None:
    with pytest.raises(Unauthorized):
        await server.client().own_info()


async def test_metrics_say_whose_they_are_and_count_by_collection(server: Subject) -> None:
    client = server.client()
    found = await client.metrics(server.metrics[server.first], NodeMetricsReader(64 * 1024 * 1024))
    assert found.node_id == server.first
    assert found.version is not None
    assert found.version.startswith("1.39.")
    assert found.grouped is False
    assert not found.truncated
    assert not found.incomplete
    assert found.bad_lines == 0
    assert found.process_start_time is not None
    assert found.resident_bytes is not None
    assert found.resident_bytes > 1e7
    assert found.goroutines
    assert found.raft_applied_index
    assert (found.index_shards_by_status or {}).get("READY")
    assert (found.schema_shards_by_status or {}).get("COLD")
    replicated = found.per_collection[server.roles.replicated]
    assert replicated.query_count
    assert replicated.query_buckets[-1][1] == replicated.query_count
    assert replicated.imports
    assert replicated.object_count is not None
