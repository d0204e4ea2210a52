"""Rates and latencies of collections, from two readings of every node's metrics."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from elysiadash.cluster.processes import is_new_process
from elysiadash.weaviate.node_metrics import CollectionMetrics, NodeMetrics
from elysiadash.weaviate.rates import QuantileEstimate, bucket_delta, counter_rate, quantile


class Reading(msgspec.Struct, frozen=True, gc=False):
    """One node's metrics and when they were read (monotonic seconds)."""

    at: float
    metrics: NodeMetrics


class CollectionTraffic(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Rates per second and latencies in milliseconds of one collection, nodes together.

    Latencies are None without a query between the two readings.
    """

    queries_per_s: float | None = None
    imports_per_s: float | None = None
    vector_ops_per_s: float | None = None
    p50: QuantileEstimate | None = None
    p95: QuantileEstimate | None = None


class Traffic:
    """The last two readings of every metrics address, and what happened between them."""

    def __init__(self) -> None:
        self._pairs: dict[str, tuple[Reading | None, Reading]] = {}

    def observe(self, address: str, reading: Reading) -> bool:
        """Take a new reading of one address; False when another node answered than before."""
        before = self._pairs.get(address)
        same = before is None or _same_node(before[1].metrics, reading.metrics)
        self._pairs[address] = (before[1] if before and same else None, reading)
        return same

    def keep_only(self, addresses: Iterable[str]) -> None:
        """Forget the addresses that are asked no longer."""
        for gone in self._pairs.keys() - set(addresses):
            del self._pairs[gone]

    def latest(self) -> dict[str, NodeMetrics]:
        """The newest reading of each address."""
        return {address: pair[1].metrics for address, pair in self._pairs.items()}

    def ready(self) -> bool:
        """Whether at least one address was read twice."""
        return any(before is not None for before, _ in tuple(self._pairs.values()))

    def by_collection(self, addresses: Collection[str]) -> dict[str, CollectionTraffic]:
        """Every collection in both readings of a node, over the nodes at ``addresses``."""
        # A copy in one step: readings arrive on the loop while this runs in a thread.
        latest = tuple(self._pairs.items())
        pairs = [(old, new) for at, (old, new) in latest if old is not None and at in addresses]
        names = {name for _, new in pairs for name in new.metrics.per_collection}
        return {name: _between(name, pairs) for name in names}


def _between(name: str, pairs: Iterable[tuple[Reading, Reading]]) -> CollectionTraffic:
    queries: list[float | None] = []
    imports: list[float | None] = []
    vector_ops: list[float | None] = []
    deltas: list[dict[float, float]] = []
    for old, new in pairs:
        after = new.metrics.per_collection.get(name)
        if after is None:
            continue
        before = old.metrics.per_collection.get(name) or CollectionMetrics()
        seconds = new.at - old.at
        restarted = is_new_process(old.metrics, new.metrics)
        # Series of queries and imports begin with the first one: none yet is none at all.
        queries.append(_rate(before.query_count, after.query_count or 0.0, seconds, restarted))
        imports.append(_rate(before.imports, after.imports or 0.0, seconds, restarted))
        vector_ops.append(_rate(before.vector_ops, after.vector_ops, seconds, restarted))
        # Most collections are idle most of the time: nothing to take apart.
        if after.query_buckets and (restarted or after.query_count != before.query_count):
            deltas.append(bucket_delta(before.query_buckets, after.query_buckets, restarted))
    return CollectionTraffic(
        queries_per_s=_sum(queries),
        imports_per_s=_sum(imports),
        vector_ops_per_s=_sum(vector_ops),
        p50=quantile(deltas, 0.50),
        p95=quantile(deltas, 0.95),
    )


def _same_node(old: NodeMetrics, new: NodeMetrics) -> bool:
    return old.node_id is None or new.node_id is None or old.node_id == new.node_id


def _rate(
    before: float | None, after: float | None, seconds: float, restarted: bool
) -> float | None:
    if after is None:
        return None
    # A series that appears between two readings started at 0.
    return counter_rate(before or 0.0, after, seconds, restarted=restarted)


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
