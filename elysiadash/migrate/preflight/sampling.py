"""Reads some objects of the source, and lets the server aggregate, before anything is copied."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final
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
ROWS: Final = 200
"""From each place."""
TENANTS: Final = 4
LARGEST_INT: Final = 2**63 - 1
_AGGREGATE: Final = "/v1/grpc-web/weaviate.v1.Weaviate/Aggregate"
_HEADERS: Final = {"Connect-Protocol-Version": "1", "Content-Type": "application/json"}
_INTS_ASKED: Final = 20
_AGGREGATE_S: Final = 20.0
_SCAN_S: Final = 2.0


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
            page = await reader.page(after)
        except WeaviateError as error:
            why = str(error)
            continue
        size, seen = size + page.bytes, seen + len(page.rows)
        rows |= {f"{tenant}/{row.id}": row for row in page.rows}
        await run.breathe()
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


async def largest_ints(run: Run, collection: str) -> Told[dict[str, int]]:
    """The largest value of each int property, by the server (the Connect door of 1.38.3 on).

    Only of collections without tenants: each tenant would be a request of its own.
    """
    types = property_types(run.definitions[collection])
    names = [name for name, kind in types.items() if kind == ("int",) and "." not in name]
    if not names:
        return Told({})
    if collection in run.tenants:
        return Told(None, "not asked for each tenant")
    found: dict[str, int] = {}
    for name in names[:_INTS_ASKED]:
        body = {
            "collection": collection,
            "aggregations": [{"property": name, "int": {"maximum": True}}],
        }
        call = Call(
            method="POST",
            path=_AGGREGATE,
            headers=_HEADERS,
            json=body,
            timeout=_AGGREGATE_S,
            facts=GuardFacts(),
        )
        try:
            answer = await run.source.transport.send(call)
            value = _maximum(msgspec.json.decode(answer.body))
        except (WeaviateError, msgspec.DecodeError) as error:
            return Told(None, f"the largest {name} was not told: {error}")
        if value is not None:
            found[name] = value
        await run.breathe()
    return Told(found)


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


def _maximum(document: Any) -> int | None:
    """The one maximum of an ``AggregateReply`` as JSON: int64 is a text there."""
    single = document.get("singleResult", {}) if isinstance(document, dict) else {}
    found = (single.get("aggregations") or {}).get("aggregations") or []
    for one in found:
        value = (one.get("int") or {}).get("maximum")
        if value is not None:
            return int(float(value)) if isinstance(value, float) else int(value)
    return None
