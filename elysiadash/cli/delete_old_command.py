"""``jobs delete-old``: deletes the collection that a job brought its alias away from."""

from __future__ import annotations

from typing import Final

from elysiadash.cli.consent import typed
from elysiadash.cli.copy_command import print_followed
from elysiadash.cli.copy_ends import use_of
from elysiadash.cli.exits import CommandFailed, Exit
from elysiadash.cli.job_following import ensure_worker, follow
from elysiadash.cli.jobs_command import named_job, opened_jobs
from elysiadash.cli.output import say, write_line
from elysiadash.config.reference import Unresolved, resolve
from elysiadash.jobs import queue, steps
from elysiadash.jobs.job import Job, JobState
from elysiadash.jobs.steps import Step
from elysiadash.migrate.phases import Ending
from elysiadash.migrate.spec import COPY, MIGRATE, RETIRE, Retires, Spec, Wanted, new_job, spec_of

_CUT_OVER: Final = "cut-over"
"""The step of an alias change (``migrate.cut_over.STEP``)."""


def delete_old(name: str | None, confirm: tuple[str, ...], *, detach: bool, as_json: bool) -> int:
    """Have the name typed, put the job in and follow it."""
    with opened_jobs() as database:
        moved = named_job(database, name)
        spec = _spec_of(moved)
        with database.reading() as read:
            old = _old_of(spec, steps.of(read, moved.id))
        try:
            profile = resolve(spec.source)
        except Unresolved as error:
            raise CommandFailed(str(error)) from None
        what = f"{old.name} of {profile.name} ({profile.url}) is deleted for good"
        if not typed(what, old.name, confirm=confirm):
            say("nothing was deleted")
            return Exit.FAILED
        deletes = Spec(
            source=spec.source,
            target=spec.target,
            collections=(old,),
            alias=spec.alias,
            retires=Retires(collection=old.name, job=moved.id),
        )
        new = new_job(RETIRE, deletes, (use_of(profile, writes=True),))
        with database.transaction() as tx:
            same = queue.same_work(tx, queue.spec_hash(new))
            if same and same[0].state is not JobState.FAILED:
                raise CommandFailed(f"job {same[0].id} is about to delete it already")
            job = queue.submit(tx, new)
        say(f"job {job.id}: {job.title}")
        ensure_worker(database)
        if detach:
            write_line(job.id)
            return Exit.OK
        followed = follow(database, job.id)
        print_followed(database, followed, plan=False, as_json=as_json)
        return followed.code


def _spec_of(moved: Job) -> Spec:
    if moved.kind not in (COPY, MIGRATE) or moved.spec.get("alias") is None:
        raise CommandFailed(
            f"job {moved.id} brought no alias away from a collection: nothing is known to be old",
            "a collection of a move between clusters is deleted by hand, once you are sure",
        )
    if moved.state is not JobState.DONE or moved.ending != Ending.VERIFIED:
        raise CommandFailed(
            f"job {moved.id} is {moved.ending or moved.state.lower()}: nothing is deleted before"
            " its copy is verified and cut over"
        )
    return spec_of(moved.spec)


def _old_of(spec: Spec, found: list[Step]) -> Wanted:
    """The collection that the alias stood for before the cut-over."""
    names = [one.data.get("old") for one in found if one.name == _CUT_OVER]
    old = next((one for one in spec.collections if one.name in names), None)
    if old is None:
        raise CommandFailed(f"alias {spec.alias} was not brought away from any collection")
    return old
