"""What nodes use of their machines, and why it is not known."""

from __future__ import annotations

import httpx
import pytest

from elysiadash.cluster.disks import NodeDisk
from elysiadash.cluster.slices import Kind, Problem
from elysiadash.cluster.store import Store
from elysiadash.cluster.usage import (
    DISK_FIELDS,
    METRICS_FIELDS,
    NO_DISK,
    NO_METRICS,
    NodeUsage,
    usage_by_node,
)
from elysiadash.cluster.view import HEALTHY, MISSING, NodeView
from elysiadash.weaviate.errors import WeaviateError
from elysiadash.weaviate.node_metrics import NodeMetrics, NodeMetricsReader
from tests.contract.prometheus_answers import asks

METRICS = """\
process_resident_memory_bytes 5.8e+09
go_memstats_heap_inuse_bytes 2.94e+09
go_gc_gomemlimit_bytes {limit}
shards_loaded 1204
shards_unloaded 96
weaviate_cluster_store_raft_last_applied_index{{nodeID="{node}"}} 7
"""
NODE = NodeView(node="weaviate-0", status=HEALTHY, metrics_address="http://wv-0:2112/metrics")


def metrics(node: str = "weaviate-0", limit: str = "1.6e+10") -> NodeMetrics:
    reader = NodeMetricsReader(1_000_000)
    reader.feed(METRICS.format(node=node, limit=limit).encode())
    return reader.close()


def put_usage(store: Store, node: str, now: float) -> None:
    """The metrics and the disk of a node, as a Prometheus tells them."""
    store.put(Kind.METRICS, metrics(node), of=f"10.0.0.{node[-1]}:2112", asked_at=now)
    disk = NodeDisk(
        free_bytes=28_000_000_000,
        size_bytes=100_000_000_000,
        place=f"data-{node}",
        metric="kubelet_volume_stats_available_bytes",
    )
    store.put(Kind.DISK, disk, of=node, asked_at=now)


def usage(store: Store, view: NodeView = NODE, *, prometheus: bool = True) -> NodeUsage:
    return usage_by_node(store, [view], prometheus=prometheus)[view.node]


def test_all_of_it_by_the_name_that_the_metrics_tell() -> None:
    store = Store(lambda: 100.0)
    put_usage(store, "weaviate-0", 1.0)
    found = usage(store)
    assert found.disk_used_share == pytest.approx(0.72)
    assert (found.disk_free_bytes, found.disk_size_bytes) == (28_000_000_000, 100_000_000_000)
    assert (found.memory_bytes, found.memory_limit_bytes) == (5_800_000_000, 16_000_000_000)
    assert (found.heap_bytes, found.shards_loaded, found.shards_unloaded) == (2.94e9, 1204, 96)
    assert found.not_exposed == {}


def test_no_limit_is_no_number() -> None:
    store = Store()
    store.put(Kind.METRICS, metrics(limit="9.223372036854776e+18"), of="a", asked_at=1.0)
    found = usage(store)
    assert found.memory_limit_bytes is None
    assert "GOMEMLIMIT" in found.not_exposed["memory_limit_bytes"]


def test_our_own_scraping_tells_memory_and_no_disk() -> None:
    store = Store()
    nameless = metrics(node="")
    store.put(Kind.METRICS, nameless, of="http://wv-0:2112/metrics", asked_at=1.0)
    found = usage(store, prometheus=False)
    assert found.memory_bytes == 5_800_000_000
    assert {found.not_exposed[name] for name in DISK_FIELDS} == {NO_DISK}


@pytest.mark.parametrize("limit", ["9.223372036854776e+18", "9.223e+18"])
def test_no_limit_is_none_however_it_was_rounded(limit: str) -> None:
    store = Store()
    store.put(Kind.METRICS, metrics(limit=limit), of="http://wv-0:2112/metrics", asked_at=1.0)
    found = usage(store, prometheus=False)
    assert found.memory_limit_bytes is None
    assert "GOMEMLIMIT" in found.not_exposed["memory_limit_bytes"]


def test_a_recording_advises_nothing() -> None:
    views = [NODE, NodeView(node="n", status=HEALTHY)]
    store = Store()
    store.put(Kind.METRICS, metrics(), of="http://wv-0:2112/metrics", asked_at=1.0)
    for found in usage_by_node(store, views, prometheus=False, recorded=True).values():
        assert "not in this recording" in found.not_exposed[DISK_FIELDS[0]]
        assert not {NO_DISK, NO_METRICS} & set(found.not_exposed.values())


def test_each_reason() -> None:
    store = Store()
    nothing = usage(store, NodeView(node="n", status=HEALTHY), prometheus=False)
    assert {nothing.not_exposed[name] for name in METRICS_FIELDS} == {NO_METRICS}
    assert {usage(store).not_exposed[name] for name in DISK_FIELDS} == {"not asked yet"}
    away = usage(store, NodeView(node="n", status=MISSING))
    assert set(away.not_exposed.values()) == {"the node is missing"}
    store.put(Kind.METRICS, metrics(node=""), of="", asked_at=1.0)
    assert "do not name the node" in usage(store).not_exposed["memory_bytes"]
    assert "do not name the node" in usage(store).not_exposed["disk_free_bytes"]
    store.fail(Kind.METRICS, Problem("unreachable", "no connection"))
    store.fail(Kind.DISK, Problem("no answer", "nothing after 2 s"))
    assert usage(store).not_exposed["memory_bytes"] == "no connection"
    assert usage(store).not_exposed["disk_used_share"] == "nothing after 2 s"


class Prometheus(httpx.AsyncBaseTransport):
    """Names the nodes, and answers for disks as it is told."""

    def __init__(self) -> None:
        self.disks: list[dict[str, object]] | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Both queries of ``poll_disks``."""
        body = (await request.aread()).decode()
        if "node_filesystem" not in body:
            named = {"instance": "wv-0:2112", "nodeID": "weaviate-0"}
            return self._answer([{"metric": named, "value": [100.0, "7"]}])
        if self.disks is None:
            return httpx.Response(503, json={"status": "error", "error": "too many samples"})
        return self._answer(self.disks)

    def _answer(self, result: list[dict[str, object]]) -> httpx.Response:
        data = {"resultType": "vector", "result": result}
        return httpx.Response(200, json={"status": "success", "data": data})


def volume(name: str, value: str) -> dict[str, object]:
    claim = {"persistentvolumeclaim": "data-weaviate-0", "namespace": "db"}
    metric = {"__name__": f"kubelet_volume_stats_{name}_bytes", **claim}
    return {"metric": metric, "value": [100.0, value]}


async def test_disks_fail_alone_and_their_problem_goes_with_the_next_answer() -> None:
    prometheus = Prometheus()
    asking = asks("http://prometheus:9090", prometheus)
    store = asking._store
    with pytest.raises(WeaviateError) as failure:
        await asking.poll_disks()
    store.fail(Kind.DISK, Problem.of(failure.value))
    assert store.all(Kind.METRICS) == {}
    prometheus.disks = [volume("available", "28e9"), volume("capacity", "100e9")]
    await asking.poll_disks()
    (disk,) = store.all(Kind.DISK).values()
    assert disk.problem is None
    assert (disk.value.free_bytes, disk.value.size_bytes) == (28e9, 100e9)
    await asking.aclose()
