"""``check``: the cluster's state for a monitoring system, in one line and an exit code."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from elysiadash.cli.choosing import Chosen, chosen_cluster
from elysiadash.cli.documents import (
    CheckDocument,
    Cluster,
    EvidenceItem,
    FindingItem,
    Performance,
    Problem,
)
from elysiadash.cli.envelope import (
    cluster_of,
    optional_time,
    problems_of,
)
from elysiadash.cli.exits import CommandFailed
from elysiadash.cli.flags import ClusterFlags
from elysiadash.cli.output import write, write_json
from elysiadash.cli.plugin import STATUS, plugin_text, summary
from elysiadash.cli.self_metrics import keep_self_metrics
from elysiadash.cli.session import FIRST_STEPS, ask, live_rows, run_to_end, watching
from elysiadash.cli.words import plural
from elysiadash.cluster.lanes import FAST
from elysiadash.cluster.slices import Kind
from elysiadash.cluster.watch import Watch
from elysiadash.config.moments import rfc3339
from elysiadash.health.applying import LOOKS_NEEDED, ApplyLooks, StuckChange
from elysiadash.health.finding import Finding, Severity, worst
from elysiadash.health.findings import find
from elysiadash.health.picture import picture_of

_RESERVE_S = 0.8
"""Of the time limit, kept for starting, deciding and printing."""
_LOOK_EVERY_S = 1.0


class CheckWish(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the command line asks for. ``timeout`` is seconds for everything."""

    timeout: float = 5.0
    warn_only: bool = False
    advice: bool = False
    metrics: bool = False
    shards: bool = True
    as_json: bool = False
    self_metrics: Path | None = None


