"""What is refused, and how: the error that a person gets to see."""

from __future__ import annotations

import pytest

from elysiadash.weaviate.capabilities import probe
from elysiadash.weaviate.errors import NotFound, Rejected, ServerFault
from tests.contract.questions import UNKNOWN
from tests.contract.subjects import Subject


@pytest.mark.parametrize("leader", [False, True])
async def test_unknown_collection_is_not_found(server: Subject, leader: bool) -> None:
    with pytest.raises(NotFound):
        await server.client().collection(UNKNOWN, leader=leader)


async def test_unknown_collection_has_no_nodes(server: Subject) -> None:
    with pytest.raises(NotFound) as failure:
        await server.client().nodes(verbose=True, collection=UNKNOWN)
    assert failure.value.detail == f'class "{UNKNOWN}" not found'


async def test_unknown_collection_has_no_indexes_and_no_placement(server: Subject) -> None:
    with pytest.raises(NotFound):
        await server.client().indexes(UNKNOWN)
    with pytest.raises(NotFound):
        await server.client().sharding_state(UNKNOWN)


async def test_tenants_of_an_unknown_collection_are_refused(server: Subject) -> None:
    with pytest.raises(Rejected) as failure:
        await server.client().tenants(UNKNOWN)
    assert failure.value.status == 422
    assert "class not found" in (failure.value.detail or "")


async def test_unknown_collection_is_not_counted(server: Subject) -> None:
    with pytest.raises(ServerFault) as failure:
        await server.client().exact_count(UNKNOWN)
    assert f"could not find class {UNKNOWN}" in (failure.value.detail or "")


async def test_collection_without_tenants_says_so(server: Subject) -> None:
    with pytest.raises(Rejected) as failure:
        await server.client().tenants(server.roles.replicated)
    assert failure.value.status == 422
    assert "multi-tenancy is not enabled" in (failure.value.detail or "")


async def test_unknown_backend_is_refused(server: Subject) -> None:
    (unknown,) = {"s3", "filesystem"} - {server.roles.backend}
    with pytest.raises(Rejected) as failure:
        await server.client().backups(unknown)
    assert failure.value.status == 422


async def test_everything_is_offered(server: Subject) -> None:
    found = await probe(server.client())
    assert found.version.startswith("1.39.")
    missing = {one for one in found.features if found.of(one).available is not True}
    assert not missing
