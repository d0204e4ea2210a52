"""Reads some objects of the source, and lets the server aggregate, before anything is copied."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final
from uuid import UUID

import msgspec

from elysiadash.migrate.definitions import property_types
from elysiadash.migrate.preflight.facts import Sampled, Told
from elysiadash.migrate.run import Run
from elysiadash.scan.errors import ScanFailed
from elysiadash.scan.extent import Extent
from elysiadash.scan.ids import IdTimeScan
from elysiadash.schema.definition import vector_paths
from elysiadash.weaviate.errors import WeaviateError
from elysiadash.weaviate.guard import Facts as GuardFacts
from elysiadash.weaviate.objects import PageSize, Place, Reader, Row, UnknownType, shape_of
from elysiadash.weaviate.objects.shape import Property
from elysiadash.weaviate.transport import Call

PLACES: Final = (0, 1 << 126, 1 << 127, 3 << 126)
"""Where in the space of ids samples begin: v1 and v7 ids crowd, v4 ids do not."""
ROWS: Final = 400
"""On one page."""
PAGES: Final = 2
"""From each place; the first one has 100 objects."""
TENANTS: Final = 4
LARGEST_INT: Final = 2**63 - 1
LEAST_INT: Final = -(2**63)
MOST_AGGREGATED: Final = 5_000_000
_AGGREGATE: Final = "/v1/grpc-web/weaviate.v1.Weaviate/Aggregate"
_HEADERS: Final = {"Connect-Protocol-Version": "1", "Content-Type": "application/json"}
_INTS_ASKED: Final = 20
_AGGREGATE_S: Final = 20.0
_SCAN_S: Final = 2.0


class _Int(msgspec.Struct, frozen=True):
    minimum: str | None = None
    maximum: str | None = None


class _About(msgspec.Struct, frozen=True):
    int: _Int = _Int()


class _Abouts(msgspec.Struct, frozen=True):
    aggregations: list[_About] = []


class _Single(msgspec.Struct, frozen=True):
    aggregations: _Abouts | None = None


class _Reply(msgspec.Struct, frozen=True):
    singleResult: _Single | None = None  # noqa: N815 - the API's own name


async def sample(run: Run, collection: str, objects: int | None) -> Sampled:
    """Objects from several places of a collection, or from some of its active tenants."""
    definition = run.definitions[collection]
    try:
        shape = shape_of(definition)
    except UnknownType as error:
        return Sampled(why=str(error))
    rows: dict[str, Row] = {}
    size = seen = 0
    why = ""
    for tenant, after in _places(run, collection):
        place = Place(collection=collection, tenant=tenant, tenant_is_hot=bool(tenant))
        pages = PageSize(run.source.door.max_message, most=ROWS)
        reader = Reader(run.source.transport, run.source.door, shape, place, size=pages)
        try:
            for _ in range(PAGES):
                page = await reader.page(after)
                after = page.cursor
                size, seen = size + page.bytes, seen + len(page.rows)
                rows |= {f"{tenant}/{row.id}": row for row in page.rows}
                await run.breathe()
                if page.ended:
                    break
        except WeaviateError as error:
            why = str(error)
    if not rows:
        return Sampled(why=why)
    vectors = [path[1] if path else "" for path in vector_paths(definition)]
    ints = [one for one in shape.properties if one.kind in ("int", "int[]")]
    return Sampled(
        objects=len(rows),
        # Places can overlap in a small collection.
        bytes=round(size * len(rows) / seen),
        all_of_them=objects is not None and len(rows) >= objects,
        vectorless=tuple(_vectorless(rows.values(), vectors)),
        extreme_ints=tuple(_extremes(rows.values(), ints)),
        why=why,
    )


async def extreme_ints(run: Run, collection: str, objects: int | None) -> Told[tuple[str, ...]]:
    """Properties with an int at an end of what 64 bits hold, by the server's own aggregation.

    A 1.39.0 shows 2^63-1 as the least value, -2^63 (as the largest for ``int[]``): the two cannot
    be told apart here. Needs the Connect door (1.38.3 on). Not of collections with tenants, each
    of which would be a request of its own, and not of large ones, which it would keep busy.
    """
    types = property_types(run.definitions[collection])
    names = [name for name, kind in types.items() if kind in (("int",), ("int[]",))]
    if not names:
        return Told(())
    if collection in run.tenants:
        return Told(None, "not asked for each tenant")
    if objects is None or objects > MOST_AGGREGATED:
        return Told(None, f"the server is not asked about more than {MOST_AGGREGATED:,} objects")
    if len(names) > _INTS_ASKED or any("." in name for name in names):
        return Told(None, "nested ints and more than 20 are not asked about")
    found = []
    for name in names:
        try:
            if LEAST_INT in await _ends(run, collection, name):
                found.append(name)
        except (WeaviateError, msgspec.DecodeError, ValueError) as error:
            return Told(None, f"the range of {name} was not told: {error}")
        await run.breathe()
    return Told(tuple(found))


async def _ends(run: Run, collection: str, name: str) -> set[int]:
    """The least and the largest value of an int property; int64 is a text in protobuf's JSON."""
    about = {"property": name, "int": {"maximum": True, "minimum": True}}
    call = Call(
        method="POST",
        path=_AGGREGATE,
        headers=_HEADERS,
        json={"collection": collection, "aggregations": [about]},
        timeout=_AGGREGATE_S,
        facts=GuardFacts(),
    )
    answer = await run.source.transport.send(call)
    single = msgspec.json.decode(answer.body, type=_Reply).singleResult
    rows = single.aggregations.aggregations if single and single.aggregations else []
    if not rows:
        raise ValueError("the answer has no aggregation")
    return {int(value) for one in rows for value in (one.int.minimum, one.int.maximum) if value}