class Verdict(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What was found, and what the cluster looked like."""

    at: float
    severity: Severity
    message: str
    findings: tuple[Finding, ...] = ()
    performance: dict[str, Performance] = {}
    cluster: Cluster | None = None
    problems: tuple[Problem, ...] = ()


def check(flags: ClusterFlags, wish: CheckWish) -> int:
    """Print the state; returns the plugin's exit code."""
    try:
        with chosen_cluster(flags) as chosen:
            return run_to_end(_check(chosen, wish))
    except CommandFailed as failed:
        return tell_unknown(failed, wish)


def tell_unknown(failed: CommandFailed, wish: CheckWish) -> int:
    """Settings or usage that do not allow an answer are UNKNOWN, whatever the cluster does."""
    words = "; ".join(part.replace("\n", " ") for part in (failed.message, failed.hint) if part)
    return _tell(Verdict(at=time.time(), severity=Severity.UNKNOWN, message=words), wish)


async def _check(chosen: Chosen, wish: CheckWish) -> int:
    try:
        # The limits of the questions come first; this one holds whatever happens.
        async with asyncio.timeout(wish.timeout):
            verdict = await _verdict(chosen, wish)
    except TimeoutError:
        words = f"no verdict on {chosen.profile.name} within {wish.timeout:g} s"
        verdict = Verdict(at=time.time(), severity=Severity.UNKNOWN, message=words)
    return _tell(verdict, wish)


async def _verdict(chosen: Chosen, wish: CheckWish) -> Verdict:
    deadline = time.monotonic() + max(0.1, wish.timeout - _RESERVE_S)
    kinds = FAST | {Kind.SCHEMA}
    kinds |= {Kind.VERBOSE} if wish.shards else frozenset()
    kinds |= {Kind.METRICS} if wish.metrics else frozenset()
    async with watching(chosen) as watch:
        await ask(watch, kinds, deadline - time.monotonic())
        await _count_tenants_if_needed(watch, deadline)
        stuck = await _looks(watch, deadline)
        rows = await live_rows(watch)
        findings = find(picture_of(watch, rows, stuck=stuck, advice=wish.advice))
        if chosen.assumed and not _anything(watch):
            words = f"no cluster is named, and none answers at {chosen.profile.url}"
            raise CommandFailed(words, FIRST_STEPS)
        keep_self_metrics(wish.self_metrics, watch)
        cluster = cluster_of(watch, demo=chosen.demo)
        return Verdict(
            at=watch.store.clock(),
            severity=worst(finding.severity for finding in findings),
            message=_message(cluster, len(rows), findings),
            findings=findings,
            performance=_performance(watch, cluster, wish),
            cluster=cluster,
            problems=problems_of(watch),
        )


async def _count_tenants_if_needed(watch: Watch, deadline: float) -> None:
    """With a node away, only the lists of tenants tell which of them have no replica left.

    They are long and asked of the leader: not while all is well, nor where nobody leads.
    """
    view = watch.cluster()
    away = watch.missing_nodes() and watch.store.get(Kind.VERBOSE).value is not None
    left = deadline - time.monotonic()
    if away and view.leader and left > 0 and watch.asks.multi_tenant_collections():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(left):
                await watch.pollers[Kind.TENANTS].once()


async def _looks(watch: Watch, deadline: float) -> tuple[StuckChange, ...]:
    """Look again where a node has unfinished raft changes; one look says nothing."""
    looks = ApplyLooks()
    stuck: tuple[StuckChange, ...] = ()
    for number in range(LOOKS_NEEDED):
        if number:
            if not looks.any_waiting or time.monotonic() + _LOOK_EVERY_S > deadline:
                return stuck
            await asyncio.sleep(_LOOK_EVERY_S)
            await watch.pollers[Kind.STATISTICS].once()
        statistics = watch.store.get(Kind.STATISTICS).value
        if statistics is None:
            return stuck
        stuck = looks.look(statistics, time.monotonic())
    return stuck


def _anything(watch: Watch) -> bool:
    return any(watch.store.get(kind).value is not None for kind in (Kind.NODES, Kind.SCHEMA)) or (
        any(piece.value is not None for piece in watch.store.all(Kind.READY).values())
    )


def _message(cluster: Cluster, collections: int, findings: Sequence[Finding]) -> str:
    demo = "DEMO: " if cluster.demo else ""
    if findings:
        return f"{demo}{cluster.name}: {summary(findings)}"
    nodes = f"{cluster.nodes_live} of {cluster.nodes_expected} nodes live"
    what = f"{nodes}, leader {cluster.leader}, {plural(collections, 'collection')}"
    return f"{demo}{cluster.name}: {what}, weaviate {cluster.version}"


def _performance(watch: Watch, cluster: Cluster, wish: CheckWish) -> dict[str, Performance]:
    report = watch.store.get(Kind.VERBOSE).value
    shards = report.by_collection.values() if report else ()
    load = watch.own_load()
    expected = cluster.nodes_expected
    found = {
        "nodes_live": Performance(
            value=cluster.nodes_live,
            unit="",
            warning="",
            critical=f"{expected}:" if expected else "",
            minimum=0,
            maximum=expected,
        )
    }
    if wish.shards:
        known = report is not None
        # A sum without a dead node's shards would draw as a loss of data.
        whole = known and bool(shards) and not watch.missing_nodes()
        found["objects"] = _plain(sum(part.objects for part in shards) if whole else None)
        found["shards_readonly"] = _plain(
            sum(part.readonly_replicas for part in shards) if known else None, critical="0"
        )
        found["vector_queue"] = _plain(sum(part.vector_queue for part in shards) if known else None)
    found["own_requests"] = _plain(load.requests_per_minute)
    p95 = None if load.p95_ms is None else round(load.p95_ms / 1000, 4)
    found["own_p95"] = _plain(p95, unit="s")
    return found


def _plain(value: float | None, *, unit: str = "", critical: str = "") -> Performance:
    return Performance(
        value=value, unit=unit, warning="", critical=critical, minimum=0, maximum=None
    )


def _tell(verdict: Verdict, wish: CheckWish) -> int:
    severity = verdict.severity
    if wish.warn_only and severity is Severity.CRITICAL:
        severity = Severity.WARNING
    word, code = STATUS[severity]
    if not wish.as_json:
        write(plugin_text(word, verdict.message, verdict.performance, verdict.findings))
        return code
    write_json(
        CheckDocument(
            at=rfc3339(verdict.at),
            cluster=verdict.cluster,
            problems=verdict.problems,
            status=word,  # type: ignore[arg-type]
            exit_code=int(code),
            message=verdict.message,
            performance=verdict.performance,
            items=tuple(_item(finding) for finding in verdict.findings),
        )
    )
    return code


def _item(finding: Finding) -> FindingItem:
    return FindingItem(
        code=finding.code,
        severity=finding.severity.value,
        node=finding.node,
        collection=finding.collection,
        shard=finding.shard,
        tenant=finding.tenant,
        since=optional_time(finding.since),
        message=finding.message,
        impact=finding.impact,
        cause=finding.cause,
        action=finding.action,
        evidence=tuple(
            EvidenceItem(
                source=one.source, field=one.field, value=one.value, at=optional_time(one.at)
            )
            for one in finding.evidence
        ),
    )
