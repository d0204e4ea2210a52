"""``backup``: list, status, cancel."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Sequence
from typing import TypeVar

import msgspec

from elysiadash.backups import requests
from elysiadash.backups.errors import BackupStopped
from elysiadash.backups.following import cancel
from elysiadash.backups.requests import RUNNING, Status
from elysiadash.backups.spec import CREATE, KINDS, RESTORE
from elysiadash.cli import words
from elysiadash.cli.audit_log import audit_log
from elysiadash.cli.backup_documents import BackupItem, BackupsDocument
from elysiadash.cli.choosing import Chosen, chosen_cluster
from elysiadash.cli.consent import agreed
from elysiadash.cli.envelope import cluster_of, problems_of, title_of
from elysiadash.cli.exits import CommandFailed, Exit
from elysiadash.cli.flags import ClusterFlags
from elysiadash.cli.job_following import ensure_worker, follow
from elysiadash.cli.jobs_command import opened_jobs
from elysiadash.cli.output import Format, say, say_demo, write_csv, write_json
from elysiadash.cli.session import ask, run_to_end, watching
from elysiadash.cli.tables import Column, Table, write_table
from elysiadash.cluster.lanes import FAST
from elysiadash.cluster.watch import Watch
from elysiadash.config.moments import rfc3339
from elysiadash.jobs import control, queue
from elysiadash.jobs.job import ClusterUse, Job
from elysiadash.weaviate.errors import WeaviateError
from elysiadash.weaviate.guard import Permit

T = TypeVar("T")

_YEAR_ONE = "0001-"
_CSV = ("backend", "backup", "what", "status", "started", "completed", "size_gib", "collections")


class BackupWish(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What ``list``, ``status`` and ``cancel`` are asked for."""

    id: str | None = None
    backend: str | None = None
    restore: bool = False
    yes: bool = False
    format: Format = "table"


def backup_list(flags: ClusterFlags, wish: BackupWish) -> int:
    """The backups of a backend, or of all that are switched on."""

    async def go(chosen: Chosen) -> int:
        async with watching(chosen) as watch:
            items: list[BackupItem] = []
            for backend in await backends_of(watch, wish.backend):
                listed = await told(watch, watch.client.backups(backend))
                jobs = _jobs(chosen)
                for one in listed:
                    status = Status(
                        id=one.id, status=one.status, started_at=one.started_at,
                        completed_at=one.completed_at, size=one.size,
                        classes=tuple(one.classes or ()),
                    )  # fmt: skip
                    items.append(_item(backend, CREATE, status, jobs))
            return await _print(chosen, watch, items, wish)

    with chosen_cluster(flags) as chosen:
        return run_to_end(go(chosen))


def backup_status(flags: ClusterFlags, wish: BackupWish) -> int:
    """One backup, and the last restore of it where there was one."""
    name = needed(wish.id)

    async def go(chosen: Chosen) -> int:
        async with watching(chosen) as watch:
            backend = await backend_of(watch, wish.backend)
            jobs, items = _jobs(chosen), []
            for kind in KINDS:
                found = await told(
                    watch,
                    requests.status(watch.client, backend, name, restore=kind == RESTORE),
                )
                if found is not None:
                    items.append(_item(backend, kind, found, jobs))
            if not items:
                raise _unknown(watch, backend, name)
            return await _print(chosen, watch, items, wish)

    with chosen_cluster(flags) as chosen:
        return run_to_end(go(chosen))


def backup_cancel(flags: ClusterFlags, wish: BackupWish) -> int:
    """End a backup, or with ``--restore`` a restore, and read back that it has ended.

    Where a job of ours does it, the job is cancelled.
    """
    name = needed(wish.id)
    kind = RESTORE if wish.restore else CREATE
    with chosen_cluster(flags) as chosen:
        fail_unless_writable(chosen)
        if not agreed(f"cancel the {kind} {name} on {chosen.profile.name}?", yes=wish.yes):
            say("nothing was done")
            return Exit.FAILED
        running = _running(chosen, kind, name)
        if running is not None:
            _cancel_job(running)
        return run_to_end(_cancelled(chosen, name, wish, by_job=running is not None))


async def _cancelled(chosen: Chosen, name: str, wish: BackupWish, *, by_job: bool) -> int:
    kind = RESTORE if wish.restore else CREATE
    async with watching(chosen, audit_log(chosen)) as watch:
        backend = await backend_of(watch, wish.backend)
        try:
            found = await cancel(
                watch.client, backend, name,
                restore=wish.restore, permit=Permit(reason=f"backup cancel {name}"),
            )  # fmt: skip
        except BackupStopped as error:
            raise CommandFailed(str(error)) from None
        except WeaviateError as error:
            raise CommandFailed(f"{watch.profile.name}: {error}") from None
        if found is None and by_job:
            # It was cancelled before anything was sent.
            return Exit.OK
        if found is None:
            raise _unknown(watch, backend, name)
        await _print(chosen, watch, [_item(backend, kind, found, _jobs(chosen))], wish)
        if found.status == "CANCELED":
            return Exit.OK
        say(f"the {kind} {name} is {found.status} already: nothing was cancelled")
        return Exit.FAILED


def needed(name: str | None) -> str:
    """The id that is given. Raises ``CommandFailed``."""
    if not name:
        raise CommandFailed("which backup?", "elysiadash backup list shows them", Exit.USAGE)
    return name


