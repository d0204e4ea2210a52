"""Leader, quorum, and changes that raft does not finish."""

from __future__ import annotations

from elysiadash.cluster.slices import Kind
from elysiadash.cluster.view import HUNG, MISSING, UNKNOWN
from elysiadash.health.applying import ApplyLooks
from elysiadash.health.finding import Severity
from elysiadash.health.findings import find
from elysiadash.weaviate.models import NodeStatistics, Raft, Statistics
from tests.unit.health.pictures import node, picture, problem, view


def test_no_leader_is_critical() -> None:
    (finding,) = find(picture(cluster=view(leader="")))
    assert (finding.code, finding.severity) == ("AVL-103", Severity.CRITICAL)
    assert "no raft leader" in finding.message


def test_an_unknown_leader_is_not_a_missing_one() -> None:
    found = find(
        picture(
            cluster=view(leader=None),
            problems=(problem(Kind.STATISTICS, "parked", "nothing after 3 s"),),
        )
    )
    assert [(f.code, f.severity) for f in found] == [("AVL-103", Severity.UNKNOWN)]


def test_two_of_three_away_is_no_quorum_even_while_a_leader_is_still_named() -> None:
    nodes = [node("node-0"), node("node-1", MISSING), node("node-2", MISSING)]
    found = find(picture(cluster=view(nodes)))
    (finding,) = [f for f in found if f.code == "AVL-103"]
    assert "2 of 3 members are away, 2 must take part" in finding.message


def test_hung_nodes_are_away_even_where_nobody_lists_them() -> None:
    nodes = [node("node-0", HUNG), node("node-1", UNKNOWN), node("node-2", HUNG)]
    found = find(picture(cluster=view(nodes, asked_at=None, leader=None)))
    assert [f.code for f in found if "no quorum" in f.message] == ["AVL-103"]


def test_nodes_of_which_nothing_is_known_are_not_away() -> None:
    nodes = [node(f"node-{n}", UNKNOWN) for n in range(3)]
    found = find(picture(cluster=view(nodes, asked_at=None, leader=None)))
    assert not [f for f in found if "no quorum" in f.message]


def test_one_of_three_away_keeps_the_quorum() -> None:
    nodes = [node("node-0"), node("node-1"), node("node-2", MISSING)]
    assert not [f for f in find(picture(cluster=view(nodes))) if f.code == "AVL-103"]


def _statistics(pending: str, applied: str = "32") -> Statistics:
    return Statistics(
        statistics=[
            NodeStatistics(name="node-0", raft=Raft(fsm_pending=pending, applied_index=applied)),
            NodeStatistics(name="node-1"),
        ]
    )


def test_a_change_is_stuck_after_three_looks_at_the_same_index() -> None:
    looks = ApplyLooks()
    assert looks.look(_statistics("1"), 10.0) == ()
    assert looks.any_waiting
    assert looks.look(_statistics("1"), 11.0) == ()
    (stuck,) = looks.look(_statistics("2"), 12.5)
    assert (stuck.node, stuck.looks, stuck.seconds) == ("node-0", 3, 2.5)
    (finding,) = find(picture(stuck=(stuck,)))
    assert (finding.code, finding.severity, finding.node) == (
        "AVL-103",
        Severity.WARNING,
        "node-0",
    )


def test_a_moving_index_or_an_empty_queue_begins_anew() -> None:
    looks = ApplyLooks()
    looks.look(_statistics("1", "32"), 10.0)
    looks.look(_statistics("1", "33"), 11.0)
    assert looks.look(_statistics("1", "33"), 12.0) == ()
    looks.look(_statistics("0", "33"), 13.0)
    assert not looks.any_waiting
    assert looks.look(_statistics("1", "33"), 14.0) == ()
