"""What the site's Prometheus knows of the cluster, as the slices and rows that scraping gives.

Prometheus has scraped the nodes already, so nothing is asked of them: one answer over all nodes
takes the place of their metrics, and rates are Prometheus' own, over a window of at least four of
its samples. A value is as old as Prometheus' last sample, and is told so.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from itertools import pairwise
from statistics import median_low
from typing import Any

import msgspec

from elysiadash.cluster import disks
from elysiadash.cluster.prometheus_past import past
from elysiadash.cluster.promql import NODE_GAUGES, SUMMED, Wording, duration
from elysiadash.cluster.rows import Known
from elysiadash.cluster.series import PROMETHEUS, Series
from elysiadash.cluster.slices import Kind
from elysiadash.cluster.store import Store
from elysiadash.cluster.traffic import CollectionTraffic
from elysiadash.config.profile import Profile
from elysiadash.weaviate.errors import BadAnswer, NotFound, WeaviateError
from elysiadash.weaviate.node_metrics import CollectionMetrics, NodeMetrics
from elysiadash.weaviate.prometheus import Answer, Line, PrometheusClient, Sample
from elysiadash.weaviate.rates import QuantileEstimate

_LOOKS_BACK_S = (900.0, 7200.0)
"""How far to look for two samples of a node, until the interval is known."""
_SAMPLES_IN_WINDOW = 5
"""One more than the four that a rate needs: scrapes come a little early or late."""
_MISSED = 2.5
"""A node without a sample for so many intervals is not being scraped."""
_GROUPED_NAME = "n/a"
_NO_WHOLE = frozenset({"queue_size", "tombstones", "vector_slots"})
"""Gauges that are set, not counted: with grouping each collection overwrites the others."""


class Scrapes(msgspec.Struct, frozen=True, gc=False):
    """How Prometheus scrapes the nodes: ``last`` sample of each node's label (Prometheus' clock),
    and the seconds between two samples, of the slowest node."""

    last: dict[str, float]
    interval: float


class Reading(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the last poll gave. Seconds; ``nodes`` is how many are being scraped."""

    everyone: NodeMetrics
    traffic: dict[str, CollectionTraffic]
    nodes: int
    interval: float
    window: float
    warnings: tuple[str, ...]

    @property
    def words(self) -> str:
        """Where the numbers come from, and how old they may be."""
        every, window = round(self.interval, 1), round(self.window)
        said = f"Prometheus, which scrapes every {every:g} s; rates over {window} s"
        return f"{said}; it warns: {self.warnings[0]}" if self.warnings else said


