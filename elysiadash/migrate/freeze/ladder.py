"""Freezes the source's collections, proves that they are frozen, and thaws them.

Before the first request of a freeze its undo is committed (an owed step) and the watchdog runs.
From then on whatever happens leads to the thaw: an error here thaws, a dead worker is thawed by
the watchdog, and after the loss of both every face names what is owed (``left_frozen``).
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import msgspec

from elysiadash.jobs import steps
from elysiadash.jobs.processes import this_process
from elysiadash.migrate.checkpoint import Frozen
from elysiadash.migrate.errors import NotFrozen
from elysiadash.migrate.freeze import proof, rungs, shards, thawing, watching
from elysiadash.migrate.freeze.keeping_out import by_mode, by_roles, by_shards, by_stopping, narrow
from elysiadash.migrate.freeze.noted import STEP, Known, Noted, Undo, noted, plain, title
from elysiadash.migrate.phases import Freeze
from elysiadash.migrate.run import Run
from elysiadash.weaviate.errors import WeaviateError

log = logging.getLogger(__name__)

_MARGIN_S: Final = 2.0
"""A freeze that ends sooner is not worth going on with."""
_TRIES: Final = 5

OWED: Final = frozenset({Freeze.ROLES, Freeze.READONLY})
"""Ways that we have to undo; what the operator did, the operator undoes."""
_KEEP_OUT: dict[Freeze, Callable[[Run, Undo], Awaitable[list[str]]]] = {
    Freeze.STOPPED: by_stopping,
    Freeze.ROLES: by_roles,
    Freeze.MODE: by_mode,
    Freeze.READONLY: by_shards,
}


async def freeze(run: Run, how: Freeze | None = None) -> Frozen:
    """Keep writers out of the source's collections, for ``freeze_limit_s`` at most.

    One that a dead worker left is gone on with where its proof holds, else it is thawed first.
    Raises ``NotFrozen`` (everything is thawed then), ``Waits``, ``Interrupted``.
    """
    before = await _goes_on(run)
    if before is not None:
        return before
    how = how or await rungs.choose(run)
    if how not in _KEEP_OUT:
        raise NotFrozen(f"{how} is no way to freeze")
    undo = await _undo(run, how)
    known = _limited(run, run.spec.freeze_limit_s)
    if how not in OWED:
        said = await _KEEP_OUT[how](run, undo)
        known = await proof.baseline(run, known)
        said += await proof.holds(run, undo, known)
        await _end(run, undo, known)
        return await _frozen(run, undo, known, said)
    await _begin(run, undo, known)
    try:
        watcher = await watching.start(run.work.state, run.job, undo.mark)
        # The time that the watchdog took to start is no time of the freeze.
        known = msgspec.structs.replace(_limited(run, run.spec.freeze_limit_s), watcher=watcher)
        await _keep(run, known)
        await run.breathe()
        said = await _KEEP_OUT[how](run, undo)
        known = await proof.baseline(run, known)
        said += await proof.holds(run, undo, known)
        await _end(run, undo, known)
        return await _frozen(run, undo, known, said)
    except BaseException as error:
        await _back_out(run, undo, error)
        raise


async def holds(run: Run) -> tuple[str, ...]:
    """Prove again that nobody can write, in words. Raises ``NotFrozen`` where it does not hold.

    Call it before the last comparison under the freeze, after it, and around the cut-over. A dead
    watchdog is replaced. Only reads and probes: it thaws nothing.
    """
    found = await _noted(run)
    if found is None:
        frozen = run.checkpoint.frozen
        if frozen is None or frozen.thawed is not None:
            raise NotFrozen("the source is not frozen")
        if is_ours(run):
            raise NotFrozen("the source was thawed by another process, see the job's events")
        return await _still_kept_out(run, frozen)
    if _left_s(run, found.known) <= 0:
        raise NotFrozen("the limit of the freeze has passed")
    known = await _watched(run, found)
    said = await proof.holds(run, found.undo, known)
    if await _noted(run) is None:
        raise NotFrozen("the source was thawed by another process meanwhile")
    return tuple(said)


async def thaw(run: Run, by: str) -> bool:
    """Put back everything that is frozen, and read it back; whether anything was.

    ``by`` is who wants it and why, in words. Raises ``NotFrozen`` where it cannot be thawed now:
    the watchdog, which lives on, goes on trying.
    """
    found = await _noted(run)
    if found is not None:
        try:
            await _put_back(run, found.undo, by)
        except (WeaviateError, thawing.NotThawed) as error:
            raise NotFrozen(f"the source is still frozen, and is thawed as soon as it can be: "
                            f"{error}") from error  # fmt: skip
    frozen = run.checkpoint.frozen
    if frozen is not None and frozen.thawed is None:
        at, who = await asyncio.to_thread(_thawed_by, run, by)
        await run.save(frozen=msgspec.structs.replace(frozen, thawed=at, thawed_by=who))
        return True
    return found is not None


async def is_frozen(run: Run) -> bool:
    """Whether something is owed a thaw, or counts as frozen."""
    frozen = run.checkpoint.frozen
    return await _noted(run) is not None or (frozen is not None and frozen.thawed is None)


async def is_owed(run: Run) -> bool:
    """Whether there is a freeze of ours that must be put back."""
    return await _noted(run) is not None


def is_ours(run: Run) -> bool:
    """Whether the freeze is one that we put back ourselves, not the operator."""
    return run.checkpoint.frozen is not None and run.checkpoint.frozen.how in OWED


async def extend(run: Run, seconds: float) -> None:
    """Let the freeze last this long from now on: for the hold behind the cut-over."""
    found = await _noted(run)
    now = _limited(run, seconds)
    if found is not None:
        known = msgspec.structs.replace(found.known, until=now.until, until_steady=now.until_steady)
        await _keep(run, known)
    if run.checkpoint.frozen is not None:
        await run.save(frozen=msgspec.structs.replace(run.checkpoint.frozen, until=now.until))


async def left_s(run: Run) -> float:
    """Seconds until the freeze ends by itself; raises ``NotFrozen`` where there is none."""
    found = await _noted(run)
    if found is not None:
        return _left_s(run, found.known)
    frozen = run.checkpoint.frozen
    if frozen is None or frozen.thawed is not None or is_ours(run):
        raise NotFrozen("the source is not frozen")
    return frozen.until - time.time()


async def freeze_again(run: Run) -> list[str]:
    """Freeze again what a restart of a node thawed; the shards. Only behind a cut-over.

    What was written meanwhile is found by comparing, not by this.
    """
    found = await _noted(run)
    if found is None or found.undo.how is not Freeze.READONLY:
        return []
    now = await shards.replicas(run.source.client, found.undo.collections)
    open_again = sorted(
        {
            (row.collection, row.shard)
            for row in now.rows
            if row.status != shards.READONLY and (row.collection, row.shard) in found.undo.shards
        }
    )
    permit = run.permit(f"{title(found.undo)}, again after a restart")
    failed = await shards.set_status(run.source.client, open_again, shards.READONLY, permit)
    if failed is not None:
        raise failed
    await _keep(run, await proof.baseline(run, found.known))
    return ["/".join(shard) for shard in open_again]


async def _goes_on(run: Run) -> Frozen | None:
    found = await _noted(run)
    if found is None:
        return None
    frozen, same_boot = run.checkpoint.frozen, found.known.boot == this_process().boot
    if found.step.state is steps.StepState.DONE and frozen is not None and same_boot:
        try:
            await holds(run)
        except NotFrozen as broken:
            await run.note("freeze", f"the freeze that was left does not hold: {broken}")
        else:
            if _left_s(run, found.known) > _MARGIN_S:
                return frozen
    await thaw(run, "a freeze that a worker left behind is begun anew")
    return None


async def _undo(run: Run, how: Freeze) -> Undo:
    undo = Undo(
        mark=secrets.token_hex(4), how=how, cluster=run.source.profile.name,
        collections=rungs.names(run),
    )  # fmt: skip
    if how is Freeze.READONLY:
        found = await shards.replicas(run.source.client, undo.collections)
        # One that is READONLY already stays so: somebody wants it.
        writable = [
            shard
            for shard in rungs.wanted_shards(run, found)
            if any(row.status != shards.READONLY for row in found.of_shard()[shard])
        ]
        return msgspec.structs.replace(undo, shards=tuple(writable))
    if how is Freeze.ROLES:
        narrowed = await narrow(run)
        user = "" if run.spec.writer_key else f"elysiadash-probe-{run.job}"
        return msgspec.structs.replace(undo, roles=narrowed, probe_user=user)
    return undo


def _limited(run: Run, seconds: float) -> Known:
    now, clock = time.time(), run.work.database.clock
    return Known(
        since=now, until=now + seconds, until_steady=clock.steady() + seconds,
        boot=this_process().boot,
    )  # fmt: skip


def _left_s(run: Run, known: Known) -> float:
    if known.boot != this_process().boot:
        return 0.0
    return known.until_steady - run.work.database.clock.steady()


async def _watched(run: Run, found: Noted) -> Known:
    """The freeze with a watchdog that lives."""
    if watching.lives(found.known.watcher):
        return found.known
    await run.note("freeze", "the watchdog of the freeze is gone: another is started",
                   severity="warning")  # fmt: skip
    watcher = await watching.start(run.work.state, run.job, found.undo.mark)
    known = msgspec.structs.replace(found.known, watcher=watcher)
    await _keep(run, known)
    return known


async def _still_kept_out(run: Run, frozen: Frozen) -> tuple[str, ...]:
    """Where the operator keeps writers out, nothing is owed; the step has what was seen."""
    step = await asyncio.to_thread(_step, run)
    undo = msgspec.convert(step.data["undo"], Undo)
    return tuple(await proof.holds(run, undo, msgspec.convert(step.data["known"], Known)))


async def _frozen(run: Run, undo: Undo, known: Known, said: Sequence[str]) -> Frozen:
    frozen = Frozen(how=undo.how, since=known.since, until=known.until, proven_by=tuple(said))
    await run.save(frozen=frozen)
    await run.note("freeze", f"frozen: {title(undo)}; {'; '.join(said)}")
    return frozen


async def _back_out(run: Run, undo: Undo, error: BaseException) -> None:
    """Thaw what was begun. Where that fails too, the watchdog does it: nothing is hidden."""
    why = f"the freeze did not come about ({type(error).__name__})"
    task = asyncio.ensure_future(_put_back(run, undo, why))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise
    except (WeaviateError, thawing.NotThawed):
        log.exception("the freeze that was begun is not thawed yet")


async def _put_back(run: Run, undo: Undo, by: str) -> None:
    permit, wait = run.permit(f"thaw: {title(undo)}"), 0.5
    for last in (False,) * (_TRIES - 1) + (True,):
        try:
            await thawing.thaw(run.source.client, undo, permit)
            break
        except (WeaviateError, thawing.NotThawed):
            if last:
                raise
        await asyncio.sleep(wait)
        wait *= 2
    await asyncio.to_thread(_note_put_back, run, undo, by)


def _note_put_back(run: Run, undo: Undo, by: str) -> None:
    with run.work.database.transaction() as tx:
        found = noted(tx, run.job)
        if found is not None and found.undo.mark == undo.mark:
            steps.put_back(tx, run.job, STEP, who="the worker", reason=by)


async def _noted(run: Run) -> Noted | None:
    def read() -> Noted | None:
        with run.work.reading() as reading:
            return noted(reading, run.job)

    return await asyncio.to_thread(read)


def _step(run: Run) -> steps.Step:
    with run.work.reading() as reading:
        return steps.get(reading, run.job, STEP)


def _thawed_by(run: Run, by: str) -> tuple[float, str]:
    """When it was put back, and by whom where it was not us just now."""
    step = _step(run)
    if step.state is steps.StepState.UNDONE and step.ended is not None:
        late = time.time() - step.ended > _MARGIN_S
        return step.ended, "another process, see the job's events" if late else by
    return time.time(), by


async def _begin(run: Run, undo: Undo, known: Known) -> None:
    def write() -> None:
        with run.work.held() as tx:
            steps.begin(tx, STEP, title=title(undo), data=plain(known), undo=plain(undo), owed=True)

    await asyncio.to_thread(write)


async def _keep(run: Run, known: Known) -> None:
    def write() -> None:
        with run.work.held() as tx:
            steps.keep(tx, STEP, plain(known))

    await asyncio.to_thread(write)


async def _end(run: Run, undo: Undo, known: Known) -> None:
    owes = undo.how in OWED

    def write() -> None:
        with run.work.held() as tx:
            data: dict[str, Any] = plain(known)
            if not owes:
                data = {"undo": plain(undo), "known": data}
                steps.begin(tx, STEP, title=title(undo), data=data)
            steps.end(tx, STEP, data=data)

    await asyncio.to_thread(write)
