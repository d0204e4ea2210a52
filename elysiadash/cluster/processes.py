"""Whether the process behind a node's metrics is another one than before."""

from __future__ import annotations

from elysiadash.weaviate.node_metrics import NodeMetrics

_SLACK_S = 1.0


def is_new_process(before: NodeMetrics, after: NodeMetrics) -> bool:
    """Whether the node was restarted between two readings of its metrics.

    A start time (``process_start_time_seconds``) is told by the node's clock and moves with it
    when that is set; CPU time (``process_cpu_seconds_total``) falls in a new process only. So the
    start time must have moved, and where it is known the CPU time have fallen; without a CPU time
    a later start decides, without a start time the CPU time.
    """
    fell = _fell(before.cpu_seconds, after.cpu_seconds)
    old, new = before.process_start_time, after.process_start_time
    if old is None or new is None:
        return fell is True
    if fell is None:
        return new - old > _SLACK_S
    return fell and abs(new - old) > _SLACK_S


def _fell(before: float | None, after: float | None) -> bool | None:
    return None if before is None or after is None else after < before
