"""``jobs roll-back``: takes a move back, as a job with the ends swapped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from elysiadash.cli import words
from elysiadash.cli.consent import agreed, typed
from elysiadash.cli.copy_command import print_followed
from elysiadash.cli.copy_ends import fail_unless_writable, use_of
from elysiadash.cli.copy_spec import STOPPED, checked_key, window_of
from elysiadash.cli.exits import CommandFailed, Exit
from elysiadash.cli.job_following import ensure_worker, follow
from elysiadash.cli.jobs_command import named_job, opened_jobs
from elysiadash.cli.output import say, write_line
from elysiadash.config.reference import Unresolved, resolve
from elysiadash.jobs import events, queue
from elysiadash.jobs.database import Database, Reading
from elysiadash.jobs.job import Job, JobState, NewJob
from elysiadash.migrate import rollback
from elysiadash.migrate.phases import Ending, Freeze
from elysiadash.migrate.spec import COPY, MIGRATE, PREFLIGHT, Spec, new_job, spec_of

_MOVED = (Ending.VERIFIED, Ending.NOT_VERIFIED, Ending.CAUGHT_UP, Ending.ROLLED_BACK)


_LOOKED_AT = 1_000
"""Jobs among which one is looked for that took the same back."""


class RollBackWish(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What ``jobs roll-back`` is asked for; None: as the job that is taken back had it."""

    freeze: str | None = None
    freeze_limit: float = 60.0
    after: str = "hold"
    hold_limit: float = 900.0
    writer_key: str | None = None
    window: str | None = None
    rate: int | None = None
    accepted: tuple[str, ...] = ()
    write: bool = False
    dry_run: bool = False
    yes: bool = False
    confirm: tuple[str, ...] = ()
    detach: bool = False
    as_json: bool = False


def roll_back(name: str | None, wish: RollBackWish) -> int:
    """Say what it does, have the names typed, put the job in and follow it."""
    with opened_jobs() as database:
        first = named_job(database, name)
        spec = _spec(first, wish)
        new = _new_job(spec, wish)
        with database.reading() as read:
            _fail_if_taken_back(read, first)
            same = [] if wish.dry_run else queue.same_work(read, queue.spec_hash(new))
        if same:
            raise CommandFailed(
                f"job {same[0].id} takes it back already, and is {same[0].state.lower()}",
                f"elysiadash jobs attach {same[0].id} follows it, jobs resume lets it go on",
            )
        for line in what_it_does(first, spec):
            say(line)
        if not wish.dry_run and not _consented(new, spec, wish):
            say("nothing was begun")
            return Exit.FAILED
        return _done(database, first, new, wish)


def what_it_does(first: Job, spec: Spec) -> Iterator[str]:
    """The preview: from where to where, what is written over, and what is left alone."""
    new, old = resolve(spec.source).name, resolve(spec.target).name
    ended = f"{first.ending}, {words.count(int(first.checkpoint.get('copied') or 0))} copied"
    yield f"takes back job {first.id} ({first.title}; {ended})"
    for one in spec.collections:
        yield f"  {one.name} of {new} goes back to {one.target} of {old}"
    yield "  only what was changed, added or deleted in the new place since is brought back, so:"
    yield "    objects of the old place that changed in both are written over (asked about first)"
    yield "    objects deleted in the new place are deleted in the old one"
    yield "    objects of the old place that were never copied are left alone"
    if spec.alias:
        yield f"  alias {spec.alias} goes back to {spec.collections[0].target}"
    if spec.freezes:
        how = "" if spec.freeze is Freeze.AUTO else f" ({spec.freeze.value})"
        yield (
            f"  writers of {new} are kept out at the end{how}, for "
            f"{words.seconds(spec.freeze_limit_s)} at most, then "
            + ("it is held until jobs thaw" if spec.after == "hold" else "let in again")
        )
    else:
        yield f"  writers of {new} are not kept out: the old place is as new as the last look"
    yield "  all of it is compared at the end, and the new place is not deleted"


