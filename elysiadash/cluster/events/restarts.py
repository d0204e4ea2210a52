"""Restarts, seen by a process that is younger than the one that answered before."""

from __future__ import annotations

from elysiadash.cluster.events.event import Event
from elysiadash.cluster.events.seen import Seen
from elysiadash.cluster.processes import is_new_process
from elysiadash.config.moments import rfc3339_seconds
from elysiadash.weaviate.node_metrics import NodeMetrics


def restart(address: str, before: NodeMetrics, after: NodeMetrics, seen: Seen) -> list[Event]:
    """One event when another process answers at ``address`` for the same node."""
    if before.node_id and after.node_id and before.node_id != after.node_id:
        return []
    if not is_new_process(before, after):
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
            evidence=seen.words(f"metrics of {address}, {_evidence(before, after)}"),
        )
    ]


def _evidence(before: NodeMetrics, after: NodeMetrics) -> str:
    if before.process_start_time is None or after.process_start_time is None:
        return "process_cpu_seconds_total fell"
    return "process_start_time_seconds"


def _words(started: float | None) -> str | None:
    return None if started is None else f"started {rfc3339_seconds(started)}"
