"""What recording costs: per moment and per hour, and how long a day's chart takes to read.

    python -m tests.benchmarks.recording

A large cluster of 5,000 collections x 10 shards on 3 nodes in which every shard's count and every
rate moves between two verbose answers (60 s apart, as that call is paced there), and a small one
of 12 x 3 (15 s). Moments between them hold a fresh probe of each node only.
"""

from __future__ import annotations

import random
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

from elysiadash.cluster.charted import frame_of
from elysiadash.cluster.recording.moment import Moment
from elysiadash.cluster.recording.reader import Reader
from elysiadash.cluster.recording.retention import Retention
from elysiadash.cluster.recording.writer import Batch, Writer
from elysiadash.cluster.shards import report_shards
from elysiadash.cluster.slices import Key, Kind, Slice
from elysiadash.cluster.stats import CollectionStats
from elysiadash.weaviate.budget import OwnLoad
from elysiadash.weaviate.models import Node, Nodes, Readiness, Schema, ShardReplica
from tests.benchmarks.refresh import definitions
from tests.benchmarks.rows import Row, print_rows

START = 1_790_000_000.0
NODES = 3
DAY = 86_400.0


class World:
    """A cluster whose numbers all move when told to."""

    def __init__(self, collections: int, shards: int) -> None:
        self._chance = random.Random(7)
        self._collections, self._shards = collections, shards
        self._schema = Schema(classes=list(definitions(collections, shards)))
        self.rows: tuple[CollectionStats, ...] = ()
        self._slices: dict[Key, Slice[Any]] = {Key(Kind.SCHEMA): Slice(self._schema, START)}

    def move(self, at: float) -> None:
        """Another verbose answer and other rates."""
        chance = self._chance
        nodes = [Node(f"node-{n}", "HEALTHY", shards=self._held(n, at)) for n in range(NODES)]
        self._slices[Key(Kind.VERBOSE)] = Slice(report_shards(Nodes(nodes=nodes)), at)
        self.rows = tuple(
            CollectionStats(
                collection=f"Collection{number:04d}",
                objects=10_000 + int(at - START) + number,
                objects_are="approximate",
                shards=self._shards,
                objects_per_s=chance.random() * 100,
                queries_per_s=chance.random() * 100,
                query_ms_p50=chance.random() * 10,
                query_ms_p95=chance.random() * 100,
                imports_per_s=chance.random() * 10,
                vector_queue=chance.randrange(100),
                lsm_bytes=10**9 + number,
            )
            for number in range(self._collections)
        )

    def _held(self, node: int, at: float) -> list[ShardReplica]:
        return [
            ShardReplica(
                f"Collection{number:04d}",
                f"{(number * self._shards + shard) * 2654435761 % 2**48:012x}",
                1000 + number + int((at - START) * (shard + 1)),
                "READY",
            )
            for number in range(self._collections)
            for shard in range(self._shards)
            if (number + shard) % NODES == node
        ]

    def moment(self, at: float) -> Moment:
        """What a watch would have now."""
        for node in range(NODES):
            probe = Readiness(ready=True, status=200, seconds=round(self._chance.random(), 4))
            self._slices[Key(Kind.READY, f"http://node-{node}:8080")] = Slice(probe, at, 0, 0.002)
        load = OwnLoad(self._chance.randrange(90), 12.0, 1)
        return Moment(at=at, slices=dict(self._slices), rows=self.rows, load=load)


def run() -> list[Row]:
    """Large and small."""
    return [*_recorded(5000, 10, 60.0, 60.0, 15), *_recorded(12, 3, 15.0, 5.0, 360), _day_chart()]


def _recorded(collections: int, shards: int, every: float, pace: float, moments: int) -> list[Row]:
    world = World(collections, shards)
    cluster = f"{collections} collections x {shards} shards"
    spent: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        writer = Writer(Path(folder) / "r.sqlite", {}, Retention())
        kept, moved_at = 0, float("-inf")
        for number in range(moments):
            at = START + pace * number
            points = ()
            if at - moved_at >= every:
                world.move(at)
                moved_at = at
                points = ((at, frame_of(world.rows)),)
            moment = world.moment(at)
            began = time.perf_counter()
            size = writer.write(Batch(moment=moment, points=points))
            spent.append(time.perf_counter() - began)
            kept += size if number else 0
        writer.close()
    typical = sorted(spent[1:])[len(spent) // 2 - 1]
    hourly = kept * 3600 / (pace * (moments - 1))
    return [
        Row(
            f"{cluster}: one moment every {pace:g} s",
            f"{typical * 1e3:.1f} ms, the first {spent[0] * 1e3:.0f} ms",
            "-",
            f"{100 * sum(spent[1:]) / (pace * (moments - 1)):.2f} % of a core",
            "thread time, everything moves every " + f"{every:g} s",
        ),
        Row(
            f"{cluster}: size",
            f"{hourly / 1e6:.1f} MB an hour",
            "-",
            f"{256 * 2**20 / hourly:.0f} h in 256 MiB",
            f"keyframes, deltas and points; peak memory {_peak_mb():.0f} MB of this process",
        ),
    ]


def _day_chart() -> Row:
    """A day of a small cluster's points, and of a large one's in one series' blocks."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "r.sqlite"
        writer = Writer(path, {}, Retention())
        chance = random.Random(7)
        names = [f"Collection{number:04d}" for number in range(300)]
        for number in range(int(DAY / 15)):
            frame = {"queries_per_s": {name: chance.random() for name in names}}
            writer.write(Batch(points=((START + 15.0 * number, frame),)))
        writer.close()
        took = []
        for name in names[:20]:
            began = time.perf_counter()
            with Reader(path) as reader:
                found = reader.samples("queries_per_s", name, START, START + DAY)
            took.append(time.perf_counter() - began)
    middle = sorted(took)[len(took) // 2]
    return Row(
        f"a 24 h chart of one of 300 collections: {len(found):,} points",
        f"{middle * 1e3:.1f} ms",
        "-",
        "",
        "opening the file included",
    )


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print the table."""
    print_rows("recording", run())


if __name__ == "__main__":
    main()
