"""``copy`` and ``migrate``: a job is put in, and followed to its end."""

from __future__ import annotations

import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from elysiadash.cli.choosing import Chosen, chosen_cluster
from elysiadash.cli.consent import agreed, typed
from elysiadash.cli.copy_ends import (
    fail_unless_writable,
    reference_of,
    source_flags,
    target_profile,
    use_of,
)
from elysiadash.cli.copy_plan import print_plan
from elysiadash.cli.copy_spec import STOPPED, CopyWish, checked, spec_of
from elysiadash.cli.exits import CommandFailed, Exit
from elysiadash.cli.flags import ClusterFlags
from elysiadash.cli.job_documents import JobDocument
from elysiadash.cli.job_following import Followed, ensure_worker, follow
from elysiadash.cli.job_items import full_item
from elysiadash.cli.output import say, say_demo, write_json, write_line
from elysiadash.cli.session import run_to_end, watching
from elysiadash.config.mistake import nearest
from elysiadash.config.moments import rfc3339
from elysiadash.config.profile import Profile
from elysiadash.jobs import control, launch, queue
from elysiadash.jobs.database import Database
from elysiadash.jobs.errors import JobsError
from elysiadash.jobs.job import Job, JobState, NewJob
from elysiadash.migrate.spec import PREFLIGHT, REHEARSAL, Spec, new_job
from elysiadash.weaviate.errors import WeaviateError


def copy(flags: ClusterFlags, wish: CopyWish) -> int:
    """Put the job in and follow it, or say what it would do."""
    wish = checked(wish)
    if wish.detach and (flags.demo or flags.scenario):
        raise CommandFailed(
            "a demo ends with its command, and its jobs with it", "leave out --detach", Exit.USAGE
        )
    several = wish.target is not None
    with chosen_cluster(source_flags(flags, wish), several=several) as chosen:
        target = target_profile(chosen, flags, wish)
        source = chosen.profile
        if use_of(source, writes=False).key == use_of(target, writes=False).key:
            # However it was named: the job has to know that both ends are one cluster.
            source = target = msgspec.structs.replace(source, write=source.write or target.write)
        if not wish.dry_run:
            fail_unless_writable(target)
        spec = spec_of(wish, reference_of(source, flags), reference_of(target, flags))
        _fail_where_unknown(chosen, wish)
        new = _new_job(wish, spec, source, target)
        with _jobs_of(chosen) as database:
            try:
                return _done(database, chosen, wish, new, target)
            except JobsError as error:
                raise CommandFailed(str(error)) from None


def _done(database: Database, chosen: Chosen, wish: CopyWish, new: NewJob, target: Profile) -> int:
    if chosen.demo:
        say_demo()
    job = _same(database, wish, new)
    if job is None:
        if not _consented(wish, new, target):
            say("nothing was begun")
            return Exit.FAILED
        with database.transaction() as tx:
            job = queue.submit(tx, new)
        say(f"job {job.id}: {job.title}")
    if wish.detach:
        ensure_worker(database)
        write_line(job.id)
        return Exit.OK
    ensure_worker(database)
    # With "thaw" the hold is over at once: the job's end is worth the moment.
    holds = not wish.only_looks and job.spec.get("after") != "thaw"
    followed = follow(database, job.id, until_held=holds)
    print_followed(
        database, followed, plan=wish.only_looks, as_json=wish.as_json, report=not chosen.demo
    )
    return followed.code


def _new_job(wish: CopyWish, spec: Spec, source: Profile, target: Profile) -> NewJob:
    kind = REHEARSAL if wish.rehearse else PREFLIGHT if wish.dry_run else wish.kind
    uses = [use_of(source, writes=False), use_of(target, writes=not wish.dry_run)]
    clusters = tuple(uses[1:] if uses[0].key == uses[1].key else uses)
    rate = None if wish.rate is None else float(wish.rate)
    return new_job(kind, spec, clusters, rate=rate)


