"""What was written is what is counted, listed and placed."""

from __future__ import annotations

import pytest

from tests.contract.conftest import CHANGEABLE
from tests.contract.subjects import Subject
from tests.servers.load import (
    ALIAS,
    AMOUNTS,
    CUSTOMER,
    DOC,
    EVENT,
    LEGACY,
    TENANTS,
    definitions,
    steady_deletes,
    steady_writes,
    tenant_names,
)

_SMALL = AMOUNTS["small"]


async def test_every_object_is_counted(loaded_server: Subject) -> None:
    client = loaded_server.client()
    assert await client.exact_count(DOC) == _SMALL.docs
    assert await client.exact_count(EVENT) == _SMALL.events
    assert await client.exact_count(LEGACY) == _SMALL.legacy
    tenant = tenant_names()[0]
    assert await client.exact_count(CUSTOMER, tenant, tenant_is_hot=True) == _SMALL.per_tenant


async def test_definitions_come_back_as_written(loaded_server: Subject) -> None:
    client = loaded_server.client()
    found = {one.name: one for one in (await client.schema()).classes or ()}
    written = {one["class"]: one for one in definitions(len(loaded_server.nodes))}
    assert set(found) == set(written)
    for name, definition in written.items():
        properties = {one.name: one.data_type for one in found[name].properties or ()}
        assert properties == {one["name"]: one["dataType"] for one in definition["properties"]}
        assert set(found[name].vector_config or {}) == set(definition.get("vectorConfig", {}))
        replication = found[name].replication_config
        assert replication is not None
        assert replication.factor == definition["replicationConfig"]["factor"]
    assert found[DOC].description == "replicated documents"
    index = found[LEGACY].vector_index_config
    assert index is not None
    assert index.distance == "l2-squared"
    assert [(one.alias, one.collection) for one in await client.aliases()] == [(ALIAS, DOC)]


async def test_half_of_the_tenants_are_cold(loaded_server: Subject) -> None:
    tenants = await loaded_server.client().tenants(CUSTOMER)
    cold = {tenant.name for tenant in tenants if tenant.activity_status == "COLD"}
    assert len(tenants) == TENANTS
    assert cold == set(tenant_names()[TENANTS // 2 :])


async def test_shards_are_as_many_as_asked_for(loaded_server: Subject) -> None:
    client = loaded_server.client()
    for name, replicas in ((DOC, len(loaded_server.nodes)), (EVENT, 1)):
        placed = (await client.sharding_state(name)).shards or []
        assert [len(shard.replicas or ()) for shard in placed] == [replicas] * 3


@pytest.mark.parametrize("kind", CHANGEABLE, indirect=True)
async def test_writes_and_deletes_show_in_the_count_at_once(loaded_server: Subject) -> None:
    client = loaded_server.client()
    url = loaded_server.nodes[loaded_server.first]
    before = await client.exact_count(EVENT)
    written = await steady_writes(url, EVENT, per_second=100, duration=0.1)
    assert (written.accepted, written.failures) == (10, [])
    assert await client.exact_count(EVENT) == before + 10
    deleted = await steady_deletes(url, EVENT, written.ids, per_second=100)
    assert (deleted.accepted, deleted.failures) == (10, [])
    assert await client.exact_count(EVENT) == before
