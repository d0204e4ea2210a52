"""A rehearsal: the first ranges are copied into a scratch collection, which is removed again.

It goes the way of the copy itself, so that its numbers are real: the same processes, lanes and
target index. Of the source it only reads.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Final

import msgspec

from elysiadash.jobs import dead_letters, progress, ranges, steps
from elysiadash.jobs.errors import NotPossible
from elysiadash.jobs.progress import Sample
from elysiadash.migrate import copying, lanes
from elysiadash.migrate.checkpoint import Rehearsed
from elysiadash.migrate.definitions import translated
from elysiadash.migrate.errors import MigrationStopped, TargetChanged
from elysiadash.migrate.ledgers import COPIED
from elysiadash.migrate.parts import Part
from elysiadash.migrate.run import Run
from elysiadash.migrate.spec import Wanted
from elysiadash.schema.creation import creation_requests
from elysiadash.schema.definition import Definition, is_multi_tenant
from elysiadash.schema.ordering import references
from elysiadash.weaviate.definitions import (
    change_schema,
    create_tenants,
    delete_collection,
    stored_definition,
)
from elysiadash.weaviate.errors import NotFound, WeaviateError
from elysiadash.weaviate.versions import parse_version

ENOUGH_OBJECTS: Final = 50_000
ENOUGH_S: Final = 60.0
STEP: Final = "rehearse"
_PREFIX: Final = "ElysiadashRehearsal_"
_GONE_S: Final = 15.0


async def rehearse(
    run: Run, *, objects: int = ENOUGH_OBJECTS, seconds: float = ENOUGH_S
) -> Rehearsed | None:
    """Copy about so many objects, or for so long; what was measured is in ``checkpoint.rehearsed``.

    None where there was nothing to rehearse with, or nothing was copied. The scratch
    collection is owed from before it is made until it is gone, also where this raises.
    """
    part = _part(run)
    if part is None:
        await run.note("rehearsal", "nothing to rehearse with: no object in an active tenant")
        return None
    await remove_scratch(run)
    scratch = scratch_name(run.job)
    kept = run.checkpoint
    sub = _sub_run(run, part, scratch, time.monotonic() + seconds, objects)
    try:
        await _make(run, sub, part, scratch)
        began = time.monotonic()
        ended = True
        try:
            await copying.copy(sub)
        except _Enough:
            ended = False
        took = time.monotonic() - began
        found = await asyncio.to_thread(_measured, run, sub, part, took)
        found = msgspec.structs.replace(found, all_of_it=ended)
    finally:
        await lanes.close(sub)
        run.checkpoint = kept
        with contextlib.suppress(WeaviateError, MigrationStopped):
            # What cannot be removed now stays owed: whoever takes the job next does it.
            await remove_scratch(run)
    if not found.objects:
        await run.note(
            "rehearsal",
            f"nothing of {part.key} was copied in {found.seconds:.0f} s: see the events before",
            severity="warning",
        )
        return None
    await run.save(rehearsed=found)
    return found


async def remove_scratch(run: Run) -> bool:
    """Delete the scratch collection where one is owed, and read back; whether one was.

    Raises the ``WeaviateError`` that fits, ``TargetChanged`` where it does not go.
    """
    step = await asyncio.to_thread(_owed, run)
    if step is None:
        return False
    name = str((step.undo or {}).get("collection", ""))
    if not name.startswith(_PREFIX):
        raise TargetChanged(f"{name!r} is no scratch collection of a rehearsal: it is left alone")
    client = run.target.client
    await delete_collection(client, name, run.permit("remove the rehearsal's collection"))
    deadline = time.monotonic() + _GONE_S
    while await _is_there(run, name):
        if time.monotonic() > deadline:
            raise TargetChanged(f"{name} of {run.target.profile.name} does not go: delete it there")
        await asyncio.sleep(0.2)

    def write() -> None:
        with run.work.held() as tx:
            steps.put_back(tx, run.job, STEP, who=run.work.claim.worker)

    await asyncio.to_thread(write)
    return True


def scratch_name(job: str) -> str:
    """The scratch collection of a job."""
    return f"{_PREFIX}{job.replace('-', '_')}"


class _Enough(Exception):
    """As much was copied as was wanted."""


class _Scratch(Run):
    """The run whose target is the scratch collection: it ends when enough was copied."""

    until = 0.0
    enough = 0

    async def breathe(self) -> None:
        """As a run does; raises ``_Enough`` where it is."""
        await super().breathe()
        if time.monotonic() > self.until or self.checkpoint.copied >= self.enough:
            raise _Enough


def _part(run: Run) -> Part | None:
    """The largest collection that can be read as it is; of tenants the first active one."""
    counts: dict[str, int] = {}
    if run.facts is not None:
        counts = {one.wanted.name: one.objects.value or 0 for one in run.facts.collections}
    readable = [
        part
        for part in run.parts
        if not part.tenant or run.tenants[part.collection].get(part.tenant) == "HOT"
    ]
    chosen = sorted(readable, key=lambda part: -counts.get(part.collection, 1))
    return next((part for part in chosen if counts.get(part.collection, 1)), None)


def _sub_run(run: Run, part: Part, scratch: str, until: float, objects: int) -> _Scratch:
    wanted = Wanted(
        name=part.collection, target=scratch, tenants=(part.tenant,) if part.tenant else None
    )
    spec = msgspec.structs.replace(run.spec, collections=(wanted,))
    began = msgspec.structs.replace(run.checkpoint, copied=0, dropped=0, added=0)
    sub = _Scratch(run.work, spec, run.source, run.target, began)
    sub.until, sub.enough = until, objects
    sub.definitions = {part.collection: run.definitions[part.collection]}
    sub.translations = {
        part.collection: translated(
            run.translations[part.collection].target,
            {run.translations[part.collection].name: scratch},
            target_version=parse_version(run.target.meta.version),
        )
    }
    sub.parts = [Part(collection=part.collection, target=scratch, tenant=part.tenant)]
    sub.tenants = {part.collection: {part.tenant: "HOT"}} if part.tenant else {}
    sub.transform = run.transform
    return sub


async def _make(run: Run, sub: Run, part: Part, scratch: str) -> None:
    """The scratch collection, owed before its first request; references are left out."""
    definition = _without_references(sub.translations[part.collection].target)

    def begin() -> None:
        with run.work.held() as tx:
            steps.begin(
                tx,
                STEP,
                title=f"rehearse {part.key}",
                undo={"collection": scratch},
                owed=True,
            )

    await asyncio.to_thread(begin)
    client, permit = run.target.client, run.permit(f"rehearse {part.key}")
    for request in creation_requests(definition):
        await change_schema(client, request.method, request.path, request.body, permit)
    if part.tenant and is_multi_tenant(definition):
        await create_tenants(client, scratch, [(part.tenant, "HOT")], permit)


def _measured(run: Run, sub: Run, part: Part, seconds: float) -> Rehearsed:
    with run.work.reading() as read:
        pieces = ranges.of(read, run.job, generation=COPIED, tenant=part.key)
        dead = dead_letters.count(read, run.job)
    samples = [Sample(one.objects, one.seconds) for one in pieces if one.objects and one.seconds]
    used = min(sub.lanes.lanes if sub.lanes is not None else 1, max(1, len(samples)))
    objects = sum(one.objects for one in pieces)
    rate = progress.rate(samples, used) or (objects / seconds if seconds else 0.0)
    pace = sub.checkpoint.pace
    return Rehearsed(
        collection=part.collection,
        objects=objects,
        seconds=seconds,
        objects_per_s=rate,
        lanes=used,
        bytes=sum(one.bytes for one in pieces),
        dead_letters=dead,
        bottleneck=pace.bottleneck if pace is not None else "",
    )


def _without_references(definition: Definition) -> Definition:
    leading = {one.property["name"] for one in references(definition)}
    kept = [one for one in definition.get("properties") or () if one["name"] not in leading]
    return {**definition, "properties": kept}


async def _is_there(run: Run, name: str) -> bool:
    try:
        await stored_definition(run.target.client, name)
    except NotFound:
        return False
    return True


def _owed(run: Run) -> steps.Step | None:
    with run.work.reading() as read:
        try:
            step = steps.get(read, run.job, STEP)
        except NotPossible:
            return None
    return step if step.owed else None
