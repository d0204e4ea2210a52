"""What the watch makes of answers: rows, what is kept on disk, and the points of charts."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from elysiadash.cluster import prometheus
from elysiadash.cluster.connect import connect
from elysiadash.cluster.growth import Growth
from elysiadash.cluster.remembered import Memory, Remembered
from elysiadash.cluster.series import in_steps
from elysiadash.cluster.shards import ShardReport, report_shards
from elysiadash.cluster.slices import Kind, Problem
from elysiadash.cluster.stats import CollectionStats
from elysiadash.cluster.traffic import CollectionTraffic, Reading
from elysiadash.cluster.watch import Watch
from elysiadash.config.profile import Profile, Prometheus
from elysiadash.weaviate.models import CollectionDefinition, Node, Nodes, Schema, ShardReplica
from elysiadash.weaviate.node_metrics import CollectionMetrics, NodeMetrics

PROFILE = Profile(name="away", url="http://127.0.0.1:1")
PARKED = Problem("parked", "not answered after 3 s")


def listed(objects: int) -> Nodes:
    replica = ShardReplica(collection="Docs", name="s0", object_count=objects, status="READY")
    return Nodes([Node("n0", "HEALTHY", shards=[replica])])


def put(watch: Watch, kind: Kind, value: Any, of: str = "") -> None:
    watch.store.put(kind, value, of=of, asked_at=time.monotonic())


def docs(watch: Watch) -> None:
    put(watch, Kind.SCHEMA, Schema(classes=[CollectionDefinition(name="Docs")]))


async def test_rows_are_as_new_as_the_growth_of_the_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watch = connect(PROFILE)
    docs(watch)

    async def nodes(*, verbose: bool, then: Callable[[Nodes], ShardReport]) -> ShardReport:
        return then(listed(5))

    def follow(at: float, counts: Mapping[str, Mapping[str, int]]) -> dict[str, Growth]:
        time.sleep(0.1)
        return {"Docs": Growth(500.0, 600.0)}

    monkeypatch.setattr(watch.client, "nodes", nodes)
    monkeypatch.setattr(watch.asks._growth_tracker, "follow", follow)
    asking = asyncio.create_task(watch.asks.verbose())
    await watch.store.until(lambda: watch.store.get(Kind.VERBOSE).value is not None)
    assert (await watch.rows())[0].objects_per_s == 500.0
    await asking
    assert (await watch.rows())[0].objects_per_s == 500.0
    await watch.aclose()


async def test_the_last_saved_rows_are_kept_without_reading_them_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = Memory(tmp_path, PROFILE.name, PROFILE.url)
    memory.save(Remembered(rows=(CollectionStats(collection="Old"),), rows_at=1.0))
    watch = connect(PROFILE, state_dir=tmp_path)
    read: list[str] = []
    load = Memory.load

    def noted(self: Memory) -> Remembered:
        read.append(threading.current_thread().name)
        return load(self)

    monkeypatch.setattr(Memory, "load", noted)
    put(watch, Kind.NODES, Nodes([Node("n0", "HEALTHY")]))
    watch.store.fail(Kind.VERBOSE, PARKED)
    await watch._save()
    assert (load(memory).rows[0].collection, load(memory).rows_at) == ("Old", 1.0)
    docs(watch)
    put(watch, Kind.VERBOSE, report_shards(listed(7)))
    await watch._save()
    at = watch.rows_at()
    watch.store.fail(Kind.VERBOSE, PARKED)
    put(watch, Kind.SCHEMA, Schema(classes=[]))
    await watch._save()
    assert [(row.collection, row.objects) for row in load(memory).rows] == [("Docs", 7)]
    assert load(memory).rows_at == at
    assert read == []
    await watch.aclose()


ADDRESS = "http://127.0.0.1:2/metrics"
REFUSED = Problem("unreachable", "no connection: refused")
FROM_METRICS = ("queries_per_s", "imports_per_s")
FROM_SHARDS = ("objects", "objects_per_s")


def metrics_with(queries: float) -> NodeMetrics:
    return NodeMetrics(
        per_collection={"Docs": CollectionMetrics(query_count=queries, imports=queries)},
        grouped=False,
        node_total=None,
        families=frozenset({"x"}),
        bytes_read=1,
        truncated=False,
        incomplete=False,
        bad_lines=0,
        process_start_time=1.0,
        node_id="n0",
    )


class Charted:
    """A watch that charts what it is told by hand."""

    def __init__(self, **profile: Any) -> None:
        self.now = 1_790_000_000.0
        self.watch = connect(msgspec.structs.replace(PROFILE, **profile), clock=lambda: self.now)
        docs(self.watch)
        self.watch.asks.growth = {"Docs": Growth(812.0, 600.0)}
        self._queries = 0.0

    async def __aenter__(self) -> Charted:
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self.watch.aclose()

    def shards(self, objects: int = 100) -> None:
        put(self.watch, Kind.VERBOSE, report_shards(listed(objects)))

    def metrics(self) -> None:
        """Hundred queries a second since the reading before."""
        self._queries += 1500.0
        seen = metrics_with(self._queries)
        self.watch.asks.traffic.observe(ADDRESS, Reading(self.now, seen))
        put(self.watch, Kind.METRICS, seen, of=ADDRESS)

    async def later(self, seconds: float) -> None:
        """Chart what was told; then so much later."""
        await self.watch._chart_news()
        self.now += seconds

    def known(self, metric: str) -> list[float]:
        points = self.watch.history.points(metric, "Docs")
        return [value for value in points.values if value is not None]

    async def steps(self, metric: str, seconds: float, steps: int) -> tuple[float | None, ...]:
        return (await self.watch.series(metric, "Docs", seconds, steps)).values


async def test_metrics_that_fail_add_no_point_of_what_they_were() -> None:
    async with Charted() as charted:
        for _ in range(3):
            charted.metrics()
            charted.shards()
            await charted.later(15)
        charted.watch.store.fail(Kind.METRICS, REFUSED, of=ADDRESS)
        for turn in range(4):
            charted.shards(100 + turn)
            await charted.later(15)
        for metric in FROM_METRICS:
            assert charted.known(metric) == [100.0, 100.0]
        assert charted.known("objects") == [100, 100, 100, 100, 101, 102, 103]
        assert await charted.steps("queries_per_s", 60, 4) == (None,) * 4
        charted.metrics()
        await charted.later(0)
        assert len(charted.known("queries_per_s")) == 3


async def test_shard_details_that_fail_add_no_point_of_what_they_were() -> None:
    async with Charted() as charted:
        for _ in range(3):
            charted.metrics()
            charted.shards()
            await charted.later(15)
        charted.watch.store.fail(Kind.VERBOSE, PARKED)
        for _ in range(4):
            charted.metrics()
            await charted.later(15)
        assert charted.known("objects") == [100, 100, 100]
        assert charted.known("objects_per_s") == [812.0] * 3
        assert charted.known("queries_per_s") == [100.0] * 6


async def test_one_node_of_several_that_fails_is_no_gap() -> None:
    async with Charted() as charted:
        charted.metrics()
        charted.watch.store.fail(Kind.METRICS, REFUSED, of="http://127.0.0.1:3/metrics")
        await charted.later(15)
        charted.metrics()
        await charted.later(15)
        assert charted.known("queries_per_s") == [100.0]


async def test_a_prometheus_that_fails_adds_no_point_of_what_it_said() -> None:
    url = Prometheus(url="http://127.0.0.1:3")
    async with Charted(prometheus=url) as charted:
        asks = charted.watch.asks.prometheus
        assert asks is not None
        asks.reading = prometheus.Reading(
            everyone=metrics_with(1.0),
            traffic={"Docs": CollectionTraffic(queries_per_s=212.0)},
            nodes=1,
            interval=15.0,
            window=75.0,
            warnings=(),
        )
        put(charted.watch, Kind.METRICS, metrics_with(1.0), of="n0")
        put(charted.watch, Kind.METRICS, metrics_with(1.0))
        await charted.later(15)
        charted.watch.store.fail(Kind.METRICS, REFUSED)
        for turn in range(4):
            charted.shards(turn)
            await charted.later(15)
        assert charted.known("queries_per_s") == [212.0]
        assert len(charted.known("objects")) == 4


@pytest.mark.parametrize("kind", [Kind.VERBOSE, Kind.METRICS])
async def test_a_source_that_failed_for_a_moment_leaves_a_gap(kind: Kind) -> None:
    async with Charted() as charted:
        for turn in range(40):
            down = 20 <= turn < 23
            if down:
                charted.watch.store.fail(kind, REFUSED, of=ADDRESS if kind is Kind.METRICS else "")
            if not (down and kind is Kind.VERBOSE):
                charted.shards()
            if not (down and kind is Kind.METRICS):
                charted.metrics()
            await charted.later(15)
        charted.now -= 15
        gone, whole = (
            (FROM_SHARDS, FROM_METRICS) if kind is Kind.VERBOSE else (FROM_METRICS, FROM_SHARDS)
        )
        for metric in gone:
            steps = await charted.steps(metric, 450, 30)
            assert [place for place, value in enumerate(steps) if value is None] == [10, 11, 12]
        for metric in whole:
            assert None not in await charted.steps(metric, 450, 30)


@pytest.mark.parametrize("pace", [15, 20, 75])
async def test_sources_of_another_pace_make_no_gaps_in_one_another(pace: int) -> None:
    async with Charted() as charted:
        for second in range(0, 901, 5):
            if second % 15 == 0:
                charted.shards()
            if second % pace == 0:
                charted.metrics()
            if second % 15 == 0 or second % pace == 0:
                await charted.later(0)
            charted.now += 5
        for metric in (*FROM_METRICS, *FROM_SHARDS):
            steps = await charted.steps(metric, 600, 32)
            newest = 32 - int(pace * 32 / 600) - 1
            assert None not in steps[:newest], metric
            points = charted.watch.history.points(metric, "Docs", last=200)
            trend = in_steps(points, charted.now, 600, 20)
            assert None not in trend[: 20 - pace // 30 - 1], metric
