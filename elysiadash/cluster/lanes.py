"""The questions of a watch, in their lanes: how often each is asked, and what it costs at most."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from elysiadash.cluster.asks import Asks
from elysiadash.cluster.poller import Poller, Schedule
from elysiadash.cluster.slices import Kind, Problem
from elysiadash.cluster.store import Store
from elysiadash.config.profile import Profile

FAST = frozenset({Kind.READY, Kind.NODES, Kind.STATISTICS})
SLOW = frozenset(
    {
        Kind.CAPABILITIES,
        Kind.SCHEMA,
        Kind.ALIASES,
        Kind.VERBOSE,
        Kind.TENANTS,
        Kind.OPERATIONS,
        Kind.TASKS,
        Kind.BACKUPS,
    }
)
METRICS = frozenset({Kind.METRICS, Kind.DISK})
EVERYTHING = FAST | SLOW | METRICS

_SINGLE = frozenset(
    {
        Kind.NODES,
        Kind.STATISTICS,
        Kind.SCHEMA,
        Kind.ALIASES,
        Kind.VERBOSE,
        Kind.OPERATIONS,
        Kind.TASKS,
        Kind.CAPABILITIES,
    }
)
"""Kinds with one slice only."""


def pollers(asks: Asks, store: Store, profile: Profile) -> dict[Kind, Poller]:
    """A poller for each question."""
    intervals, limits = profile.intervals, profile.limits
    backoff = {
        "backoff_first": limits.backoff_first_s,
        "backoff_max": limits.backoff_max_s,
        "refused": 10 * limits.backoff_max_s,
    }
    park = profile.timeouts.park
    # A refused connection costs nothing, and seeing a node come back soon is worth it.
    probes = Schedule(interval=intervals.fast, **{**backoff, "backoff_max": intervals.fast})
    fan_out = Schedule(interval=intervals.fast, park=park, **backoff)
    slow = Schedule(interval=intervals.slow, cost_factor=intervals.slow_cost_factor, **backoff)
    verbose = Schedule(
        interval=intervals.slow, cost_factor=intervals.slow_cost_factor, park=park, **backoff
    )
    metrics = Schedule(
        interval=intervals.metrics, cost_factor=intervals.metrics_cost_factor, **backoff
    )
    backups = Schedule(interval=intervals.backups, **backoff)
    plan: tuple[tuple[Kind, Any, Schedule], ...] = (
        (Kind.READY, asks.ready, probes),
        (Kind.NODES, asks.nodes, fan_out),
        (Kind.STATISTICS, asks.statistics, fan_out),
        (Kind.CAPABILITIES, asks.capabilities, slow),
        (Kind.SCHEMA, asks.schema, slow),
        (Kind.ALIASES, asks.aliases, slow),
        (Kind.VERBOSE, asks.verbose, verbose),
        (Kind.TENANTS, asks.tenants, slow),
        (Kind.OPERATIONS, asks.operations, slow),
        (Kind.TASKS, asks.tasks, slow),
        (Kind.BACKUPS, asks.backups, backups),
        (Kind.METRICS, asks.metrics, metrics),
        *(((Kind.DISK, asks.disks, metrics),) if asks.prometheus is not None else ()),
    )
    return {
        kind: Poller(
            kind.value,
            ask,
            _noting(store, kind),
            schedule,
            held=asks.verbose_held if kind is Kind.VERBOSE else lambda: None,
            waits_for_nobody=asks.waits_for_nobody,
            # Metrics come from each node itself, or from a Prometheus.
            changes_over=(lambda: False) if kind in METRICS else asks.changeover.lasts,
        )
        for kind, ask, schedule in plan
    }


def _noting(store: Store, kind: Kind) -> Callable[[Problem], None]:
    def note(problem: Problem) -> None:
        # Kinds with many slices have noted a failure of their own on each of them.
        noted = {piece.problem for piece in store.all(kind).values()}
        if kind in _SINGLE or problem not in noted:
            store.fail(kind, problem)

    return note
