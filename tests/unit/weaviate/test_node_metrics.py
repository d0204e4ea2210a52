"""What is kept of a node's metrics, against hand-made answers and recorded ones."""

from __future__ import annotations

import math
import re
from pathlib import Path

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from elysiadash.weaviate.node_metrics import (
    WANTED,
    CollectionMetrics,
    NodeMetrics,
    NodeMetricsReader,
)

DATA = Path(__file__).parent / "data"
RECORDINGS = Path(__file__).parents[4] / "shared" / "recordings" / "1.39.0"
EVERYTHING = 1 << 30


def read(body: bytes, limit: int = EVERYTHING, chunk: int = 4096) -> NodeMetrics:
    reader = NodeMetricsReader(limit)
    for at in range(0, len(body), chunk):
        if not reader.feed(body[at : at + chunk]):
            break
    return reader.close()


def committed(name: str) -> bytes:
    return (DATA / f"{name}.prom").read_bytes()


def test_a_collection_over_its_shards() -> None:
    article = read(committed("node")).per_collection["Article"]
    assert article == CollectionMetrics(
        query_buckets=(
            (10.0, 30.0),
            (50.0, 36.0),
            (100.0, 40.0),
            (500.0, 42.0),
            (1000.0, 42.0),
            (5000.0, 42.0),
            (10000.0, 42.0),
            (60000.0, 42.0),
            (300000.0, 42.0),
            (math.inf, 42.0),
        ),
        query_count=42.0,
        query_sum_ms=651.0,
        imports=4000.0,
        vector_ops=4700.0,
        queue_size=11.0,
        segments_min=3.0,
        segments_max=7.0,
        segments_total=90.0,
        segments_unloaded=0.0,
        lsm_shards=2.0,
        lsm_bytes=5002120.0,
        tombstones=700.0,
        tombstones_cleaned=11.0,
        vector_slots=6000.0,
        dimensions=None,
        object_count=3300.0,
        shards=2.0,
    )


def test_what_a_collection_does_not_tell_is_none_and_a_told_zero_is_zero() -> None:
    collections = read(committed("node")).per_collection
    customer = collections["Customer"]
    assert (customer.vector_slots, customer.tombstones, customer.dimensions) == (None, None, None)
    assert (customer.segments_min, customer.segments_max) == (0.0, 1.0)
    assert (customer.queue_size, customer.segments_unloaded) == (0.0, 1.0)
    assert collections["Dropped"] == CollectionMetrics(imports=12.0)
    assert collections.keys() == {"Article", "Customer", "Dropped"}


def test_the_node_itself() -> None:
    node = read(committed("node"))
    assert (node.node_id, node.version, node.grouped) == ("node-0", "1.39.0", False)
    assert node.process_start_time == 1.79548669358e9
    assert (node.cpu_seconds, node.open_fds, node.goroutines) == (7.87, 42.0, 104.0)
    assert (node.resident_bytes, node.heap_bytes) == (168255488.0, 75849728.0)
    assert (node.shards_loaded, node.shards_loading, node.shards_unloaded) == (4.0, 0.0, 3.0)
    assert node.index_shards_by_status == {"LOADING": 0.0, "READONLY": 1.0, "READY": 3.0}
    assert node.schema_shards_by_status == {"": 5.0, "COLD": 3.0, "HOT": 2.0}
    assert (node.raft_applied_index, node.raft_candidate_count) == (23.0, 2.0)
    # The committed text was cut to what was wanted before memory limits were.
    absent = {"vector_dimensions_sum", "lsm_objects_bucket_segment_count", "go_gc_gomemlimit_bytes"}
    assert node.families == WANTED - absent
    assert (node.truncated, node.incomplete, node.bad_lines) == (False, False, 0)


def test_with_critical_buckets_only_bytes_are_unknown_and_segments_are_not() -> None:
    article = read(committed("critical-buckets-only")).per_collection["Article"]
    assert (article.segments_min, article.segments_max, article.lsm_shards) == (3.0, 7.0, 2.0)
    assert (article.segments_total, article.lsm_bytes) == (None, None)


def test_grouped_there_are_no_collections_but_the_node_in_all() -> None:
    node = read(committed("grouped"))
    assert node.grouped is True
    assert node.per_collection == {}
    assert node.node_total is not None
    assert (node.node_total.query_count, node.node_total.imports) == (60.0, 7500.0)
    assert (node.node_total.dimensions, node.node_total.object_count) == (464000.0, 6750.0)
    # The last collection's number, not the node's.
    wrong = node.node_total
    assert (wrong.queue_size, wrong.vector_slots, wrong.tombstones) == (None, None, None)
    assert node.node_id == "node-1"


def test_before_the_first_collection_nobody_knows_whether_it_is_grouped() -> None:
    node = read(b"# TYPE go_goroutines gauge\ngo_goroutines 100\n")
    assert (node.grouped, node.per_collection, node.node_total) == (None, {}, None)
    assert node.goroutines == 100.0
    assert node.process_start_time is None
    assert node.schema_shards_by_status is None


@pytest.mark.parametrize("family", ["queries_durations_ms", "lsm_segment_size", "object_count"])
def test_a_family_cut_by_the_limit_is_unknown_and_so_is_what_follows(family: str) -> None:
    body = committed("node")
    whole = read(body).per_collection["Article"]
    inside = body.rindex(b"\n" + family.encode())
    cut = read(body, limit=inside + 20)
    assert (cut.truncated, cut.incomplete, family in cut.families) == (True, True, False)
    article = msgspec.structs.asdict(cut.per_collection["Article"])
    unknown = {
        "queries_durations_ms": ("query_buckets", "query_count", "query_sum_ms", "queue_size"),
        "lsm_segment_size": ("lsm_bytes", "segments_unloaded", "object_count", "query_count"),
        "object_count": ("object_count", "shards", "queue_size", "query_buckets"),
    }[family]
    assert all(article[field] in (None, ()) for field in unknown)
    assert article["query_count"] is None
    assert article["imports"] == whole.imports


