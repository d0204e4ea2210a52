"""Shards without a live replica, with too few, READONLY, or with an index that lags."""

from __future__ import annotations

from elysiadash.cluster.view import MISSING
from elysiadash.config.profile import Thresholds
from elysiadash.health.finding import Severity
from elysiadash.health.findings import find
from tests.unit.health.pictures import NOW, node, picture, replica, report, row, view

AWAY = [node("node-0"), node("node-1"), node("node-2", MISSING)]


def test_a_dead_node_with_the_only_replica_makes_answers_silently_partial() -> None:
    found = find(
        picture(
            cluster=view(AWAY),
            rows=(row("Event"),),
            report=report(node_0=[replica("Event", "a")], node_1=[replica("Event", "b")]),
        )
    )
    (finding,) = [f for f in found if f.collection == "Event"]
    assert (finding.code, finding.severity, finding.node) == (
        "AVL-101",
        Severity.CRITICAL,
        "node-2",
    )
    assert "1 of 3 shards have no live replica" in finding.message
    assert "silently partial" in finding.impact


def test_tenants_that_may_be_gone_are_unknown_without_their_list() -> None:
    seen = report(node_0=[replica("Customer", "a")], node_1=[replica("Customer", "b")])
    customer = row("Customer", multi_tenant=True, shards=2)
    found = find(picture(cluster=view(AWAY), rows=(customer,), report=seen))
    assert [(f.severity, f.collection) for f in found if f.collection] == [
        (Severity.UNKNOWN, "Customer")
    ]
    customer = row("Customer", multi_tenant=True, shards=5, tenants=9)
    found = find(picture(cluster=view(AWAY), rows=(customer,), report=seen))
    (finding,) = [f for f in found if f.collection]
    assert finding.severity is Severity.CRITICAL
    assert "3 of 5 active tenants" in finding.message
    customer = row("Customer", multi_tenant=True, shards=2)
    assert find(picture(rows=(customer,), report=seen)) == ()


def test_a_listed_but_silent_node_hides_shards_too() -> None:
    found = find(
        picture(
            rows=(row("Event"),),
            report=report(
                node_0=[replica("Event", "a")], node_1=[replica("Event", "b")], node_2=None
            ),
        )
    )
    assert [f.collection for f in found] == ["Event"]


def test_missing_shards_with_all_nodes_there_are_not_blamed_on_a_node() -> None:
    found = find(picture(rows=(row("Event"),), report=report(node_0=[replica("Event", "a")])))
    assert found == ()


def test_a_user_who_may_see_no_shard_at_all_gets_no_alarm_about_them() -> None:
    found = find(
        picture(cluster=view(AWAY), rows=(row("Event"),), report=report(node_0=[], node_1=[]))
    )
    assert {f.collection for f in found} == {None}


def test_with_replicas_left_a_dead_node_is_a_warning() -> None:
    shards = [replica("Doc", name, number_of_replicas=3) for name in "abc"]
    found = find(
        picture(
            cluster=view(AWAY),
            rows=(row("Doc", replication_factor=3),),
            report=report(node_0=shards, node_1=shards),
        )
    )
    (finding,) = [f for f in found if f.collection == "Doc"]
    assert (finding.code, finding.severity) == ("REP-201", Severity.WARNING)
    assert "3 of 9 replicas" in finding.message


def test_fewer_replicas_than_the_factor_is_critical() -> None:
    shards = [replica("Doc", name, number_of_replicas=2) for name in "abc"]
    (finding,) = find(
        picture(
            rows=(row("Doc", replication_factor=3),),
            report=report(node_0=shards, node_1=shards),
        )
    )
    assert (finding.code, finding.severity) == ("REP-201", Severity.CRITICAL)
    assert "2 replicas instead of 3" in finding.message


def test_a_release_that_does_not_say_the_number_of_replicas_is_not_accused() -> None:
    shards = [replica("Doc", name, number_of_replicas=0) for name in "abc"]
    found = find(picture(rows=(row("Doc", replication_factor=3),), report=report(node_0=shards)))
    assert found == ()


def test_one_replica_is_advice_only() -> None:
    rows = (row("Event"), row("Doc", replication_factor=3))
    assert find(picture(rows=rows)) == ()
    found = [f for f in find(picture(rows=rows, advice=True)) if f.code == "REP-202"]
    assert [(f.collection, f.severity) for f in found] == [("Event", Severity.WARNING)]


def test_readonly_shards_are_one_finding_for_each_collection_and_node() -> None:
    stuck = [replica("Doc", name, status="READONLY") for name in "abcdefg"]
    found = find(
        picture(
            rows=(row("Doc", shards=8),),
            report=report(
                node_0=[*stuck, replica("Doc", "h")],
                node_1=[replica("Doc", "a", status="READONLY")],
            ),
        )
    )
    assert [(f.code, f.severity, f.node, f.shard) for f in found] == [
        ("RES-501", Severity.CRITICAL, "node-0", None),
        ("RES-501", Severity.CRITICAL, "node-1", "a"),
    ]
    assert "7 shards on node-0 are READONLY" in found[0].message
    assert len(found[0].evidence) == 5


def test_the_vector_queue_is_judged_by_shard_not_by_sum() -> None:
    limits = Thresholds(vector_queue_warn=100, vector_queue_critical=1000)
    many_short = [replica("Doc", name, vector_queue_length=60) for name in "abc"]
    assert find(picture(report=report(node_0=many_short), thresholds=limits)) == ()
    long = [*many_short, replica("Doc", "d", vector_queue_length=700)]
    (finding,) = find(picture(report=report(node_0=long), thresholds=limits))
    assert (finding.code, finding.severity, finding.shard) == (
        "PRF-404",
        Severity.WARNING,
        "d",
    )
    longest = [*long, replica("Doc", "e", vector_queue_length=1001)]
    (finding,) = find(picture(report=report(node_1=longest), thresholds=limits))
    assert (finding.severity, finding.shard, finding.node) == (Severity.CRITICAL, "e", "node-1")
    assert "2 replicas are above 100" in finding.message


def test_tombstones_need_a_ratio_and_an_amount() -> None:
    def severities(ratio: float | None, count: int) -> list[Severity]:
        rows = (row("Doc", tombstone_ratio=ratio, tombstones=count),)
        return [f.severity for f in find(picture(rows=rows))]

    assert severities(None, 50_000) == []
    assert severities(0.05, 50_000) == []
    assert severities(0.5, 12) == []
    assert severities(0.10, 50_000) == [Severity.WARNING]
    assert severities(0.38, 50_000) == [Severity.CRITICAL]


def test_a_finding_stays_until_the_shards_are_listed_after_the_return() -> None:
    before = report(node_0=[replica("Event", "a")], node_1=[replica("Event", "b")])
    (finding,) = find(picture(cluster=view(asked_at=NOW + 5), rows=(row("Event"),), report=before))
    assert (finding.code, finding.node, finding.collection) == ("AVL-101", "node-2", "Event")
    assert "node-2 is back, shards not listed since" in finding.message
    assert finding.action.startswith("wait for the next list")
    since = report(
        node_0=[replica("Event", "a")],
        node_1=[replica("Event", "b")],
        node_2=[replica("Event", "c")],
    )
    assert find(picture(cluster=view(asked_at=NOW + 5), rows=(row("Event"),), report=since)) == ()


def test_a_new_node_is_no_trouble_while_its_shards_are_not_listed() -> None:
    whole = report(node_0=[replica("Event", name) for name in "abc"], node_1=[])
    assert find(picture(cluster=view(asked_at=NOW + 5), rows=(row("Event"),), report=whole)) == ()
