"""A migration from its claim to its end: opened, gone through, stopped, closed.

What is frozen, activated or scratch is owed in the job's steps before it is done, so that every
way out of here, and every death, leads to its undoing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from elysiadash.config import reference
from elysiadash.config.profile import Profile
from elysiadash.jobs import folder, outcomes, steps
from elysiadash.jobs.audit import AuditLog
from elysiadash.jobs.errors import ClaimLost
from elysiadash.jobs.job import Job
from elysiadash.jobs.work import Interrupted, Work, causes_in
from elysiadash.migrate import course, freeze, lanes, looking, rehearsal, tenants
from elysiadash.migrate.checkpoint import checkpoint_of
from elysiadash.migrate.errors import CannotGoOn, MigrationStopped, Waits
from elysiadash.migrate.left_frozen import THAW
from elysiadash.migrate.phases import Phase
from elysiadash.migrate.run import Run
from elysiadash.migrate.site import Site
from elysiadash.migrate.spec import spec_of
from elysiadash.migrate.trying import passes
from elysiadash.weaviate.errors import WeaviateError
from elysiadash.weaviate.guard import Permit

_BEHIND_CUT_OVER = (Phase.CUT_OVER, Phase.HELD, Phase.REPORT)


def run(work: Work) -> None:
    """Do a job of one of ``spec.KINDS``; see ``jobs.work.Engine``."""
    asyncio.run(_migrate(work))


async def _migrate(work: Work) -> None:
    await asyncio.to_thread(_in_order, work)
    job = await asyncio.to_thread(work.job)
    phase = _phase(job)
    async with opened(work) as run:
        await _take_answers(run, phase)
        try:
            await course.go(run, job.kind, phase)
        except BaseException as error:
            cause = _cause(error)
            if not isinstance(cause, ClaimLost | asyncio.CancelledError):
                await _put_back(run, cause)
            if not isinstance(cause, Waits):
                raise
            await _wait(run, cause)


def _phase(job: Job) -> Phase:
    try:
        return Phase(job.phase) if job.phase else Phase.PLANNED
    except ValueError as error:
        raise _of_later_release(error) from None


def _of_later_release(error: Exception) -> CannotGoOn:
    return CannotGoOn(
        f"a later release of elysiadash wrote this job ({error}), and this one does not know what "
        "it asks: nothing was done; update elysiadash, start its worker anew, and resume the job"
    )


def _in_order(work: Work) -> None:
    """Cut off what a crash left behind what is committed."""
    made = work.folder()
    with work.reading() as read:
        folder.recover(read, made, work.claim.job)


async def _put_back(run: Run, cause: BaseException) -> None:
    """Thaw what is frozen and put tenants back; what cannot be now stays owed, and is told.

    A worker that only has to end leaves it: the next goes on within seconds, else the watchdog
    thaws. Where the freeze is gone before the cut-over, the job goes on from catching up.
    """
    if isinstance(cause, Interrupted) and cause.verb == "end":
        return
    try:
        if await freeze.is_frozen(run):
            await freeze.thaw(run, f"the job stopped: {_words(cause)}")
            job = await asyncio.to_thread(run.work.job)
            if Phase(job.phase) not in _BEHIND_CUT_OVER:
                await run.enter(Phase.DELTA, "thawed before the cut-over")
        await tenants.put_back(run)
        if isinstance(cause, Interrupted) and cause.verb == "cancel":
            await rehearsal.remove_scratch(run)
    except (WeaviateError, MigrationStopped) as error:
        await run.note("owed", f"not put back yet: {error}", severity="error")
    if isinstance(cause, Interrupted) and cause.verb == "cancel":
        await _tell_what_stays(run)


async def _tell_what_stays(run: Run) -> None:
    def owed() -> str:
        with run.work.reading() as read:
            return ", ".join(step.title for step in steps.owed(read, run.job))

    left = await asyncio.to_thread(owed)
    made = ", ".join(one.target for one in run.spec.collections)
    await run.note(
        "cancel",
        f"what was copied so far stays in {made} of {run.target.profile.name}; delete it there "
        "before the same name is copied to again"
        + (f"; still to put back: {left}" if left else ""),
    )


async def _take_answers(run: Run, phase: Phase) -> None:
    """Bring what people answered to the open question into the checkpoint, and close it.

    An answer counts for the very question that was asked: one to an older question is told and
    dropped. The agreement to what is new in the source is kept with its words, so that something
    newer still is asked about again.
    """
    asked = run.checkpoint
    for said in await asyncio.to_thread(run.work.said):
        word, question = said.get("word"), said.get("question")
        if word == THAW and phase in _BEHIND_CUT_OVER:
            # Said while nobody held the job: the hold looks for it there.
            await run.save(answers={**run.checkpoint.answers, THAW: said})
        elif not asked.asked or (question and question != asked.question):
            await run.note("answer", f"{word}: nothing is asked that this answers")
        elif asked.choices and word not in asked.choices:
            choices = " or ".join(asked.choices)
            await run.note("answer", f"{word} is no answer; {choices} is", severity="warning")
        else:
            value = [word, asked.question] if asked.asked == looking.CONFIRM_NEW else word
            await run.save(answers={**run.checkpoint.answers, asked.asked: value})
    if asked.question:
        await run.save(question="", asked="", choices=())


async def _wait(run: Run, waits: Waits) -> None:
    """Rest with a question, until somebody answers it and resumes the job."""
    question = waits.question
    await run.save(question=question, asked=waits.key, choices=waits.choices)

    def write() -> None:
        with run.work.held() as tx:
            outcomes.pause(tx, question)

    await asyncio.to_thread(write)


@asynccontextmanager
async def opened(work: Work) -> AsyncIterator[Run]:
    """The run with both clusters open; raises ``CannotGoOn`` where one does not let us in, or
    where a later release wrote the job."""
    job = await asyncio.to_thread(work.job)
    try:
        spec, point = spec_of(job.spec), checkpoint_of(job.checkpoint)
    except msgspec.ValidationError as error:
        raise _of_later_release(error) from None
    profiles = [
        await asyncio.to_thread(reference.resolve, one) for one in (spec.source, spec.target)
    ]
    permit = Permit(reason=job.title, job=job.id)
    logs = [AuditLog(work.state, profile=one.name, job=job.id) for one in profiles]
    sites: list[Site] = []
    run: Run | None = None
    try:
        for end, profile, log in zip(("source", "target"), profiles, logs, strict=True):
            try:
                sites.append(await _site(work, profile, log, permit, patient=bool(job.phase)))
            except WeaviateError as error:
                raise CannotGoOn(
                    f"the {end} {profile.name} ({profile.url}) cannot be opened: {error}; "
                    "nothing was lost: resume the job when that is mended"
                ) from error
        run = Run(work, spec, sites[0], sites[1], point, job.phase)
        yield run
    finally:
        if run is not None:
            await lanes.close(run)
        for site in sites:
            await site.aclose()
        for log in logs:
            await asyncio.to_thread(log.close)


async def _site(
    work: Work, profile: Profile, log: AuditLog, permit: Permit, *, patient: bool
) -> Site:
    """The cluster, open. ``patient``: the job was under way, so one that is away is waited for."""
    until = time.monotonic() + (course.PATIENCE_S if patient else 0.0)
    while True:
        try:
            return await Site.open(profile, audit=log, permit=permit)
        except WeaviateError as error:
            if not passes(error) or time.monotonic() >= until:
                raise
        await asyncio.sleep(2.0)
        await asyncio.to_thread(work.check)


def _cause(error: BaseException) -> BaseException:
    """What counts of a group, as task groups raise it: a lost claim, a fault, then a stop."""
    leaves = list(causes_in(error))
    for kinds in ((ClaimLost,), (Exception,), (BaseException,)):
        for leaf in leaves:
            if isinstance(leaf, kinds) and not isinstance(leaf, Interrupted | Waits):
                return leaf
    return leaves[0]


def _words(cause: BaseException) -> str:
    if isinstance(cause, Interrupted):
        return f"it was asked to {cause.verb}"
    if isinstance(cause, Waits):
        return cause.question
    return str(cause) or type(cause).__name__
