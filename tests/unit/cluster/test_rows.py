"""The row of a collection: what is known, how well, and why the rest is not."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from elysiadash.cluster.growth import Growth
from elysiadash.cluster.rows import Known, TenantCounts, collection_rows
from elysiadash.cluster.shards import ShardReport, report_shards
from elysiadash.cluster.stats import SOURCES, CollectionStats
from elysiadash.cluster.traffic import CollectionTraffic
from elysiadash.weaviate.models import (
    CollectionDefinition,
    MultiTenancy,
    Node,
    Nodes,
    Quantizer,
    Replication,
    Sharding,
    ShardReplica,
    VectorConfig,
    VectorIndexConfig,
)
from elysiadash.weaviate.node_metrics import CollectionMetrics, NodeMetrics
from elysiadash.weaviate.rates import QuantileEstimate

DOC = CollectionDefinition(
    "Doc",
    vector_config={
        "body": VectorConfig("hnsw", VectorIndexConfig(rq=Quantizer(True, 8))),
        "title": VectorConfig("flat", VectorIndexConfig(bq=Quantizer(False))),
    },
    replication_config=Replication(3),
    multi_tenancy_config=MultiTenancy(),
    sharding_config=Sharding(3, 3),
)
TENANTED = CollectionDefinition(
    "Tenanted", multi_tenancy_config=MultiTenancy(True), sharding_config=Sharding()
)


def report(*replicas: tuple[str, str, int]) -> ShardReport:
    shards = [ShardReplica(c, s, count, "READY") for c, s, count in replicas]
    return report_shards(Nodes([Node("n0", "HEALTHY", shards=shards)]))


def node_metrics(grouped: bool = False, **collections: CollectionMetrics) -> NodeMetrics:
    return NodeMetrics(
        per_collection=collections,
        grouped=grouped,
        node_total=None,
        families=frozenset({"object_count"}),
        bytes_read=1,
        truncated=False,
        incomplete=False,
        bad_lines=0,
    )


def row(known: Known, name: str = "Doc") -> CollectionStats:
    return next(row for row in collection_rows(known) if row.collection == name)


FULL = report(("Doc", "s1", 10), ("Doc", "s2", 20), ("Doc", "s3", 30))


def test_a_collection_whose_shards_all_answer_is_approximate() -> None:
    found = row(Known(definitions=(DOC,), report=FULL))
    assert (found.objects, found.objects_are) == (60, "approximate")
    assert (found.shards_answered, found.shards, found.replication_factor) == (3, 3, 3)
    assert found.vector_index == "body: hnsw, title: flat"
    assert found.compression == "body: rq-8, title: none"


def test_a_missing_shard_makes_the_count_partial_and_names_the_nodes() -> None:
    known = Known(definitions=(DOC,), report=report(("Doc", "s1", 10)), missing_nodes=("n1", "n2"))
    found = row(known)
    assert (found.objects, found.objects_are) == (10, "partial")
    assert (found.shards_answered, found.shards) == (1, 3)
    assert found.missing_nodes == ("n1", "n2")


def test_a_collection_without_any_answering_shard_is_unknown_not_zero() -> None:
    found = row(Known(definitions=(DOC,), report=report(("Other", "s1", 10))))
    assert (found.objects, found.objects_are) == (None, "unknown")
    assert found.not_exposed["objects"] == "none of its shards answered"


def test_before_the_shards_answer_nothing_is_claimed() -> None:
    found = row(Known(definitions=(DOC,), why={"shards": "a peer does not answer"}))
    assert found.objects is None
    assert found.not_exposed["objects"] == "a peer does not answer"
    assert found.not_exposed["vector_queue"] == "a peer does not answer"


def test_an_exact_count_replaces_the_listed_one() -> None:
    found = row(Known(definitions=(DOC,), report=FULL, counts={"Doc": 61}))
    assert (found.objects, found.objects_are) == (61, "exact")


def test_tenants_are_counted_by_state_and_active_ones_are_the_shards() -> None:
    known = Known(
        definitions=(TENANTED,),
        report=report(("Tenanted", "t1", 5)),
        tenants={"Tenanted": TenantCounts({"HOT": 1, "COLD": 9})},
    )
    found = row(known, "Tenanted")
    assert found.multi_tenant
    assert (found.tenants, found.shards, found.shards_answered) == (10, 1, 1)
    assert (found.objects, found.objects_are) == (5, "partial")
    assert found.inactive_tenants == 9


def test_with_every_tenant_active_nothing_is_left_out() -> None:
    known = Known(
        definitions=(TENANTED,),
        report=report(("Tenanted", "t1", 5)),
        tenants={"Tenanted": TenantCounts({"HOT": 1})},
    )
    assert row(known, "Tenanted").objects_are == "approximate"


def test_objects_of_tenants_that_are_all_cold_are_unknown_not_zero() -> None:
    known = Known(
        definitions=(TENANTED,), report=report(), tenants={"Tenanted": TenantCounts({"COLD": 9})}
    )
    found = row(known, "Tenanted")
    assert (found.objects, found.objects_are) == (None, "unknown")
    assert "no tenant is active" in found.not_exposed["objects"]


def test_with_a_node_away_unknown_tenants_make_a_count_partial() -> None:
    known = Known(definitions=(TENANTED,), report=report(("Tenanted", "t1", 5)))
    assert row(known, "Tenanted").objects_are == "approximate"
    away = Known(
        definitions=(TENANTED,), report=report(("Tenanted", "t1", 5)), missing_nodes=("n1",)
    )
    found = row(away, "Tenanted")
    assert (found.objects_are, found.shards) == ("partial", None)


def test_an_unanswered_tenants_list_says_so() -> None:
    found = row(Known(definitions=(TENANTED,), why={"tenants": "no leader"}), "Tenanted")
    assert found.tenants is None
    assert found.not_exposed["tenants"] == "no leader"
    assert row(Known(definitions=(DOC,))).not_exposed["tenants"] == (
        "not a multi-tenant collection"
    )


def test_metrics_of_several_nodes_are_added_up() -> None:
    one = CollectionMetrics(
        lsm_bytes=100, tombstones=5, vector_slots=50, segments_min=2, segments_max=9
    )
    two = CollectionMetrics(lsm_bytes=50, tombstones=5, vector_slots=50, segments_max=4)
    found = row(Known(definitions=(DOC,), metrics=(node_metrics(Doc=one), node_metrics(Doc=two))))
    assert (found.lsm_bytes, found.tombstones, found.segments, found.segments_min) == (
        150,
        10,
        9,
        2,
    )
    assert found.tombstone_ratio == pytest.approx(0.1)
    assert found.dimensions is None
    assert found.not_exposed["dimensions"] == "needs TRACK_VECTOR_DIMENSIONS=true"


def test_metrics_of_some_nodes_only_are_told_apart() -> None:
    metrics = (node_metrics(Doc=CollectionMetrics(lsm_bytes=1)),)
    found = row(Known(definitions=(DOC,), metrics=metrics, live_nodes=3))
    assert (found.metrics_nodes, found.live_nodes) == (1, 3)
    assert found.metrics_partial


def test_the_metrics_of_a_dead_node_are_missed_too() -> None:
    metrics = (node_metrics(Doc=CollectionMetrics(lsm_bytes=1)), node_metrics())
    known = Known(definitions=(DOC,), metrics=metrics, live_nodes=2, expected_nodes=3)
    assert row(known).metrics_partial
    assert not row(msgspec.structs.replace(known, expected_nodes=2)).metrics_partial
    assert not row(msgspec.structs.replace(known, expected_nodes=0)).metrics_partial
    assert not row(msgspec.structs.replace(known, metrics=())).metrics_partial


def test_sizes_right_after_a_restart_are_lower_bounds() -> None:
    told = CollectionMetrics(lsm_bytes=100, lsm_shards=1, shards=12)
    assert row(Known(definitions=(DOC,), metrics=(node_metrics(Doc=told),))).lsm_partial
    whole = CollectionMetrics(lsm_bytes=100, lsm_shards=12, shards=12)
    assert not row(Known(definitions=(DOC,), metrics=(node_metrics(Doc=whole),))).lsm_partial


def test_a_tombstone_ratio_never_passes_one() -> None:
    metrics = node_metrics(Doc=CollectionMetrics(tombstones=8000, vector_slots=7000))
    assert row(Known(definitions=(DOC,), metrics=(metrics,))).tombstone_ratio == 1.0


@pytest.mark.parametrize(
    ("metrics", "why", "words"),
    [
        ((), {}, "PROMETHEUS_MONITORING_ENABLED"),
        ((), {"metrics": "no connection"}, "no connection"),
        ((node_metrics(grouped=True),), {}, "PROMETHEUS_MONITORING_GROUP"),
        ((node_metrics(),), {}, "do not mention"),
    ],
)
def test_each_reason_for_missing_metrics_is_named(
    metrics: tuple[NodeMetrics, ...], why: dict[str, str], words: str
) -> None:
    found = row(Known(definitions=(DOC,), report=FULL, metrics=metrics, why=why))
    assert words in found.not_exposed["lsm_bytes"]


def test_rates_need_two_readings_and_latency_needs_queries() -> None:
    metrics = (node_metrics(Doc=CollectionMetrics(query_count=5)),)
    found = row(Known(definitions=(DOC,), metrics=metrics))
    assert "two readings" in found.not_exposed["queries_per_s"]
    traffic = {"Doc": CollectionTraffic(queries_per_s=0.0, imports_per_s=3.0)}
    found = row(Known(definitions=(DOC,), metrics=metrics, traffic=traffic, two_readings=True))
    assert (found.queries_per_s, found.imports_per_s) == (0.0, 3.0)
    assert found.not_exposed["query_ms_p95"] == "no query since the last reading"


def test_latencies_come_with_whether_they_are_only_a_bound() -> None:
    traffic = {
        "Doc": CollectionTraffic(
            p50=QuantileEstimate(ms=10, below=True, above=False),
            p95=QuantileEstimate(ms=42, below=False, above=False),
        )
    }
    found = row(Known(definitions=(DOC,), traffic=traffic, two_readings=True))
    assert (found.query_ms_p50, found.query_ms_p95, found.query_ms_p95_below) == (10, 42, False)
    assert found.query_ms_p50_below


def test_growth_is_shown_and_projected_only_after_half_an_hour() -> None:
    found = row(Known(definitions=(DOC,), report=FULL, growth={"Doc": Growth(2.0, 300.0)}))
    assert found.objects_per_s == 2.0
    assert found.growth_pct_per_day is None
    found = row(Known(definitions=(DOC,), report=FULL, growth={"Doc": Growth(5.0, 300.0, 2.0)}))
    assert found.growth_pct_per_day == pytest.approx(100 * 2 * 86400 / 60)


def test_without_a_schema_the_collections_on_the_nodes_count() -> None:
    assert [found.collection for found in collection_rows(Known(report=FULL))] == ["Doc"]
    assert collection_rows(Known()) == ()


def test_every_field_that_is_none_has_its_reason() -> None:
    always_filled = {"vector_index", "compression", "replication_factor"}
    for known in (
        Known(definitions=(DOC, TENANTED)),
        Known(definitions=(DOC, TENANTED), report=FULL),
        Known(definitions=(DOC,), report=FULL, metrics=(node_metrics(Doc=CollectionMetrics()),)),
    ):
        for found in collection_rows(known):
            fields: dict[str, Any] = {name: getattr(found, name) for name in SOURCES}
            silent = [
                name
                for name, value in fields.items()
                if value is None and name not in found.not_exposed and name not in always_filled
            ]
            assert silent == [], (found.collection, silent)