def _spec(first: Job, wish: RollBackWish) -> Spec:
    if first.kind not in (COPY, MIGRATE):
        raise CommandFailed(f"job {first.id} moved nothing: it is a {first.kind}", code=Exit.USAGE)
    if first.state is not JobState.DONE or first.ending not in _MOVED:
        said = first.ending or first.state.lower()
        raise CommandFailed(
            f"job {first.id} is {said}: what it moved is not known to be whole, so going back"
            " could take a loss for a delete",
            "let it end, or give it up: elysiadash jobs cancel; the old place was not changed",
        )
    try:
        spec = rollback.swapped(spec_of(first.spec), first.id)
    except ValueError as error:
        raise CommandFailed(f"job {first.id} cannot be taken back: {error}") from None
    freeze = Freeze(wish.freeze) if wish.freeze else spec.freeze
    if spec.alias and freeze is Freeze.NONE:
        raise CommandFailed(
            f"--freeze none would split the writers of {spec.alias} in two", code=Exit.USAGE
        )
    if wish.write:
        same = spec.same_cluster
        target = _writable(spec.target)
        spec = msgspec.structs.replace(spec, target=target, source=target if same else spec.source)
    key = checked_key(wish.writer_key)
    return msgspec.structs.replace(
        spec,
        freeze=freeze,
        freeze_limit_s=wish.freeze_limit,
        after="thaw" if wish.after == "thaw" else "hold",
        hold_limit_s=wish.hold_limit,
        writer_key=key or spec.writer_key,
        window=window_of(wish.window),
        accepted=wish.accepted,
        # Asked for before the job is put in, as ``copy`` does.
        answers={STOPPED: STOPPED} if wish.freeze == STOPPED else {},
    )


def _fail_if_taken_back(read: Reading, first: Job) -> None:
    """The old place has changed since by that job: what it wrote there is not to be undone."""
    for job in queue.newest(read, among=(JobState.DONE,), kinds=(MIGRATE,), limit=_LOOKED_AT):
        if job.spec.get("rolls_back") == first.id:
            raise CommandFailed(
                f"job {first.id} was taken back by job {job.id} already",
                f"to take that one back: elysiadash jobs roll-back {job.id}",
            )


def _writable(reference: dict[str, Any]) -> dict[str, Any]:
    (kind, inner), *_ = reference.items()
    return {kind: {**inner, "write": True}}


def _new_job(spec: Spec, wish: RollBackWish) -> NewJob:
    try:
        source, target = resolve(spec.source), resolve(spec.target)
    except Unresolved as error:
        raise CommandFailed(str(error)) from None
    if not wish.dry_run:
        fail_unless_writable(target)
    uses = [use_of(source, writes=False), use_of(target, writes=not wish.dry_run)]
    clusters = tuple(uses[1:] if spec.same_cluster else uses)
    kind = PREFLIGHT if wish.dry_run else MIGRATE
    return new_job(kind, spec, clusters, rate=None if wish.rate is None else float(wish.rate))


def _consented(new: NewJob, spec: Spec, wish: RollBackWish) -> bool:
    old = resolve(spec.target).name
    for one in spec.collections:
        what = f"{one.target} of {old} is written over with what changed in {one.name}"
        if not typed(what, one.target, confirm=wish.confirm):
            return False
        what = f"nothing writes to {one.name} from the freeze on, by your word"
        if wish.freeze == STOPPED and not typed(what, one.name, confirm=wish.confirm):
            return False
    return agreed(f"{new.title}?", yes=wish.yes or bool(wish.confirm))


def _done(database: Database, first: Job, new: NewJob, wish: RollBackWish) -> int:
    with database.transaction() as tx:
        job = queue.submit(tx, new)
        if not wish.dry_run:
            events.note(
                tx, first.id, "rolls-back",
                f"job {job.id} begins to take back what this job moved", severity="warning",
            )  # fmt: skip
    say(f"job {job.id}: {job.title}")
    ensure_worker(database)
    if wish.detach:
        write_line(job.id)
        return Exit.OK
    followed = follow(database, job.id, until_held=not wish.dry_run)
    print_followed(database, followed, plan=wish.dry_run, as_json=wish.as_json)
    # A move back that was asked for and is proven is all well; for others it is code 16.
    return Exit.OK if followed.code is Exit.ROLLED_BACK else followed.code
