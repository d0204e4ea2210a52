"""Rates and latencies of collections between two readings, nodes together."""

from __future__ import annotations

import math

import pytest

from elysiadash.cluster.traffic import CollectionTraffic, Reading, Traffic
from elysiadash.weaviate.node_metrics import CollectionMetrics, NodeMetrics

ALL = frozenset({"a", "b"})


def reading(
    at: float,
    start: float = 1.0,
    node: str = "n0",
    cpu: float | None = None,
    **collections: CollectionMetrics,
) -> Reading:
    metrics = NodeMetrics(
        per_collection=collections,
        grouped=False,
        node_total=None,
        families=frozenset({"queries_durations_ms"}),
        bytes_read=1,
        truncated=False,
        incomplete=False,
        bad_lines=0,
        process_start_time=start,
        cpu_seconds=cpu,
        node_id=node,
    )
    return Reading(at, metrics)


def doc(queries: float, slow: float = 0, imports: float = 0) -> CollectionMetrics:
    buckets = ((10.0, queries - slow), (50.0, queries), (math.inf, queries))
    return CollectionMetrics(query_buckets=buckets, query_count=queries, imports=imports)


def test_rates_of_the_nodes_are_added() -> None:
    traffic = Traffic()
    for address in ("a", "b"):
        traffic.observe(address, reading(100, Doc=doc(10)))
        traffic.observe(address, reading(110, Doc=doc(40, imports=500)))
    found = traffic.by_collection(ALL)["Doc"]
    assert found.queries_per_s == pytest.approx(6.0)
    assert found.imports_per_s == pytest.approx(100.0)
    assert found.p95 is not None
    assert found.p95.below


def test_one_reading_says_nothing() -> None:
    traffic = Traffic()
    traffic.observe("a", reading(100, Doc=doc(10)))
    assert not traffic.ready()
    assert traffic.by_collection(ALL) == {}


def test_latency_is_of_the_queries_in_between_only() -> None:
    traffic = Traffic()
    traffic.observe("a", reading(100, Doc=doc(1000)))
    traffic.observe("a", reading(110, Doc=doc(1010, slow=10)))
    found = traffic.by_collection(ALL)["Doc"]
    assert found.p50 is not None
    assert 10 < found.p50.ms <= 50


def test_no_query_in_between_has_no_latency() -> None:
    traffic = Traffic()
    for at in (100, 110):
        traffic.observe("a", reading(at, Doc=doc(1000)))
    assert traffic.by_collection(ALL)["Doc"] == CollectionTraffic(
        queries_per_s=0.0, imports_per_s=0.0
    )


def test_a_restart_is_no_negative_rate_and_no_flood() -> None:
    traffic = Traffic()
    traffic.observe("a", reading(100, 1.0, Doc=doc(5000)))
    traffic.observe("a", reading(110, 105.0, Doc=doc(20)))
    assert traffic.by_collection(ALL)["Doc"].queries_per_s == pytest.approx(2.0)


@pytest.mark.parametrize("moved", [-3600.0, -0.01, 0.01, 1.0, 2.0, 3600.0])
def test_a_node_s_clock_that_is_set_is_no_restart(moved: float) -> None:
    traffic = Traffic()
    traffic.observe("a", reading(100, 1.7e9, cpu=5000.0, Doc=doc(10_000_000)))
    traffic.observe("a", reading(115, 1.7e9 + moved, cpu=5003.0, Doc=doc(10_000_150)))
    found = traffic.by_collection(ALL)["Doc"]
    assert found.queries_per_s == pytest.approx(10.0)
    assert found.p50 is not None
    assert found.p50.below


def test_a_new_collection_counts_from_zero_and_an_address_left_not_at_all() -> None:
    traffic = Traffic()
    traffic.observe("a", reading(100))
    traffic.observe("a", reading(110, New=doc(30)))
    assert traffic.by_collection(ALL)["New"].queries_per_s == pytest.approx(3.0)
    assert traffic.by_collection(frozenset()) == {}
    traffic.keep_only(())
    assert traffic.by_collection(ALL) == {}


def test_another_node_behind_the_same_address_gives_no_rate() -> None:
    traffic = Traffic()
    assert traffic.observe("a", reading(100, 1.0, "n0", Doc=doc(5)))
    assert not traffic.observe("a", reading(110, 2.0, "n1", Doc=doc(9_000_000)))
    assert traffic.by_collection(ALL) == {}
