"""Exact counts, by both doors."""

from __future__ import annotations

import httpx
import pytest

from elysiadash.weaviate.errors import Refused, ServerFault
from tests.contract.subjects import Subject


class ShutDoor(httpx.AsyncBaseTransport):
    """A server before 1.38.3: the Connect door does not exist."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self.knocks = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/v1/grpc-web/"):
            self.knocks += 1
            return httpx.Response(404, text="Not Found\n")
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


async def test_both_doors_count_alike(server: Subject) -> None:
    shut = ShutDoor(server.http or httpx.AsyncHTTPTransport())
    by_connect, by_graphql = server.client(), server.client(http=shut)
    for name in (server.roles.replicated, server.roles.one_replica, server.roles.unnamed_vector):
        count = await by_connect.exact_count(name)
        assert count > 0
        assert await by_graphql.exact_count(name) == count
    assert shut.knocks == 1, "the shut door was tried again"


async def test_counts_are_the_flushed_objects_of_one_replica_or_more(server: Subject) -> None:
    client = server.client()
    name = server.roles.replicated
    found = await client.nodes(verbose=True, collection=name)
    flushed: dict[str, int] = {}
    for node in found.nodes:
        for shard in node.shards or ():
            flushed[shard.name] = max(flushed.get(shard.name, 0), shard.object_count)
    assert sum(flushed.values()) <= await client.exact_count(name)


async def test_hot_tenant_is_counted_by_both_doors(server: Subject) -> None:
    shut = ShutDoor(server.http or httpx.AsyncHTTPTransport())
    name = server.roles.multi_tenant
    tenant = await _tenant(server, "HOT")
    count = await server.client().exact_count(name, tenant, tenant_is_hot=True)
    assert count > 0
    assert await server.client(http=shut).exact_count(name, tenant, tenant_is_hot=True) == count


async def test_tenant_of_unknown_state_is_not_counted(server: Subject) -> None:
    with pytest.raises(Refused):
        await server.client().exact_count(server.roles.multi_tenant, "any")


async def test_cold_tenant_says_that_it_is_not_active(server: Subject) -> None:
    tenant = await _tenant(server, "COLD")
    with pytest.raises(ServerFault) as failure:
        await server.client().exact_count(server.roles.multi_tenant, tenant, tenant_is_hot=True)
    assert failure.value.detail == f"aggregate: tenant not active: '{tenant}'"


async def test_collection_with_tenants_is_not_counted_without_one(server: Subject) -> None:
    with pytest.raises(ServerFault) as failure:
        await server.client().exact_count(server.roles.multi_tenant)
    assert "has multi-tenancy enabled, but request was without tenant" in (
        failure.value.detail or ""
    )


async def _tenant(server: Subject, state: str) -> str:
    tenants = await server.client().tenants(server.roles.multi_tenant)
    return min(tenant.name for tenant in tenants if tenant.activity_status == state)