def _same(database: Database, wish: CopyWish, new: NewJob) -> Job | None:
    """A job that does the same and is not over: it is gone on with, and never begun twice.

    Raises ``CommandFailed`` where that job was asked for with other options.
    """
    with database.reading() as read:
        found = queue.same_work(read, queue.spec_hash(new))
    found = [job for job in found if not (wish.only_looks and job.state.ended)]
    if not found:
        return None
    job = found[0]
    state = "" if job.state in (JobState.QUEUED, JobState.RUNNING) else f", {job.state.lower()}"
    if job.spec != msgspec.json.decode(msgspec.json.encode(new.spec)):
        # A refused one has written nothing: what refused it may be what the options change.
        if job.ending == "REFUSED":
            return None
        raise CommandFailed(
            f"job {job.id} does the same with other options{state}",
            f"go on with it: elysiadash jobs resume {job.id}; or give it up first: "
            f"elysiadash jobs cancel {job.id}",
        )
    if not state:
        say(f"job {job.id} does just that: {job.title}")
        return job
    reason = f": {job.reason}" if job.reason else ""
    say(f"job {job.id} was to do just that{state}{reason}")
    if not agreed(f"go on with job {job.id} where it stands?", yes=wish.yes):
        raise CommandFailed("nothing was begun", f"to begin anew: elysiadash jobs cancel {job.id}")
    with database.transaction() as tx:
        control.ask(tx, job.id, "resume")
    return job


def _consented(wish: CopyWish, new: NewJob, target: Profile) -> bool:
    if wish.dry_run:
        return True
    if wish.overwrite:
        for _, name in wish.pairs:
            if not typed(f"{name} of {target.name} is replaced", name, confirm=wish.confirm):
                return False
    if wish.freeze == STOPPED and not wish.only_looks:
        for name, _ in wish.pairs:
            what = f"nothing writes to {name} from the freeze on, by your word"
            if not typed(what, name, confirm=wish.confirm):
                return False
    return agreed(f"{new.title} on {target.name} ({target.url})?", yes=wish.yes)


def print_followed(
    database: Database, followed: Followed, *, plan: bool, as_json: bool, report: bool = True
) -> None:
    """How a job that was followed came to rest; ``plan``: with what its preflight found."""
    with database.reading() as read:
        item = full_item(read, queue.get(read, followed.job.id), database.folder)
    if as_json:
        write_json(JobDocument(at=rfc3339(time.time()), items=(item,)))
        return
    if plan:
        print_plan(item.checkpoint)
    write_line(followed.words)
    if item.report and report:
        write_line(f"report: {item.report}")


@contextmanager
def _jobs_of(chosen: Chosen) -> Iterator[Database]:
    """The user's jobs; a demo has some of its own, which end with it."""
    try:
        if chosen.demo:
            with _jobs_of_a_demo() as database:
                yield database
            return
        if chosen.places.state is None:
            raise CommandFailed(
                "there are no jobs without a folder for them", chosen.places.message
            )
        with Database.open(chosen.places.state) as database:
            yield database
    except JobsError as error:
        raise CommandFailed(str(error)) from None


@contextmanager
def _jobs_of_a_demo() -> Iterator[Database]:
    """Jobs and a worker that end with the command, however it is told to end."""

    def end(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    told = (signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, end) for number in told}
    try:
        with tempfile.TemporaryDirectory(
            prefix="elysiadash-demo-", ignore_cleanup_errors=True
        ) as folder:
            try:
                with Database.open(Path(folder)) as database:
                    yield database
            finally:
                with suppress(JobsError, OSError):
                    launch.stop(Path(folder))
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _fail_where_unknown(chosen: Chosen, wish: CopyWish) -> None:
    """Raise ``CommandFailed`` for a collection that the source does not have, with the nearest
    name; whatever else is wrong the preflight says."""

    async def ask() -> int:
        async with watching(chosen) as watch:
            try:
                schema = await watch.client.schema(leader=False)
            except WeaviateError as error:
                raise CommandFailed(f"{chosen.profile.name}: {error}") from None
        names = [one.name for one in schema.classes or ()]
        for name, _ in wish.pairs:
            if name not in names:
                likely = nearest(name, names)
                raise CommandFailed(
                    f"there is no collection {name} on {chosen.profile.name}",
                    f"did you mean {likely}?" if likely else "elysiadash collections lists them",
                )
        return Exit.OK

    # A signal has ended the question, and so the command.
    code = run_to_end(ask())
    if code != Exit.OK:
        raise CommandFailed("nothing was begun", code=Exit(code))


def pairs_of(collections: Any) -> tuple[tuple[str, str], ...]:
    """``NAME`` or ``NAME=OTHER`` of each word of ``migrate``."""
    found = []
    for word in collections or ():
        name, _, other = word.partition("=")
        found.append((name, other or name))
    return tuple(found)