class PrometheusAsks:
    """The questions to one Prometheus, put into the store as the metrics of the cluster."""

    def __init__(self, profile: Profile, store: Store, client: PrometheusClient) -> None:
        self.client = client
        self.wording = Wording(client.setting)
        self.reading: Reading | None = None
        self.interval: float | None = None
        """Seconds between two scrapes, as seen; None before the first answer."""
        self._profile = profile
        self._store = store
        self._node_label = client.setting.node_label
        self._sizes: Answer | None = None
        self._sizes_due = float("-inf")

    async def poll(self) -> float:
        """Ask everything that rows and nodes need; returns what it cost Prometheus, in seconds.

        Raises the ``WeaviateError`` that fits. Sizes change slowly and are dear where there are
        many shards: they have a pace of their own.
        """
        asked_at = time.monotonic()
        nodes = await self.client.query(self.wording.nodes())
        if not nodes.samples:
            raise await self._nothing_found()
        now = nodes.samples[0].at
        scrapes = await self._see_scrapes(now)
        window = self.window(scrapes.interval)
        traffic = await self.client.query(self.wording.traffic(window), now)
        await self._ask_sizes(now)
        cost = nodes.seconds + traffic.seconds
        by_node = _nodes(nodes.samples, self._node_label, scrapes.last)
        self._keep(asked_at, cost, by_node, scrapes, traffic, window, now)
        return cost

    async def poll_disks(self) -> float:
        """Ask for the disk under each node; returns what it cost Prometheus, in seconds.

        A question of its own, so that its failure or delay is never the metrics'. Raises the
        ``WeaviateError`` that fits.
        """
        asked_at = time.monotonic()
        nodes = await self.client.query(self.wording.names())
        labels = {
            sample.labels["nodeID"]: sample.labels.get(self._node_label, "")
            for sample in nodes.samples
            if sample.labels.get("nodeID")
        }
        found: dict[str, disks.NodeDisk] = {}
        cost = nodes.seconds
        if labels:
            answer = await self.client.query(self.wording.disks(labels), nodes.samples[0].at)
            found = disks.match(answer.samples, labels, self._node_label)
            cost += answer.seconds
        # That of "" is the problem of an earlier failure.
        for gone in self._store.all(Kind.DISK).keys() - found.keys():
            self._store.forget(Kind.DISK, gone)
        for node, disk in found.items():
            self._store.put(Kind.DISK, disk, of=node, asked_at=asked_at, every=self.interval or 0.0)
        return cost

    async def range(
        self, metric: str, collection: str, start: float, end: float, steps: int
    ) -> Series:
        """A charted number over time; ``collection`` "" is the whole cluster.

        ``start`` and ``end`` are Unix seconds of our clock. Never raises for a server.
        """
        if self.interval is None:
            try:
                await self._see_scrapes(None)
            except WeaviateError as error:
                values = (None,) * steps
                return Series(
                    start=start, end=end, values=values, source=PROMETHEUS, problem=str(error)
                )
        return await past(
            self.client,
            self.wording,
            metric,
            collection,
            start=start,
            end=end,
            steps=steps,
            window=_SAMPLES_IN_WINDOW * (self.interval or 0.0),
        )

    def window(self, interval: float) -> float:
        """Seconds that a rate is taken over: never fewer than four samples."""
        return max(_SAMPLES_IN_WINDOW * interval, self._profile.intervals.metrics)

    def known(self, known: Known) -> Known:
        """What the rows are built from, with Prometheus' numbers in the place of scraped ones."""
        if self.reading is None:
            return msgspec.structs.replace(known, metrics=(), through="Prometheus")
        return msgspec.structs.replace(
            known,
            metrics=(self.reading.everyone,),
            metrics_nodes=self.reading.nodes,
            traffic=self.reading.traffic,
            two_readings=True,
            through=self.reading.words,
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self.client.aclose()

    async def _see_scrapes(self, now: float | None) -> Scrapes:
        tries = _LOOKS_BACK_S if self.interval is None else (60 + 6 * self.interval, *_LOOKS_BACK_S)
        for seconds in tries:
            answer = await self.client.query(self.wording.scrapes(seconds), now)
            found = scrapes_of(answer.lines, self._node_label, now)
            if found is not None:
                self.interval = found.interval
                return found
        raise BadAnswer(
            f"Prometheus has fewer than two samples of each node in {duration(tries[-1])}: "
            "no rate can be told",
            request=f"POST {self.client.address}/api/v1/query",
            hint="wait for its second scrape",
        )

    async def _ask_sizes(self, now: float) -> None:
        loop_time = asyncio.get_running_loop().time()
        if self._sizes is not None and loop_time < self._sizes_due:
            return
        self._sizes = await self.client.query(self.wording.sizes(), now)
        factor = self._profile.intervals.metrics_cost_factor
        self._sizes_due = loop_time + factor * self._sizes.seconds

    def _keep(
        self,
        asked_at: float,
        latency: float,
        by_node: Mapping[str, NodeMetrics],
        scrapes: Scrapes,
        traffic: Answer,
        window: float,
        now: float,
    ) -> None:
        sizes = self._sizes or Answer()
        everyone = _everyone(sizes.samples, traffic)
        self.reading = Reading(
            everyone=everyone,
            traffic=_traffic(traffic.samples, everyone.per_collection),
            nodes=len(by_node),
            interval=scrapes.interval,
            window=window,
            warnings=traffic.warnings or sizes.warnings,
        )
        # Prometheus' clock need not be ours: its ages are right, its times may not be.
        ours = self._store.clock() - now
        common: dict[str, Any] = {"asked_at": asked_at, "latency": latency}
        common["every"] = scrapes.interval
        oldest = min(scrapes.last.values())
        for gone in self._store.all(Kind.METRICS).keys() - by_node.keys() - {""}:
            self._store.forget(Kind.METRICS, gone)
        for label, metrics in by_node.items():
            at = scrapes.last[label] + ours
            self._store.put(Kind.METRICS, metrics, of=label, fetched_at=at, **common)
        self._store.put(Kind.METRICS, everyone, fetched_at=oldest + ours, **common)

    async def _nothing_found(self) -> NotFound | BadAnswer:
        """Why no node has a current sample: never scraped, or not any more."""
        request = f"POST {self.client.address}/api/v1/query"
        before = await self.client.query(self.wording.scrapes(_LOOKS_BACK_S[-1]))
        if before.lines:
            return BadAnswer(
                "Prometheus has no current sample of any node: it scraped them within the last "
                "two hours, but does not now",
                request=request,
                hint="the nodes' metrics ports do not answer it, or its scrape job was changed",
            )
        match = self.client.setting.match
        which = f" with {match}" if match else ""
        return NotFound(
            f"Prometheus has no series of Weaviate{which}",
            request=request,
            hint="check prometheus.match of the profile, and that Prometheus scrapes the nodes' "
            "metrics (PROMETHEUS_MONITORING_ENABLED=true, port 2112)",
        )


def scrapes_of(lines: Iterable[Line], node_label: str, now: float | None) -> Scrapes | None:
    """Who is being scraped and how often; None before any node has two samples."""
    last: dict[str, float] = {}
    spacing: dict[str, float] = {}
    for line in lines:
        label = line.labels.get(node_label, "")
        times = [at for at, _ in line.points]
        if times:
            last[label] = max(times[-1], last.get(label, 0.0))
        if len(times) > 1:
            steps = [after - before for before, after in pairwise(times)]
            spacing[label] = max(median_low(steps), spacing.get(label, 0.0))
    if not spacing:
        return None
    interval = max(0.001, *spacing.values())
    now = max(last.values()) if now is None else now
    fresh = {label: at for label, at in last.items() if now - at <= _MISSED * interval}
    return Scrapes(fresh or last, round(interval, 3))


def _nodes(
    samples: Iterable[Sample], node_label: str, scraped: Mapping[str, float]
) -> dict[str, NodeMetrics]:
    """Each scraped node's own numbers, by its label."""
    fields: dict[str, dict[str, Any]] = {label: {} for label in scraped}
    for sample in samples:
        own = fields.get(sample.labels.get(node_label, ""))
        figure = sample.labels.get("figure", "")
        if own is None:
            continue
        if figure in NODE_GAUGES:
            own[NODE_GAUGES[figure]] = sample.value
        elif figure == "build":
            own["version"] = sample.labels.get("version")
        if node := sample.labels.get("nodeID"):
            own["node_id"] = node
    return {label: _metrics({}, None, None, 0, **own) for label, own in fields.items()}


def _everyone(sizes: Iterable[Sample], traffic: Answer) -> NodeMetrics:
    """All nodes together, by collection; rates are not in it."""
    fields: dict[str, dict[str, Any]] = {}
    critical = False
    for sample in sizes:
        figure = sample.labels["figure"]
        if figure == "critical":
            critical = sample.value > 0
            continue
        name = sample.labels.get("class_name", "")
        fields.setdefault(name, {})[SUMMED.get(figure, figure)] = sample.value
    for sample in traffic.samples:
        if "class_name" in sample.labels:
            fields.setdefault(sample.labels["class_name"], {})
    if critical:
        # lsm_segment_size then leaves most buckets out.
        for own in fields.values():
            own.pop("lsm_bytes", None)
    fields.pop("", None)
    whole = fields.pop(_GROUPED_NAME, None)
    collections = {name: CollectionMetrics(**own) for name, own in fields.items()}
    grouped = None if whole is None and not collections else not collections
    total = {name: value for name, value in (whole or {}).items() if name not in _NO_WHOLE}
    node_total = CollectionMetrics(**total) if grouped else None
    return _metrics(collections, grouped, node_total, traffic.bytes_read)


def _metrics(
    collections: dict[str, CollectionMetrics],
    grouped: bool | None,
    total: CollectionMetrics | None,
    bytes_read: int,
    **own: Any,
) -> NodeMetrics:
    return NodeMetrics(
        per_collection=collections,
        grouped=grouped,
        node_total=total,
        families=frozenset(),
        bytes_read=bytes_read,
        truncated=False,
        incomplete=False,
        bad_lines=0,
        **own,
    )


def _traffic(samples: Iterable[Sample], collections: Iterable[str]) -> dict[str, CollectionTraffic]:
    """Rates and latencies by collection, as ``cluster.traffic`` tells them."""
    fields: dict[str, dict[str, Any]] = {name: {} for name in collections}
    bounds: list[float] = []
    for sample in samples:
        if sample.labels["figure"] == "bound":
            bounds.append(float(sample.labels["le"]))
        elif (own := fields.get(sample.labels.get("class_name", ""))) is not None:
            own[sample.labels["figure"]] = sample.value
    finite = sorted(bound for bound in bounds if bound != float("inf"))
    for own in fields.values():
        # Series of queries and imports begin with the first one: none yet is none at all.
        own.setdefault("queries_per_s", 0.0)
        own.setdefault("imports_per_s", 0.0)
        for name in ("p50", "p95"):
            if name in own:
                own[name] = estimate(own[name], finite)
    return {name: CollectionTraffic(**own) for name, own in fields.items()}


def estimate(ms: float, bounds: list[float]) -> QuantileEstimate:
    """Prometheus' quantile, said as exactly as the buckets tell and no more.

    Inside the lowest bucket Prometheus interpolates from 0, and above the highest bound it gives
    that bound: both are only limits.
    """
    if bounds and ms <= bounds[0]:
        return QuantileEstimate(bounds[0], below=True)
    if bounds and ms >= bounds[-1]:
        return QuantileEstimate(bounds[-1], above=True)
    return QuantileEstimate(ms)
