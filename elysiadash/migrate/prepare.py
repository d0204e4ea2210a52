"""Makes the job's collections and tenants in the target, and reads back that they are so.

Every step can be begun again: a collection counts as ours from the step that was committed before
its first request, and nothing that the job did not make is changed or deleted (promise P13) but
what ``overwrite`` names, of which a copy is kept first (``overwritten``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal

from elysiadash.jobs import steps
from elysiadash.jobs.errors import NotPossible
from elysiadash.jobs.steps import StepState
from elysiadash.migrate.definitions import TTL, Translation, additions
from elysiadash.migrate.errors import RefusedByPreflight, TargetChanged
from elysiadash.migrate.overwritten import keep
from elysiadash.migrate.run import Run
from elysiadash.schema.creation import SchemaRequest, creation_requests, reference_requests
from elysiadash.schema.definition import Definition, is_multi_tenant, shown
from elysiadash.schema.diff import Difference, unexpected
from elysiadash.schema.ordering import Reference, creation_order
from elysiadash.weaviate.definitions import (
    change_schema,
    create_tenants,
    delete_collection,
    stored_definition,
)
from elysiadash.weaviate.errors import NotFound, WeaviateError
from elysiadash.weaviate.models import Tenant

TENANTS_AT_ONCE: Final = 1_000
_APPLIED_S: Final = 15.0
"""Every node has applied a change of the schema long before this (1.39.0: 0.1 s)."""
_ASK_AGAIN_S: Final = 0.1
_SHOWN: Final = 5


async def prepare(run: Run) -> None:
    """Bring the target to where objects can be written. Needs ``looking.look`` first.

    Raises ``RefusedByPreflight`` where a name is taken, ``TargetChanged`` where the target is not
    what was posted, and the ``WeaviateError`` that fits.
    """
    by_target = {one.name: one for one in run.translations.values()}
    present = [name for name in await collections_of(run) if name not in by_target]
    wanted = [_wanted(run, one) for one in by_target.values()]
    order = creation_order(wanted, present)
    for one in order.unmet:
        raise RefusedByPreflight(
            f"{one.collection}.{one.property['name']} refers to {', '.join(one.targets)}, which "
            f"{run.target.profile.name} does not have: copy it too, or leave the property out with "
            f"--set properties.{one.property['name']}=null"
        )
    made = {
        definition["class"]: await _collection(run, definition, order.later)
        for definition in order.first
    }
    await _references(run, order.later)
    for definition in wanted:
        await _read_back(run, definition, new=made[definition["class"]])
    await _tenants(run)


async def grow(run: Run) -> None:
    """Add to collections that are there what the source has and they lack: a roll back makes
    none. Raises ``TargetChanged`` where one is gone."""
    for one in run.translations.values():
        await _grown(run, one.target)


async def set_ttl(run: Run) -> tuple[str, ...]:
    """Give the target's collections the object TTL of the source: at cut-over, not before.

    Returns the collections that have one now. One that does not take it ends nothing at this
    moment: it is told as an error and in the report's notes.
    """
    done, notes = [], list(run.checkpoint.notes)
    for one in run.translations.values():
        if one.ttl is None:
            continue
        refused = await _set_ttl(run, one.name, one.ttl)
        if refused is None:
            done.append(one.name)
            continue
        note = f"{one.name} has no object TTL, set it by hand: {refused}"
        await run.note("ttl", note, severity="error")
        notes = [*notes, note] if note not in notes else notes
    if tuple(notes) != run.checkpoint.notes:
        await run.save(notes=tuple(notes))
    return tuple(done)


def made_by_job(run: Run, name: str) -> bool:
    """Whether the job made this collection of the target, or was about to. Reads the disk."""
    return _step(run, _making(name)) is not None


async def collections_of(run: Run) -> list[str]:
    """The names of the target's collections, the leader's view."""
    schema = await run.target.client.schema(leader=True)
    return [one.name for one in schema.classes or ()]


async def _collection(run: Run, definition: Definition, later: Sequence[Reference]) -> bool:
    """One collection, without the references that wait for others; whether it is new."""
    await run.breathe()
    name = definition["class"]
    step = await asyncio.to_thread(_step, run, _making(name))
    if step is StepState.DONE:
        await _grown(run, definition)
        return False
    there = await _found(run, name)
    if there is not None and step is None:
        await _make_room(run, name, there)
        there = None
    await _begin(run, _making(name), f"make {name}")
    if there is not None:
        await _fail_unless_empty(run, name)
    refused = None
    for request in creation_requests(definition):
        if there is not None and request.method == "POST":
            continue
        if refused is None:
            refused = await _sent(run, request)
    await _applied(run, definition, refused, later)
    await _try_ttl(run, name)
    await _end(run, _making(name))
    return True


async def _try_ttl(run: Run, name: str) -> None:
    """Whether the new, empty collection takes the TTL that it gets at cut-over; taken off again.

    A 1.39.0 refuses it without OBJECTS_TTL_DELETE_SCHEDULE, which no API tells.
    """
    ttl = next(one.ttl for one in run.translations.values() if one.name == name)
    if ttl is None or run.spec.schema_only:
        return
    refused = await _set_ttl(run, name, ttl)
    if refused is not None:
        raise RefusedByPreflight(
            f"{name} of {run.target.profile.name} will not take its object TTL: {refused}. Set it "
            f"right there, or leave the TTL out with --set {TTL}.enabled=false"
        )
    await _set_ttl(run, name, {**ttl, "enabled": False})


async def _set_ttl(run: Run, name: str, ttl: dict[str, Any]) -> str | None:
    """Put an object TTL and read it back; what was said against it, None where it holds."""
    there = await stored_definition(run.target.client, name)
    wanted = ttl.get("enabled") is True
    if _has_ttl(there) is wanted:
        return None
    put = _request("PUT", f"/v1/schema/{name}", {**there, TTL: ttl}, f"the object TTL of {name}")
    refused = await _sent(run, put)
    if _has_ttl(await stored_definition(run.target.client, name)) is wanted:
        return None
    return refused or "it reads as before"


def _has_ttl(definition: Definition) -> bool:
    return (definition.get(TTL) or {}).get("enabled") is True


async def _make_room(run: Run, name: str, there: Definition) -> None:
    """What has the name is kept under another one and deleted, where that was asked for."""
    where = run.target.profile.name
    if there["class"] != name:
        raise RefusedByPreflight(
            f"{name} is an alias of {there['class']} on {where}: choose another name"
        )
    if not run.spec.overwrite:
        raise RefusedByPreflight(
            f"{where} has a collection {name} that this job did not make: choose another name, or "
            "replace it with --overwrite"
        )
    removing = f"remove:{name}"
    if await asyncio.to_thread(_step, run, removing) is StepState.DONE:
        raise _written_meanwhile(run, name)
    await keep(run, name, there)
    await _begin(run, removing, f"delete the old {name}")
    await delete_collection(run.target.client, name, run.permit(f"overwrite {name}"))
    if await _found(run, name) is not None:
        raise _written_meanwhile(run, name)
    await _end(run, removing)


def _written_meanwhile(run: Run, name: str) -> TargetChanged:
    return TargetChanged(
        f"{name} of {run.target.profile.name} is there again after it was deleted: somebody writes "
        "to it, and autoschema makes it anew. Stop the writers, delete it, then resume the job"
    )


async def _applied(
    run: Run, definition: Definition, refused: str | None, later: Sequence[Reference]
) -> None:
    """Read back until the leader has it, whatever was answered."""
    name, where = definition["class"], run.target.profile.name
    there = await _found(run, name)
    if there is None:
        raise TargetChanged(f"{where} did not make {name}: {refused or 'it is not there'}")
    waiting = {one.property["name"] for one in later if one.collection == name}
    differences = [one for one in unexpected(definition, there) if one.path[-1] not in waiting]
    if differences:
        raise TargetChanged(_differs(run, name, differences, refused))


async def _grown(run: Run, definition: Definition) -> None:
    """Add what the source has got since: properties and named vectors."""
    name = definition["class"]
    there = await _found(run, name)
    if there is None:
        raise TargetChanged(
            f"{name} of {run.target.profile.name} was there when this job or the one that "
            "it takes back began, and is gone: somebody deleted it. Cancel the job and begin a new "
            "one"
        )
    properties, vectors = additions(definition, there)
    for one in properties:
        why = f"add {one['name']}, new in the source"
        await _sent(run, _request("POST", f"/v1/schema/{name}/properties", one, why))
    if vectors:
        body = {**there, "vectorConfig": definition["vectorConfig"]}
        await _sent(run, _request("PUT", f"/v1/schema/{name}", body, "add new named vectors"))


async def _references(run: Run, later: Sequence[Reference]) -> None:
    """Properties that refer to collections which came after their own."""
    for one in later:
        there = await _found(run, one.collection)
        known = {part["name"] for part in (there or {}).get("properties") or ()}
        if one.property["name"] in known:
            continue
        (request,) = reference_requests([one])
        refused = await _sent(run, request)
        there = await _found(run, one.collection)
        if one.property["name"] not in {p["name"] for p in (there or {}).get("properties") or ()}:
            raise TargetChanged(
                f"{one.collection} of {run.target.profile.name} did not get its reference "
                f"{one.property['name']}: {refused or 'it is not there'}"
            )


async def _read_back(run: Run, definition: Definition, *, new: bool) -> None:
    """Every node has what was posted, so that a write through any of them meets it.

    Of a collection that was made earlier only what cannot be changed counts: an operator may
    have set the rest since.
    """
    name, profile = definition["class"], run.target.profile
    deadline = asyncio.get_running_loop().time() + _APPLIED_S
    for node in await run.target.names():
        base = profile.nodes.for_node(node)
        while base is not None and (absent := await _absent_at(run, base, definition)):
            if asyncio.get_running_loop().time() > deadline:
                raise TargetChanged(
                    f"{node} of {profile.name} does not know {', '.join(absent[:_SHOWN])} "
                    f"{_APPLIED_S:.0f} s after it was made: look at its log, then resume the job"
                )
            await run.breathe()
            await asyncio.sleep(_ASK_AGAIN_S)
    found = unexpected(definition, await stored_definition(run.target.client, name))
    differences = [one for one in found if new or one.immutable or one.kind == "missing"]
    if differences:
        raise TargetChanged(_differs(run, name, differences, None))


async def _absent_at(run: Run, base: str, definition: Definition) -> list[str]:
    """What a node's own copy of the schema lacks: the collection, or properties of it."""
    name = definition["class"]
    try:
        there = await stored_definition(run.target.client, name, base=base)
    except NotFound:
        return [name]
    known = {one["name"] for one in there.get("properties") or ()}
    return [
        f"{name}.{one['name']}"
        for one in definition.get("properties") or ()
        if one["name"] not in known
    ]


