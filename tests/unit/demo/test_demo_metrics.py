"""The metrics port: text that any Prometheus reader takes, numbers that agree with the API."""

from __future__ import annotations

import math
from collections.abc import Iterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from elysiadash.demo import Fault, ManualClock, SimulatedCluster
from elysiadash.demo.exposition import escaped, number


def _samples(text: str) -> Iterator[Sample]:
    family: Metric
    for family in text_string_to_metric_families(text):
        yield from family.samples


async def _read(cluster: SimulatedCluster, node: str = "node-0") -> dict[str, float]:
    """Values by series, as it is written: `name{label="value"}`."""
    async with httpx.AsyncClient() as client:
        text = (await client.get(cluster.metrics[node])).text
    lines = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return {series: float(value) for series, value in lines}


_QUERIES = 'queries_durations_ms_count{class_name="Documents",query_type="get_graphql"}'


@given(st.floats(allow_nan=False))
def test_numbers_read_back_the_same(value: float) -> None:
    assert float(number(value)) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (12, "12"), (1e6, "1e+06"), (7_428_584_361, "7.428584361e+09"), (0.5, "0.5"),
     (9.223372036854776e18, "9.223372036854776e+18"), (1.5e-7, "1.5e-07"), (-2.0, "-2"),
     (math.inf, "+Inf"), (1_795_479_321.15, "1.79547932115e+09")],
)  # fmt: skip
def test_numbers_look_as_a_go_server_writes_them(value: float, text: str) -> None:
    assert number(value) == text


@given(st.text())
def test_escaped_labels_read_back_the_same(value: str) -> None:
    text = f'x{{a="{escaped(value)}"}} 1\n'
    if "\r" in value or value.splitlines() != [value]:
        return
    assert [sample.labels["a"] for sample in _samples(text)] == [value]


async def test_everything_parses_and_no_series_comes_twice(cluster: SimulatedCluster) -> None:
    async with httpx.AsyncClient() as client:
        text = (await client.get(cluster.metrics["node-0"])).text
    seen = [(sample.name, tuple(sorted(sample.labels.items()))) for sample in _samples(text)]
    assert len(seen) == len(set(seen))
    assert len(seen) > 10_000


async def test_counts_agree_with_verbose_nodes(cluster: SimulatedCluster) -> None:
    metrics = await _read(cluster)
    async with httpx.AsyncClient(base_url=cluster.url) as client:
        node = (await client.get("/v1/nodes?output=verbose")).json()["nodes"][0]
    for shard in node["shards"]:
        labels = f'{{class_name="{shard["class"]}",shard_name="{shard["name"]}"}}'
        assert metrics["object_count" + labels] == shard["objectCount"]
        assert metrics["queue_size" + labels] == shard["vectorQueueLength"]


async def test_counters_and_histograms_only_rise(
    cluster: SimulatedCluster, clock: ManualClock
) -> None:
    before = await _read(cluster)
    clock.advance(47)
    after = await _read(cluster)
    endings = ("_total", "_count", "_sum", "_bucket")
    gauges = ("concurrent_queries_count", "object_count", "queue_count", "lsm_segment_count")
    rising = [
        series
        for series in before
        if series.split("{")[0].endswith(endings) and series.split("{")[0] not in gauges
    ]
    assert len(rising) > 1_000
    assert [series for series in rising if after[series] < before[series]] == []
    assert 300 < after[_QUERIES] - before[_QUERIES] < 1_300
    imported = 'batch_objects_processed_total{class_name="Chunks",shard_name="n/a"}'
    assert after[imported] > before[imported]


async def test_buckets_end_at_the_count(cluster: SimulatedCluster) -> None:
    metrics = await _read(cluster)
    last = _QUERIES.replace("_count", "_bucket").replace("}", ',le="+Inf"}')
    assert metrics[last] == metrics[_QUERIES] > 0


async def test_a_restart_resets_the_counters(cluster: SimulatedCluster, clock: ManualClock) -> None:
    before = await _read(cluster)
    cluster.faults.add(Fault(kind="restart", node="node-0", seconds=1))
    clock.advance(5)
    await cluster.apply_faults()
    after = await _read(cluster)
    start = "process_start_time_seconds"
    assert after[start] == pytest.approx(clock() - 4, abs=0.02)
    assert after[start] > before[start]
    assert after[_QUERIES] < before[_QUERIES]
    assert (await _read(cluster, "node-1"))[start] < clock() - 3_600


async def test_our_own_requests_are_counted(cluster: SimulatedCluster) -> None:
    async with httpx.AsyncClient(base_url=cluster.url) as client:
        for _ in range(3):
            await client.get("/v1/schema/Documents")
    labels = '{method="GET",route="/v1/schema/{className}",status_code="200"}'
    metrics = await _read(cluster)
    assert metrics[f"weaviate_http_request_duration_seconds_count{labels}"] == 3
    assert cluster.model.called("GET /v1/schema/{className}") == 3
    assert cluster.model.called("GET /v1/schema/{className}", "node-1") == 0


async def test_the_metrics_port_knows_little_else(cluster: SimulatedCluster) -> None:
    base = cluster.metrics["node-0"].removesuffix("/metrics")
    async with httpx.AsyncClient(base_url=base) as client:
        assert (await client.get("/tenant-activity")).json() == {}
        missing = await client.get("/v1/nodes")
    assert (missing.status_code, missing.text) == (404, "404 page not found\n")


async def test_metrics_are_compressed_only_for_those_who_take_it(
    cluster: SimulatedCluster,
) -> None:
    async with httpx.AsyncClient() as client:
        packed = await client.get(cluster.metrics["node-0"])
        plain = await client.get(cluster.metrics["node-0"], headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert len(plain.text.splitlines()) == len(packed.text.splitlines())
