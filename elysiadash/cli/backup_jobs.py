"""``backup create`` and ``backup restore``: jobs that are put in and followed."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import msgspec

from elysiadash.backups import facts, traps
from elysiadash.backups.known import backed_by, made_by_us
from elysiadash.backups.spec import (
    CREATE,
    BackupSpec,
    create_body,
    id_fault,
    new_job,
    restore_body,
)
from elysiadash.cli.backup_command import (
    backend_of,
    fail_unless_writable,
    needed,
    told,
)
from elysiadash.cli.backup_documents import BackupCheckItem, BackupPlanDocument
from elysiadash.cli.choosing import Chosen, chosen_cluster
from elysiadash.cli.consent import agreed
from elysiadash.cli.envelope import cluster_of, problems_of, title_of
from elysiadash.cli.exits import CommandFailed, Exit
from elysiadash.cli.flags import ClusterFlags
from elysiadash.cli.job_following import ensure_worker, follow
from elysiadash.cli.jobs_command import opened_jobs, show
from elysiadash.cli.output import is_terminal, say, say_demo, write_json, write_line
from elysiadash.cli.session import ask, run_to_end, watching
from elysiadash.cli.tables import Column, Table, write_table
from elysiadash.cluster.lanes import FAST
from elysiadash.config import reference
from elysiadash.config.moments import rfc3339
from elysiadash.jobs import queue
from elysiadash.jobs.job import ClusterUse, Job


class BackupJobWish(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What ``backup create`` and ``backup restore`` are asked for."""

    id: str | None
    backend: str | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    base: str | None = None
    node_mapping: tuple[str, ...] = ()
    overwrite_alias: bool = False
    cpu: int | None = None
    accept: tuple[str, ...] = ()
    dry_run: bool = False
    detach: bool = False
    yes: bool = False
    as_json: bool = False


def backup_job(flags: ClusterFlags, kind: str, wish: BackupJobWish) -> int:
    """Put the job in and follow it to its end, or with ``--dry-run`` only look."""
    name = needed(wish.id)
    if kind == CREATE and (fault := id_fault(name)):
        raise CommandFailed(fault, code=Exit.USAGE)
    if wish.include and wish.exclude:
        raise CommandFailed(
            "--include and --exclude together are refused by the server", "give one of them",
            Exit.USAGE,
        )  # fmt: skip
    mapping = _mapping(wish.node_mapping)
    with chosen_cluster(flags) as chosen:
        if not wish.dry_run:
            fail_unless_writable(chosen)
        if chosen.demo and wish.detach:
            raise CommandFailed(
                "--demo ends with this command, and the job with it", "leave --detach out",
                Exit.USAGE,
            )  # fmt: skip
        backend = wish.backend or _only_backend(chosen)
        spec = BackupSpec(
            cluster=_reference(chosen, flags),
            backend=backend,
            id=name,
            include=wish.include,
            exclude=wish.exclude,
            incremental_base=wish.base,
            node_mapping=mapping,
            cpu_percentage=wish.cpu,
            overwrite_alias=wish.overwrite_alias,
            accepted=wish.accept,
        )
        if wish.dry_run:
            return run_to_end(_look(chosen, kind, spec, wish))
        return _do(chosen, kind, spec, wish)


def _do(chosen: Chosen, kind: str, spec: BackupSpec, wish: BackupJobWish) -> int:
    profile = chosen.profile
    what = ", ".join(spec.include) or "all collections"
    if spec.exclude:
        what += f" but {', '.join(spec.exclude)}"
    verb = "back up" if kind == CREATE else "restore"
    to = "to" if kind == CREATE else "from"
    question = f"{verb} {what} of {profile.name} ({profile.url}) {to} {spec.backend}/{spec.id}?"
    if not agreed(question, yes=wish.yes):
        say("nothing was sent")
        return Exit.FAILED
    with opened_jobs() as database:
        new = new_job(kind, spec, ClusterUse(profile.name, profile.url))
        with database.transaction() as tx:
            same = queue.same_work(tx, queue.spec_hash(new))
            job = _again(same[0]) if same else queue.submit(tx, new)
        ensure_worker(database)
        if wish.detach:
            say(f"job {job.id} is on its way; to see it: elysiadash jobs attach {job.id}")
            if wish.as_json:
                show(database, job, as_json=True)
            else:
                write_line(job.id)
            return Exit.OK
        if is_terminal(sys.stderr):
            say(f"following {job.id}: {job.title}; Ctrl-C leaves it running")
        followed = follow(database, job.id)
        if wish.as_json:
            show(database, followed.job, as_json=True)
        elif followed.code is not Exit.INTERRUPTED:
            write_line(followed.words)
        if chosen.demo:
            say_demo()
        return followed.code


