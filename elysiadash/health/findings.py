"""All checks over one picture, the worst first, and what they mean for each collection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from elysiadash.health.checks import blind, nodes, placement, raft, shards
from elysiadash.health.finding import Finding, Severity, worst
from elysiadash.health.picture import Picture

Check = Callable[[Picture], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    nodes.silent_cluster,
    nodes.node_states,
    nodes.addresses_without_node,
    raft.leader,
    raft.quorum,
    raft.stuck_changes,
    placement.dark_shards,
    placement.unknown_tenants,
    placement.under_replicated,
    placement.degraded,
    placement.one_replica,
    shards.readonly,
    shards.vector_queue,
    shards.tombstones,
    nodes.version_skew,
    nodes.data_risk_versions,
    blind.unanswered,
)


def find(picture: Picture) -> tuple[Finding, ...]:
    """Every finding, the worst first, then by the order of the checks."""
    found = [finding for check in CHECKS for finding in check(picture)]
    return tuple(sorted(found, key=lambda finding: -finding.severity.rank))


def health_of_all(
    findings: Iterable[Finding], names: Iterable[str], *, shards_seen: bool = True
) -> dict[str, Severity]:
    """Name -> the worst of what was found of it; unknown where its shards were not seen.

    ``shards_seen``: the nodes have told of their shards at least once.
    """
    known = tuple(findings)
    blinding = [f.severity for f in known if blind.is_of_every_collection(f)]
    of_all = worst((*blinding, _at_best(shards_seen)))
    health = dict.fromkeys(names, of_all)
    for finding in known:
        if finding.collection in health:
            health[finding.collection] = worst((health[finding.collection], finding.severity))
    return health


def _at_best(shards_seen: bool) -> Severity:
    """Nobody has looked yet: that is no trouble, and not well either."""
    return Severity.OK if shards_seen else Severity.UNKNOWN
