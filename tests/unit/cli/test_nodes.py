"""``nodes`` and ``collections``."""

from __future__ import annotations

import csv
import io
import time
from typing import Any

import pytest

from elysiadash.demo import Fault
from tests.unit.cli.clusters import InThread
from tests.unit.cli.fake_servers import login_page, put_in_place
from tests.unit.cli.running import Cli, valid_document


def by_name(document: Any) -> dict[str, Any]:
    return {item["node"]: item for item in document["items"]}


def test_every_node_with_its_state(cli: Cli, healthy: InThread) -> None:
    document = cli.document("nodes", "--json", *healthy.flags())
    nodes = by_name(document)
    assert sorted(nodes) == ["node-0", "node-1", "node-2"]
    first = nodes["node-0"]
    assert (first["status"], first["leader"], first["raft_state"]) == ("healthy", True, "Leader")
    assert first["expected"] is True
    assert first["version"] == "1.39.0"
    assert first["objects"] > 0
    assert first["seen_at"].endswith("Z")
    assert "raft.state" in first["sources"]["raft_state"]["from"]
    for name in ("batch_queue", "version", "shards"):
        assert (first[name] is None) == (name in first["not_exposed"])


def test_a_dead_node_is_named_without_its_address(cli: Cli, troubled: InThread) -> None:
    document = cli.document("nodes", "--json", *troubled.flags(nodes=False, metrics=False))
    node = by_name(document)["node-2"]
    assert (node["status"], node["expected"]) == ("missing", True)
    assert node["shards"] is None
    assert node["not_exposed"]["shards"] == "the node is missing"
    assert document["cluster"]["nodes_expected"] == 3


@pytest.mark.usefixtures("impatient")
def test_a_hung_node_is_named_by_its_own_address(cli: Cli, healthy: InThread) -> None:
    with healthy.fault(Fault(kind="node_hung", node="node-1")):
        started = time.monotonic()
        ran = cli("nodes", "--json", *healthy.flags())
        seconds = time.monotonic() - started
    document = valid_document(ran.out)
    assert by_name(document)["node-1"]["status"] == "hung"
    assert by_name(document)["node-0"]["status"] == "healthy"
    assert seconds < 30, "the hung peer was waited for"


@pytest.mark.usefixtures("impatient")
def test_the_contacted_node_being_hung_does_not_blind_us(cli: Cli, healthy: InThread) -> None:
    flags = healthy.flags()
    cli("nodes", *flags)
    with healthy.fault(Fault(kind="node_hung", node="node-0")):
        ran = cli("nodes", "--json", *flags)
    nodes = by_name(valid_document(ran.out))
    assert nodes["node-0"]["status"] == "hung"
    assert nodes["node-1"]["status"] == "healthy"


def test_without_any_server_the_cause_is_told(cli: Cli) -> None:
    ran = cli("nodes", "--json", "--url", "http://127.0.0.1:9")
    assert ran.code == 1
    assert ran.out == ""
    assert "Connection refused" in ran.err
    assert "127.0.0.1:9" in ran.err
    assert len(ran.err.splitlines()) <= 3


def test_a_login_page_is_no_list_of_nodes(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    put_in_place(monkeypatch, login_page)
    assert cli("nodes", "--url=http://wv.test:8080").code == 1


def test_remembered_nodes_are_shown_when_nobody_answers(cli: Cli, healthy: InThread) -> None:
    flags = healthy.flags(nodes=False, metrics=False)
    assert cli("nodes", *flags).code == 0
    with healthy.fault(Fault(kind="node_down", node="*", start=-60)):
        ran = cli("nodes", "--json", *flags)
    assert ran.code == 1
    nodes = by_name(valid_document(ran.out))
    assert sorted(nodes) == ["node-0", "node-1", "node-2"]
    assert {node["status"] for node in nodes.values()} == {"unknown"}


def test_tables_and_csv(cli: Cli, healthy: InThread) -> None:
    ran = cli("nodes", *healthy.flags())
    assert ran.out.splitlines()[1].split()[:2] == ["NODE", "STATUS"]
    ran = cli("nodes", "--format", "csv", *healthy.flags())
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert [row["node"] for row in rows] == ["node-0", "node-1", "node-2"]


def test_collections_with_their_make(cli: Cli, healthy: InThread) -> None:
    document = cli.document("collections", "--json", *healthy.flags(metrics=False))
    items = {item["collection"]: item for item in document["items"]}
    assert items["Products"]["aliases"] == ["Catalog"]
    assert items["Products"]["compression"] == "pq"
    assert items["Customers"]["tenants"] == sum(items["Customers"]["tenants_by_state"].values())
    assert items["Events"]["vector_index"] == "flat"
    assert items["Chunks"]["shards"] == 12
    assert "not a multi-tenant" in items["Chunks"]["not_exposed"]["tenants"]
    assert "GET /v1/aliases" in items["Products"]["sources"]["aliases"]["from"]


def test_col_list_as_table_and_csv(cli: Cli, healthy: InThread) -> None:
    flags = healthy.flags(metrics=False)
    ran = cli("col", "list", "--filter", "^prod", *flags)
    assert [line.split()[0] for line in ran.out.splitlines()[1:]] == ["COLLECTION", "Products"]
    ran = cli("collections", "--format", "csv", "--sort=-shards", *flags)
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert [row["collection"] for row in rows[:2]] == ["Customers", "Chunks"]


def test_an_empty_cluster_has_no_collections(cli: Cli, healthy: InThread) -> None:
    with healthy.fault(Fault(kind="empty")):
        ran = cli("collections", *healthy.flags())
    assert ran.code == 0
    assert ran.out.splitlines()[1] == "no collections"
