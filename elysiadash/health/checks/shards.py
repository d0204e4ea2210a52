"""Can shards be written, and do their indexes keep up? RES-501, PRF-404, PRF-406."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from elysiadash.cluster.shards import ShardReport
from elysiadash.health.finding import Evidence, Finding, Severity
from elysiadash.health.picture import Picture
from elysiadash.weaviate.models import ShardReplica

READONLY = "RES-501"
VECTOR_QUEUE = "PRF-404"
TOMBSTONES = "PRF-406"

_VERBOSE = "GET /v1/nodes?output=verbose"
_NAMED = 5
"""Shards that the evidence names; a full disk makes thousands of them READONLY at once."""
_FEW_TOMBSTONES = 1000
"""Below this a ratio says nothing: ten objects with five deleted are no trouble."""


def readonly(picture: Picture) -> Iterator[Finding]:
    """RES-501, critical: one finding for each collection and node with READONLY shards."""
    report = picture.report
    if report is None:
        return
    names = {n for n, shards in report.by_collection.items() if shards.readonly_replicas}
    for (collection, node), replicas in _grouped(report, names, _is_readonly).items():
        first = replicas[0].name
        what = f"shard {first}" if len(replicas) == 1 else f"{len(replicas):,} shards"
        yield Finding(
            code=READONLY,
            severity=Severity.CRITICAL,
            node=node,
            collection=collection,
            shard=first if len(replicas) == 1 else None,
            message=f"{collection}: {what} on {node} {_is_or_are(replicas)} READONLY",
            impact="writes to it fail; with one replica a batch can report success and store "
            "nothing",
            cause="a disk or memory above its limit, or somebody set it by hand",
            action="free disk or memory on the node; set the shard READY once the cause is gone",
            evidence=tuple(
                Evidence(
                    _VERBOSE,
                    f"{node}.{replica.name}.vectorIndexingStatus",
                    replica.status,
                    picture.report_at,
                )
                for replica in replicas[:_NAMED]
            ),
        )


def vector_queue(picture: Picture) -> Iterator[Finding]:
    """PRF-404: vectors waiting to be indexed in one shard, by the profile's thresholds."""
    report, limits = picture.report, picture.thresholds
    if report is None:
        return
    warn = limits.vector_queue_warn
    # A collection's sum is at least its fullest shard: most need no closer look.
    names = {name for name, shards in report.by_collection.items() if shards.vector_queue > warn}
    above: dict[str, list[tuple[str, ShardReplica]]] = {}
    grouped = _grouped(report, names, lambda replica: replica.vector_queue_length > warn)
    for (collection, node), replicas in grouped.items():
        above.setdefault(collection, []).extend((node, replica) for replica in replicas)
    for collection, found in above.items():
        node, replica = max(found, key=lambda one: one[1].vector_queue_length)
        count = len(found)
        waiting = replica.vector_queue_length
        critical = waiting > limits.vector_queue_critical
        more = f" ({count:,} replicas are above {warn:,})" if count > 1 else ""
        yield Finding(
            code=VECTOR_QUEUE,
            severity=Severity.CRITICAL if critical else Severity.WARNING,
            node=node,
            collection=collection,
            shard=replica.name,
            message=f"{collection}: {waiting:,} vectors wait for the index in shard "
            f"{replica.name} on {node}{more}",
            impact="vector searches do not find what waits",
            cause="imports are faster than the CPUs can index",
            action="slow the imports down, or give the nodes more CPU",
            evidence=(
                Evidence(
                    _VERBOSE,
                    f"{node}.{replica.name}.vectorQueueLength",
                    str(waiting),
                    picture.report_at,
                ),
            ),
        )


def tombstones(picture: Picture) -> Iterator[Finding]:
    """PRF-406: deleted places in hnsw graphs, by the profile's thresholds; needs metrics."""
    limits = picture.thresholds
    for row in picture.rows:
        ratio, count = row.tombstone_ratio, row.tombstones or 0
        if ratio is None or ratio < limits.tombstone_ratio_warn or count < _FEW_TOMBSTONES:
            continue
        critical = ratio >= limits.tombstone_ratio_critical
        yield Finding(
            code=TOMBSTONES,
            severity=Severity.CRITICAL if critical else Severity.WARNING,
            collection=row.collection,
            message=f"{row.collection}: {100 * ratio:.0f} % of the hnsw graph are tombstones "
            f"({count:,})",
            impact="vector searches are slower and find less",
            cause="many deletes, and the clean-up cycle has not caught up",
            action="wait for a clean-up cycle; if the number stays, raise "
            "TOMBSTONE_DELETION_MAX_PER_CYCLE",
            evidence=(
                Evidence("metrics", "vector_index_tombstones", str(count)),
                Evidence("metrics", "tombstones / vector_index_size", f"{ratio:.3f}"),
            ),
        )


def _grouped(
    report: ShardReport, names: set[str], wanted: Callable[[ShardReplica], bool]
) -> dict[tuple[str, str], list[ShardReplica]]:
    """(collection, node) -> the wanted replicas, sorted by collection, node and shard."""
    found: dict[tuple[str, str], list[ShardReplica]] = {}
    for node in report.nodes.nodes if names else ():
        for replica in node.shards or ():
            if replica.collection in names and wanted(replica):
                found.setdefault((replica.collection, node.name), []).append(replica)
    return {key: sorted(found[key], key=lambda replica: replica.name) for key in sorted(found)}


def _is_readonly(replica: ShardReplica) -> bool:
    return replica.status == "READONLY"


def _is_or_are(replicas: list[ShardReplica]) -> str:
    return "is" if len(replicas) == 1 else "are"
