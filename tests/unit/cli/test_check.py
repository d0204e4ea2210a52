"""``check``: one line, performance data, an exit code; whatever the weather."""

from __future__ import annotations

import re
import time
from pathlib import Path

import httpx
import pytest

from elysiadash.cli import check_command
from elysiadash.demo import Fault
from tests.unit.cli.clusters import InThread
from tests.unit.cli.fake_servers import login_page, overloaded, put_in_place, refused, wrong_key
from tests.unit.cli.running import Cli

URL = "--url=http://wv.test:8080"
_PERFORMANCE = re.compile(
    r"[a-z0-9_]+=(U|-?[0-9.]+s?)(;[0-9.:]*){0,4}( [a-z0-9_]+=(U|-?[0-9.]+s?)(;[0-9.:]*){0,4})*"
)


def test_a_healthy_cluster_is_ok_with_performance_data(cli: Cli, healthy: InThread) -> None:
    ran = cli("check", *healthy.flags())
    assert ran.code == 0
    (line,) = ran.out.splitlines()
    words, _, data = line.partition(" | ")
    assert words.startswith("ELYSIADASH OK - ")
    assert "3 of 3 nodes live, leader node-0, 12 collections" in words
    assert _PERFORMANCE.fullmatch(data), data
    assert "nodes_live=3;;3:;0;3" in data
    assert "shards_readonly=0;;0;0" in data
    assert "vector_queue=0" in data
    assert "own_requests=" in data
    assert "own_p95=" in data


def test_trouble_is_critical_with_the_details_below(cli: Cli, troubled: InThread) -> None:
    ran = cli("check", *troubled.flags())
    assert ran.code == 2
    first, *details = ran.out.splitlines()
    assert first.startswith("ELYSIADASH CRITICAL - ")
    assert "AVL-101 node-2 is missing" in first
    assert first.count("|") == 1
    assert "nodes_live=2;;3:;0;3" in first
    text = "\n".join(details)
    assert "RES-501 Products" in text
    assert "Events: 1 of 3 shards have no live replica" in text
    assert "PRF-404 Chunks" in text
    assert "REP-201 and " in text
    assert "|" not in text


def test_the_document_holds_every_finding(cli: Cli, troubled: InThread) -> None:
    document = cli.document("check", "--json", *troubled.flags(), code=2)
    assert (document["kind"], document["status"], document["exit_code"]) == ("check", "CRITICAL", 2)
    codes = {item["code"] for item in document["items"]}
    assert {"AVL-101", "RES-501", "REP-201", "PRF-404"} <= codes
    dark = next(i for i in document["items"] if i["collection"] == "Events")
    assert (dark["node"], dark["severity"], dark["fix"]) == ("node-2", "critical", None)
    assert dark["evidence"][0]["source"]
    assert document["performance"]["nodes_live"]["value"] == 2
    assert document["cluster"]["nodes_expected"] == 3


def test_warn_only_never_says_critical(cli: Cli, troubled: InThread) -> None:
    ran = cli("check", "--warn-only", *troubled.flags())
    assert ran.code == 1
    assert ran.out.startswith("ELYSIADASH WARNING - ")


def test_advice_is_off_unless_asked_for(cli: Cli, healthy: InThread) -> None:
    assert cli("check", *healthy.flags()).code == 0
    document = cli.document("check", "--advice", "--json", *healthy.flags(), code=2)
    assert {item["code"] for item in document["items"]} == {"AVL-106", "REP-202"}


def test_tombstones_need_the_metrics(cli: Cli, troubled: InThread) -> None:
    flags = troubled.flags()
    without = cli.document("check", "--json", *flags, code=2)
    assert not [i for i in without["items"] if i["code"] == "PRF-406"]
    with_metrics = cli.document("check", "--json", "--metrics", *flags, code=2)
    found = [i for i in with_metrics["items"] if i["code"] == "PRF-406"]
    assert {i["collection"] for i in found if i["severity"] != "unknown"} == {"Reviews"}


def test_without_shards_less_is_asked_and_said(cli: Cli, troubled: InThread) -> None:
    document = cli.document("check", "--no-shards", "--json", *troubled.flags(), code=2)
    assert {item["code"] for item in document["items"]} == {"AVL-101"}
    assert "shards_readonly" not in document["performance"]


@pytest.mark.usefixtures("impatient")
def test_a_hung_node_is_named_within_the_limit(cli: Cli, healthy: InThread) -> None:
    with healthy.fault(Fault(kind="node_hung", node="node-1")):
        started = time.monotonic()
        ran = cli("check", *healthy.flags())
        seconds = time.monotonic() - started
    assert ran.code == 2
    assert "node-1 is hung" in ran.out.splitlines()[0]
    assert seconds < 15


def test_no_quorum_is_critical(cli: Cli, healthy: InThread) -> None:
    with healthy.fault(Fault(kind="no_quorum")):
        ran = cli("check", *healthy.flags())
    assert ran.code == 2
    assert "AVL-103" in ran.out


