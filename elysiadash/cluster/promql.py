"""The PromQL we ask, as text. Pure; names and meanings are those of ``weaviate.node_metrics``.

Several figures come back from one query: each series has a label ``figure`` that says which one
it is of. Prometheus adds up over nodes and shards, so an answer grows with the collections only.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

from elysiadash.config.profile import Prometheus

SEEN = ("weaviate_build_info", "shards_loaded")
"""Every Weaviate tells these from its start on: their samples say who is scraped, and how often."""

QUANTILES = {"p50": 0.50, "p95": 0.95}
_QUERIES = "queries_durations_ms"
_IMPORTS = "batch_objects_processed_total"
_VECTOR_OPS = "vector_index_operations"
_SEGMENTS = ("lsm_active_segments", "lsm_objects_bucket_segment_count")

SUMMED = {
    "lsm_segment_size": "lsm_bytes",
    "vector_index_tombstones": "tombstones",
    "vector_index_size": "vector_slots",
    "vector_dimensions_sum": "dimensions",
    "object_count": "object_count",
    "queue_size": "queue_size",
}
"""Gauge -> field of ``CollectionMetrics``; summed over shards and nodes."""

NAMED = "weaviate_cluster_store_raft_last_applied_index"
"""Its label ``nodeID`` is the node's name (1.30.4 and later)."""

NODE_GAUGES = {
    "process_start_time_seconds": "process_start_time",
    "process_cpu_seconds_total": "cpu_seconds",
    "process_resident_memory_bytes": "resident_bytes",
    "go_memstats_heap_inuse_bytes": "heap_bytes",
    "go_gc_gomemlimit_bytes": "memory_limit_bytes",
    "shards_loaded": "shards_loaded",
    "shards_unloaded": "shards_unloaded",
    NAMED: "raft_applied_index",
}
"""Series of a node -> field of ``NodeMetrics``."""

DISK_FREE = ("kubelet_volume_stats_available_bytes", "node_filesystem_avail_bytes")
DISK_SIZE = ("kubelet_volume_stats_capacity_bytes", "node_filesystem_size_bytes")
_NO_DISK = "tmpfs|ramfs|devtmpfs|overlay|squashfs"


def quoted(text: str) -> str:
    """A text as a PromQL string."""
    escaped = text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return f'"{escaped}"'


def any_of(texts: Iterable[str]) -> str:
    """A pattern that matches exactly these texts, as a PromQL string."""
    return quoted("|".join(re.escape(text).replace(r"\-", "-") for text in texts))


def duration(seconds: float) -> str:
    """Whole seconds, rounded up: no release of any of the servers refuses them."""
    return f"{max(1, math.ceil(seconds))}s"


