"""``stats``: the numbers, where they come from, and what is not known."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from elysiadash.demo import Fault
from tests.unit.cli.clusters import InThread
from tests.unit.cli.running import Cli, valid_document


def by_name(document: Any) -> dict[str, Any]:
    return {item["collection"]: item for item in document["items"]}


def test_every_collection_with_its_sources(cli: Cli, healthy: InThread) -> None:
    document = cli.document("stats", "--json", *healthy.flags())
    assert document["kind"] == "stats"
    assert document["version"] == 1
    assert document["at"].endswith("Z")
    assert document["problems"] == []
    cluster = document["cluster"]
    assert (cluster["nodes_live"], cluster["nodes_expected"]) == (3, 3)
    assert cluster["leader"] == "node-0"
    assert cluster["version"] == "1.39.0"
    assert cluster["demo"] is False
    items = by_name(document)
    assert len(items) == 12
    chunks = items["Chunks"]
    assert chunks["objects"] >= 8_640_000
    assert chunks["objects_are"] == "approximate"
    assert (chunks["shards_answered"], chunks["shards"], chunks["replicas"]) == (12, 12, 36)
    assert chunks["replication_factor"] == 3
    assert chunks["health"] == "ok"
    assert chunks["lsm_bytes"] > 0
    assert "verbose" in chunks["sources"]["objects"]["from"]
    assert 0 <= chunks["sources"]["objects"]["age_s"] < 60
    assert items["Customers"]["tenants"] == 2000
    assert items["Customers"]["multi_tenant"] is True


def test_what_is_not_known_is_null_with_its_reason(cli: Cli, healthy: InThread) -> None:
    for item in cli.document("stats", "--json", *healthy.flags())["items"]:
        for name in ("queries_per_s", "objects_per_s", "query_ms_p95"):
            assert item[name] is None
            assert item["not_exposed"][name]
            assert name not in item["sources"]


def test_basic_reads_no_metrics_and_says_so(cli: Cli, healthy: InThread) -> None:
    before = healthy.calls("GET /metrics")
    document = cli.document("stats", "--json", "--metrics", "basic", *healthy.flags())
    assert healthy.calls("GET /metrics") == before
    item = by_name(document)["Chunks"]
    assert item["objects"] is not None
    assert item["lsm_bytes"] is None
    assert item["not_exposed"]["lsm_bytes"] == "not asked for: --metrics basic"


def test_two_readings_give_rates(cli: Cli, healthy: InThread) -> None:
    document = cli.document("stats", "--json", "--rates", "1", *healthy.flags())
    chunks = by_name(document)["Chunks"]
    assert chunks["queries_per_s"] > 0
    assert chunks["imports_per_s"] > 0
    assert 0 < chunks["query_ms_p50"] <= chunks["query_ms_p95"]
    assert "queries_durations_ms" in chunks["sources"]["queries_per_s"]["from"]


def test_one_collection_by_its_name_in_either_case_or_an_alias(cli: Cli, healthy: InThread) -> None:
    for name in ("Products", "products", "Catalog"):
        document = cli.document("stats", name, "--json", *healthy.flags())
        assert [item["collection"] for item in document["items"]] == ["Products"]


def test_an_unknown_collection_names_the_nearest(cli: Cli, healthy: InThread) -> None:
    ran = cli("stats", "Prodcuts", *healthy.flags())
    assert ran.code == 1
    assert ran.out == ""
    assert "no collection 'Prodcuts'" in ran.err
    assert "did you mean Products?" in ran.err


def test_col_stats_is_the_same_command(cli: Cli, healthy: InThread) -> None:
    document = cli.document("col", "stats", "Products", "--json", *healthy.flags())
    assert document["kind"] == "stats"


def test_sorted_and_filtered(cli: Cli, healthy: InThread) -> None:
    document = cli.document(
        "stats",
        "--json",
        "--sort=-objects",
        "--filter=objects:>1000000",
        "--filter=!^C",
        *healthy.flags(),
    )
    names = [item["collection"] for item in document["items"]]
    assert names == ["Events", "Reviews", "Documents", "Translations"]


def test_a_wrong_field_or_expression_is_wrong_usage(cli: Cli, healthy: InThread) -> None:
    ran = cli("stats", "--sort", "objcts", *healthy.flags())
    assert ran.code == 64
    assert "did you mean objects?" in ran.err
    assert cli("stats", "--filter", "(", *healthy.flags()).code == 64
    assert cli("stats", "--interval", "5", *healthy.flags()).code == 64
    assert cli("stats", "--watch", "--exact", *healthy.flags()).code == 64


def test_a_table_of_full_width_for_pipes(cli: Cli, healthy: InThread) -> None:
    ran = cli("stats", *healthy.flags())
    assert ran.code == 0
    title, header, *rows = ran.out.splitlines()
    assert "nodes 3/3" in title
    assert header.split()[:2] == ["COLLECTION", "OBJECTS"]
    assert len(rows) == 12
    assert any(row.split()[1].startswith("~") for row in rows)
    assert "\x1b" not in ran.out
    assert "needs two readings of the metrics" in ran.err


def test_csv_has_the_fields_of_the_document(cli: Cli, healthy: InThread) -> None:
    ran = cli("stats", "--format", "csv", *healthy.flags())
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert len(rows) == 12
    chunks = next(row for row in rows if row["collection"] == "Chunks")
    assert int(chunks["objects"]) >= 8_640_000
    assert chunks["queries_per_s"] == ""
    assert chunks["multi_tenant"] == "false"
    assert chunks["at"].endswith("Z")
    customers = next(row for row in rows if row["collection"] == "Customers")
    assert "COLD=" in customers["tenants_by_state"]


def counting_requests(cluster: InThread) -> int:
    asked = cluster.cluster.model.calls.items()
    return sum(n for (_, route), n in asked if "grpc-web" in route or "graphql" in route)


def test_exact_counts_where_all_nodes_live(cli: Cli, healthy: InThread) -> None:
    before = counting_requests(healthy)
    document = cli.document("stats", "Products", "--exact", "--json", *healthy.flags())
    (item,) = document["items"]
    assert item["objects_are"] == "exact"
    assert "Aggregate" in item["sources"]["objects"]["from"]
    assert counting_requests(healthy) == before + 1


def test_no_exact_count_of_tenants_and_it_says_why(cli: Cli, healthy: InThread) -> None:
    ran = cli("stats", "Customers", "--exact", "--json", *healthy.flags())
    (item,) = valid_document(ran.out)["items"]
    assert item["objects_are"] == "partial"
    assert "no exact count of Customers" in ran.err


def test_no_exact_count_while_a_member_is_away(cli: Cli, troubled: InThread) -> None:
    ran = cli("stats", "Events", "--exact", "--json", *troubled.flags())
    (item,) = valid_document(ran.out)["items"]
    assert item["objects_are"] == "partial"
    assert "node-2 does not take part" in ran.err
    assert counting_requests(troubled) == 0


def test_a_dead_node_is_told_in_the_rows(cli: Cli, troubled: InThread) -> None:
    document = cli.document("stats", "--json", *troubled.flags())
    items = by_name(document)
    assert items["Events"]["objects_are"] == "partial"
    assert (items["Events"]["shards_answered"], items["Events"]["shards"]) == (2, 3)
    assert items["Events"]["missing_nodes"] == ["node-2"]
    assert items["Events"]["health"] == "critical"
    assert items["Products"]["health"] == "critical"
    assert items["Glossary"]["health"] == "warning"
    assert document["cluster"]["nodes_live"] == 2
    assert {p["question"] for p in document["problems"]} == {"ready", "metrics"}


def test_shards_that_may_not_be_seen_leave_health_unknown(cli: Cli, healthy: InThread) -> None:
    with healthy.fault(Fault(kind="status", route="GET /v1/nodes", status=500)):
        document = cli.document("stats", "--json", *healthy.flags(metrics=False))
    items = by_name(document)
    assert items["Chunks"]["objects"] is None
    assert items["Chunks"]["objects_are"] == "unknown"
    assert items["Chunks"]["not_exposed"]["objects"]
    assert items["Chunks"]["health"] == "unknown"
    assert items["Chunks"]["shards"] == 12


@pytest.mark.usefixtures("impatient")
def test_a_hung_peer_does_not_hold_the_command(cli: Cli, healthy: InThread) -> None:
    with healthy.fault(Fault(kind="node_hung", node="node-2")):
        ran = cli("stats", "--json", "--metrics", "basic", *healthy.flags())
    document = valid_document(ran.out)
    assert ran.code == 0
    assert {item["shards"] for item in document["items"]} >= {12, 1}
    assert document["problems"]
    assert "node" in ran.err


def test_watching_prints_a_document_a_line(cli: Cli, healthy: InThread) -> None:
    ran = cli("stats", "--watch", "--count", "2", "--interval", "1", "--json", *healthy.flags())
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert len(lines) == 2
    first, second = (valid_document(line) for line in lines)
    assert first["at"] < second["at"]
    assert len(second["items"]) == 12


def test_watching_as_csv_has_one_header(cli: Cli, healthy: InThread) -> None:
    ran = cli(
        "stats",
        "Chunks",
        "--watch",
        "--count=2",
        "--interval=1",
        "--format=csv",
        "--metrics=basic",
        *healthy.flags(),
    )
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert [row["collection"] for row in rows] == ["Chunks", "Chunks"]
    assert rows[0]["at"] < rows[1]["at"]


def test_watching_goes_on_without_a_server(cli: Cli) -> None:
    ran = cli("stats", "--watch", "--count=2", "--interval=1", "--json", "--url=http://127.0.0.1:9")
    assert ran.code == 0
    documents = [valid_document(line) for line in ran.out.splitlines()]
    assert [document["items"] for document in documents] == [[], []]
    assert documents[1]["problems"]
    assert ran.err.count("no answer to") >= 1
    assert documents[0]["cluster"]["nodes_live"] is None


def test_a_dead_nodes_share_is_missed_in_rates_and_sizes(cli: Cli, healthy: InThread) -> None:
    whole = by_name(cli.document("stats", "--json", *healthy.flags()))["Chunks"]
    assert whole["metrics_partial"] is False
    with healthy.fault(Fault(kind="node_down", node="node-2")):
        lacking = by_name(cli.document("stats", "--json", *healthy.flags()))["Chunks"]
        lines = cli("stats", "Chunks", *healthy.flags()).out.splitlines()
    assert lacking["lsm_bytes"] < whole["lsm_bytes"]
    assert lacking["metrics_partial"] is True
    assert any(">=" in line.split("Chunks")[1] for line in lines if "Chunks" in line)
