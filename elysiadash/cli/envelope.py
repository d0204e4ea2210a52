"""What all documents about a cluster share: who it is, what was not answered, and when."""

from __future__ import annotations

from elysiadash.cli.documents import Cluster, Problem, Source
from elysiadash.cli.words import plural
from elysiadash.cluster import slices
from elysiadash.cluster.view import ClusterView
from elysiadash.cluster.watch import Watch
from elysiadash.config.moments import rfc3339
from elysiadash.weaviate.versions import parse_version


def optional_time(at: float | None) -> str | None:
    """``rfc3339`` of what may not be known."""
    return None if at is None else rfc3339(at)


def cluster_of(watch: Watch, *, demo: bool) -> Cluster:
    """Which cluster the watch is over and how it is now."""
    view = watch.cluster()
    return Cluster(
        name=watch.profile.name,
        url=watch.profile.url,
        demo=demo,
        version=_lowest(view.versions) or _asked_version(watch),
        nodes_live=_live(view),
        nodes_expected=view.expected,
        leader=view.leader,
    )


def problems_of(watch: Watch) -> tuple[Problem, ...]:
    """Every question without a fresh answer."""
    return tuple(
        Problem(
            question=kind.value,
            of=of,
            kind=problem.kind,
            message=problem.what,
            request=problem.request,
            hint=problem.hint,
        )
        for kind, of, problem in watch.problems()
    )


def source_of(text: str, fetched_at: float, now: float) -> Source:
    """Where a value comes from and how old it is."""
    return Source(text, rfc3339(fetched_at), round(max(0.0, now - fetched_at), 3))


def title_of(cluster: Cluster, at: str) -> str:
    """The line above a table."""
    live = "?" if cluster.nodes_live is None else cluster.nodes_live
    expected = "?" if cluster.nodes_expected is None else cluster.nodes_expected
    parts = [
        "DEMO (simulated)" if cluster.demo else "",
        cluster.name,
        f"weaviate {cluster.version or '?'}",
        f"nodes {live}/{expected}",
        f"leader {_leader_words(cluster.leader)}",
        at,
    ]
    return "  ".join(part for part in parts if part)


def problem_lines(problems: tuple[Problem, ...]) -> list[str]:
    """Problems for people, one line for each cause."""
    causes: dict[tuple[str, str | None], list[str]] = {}
    for problem in problems:
        name = f"{problem.question} of {problem.of}" if problem.of else problem.question
        causes.setdefault((problem.message, problem.hint), []).append(name)
    return [
        f"no answer to {_listed(names)}: {message}" + (f"; {hint}" if hint else "")
        for (message, hint), names in causes.items()
    ]


def _listed(names: list[str]) -> str:
    if len(names) <= 4:
        return ", ".join(names)
    return f"{', '.join(names[:3])} and {plural(len(names) - 3, 'other')}"


def _live(view: ClusterView) -> int | None:
    """Live nodes; None while neither the list nor any node itself has answered."""
    return view.live if view.asked_at is not None or view.live else None


def _lowest(versions: tuple[str, ...]) -> str | None:
    return min(versions, key=lambda text: parse_version(text) or (0, 0, 0), default=None)


def _asked_version(watch: Watch) -> str | None:
    meta = watch.store.get(slices.Kind.META).value
    return meta.version if meta else None


def _leader_words(leader: str | None) -> str:
    return {None: "?", "": "none"}.get(leader, leader or "")
