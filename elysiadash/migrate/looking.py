"""What is to be copied, as the source has it now: definitions, tenants, nodes.

Looked at when a worker takes the job and before each generation. The first look is kept in the
job's folder; a later one is compared with it, so that a resumed job is still the same (P6).
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from elysiadash.jobs import folder
from elysiadash.jobs.specs import canonical
from elysiadash.migrate.definitions import (
    BadTransformSchema,
    SchemaTransform,
    Translation,
    changed,
    translated,
)
from elysiadash.migrate.errors import (
    RefusedByPreflight,
    SourceChanged,
    TargetChanged,
    Waits,
)
from elysiadash.migrate.parts import Part
from elysiadash.migrate.run import Run
from elysiadash.migrate.site import Site
from elysiadash.migrate.spec import Wanted
from elysiadash.migrate.tasks import Transform
from elysiadash.schema.definition import Definition, is_multi_tenant
from elysiadash.schema.ordering import creation_order
from elysiadash.schema.renaming import NamesCollide
from elysiadash.schema.setting import SettingsRefused
from elysiadash.weaviate.definitions import stored_definition
from elysiadash.weaviate.errors import Forbidden, NotFound
from elysiadash.weaviate.models import Tenant
from elysiadash.weaviate.versions import parse_version

FILE: Final = "looked-"
"""In the job's folder, with a number behind it: definitions and tenants of the newest look."""
CONFIRM_NEW: Final = "new-in-source"
"""The key of ``checkpoint.answers`` under which new tenants and properties are agreed to."""
_SHOWN: Final = 5


class NoSuchSource(RefusedByPreflight):
    """A collection or tenant that is to be copied is not in the source."""


