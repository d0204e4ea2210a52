"""How long a whole refresh takes, from answers to sorted rows, and how long it holds the loop.

    python -m tests.benchmarks.refresh

3 nodes, 5,000 collections of 10 shards: a verbose answer of 12.5 MB and 60 MB of metrics text,
already on this machine (the network is not measured). Beside it the same with json and, on a
slice, prometheus_client.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable

from prometheus_client.parser import text_string_to_metric_families

from elysiadash.cluster.rows import Known, collection_rows
from elysiadash.cluster.shards import report_shards
from elysiadash.cluster.stats import CollectionStats
from elysiadash.cluster.traffic import Reading, Traffic
from elysiadash.weaviate.answers import Answer, decode
from elysiadash.weaviate.models import CollectionDefinition, Nodes, Replication, Sharding
from elysiadash.weaviate.node_metrics import NodeMetricsReader
from tests.benchmarks.exposition import AS_RECORDED, MIB, NODES, WIDE, Shape, node_exposition
from tests.benchmarks.rows import Row, print_rows

RUNS = 5
PIECE = 512 * 1024


def verbose_body(collections: int, shards: int) -> bytes:
    """A verbose nodes answer, every shard on one node."""
    nodes = []
    for node in range(NODES):
        held = [
            {
                "asyncReplicationStatus": [],
                "class": f"Collection{number:04d}",
                "compressed": False,
                "loaded": True,
                "name": f"{(number * shards + shard) * 2654435761 % 2**48:012x}",
                "numberOfReplicas": 1,
                "objectCount": number * 17 + shard,
                "replicationFactor": 1,
                "vectorIndexingStatus": "READY",
                "vectorQueueLength": 0,
            }
            for number in range(collections)
            for shard in range(shards)
            if (number + shard) % NODES == node
        ]
        nodes.append(
            {"name": f"node-{node}", "status": "HEALTHY", "version": "1.39.0", "shards": held}
        )
    return json.dumps({"nodes": nodes}, separators=(",", ":")).encode()


def definitions(collections: int, shards: int) -> tuple[CollectionDefinition, ...]:
    """The schema that goes with it."""
    return tuple(
        CollectionDefinition(
            f"Collection{number:04d}",
            replication_config=Replication(1),
            sharding_config=Sharding(shards, shards),
        )
        for number in range(collections)
    )


async def refresh(body: bytes, metrics: list[bytes], traffic: Traffic, known: Known) -> int:
    """What the watch does with the answers, in the same threads; returns the rows' number."""

    def read_shards() -> object:
        answer = Answer(200, "application/json", "", body, "GET /v1/nodes", 0.0)
        return report_shards(decode(Nodes, answer))

    report = await asyncio.to_thread(read_shards)
    for node, text in enumerate(metrics):
        reader = NodeMetricsReader(1024 * MIB)
        for at in range(0, len(text), PIECE):
            await asyncio.to_thread(reader.feed, text[at : at + PIECE])
        read = await asyncio.to_thread(reader.close)
        traffic.observe(str(node), Reading(time.monotonic(), read))

    def build() -> list[CollectionStats]:
        fresh = Known(
            definitions=known.definitions,
            report=report,  # type: ignore[arg-type]
            metrics=tuple(traffic.latest().values()),
            traffic=traffic.by_collection(traffic.latest()),
            two_readings=traffic.ready(),
        )
        return sorted(collection_rows(fresh), key=lambda row: -(row.objects or 0))

    return len(await asyncio.to_thread(build))


async def with_lag(work: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """(seconds, the longest the event loop was held meanwhile)."""
    longest, done = 0.0, False

    async def tick() -> None:
        nonlocal longest
        while not done:
            before = time.perf_counter()
            await asyncio.sleep(0.005)
            longest = max(longest, time.perf_counter() - before - 0.005)

    ticker = asyncio.create_task(tick())
    await asyncio.sleep(0.02)
    longest = 0.0
    started = time.perf_counter()
    await work()
    seconds = time.perf_counter() - started
    done = True
    await ticker
    return seconds, longest


def plain_way(body: bytes, part: bytes, total: int) -> float:
    """Seconds with json and prometheus_client (a slice, extrapolated by size)."""
    started = time.perf_counter()
    counts: dict[str, int] = {}
    for node in json.loads(body)["nodes"]:
        for shard in node["shards"]:
            counts[shard["class"]] = counts.get(shard["class"], 0) + shard["objectCount"]
    sorted(counts.items(), key=lambda item: -item[1])
    decoded = time.perf_counter() - started
    started = time.perf_counter()
    for _family in text_string_to_metric_families(part.decode()):
        pass
    return decoded + (time.perf_counter() - started) * total / len(part)


def run() -> list[Row]:
    """All measurements; about half a minute."""
    return [
        _measured("as recorded", 5000, AS_RECORDED, 1.4),
        _measured("every collection queried, no LSM families", 1000, WIDE, 0.2),
        _measured("every collection queried, no LSM families", 5000, WIDE, 1.0),
    ]


def _measured(words: str, collections: int, shape: Shape, share: float) -> Row:
    """One refresh; ``share`` of the shape's collections is told by each node."""
    told = shape._replace(collections=int(shape.collections * share))
    metrics = [node_exposition(told, node) for node in range(NODES)]
    size = sum(map(len, metrics))
    body = verbose_body(collections, 10)
    known = Known(definitions=definitions(collections, 10))
    traffic = Traffic()
    runs = [
        asyncio.run(with_lag(lambda: refresh(body, metrics, traffic, known))) for _ in range(RUNS)
    ]
    seconds = sorted(second for second, _ in runs)[RUNS // 2]
    lag = sorted(lag for _, lag in runs)[RUNS // 2]
    part = metrics[0][: metrics[0].rindex(b"\n", 0, 2 * MIB) + 1]
    plain = plain_way(body, part, size)
    return Row(
        f"{collections} collections x 10 shards: {len(body) / 1e6:.0f} MB of nodes and "
        f"{size / 1e6:.0f} MB of metrics ({words}) to sorted rows",
        f"{seconds * 1e3:.0f} ms, loop held {lag * 1e3:.0f} ms",
        f"{plain:.1f} s",
        f"{plain / seconds:.0f}x",
        "json and prometheus_client on a slice",
    )


def main() -> None:
    """Print the table."""
    print_rows("refresh", run())


if __name__ == "__main__":
    main()
