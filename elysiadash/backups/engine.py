"""Does jobs of the kinds ``backup`` and ``restore``: checks, the server's work, reading back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from elysiadash.backups import counting, facts, following, traps
from elysiadash.backups.checkpoint import Checkpoint, Held, Trap, checkpoint_of
from elysiadash.backups.errors import BackupStopped, Cancelled, Refused
from elysiadash.backups.known import backed_by, made_by_us
from elysiadash.backups.noted import StepDiary
from elysiadash.backups.requests import Status
from elysiadash.backups.spec import CREATE, BackupSpec, create_body, restore_body, spec_of
from elysiadash.config import reference
from elysiadash.jobs import events, outcomes, steps
from elysiadash.jobs.audit import AuditLog
from elysiadash.jobs.claims import Claimed
from elysiadash.jobs.steps import StepState
from elysiadash.jobs.work import Interrupted, Work
from elysiadash.weaviate.client import Client
from elysiadash.weaviate.errors import NotSupported, WeaviateError
from elysiadash.weaviate.guard import Guard, Permit
from elysiadash.weaviate.transport import Transport

CHECK: Final = "CHECK"
READ_BACK: Final = "READ_BACK"


def run(work: Work) -> None:
    """Do a backup or a restore to its end; see ``jobs.work.Engine``."""
    asyncio.run(_run(work))


async def _run(work: Work) -> None:
    job = await asyncio.to_thread(work.job)
    spec = spec_of(job.spec)
    profile = reference.resolve(spec.cluster)
    audit = AuditLog(work.state, profile=profile.name, job=job.id)
    client = Client(Transport(profile, Guard(writable=profile.write, audit=audit)))
    one = _Backup if job.kind == CREATE else _Restore
    try:
        await one(work, spec, client, checkpoint_of(job.checkpoint)).go()
    finally:
        await client.aclose()
        await asyncio.to_thread(audit.close)


class _Job:
    """What a backup and a restore share."""

    name = ""

    def __init__(self, work: Work, spec: BackupSpec, client: Client, known: Checkpoint) -> None:
        self.work = work
        self.spec = spec
        self.client = client
        self.known = known
        self.permit = Permit(reason=f"{self.name} {spec.backend}/{spec.id}", job=work.claim.job)
        self.diary = StepDiary(
            work, self.name, f"{self.name} {spec.id} ({spec.backend})", self._status
        )

    async def go(self) -> None:
        """To the end of the job."""
        try:
            if await self.diary.begun() is None:
                await asyncio.to_thread(self.work.check)
                await self.check()
            await self.do()
        except Cancelled as stop:
            await self.cancelled(stop)
        except BackupStopped as error:
            words, ending = str(error), error.ending
            await self.diary.end(StepState.FAILED, words)
            await self.write(lambda tx: outcomes.fail(tx, words, ending=ending))

    async def check(self) -> None:
        """Look before anything is sent. Raises ``Refused``."""
        await self.enter(CHECK)
        checks = await self.looked_at()
        await self.save(checks=checks)
        for one in checks:
            if one.result in ("warns", "unknown"):
                await self.note("check", f"{_about(one)}{one.text}", severity="warning")
        blocked = traps.in_the_way(checks, self.spec.accepted)
        if blocked:
            told = "; ".join(
                f"{_about(one)}{one.text} ({one.way_out}"
                + (f"; or --accept {one.code})" if one.liftable else ")")
                for one in blocked
            )
            raise Refused(f"{told}; nothing was sent")

    async def looked_at(self) -> tuple[Trap, ...]:
        """What the traps say."""
        raise NotImplementedError

    async def do(self) -> None:
        """What the job is for, to its end."""
        raise NotImplementedError

    async def cancelled(self, stop: Cancelled) -> None:
        """The server has stopped it, or was done before."""
        raise NotImplementedError

    async def enter(self, phase: str) -> None:
        """Begin a phase."""
        await self.write(lambda tx: outcomes.enter(tx, phase))

    async def save(self, **changes: Any) -> None:
        """Change the checkpoint, durably."""
        self.known = msgspec.structs.replace(self.known, **changes)
        await self.write(lambda tx: outcomes.save(tx, msgspec.to_builtins(self.known)))

    async def note(self, kind: str, text: str, *, severity: events.Severity = "info") -> None:
        """An event of the job."""
        await self.write(lambda tx: events.note(tx, tx.job, kind, text, severity=severity))

    async def write(self, write: Callable[[Claimed], object]) -> None:
        """One transaction."""

        def held() -> None:
            with self.work.held() as tx:
                write(tx)

        await asyncio.to_thread(held)

    async def finish(self, ending: str) -> None:
        """The job is done, with its checkpoint and its step."""

        def write(tx: Claimed) -> None:
            outcomes.save(tx, msgspec.to_builtins(self.known))
            if any(one.name == self.name for one in steps.of(tx, tx.job)):
                steps.end(tx, self.name)
            outcomes.finish(tx, ending=ending)

        await self.write(write)

    def _status(self, tx: Claimed, status: Status, seconds: float) -> None:
        """Each word of the server is a phase."""
        self.known = msgspec.structs.replace(
            self.known, status=status.status, seconds=round(seconds, 1),
            path=status.path or self.known.path,
        )  # fmt: skip
        outcomes.enter(tx, status.status, checkpoint=msgspec.to_builtins(self.known))


class _Backup(_Job):
    name = "backup"

    async def looked_at(self) -> tuple[Trap, ...]:
        spec = self.spec
        found = await facts.gather(self.client, spec.backend, spec.id, restore=False, concerned=())
        chosen = facts.matching(list(found.collections), spec.include, spec.exclude)
        checks = traps.before_create(found, spec)
        self.known = msgspec.structs.replace(
            self.known,
            nodes=tuple(found.nodes),
            version=found.version,
            collections=tuple(Held(name=one) for one in chosen),
            aliases=tuple((alias, of) for alias, of in found.aliases.items() if of in chosen),
        )
        if not traps.in_the_way(checks, spec.accepted):
            counted = await counting.held(self.client, chosen, self.diary.breathe)
            self.known = msgspec.structs.replace(self.known, collections=counted)
        return checks

    async def do(self) -> None:
        made = await following.create(
            self.client, self.spec.backend, create_body(self.spec),
            permit=self.permit, diary=self.diary,
        )  # fmt: skip
        await self.read_back(made)

    async def read_back(self, made: Status) -> None:
        """What the backend lists of it, and what the collections hold now."""
        await self.enter(READ_BACK)
        before = self.known.collections
        names = [one.name for one in before]
        notes: list[str] = []
        after: Sequence[Held] = ()
        try:
            after = await counting.held(self.client, names, _never)
        except WeaviateError as error:
            notes.append(f"nothing was counted after the backup: {error}")
        try:
            listed = {one.id: one for one in await self.client.backups(self.spec.backend)}
        except WeaviateError as error:
            notes.append(f"what the backup holds was not read back: {error}")
        else:
            mine = listed.get(self.spec.id)
            if mine is None or mine.status != "SUCCESS":
                raise BackupStopped(
                    f"the server says SUCCESS, and its list of backups has {self.spec.id} as "
                    f"{mine.status if mine else 'not there'}"
                )
            absent = sorted(set(names) - set(mine.classes or ()))
            if absent:
                raise BackupStopped(
                    f"the backup {self.spec.id} is SUCCESS and does not hold {', '.join(absent)}"
                )
        await self.save(
            size_gib=made.size, collections=counting.both(before, after),
            notes=(*self.known.notes, *notes),
        )  # fmt: skip
        size = "" if made.size is None else f", {made.size:.4f} GiB before compression"
        await self.note("result", f"{len(names)} collections are in {self.known.path}{size}")
        await self.finish("BACKED_UP")

    async def cancelled(self, stop: Cancelled) -> None:
        if stop.final is not None and stop.final.status == "SUCCESS":
            await self.note("control", "it had succeeded before it could be cancelled",
                            severity="warning")  # fmt: skip
            await self.read_back(stop.final)
            return
        left = "" if stop.final is None else "; what was written of it stays in the backend"
        await self.diary.end(StepState.FAILED, "cancelled")
        await self.write(lambda tx: outcomes.cancelled(tx, reason=f"asked for{left}"))


class _Restore(_Job):
    name = "restore"

    async def looked_at(self) -> tuple[Trap, ...]:
        spec = self.spec
        found = await facts.gather(self.client, spec.backend, spec.id, restore=True)
        backup = await self.backup(found.status)
        checks = traps.before_restore(found, spec, backed_by(backup))
        self.known = msgspec.structs.replace(
            self.known,
            path=found.status.path if found.status else "",
            size_gib=found.status.size if found.status else None,
            collections=tuple(Held(name=one) for one in traps.wanted_of(found, spec)),
            aliases=tuple(found.aliases.items()),
        )
        return checks

    async def backup(self, status: Status | None) -> Checkpoint | None:
        """What the job that made the backup knows, where it is one of ours."""

        def look() -> Checkpoint | None:
            with self.work.reading() as read:
                return made_by_us(read, self.spec.backend, self.spec.id, path)

        path = status.path if status is not None else self.known.path
        return await asyncio.to_thread(look)

    async def do(self) -> None:
        wanted = [one.name for one in self.known.collections]
        restored = await following.restore(
            self.client, self.spec.backend, self.spec.id, restore_body(self.spec), wanted,
            permit=self.permit, diary=self.diary,
        )  # fmt: skip
        if restored.missing or not restored.there:
            came = f"; {', '.join(restored.there)} came" if restored.there else ""
            raise BackupStopped(f"{self._words(restored.status)}: not here: "
                                f"{', '.join(restored.missing) or 'anything'}{came}")  # fmt: skip
        await self.read_back(restored)

    async def read_back(self, restored: following.Restored) -> None:
        """Compare with what the backup held, where that is known."""
        await self.enter(READ_BACK)
        came = await counting.held(self.client, restored.there, _never)
        kept = await self.backup(None)
        different, unknown = counting.differences(kept.collections if kept else (), came)
        await self.save(
            collections=came, different=tuple(different),
            came_along=await self.aliases(restored.there, unknown),
            notes=(*self.known.notes, *unknown),
        )  # fmt: skip
        succeeded = restored.status is not None and restored.status.status == "SUCCESS"
        if not succeeded and (different or unknown):
            raise BackupStopped(
                f"{self._words(restored.status)}; all collections are here, and that they are "
                f"whole is not proven: {'; '.join([*different, *unknown])}"
            )
        if not succeeded:
            await self.note("result", f"{self._words(restored.status)}; everything is here and "
                            "counted all the same", severity="warning")  # fmt: skip
        for text in unknown:
            await self.note("result", text, severity="warning")
        for text in different:
            await self.note("result", text, severity="error")
        told = ", ".join(
            f"{one.name} ({one.objects:,} objects)" if one.objects is not None else one.name
            for one in came
        )
        await self.note("result", f"restored: {told}")
        if self.known.came_along:
            await self.note(
                "result", f"aliases that came along: {', '.join(self.known.came_along)}"
            )
        await self.finish("DIFFERENT" if different else "RESTORED")

    async def aliases(self, there: Sequence[str], unknown: list[str]) -> tuple[str, ...]:
        """Those that stand for what was restored, and did not before."""
        before = dict(self.known.aliases)
        try:
            now = await self.client.aliases()
        except NotSupported:
            return ()
        except WeaviateError as error:
            unknown.append(f"which aliases came along is not known: {error}")
            return ()
        return tuple(
            sorted(
                one.alias
                for one in now
                if one.collection in there and before.get(one.alias) != one.collection
            )
        )

    async def cancelled(self, stop: Cancelled) -> None:
        names = [one.name for one in self.known.collections]
        there = {one.name for one in (await self.client.schema(leader=True)).classes or ()}
        came = tuple(one for one in names if one in there)
        if stop.final is not None and stop.final.status == "SUCCESS" and len(came) == len(names):
            await self.note("control", "it had succeeded before it could be cancelled",
                            severity="warning")  # fmt: skip
            await self.read_back(following.Restored(status=stop.final, there=came, missing=()))
            return
        left = f"; these had come and stay: {', '.join(came)}" if stop.final and came else ""
        await self.diary.end(StepState.FAILED, "cancelled")
        await self.write(lambda tx: outcomes.cancelled(tx, reason=f"asked for{left}"))

    def _words(self, status: Status | None) -> str:
        if status is None:
            return f"the server told nothing of the restore of {self.spec.id}"
        why = f": {status.error}" if status.error else ""
        return f"the restore of {self.spec.id} is {status.status}{why}"


async def _never() -> None:
    """What was asked for is done: it is only counted."""


def _about(one: Trap) -> str:
    return f"{one.about}: " if one.about else ""


__all__ = ["CHECK", "READ_BACK", "Interrupted", "run"]
