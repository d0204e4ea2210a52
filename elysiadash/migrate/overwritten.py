"""Keeps what ``--overwrite`` replaces, until a person deletes it.

Weaviate cannot rename a collection, and a second one under the name is impossible, so the new
one cannot be verified before the old one goes. What is kept is therefore a copy: a backup where
the target has a backend (exact, times included), else a second collection beside it.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from elysiadash.jobs import steps
from elysiadash.jobs.errors import NotPossible
from elysiadash.jobs.steps import StepState
from elysiadash.migrate.errors import RefusedByPreflight, TargetChanged
from elysiadash.migrate.run import Run
from elysiadash.schema.cleaning import clean
from elysiadash.schema.creation import creation_requests
from elysiadash.schema.definition import Definition, is_multi_tenant
from elysiadash.schema.quantizers import without_default_quantizer
from elysiadash.schema.renaming import renamed
from elysiadash.weaviate.answers import decode
from elysiadash.weaviate.client import path_segment
from elysiadash.weaviate.definitions import change_schema, create_tenants, stored_definition
from elysiadash.weaviate.errors import NotFound, WeaviateError
from elysiadash.weaviate.models import Backup
from elysiadash.weaviate.objects import (
    Converter,
    Place,
    Reader,
    ReferenceWriter,
    Writer,
    shape_of,
)
from elysiadash.weaviate.transport import Call
from elysiadash.weaviate.versions import parse_version

UNKEPT: Final = "overwrite-unkept"
"""The code under which an operator agrees that nothing is kept."""
_POLL_S: Final = 1.0
_TENANTS_AT_ONCE: Final = 1_000


async def keep(run: Run, name: str, there: Definition) -> None:
    """Keep a copy of the target's collection ``name``; noted in ``checkpoint.replaced``.

    May be called again after a crash. Raises ``RefusedByPreflight`` where it cannot be kept and
    nobody agreed to that, ``TargetChanged`` where it is written to meanwhile.
    """
    step = f"keep:{name}"
    if await asyncio.to_thread(_is_done, run, step):
        return
    await asyncio.to_thread(_begin, run, step, f"keep the old {name}")
    where = await _as_backup(run, name)
    if where is None:
        where = await _as_collection(run, name, there)
    kept = (*(one for one in run.checkpoint.replaced if one[0] != name), (name, where))
    await run.save(replaced=kept)
    await asyncio.to_thread(_end, run, step)


def kept_name(job: str, name: str) -> str:
    """The name of the collection that keeps what a job replaces."""
    return f"{name}_before_{job.replace('-', '_')}"


async def why_not_kept(run: Run, there: Definition) -> str | None:
    """Why a collection of the target can be kept neither way; None where it can."""
    if _backends(run):
        return None
    if not is_multi_tenant(there):
        return None
    tenants = await run.target.client.tenants(there["class"])
    cold = sum(one.activity_status != "HOT" for one in tenants)
    if not cold:
        return None
    return (
        f"{run.target.profile.name} has no backup backend, and {cold:,} of the "
        f"{len(tenants):,} tenants are not active, so they cannot be copied"
    )


def _backends(run: Run) -> tuple[str, ...]:
    return (run.spec.backend,) if run.spec.backend else run.target.meta.backup_backends()


async def _as_backup(run: Run, name: str) -> str | None:
    """A backup of the one collection; None where no backend takes it."""
    for backend in _backends(run):
        for number in range(1, 4):
            identity = f"elysiadash-{run.job}-{name.lower()}-{number}"
            state = await _backup(run, backend, identity, name)
            if state == "SUCCESS":
                return f"backup {identity} on {backend}"
            if state is None:
                break
    return None


async def _backup(run: Run, backend: str, identity: str, name: str) -> str | None:
    """Begin a backup, or find the one that was begun, and follow it to its end.

    None where the backend does not take backups, such as a file system of several nodes.
    """
    client = run.target.client
    path = f"/v1/backups/{path_segment(backend)}"
    state = await _backup_state(run, f"{path}/{identity}")
    if state is None:
        try:
            await client.transport.send(
                Call(
                    method="POST",
                    path=path,
                    json={"id": identity, "include": [name]},
                    timeout=client.profile.timeouts.slow,
                    permit=run.permit(f"keep {name} before it is overwritten"),
                )
            )
        except WeaviateError as error:
            await run.note("keep", f"{backend} takes no backup of {name}: {error}")
            return None
        state = "STARTED"
    while state not in ("SUCCESS", "FAILED", "CANCELED"):
        await run.breathe()
        await asyncio.sleep(_POLL_S)
        state = await _backup_state(run, f"{path}/{identity}") or "FAILED"
    if state != "SUCCESS":
        await run.note("keep", f"backup {identity} on {backend}: {state}", severity="warning")
    return state


async def _backup_state(run: Run, path: str) -> str | None:
    client = run.target.client
    call = Call(method="GET", path=path, timeout=client.profile.timeouts.slow)
    try:
        return decode(Backup, await client.transport.send(call)).status
    except NotFound:
        return None


async def _as_collection(run: Run, name: str, there: Definition) -> str:
    """A second collection beside it; objects, vectors and references, not times."""
    reason = await why_not_kept(run, there)
    if reason is not None:
        if UNKEPT in run.spec.accepted:
            await run.note("keep", f"{name} is not kept: {reason}", severity="warning")
            return "nowhere: it was agreed that it is not kept"
        raise RefusedByPreflight(
            f"{name} cannot be kept before it is overwritten: {reason}. Activate them, give the "
            f"cluster a backup backend, or agree to keep nothing (accept {UNKEPT})"
        )
    kept = kept_name(run.job, name)
    client, permit = run.target.client, run.permit(f"keep {name} before it is overwritten")
    cleaned = clean(there, target=parse_version(run.target.meta.version)).definition
    definition = without_default_quantizer(renamed(cleaned, {name: kept}))
    try:
        await stored_definition(client, kept)
    except NotFound:
        for request in creation_requests(definition):
            await change_schema(client, request.method, request.path, request.body, permit)
    tenants = [""]
    if is_multi_tenant(there):
        tenants = [one.name for one in await client.tenants(name)]
        for at in range(0, len(tenants), _TENANTS_AT_ONCE):
            page = [(one, "HOT") for one in tenants[at : at + _TENANTS_AT_ONCE]]
            await create_tenants(client, kept, page, permit)
    for tenant in tenants:
        await _copied(run, there, kept, tenant)
    return f"collection {kept}"


async def _copied(run: Run, there: Definition, kept: str, tenant: str) -> None:
    """One place, page by page; counted on both sides at the end."""
    site, permit = run.target, run.permit(f"copy {there['class']} to {kept}")
    shape = shape_of(there)
    old = Place(collection=there["class"], tenant=tenant, tenant_is_hot=bool(tenant))
    new = Place(collection=kept, tenant=tenant, tenant_is_hot=bool(tenant))
    nodes = [url for _, url in site.profile.nodes.known()]
    reader = Reader(site.transport, site.door, shape, old, permit=permit)
    converter = Converter(shape, kept, tenant=tenant)
    writer = Writer(site.transport, site.door, shape, new, permit=permit, nodes=nodes)
    referring = ReferenceWriter(site.transport, shape, new, permit=permit)
    cursor = ""
    while True:
        await run.breathe()
        page = await reader.page(cursor)
        objects, lost = converter.convert(page.rows)
        outcome = await writer.write(objects)
        second = await referring.write(objects)
        failed: list[Any] = [*lost, *outcome.refused, *second.refused]
        unsettled = [*outcome.unsettled, *second.unsettled]
        if failed or unsettled:
            why = failed[0].reason if failed else outcome.cause or second.cause
            raise TargetChanged(
                f"{there['class']} cannot be kept as {kept}: {len(failed) + len(unsettled):,} "
                f"objects of a page were not stored ({why}). Nothing was deleted"
            )
        cursor = page.cursor
        if page.ended:
            break
    hot = bool(tenant)
    left = await site.client.exact_count(there["class"], tenant or None, tenant_is_hot=hot)
    right = await site.client.exact_count(kept, tenant or None, tenant_is_hot=hot)
    if left != right:
        raise TargetChanged(
            f"{there['class']}{f'/{tenant}' if tenant else ''} has {left:,} objects and what was "
            f"kept of it {right:,}: somebody writes to it. Nothing was deleted; stop the writers, "
            "then resume the job"
        )


def _is_done(run: Run, step: str) -> bool:
    with run.work.reading() as read:
        try:
            return steps.get(read, run.job, step).state is StepState.DONE
        except NotPossible:
            return False


def _begin(run: Run, step: str, title: str) -> None:
    with run.work.held() as tx:
        steps.begin(tx, step, title=title)


def _end(run: Run, step: str) -> None:
    with run.work.held() as tx:
        steps.end(tx, step)
