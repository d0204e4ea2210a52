"""The two clusters: versions, nodes, what is under way there, what we may do, their disks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from elysiadash.migrate.checkpoint import Check
from elysiadash.migrate.phases import Strategy
from elysiadash.migrate.preflight.facts import ClusterFacts, Facts
from elysiadash.migrate.preflight.rights import missing_rights
from elysiadash.migrate.preflight.risks import risks_of
from elysiadash.migrate.preflight.rules.words import blocks, listed, ok, unknown, warns
from elysiadash.weaviate.versions import parse_version

OLDEST: Final = (1, 30, 0)
"""The data path was tried on releases from here on."""
_BUSY_QUEUE: Final = 1_000
_AT_WORK: Final = ("REGISTERED", "HYDRATING", "FINALIZING", "INTEGRATING", "DEHYDRATING")


def both(facts: Facts) -> Iterator[tuple[str, ClusterFacts]]:
    """``source`` and ``target``; one of them where they are the same."""
    yield "source", facts.source
    if not facts.spec.same_cluster:
        yield "target", facts.target


def called(facts: Facts, role: str, cluster: ClusterFacts) -> str:
    """The cluster as a finding is about it."""
    return f"cluster {cluster.name}" if facts.spec.same_cluster else f"{role} {cluster.name}"


def versions(facts: Facts) -> Iterator[Check]:
    """Releases with faults that lose data, and what those mean for this job."""
    for role, cluster in both(facts):
        about = called(facts, role, cluster)
        version = parse_version(cluster.version)
        if version is None:
            yield unknown("version", about, f"its release {cluster.version!r} is no version number")
            continue
        if version < OLDEST:
            yield blocks(
                "version", about,
                f"{cluster.version} is older than 1.30, the oldest release that copies were tried "
                "on", "update it first, or lift this by typing version", liftable=True,
            )  # fmt: skip
        found = list(risks_of(facts, role, cluster.version))
        for risk in found:
            yield warns("version", about, f"{cluster.version}: {risk.text}", risk.way_out)
        if not found and version >= OLDEST:
            yield ok("version", about, f"{cluster.version}: no fault is known that loses data here")
    if not facts.spec.same_cluster:
        yield from _newer_source(facts)


def nodes(facts: Facts) -> Iterator[Check]:
    """All nodes that raft expects are there: a scan without an owner leaves out its shards."""
    for role, cluster in both(facts):
        about = called(facts, role, cluster)
        if cluster.nodes.value is None:
            yield unknown("nodes", about, cluster.nodes.why, "look at it, then check again")
            continue
        healthy = {one.name for one in cluster.nodes.value if one.status == "HEALTHY"}
        away = [name for name in cluster.expected if name not in healthy]
        if away:
            yield blocks(
                "nodes", about, f"{listed(away)} of {len(cluster.expected)} nodes is not healthy",
                "bring it back: lists leave out the shards of a node that is away, without a word",
            )  # fmt: skip
        else:
            yield ok("nodes", about, f"all {len(cluster.expected)} nodes are healthy")
        if not cluster.grpc:
            yield warns(
                "grpc", about, "its profile names no gRPC port: vectors go through the REST port",
                "set grpc = host:port in the profile",
            )  # fmt: skip


def load(facts: Facts) -> Iterator[Check]:
    """What is under way already (promise P14: the cluster is not harmed)."""
    for role, cluster in both(facts):
        about = called(facts, role, cluster)
        rows = cluster.nodes.value or ()
        queues = {
            one.name: one.batch_stats.queue_length
            for one in rows
            if one.batch_stats and one.batch_stats.queue_length
        }
        for name, queued in queues.items():
            if queued is not None and queued > _BUSY_QUEUE:
                yield warns(
                    "load", f"{about}, {name}", f"{queued:,} objects wait in its batch queue",
                    "the copy slows down by itself; a quieter hour is better (--not-before)",
                )  # fmt: skip
        modes = {one.operational_mode for one in rows if one.operational_mode} - {"ReadWrite"}
        if modes and role == "target":
            yield blocks(
                "mode", about, f"it is in operational mode {listed(sorted(modes))}",
                "set OPERATIONAL_MODE=ReadWrite on every node",
            )  # fmt: skip


def operations(facts: Facts) -> Iterator[Check]:
    """Replica movements of what is copied: two things at once that read and write the same."""
    names = {one.wanted.name for one in facts.collections}
    targets = {one.translation.name for one in facts.collections}
    for role, cluster in both(facts):
        about = called(facts, role, cluster)
        if cluster.operations.value is None:
            continue
        wanted = names | targets if facts.spec.same_cluster else names
        mine = wanted if role == "source" else targets
        at_work = [
            f"{one.type.lower() or 'move'} of {one.collection}/{one.shard}"
            for one in cluster.operations.value
            if one.collection in mine and one.status is not None and one.status.state in _AT_WORK
        ]
        if at_work:
            yield blocks(
                "movement", about, f"replicas are being moved: {listed(at_work)}",
                "wait until it is done, or cancel it",
            )  # fmt: skip


def rights(facts: Facts) -> Iterator[Check]:
    """Whether the profiles and the users' roles allow what the job will do."""
    if not facts.target.write:
        yield blocks(
            "permission", f"target {facts.target.name}", "its profile is read-only",
            "set write = true in the profile, or pass --write",
        )  # fmt: skip
    for role, cluster in both(facts):
        about = called(facts, role, cluster)
        own = cluster.own
        if own.value is None:
            yield _not_told(about, own.why)
            continue
        missing = missing_rights(facts, role, own.value)
        if missing:
            yield blocks(
                "permission", about,
                f"{own.value.username or 'the user'} lacks {listed(missing)}",
                "give the user a role that has them",
            )  # fmt: skip
        else:
            who = own.value.username or "the user"
            yield ok("permission", about, f"{who} has every permission that the job needs")