class Wording:
    """The queries of one ``prometheus`` setting."""

    def __init__(self, setting: Prometheus) -> None:
        self._match = setting.match
        self._node = setting.node_label
        self._disk = setting.disk

    def select(self, name: str | tuple[str, ...], *more: str) -> str:
        """A selector of this cluster's series by name, or by several names."""
        named = isinstance(name, str)
        parts = [] if named else [f"__name__=~{any_of(name)}"]
        parts += [part for part in (self._match, *more) if part]
        return f"{name if named else ''}{{{','.join(parts)}}}"

    def scrapes(self, seconds: float) -> str:
        """The raw samples of ``SEEN`` over the last ``seconds``."""
        return f"{self.select(SEEN)}[{duration(seconds)}]"

    def nodes(self) -> str:
        """``NODE_GAUGES`` and ``build`` of each node."""
        node, seen = self._node, self.select(SEEN)
        gauges = f"max by (__name__,{node},nodeID) ({self.select(tuple(NODE_GAUGES))})"
        build = f"max by ({node},version) ({self.select('weaviate_build_info')})"
        # Without a match, other processes that the same Prometheus scrapes have these names too.
        return (
            f"{_by_name(gauges, f'{node},nodeID')} and on ({node}) {seen} or "
            f"{_tagged({'build': build})}"
        )

    def names(self) -> str:
        """The node's name behind each scraped label, as far as its release tells it."""
        return f"max by ({self._node},nodeID) ({self.select(NAMED)})"

    def traffic(self, window: float) -> str:
        """Rates and latencies by collection over ``window``, and the histogram's ``bounds``.

        A collection without a query or an import, and a latency without a query, have no series.
        """
        span = duration(window)
        figures = {
            "queries_per_s": f"{self._rate(f'{_QUERIES}_count', span)} > 0",
            "imports_per_s": f"{self._rate(_IMPORTS, span)} > 0",
            "vector_ops_per_s": self._rate(_VECTOR_OPS, span),
            "bound": f"count by (le) ({self.select(f'{_QUERIES}_bucket')})",
        }
        buckets = f"rate({self.select(f'{_QUERIES}_bucket')}[{span}])"
        for name, share in QUANTILES.items():
            # Not a number, which no comparison lets through, is what no query at all gives.
            quantile = f"histogram_quantile({share:g}, sum by (class_name,le) ({buckets}))"
            figures[name] = f"{quantile} >= 0"
        return _tagged(figures)

    def sizes(self) -> str:
        """``SUMMED`` by collection, segments and the number of shards."""
        sums = f"sum by (__name__,class_name) ({self.select(tuple(SUMMED))})"
        segments = self.select(_SEGMENTS, 'path=~"(.*/objects)?"')
        figures = {
            "segments_max": f"max by (class_name) ({segments})",
            "segments_min": f"min by (class_name) ({segments})",
            "lsm_shards": f"count by (class_name) ({segments})",
            "shards": f"count by (class_name) ({self.select('object_count')})",
            "critical": f"count({self.select(_SEGMENTS[1])})",
        }
        return f"{_by_name(sums, 'class_name')} or {_tagged(figures)}"

    def disks(self, nodes: Mapping[str, str]) -> str:
        """Free and whole bytes of what may hold the data of ``nodes`` (name -> its label)."""
        claims = quoted(f".*({'|'.join(map(_plain, nodes))})")
        hosts = {value.rsplit(":", 1)[0] for value in nodes.values()}
        found = quoted(f"({'|'.join(_plain(host) for host in sorted(hosts))})(:[0-9]+)?")
        own = [self._disk] if self._disk else []
        volumes = [
            f"__name__=~{any_of((DISK_FREE[0], DISK_SIZE[0]))}",
            f"persistentvolumeclaim=~{claims}",
            *own,
        ]
        systems = [
            f"__name__=~{any_of((DISK_FREE[1], DISK_SIZE[1]))}",
            f"{self._node}=~{found}",
            f"fstype!~{quoted(_NO_DISK)}",
            *own,
        ]
        return f"{{{','.join(volumes)}}} or {{{','.join(systems)}}}"

    def past(self, metric: str, collection: str, window: float) -> str | None:
        """A charted metric over ``window`` before each moment; None where no series tells it.

        ``collection`` "" is the whole cluster.
        """
        own = (f"class_name={quoted(collection)}",) if collection else ()
        span = duration(window)
        scraped = f"count_over_time({self.select(SEEN)}[{span}])"
        # A collection's series begin with its first query or import: until then there were none.
        none_yet = f"0 * count({scraped} > 1)"
        if metric == "queries_per_s":
            return f"sum(rate({self.select(f'{_QUERIES}_count', *own)}[{span}])) or {none_yet}"
        if metric == "imports_per_s":
            return f"sum(rate({self.select(_IMPORTS, *own)}[{span}])) or {none_yet}"
        if metric in ("query_ms_p50", "query_ms_p95"):
            share = QUANTILES[metric.removeprefix("query_ms_")]
            buckets = f"rate({self.select(f'{_QUERIES}_bucket', *own)}[{span}])"
            return f"histogram_quantile({share:g}, sum by (le) ({buckets}))"
        if metric == "vector_queue":
            return f"sum(avg_over_time({self.select('queue_size', *own)}[{span}]))"
        if metric == "objects":
            return self._objects(own, span)
        return None

    def bounds(self) -> str:
        """The upper bounds of the latency histogram."""
        return f"count by (le) ({self.select(f'{_QUERIES}_bucket')})"

    def _objects(self, own: tuple[str, ...], span: str) -> str:
        counts = f"avg_over_time({self.select('object_count', *own)}[{span}])"
        return f"sum(max by (class_name,shard_name) ({counts}))"

    def _rate(self, name: str, span: str) -> str:
        return f"sum by (class_name) (rate({self.select(name)}[{span}]))"


def _tagged(figures: Mapping[str, str]) -> str:
    """Several expressions as one; the label ``figure`` tells them apart again."""
    return " or ".join(
        f'label_replace({expression}, "figure", {quoted(figure)}, "", "")'
        for figure, expression in figures.items()
    )


def _by_name(expression: str, labels: str) -> str:
    named = f'label_replace({expression}, "figure", "$1", "__name__", "(.+)")'
    # The name would be told twice, in a third of the answer's bytes.
    return f"max by (figure,{labels}) ({named})"


def _plain(text: str) -> str:
    return re.escape(text).replace(r"\-", "-")
