"""What a scan costs: objects a second, and our own CPU for each, beside the server's time alone.

    python -m tests.benchmarks.scan

On a real Weaviate where one is found (WEAVIATE_BIN, or ``weaviate`` on PATH), else on the
simulator in a process of its own, whose speed is Python's and no server's. Objects have 768
dimensions and seven properties. "other" is the same pages asked for and thrown away unread, so
that the ratio is what reading, checking and digesting add.
"""

from __future__ import annotations

import array
import asyncio
import random
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from elysiadash.cli.demo_process import demo_clusters
from elysiadash.config.profile import Profile
from elysiadash.config.tuning import Limits
from elysiadash.proto import weaviate_pb2 as pb
from elysiadash.scan.asking import request
from elysiadash.scan.canonical import CanonicalForm
from elysiadash.scan.compare import Comparison
from elysiadash.scan.coordinator import Coordinator
from elysiadash.scan.digests import DigestScan
from elysiadash.scan.extent import Extent
from elysiadash.scan.ids import IdTimeScan
from elysiadash.scan.ledger import Entry, Ledger, LedgerWriter
from elysiadash.scan.owners import Owners
from elysiadash.weaviate.guard import AuditEntry, Guard, Permit
from elysiadash.weaviate.rpc import GrpcDoor, RpcCall
from elysiadash.weaviate.transport import Call, Transport
from tests.benchmarks.rows import Row, print_rows
from tests.servers.real import RealCluster, find_binary

OBJECTS, SIMULATED_OBJECTS, DIMENSIONS, BATCH = 20_000, 3_000, 768, 1000
ROWS = 1_000_000
NAME = "Scanned"
_DEFINITION = {
    "class": NAME,
    "vectorConfig": {"a": {"vectorizer": {"none": {}}, "vectorIndexType": "flat"}},
    "properties": [
        {"name": name, "dataType": [kind]}
        for name, kind in {
            "title": "text",
            "category": "text",
            "year": "int",
            "score": "number",
            "published": "boolean",
            "createdAt": "date",
            "tags": "text[]",
        }.items()
    ],
}


class Cost(NamedTuple):
    """Seconds and our own CPU seconds for so many objects."""

    objects: int
    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        """Objects a second."""
        return self.objects / self.seconds

    @property
    def each_us(self) -> float:
        """Microseconds of our CPU for an object."""
        return self.cpu / self.objects * 1e6


class _NoAudit:
    def record(self, entry: AuditEntry) -> None:
        """A benchmark's own writes to its own server."""


async def _present() -> Owners:
    return Owners()


async def _measured(pages: AsyncIterator[Any]) -> Cost:
    cpu, started, count = time.process_time(), time.perf_counter(), 0
    async for page in pages:
        count += len(page)
    return Cost(count, time.perf_counter() - started, time.process_time() - cpu)


async def _unread(node: Coordinator, *, limit: int, whole: bool) -> AsyncIterator[list[None]]:
    """The pages of a scan, of which only the last row is looked at."""
    extent, cursor = Extent(collection=NAME), None
    while True:
        asked = [
            node.search(request(extent, cursor, limit, vectors=("a",) if whole else None), extent)
        ]
        lists = [node.listed(extent, cursor, limit)] if whole else []
        reply, *_ = await asyncio.gather(*asked, *lists)
        if not reply.results:
            return
        cursor = reply.results[-1].metadata.id_as_bytes
        yield [None] * len(reply.results)


@asynccontextmanager
async def _server() -> AsyncIterator[tuple[str, Profile, int]]:
    if find_binary() is not None:
        async with RealCluster(1) as cluster:
            yield "a real Weaviate", _profile(cluster.url, cluster.grpc), OBJECTS
        return
    with demo_clusters("empty") as (cluster,):
        yield "the simulator", _profile(cluster.url, cluster.grpc), SIMULATED_OBJECTS


def _profile(url: str, grpc: str | None) -> Profile:
    return Profile(name="scan", url=url, grpc=grpc, limits=Limits(requests_per_minute=1_000_000))


