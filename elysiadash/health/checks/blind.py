"""What could not be seen: unknown is a state of its own, never green."""

from __future__ import annotations

from collections.abc import Iterator

from elysiadash.cluster.slices import Kind, Problem
from elysiadash.health.checks.nodes import NODE_AWAY, is_silent
from elysiadash.health.checks.placement import UNDER_REPLICATED
from elysiadash.health.checks.raft import NO_DECISIONS
from elysiadash.health.checks.shards import READONLY, TOMBSTONES
from elysiadash.health.finding import Evidence, Finding, Severity
from elysiadash.health.picture import Picture

_FED: dict[Kind, tuple[str, str]] = {
    Kind.NODES: (NODE_AWAY, "the state of the nodes"),
    Kind.STATISTICS: (NO_DECISIONS, "leader and quorum"),
    Kind.VERBOSE: (READONLY, "the state of the shards"),
    Kind.SCHEMA: (UNDER_REPLICATED, "the collections"),
}
"""Question -> the check it feeds, and what is not known without it."""


def unanswered(picture: Picture) -> Iterator[Finding]:
    """Unknown: one finding for each reason why something was not answered.

    Carries the code of the first check that had to be left out.
    """
    yield from _questions(picture)
    yield from _metrics(picture)


def _questions(picture: Picture) -> Iterator[Finding]:
    reasons: dict[tuple[str, str], list[Kind]] = {}
    problems: dict[tuple[str, str], Problem] = {}
    for kind, _, problem in picture.problems:
        # A cluster that does not answer is a finding of its own.
        if kind not in _FED or (kind is Kind.NODES and is_silent(picture)):
            continue
        # Why calls wait is the same, however many of a question do.
        reason = (problem.kind, "" if problem.kind == "parked" else problem.what)
        problems.setdefault(reason, problem)
        kinds = reasons.setdefault(reason, [])
        if kind not in kinds:
            kinds.append(kind)
    for reason, kinds in reasons.items():
        missing = ", ".join(_FED[kind][1] for kind in kinds)
        message = f"not known: {missing} ({problems[reason].what})"
        yield _finding(picture, _FED[kinds[0]][0], kinds, message, problems[reason])


def _metrics(picture: Picture) -> Iterator[Finding]:
    """Nodes' metrics are read one by one, and at addresses of their own."""
    reasons: dict[tuple[str, str], list[str]] = {}
    problems: dict[tuple[str, str], Problem] = {}
    for kind, of, problem in picture.problems:
        if kind is Kind.METRICS:
            reason = (problem.kind, problem.what)
            problems.setdefault(reason, problem)
            reasons.setdefault(reason, []).append(of)
    nodes = picture.cluster.nodes
    names = {node.metrics_address: node.node for node in nodes}
    for reason, places in reasons.items():
        problem = problems[reason]
        # With a place that is "", none was read at all.
        named = [names.get(place, place) for place in places] if all(places) else []
        of_whom = f" of {_listed(named)}" if named else ""
        unchecked = "tombstones not checked, segments not known"
        message = f"metrics{of_whom} not read ({problem.what}): {unchecked}"
        node = named[0] if len(named) == 1 and named[0] in {node.node for node in nodes} else None
        yield _finding(picture, TOMBSTONES, [Kind.METRICS], message, problem, node)


def is_of_every_collection(finding: Finding) -> bool:
    """Whether a finding leaves the health of all collections open: their shards were not seen."""
    return (
        finding.severity is Severity.UNKNOWN
        and finding.collection is None
        and any(evidence.field == Kind.VERBOSE.value for evidence in finding.evidence)
    )


def _finding(
    picture: Picture,
    code: str,
    kinds: list[Kind],
    message: str,
    problem: Problem,
    node: str | None = None,
) -> Finding:
    return Finding(
        code=code,
        severity=Severity.UNKNOWN,
        node=node,
        message=message,
        impact="trouble there would not be seen",
        cause=problem.what,
        action=problem.hint or "ask again; the log has the details",
        evidence=tuple(
            Evidence(problem.request or "our own pollers", kind.value, problem.what, picture.now)
            for kind in kinds
        ),
    )


def _listed(names: list[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
