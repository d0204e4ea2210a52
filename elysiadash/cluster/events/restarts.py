"""Restarts, seen by a process that is younger than the one that answered before."""

from __future__ import annotations

from elysiadash.cluster.events.event import Event
from elysiadash.cluster.events.seen import Seen
from elysiadash.config.moments import rfc3339_seconds
from elysiadash.weaviate.node_metrics import NodeMetrics

_SLACK_S = 1.0


def restart(address: str, before: NodeMetrics, after: NodeMetrics, seen: Seen) -> list[Event]:
    """One event when another process answers at ``address`` for the same node.

    The process's start time decides; where a node does not tell it, its CPU time falling does.
    """
    if before.node_id and after.node_id and before.node_id != after.node_id:
        return []
    evidence = _start_time(before, after) or _fallen(before, after)
    if evidence is None:
        return []
    node = after.node_id or before.node_id
    started = after.process_start_time
    when = f" at {rfc3339_seconds(started)}" if started is not None else ""
    return [
        Event(
            at=seen.at,
            kind="node.restarted",
            message=f"{node or address} runs as a new process, started{when}"
            if when
            else f"{node or address} runs as a new process",
            severity="warning",
            node=node,
            name=None if node else address,
            before=_words(before.process_start_time),
            after=_words(started),
            evidence=seen.words(f"metrics of {address}, {evidence}"),
        )
    ]


def _start_time(before: NodeMetrics, after: NodeMetrics) -> str | None:
    old, new = before.process_start_time, after.process_start_time
    if old is None or new is None or abs(new - old) <= _SLACK_S:
        return None
    return "process_start_time_seconds"


def _fallen(before: NodeMetrics, after: NodeMetrics) -> str | None:
    if before.process_start_time is not None and after.process_start_time is not None:
        return None
    old, new = before.cpu_seconds, after.cpu_seconds
    return (
        "process_cpu_seconds_total fell"
        if old is not None and new is not None and new < old
        else None
    )


def _words(started: float | None) -> str | None:
    return None if started is None else f"started {rfc3339_seconds(started)}"
