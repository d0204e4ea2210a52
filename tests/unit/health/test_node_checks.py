"""Nodes that are away, not ready, unknown, or of another release."""

from __future__ import annotations

import pytest

from elysiadash.cluster.slices import Kind, Problem, Slice
from elysiadash.cluster.view import (
    HUNG,
    MISSING,
    NOT_READY,
    UNAVAILABLE,
    UNHEALTHY,
    UNKNOWN,
    UNREACHABLE,
)
from elysiadash.health.finding import Severity
from elysiadash.health.findings import find
from elysiadash.weaviate.models import Readiness
from tests.unit.health.pictures import NOW, URL, node, picture, problem, view


def test_three_healthy_nodes_are_no_finding() -> None:
    assert find(picture()) == ()


@pytest.mark.parametrize(
    ("status", "code", "severity"),
    [
        (MISSING, "AVL-101", Severity.CRITICAL),
        (HUNG, "AVL-101", Severity.CRITICAL),
        (UNAVAILABLE, "AVL-101", Severity.CRITICAL),
        (NOT_READY, "AVL-102", Severity.CRITICAL),
        (UNHEALTHY, "AVL-101", Severity.WARNING),
        (UNREACHABLE, "AVL-101", Severity.WARNING),
        (UNKNOWN, "AVL-101", Severity.UNKNOWN),
    ],
)
def test_a_node_that_is_not_healthy_is_named(status: str, code: str, severity: Severity) -> None:
    nodes = [node("node-0"), node("node-1"), node("node-2", status, why="for a reason")]
    (finding,) = find(picture(cluster=view(nodes)))
    assert (finding.code, finding.severity, finding.node) == (code, severity, "node-2")
    assert "for a reason" in finding.message
    assert finding.evidence


def test_an_address_of_no_member_is_only_a_warning() -> None:
    nodes = [node("node-0"), node("old-node", MISSING, expected=False)]
    (finding,) = find(picture(cluster=view(nodes, expected=1)))
    assert finding.severity is Severity.WARNING
    assert "no member" in finding.message


def test_unknown_states_are_told_once_when_the_list_itself_is_missing() -> None:
    nodes = [node("node-0", UNKNOWN), node("node-1", UNKNOWN)]
    found = find(
        picture(
            cluster=view(nodes, asked_at=None, leader=None),
            problems=(problem(Kind.NODES, "forbidden", "no permission"),),
        )
    )
    assert [(f.code, f.severity) for f in found] == [("AVL-101", Severity.UNKNOWN)]
    assert "no permission" in found[0].message


@pytest.mark.parametrize("why", ["unreachable", "connection lost", "server fault", "no answer"])
def test_a_cluster_that_does_not_answer_is_critical(why: str) -> None:
    found = find(
        picture(
            cluster=view([], asked_at=None, expected=None, leader=None),
            problems=(problem(Kind.NODES, why, "Connection refused"),),
        )
    )
    assert [(f.code, f.severity) for f in found] == [("AVL-101", Severity.CRITICAL)]
    assert URL in found[0].message
    assert "Connection refused" in found[0].message


@pytest.mark.parametrize("why", ["unreachable", "connection lost", "no answer", "parked"])
@pytest.mark.parametrize("probed", [True, False])
def test_a_cluster_that_answered_before_is_as_silent_as_one_that_never_did(
    why: str, probed: bool
) -> None:
    gone = problem(Kind.NODES, why, "nothing after 5 s")
    probes = {URL: Slice(Readiness(True, 200, 0.001), NOW, problem=gone[2])} if probed else {}
    known = [node(f"node-{n}", UNKNOWN) for n in range(3)]
    before = find(picture(cluster=view(known), readiness=probes, problems=(gone,)))
    never = view([], asked_at=None, expected=None, leader=None)
    assert before == find(picture(cluster=never, readiness=probes, problems=(gone,)))
    (finding,) = before
    assert finding.severity is Severity.CRITICAL
    assert f"the cluster does not answer at {URL}" in finding.message


def test_an_old_list_beside_a_ready_node_is_not_known() -> None:
    found = find(
        picture(
            readiness={URL: Slice(Readiness(True, 200, 0.001), NOW)},
            problems=(problem(Kind.NODES, "no answer", "nothing after 5 s"),),
        )
    )
    assert [f.severity for f in found] == [Severity.UNKNOWN]


def test_a_silent_list_beside_a_ready_node_means_a_hung_peer() -> None:
    found = find(
        picture(
            cluster=view([], asked_at=None, expected=None, leader=None),
            readiness={URL: Slice(Readiness(True, 200, 0.001), NOW)},
            problems=(problem(Kind.NODES, "parked", "nothing after 3 s"),),
        )
    )
    assert found[0].severity is Severity.CRITICAL
    assert "does not answer its peers" in found[0].message


def test_a_named_hung_node_is_not_told_twice() -> None:
    nodes = [node("node-0"), node("node-1", HUNG)]
    found = find(
        picture(
            cluster=view(nodes, asked_at=None, leader=None),
            problems=(problem(Kind.NODES, "parked", "nothing after 3 s"),),
        )
    )
    assert [f.node for f in found] == ["node-1"]


def test_an_address_whose_node_nobody_knows_is_told_by_its_address() -> None:
    gone = "http://wv.test:8090"
    unready = "http://wv.test:8091"
    found = find(
        picture(
            readiness={
                URL: Slice(Readiness(True, 200, 0.001), NOW),
                gone: Slice(problem=Problem("unreachable", "Connection refused")),
                unready: Slice(Readiness(False, 503, 0.001), NOW),
            }
        )
    )
    assert {(f.code, f.node) for f in found} == {("AVL-101", None), ("AVL-102", None)}
    assert gone in found[0].message
    assert unready in found[1].message


def test_different_releases_are_a_warning() -> None:
    nodes = [node("node-0"), node("node-1", version="1.38.11")]
    (finding,) = find(picture(cluster=view(nodes, expected=2)))
    assert (finding.code, finding.severity) == ("AVL-105", Severity.WARNING)
    assert "1.38.11, 1.39.0" in finding.message


def test_known_faults_of_a_release_are_told_only_as_advice() -> None:
    assert find(picture()) == ()
    found = find(picture(advice=True))
    assert {f.code for f in found} == {"AVL-106"}
    assert all("1.39.0" in f.message for f in found)
