"""The data path where the way breaks, answers lie, and rows change between their two pages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio

from elysiadash.config.profile import Limits, Profile
from elysiadash.demo.cluster import SimulatedCluster, simulated
from elysiadash.demo.faults import Fault
from elysiadash.weaviate.budget import Budget
from elysiadash.weaviate.errors import BadAnswer, ConnectionLost, Refused, WeaviateError
from elysiadash.weaviate.guard import Guard
from elysiadash.weaviate.objects import (
    Converter,
    DefinitionChanged,
    Door,
    Place,
    ReadBack,
    Reader,
    ReferenceWriter,
    Writer,
    shape_of,
)
from elysiadash.weaviate.rpc import RpcCall
from elysiadash.weaviate.transport import Transport
from tests.contract.copying import PERMIT, Site, same, site, uid

_LIST = "GET /v1/objects"


@pytest_asyncio.fixture
async def demo() -> AsyncIterator[SimulatedCluster]:
    async with simulated("empty") as running:
        yield running


@pytest_asyncio.fixture
async def at(demo: SimulatedCluster) -> AsyncIterator[Site]:
    """Source with 60 objects of one shard, and an empty target of the same definition."""
    async with site(demo.url, demo.grpc, demo.nodes) as made:
        for name in ("Source", "Target"):
            await made.create(_definition(name))
        errors = await made.put("Source", [_document(number) for number in range(1, 61)])
        assert errors == [None] * 60
        yield made


def _definition(name: str) -> dict[str, Any]:
    return {
        "class": name,
        "properties": [
            {"name": "t", "dataType": ["text"]},
            {"name": "blob", "dataType": ["blob"]},
        ],
        "vectorConfig": {"a": {"vectorizer": {"none": {}}, "vectorIndexType": "flat"}},
        "shardingConfig": {"desiredCount": 1},
    }


def _document(number: int, text: str = "", vector: float | None = None) -> str:
    return json.dumps(
        {
            "class": "Source",
            "id": uid(number),
            "properties": {"t": text or str(number)},
            "vectors": {"a": [number if vector is None else vector, 0.5]},
        }
    )


class Between(Door):
    """A door that lets something happen before each Search, after the page of properties."""

    def __init__(
        self, at: Site, demo: SimulatedCluster, happens: Callable[[int], Awaitable[Any]]
    ) -> None:
        self.max_message = at.door.max_message
        self._inner = at.door
        self._demo = demo
        self._happens = happens
        self._listed = demo.model.called(_LIST)
        self.searches = 0

    async def exchange(self, call: RpcCall) -> bytes:
        if call.method == "Search":
            self.searches += 1
            wanted = self._listed + self.searches
            while self._demo.model.called(_LIST) < wanted:  # noqa: ASYNC110 - a plain counter
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)
            await self._happens(self.searches)
        return await self._inner.exchange(call)


class Spoilt(Door):
    """A door that changes what ``BatchObjects`` is answered; ``spoil`` gets the real answer."""

    def __init__(self, inner: Door, spoil: Callable[[bytes], bytes], *, sends: bool = True) -> None:
        self.max_message = inner.max_message
        self._inner = inner
        self._spoil = spoil
        self._sends = sends

    async def exchange(self, call: RpcCall) -> bytes:
        if call.method != "BatchObjects":
            return await self._inner.exchange(call)
        return self._spoil(await self._inner.exchange(call) if self._sends else b"")


async def _reader(at: Site, door: Door | None = None) -> Reader:
    shape = shape_of(await at.definition("Source"))
    return Reader(at.transport, door or at.door, shape, Place(collection="Source"))


async def _copied(at: Site) -> None:
    assert same(await at.objects("Source"), await at.objects("Target")) == {}
    assert await at.vectors("Source") == await at.vectors("Target")


# ---- rows that change between the two pages --------------------------------------------------


async def test_a_row_that_changed_between_its_pages_is_read_whole(
    at: Site, demo: SimulatedCluster
) -> None:
    async def change(search: int) -> None:
        await at.put("Source", [_document(7, "changed", 700.0)])

    page = await (await _reader(at, Between(at, demo, change))).page()
    assert (len(page.rows), page.whole, page.gone) == (60, 1, ())
    (row,) = (row for row in page.rows if row.id == uid(7))
    assert (row.properties.p0, row.vectors[0].data[:4]) == ("changed", b"\x00\x00\x2f\x44")
    assert [row.id for row in page.rows] == [uid(number) for number in range(1, 61)]


async def test_many_changed_rows_are_asked_for_again_together(
    at: Site, demo: SimulatedCluster
) -> None:
    async def change(search: int) -> None:
        if search == 1:
            await at.put("Source", [_document(number, "new", 9.0) for number in range(1, 41)])

    door = Between(at, demo, change)
    page = await (await _reader(at, door)).page()
    assert (door.searches, page.whole, len(page.rows)) == (2, 0, 60)
    assert [row.properties.p0 for row in page.rows[:41]] == ["new"] * 40 + ["41"]


async def test_a_row_deleted_between_its_pages_is_named(at: Site, demo: SimulatedCluster) -> None:
    async def change(search: int) -> None:
        await at.raw.delete(f"/v1/objects/Source/{uid(3)}")

    page = await (await _reader(at, Between(at, demo, change))).page()
    assert page.gone == (uid(3),)
    assert len(page.rows) == 59


async def test_rows_written_between_their_pages_are_not_missed(
    at: Site, demo: SimulatedCluster
) -> None:
    async def change(search: int) -> None:
        await at.put("Source", [_document(number) for number in range(100, 110)])

    page = await (await _reader(at, Between(at, demo, change))).page()
    assert [row.id for row in page.rows] == [
        uid(number) for number in (*range(1, 61), *range(100, 110))
    ]


async def test_an_upper_end_is_kept_to(at: Site) -> None:
    reader = await _reader(at)
    page = await reader.page(uid(10), upper=uid(20))
    assert [row.id for row in page.rows] == [uid(number) for number in range(11, 21)]
    assert (page.ended, page.at_upper) == (True, True)
    page = await reader.page(uid(50), upper=uid(0xFFFF))
    assert (len(page.rows), page.ended, page.at_upper) == (10, True, False)


# ---- broken ways -----------------------------------------------------------------------------


async def test_one_dropped_connection_costs_nothing(at: Site, demo: SimulatedCluster) -> None:
    demo.faults.add(Fault(kind="drop", route=_LIST, times=1))
    demo.faults.add(Fault(kind="drop", route="grpc BatchObjects", times=1))
    copied = await at.copy("Source", "Target")
    assert (copied.refused, copied.unsettled) == ([], [])
    await _copied(at)


@pytest.mark.parametrize("kind", ["truncated", "html", "malformed"])
async def test_a_spoilt_page_is_an_error_and_no_page(
    kind: Any, at: Site, demo: SimulatedCluster
) -> None:
    demo.faults.add(Fault(kind=kind, route=_LIST, times=2, variant="not_json"))
    reader = await _reader(at)
    with pytest.raises(WeaviateError) as failed:
        await reader.page()
    assert isinstance(failed.value, BadAnswer | ConnectionLost) or failed.value.status is not None
    demo.faults.clear()
    assert len((await reader.page()).rows) == 60


async def test_a_batch_whose_answer_is_lost_is_found_by_reading_back(at: Site) -> None:
    def lose(reply: bytes) -> bytes:
        raise ConnectionLost("the answer is lost")

    reader = await _reader(at)
    page = await reader.page()
    ready, _ = Converter(reader.shape, "Target").convert(page.rows)
    lossy = Spoilt(at.door, lose)
    place = Place(collection="Target")
    writer = Writer(at.transport, lossy, reader.shape, place, permit=PERMIT)
    outcome = await writer.write(ready)
    assert (len(outcome.stored), outcome.unsettled, outcome.requests) == (60, [], 1)
    await _copied(at)


async def test_a_server_that_is_away_leaves_every_object_unsettled(
    at: Site, demo: SimulatedCluster
) -> None:
    reader = await _reader(at)
    ready, _ = Converter(reader.shape, "Target").convert((await reader.page()).rows)
    place = Place(collection="Target")
    writer = Writer(at.transport, at.door, reader.shape, place, permit=PERMIT)
    demo.faults.add(Fault(kind="status", route="BatchObjects", status=503))
    outcome = await writer.write(ready)
    assert (outcome.stored, outcome.refused) == ({}, [])
    assert sorted(outcome.unsettled) == [uid(number) for number in range(1, 61)]
    assert "503" in (outcome.cause or "")
    demo.faults.clear()
    assert len((await writer.write(ready)).stored) == 60


async def test_a_success_that_stored_nothing_is_not_believed(at: Site) -> None:
    await at.copy("Source", "Target")
    await at.put("Source", [_document(number, "newer") for number in range(1, 61)])
    reader = await _reader(at)
    ready, _ = Converter(reader.shape, "Target").convert((await reader.page()).rows)
    place = Place(collection="Target")
    liar = Spoilt(at.door, lambda _: b"", sends=False)
    lying = Writer(at.transport, liar, reader.shape, place, permit=PERMIT)
    outcome = await lying.write(ready[:1])
    # The object is there from before, and by REST it gets through after all.
    assert outcome.stored.keys() == {uid(1)}
    assert (await at.objects("Target"))[uid(1)]["properties"]["t"] == "newer"


async def test_a_failure_that_stored_everything_is_not_believed_either(at: Site) -> None:
    from elysiadash.proto import weaviate_pb2 as pb

    def all_failed(reply: bytes) -> bytes:
        error = pb.BatchObjectsReply.BatchError
        errors = [error(index=place, error="insert to vector index") for place in range(60)]
        return pb.BatchObjectsReply(errors=errors).SerializeToString()

    reader = await _reader(at)
    ready, _ = Converter(reader.shape, "Target").convert((await reader.page()).rows)
    place = Place(collection="Target")
    door = Spoilt(at.door, all_failed)
    writer = Writer(at.transport, door, reader.shape, place, permit=PERMIT)
    outcome = await writer.write(ready)
    assert (len(outcome.stored), outcome.refused, outcome.requests) == (60, [], 1)


async def test_where_the_grpc_port_is_shut_the_rest_port_takes_the_same() -> None:
    async with (
        simulated("empty", grpc=False) as demo,
        site(demo.url, demo.grpc, demo.nodes) as at,
    ):
        for name in ("Source", "Target"):
            await at.create(_definition(name))
        await at.put("Source", [_document(number) for number in range(1, 31)])
        assert at.door.name == "gRPC"
        copied = await at.copy("Source", "Target")
        assert (copied.refused, copied.unsettled) == ([], [])
        assert at.door.name == "Connect on the REST port"
        await _copied(at)


# ---- sizes, guard, definitions ---------------------------------------------------------------


async def test_pages_that_are_too_large_are_asked_for_in_parts(
    at: Site, demo: SimulatedCluster
) -> None:
    blobs = [
        json.dumps({"class": "Source", "id": uid(number), "properties": {"blob": "A" * 200_000}})
        for number in range(100, 120)
    ]
    assert await at.put("Source", blobs) == [None] * 20
    limits = Limits(answer_bytes=1 << 20)
    profile = Profile(name="small", url=demo.url, grpc=demo.grpc, limits=limits)
    transport = Transport(profile, budget=Budget(100_000))
    shape = shape_of(await at.definition("Source"))
    reader = Reader(transport, at.door, shape, Place(collection="Source"))
    ids, cursor = [], ""
    while True:
        page = await reader.page(cursor)
        ids += [row.id for row in page.rows]
        cursor = page.cursor
        if page.ended:
            break
    await transport.aclose()
    assert ids == [uid(number) for number in (*range(1, 61), *range(100, 120))]


async def test_a_read_only_profile_writes_nothing(at: Site, demo: SimulatedCluster) -> None:
    profile = Profile(name="read-only", url=demo.url, grpc=demo.grpc)
    transport = Transport(profile, Guard(writable=False, audit=at.audit))
    door = Door(transport)
    reader = await _reader(at)
    ready, _ = Converter(reader.shape, "Target").convert((await reader.page()).rows)
    place = Place(collection="Target")
    with pytest.raises(Refused):
        await Writer(transport, door, reader.shape, place, permit=PERMIT).write(ready)
    assert await at.objects("Target") == {}
    await door.aclose()
    await transport.aclose()


async def test_every_batch_leaves_a_line_before_and_after(at: Site) -> None:
    await at.copy("Source", "Target")
    lines = [one for one in at.audit.entries if one.path.endswith("/BatchObjects")]
    assert [one.result for one in lines] == ["started", "ok"]
    assert lines[0].permit == PERMIT
    assert lines[0].body_hash == lines[1].body_hash is not None


async def test_a_property_that_came_later_stops_the_copy(at: Site) -> None:
    reader = await _reader(at)
    new = {"name": "later", "dataType": ["text"]}
    await at.raw.post("/v1/schema/Source/properties", json=new)
    late = {"class": "Source", "id": uid(70), "properties": {"later": "x"}}
    assert await at.put("Source", [json.dumps(late)]) == [None]
    with pytest.raises(DefinitionChanged, match="later"):
        await reader.page()
    assert len((await (await _reader(at)).page()).rows) == 61


async def test_two_objects_of_one_id_are_never_written_together(at: Site) -> None:
    reader = await _reader(at)
    ready, _ = Converter(reader.shape, "Target").convert((await reader.page()).rows)
    place = Place(collection="Target")
    writer = Writer(at.transport, at.door, reader.shape, place, permit=PERMIT)
    with pytest.raises(ValueError, match="one id"):
        await writer.write([ready[0], ready[0]])


async def test_reading_back_jumps_over_what_is_not_ours(at: Site) -> None:
    crowd = [_document(number) for number in range(1_000, 4_000)]
    for start in range(0, 3_000, 500):
        await at.put("Source", crowd[start : start + 500])
    back = ReadBack(at.transport, at.door, Place(collection="Source"))
    wanted = [uid(0), uid(1), uid(60), uid(61), uid(1_500), uid(3_999), uid(5_000)]
    times = await back.times(wanted)
    assert sorted(times) == [uid(1), uid(60), uid(1_500), uid(3_999)]
    everything = [uid(number) for number in (*range(1, 61), *range(1_000, 4_000))]
    assert sorted(await back.times(everything)) == everything
    surely = ReadBack(at.transport, at.door, Place(collection="Source"), permit=PERMIT)
    assert await surely.surely(uid(5_000)) is None
    assert await surely.surely(uid(1_500)) == times[uid(1_500)]


async def test_a_reference_that_is_none_costs_the_others_nothing(at: Site) -> None:
    from elysiadash.weaviate.objects.convert import Converted, Reference
    from elysiadash.weaviate.objects.rows import Row

    new = {"name": "to", "dataType": ["Target"]}
    await at.raw.post("/v1/schema/Target/properties", json=new)
    await at.copy("Source", "Target", references=False)
    shape = shape_of(await at.definition("Target"))
    good = f"weaviate://localhost/Target/{uid(1)}"

    def led(number: int, beacon: str) -> Converted:
        row = Row(uid(number), 0, 0, None)
        return Converted(uid(number), b"", row, (Reference("to", (beacon,)),))

    objects = [led(number, good) for number in range(1, 9)] + [led(9, "weaviate://localhost/")]
    outcome = await ReferenceWriter(
        at.transport, shape, Place(collection="Target"), permit=PERMIT
    ).write([*objects, led(99, good)])
    assert outcome.stored.keys() == {uid(number) for number in range(1, 9)}
    assert {one.id for one in outcome.refused} == {uid(9), uid(99)}
