"""``strategy=backup``: Weaviate's own backup of the source, restored in the target, then a ledger.

A restore keeps ids, times, vectors and references, and brings the aliases along. So what it
brought is read once, ids and times only, from the target: the ledger says of each object that it
was copied as it was at that time. What changed in the source since, came or went there, is then
found by the first generation like after any copy, and deletes are replayed, since all that is in
the target came from the job.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec

from elysiadash.backups import counting, facts, following, traps
from elysiadash.backups.errors import BackupStopped
from elysiadash.backups.noted import StepDiary
from elysiadash.backups.spec import BackupSpec, create_body, restore_body
from elysiadash.backups.traps import Backed
from elysiadash.jobs import folder, outcomes, ranges, steps
from elysiadash.jobs.errors import NotPossible
from elysiadash.jobs.ranges import KeyRange
from elysiadash.jobs.steps import StepState
from elysiadash.migrate import ledgers, planning
from elysiadash.migrate.both_ends import expires
from elysiadash.migrate.clocks import Clocks, settled
from elysiadash.migrate.errors import CannotGoOn, MigrationStopped, RefusedByPreflight
from elysiadash.migrate.ledgers import COPIED
from elysiadash.migrate.parts import Part
from elysiadash.migrate.run import Run
from elysiadash.migrate.trying import trying
from elysiadash.scan.coordinator import Coordinator
from elysiadash.scan.extent import Extent
from elysiadash.scan.ids import IdTimeScan
from elysiadash.scan.ledger import NOT_KNOWN, Entry, LedgerWriter
from elysiadash.weaviate.errors import WeaviateError

BACKUP: Final = "backup"
RESTORE: Final = "restore"
_BEFORE: Final = "before-backup"
_SLOTS: Final = 4
_FIRST_SLOT: Final = 1_000_010
"""No slot of those that copy."""
_PATIENCE_S: Final = 600.0
_COUNTED_PARTS: Final = 256


async def copy_by_backup(run: Run) -> None:
    """Bring everything by backup and restore, and make the ledgers, in the place of ``copy``."""
    await bring(run)
    await seed(run)


async def bring(run: Run) -> None:
    """Back up the source and restore it in the target, whose names are free.

    Called again after a crash it finds its own backup and its own restore. Raises
    ``RefusedByPreflight``, ``CannotGoOn``, ``Interrupted``.
    """
    spec = await _spec(run)
    making = StepDiary(run.work, BACKUP, f"backup {spec.id} ({spec.backend})")
    bringing = StepDiary(run.work, RESTORE, f"restore {spec.id} ({spec.backend})")
    try:
        if await making.begun() is None:
            await _fail_before(run, spec)
            await _note_moment(run)
        await following.create(
            run.source.client, spec.backend, create_body(spec),
            permit=run.permit("back up what is to be moved"), diary=making,
        )  # fmt: skip
        await making.end(StepState.DONE)
        await _restore(run, spec, bringing)
        await bringing.end(StepState.DONE)
    except BackupStopped as error:
        words = str(error)
        for diary in (making, bringing):
            if await diary.begun() is not None:
                await diary.end(StepState.FAILED, words)
        raise CannotGoOn(words) from None


async def seed(run: Run, parts: Sequence[Part] | None = None) -> None:
    """Make the ledgers of parts (all, if none are given) from ids and times of the target.

    Tenants are HOT. An object whose time is not surely older than the backup is read again by the
    first generation. Called again it goes on.
    """
    chosen = list(run.parts if parts is None else parts)
    before = await asyncio.to_thread(_moment, run)
    await asyncio.to_thread(_plan, run, await _counted(run, chosen))
    turn = asyncio.Lock()
    for part in chosen:
        taken = [
            asyncio.ensure_future(_seed(run, part, before, _FIRST_SLOT + slot, turn))
            for slot in range(_SLOTS)
        ]
        try:
            await asyncio.gather(*taken)
        finally:
            for one in taken:
                one.cancel()
            await asyncio.gather(*taken, return_exceptions=True)


async def _restore(run: Run, spec: BackupSpec, diary: StepDiary) -> None:
    names = [one.name for one in run.spec.collections]
    restored = await following.restore(
        run.target.client, spec.backend, spec.id, restore_body(spec), names,
        permit=run.permit("restore what is moved"), diary=diary,
    )  # fmt: skip
    found = restored.status
    if restored.missing:
        raise BackupStopped(
            f"the restore is {found.status if found else 'not told'}"
            f"{f': {found.error}' if found and found.error else ''}; not in the target: "
            f"{', '.join(restored.missing)}"
        )
    if found is None or found.status != "SUCCESS":
        # All is compared object by object later on: its word only warns.
        told = f"{found.status}: {found.error}" if found else "nothing"
        await run.note(
            "backup", f"the server told {told} of the restore; all collections are there",
            severity="warning",
        )  # fmt: skip
    counted = await counting.held(run.target.client, names, run.breathe)
    held = ", ".join(
        f"{one.name} ({one.objects:,} objects)" if one.objects is not None else one.name
        for one in counted
    )
    await run.note("backup", f"restored: {held}")
    note = (
        f"the backup {spec.id} stays in {spec.backend}"
        f"{f' ({found.path})' if found and found.path else ''}: no API deletes it"
    )
    if note not in run.checkpoint.notes:
        await run.save(notes=(*run.checkpoint.notes, note))


async def _spec(run: Run) -> BackupSpec:
    """The backup and the restore of this job. Raises where there can be none."""
    wanted = run.spec
    if not run.source.profile.write:
        raise RefusedByPreflight(
            f"{run.source.profile.name} is read-only, and a backup is a write there: set write = "
            "true in its profile, or take online or offline"
        )
    if any(one.name != one.target or one.tenants is not None for one in wanted.collections):
        raise RefusedByPreflight(
            "a restore brings whole collections under their own names: take online or offline"
        )
    if wanted.settings or wanted.transform is not None or wanted.same_cluster:
        raise RefusedByPreflight(
            "a restore changes nothing and needs another cluster: take online or offline"
        )
    both = sorted(set(run.source.meta.backup_backends()) & set(run.target.meta.backup_backends()))
    backend = wanted.backend or (both[0] if len(both) == 1 else "")
    if backend not in both:
        raise RefusedByPreflight(
            f"which backup backend? both clusters have {', '.join(both) or 'none in common'}"
        )
    here, there = await run.source.names(), await run.target.names()
    if len(here) != len(there):
        raise RefusedByPreflight(
            f"the source has {len(here)} nodes and the target {len(there)}: a restore needs as many"
        )
    mapping = () if set(here) == set(there) else tuple(zip(here, there, strict=True))
    return BackupSpec(
        cluster={},
        backend=backend,
        id=f"elysiadash-{run.job}".lower().replace(".", "_"),
        include=tuple(one.name for one in wanted.collections),
        node_mapping=mapping,
        accepted=wanted.accepted,
    )


async def _fail_before(run: Run, spec: BackupSpec) -> None:
    """Everything that would make the backup or the restore fail, before anything is sent."""
    source = await facts.gather(
        run.source.client, spec.backend, spec.id, restore=False, concerned=spec.include
    )
    target = await facts.gather(run.target.client, spec.backend, spec.id, restore=True)
    backed = Backed(
        nodes=tuple(source.nodes),
        version=source.version,
        aliases=tuple((alias, of) for alias, of in source.aliases.items() if of in spec.include),
    )
    # That the backup is not there yet is as it should be.
    after = [one for one in traps.before_restore(target, spec, backed) if one.code != "backup"]
    checks = (*traps.before_create(source, spec), *after)
    for one in checks:
        if one.result == "warns":
            await run.note("backup", f"{one.about}: {one.text}", severity="warning")
    blocked = traps.in_the_way(checks, spec.accepted)
    if blocked:
        raise RefusedByPreflight(
            "; ".join(f"{one.about}: {one.text} ({one.way_out})" for one in blocked)
        )


async def _note_moment(run: Run) -> None:
    """What was changed before this moment, and is in the backup, is surely in it as it is."""
    before = await Clocks(run.source).trusted_before()

    def write() -> None:
        with run.work.held() as tx:
            steps.begin(tx, _BEFORE, title="the moment before the backup", data={"ms": before})
            steps.end(tx, _BEFORE)

    await asyncio.to_thread(write)


def _moment(run: Run) -> int:
    try:
        with run.work.reading() as read:
            return int(steps.get(read, run.job, _BEFORE).data["ms"])
    except NotPossible:
        raise MigrationStopped(
            f"job {run.job} has made no backup: what is in the target is not its own"
        ) from None


async def _counted(run: Run, parts: Sequence[Part]) -> list[tuple[Part, int | None]]:
    found: list[tuple[Part, int | None]] = []
    for part in parts:
        count = None
        if len(parts) <= _COUNTED_PARTS:
            try:
                count = await run.target.client.exact_count(
                    part.target, part.tenant or None, tenant_is_hot=bool(part.tenant)
                )
            except WeaviateError:
                count = None
        found.append((part, count))
    return found


def _plan(run: Run, counts: Sequence[tuple[Part, int | None]]) -> None:
    """Add the ranges of parts that have none yet."""
    with run.work.held() as tx:
        known = {one.tenant for one in ranges.of(tx, run.job, generation=COPIED)}
        for part, objects in counts:
            if part.key not in known:
                ranges.add(
                    tx, run.job, planning.intervals(objects), generation=COPIED, tenant=part.key
                )
        numbers = [objects for _, objects in counts]
        if not known and numbers and all(one is not None for one in numbers):
            outcomes.expect(tx, sum(one or 0 for one in numbers))


async def _seed(run: Run, part: Part, before: int, slot: int, turn: asyncio.Lock) -> None:
    """Make ledgers of a part's pieces until none is left."""
    coordinators = tuple((await run.target.coordinators()).values())

    def take() -> KeyRange | None:
        with run.work.held() as tx:
            return ranges.take(tx, slot, generation=COPIED, tenant=part.key)

    while (piece := await asyncio.to_thread(take)) is not None:
        await trying(
            run,
            lambda: _ledger(run, part, piece, before, coordinators, turn),
            patience_s=_PATIENCE_S,
        )