async def scan_rate(run: Run) -> Told[float]:
    """Ids a second of one stream through the profile's own address, over about two seconds."""
    part = next((one for one in run.parts if _readable(run, one.collection, one.tenant)), None)
    if part is None:
        return Told(None, "no active tenant to measure a scan on")
    extent = Extent(collection=part.collection, tenant=part.tenant, tenant_is_hot=bool(part.tenant))
    scan = IdTimeScan(run.source.contact, extent, owners=run.source.owners)
    began, seen = time.monotonic(), 0
    try:
        async for page in scan.pages():
            seen += len(page)
            if time.monotonic() - began > _SCAN_S:
                break
    except (WeaviateError, ScanFailed) as error:
        return Told(None, str(error))
    seconds = time.monotonic() - began
    if seen < ROWS:
        return Told(None, f"{part.key} has {seen} objects, too few to measure a scan on")
    return Told(seen / seconds)


def _places(run: Run, collection: str) -> Iterator[tuple[str, str]]:
    tenants = run.tenants.get(collection)
    if tenants is None:
        for start in PLACES:
            yield "", str(UUID(int=start)) if start else ""
        return
    hot = [name for name in sorted(tenants) if _readable(run, collection, name)]
    step = max(1, len(hot) // TENANTS)
    for name in hot[::step][:TENANTS]:
        yield name, ""


def _readable(run: Run, collection: str, tenant: str) -> bool:
    return not tenant or run.tenants[collection].get(tenant) == "HOT"


def _vectorless(rows: Iterable[Row], vectors: list[str]) -> Iterator[tuple[str, int]]:
    lacking: Counter[str] = Counter()
    for row in rows:
        has = {vector.name for vector in row.vectors}
        lacking.update(name for name in vectors if name not in has)
    return iter(sorted(lacking.items()))


def _extremes(rows: Iterable[Row], ints: list[Property]) -> Iterator[tuple[str, str]]:
    for row in rows:
        for one in ints:
            value = getattr(row.properties, one.field, None)
            values = value if isinstance(value, list) else [value]
            if any(isinstance(v, int | float) and v >= LARGEST_INT for v in values):
                yield one.name, row.id
