"""A real Prometheus in the place of scraping: the same numbers, its failures in words."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from statistics import median

import pytest

from elysiadash.cluster.connect import connect
from elysiadash.cluster.lanes import EVERYTHING
from elysiadash.cluster.slices import Kind, Problem
from elysiadash.cluster.stats import CollectionStats
from elysiadash.cluster.usage import usage_by_node
from elysiadash.cluster.watch import Watch
from elysiadash.config.profile import Addresses, Intervals, Profile, Prometheus, Timeouts
from elysiadash.demo.cluster import simulated
from tests.servers.load import DOC, EVENT, steady_queries, steady_writes
from tests.servers.prometheus import RealPrometheus, prometheus_skip_reason
from tests.servers.real import RealCluster

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        prometheus_skip_reason() is not None, reason=prometheus_skip_reason() or "it is there"
    ),
]

_WINDOW_S = 8.0
_TOLERANCE = 0.15
"""Prometheus looks at another 8 s than we do, of a load that is even to a few percent."""
_READINGS = 3
_SIZES = ("lsm_bytes", "segments", "segments_min", "tombstones", "tombstone_ratio", "dimensions")
_DISK = 'node_filesystem_{what}_bytes{{device="/dev/sda1",fstype="ext4",mountpoint="/data"}} {n}\n'


def watch(
    url: str,
    nodes: Mapping[str, str],
    metrics: Mapping[str, str] | None = None,
    prometheus: Prometheus | None = None,
) -> Watch:
    return connect(
        Profile(
            name="test",
            url=url,
            nodes=Addresses(named=dict(nodes)),
            metrics=Addresses(named=dict(metrics or {})),
            prometheus=prometheus,
            # The window is the larger of this and five samples.
            intervals=Intervals(metrics=_WINDOW_S),
            timeouts=Timeouts(metrics=2.0),
        )
    )


@asynccontextmanager
async def exporter() -> AsyncIterator[str]:
    """Serves what a node exporter would say of one file system; yields ``host:port``."""
    body = _DISK.format(what="avail", n=40e9) + _DISK.format(what="size", n=100e9)
    answer = (
        f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n"
        f"Connection: close\r\n\r\n{body}"
    )

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer.encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()[:2]
        yield f"{host}:{port}"


async def by_name(found: Watch) -> dict[str, CollectionStats]:
    return {row.collection: row for row in await found.rows()}


def problem(found: Watch) -> Problem:
    """That of the metrics; besides it there can be the same one of the disks only."""
    told = {(kind, of): what for kind, of, what in found.problems()}
    what = told.pop((Kind.METRICS, ""))
    assert all(key == (Kind.DISK, "") and other.kind == what.kind for key, other in told.items())
    return what


async def until_seen(found: Watch, nodes: int) -> None:
    """Until Prometheus has scraped that many nodes at least twice."""
    deadline = time.monotonic() + 20
    while len(found.store.all(Kind.METRICS)) <= nodes or found.problems():
        assert time.monotonic() < deadline, found.problems()
        await asyncio.sleep(0.3)
        await found.once({Kind.METRICS, Kind.DISK}, limit=5)


async def test_it_agrees_with_our_own_scraping_and_its_end_is_told(
    fresh_real_cluster: RealCluster,
) -> None:
    cluster = fresh_real_cluster
    targets = list(cluster.metrics.values())
    async with (
        exporter() as disks,
        RealPrometheus({"weaviate": targets, "node": [disks]}) as prometheus,
    ):
        setting = Prometheus(url=prometheus.url, match='job="weaviate"')
        ours = watch(cluster.url, cluster.nodes, cluster.metrics)
        # The addresses are there to be read, and must not be.
        theirs = watch(cluster.url, cluster.nodes, cluster.metrics, setting)
        contacts = list(cluster.nodes.values())[:2]
        load = [
            *(steady_queries(url, DOC, per_second=10, duration=22) for url in contacts),
            steady_writes(cluster.url, EVENT, per_second=40, duration=22),
        ]
        loading = asyncio.gather(*load)
        await asyncio.sleep(11)
        await ours.once(limit=10)
        await asyncio.sleep(_WINDOW_S)
        await asyncio.gather(ours.once({Kind.METRICS}, limit=10), theirs.once(limit=10))
        await loading

        assert theirs.problems() == ()
        assert set(theirs.store.all(Kind.METRICS)) == {
            "", *(target.removeprefix("http://") for target in targets)
        }  # fmt: skip
        mine, other = await by_name(ours), await by_name(theirs)
        assert mine[DOC].queries_per_s == pytest.approx(20, rel=_TOLERANCE)
        assert other[DOC].queries_per_s == pytest.approx(mine[DOC].queries_per_s, rel=_TOLERANCE)
        assert other[EVENT].imports_per_s == pytest.approx(
            mine[EVENT].imports_per_s, rel=_TOLERANCE
        )
        assert other[EVENT].vector_ops_per_s == pytest.approx(
            mine[EVENT].vector_ops_per_s, rel=_TOLERANCE
        )
        assert other[EVENT].queries_per_s == mine[EVENT].queries_per_s == 0.0
        assert other[EVENT].query_ms_p95 is None
        assert other[DOC].query_ms_p95 == pytest.approx(mine[DOC].query_ms_p95 or 0.0, rel=0.5)
        assert other[DOC].query_ms_p50_below == mine[DOC].query_ms_p50_below
        for name, row in mine.items():
            if name != EVENT:
                for field in _SIZES:
                    assert getattr(other[name], field) == getattr(row, field), (name, field)
            assert other[name].vector_queue == row.vector_queue
            assert (other[name].metrics_nodes, other[name].live_nodes) == (3, 3)
            words = other[name].metrics_through or ""
            assert "Prometheus" in words
            assert "rates over 8 s" in words
        for piece in theirs.store.all(Kind.METRICS).values():
            assert piece.every == pytest.approx(1.0, abs=0.1)
            assert (piece.age(theirs.store.clock()) or 99.0) < 2.5 + 14.0
        started = {
            piece.value.node_id: piece.value.process_start_time
            for of, piece in theirs.store.all(Kind.METRICS).items()
            if of
        }
        assert set(started) == set(cluster.nodes)
        for node in cluster.nodes:
            disk = theirs.store.get(Kind.DISK, node).value
            assert (disk.free_bytes, disk.size_bytes, disk.place) == (40e9, 100e9, "/data")

        await _its_past(theirs)
        await _its_end(theirs, prometheus)
        await ours.aclose()
        await theirs.aclose()


async def _its_past(found: Watch) -> None:
    """The load of before is in the past, and the time before Prometheus ran is a gap."""
    asks = found.asks.prometheus
    assert asks is not None
    now = time.time()
    queries = await found.series("queries_per_s", DOC, 120, 24)
    assert queries.source == "Prometheus"
    assert queries.problem is None
    assert queries.values[0] is None
    assert max(queries.known) == pytest.approx(20, rel=_TOLERANCE)
    everything = await asks.range("imports_per_s", "", now - 120, now, 24)
    assert max(everything.known) >= 30
    p95 = await asks.range("query_ms_p95", DOC, now - 120, now, 24)
    assert min(p95.known) >= 10
    none = await asks.range("query_ms_p95", EVENT, now - 120, now, 24)
    assert none.known == ()
    assert none.problem == 'Prometheus has no query of Event with job="weaviate" in this time'


async def _its_end(found: Watch, prometheus: RealPrometheus) -> None:
    """Killed, hung and back: the numbers stay with their age, the rest of the watch goes on."""
    before = (await by_name(found))[DOC].lsm_bytes
    prometheus.hang()
    await found.once(EVERYTHING, limit=10)
    assert problem(found).kind == "no answer"
    prometheus.resume()
    prometheus.kill()
    await found.once(EVERYTHING, limit=10)
    gone = problem(found)
    assert gone.kind == "unreachable"
    assert gone.what == "no connection: Connection refused"
    assert gone.request == f"POST {prometheus.url}/api/v1/query"
    assert gone.hint == "check that Prometheus runs and that prometheus.url is right"
    row = (await by_name(found))[DOC]
    assert row.lsm_bytes == before
    assert row.objects is not None
    assert not any(":" in of and not of.startswith("127") for of in found.store.all(Kind.METRICS))
    asks = found.asks.prometheus
    assert asks is not None
    chart = await asks.range("queries_per_s", DOC, time.time() - 60, time.time(), 6)
    assert chart.known == ()
    assert chart.problem == "no connection: Connection refused"
    prometheus.start()
    await prometheus.wait_ready()
    await until_seen(found, 3)


async def test_it_agrees_on_the_simulator_too() -> None:
    async with simulated() as cluster:
        targets = list(cluster.metrics.values())
        async with (
            exporter() as disks,
            RealPrometheus({"demo": targets, "node": [disks]}) as prometheus,
        ):
            ours = watch(cluster.url, cluster.nodes, cluster.metrics)
            theirs = watch(cluster.url, cluster.nodes, None, Prometheus(url=prometheus.url))
            await asyncio.sleep(3)
            await ours.once(limit=10)
            readings = []
            for _ in range(_READINGS):
                await asyncio.sleep(_WINDOW_S)
                await asyncio.gather(ours.once({Kind.METRICS}, limit=10), theirs.once(limit=10))
                readings.append((await by_name(ours), await by_name(theirs)))
                assert theirs.problems() == ()
            _usage_is_known(theirs)
            mine, other = readings[-1]
            assert mine.keys() == other.keys()
            busy = [name for name, row in mine.items() if (row.queries_per_s or 0.0) > 20]
            assert busy
            for name in busy:
                for field in ("queries_per_s", "query_ms_p95"):
                    # The two look at windows that lie apart by more, the busier the machine is:
                    # one reading can differ, the middle one of several does not.
                    ours_middle, their_middle = (
                        median(getattr(each[side][name], field) or 0.0 for each in readings)
                        for side in (0, 1)
                    )
                    assert their_middle == pytest.approx(ours_middle, rel=_TOLERANCE), (name, field)
            for name, row in mine.items():
                assert other[name].segments == row.segments
                assert (other[name].lsm_bytes is None) == (row.lsm_bytes is None)
            charted = await theirs.series("queries_per_s", busy[0], 60, 12)
            assert charted.source == "Prometheus"
            assert median(charted.known) == pytest.approx(
                median(each[0][busy[0]].queries_per_s or 0.0 for each in readings),
                rel=2 * _TOLERANCE,
            )
            await ours.aclose()
            await theirs.aclose()


def _usage_is_known(found: Watch) -> None:
    """Each node's memory, shards and disk, whose exporter is at the nodes' own host here."""
    used = usage_by_node(found.store, found.cluster().nodes, prometheus=True)
    assert used
    for usage in used.values():
        assert usage.memory_bytes
        assert usage.heap_bytes
        assert usage.shards_loaded is not None
        assert (usage.disk_used_share, usage.disk_free_bytes) == (pytest.approx(0.6), 40e9)
        assert set(usage.not_exposed) <= {"memory_limit_bytes", "shards_unloaded"}


@pytest.mark.parametrize(
    ("setting", "kind", "words"),
    [
        ({"match": 'job="nothing"'}, "not found", 'no series of Weaviate with job="nothing"'),
        ({"url": "{url}/wrong/path"}, "not supported", "no Prometheus answers at this address"),
    ],
)
async def test_a_wrong_setting_is_told(setting: dict[str, str], kind: str, words: str) -> None:
    async with simulated() as cluster, RealPrometheus({"demo": []}) as prometheus:
        url = setting.pop("url", "{url}").format(url=prometheus.url)
        found = watch(cluster.url, cluster.nodes, None, Prometheus(url=url, **setting))
        await found.once(limit=10)
        assert problem(found).kind == kind
        assert words in problem(found).what
        assert len(await found.rows()) > 0
        reasons = {row.not_exposed["queries_per_s"] for row in await found.rows()}
        assert reasons == {problem(found).what}
        await found.aclose()