async def _ledger(
    run: Run,
    part: Part,
    piece: KeyRange,
    before: int,
    coordinators: Sequence[Coordinator],
    turn: asyncio.Lock,
) -> None:
    lower, upper = piece.interval
    scan = IdTimeScan(
        run.target.contact,
        Extent(
            collection=part.target,
            tenant=part.tenant,
            tenant_is_hot=bool(part.tenant),
            lower=lower,
            upper=upper,
            expires=expires(run.definitions.get(part.collection, {})),
        ),
        owners=run.target.owners,
        others=tuple(coordinators),
        max_message=run.target.meta.grpc_max_message_size,
    )
    name = ledgers.name_of(piece.id, COPIED)
    path = run.work.folder() / name
    with LedgerWriter(path) as writer:
        async for page in scan.pages():
            entries = [
                Entry(key, settled(updated, before), NOT_KNOWN, updated) for key, updated in page
            ]
            await asyncio.to_thread(writer.extend, entries)
            await run.breathe()
        await asyncio.to_thread(writer.commit)

    def finish() -> None:
        with run.work.held() as tx:
            folder.commit(tx, name, path.stat().st_size)
            ranges.finish(tx, piece, objects=writer.count)
            run.keep(tx)

    async with turn:
        # The sum goes with the piece, so one at a time.
        copied = run.checkpoint.copied + writer.count
        run.checkpoint = msgspec.structs.replace(run.checkpoint, copied=copied)
        await asyncio.to_thread(finish)