def fail_unless_writable(chosen: Chosen) -> None:
    """Raise where the profile is read-only."""
    if not chosen.profile.write:
        raise CommandFailed(
            f"{chosen.profile.name} is read-only: nothing was sent",
            "set write = true in the profile, or pass --write; --dry-run shows what would be sent",
        )


async def backends_of(watch: Watch, named: str | None) -> tuple[str, ...]:
    """The backends that are meant: the named one, or all that are switched on."""
    meta = await told(watch, watch.client.meta())
    there = meta.backup_backends()
    if named is not None and named not in there:
        hint = f"switched on are: {', '.join(there)}" if there else "none is switched on"
        raise CommandFailed(f"{watch.profile.name} has no backup backend {named}", hint)
    if not there:
        raise CommandFailed(
            f"{watch.profile.name} has no backup backend",
            "ENABLE_MODULES=backup-s3, backup-gcs, backup-azure or, for one node, "
            "backup-filesystem switches one on",
        )
    return (named,) if named is not None else there


async def backend_of(watch: Watch, named: str | None) -> str:
    """The one backend that is meant."""
    found = await backends_of(watch, named)
    if len(found) > 1:
        raise CommandFailed(
            f"{watch.profile.name} has several backup backends",
            f"choose with --backend: {', '.join(found)}", Exit.USAGE,
        )  # fmt: skip
    return found[0]


async def told(watch: Watch, answer: Awaitable[T]) -> T:
    """An answer; what is wrong is told as ``CommandFailed``."""
    try:
        return await answer
    except WeaviateError as error:
        raise CommandFailed(f"{watch.profile.name}: {error}") from None


def _running(chosen: Chosen, kind: str, name: str) -> Job | None:
    """A job of ours that does it now, or will."""
    for job in _jobs(chosen):
        if job.kind == kind and job.spec.get("id") == name and not job.state.ended:
            return job
    return None


def _cancel_job(job: Job) -> None:
    with opened_jobs() as database:
        with database.transaction() as tx:
            control.ask(tx, job.id, "cancel")
            begun = queue.get(tx, job.id).started is not None
        if begun:
            ensure_worker(database)
        say(follow(database, job.id).words)


def _jobs(chosen: Chosen) -> list[Job]:
    """Jobs of ours about backups of this cluster, the newest first."""
    key = ClusterUse(chosen.profile.name, chosen.profile.url).key
    with opened_jobs() as database, database.reading() as read:
        found = queue.newest(read, kinds=KINDS)
    return [job for job in found if any(use.key == key for use in job.clusters)]


def _item(backend: str, kind: str, found: Status, jobs: Sequence[Job]) -> BackupItem:
    mine = (
        job.id
        for job in jobs
        if job.kind == kind and (job.spec.get("backend"), job.spec.get("id")) == (backend, found.id)
    )
    return BackupItem(
        backend=backend,
        backup=found.id,
        what="restore" if kind == RESTORE else "backup",
        status=found.status,
        running=found.status in RUNNING,
        collections=tuple(sorted(found.classes)) or None,
        started=_moment(found.started_at),
        completed=_moment(found.completed_at),
        size_gib=found.size,
        error=found.error or None,
        path=found.path or None,
        job=next(mine, None),
    )


def _moment(text: str | None) -> str | None:
    """What a server writes where there is no moment yet is the year 1."""
    return None if not text or text.startswith(_YEAR_ONE) else text


def _unknown(watch: Watch, backend: str, name: str) -> CommandFailed:
    return CommandFailed(
        f"{watch.profile.name} knows no backup {name} in {backend}",
        "elysiadash backup list shows them",
    )


async def _print(
    chosen: Chosen, watch: Watch, items: Sequence[BackupItem], wish: BackupWish
) -> int:
    await ask(watch, FAST)
    cluster, at = cluster_of(watch, demo=chosen.demo), rfc3339(time.time())
    if wish.format == "json":
        write_json(
            BackupsDocument(at=at, cluster=cluster, problems=problems_of(watch), items=tuple(items))
        )
        return Exit.OK
    if wish.format == "csv":
        rows = [[_cell(getattr(one, name)) for name in _CSV] for one in items]
        write_csv([_CSV, *rows])
        return Exit.OK
    columns = (
        Column("BACKUP"), Column("WHAT", spare=4), Column("STATUS"), Column("STARTED", spare=1),
        Column("COMPLETED", spare=2), Column("GIB", right=True), Column("BACKEND", spare=3),
        Column("COLLECTIONS"), Column("JOB", spare=5),
    )  # fmt: skip
    write_table(
        Table(
            title=title_of(cluster, at),
            columns=columns,
            rows=tuple(map(_row, items)),
            empty="no backups",
        )
    )
    for one in items:
        if one.error:
            say(f"{one.backup}: {one.error}")
    if cluster.demo:
        say_demo()
    return Exit.OK


def _cell(value: object) -> object:
    return " ".join(value) if isinstance(value, tuple) else value


def _row(one: BackupItem) -> tuple[str, ...]:
    return (
        one.backup,
        one.what,
        one.status,
        one.started or words.UNKNOWN,
        one.completed or words.UNKNOWN,
        words.UNKNOWN if one.size_gib is None else f"{one.size_gib:.4f}",
        one.backend,
        words.UNKNOWN if one.collections is None else ", ".join(one.collections),
        one.job or words.UNKNOWN,
    )