async def _tenants(run: Run) -> None:
    """The tenants that are copied, in the state that they have in the source."""
    for name, states in run.tenants.items():
        target = run.translations[name].name
        for _ in range(2):
            there = await run.target.client.tenants(target, then=_names)
            absent = sorted(states.keys() - there)
            if not absent:
                break
            for page in _pages(absent, TENANTS_AT_ONCE):
                await run.breathe()
                wanted = [(one, "HOT" if states[one] == "HOT" else "COLD") for one in page]
                await create_tenants(
                    run.target.client, target, wanted, run.permit(f"make {len(page):,} tenants")
                )
        else:
            there = await run.target.client.tenants(target, then=_names)
            absent = sorted(states.keys() - there)
            if absent:
                raise TargetChanged(
                    f"{target} of {run.target.profile.name} has not got "
                    f"{len(absent):,} of its tenants: {', '.join(absent[:_SHOWN])}"
                )


def _wanted(run: Run, one: Translation) -> Definition:
    # Nothing is copied that could expire on the way.
    return {**one.target, TTL: one.ttl} if run.spec.schema_only and one.ttl else one.target


async def _found(run: Run, name: str) -> Definition | None:
    try:
        return await stored_definition(run.target.client, name)
    except NotFound:
        return None


async def _fail_unless_empty(run: Run, name: str) -> None:
    """A collection is there and the step that makes it did not end: ours only if it is empty."""
    nodes = await run.target.client.nodes(verbose=True, collection=name)
    flushed = sum(shard.object_count for node in nodes.nodes for shard in node.shards or ())
    there = await _found(run, name)
    counted = 0
    if there is not None and not is_multi_tenant(there):
        counted = await run.target.client.exact_count(name)
    if flushed or counted:
        raise TargetChanged(
            f"{name} of {run.target.profile.name} holds objects before this job wrote any: "
            "somebody else made it or writes to it. Stop that, delete it, then resume the job"
        )


