"""What each node uses of its machine: memory and loaded shards by its metrics, disk by Prometheus.

Weaviate tells no disk by any API; where the profile names a ``prometheus``, what that knows of
volumes and file systems stands in. What is not known has a reason beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from elysiadash.cluster.disks import NodeDisk
from elysiadash.cluster.rows import NO_METRICS
from elysiadash.cluster.slices import EMPTY, Kind, Slice
from elysiadash.cluster.store import Store
from elysiadash.cluster.view import LIVE_STATES, NodeView
from elysiadash.weaviate.node_metrics import NodeMetrics

NO_DISK = "Weaviate tells no disk by any API; the profile's prometheus would"
_NOT_RECORDED = "not in this recording at this moment"
_UNNAMED = "the metrics do not name the node before 1.30.4"
_NO_LIMIT = "no GOMEMLIMIT is set at the node, or this release does not tell it"
_NOT_TOLD = "not among the node's metrics"
_NOT_ASKED = "not asked yet"
_UNLIMITED = float(2**62)
"""Go tells 2^63 - 1 where no limit was set, which text may have rounded; no node has half of it."""
METRICS_FIELDS = (
    "memory_bytes",
    "memory_limit_bytes",
    "heap_bytes",
    "shards_loaded",
    "shards_unloaded",
)
DISK_FIELDS = ("disk_used_share", "disk_free_bytes", "disk_size_bytes")


class NodeUsage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Of one node. ``not_exposed``: field -> why it is None.

    ``memory_bytes`` is the process's resident memory, pages of mapped files included;
    ``memory_limit_bytes`` GOMEMLIMIT, which is for Go's own memory and not for those pages;
    ``heap_bytes`` Go heap in use; ``shards_unloaded`` are on disk and not in memory.
    ``disk_used_share`` is 0 to 1. ``metrics_at`` and ``disk_at`` are wall-clock seconds.
    """

    memory_bytes: int | None = None
    memory_limit_bytes: int | None = None
    heap_bytes: int | None = None
    shards_loaded: int | None = None
    shards_unloaded: int | None = None
    disk_used_share: float | None = None
    disk_free_bytes: int | None = None
    disk_size_bytes: int | None = None
    disk_place: str = ""
    """The volume's claim or the mount point."""
    disk_metric: str = ""
    metrics_at: float | None = None
    disk_at: float | None = None
    not_exposed: dict[str, str] = {}


def usage_by_node(
    store: Store, nodes: Iterable[NodeView], *, prometheus: bool, recorded: bool = False
) -> dict[str, NodeUsage]:
    """The usage of each node. ``prometheus``: the profile names one, which is asked for all.
    ``recorded``: a recording is played back, whose profile nobody can change any more."""
    metrics, disks = store.all(Kind.METRICS), store.all(Kind.DISK)
    by_name = {
        piece.value.node_id: piece
        for of, piece in metrics.items()
        if of and piece.value is not None and piece.value.node_id
    }
    found = {
        view.node: _usage_of(view, _metrics_of(view, by_name, metrics), disks, prometheus)
        for view in nodes
    }
    return {node: _as_recorded(usage) for node, usage in found.items()} if recorded else found


def _as_recorded(usage: NodeUsage) -> NodeUsage:
    """Without advice on what to set."""
    advice = (NO_METRICS, NO_DISK)
    why = {
        field: _NOT_RECORDED if words in advice else words
        for field, words in usage.not_exposed.items()
    }
    return msgspec.structs.replace(usage, not_exposed=why)


def _metrics_of(
    view: NodeView,
    by_name: Mapping[str, Slice[NodeMetrics]],
    by_address: Mapping[str, Slice[NodeMetrics]],
) -> Slice[NodeMetrics]:
    own = by_name.get(view.node)
    if own is None and view.metrics_address:
        own = by_address.get(view.metrics_address)
    # A Prometheus that is down has its problem on the slice of all nodes.
    return own or msgspec.structs.replace(by_address.get("", EMPTY), value=None)


def _usage_of(
    view: NodeView,
    metrics: Slice[NodeMetrics],
    disks: Mapping[str, Slice[NodeDisk]],
    prometheus: bool,
) -> NodeUsage:
    if view.status not in LIVE_STATES:
        away = f"the node is {view.status}"
        return NodeUsage(not_exposed=dict.fromkeys((*METRICS_FIELDS, *DISK_FIELDS), away))
    disk = disks.get(view.node, EMPTY)
    found: dict[str, Any] = {**_from_metrics(metrics.value), **_from_disk(disk.value)}
    no_metrics = _why_no_metrics(view, metrics, prometheus)
    no_disk = _why_no_disk(disk, disks.get("", EMPTY), prometheus)
    if no_disk is None:
        no_disk = no_metrics if metrics.value is None else _NOT_ASKED
    why = {name: no_metrics for name in METRICS_FIELDS if found.get(name) is None}
    if metrics.value is not None and "memory_limit_bytes" in why:
        why["memory_limit_bytes"] = _NO_LIMIT
    why |= {name: no_disk for name in DISK_FIELDS if found.get(name) is None}
    return NodeUsage(
        **found,
        metrics_at=metrics.fetched_at if metrics.value is not None else None,
        disk_at=disk.fetched_at,
        not_exposed=why,
    )


def _from_metrics(found: NodeMetrics | None) -> dict[str, int | None]:
    if found is None:
        return {}
    limit = found.memory_limit_bytes
    return {
        "memory_bytes": _whole(found.resident_bytes),
        "memory_limit_bytes": None if limit is None or limit >= _UNLIMITED else int(limit),
        "heap_bytes": _whole(found.heap_bytes),
        "shards_loaded": _whole(found.shards_loaded),
        "shards_unloaded": _whole(found.shards_unloaded),
    }


def _from_disk(found: NodeDisk | None) -> dict[str, Any]:
    if found is None:
        return {}
    return {
        "disk_used_share": found.used_share,
        "disk_free_bytes": found.free_bytes,
        "disk_size_bytes": found.size_bytes,
        "disk_place": found.place,
        "disk_metric": found.metric,
    }


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _why_no_metrics(view: NodeView, metrics: Slice[NodeMetrics], prometheus: bool) -> str:
    if metrics.value is not None:
        return _NOT_TOLD
    if metrics.problem is not None:
        return metrics.problem.what
    if prometheus:
        return _UNNAMED if metrics.fetched_at is not None else _NOT_ASKED
    return _NOT_ASKED if view.metrics_address else NO_METRICS


def _why_no_disk(own: Slice[NodeDisk], everyone: Slice[NodeDisk], prometheus: bool) -> str | None:
    """None where the node itself has no metrics, which says why."""
    if own.value is not None:
        return own.value.why or "Prometheus does not tell the disk's size"
    if everyone.problem is not None:
        return everyone.problem.what
    return None if prometheus else NO_DISK
