"""What one object costs this program on its way: read, converted, written, read back.

``python -m tests.benchmarks.copy_path [--objects N] [--index flat|hnsw] [--dimensions N]``. On a
real server where there is one, else on the simulator in a process of its own; says which. CPU is
microseconds of all our threads per object; the ceiling is ready-made batches by bare gRPC.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import struct
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from elysiadash.weaviate.objects import (
    Converter,
    Page,
    PageSize,
    Place,
    Reader,
    Row,
    Shape,
    Vector,
    Writer,
    shape_of,
)
from elysiadash.weaviate.objects.convert import Converted
from elysiadash.weaviate.objects.wire import length
from elysiadash.weaviate.rpc import RpcCall
from tests.benchmarks import rows
from tests.contract.copying import PERMIT, Site, site
from tests.servers.real import RealCluster, skip_reason

_RANGES = 4
_WORDS = "amber basin cedar delta ember fjord grove harbor inlet jetty".split()  # noqa: SIM905


class Spent(NamedTuple):
    """What a stage took, per object: our CPU in microseconds, and objects a second."""

    cpu_us: float
    per_second: float

    def __str__(self) -> str:
        return f"{self.cpu_us:.1f} us, {self.per_second:,.0f}/s"


async def _measured(objects: int, work: Callable[[], Awaitable[Any]]) -> tuple[Spent, Any]:
    cpu, wall = time.process_time(), time.perf_counter()
    found = await work()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return Spent(cpu / objects * 1e6, objects / wall), found


def definition(name: str, index: str) -> dict[str, Any]:
    kinds = {"title": "text", "body": "text", "rank": "int", "score": "number",
             "live": "boolean", "seen": "date", "tags": "text[]"}  # fmt: skip
    return {
        "class": name,
        "properties": [{"name": known, "dataType": [kind]} for known, kind in kinds.items()],
        "vectorConfig": {"default": {"vectorizer": {"none": {}}, "vectorIndexType": index}},
        "shardingConfig": {"desiredCount": 1},
    }


def objects_of(shape: Shape, objects: int, dimensions: int) -> list[Row]:
    """Objects in order of id."""
    rng = random.Random(7)
    found = []
    for number, identity in enumerate(sorted(rng.getrandbits(128) for _ in range(objects))):
        floats = [rng.random() for _ in range(8)]
        vector = struct.pack("<8f", *floats) * (dimensions // 8)
        properties = {
            "title": " ".join(rng.choices(_WORDS, k=4)),
            "body": " ".join(rng.choices(_WORDS, k=30)),
            "rank": number, "score": rng.random(), "live": number % 2 == 0,
            "seen": "2026-01-02T03:04:05.678Z", "tags": rng.choices(_WORDS, k=3),
        }  # fmt: skip
        found.append(
            Row(
                str(uuid.UUID(int=identity)),
                0,
                0,
                shape.typed(properties),
                (Vector("default", vector),),
            )
        )
    return found


async def ceiling(at: Site, batches: list[list[Converted]]) -> None:
    """Ready-made batches, nothing read back."""
    bodies = [
        b"".join(b"\x0a" + length(len(one.content)) + one.content for one in batch)
        for batch in batches
    ]
    waiting = iter(bodies)

    async def send() -> None:
        for body in waiting:
            call = RpcCall(method="BatchObjects", content=body, timeout=120, permit=PERMIT)
            await at.door.exchange(call)

    await asyncio.gather(*(send() for _ in range(_RANGES)))


def _reader(at: Site, shape: Shape, name: str, size: PageSize | None = None) -> Reader:
    place = Place(collection=name)
    return Reader(at.transport, at.door, shape, place, size=size, permit=PERMIT)


async def _pages(reader: Reader, low: str, high: str | None) -> AsyncIterator[Page]:
    cursor = low
    while True:
        page = await reader.page(cursor, upper=high)
        yield page
        cursor = page.cursor
        if page.ended:
            return


async def _read(at: Site, shape: Shape, name: str) -> list[list[Row]]:
    return [page.rows async for page in _pages(_reader(at, shape, name), "", None)]


def _bounds() -> list[tuple[str, str | None]]:
    edges = [str(uuid.UUID(int=(1 << 128) // _RANGES * number)) for number in range(1, _RANGES)]
    return list(zip(["", *edges], [*edges, None], strict=True))


async def _copy(at: Site, shape: Shape, source: str, target: str) -> int:
    """Read, convert, write and read back, four ranges side by side, as an engine does."""

    size = PageSize(at.door.max_message)

    async def part(low: str, high: str | None) -> int:
        reader, converter = _reader(at, shape, source, size), Converter(shape, target)
        writer = Writer(at.transport, at.door, shape, Place(collection=target), permit=PERMIT)
        stored, writing = 0, None
        async for page in _pages(reader, low, high):
            ready, _ = converter.convert(page.rows)
            if writing is not None:
                stored += len((await writing).stored)
            writing = asyncio.ensure_future(writer.write(ready))
        return stored + (len((await writing).stored) if writing is not None else 0)

    return sum(await asyncio.gather(*(part(low, high) for low, high in _bounds())))


async def measure(objects: int, index: str, dimensions: int) -> list[rows.Row]:
    """Every stage by itself, then all together."""
    async with somewhere() as (at, kind):
        for name in ("Source", "Ceiling", "Staged", "Copied"):
            await at.create(definition(name, index))
        shape = shape_of(await at.definition("Source"))
        made, _ = Converter(shape, "Source").convert(objects_of(shape, objects, dimensions))
        await ceiling(at, [made[start : start + 500] for start in range(0, objects, 500)])
        aimed, _ = Converter(shape, "Ceiling").convert(one.row for one in made)
        batches = [aimed[start : start + 500] for start in range(0, objects, 500)]
        limit, _ = await _measured(objects, lambda: ceiling(at, batches))
        reading, pages = await _measured(objects, lambda: _read(at, shape, "Source"))
        converter = Converter(shape, "Staged")

        async def convert() -> list[list[Converted]]:
            return [converter.convert(page)[0] for page in pages]

        converting, ready = await _measured(objects, convert)
        writer = Writer(at.transport, at.door, shape, Place(collection="Staged"), permit=PERMIT)

        async def write() -> int:
            return sum([len((await writer.write(batch)).stored) for batch in ready])

        writing, stored = await _measured(objects, write)
        assert stored == objects, f"{objects - stored} were not stored"
        copying, copied = await _measured(objects, lambda: _copy(at, shape, "Source", "Copied"))
        assert copied == objects, f"{objects - copied} were not copied"
    about = f"{kind}, {objects:,} objects, {dimensions} dimensions, {index}"
    return [
        rows.Row("ready-made batches by gRPC", "", str(limit), "", about),
        rows.Row("read", str(reading), "", "", "REST and gRPC pages, joined"),
        rows.Row("convert", str(converting), "", "", "to BatchObject bytes"),
        rows.Row("write", str(writing), str(limit), "", "read before and after, one at a time"),
        rows.Row(
            f"copy, {_RANGES} ranges", str(copying), str(limit),
            f"{copying.per_second / limit.per_second:.2f}x the ceiling's objects/s",
            "read + convert + write + read back",
        ),
    ]  # fmt: skip


@asynccontextmanager
async def somewhere() -> AsyncIterator[tuple[Site, str]]:
    if skip_reason() is None:
        async with (
            RealCluster(1, metrics=False) as cluster,
            site(cluster.url, cluster.grpc, cluster.nodes) as at,
        ):
            yield at, "real server"
        return
    command = [sys.executable, "-m", "elysiadash.demo", "--scenario", "empty"]
    with subprocess.Popen(  # noqa: ASYNC220 - nothing else runs yet
        command, stdout=subprocess.PIPE, stdin=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        try:
            (addresses,) = json.loads(process.stdout.readline())["clusters"]
            async with site(addresses["url"], addresses["grpc"], addresses["nodes"]) as at:
                yield at, "simulator"
        finally:
            process.terminate()


def run(objects: int = 10_000, index: str = "flat", dimensions: int = 768) -> list[rows.Row]:
    """The report's lines."""
    return asyncio.run(measure(objects, index, dimensions))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.copy_path")
    parser.add_argument("--objects", type=int, default=10_000)
    parser.add_argument("--index", default="flat")
    parser.add_argument("--dimensions", type=int, default=768)
    given = parser.parse_args()
    rows.print_rows("copy path", run(given.objects, given.index, given.dimensions))
