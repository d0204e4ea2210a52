"""The transform of a run: for the copy's tasks, for the target's definitions, for the preflight."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, Final
from uuid import UUID

import msgspec

from elysiadash.jobs import folder
from elysiadash.migrate.checkpoint import Check
from elysiadash.migrate.parts import Part
from elysiadash.migrate.run import Run
from elysiadash.migrate.transforms.applying import FileTransform
from elysiadash.migrate.transforms.preview import SAMPLES, Preview, preview
from elysiadash.migrate.transforms.sandbox import Sandbox, Script
from elysiadash.weaviate.objects import PageSize, Place, Reader, Row, shape_of

PREVIEWS: Final = "previews.json"
"""In the job's folder: a ``Preview`` for each collection."""
_PARTS_SEEN: Final = 20
_PLACES: Final = 4


def script_of(run: Run) -> Script | None:
    """The file of the spec, None without one. Reads the disk.

    Raises ``TransformChanged``, ``TransformUnusable``.
    """
    file = run.spec.transform
    if file is None:
        return None
    return Script.of(file, started_at=run.work.job().created, cluster=run.source.profile.name)


def for_tasks(run: Run, targets: dict[str, dict[str, Any]] | None = None) -> FileTransform | None:
    """What ``tasks.Work.transform`` carries; ``targets`` are the definitions in the target by
    collection of the source. Raises as ``script_of``."""
    script = script_of(run)
    return None if script is None else FileTransform(script=script, targets=targets or {})


def schema_function(run: Run) -> Callable[[dict[str, Any]], dict[str, Any]] | None:
    """``transform_schema`` as a function, None without a transform. It waits, and raises
    ``TransformUnusable``. Raises as ``script_of``."""
    script = script_of(run)
    if script is None:
        return None

    def transformed(definition: dict[str, Any]) -> dict[str, Any]:
        with Sandbox(script) as sandbox:
            return sandbox.schema(definition)

    return transformed


async def check(
    run: Run, targets: dict[str, dict[str, Any]] | None = None, *, samples: int = SAMPLES
) -> tuple[Check, ...]:
    """Run it on samples of each collection; keeps the previews, and the volatile properties in
    the checkpoint. Needs ``run.definitions`` and ``run.parts``. Nothing is written to a server.

    Raises ``TransformChanged``, ``TransformUnusable``, ``TransformHangs``, ``WeaviateError``.
    """
    script = await asyncio.to_thread(script_of, run)
    if script is None:
        return ()
    found: list[Preview] = []
    checks: list[Check] = []
    for collection in dict.fromkeys(part.collection for part in run.parts):
        part, rows = await _samples(run, collection, samples)
        one = await asyncio.to_thread(
            preview, script, part, run.definitions[collection], rows,
            target=(targets or {}).get(collection),
        )  # fmt: skip
        found.append(one)
        checks += _checks(one, collection)
        await run.breathe()
    await asyncio.to_thread(_keep, run, found)
    volatile = tuple((one.part.partition("/")[0], one.volatile) for one in found if one.volatile)
    await run.save(volatile=volatile)
    return tuple(checks)


def previews(run: Run) -> list[Preview]:
    """The previews that were kept; reads the disk."""
    path = run.work.folder() / PREVIEWS
    return msgspec.json.decode(path.read_bytes(), type=list[Preview]) if path.exists() else []


async def _samples(run: Run, collection: str, wanted: int) -> tuple[Part, list[Row]]:
    """The first rows of a collection, of one tenant that has some."""
    parts = [part for part in run.parts if part.collection == collection]
    states: dict[str, dict[str, str]] = getattr(run, "tenants", {})
    shape = shape_of(run.definitions[collection])
    size = PageSize(run.source.door.max_message, most=wanted)
    hot = [part for part in parts if _may_be_read(part, states.get(collection))]
    for part in hot[:_PARTS_SEEN]:
        place = Place(
            collection=collection, tenant=part.tenant, tenant_is_hot=bool(part.tenant)
        )  # fmt: skip
        reader = Reader(run.source.transport, run.source.door, shape, place, size=size)
        rows = await _spread(reader, wanted)
        if rows:
            return part, rows
    return parts[0], []


async def _spread(reader: Reader, wanted: int) -> list[Row]:
    """Rows from several places of the id space, and from the beginning what these do not give."""
    found: dict[str, Row] = {}
    for place in range(1, _PLACES):
        after = str(UUID(int=place * (1 << 128) // _PLACES))
        found |= {row.id: row for row in (await reader.page(after)).rows[: wanted // _PLACES]}
    after, ended = "", False
    while len(found) < wanted and not ended:
        page = await reader.page(after)
        after, ended = page.cursor, page.ended
        found |= {row.id: row for row in page.rows[: wanted - len(found)]}
    return [found[name] for name in sorted(found)]


def _may_be_read(part: Part, states: dict[str, str] | None) -> bool:
    """Reading a tenant that is COLD could activate it: only one that is known to be HOT is."""
    return not part.tenant or (states or {}).get(part.tenant) in ("HOT", "ACTIVE")


def _checks(one: Preview, collection: str) -> Iterator[Check]:
    for text in one.blocks:
        yield Check(
            code="transform",
            result="blocks",
            about=collection,
            text=text,
            way_out="change the file and begin a new job with it",
        )
    for text in one.warns:
        yield Check(code="transform", result="warns", about=collection, text=text)
    if one.volatile:
        yield Check(
            code="transform-volatile",
            result="warns",
            about=collection,
            text=f"{', '.join(one.volatile)} differ each time the transform runs: they are "
            "verified for their presence and type only",
            way_out="use ctx.started_at instead of now(), and no random numbers",
        )
    if not one.samples:
        yield Check(
            code="transform",
            result="unknown",
            about=collection,
            text="the transform was tried on no object: there is none, or in no active tenant",
        )
    elif not one.blocks and not one.warns:
        yield Check(
            code="transform",
            result="ok",
            about=collection,
            text=f"of {one.samples:,} samples {one.changed:,} are changed, {one.split:,} split, "
            f"{one.dropped:,} dropped, {one.same:,} left as they are",
        )


def _keep(run: Run, found: list[Preview]) -> None:
    length = folder.place(run.work.folder(), PREVIEWS, msgspec.json.encode(found))
    with run.work.held() as tx:
        folder.commit(tx, PREVIEWS, length)