async def _sent(run: Run, request: SchemaRequest) -> str | None:
    """One request; what was said against it. What became of it, reading back says."""
    try:
        await change_schema(
            run.target.client, request.method, request.path, request.body, run.permit(request.why)
        )
    except WeaviateError as error:
        return str(error)
    return None


def _request(method: Literal["POST", "PUT"], path: str, body: Any, why: str) -> SchemaRequest:
    return SchemaRequest(method=method, path=path, body=body, why=why)


def _differs(run: Run, name: str, differences: Iterable[Difference], refused: str | None) -> str:
    found = list(differences)
    said = "; ".join(one.words() for one in found[:_SHOWN])
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    why = f" ({refused})" if refused else ""
    first = shown(found[0].path)
    return (
        f"{name} of {run.target.profile.name} reads otherwise than it was posted: "
        f"{said}{more}{why}. Say what it shall be with --set {first}=VALUE, and begin a new job"
    )


def _names(tenants: tuple[Tenant, ...]) -> set[str]:
    return {one.name for one in tenants}


def _pages(items: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    return (items[at : at + size] for at in range(0, len(items), size))


def _making(name: str) -> str:
    return f"make:{name}"


def _step(run: Run, name: str) -> StepState | None:
    with run.work.reading() as read:
        try:
            state = steps.get(read, run.job, name).state
        except NotPossible:
            return None
    return None if state is StepState.WAITING else state


async def _begin(run: Run, name: str, title: str) -> None:
    def write() -> None:
        with run.work.held() as tx:
            steps.begin(tx, name, title=title)

    await asyncio.to_thread(write)


async def _end(run: Run, name: str) -> None:
    def write() -> None:
        with run.work.held() as tx:
            steps.end(tx, name)

    await asyncio.to_thread(write)
