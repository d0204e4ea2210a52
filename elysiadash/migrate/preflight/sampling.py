"""Reads some objects of the source before anything is copied."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final
from uuid import UUID

from elysiadash.migrate.preflight.facts import Sampled, Told
from elysiadash.migrate.run import Run
from elysiadash.scan.errors import ScanFailed
from elysiadash.scan.extent import Extent
from elysiadash.scan.ids import IdTimeScan
from elysiadash.schema.definition import vector_paths
from elysiadash.weaviate.errors import WeaviateError
from elysiadash.weaviate.objects import PageSize, Place, Reader, Row, UnknownType, shape_of
from elysiadash.weaviate.objects.shape import Property

PLACES: Final = (0, 1 << 126, 1 << 127, 3 << 126)
"""Where in the space of ids samples begin: v1 and v7 ids crowd, v4 ids do not."""
ROWS: Final = 400
"""On one page."""
PAGES: Final = 2
"""From each place; the first one has 100 objects."""
TENANTS: Final = 4
LARGEST_INT: Final = 2**63 - 1
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