def _again(job: Job) -> Job:
    """The job that does the same already, where it can be followed."""
    if job.state.ended:
        raise CommandFailed(
            f"job {job.id} was to do the same and {job.state.lower()}: {job.reason}",
            f"once that is mended: elysiadash jobs resume {job.id}, or cancel it and ask again",
        )
    say(f"job {job.id} does the same already, and is followed")
    return job


def _only_backend(chosen: Chosen) -> str:
    """The one that is switched on. Raises ``CommandFailed`` where there is none or several."""
    found: list[str] = []

    async def look() -> int:
        async with watching(chosen) as watch:
            found.append(await backend_of(watch, None))
        return Exit.OK

    run_to_end(look())
    if not found:
        raise CommandFailed("ended while the cluster was asked for its backends")
    return found[0]


async def _look(chosen: Chosen, kind: str, spec: BackupSpec, wish: BackupJobWish) -> int:
    """What the job would look at before it sends anything."""
    async with watching(chosen) as watch:
        found = await told(
            watch,
            facts.gather(watch.client, spec.backend, spec.id, restore=kind != CREATE),
        )
        if kind == CREATE:
            checks = traps.before_create(found, spec)
            names = tuple(facts.matching(sorted(found.collections), spec.include, spec.exclude))
            body = create_body(spec)
        else:
            path = found.status.path if found.status else ""
            with opened_jobs() as database, database.reading() as read:
                known = made_by_us(read, spec.backend, spec.id, path)
            checks = traps.before_restore(found, spec, backed_by(known))
            names, body = traps.wanted_of(found, spec), restore_body(spec)
        await ask(watch, FAST)
        cluster, at = cluster_of(watch, demo=chosen.demo), rfc3339(time.time())
        blocked = traps.in_the_way(checks, spec.accepted)
        items = tuple(
            BackupCheckItem(
                **msgspec.structs.asdict(one),
                accepted=one.result == "blocks" and one not in blocked,
            )
            for one in checks
        )
        document = BackupPlanDocument(
            at=at, cluster=cluster, problems=problems_of(watch),
            what="backup" if kind == CREATE else "restore", backend=spec.backend, backup=spec.id,
            collections=names, request=body, blocked=bool(blocked), items=items,
        )  # fmt: skip
    if wish.as_json:
        write_json(document)
    else:
        _print(document)
    say("nothing was sent")
    return Exit.REFUSED if blocked else Exit.OK


def _print(document: BackupPlanDocument) -> None:
    columns = (Column("CHECK"), Column("RESULT"), Column("ABOUT", spare=1), Column("FOUND"),
               Column("WAY OUT"))  # fmt: skip
    rows = tuple(
        (
            one.code,
            "accepted" if one.accepted else one.result,
            one.about,
            one.text,
            one.way_out + (f"; or --accept {one.code}" if one.liftable else ""),
        )
        for one in document.items
    )
    write_table(Table(title=title_of(document.cluster, document.at), columns=columns, rows=rows))
    if document.cluster.demo:
        say_demo()


def _reference(chosen: Chosen, flags: ClusterFlags) -> reference.Reference:
    named = Path(flags.config) if flags.config else chosen.places.config_file
    try:
        return reference.of(chosen.profile, named)
    except reference.NotReferable as error:
        raise CommandFailed(str(error)) from None


def _mapping(pairs: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    found = []
    for pair in pairs:
        old, sign, new = pair.partition("=")
        if not (old and sign and new):
            raise CommandFailed(
                f"{pair!r} maps no node", "write OLD=NEW, once for each node", Exit.USAGE
            )
        found.append((old, new))
    return tuple(found)