async def _fill(profile: Profile, count: int) -> None:
    transport = Transport(profile, Guard(writable=True, audit=_NoAudit()))
    permit = Permit(reason="benchmark")
    await transport.send(
        Call(method="POST", path="/v1/schema", json=_DEFINITION, timeout=60, permit=permit)
    )
    door = GrpcDoor(transport)
    made = random.Random(1)
    for start in range(0, count, BATCH):
        message = pb.BatchObjectsRequest()
        for number in range(start, min(count, start + BATCH)):
            _add(message, number, made)
        call = RpcCall(method="BatchObjects", message=message, timeout=120, permit=permit)
        reply = await door.call(call, pb.BatchObjectsReply)
        assert not reply.errors, reply.errors[0]
    await door.aclose()
    await transport.aclose()


def _add(message: pb.BatchObjectsRequest, number: int, made: random.Random) -> None:
    identity = uuid.UUID(int=made.getrandbits(128), version=4)
    one = message.objects.add(uuid=str(identity), collection=NAME)
    one.properties.non_ref_properties.update(
        {
            "title": f"Document number {number} with some words in it",
            "category": "news",
            "year": 2000 + number % 30,
            "score": number / 7,
            "published": number % 2 == 0,
            "createdAt": "2026-01-01T10:00:00Z",
        }
    )
    one.properties.text_array_properties.add(prop_name="tags", values=["tag-1", "tag-2"])
    numbers = array.array("f", [made.random() for _ in range(DIMENSIONS)])
    one.vectors.add(name="a", type=1, vector_bytes=numbers.tobytes())


async def _scans() -> list[Row]:
    async with _server() as (what, profile, count):
        await _fill(profile, count)
        rows = []
        for door, grpc in (("gRPC", profile.grpc), ("Connect", None)):
            node = Coordinator.of(profile, "node", profile.url, grpc=grpc)
            try:
                await _measured(_unread(node, limit=1000, whole=True))
                rows += await _beside(
                    f"ids and times by {door}, {what}",
                    lambda: IdTimeScan(node, Extent(collection=NAME), owners=_present).pages(),  # noqa: B023 - used at once
                    lambda: _unread(node, limit=5000, whole=False),  # noqa: B023
                )
                rows += await _beside(
                    f"digests by {door}, {what}",
                    lambda: DigestScan(
                        node,  # noqa: B023
                        Extent(collection=NAME),
                        CanonicalForm.of(_DEFINITION),
                        owners=_present,
                    ).pages(),
                    lambda: _unread(node, limit=1000, whole=True),  # noqa: B023
                )
            finally:
                await node.aclose()
        return rows


async def _beside(
    name: str, scan: Callable[[], AsyncIterator[Any]], unread: Callable[[], AsyncIterator[Any]]
) -> list[Row]:
    ours, other = await _measured(scan()), await _measured(unread())
    return [
        Row(
            f"{name}: objects/s",
            f"{ours.rate:,.0f}",
            f"{other.rate:,.0f}",
            f"{other.rate / ours.rate:.2f}x",
            f"{ours.objects:,} objects, the end confirmed",
        ),
        Row(
            f"{name}: our CPU an object",
            f"{ours.each_us:.1f} us",
            f"{other.each_us:.1f} us",
            f"{ours.each_us / other.each_us:.2f}x",
            "other: pages parsed and thrown away",
        ),
    ]


def _ledgers() -> list[Row]:
    rows = [Entry(number.to_bytes(16), number, bytes(8), number) for number in range(ROWS)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger"

        def write() -> int:
            with LedgerWriter(path) as writer:
                writer.extend(rows)
                writer.commit()
            return ROWS

        written = _timed(write)
        with Ledger(path) as one, Ledger(path) as other:
            read = _timed(lambda: sum(1 for _ in one))
            compared = _timed(lambda: sum(1 for _ in Comparison[Any, Any]().of_rows(one, other)))
    copied = _timed(lambda: len(list(_plainly(rows))))
    return [
        Row(
            f"ledger, {name}: rows/s",
            f"{ROWS / seconds:,.0f}",
            f"{ROWS / copied:,.0f}",
            f"{seconds / copied:.1f}x",
            "other: the rows in memory gone through",
        )
        for name, seconds in (("written", written), ("read", read), ("compared", compared))
    ]


def _plainly(rows: list[Entry]) -> Iterator[bytes]:
    for row in rows:
        yield row.id


def _timed(act: Callable[[], int]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def run() -> list[Row]:
    """About a minute."""
    return [*asyncio.run(_scans()), *_ledgers()]


def main() -> None:
    """Print what was measured."""
    print_rows("scan", run())


if __name__ == "__main__":
    main()