def readonly(facts: Facts) -> Iterator[Check]:
    """READONLY shards: a full disk, or somebody's freeze; writes to them can be lost in silence."""
    for role, cluster in both(facts):
        about = called(facts, role, cluster)
        if cluster.readonly.value is None:
            yield unknown("readonly", about, cluster.readonly.why)
            continue
        counts = cluster.readonly.value
        full = [name for name, (some, total) in counts.items() if total and some == total]
        some = sum(count for count, _ in counts.values())
        takes_writes = role == "target" or facts.spec.same_cluster
        if full and takes_writes:
            yield blocks(
                "readonly", about,
                f"every shard of {listed(full)} is READONLY, as with a full disk",
                "free or add disk, then set the shards READY",
            )  # fmt: skip
        elif some:
            yield warns(
                "readonly", about, f"{some:,} shards are READONLY",
                "find out who set them so: what is written there may be lost without a word",
            )  # fmt: skip
        else:
            yield ok("readonly", about, "no shard is READONLY")


def _newer_source(facts: Facts) -> Iterator[Check]:
    source, target = parse_version(facts.source.version), parse_version(facts.target.version)
    if source is None or target is None or target[:2] >= source[:2]:
        return
    about = f"target {facts.target.name}"
    text = f"{target} is older than the source's {source}: settings it does not know are dropped"
    if facts.spec.strategy is Strategy.BACKUP:
        yield blocks("version-order", about, text, "update the target, or take online or offline")
    else:
        yield warns(
            "version-order", about, text, "the target is read back and compared all the same"
        )


def _not_told(about: str, why: str) -> Check:
    # 1.39.0 answers 401 to own-info where nobody has to say who he is.
    if "401" in why:
        return ok("permission", about, "the cluster asks for no key: everybody may do everything")
    return unknown("permission", about, f"what we may do was not told: {why}")
