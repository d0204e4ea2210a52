"""The charted numbers over time, from Prometheus' own memory."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from elysiadash.cluster.promql import Wording, duration
from elysiadash.cluster.series import PROMETHEUS, Series
from elysiadash.weaviate.errors import WeaviateError
from elysiadash.weaviate.prometheus import Line, PrometheusClient

_SLOPE_S = 600.0
"""Counts move only when a shard is flushed: a slope needs minutes."""
_QUANTILES = ("query_ms_p50", "query_ms_p95")
_QUEUE_IS_LAST = "of several named vectors the metric tells only the queue of one"


async def past(
    client: PrometheusClient,
    wording: Wording,
    metric: str,
    collection: str,
    *,
    start: float,
    end: float,
    steps: int,
    window: float,
) -> Series:
    """``metric`` of a collection ("": the whole cluster) in even steps, gaps kept.

    ``window`` is the least time in seconds that a value is taken over. Never raises for a server:
    ``problem`` then says why there is nothing.
    """
    step = (end - start) / steps
    span = max(step, window)
    if metric == "objects_per_s":
        return await _slope(client, wording, collection, start, end, steps, span)
    promql = wording.past(metric, collection, span)
    if promql is None:
        return _series(start, end, [None] * steps, f"no metric tells {metric}")
    try:
        answer = await client.query_range(promql, start + step, end, step)
        values = _values(answer.lines, start, step, steps)
        if metric in _QUANTILES:
            values = await _not_inside_the_lowest(client, wording, values)
    except WeaviateError as error:
        return _series(start, end, [None] * steps, _words(error))
    problem = answer.warnings[0] if answer.warnings else None
    if problem is None and all(value is None for value in values):
        problem = _nothing(metric, collection, client.setting.match)
    if problem is None and metric == "vector_queue":
        problem = _QUEUE_IS_LAST
    return _series(start, end, values, problem)


async def _slope(
    client: PrometheusClient,
    wording: Wording,
    collection: str,
    start: float,
    end: float,
    steps: int,
    span: float,
) -> Series:
    """Objects gained per second over ten minutes or a step, whichever is longer."""
    step = (end - start) / steps
    back = ceil(_SLOPE_S / step)
    promql = wording.past("objects", collection, span) or ""
    try:
        answer = await client.query_range(promql, start + step - back * step, end, step)
    except WeaviateError as error:
        return _series(start, end, [None] * steps, _words(error))
    counts = _values(answer.lines, start - back * step, step, steps + back)
    values = [
        None if new is None or old is None else (new - old) / (back * step)
        for old, new in zip(counts, counts[back:], strict=False)
    ]
    problem = None
    if all(value is None for value in values):
        problem = f"a slope needs counts {duration(back * step)} apart, and there are none"
    return _series(start, end, values, problem)


async def _not_inside_the_lowest(
    client: PrometheusClient, wording: Wording, values: Sequence[float | None]
) -> list[float | None]:
    """Below the lowest bound nothing is known: the bound itself, as in the rows."""
    if all(value is None for value in values):
        return list(values)
    answer = await client.query(wording.bounds())
    lowest = min((float(sample.labels["le"]) for sample in answer.samples), default=0.0)
    return [None if value is None else max(value, lowest) for value in values]


def _values(lines: Sequence[Line], start: float, step: float, steps: int) -> list[float | None]:
    """The value at the end of each step; None where Prometheus gave none."""
    values: list[float | None] = [None] * steps
    for at, value in lines[0].points if lines else ():
        place = round((at - start) / step) - 1
        if 0 <= place < steps:
            values[place] = value
    return values


def _series(
    start: float, end: float, values: Sequence[float | None], problem: str | None
) -> Series:
    return Series(start=start, end=end, values=tuple(values), source=PROMETHEUS, problem=problem)


def _words(error: WeaviateError) -> str:
    return f"{error.what}: {error.detail}" if error.detail else error.what


def _nothing(metric: str, collection: str, match: str | None) -> str:
    of = f" of {collection}" if collection else ""
    which = f" with {match}" if match else ""
    what = "no query" if metric in _QUANTILES else "no series"
    return f"Prometheus has {what}{of}{which} in this time"
