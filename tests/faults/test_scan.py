"""Scans over real sockets that break: the whole collection, or an error; never less."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import pytest

from elysiadash.config.profile import Profile
from elysiadash.demo.clock import ManualClock
from elysiadash.demo.cluster import SimulatedCluster, simulated
from elysiadash.demo.faults import Fault
from elysiadash.scan.canonical import CanonicalForm
from elysiadash.scan.coordinator import Coordinator
from elysiadash.scan.digests import DigestScan
from elysiadash.scan.errors import OwnersAway
from elysiadash.scan.extent import Extent
from elysiadash.scan.ids import IdTimeScan
from elysiadash.scan.owners import Owners
from elysiadash.scan.persistence import Patience
from elysiadash.weaviate.errors import Unreachable, WeaviateError
from tests.servers.load import EVENT, definitions, insert, object_of

_OBJECTS = 700
_SEARCH = "POST /v1/grpc-web/weaviate.v1.Weaviate/Search"
_LIST = "GET /v1/objects"
_PATIENCE = Patience(tries=4, first_wait_s=0.01, settling_s=0.01)
_FAULTS: dict[str, dict[str, Any]] = {
    "truncated": {"kind": "truncated"},
    "dropped": {"kind": "drop"},
    "wrong types": {"kind": "malformed"},
    "not JSON": {"kind": "malformed", "variant": "not_json"},
    "a proxy's page": {"kind": "html", "status": 200},
    "a server's fault": {"kind": "status", "status": 500},
    "an empty page instead of a fault": {
        "kind": "status", "status": 200, "body": '{"deprecations":[],"objects":[]}',
    },
}  # fmt: skip


@asynccontextmanager
async def _filled() -> AsyncIterator[tuple[SimulatedCluster, dict[str, Coordinator]]]:
    async with AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(simulated("empty", clock=ManualClock()))
        http = await stack.enter_async_context(
            httpx.AsyncClient(base_url=cluster.url, trust_env=False, timeout=60)
        )
        event = next(one for one in definitions(1) if one["class"] == EVENT)
        (await http.post("/v1/schema", json=event)).raise_for_status()
        await insert(http, (object_of(EVENT, number) for number in range(_OBJECTS)))
        nodes = {}
        for name, url in cluster.nodes.items():
            nodes[name] = Coordinator.of(Profile(name="scan", url=url), name, url)
            stack.push_async_callback(nodes[name].aclose)
        yield cluster, nodes


async def _present() -> Owners:
    return Owners()


def _scans(nodes: dict[str, Coordinator], **options: Any) -> list[IdTimeScan | DigestScan]:
    first, *others = nodes.values()
    extent = Extent(collection=EVENT)
    options = {"owners": _present, "others": others, "patience": _PATIENCE, "page": 150} | options
    return [
        IdTimeScan(first, extent, **options),
        DigestScan(first, extent, CanonicalForm(), **options),
    ]


async def _ids(scan: IdTimeScan | DigestScan) -> list[bytes]:
    return [row[0] async for page in scan.pages() for row in page]


@pytest.mark.parametrize("name", _FAULTS)
@pytest.mark.parametrize("route", [_SEARCH, _LIST])
@pytest.mark.parametrize("digests", [False, True])
async def test_a_broken_answer_shortens_no_scan(name: str, route: str, digests: bool) -> None:
    async with _filled() as (cluster, nodes):
        whole = await _ids(_scans(nodes)[digests])
        assert len(whole) == _OBJECTS
        cluster.faults.add(Fault(**_FAULTS[name], route=route, times=2))
        assert await _ids(_scans(nodes)[digests]) == whole


@pytest.mark.parametrize("name", _FAULTS)
async def test_answers_that_stay_broken_are_an_error(name: str) -> None:
    async with _filled() as (cluster, nodes):
        cluster.faults.add(Fault(**_FAULTS[name]))
        for scan in _scans(nodes):
            with pytest.raises((WeaviateError, AssertionError)):
                assert len(await _ids(scan)) == _OBJECTS


async def test_a_node_that_dies_takes_its_shards_along_and_the_scan_says_so() -> None:
    async with _filled() as (cluster, nodes):
        first, *_, last = nodes

        async def owners() -> Owners:
            return Owners(frozenset(name for name in nodes if not cluster.world.is_up(name)))

        pages = _scans(nodes, owners=owners, page=50)[0].pages()
        await anext(pages)
        cluster.faults.add(Fault(kind="node_down", node=last, start=-60.0))
        await cluster.apply_faults()
        others = {name: node for name, node in nodes.items() if name != last}
        # Without the check the lists are shorter, and no answer says so.
        assert 0 < len(await _ids(_scans(others)[0])) < _OBJECTS
        with pytest.raises(OwnersAway, match=last):
            async for _ in pages:
                pass
        assert first != last


async def test_the_rest_port_stands_in_where_the_grpc_port_is_shut() -> None:
    async with _filled() as (cluster, _):
        name, url = next(iter(cluster.nodes.items()))
        profile = Profile(name="scan", url=url)
        node = Coordinator.of(profile, name, url, grpc="127.0.0.1:9")
        assert len(await _ids(_scans({name: node})[0])) == _OBJECTS
        assert node.door == "Connect"
        await node.aclose()


async def test_a_grpc_port_that_dies_later_is_an_error_where_it_stays_dead() -> None:
    async with _filled() as (cluster, _):
        name, url = next(iter(cluster.nodes.items()))
        node = Coordinator.of(
            Profile(name="scan", url=url), name, url, grpc=cluster.grpc_nodes[name]
        )
        extent = Extent(collection=EVENT)
        scan = IdTimeScan(node, extent, owners=_present, patience=_PATIENCE, page=50)
        pages = scan.pages()
        await anext(pages)
        cluster.faults.add(Fault(kind="drop", route="grpc Search"))
        with pytest.raises(Unreachable):
            async for _ in pages:
                pass
        await node.aclose()
