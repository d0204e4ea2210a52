"""What stays unknown, the order of findings, and the health of one collection."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elysiadash.cluster.slices import Kind, Problem
from elysiadash.cluster.view import MISSING
from elysiadash.health.finding import Finding, Severity, worst
from elysiadash.health.findings import find, health_of_all
from tests.unit.health.pictures import NODES, node, picture, problem, replica, report, row, view

BLIND = problem(Kind.VERBOSE, "parked", "nothing after 3 s")


def health_of(name: str, findings: Iterable[Finding], *, shards_seen: bool = True) -> Severity:
    return health_of_all(findings, [name], shards_seen=shards_seen)[name]


def test_unanswered_questions_of_one_cause_are_one_finding() -> None:
    found = find(
        picture(
            problems=(
                problem(Kind.STATISTICS, "parked", "nothing after 3 s"),
                BLIND,
                problem(Kind.SCHEMA, "forbidden", "no permission"),
                problem(Kind.BACKUPS, "forbidden", "no permission", of="s3"),
            )
        )
    )
    assert [(f.code, f.severity) for f in found] == [
        ("AVL-103", Severity.UNKNOWN),
        ("REP-201", Severity.UNKNOWN),
    ]
    assert "leader and quorum, the state of the shards" in found[0].message


def test_calls_set_aside_are_one_cause_however_many_of_each_question_wait() -> None:
    two = problem(Kind.STATISTICS, "parked", "two calls wait for a hung node")
    (found,) = find(picture(problems=(two, BLIND)))
    assert "leader and quorum, the state of the shards" in found.message


REFUSED = "no connection: Connection refused"
SCRAPED = view([node(name, metrics_address=f"http://{name}:2112") for name in NODES])


def metrics_problem(of: str, what: str = REFUSED) -> tuple[Kind, str, Problem]:
    return problem(Kind.METRICS, "unreachable", what, of)


def test_metrics_that_were_not_read_are_named_with_their_node_and_what_is_not_checked() -> None:
    (found,) = find(
        picture(cluster=SCRAPED, problems=(metrics_problem("http://node-2:2112"),)),
    )
    assert (found.code, found.severity, found.node) == ("PRF-406", Severity.UNKNOWN, "node-2")
    assert found.message == (
        f"metrics of node-2 not read ({REFUSED}): tombstones not checked, segments not known"
    )


@pytest.mark.parametrize(
    ("of", "named"),
    [
        (("http://node-1:2112", "http://node-2:2112"), " of node-1 and node-2"),
        (tuple(f"http://{name}:2112" for name in NODES), " of node-0, node-1 and node-2"),
        (("http://10.0.0.9:2112",), " of http://10.0.0.9:2112"),
        (("",), ""),
        (("", "http://node-2:2112"), ""),
        (("node-2",), " of node-2"),
    ],
)
def test_metrics_not_read_for_one_reason_are_one_finding(of: tuple[str, ...], named: str) -> None:
    (found,) = find(picture(cluster=SCRAPED, problems=tuple(map(metrics_problem, of))))
    assert found.message.startswith(f"metrics{named} not read (")
    assert (found.node is not None) is (of == ("node-2",))


def test_metrics_not_read_are_told_apart_from_a_question_with_the_same_trouble() -> None:
    shards = problem(Kind.VERBOSE, "unreachable", REFUSED)
    found = find(
        picture(cluster=SCRAPED, problems=(shards, metrics_problem("http://node-2:2112"))),
    )
    assert [(f.code, f.node) for f in found] == [("RES-501", None), ("PRF-406", "node-2")]
    assert "metrics" not in found[0].message


def test_a_collection_whose_shards_were_not_seen_is_unknown_not_ok() -> None:
    found = find(picture(rows=(row("Doc"),), problems=(BLIND,)))
    assert health_of("Doc", found) is Severity.UNKNOWN
    assert health_of("Doc", ()) is Severity.OK


def test_shards_that_nobody_told_of_yet_are_unknown_and_no_finding() -> None:
    found = find(picture(rows=(row("Doc"),)))
    assert found == ()
    assert health_of("Doc", found, shards_seen=False) is Severity.UNKNOWN
    critical = Finding(
        code="RES-501",
        severity=Severity.CRITICAL,
        collection="Doc",
        message="",
        impact="",
        cause="",
        action="",
    )
    assert health_of("Doc", (critical,), shards_seen=False) is Severity.CRITICAL


def test_trouble_of_the_nodes_is_not_every_collections_trouble() -> None:
    found = find(
        picture(
            cluster=view([node("node-0"), node("node-1"), node("node-2", MISSING)]),
            rows=(row("Event"), row("Other", shards=1)),
            report=report(
                node_0=[replica("Event", "a"), replica("Other", "x")],
                node_1=[replica("Event", "b")],
            ),
        )
    )
    assert health_of("Event", found) is Severity.CRITICAL
    assert health_of("Other", found) is Severity.OK


def test_the_worst_comes_first() -> None:
    found = find(
        picture(
            cluster=view([node("node-0", "unhealthy"), node("node-1", MISSING)], expected=2),
            problems=(BLIND,),
        )
    )
    ranks = [f.severity.rank for f in found]
    assert ranks == sorted(ranks, reverse=True)
    assert len(set(ranks)) == 3


def test_unknown_may_hide_a_warning_but_not_a_critical() -> None:
    order = [Severity.OK, Severity.WARNING, Severity.UNKNOWN, Severity.CRITICAL]
    for lower, higher in itertools.combinations(order, 2):
        assert worst((lower, higher)) is higher
        assert worst((higher, lower)) is higher
    assert worst(()) is Severity.OK


@given(
    st.lists(
        st.tuples(
            st.sampled_from([None, "A", "B", "Gone"]),
            st.sampled_from(list(Severity)),
        )
    ),
    st.booleans(),
    st.booleans(),
)
def test_a_collections_health_is_the_worst_of_its_own_and_of_what_blinds_all(
    pairs: list[tuple[str | None, Severity]], blind: bool, seen: bool
) -> None:
    findings = [
        Finding(
            code="RES-501",
            severity=severity,
            collection=name,
            message="",
            impact="",
            cause="",
            action="",
        )
        for name, severity in pairs
    ]
    if blind:
        findings += find(picture(problems=(BLIND,)))
    of_all = [Severity.OK if seen else Severity.UNKNOWN, *([Severity.UNKNOWN] if blind else [])]
    assert health_of_all(findings, "ABC", shards_seen=seen) == {
        name: worst((*of_all, *(severity for own, severity in pairs if own == name)))
        for name in "ABC"
    }
