"""What happened between two readings of counters and histograms. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import msgspec

Buckets = Sequence[tuple[float, float]]


class QuantileEstimate(msgspec.Struct, frozen=True, gc=False):
    """Milliseconds below which a share of the queries stayed, as exactly as the buckets tell.

    ``below``: all that is known is that it is less than ``ms``, the lowest bound (show "<10").
    ``above``: all that is known is that it is more than ``ms``, the highest bound.
    """

    ms: float
    below: bool = False
    above: bool = False


def counter_rate(
    older: float | None, newer: float | None, seconds: float, *, restarted: bool
) -> float | None:
    """Events per second between two readings of a counter; None where they do not tell.

    After a restart the counter began at 0, and what it shows happened in this time: the rate is
    then too low by what the old process did last, never too high. A counter that fell without a
    restart is a sum that lost members (a tenant or collection was dropped): nothing is known.
    """
    if older is None or newer is None or seconds <= 0:
        return None
    began_at = 0.0 if restarted else older
    return (newer - began_at) / seconds if newer >= began_at else None


def bucket_delta(older: Buckets, newer: Buckets, restarted: bool) -> dict[float, float]:
    """Cumulative counts by upper bound of what came between two readings of one node's histogram.

    Where the histogram began anew (a restart, other bounds, a count that fell because the
    collection was created again) all of ``newer`` came in between.
    """
    after = dict(newer)
    before = dict(older)
    if restarted or before.keys() != after.keys():
        return after
    delta = {bound: count - before[bound] for bound, count in after.items()}
    return after if any(count < 0 for count in delta.values()) else delta


def quantile(deltas: Iterable[Mapping[float, float]], q: float) -> QuantileEstimate | None:
    """The ``q`` quantile (0 to 1) over all nodes' deltas; None where nothing was counted.

    Nodes of different versions may have different bounds: only bounds that all of them have
    are used, since counts add up exactly there. Inside a bucket values are taken as evenly
    spread, as Prometheus does, but never inside the lowest one.
    """
    counts = _added([delta for delta in deltas if any(delta.values())])
    bounds = sorted(counts)
    if len(bounds) < 2 or not math.isinf(bounds[-1]):
        return None
    rank = q * counts[bounds[-1]]
    lower_bound, lower_count = 0.0, 0.0
    for bound in bounds:
        count = counts[bound]
        if count < lower_count:
            # Nodes are not read at one instant; a cumulative count never falls all the same.
            count = lower_count
        if count >= rank:
            if bound == bounds[0]:
                return QuantileEstimate(bound, below=True)
            if math.isinf(bound):
                break
            share = (rank - lower_count) / (count - lower_count)
            return QuantileEstimate(lower_bound + (bound - lower_bound) * share)
        lower_bound, lower_count = bound, count
    return QuantileEstimate(bounds[-2], above=True)


def _added(deltas: Sequence[Mapping[float, float]]) -> dict[float, float]:
    """Counts of all histograms together, at the bounds they share."""
    if not deltas:
        return {}
    counts = dict(deltas[0])
    for delta in deltas[1:]:
        if delta.keys() != counts.keys():
            counts = {bound: count for bound, count in counts.items() if bound in delta}
        for bound in counts:
            counts[bound] += delta[bound]
    return counts