def test_an_address_that_serves_something_else_has_no_families() -> None:
    node = read(b"<html><body>\nIt works!\n</body></html>\n")
    assert (node.families, node.per_collection, node.grouped) == (frozenset(), {}, None)
    assert node.bad_lines == 3


def test_bounds_in_any_order_and_spelling_make_ascending_buckets() -> None:
    name = "queries_durations_ms"
    lines = [
        f'{name}_bucket{{class_name="Doc",query_type="get_graphql",le="{le}"}} {count}'
        for le, count in (("+Inf", 9), ("10", 4), ("1e1", 1), ("5", 2), ("much", 3))
    ]
    body = f"# TYPE {name} histogram\n" + "\n".join(lines) + "\n"
    assert read(body.encode()).per_collection["Doc"].query_buckets == (
        (5.0, 2.0),
        (10.0, 5.0),
        (math.inf, 9.0),
    )


def test_several_query_types_add_up() -> None:
    name = "queries_durations_ms"
    lines = [
        f'{name}_{end}class_name="Doc",query_type="{kind}"{rest}'
        for kind, count in (("get_graphql", 2), ("other", 3))
        for end, rest in (
            ("bucket{", f',le="10"}} {count}'),
            ("bucket{", f',le="+Inf"}} {count + 1}'),
            ("sum{", f"}} {count * 10}"),
            ("count{", f"}} {count + 1}"),
        )
    ]
    body = f"# TYPE {name} histogram\n" + "\n".join(lines) + "\n"
    doc = read(body.encode()).per_collection["Doc"]
    assert doc.query_buckets == ((10.0, 5.0), (math.inf, 7.0))
    assert (doc.query_count, doc.query_sum_ms) == (7.0, 50.0)


@pytest.mark.parametrize("name", ["metrics-node0.txt", "metrics-node0-15s-later.txt"])
def test_recorded_collections_are_the_oracles_samples_added_up(name: str) -> None:
    if not (RECORDINGS / name).exists():
        pytest.skip(f"no recorded {name} beside this repository")
    body = (RECORDINGS / name).read_bytes()
    text = re.sub(r" counter$", " gauge", body.decode(), flags=re.MULTILINE)
    samples = [s for family in text_string_to_metric_families(text) for s in family.samples]

    def told(family: str, collection: str, ends: str = "") -> list[float]:
        return [
            float(sample.value)
            for sample in samples
            if sample.name == family
            and sample.labels["class_name"] == collection
            and sample.labels.get("path", "").endswith(ends)
        ]

    node = read(body)
    names = {s.labels["class_name"] for s in samples if s.name == "object_count"}
    assert node.per_collection.keys() == names
    for collection, metrics in node.per_collection.items():
        assert metrics.query_count == sum(told("queries_durations_ms_count", collection))
        assert metrics.query_sum_ms == sum(told("queries_durations_ms_sum", collection))
        buckets = told("queries_durations_ms_bucket", collection)
        assert [count for _, count in metrics.query_buckets] == buckets
        assert metrics.imports == sum(told("batch_objects_processed_total", collection))
        assert metrics.vector_ops == sum(told("vector_index_operations", collection))
        assert metrics.lsm_bytes == sum(told("lsm_segment_size", collection))
        assert metrics.segments_total == sum(told("lsm_active_segments", collection))
        objects = told("lsm_active_segments", collection, "/lsm/objects")
        assert (metrics.segments_min, metrics.segments_max) == (min(objects), max(objects))
        assert metrics.vector_slots == sum(told("vector_index_size", collection))
        assert metrics.tombstones == sum(told("vector_index_tombstones", collection))
        assert metrics.object_count == sum(told("object_count", collection))


def test_a_recorded_grouped_node() -> None:
    path = RECORDINGS / "metrics-grouped.txt"
    if not path.exists():
        pytest.skip(f"no recorded {path.name} beside this repository")
    node = read(path.read_bytes())
    assert (node.grouped, node.per_collection) == (True, {})
    assert node.node_total is not None
    assert node.node_total.query_count == 6.0


@pytest.mark.parametrize("version", ["1.30.23", "1.33.18", "1.38.11", "1.39.0"])
def test_every_family_kept_exists_in_the_versions_that_tell_it(version: str) -> None:
    """Guards against a misspelt name; what a version or an idle node lacks is listed here."""
    folder = RECORDINGS.parent / version
    names, lacking = folder / "metric-names.txt", {"vector_dimensions_sum"}
    lacking |= {"lsm_objects_bucket_segment_count", "queries_durations_ms", "lsm_segment_size"}
    if version == "1.39.0":
        names = folder / "metrics-grouped.txt"
        lacking = {family for family in WANTED if family.startswith("lsm_")} | lacking
    elif version != "1.38.11":
        lacking |= {"lsm_active_segments", "lsm_segment_unloaded"}
    if not names.exists():
        pytest.skip(f"no recorded {names.name} of {version} beside this repository")
    told = set(
        re.findall(r"^(?:# TYPE )?(\w+) (?:gauge|counter|histogram)", names.read_text(), re.M)
    )
    assert WANTED - told <= lacking
