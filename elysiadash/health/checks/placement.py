"""Are there enough replicas, and does every shard have a live one? AVL-101, REP-201, REP-202."""

from __future__ import annotations

from collections.abc import Iterator

from elysiadash.cluster.shards import CollectionShards
from elysiadash.cluster.stats import CollectionStats
from elysiadash.health.checks.nodes import NODE_AWAY
from elysiadash.health.finding import Evidence, Finding, Severity
from elysiadash.health.picture import Picture

UNDER_REPLICATED = "REP-201"
ONE_REPLICA = "REP-202"

_VERBOSE = "GET /v1/nodes?output=verbose"
_SCHEMA = "GET /v1/schema"
_ENOUGH_NODES = 3


def dark_shards(picture: Picture) -> Iterator[Finding]:
    """AVL-101, critical: shards of which no replica is on an answering node.

    Counts and searches then leave them out and say nothing (measured on 1.39.0).
    """
    away = picture.silent_nodes()
    for row in picture.rows if away else ():
        dark = _dark(picture, row)
        if not dark:
            continue
        what = "active tenants" if row.multi_tenant else "shards"
        yield Finding(
            code=NODE_AWAY,
            severity=Severity.CRITICAL,
            node=away[0] if len(away) == 1 else None,
            collection=row.collection,
            message=f"{row.collection}: {dark:,} of {row.shards:,} {what} have no live replica "
            f"({_words(picture, away)})",
            impact="counts and searches are silently partial: status 200, no error",
            cause=f"replication factor {row.replication_factor}, and the nodes that hold the "
            "replicas are away",
            action=f"{_bring_back(picture, away)}; then raise the replication factor",
            evidence=(
                Evidence(_SCHEMA, f"{what} expected", str(row.shards)),
                Evidence(_VERBOSE, f"{what} listed", str(_listed(picture, row)), picture.report_at),
            ),
        )


def unknown_tenants(picture: Picture) -> Iterator[Finding]:
    """AVL-101, unknown: a node is away, and which tenants went with it cannot be told.

    Listed shards are those of active tenants on answering nodes; only the list of tenants, asked
    of the leader, says how many there should be.
    """
    away = picture.silent_nodes()
    for row in picture.rows if away else ():
        if not row.multi_tenant or row.tenants is not None:
            continue
        yield Finding(
            code=NODE_AWAY,
            severity=Severity.UNKNOWN,
            collection=row.collection,
            message=f"{row.collection}: how many tenants have no live replica is not known "
            f"({_words(picture, away)})",
            impact="counts and searches may be silently partial",
            cause=row.not_exposed.get("tenants") or "the tenants were not asked for",
            action=_bring_back(picture, away),
            evidence=(
                Evidence(_VERBOSE, "tenants listed", str(_listed(picture, row)), picture.report_at),
            ),
        )


def degraded(picture: Picture) -> Iterator[Finding]:
    """REP-201, warning: every shard is served, but replicas are on nodes that are away."""
    away = picture.silent_nodes()
    for row in picture.rows if away else ():
        factor = row.replication_factor or 1
        shards = _shards_of(picture, row)
        if factor < 2 or shards is None or _dark(picture, row):
            continue
        lost = shards.shards * factor - shards.replicas
        if lost <= 0 or 0 < shards.fewest_replicas < factor:
            continue
        yield Finding(
            code=UNDER_REPLICATED,
            severity=Severity.WARNING,
            node=away[0] if len(away) == 1 else None,
            collection=row.collection,
            message=f"{row.collection}: {lost:,} of {shards.shards * factor:,} replicas are on "
            f"nodes that are away ({_words(picture, away)})",
            impact="answers are complete; fewer further failures can be borne",
            cause="the node is away",
            action=_bring_back(picture, away),
            evidence=(
                Evidence(_SCHEMA, "replicationConfig.factor", str(factor)),
                Evidence(_VERBOSE, "replicas listed", str(shards.replicas), picture.report_at),
            ),
        )


def under_replicated(picture: Picture) -> Iterator[Finding]:
    """REP-201, critical: a shard has fewer replicas than its collection asks for."""
    for row in picture.rows:
        shards = _shards_of(picture, row)
        factor = row.replication_factor
        # 0: before 1.31 the server does not say.
        if shards is None or not factor or not 0 < shards.fewest_replicas < factor:
            continue
        yield Finding(
            code=UNDER_REPLICATED,
            severity=Severity.CRITICAL,
            collection=row.collection,
            message=f"{row.collection}: a shard has {shards.fewest_replicas} replicas instead of "
            f"{factor}",
            impact="fewer failures can be borne than the replication factor promises",
            cause="a movement that failed, a drained node, or a factor raised without new replicas",
            action="copy a replica of the shard to another node",
            evidence=(
                Evidence(_SCHEMA, "replicationConfig.factor", str(factor)),
                Evidence(
                    _VERBOSE, "numberOfReplicas", str(shards.fewest_replicas), picture.report_at
                ),
            ),
        )


def one_replica(picture: Picture) -> Iterator[Finding]:
    """REP-202, warning, advice only: one replica where there are nodes for three."""
    expected = picture.cluster.expected or 0
    if not picture.advice or expected < _ENOUGH_NODES:
        return
    for row in picture.rows:
        if row.replication_factor != 1:
            continue
        yield Finding(
            code=ONE_REPLICA,
            severity=Severity.WARNING,
            collection=row.collection,
            message=f"{row.collection} has replication factor 1 on {expected} nodes",
            impact="when a node is away, its shards are silently missing from answers",
            cause="the default of a collection that was created without a factor",
            action="raise the replication factor to 3",
            evidence=(Evidence(_SCHEMA, "replicationConfig.factor", "1"),),
        )


def _words(picture: Picture, away: tuple[str, ...]) -> str:
    returned = picture.returned_nodes()
    silent = [node for node in away if node not in returned]
    if silent:
        return f"{', '.join(silent)} {'does' if len(silent) == 1 else 'do'} not answer"
    return f"{', '.join(away)} {'is' if len(away) == 1 else 'are'} back, shards not listed since"


def _bring_back(picture: Picture, away: tuple[str, ...]) -> str:
    """What to do: nothing where the list of shards is only older than the return."""
    returned = picture.returned_nodes()
    silent = [node for node in away if node not in returned]
    return f"bring {', '.join(silent)} back" if silent else "wait for the next list of shards"


def _dark(picture: Picture, row: CollectionStats) -> int:
    """Shards that no answering node lists; 0 where that cannot be told."""
    if picture.report is None or row.shards is None or not _shows_any_shard(picture):
        return 0
    if row.multi_tenant and row.tenants is None:
        return 0
    return max(0, row.shards - _listed(picture, row))


def _listed(picture: Picture, row: CollectionStats) -> int:
    shards = _shards_of(picture, row)
    return shards.shards if shards else 0


def _shards_of(picture: Picture, row: CollectionStats) -> CollectionShards | None:
    return picture.report.by_collection.get(row.collection) if picture.report else None


def _shows_any_shard(picture: Picture) -> bool:
    """A user without the permission gets the nodes without a single shard."""
    return bool(picture.report and picture.report.by_collection)