class Look(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a look found that the one before did not; all empty at the first."""

    new_parts: tuple[Part, ...] = ()
    gone_tenants: tuple[Part, ...] = ()
    """Deleted in the source since: their objects are no longer among ``run.parts``."""
    added: tuple[tuple[str, str], ...] = ()
    """(Collection, property or vector) that is new."""
    nodes_changed: bool = False
    """The replica check has to be repeated."""

    @property
    def is_new(self) -> bool:
        """Whether there is something that a person confirms before a resumed job goes on."""
        return bool(self.new_parts or self.added)


class Source(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The source as it was looked at."""

    definitions: dict[str, Definition]
    tenants: dict[str, dict[str, str]] = {}
    """Collection -> tenant -> state; only of multi-tenant collections, and only those wanted."""
    nodes: tuple[str, ...] = ()
    target_nodes: tuple[str, ...] = ()


async def look(run: Run, *, confirm: bool = False) -> Look:
    """Fill ``run.definitions``, ``run.translations``, ``run.tenants`` and ``run.parts``.

    ``confirm``: a person resumed the job, so new tenants and properties are asked about
    (``Waits``) unless ``checkpoint.answers`` has agreed. Raises ``SourceChanged``,
    ``RefusedByPreflight``, and the ``WeaviateError`` that fits.
    """
    before = await asyncio.to_thread(kept, run)
    if before is None:
        now = await read_source(run)
        found = Look()
    else:
        try:
            now = await read_source(run)
        except NoSuchSource as error:
            raise SourceChanged(
                f"{error}. It was there when the job began: cancel the job, or put the collection "
                "back and resume it"
            ) from None
        found = compare(before, now, run.spec.targets)
        if confirm and found.is_new and not _agreed(run, found):
            raise Waits(_question(found), key=CONFIRM_NEW, choices=("yes",))
    await adopt(run, now)
    if before is None or now != before:
        await _keep(run, now)
    await _tell(run, found, before, now)
    return found


async def adopt(run: Run, source: Source) -> None:
    """Give a look at the source to the run, without keeping it. Raises ``RefusedByPreflight``."""
    spec = run.spec
    transform = await asyncio.to_thread(_schema_transform, run)
    version = parse_version(run.target.meta.version)
    run.definitions = source.definitions
    run.tenants = source.tenants
    try:
        run.translations = {
            name: await asyncio.to_thread(
                translated,
                definition,
                spec.targets,
                settings=spec.settings,
                target_version=version,
                transform=transform,
            )
            for name, definition in source.definitions.items()
        }
    except (SettingsRefused, NamesCollide, BadTransformSchema) as error:
        raise RefusedByPreflight(str(error)) from None
    run.parts = parts_of(run.translations, source)
    run.transform = await _transform(run)


async def _fail_unless_told(site: Site) -> None:
    """Each task asks which nodes there are and whether they are alive, before it believes a page
    that is short: a user that may not know it could copy nothing. Raises ``RefusedByPreflight``."""
    try:
        await site.owners()
    except Forbidden as error:
        raise RefusedByPreflight(
            f"the user of {site.profile.name} may not see the cluster's nodes ({error}), and"
            " without that nobody knows whether a list is whole: give it a role with read_cluster"
            " and read_nodes (minimal)"
        ) from None


async def read_source(run: Run) -> Source:
    """Ask the source, the leader's copy. Raises ``NoSuchSource``, ``WeaviateError``."""
    for site in (run.source, run.target):
        await _fail_unless_told(site)
    definitions: dict[str, Definition] = {}
    tenants: dict[str, dict[str, str]] = {}
    for wanted in run.spec.collections:
        definition = await _definition(run, wanted.name)
        definitions[wanted.name] = definition
        if is_multi_tenant(definition):
            tenants[wanted.name] = await _tenants(run, wanted)
        elif wanted.tenants is not None:
            raise NoSuchSource(
                f"{wanted.name} of {run.source.profile.name} has no tenants, and "
                f"{', '.join(wanted.tenants[:_SHOWN])} of it shall be copied: leave --tenant out"
            )
    return Source(
        definitions=definitions,
        tenants=tenants,
        nodes=await run.source.names(),
        target_nodes=await run.target.names(),
    )


def parts_of(translations: Mapping[str, Translation], source: Source) -> list[Part]:
    """What is copied, in order: collections after those they refer to, tenants by name."""
    by_target = {one.name: name for name, one in translations.items()}
    order = creation_order([one.target for one in translations.values()])
    return list(_parts(by_target, [one["class"] for one in order.first], source))


def compare(before: Source, now: Source, targets: Mapping[str, str]) -> Look:
    """What is new or gone.

    Raises ``SourceChanged`` where what was read is no longer the same, ``TargetChanged`` where
    another cluster answers in the target's place.
    """
    if before.nodes and not set(before.nodes) & set(now.nodes):
        raise SourceChanged(
            f"the source was {', '.join(before.nodes)} when the job began, and its address leads "
            f"to {', '.join(now.nodes)} now: another cluster. Cancel this job and begin a new one"
        )
    if before.target_nodes and not set(before.target_nodes) & set(now.target_nodes):
        raise TargetChanged(
            f"the target was {', '.join(before.target_nodes)} when the job began, and its address "
            f"leads to {', '.join(now.target_nodes)} now: another cluster. Cancel this job and "
            "begin a new one"
        )
    lost = [
        f"{name}: {what}"
        for name, definition in now.definitions.items()
        for what in changed(before.definitions[name], definition).lost
    ]
    if lost:
        raise SourceChanged(
            f"the source's definition is not the one the job began with ({'; '.join(lost)}). "
            "What was copied may differ from what is there now: cancel this job and begin a new one"
        )
    pairs = [(name, before.tenants.get(name, {}), there) for name, there in now.tenants.items()]
    return Look(
        new_parts=tuple(
            Part(collection=name, target=targets[name], tenant=one)
            for name, then, there in pairs
            for one in sorted(there.keys() - then.keys())
        ),
        gone_tenants=tuple(
            Part(collection=name, target=targets[name], tenant=one)
            for name, then, there in pairs
            for one in sorted(then.keys() - there.keys())
        ),
        added=tuple(
            (name, what)
            for name, definition in now.definitions.items()
            for what in changed(before.definitions[name], definition).added
        ),
        nodes_changed=set(before.nodes) != set(now.nodes),
    )


def hash_of(definition: Definition) -> str:
    """A definition's identity, whatever the order of its keys."""
    return hashlib.sha256(canonical(definition).encode()).hexdigest()


async def _definition(run: Run, name: str) -> Definition:
    where = run.source.profile.name
    try:
        found = await stored_definition(run.source.client, name)
    except NotFound:
        raise NoSuchSource(f"{where} has no collection {name}") from None
    if found.get("class") != name:
        raise NoSuchSource(
            f"{name} is an alias of {found.get('class')} on {where}: name the collection"
        )
    return found


async def _tenants(run: Run, wanted: Wanted) -> dict[str, str]:
    def reduce(tenants: tuple[Tenant, ...]) -> dict[str, str]:
        return {one.name: one.activity_status for one in tenants}

    there: dict[str, str] = await run.source.client.tenants(wanted.name, then=reduce)
    if wanted.tenants is None:
        return there
    absent = [name for name in wanted.tenants if name not in there]
    if absent:
        raise NoSuchSource(
            f"{wanted.name} of {run.source.profile.name} has no tenant "
            f"{', '.join(absent[:_SHOWN])}{' and others' if len(absent) > _SHOWN else ''}"
        )
    return {name: there[name] for name in wanted.tenants}


def _parts(by_target: Mapping[str, str], order: Sequence[str], source: Source) -> Iterator[Part]:
    for target in order:
        name = by_target[target]
        if name in source.tenants:
            for tenant in sorted(source.tenants[name]):
                yield Part(collection=name, target=target, tenant=tenant)
        else:
            yield Part(collection=name, target=target)


def _agreed(run: Run, found: Look) -> bool:
    return run.checkpoint.answers.get(CONFIRM_NEW) == ["yes", _question(found)]


def _question(found: Look) -> str:
    new = [f"tenant {part.key}" for part in found.new_parts]
    new += [f"{what} of {name}" for name, what in found.added]
    more = f" and {len(new) - _SHOWN:,} more" if len(new) > _SHOWN else ""
    return (
        f"since the job began the source has got {', '.join(new[:_SHOWN])}{more}: "
        "shall they be copied too?"
    )


async def _tell(run: Run, found: Look, before: Source | None, now: Source) -> None:
    if before is None:
        return
    if found.is_new:
        await run.note("source", _question(found).rpartition(":")[0], severity="warning")
    if found.gone_tenants:
        names = ", ".join(part.key for part in found.gone_tenants[:_SHOWN])
        await run.note(
            "source",
            f"{len(found.gone_tenants):,} tenants were deleted in the source: {names}",
            severity="warning",
        )
    if found.nodes_changed:
        await run.note(
            "source",
            f"the source's nodes were {', '.join(before.nodes)} and are {', '.join(now.nodes)}: "
            "its replicas are compared again",
            severity="warning",
        )


def _file(run: Run) -> str | None:
    with run.work.reading() as read:
        return next(
            (name for name in folder.committed(read, run.job) if name.startswith(FILE)), None
        )


def kept(run: Run) -> Source | None:
    """The newest look, None before the first. Reads the disk."""
    name = _file(run)
    if name is None:
        return None
    return msgspec.json.decode((run.work.folder() / name).read_bytes(), type=Source)


async def _keep(run: Run, source: Source) -> None:
    hashes = tuple((name, hash_of(one)) for name, one in source.definitions.items())

    def write() -> None:
        where, old = run.work.folder(), _file(run)
        new = f"{FILE}{int(old.removeprefix(FILE)) + 1 if old else 1}"
        length = folder.place(where, new, msgspec.json.encode(source))
        with run.work.held() as tx:
            folder.commit(tx, new, length)
            if old:
                folder.uncommit(tx, old)
        if old:
            (where / old).unlink(missing_ok=True)

    await asyncio.to_thread(write)
    await run.save(definitions=hashes, nodes=source.nodes)


def _schema_transform(run: Run) -> SchemaTransform | None:
    """``transform_schema`` of the job's transform file, where it has one."""
    if run.spec.transform is None:
        return None
    from elysiadash.migrate.transforms import in_run

    return in_run.schema_function(run)


async def _transform(run: Run) -> Transform | None:
    """What the copy's tasks do to each object, None without a transform."""
    if run.spec.transform is None:
        return None
    from elysiadash.migrate.transforms import in_run

    targets = {name: one.target for name, one in run.translations.items()}
    return await asyncio.to_thread(in_run.for_tasks, run, targets)