def test_a_cluster_that_cannot_be_reached_is_critical_with_the_cause(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_place(monkeypatch, refused)
    ran = cli("check", URL)
    assert ran.code == 2
    first = ran.out.splitlines()[0]
    assert "the cluster does not answer at http://wv.test:8080" in first
    assert "Connection refused" in first
    assert "nodes_live=U" in first
    assert "objects=U" in first


def test_a_proxy_that_fails_is_critical(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    put_in_place(monkeypatch, overloaded)
    ran = cli("check", URL)
    assert ran.code == 2
    assert "a proxy answered 503" in ran.out.splitlines()[0]


def test_a_wrong_key_is_unknown(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("not-the-key-7431\n")
    put_in_place(monkeypatch, wrong_key)
    ran = cli("check", URL, f"--auth=file:{key}")
    assert ran.code == 3
    assert "did not accept who we are" in ran.out
    assert "not-the-key-7431" not in ran.out + ran.err


def test_a_login_page_is_unknown(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    put_in_place(monkeypatch, login_page)
    ran = cli("check", URL)
    assert ran.code == 3
    assert "an HTML page instead of an answer" in ran.out


def test_a_missing_key_is_unknown(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    put_in_place(monkeypatch, wrong_key)
    ran = cli("check", URL, "--auth=env:NO_SUCH_VARIABLE_HERE")
    assert ran.code == 3
    assert "NO_SUCH_VARIABLE_HERE" in ran.out


@pytest.mark.parametrize(
    ("settings", "flags", "words"),
    [
        ("profiles = 3\n", ["--profile=prod"], "there is no profile 'prod'"),
        ("[profiles.prod]\nurl = 'http://wv.test'\n", ["--profile=prd"], "did you mean prod?"),
        ("[profiles.prod]\nurl = 'wv.test'\n", ["--profile=prod"], "http://"),
        ("= broken", [], "no valid TOML"),
    ],
)
def test_settings_that_name_no_cluster_are_unknown(
    cli: Cli, config_file: Path, settings: str, flags: list[str], words: str
) -> None:
    config_file.write_text(settings)
    ran = cli("check", *flags)
    assert ran.code == 3
    assert ran.out.startswith("ELYSIADASH UNKNOWN - ")
    assert words in ran.out
    assert len(ran.out.splitlines()) == 1


def test_wrong_usage_is_unknown_not_64(cli: Cli) -> None:
    for words in (["--bogus"], ["--timeout", "soon"], ["--timeout", "0"], ["surplus"]):
        ran = cli("check", *words)
        assert ran.code == 3, words
        assert ran.out.startswith("ELYSIADASH UNKNOWN")


def test_nothing_named_and_nothing_at_localhost_is_unknown(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_place(monkeypatch, refused)
    ran = cli("check")
    assert ran.code == 3
    assert "no cluster is named" in ran.out


def test_the_time_limit_holds_whatever_happens(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: object) -> None:
        import asyncio

        await asyncio.sleep(60)

    monkeypatch.setattr(check_command, "ask", never)
    ran = cli("check", URL, "--timeout=1")
    assert ran.code == 3
    assert "no verdict" in ran.out


def test_a_fault_of_ours_is_unknown_not_a_warning(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a | b")

    monkeypatch.setattr(check_command, "find", broken)
    put_in_place(monkeypatch, refused)
    ran = cli("check", URL)
    assert ran.code == 3
    assert "our own fault: ZeroDivisionError: a / b" in ran.out


def test_tenants_without_a_live_replica_are_counted_while_a_node_is_away(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = [{"id": f"node-{n}", "address": "", "suffrage": 0} for n in range(3)]
    replica = {"class": "Customer", "name": "a", "loaded": True, "numberOfReplicas": 1}
    nodes = [
        {"name": f"node-{n}", "status": "HEALTHY", "version": "1.39.0", "shards": [replica][n:]}
        for n in range(2)
    ]
    raft = {"state": "Leader", "fsmPending": "0", "latestConfiguration": members}
    tenants = [{"name": name, "activityStatus": "HOT"} for name in "abc"]
    answers = {
        "/v1/nodes": {"nodes": nodes},
        "/v1/cluster/statistics": {
            "statistics": [{"name": "node-0", "leaderId": "node-0", "raft": raft}]
        },
        "/v1/schema": {"classes": [{"class": "Customer", "multiTenancyConfig": {"enabled": True}}]},
        "/v1/meta": {"version": "1.39.0"},
        "/v1/schema/Customer/tenants": [*tenants, {"name": "d", "activityStatus": "COLD"}],
    }
    requests = put_in_place(
        monkeypatch, lambda request: httpx.Response(200, json=answers.get(request.url.path, {}))
    )
    document = cli.document("check", "--json", URL, code=2)
    (dark,) = [item for item in document["items"] if item["collection"] == "Customer"]
    assert "2 of 3 active tenants have no live replica" in dark["message"]
    nodes.append({**nodes[1], "name": "node-2"})
    requests.clear()
    assert cli("check", URL).code == 0
    assert not [r for r in requests if r.url.path.endswith("/tenants")]


def test_unfinished_raft_changes_are_looked_at_again(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check_command, "_LOOK_EVERY_S", 0.01)
    raft = {
        "state": "Leader",
        "appliedIndex": "32",
        "fsmPending": "1",
        "latestConfiguration": [{"id": "node-0", "address": "", "suffrage": 0}],
    }
    answers = {
        "/v1/nodes": {"nodes": [{"name": "node-0", "status": "HEALTHY", "version": "1.39.0"}]},
        "/v1/cluster/statistics": {
            "statistics": [{"name": "node-0", "leaderId": "node-0", "raft": raft}]
        },
        "/v1/schema": {"classes": []},
        "/v1/meta": {"version": "1.39.0"},
    }
    requests = put_in_place(
        monkeypatch, lambda request: httpx.Response(200, json=answers.get(request.url.path, {}))
    )
    document = cli.document("check", "--json", URL, code=1)
    assert [(i["code"], i["node"]) for i in document["items"]] == [("AVL-103", "node-0")]
    looks = [r for r in requests if r.url.path == "/v1/cluster/statistics"]
    assert len(looks) == 3
