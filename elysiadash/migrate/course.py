"""The phases in their order. Each returns the one that follows, and can be begun again.

``PLANNED -> PREFLIGHT -> PREPARE -> COPY -> DELTA -> PROVE -> PROVEN -> FREEZE -> FINAL_DELTA ->
CUT_OVER -> HELD -> REPORT``. A freeze in which not everything gets equal is thawed and tried again
from DELTA on.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from elysiadash.jobs import dead_letters, events, outcomes
from elysiadash.migrate import (
    copying,
    cut_over,
    delta,
    forecasting,
    freeze,
    looking,
    prepare,
    references,
    rehearsal,
    repair,
    replicas,
    report,
    restored,
    rollback,
    since,
    unfrozen,
    verify,
    waves,
)
from elysiadash.migrate.checkpoint import Check, Generation, Proof
from elysiadash.migrate.clocks import MARGIN_S
from elysiadash.migrate.errors import NotFrozen, RefusedByPreflight, Waits
from elysiadash.migrate.phases import Ending, Phase, Strategy, Verify
from elysiadash.migrate.preflight.checks import check
from elysiadash.migrate.run import Run
from elysiadash.migrate.spec import PREFLIGHT, REHEARSAL
from elysiadash.migrate.trying import passes, trying
from elysiadash.scan.errors import ScanFailed
from elysiadash.weaviate.errors import WeaviateError

SMALL: Final = 1_000
"""Changes of one generation that a freeze can take over."""
MOST_GENERATIONS: Final = 50
MOST_STILL: Final = 3
"""Generations more that a wave may take until one finds nothing to do."""
FREEZES: Final = 3
"""Freezes in which not all got equal, before a person is asked."""

PATIENCE_S: Final = 900.0
"""So long a cluster that went away is waited for; then the job stops, to be resumed."""

T = TypeVar("T")
Step = Callable[[Run], Awaitable[Phase | None]]


async def go(run: Run, kind: str, phase: Phase) -> None:
    """Go through the phases from ``phase`` on, to the job's end."""
    begun = phase is not Phase.PLANNED
    await _patiently(run, lambda: looking.look(run, confirm=begun), begun)
    await _patiently(run, lambda: waves.split(run), begun)
    if kind in (PREFLIGHT, REHEARSAL):
        await _only_look(run, kind)
        return
    await _patiently(run, lambda: delta.know_shards(run), begun)
    following: Phase | None = phase
    while following is not None:
        await run.breathe()
        if following is not phase:
            await run.enter(following)
        phase = following
        following = await _patiently(run, functools.partial(_DOES[phase], run), phase in _PATIENT)


async def _patiently(run: Run, do: Callable[[], Awaitable[T]], patient: bool) -> T:
    """Do it; where a cluster went away that was there, wait for it and do it again."""
    return await (trying(run, do, patience_s=PATIENCE_S) if patient else do())


async def _only_look(run: Run, kind: str) -> None:
    await run.enter(Phase.PREFLIGHT)
    checks = await check(run)
    await run.save(checks=checks)
    if kind == REHEARSAL and not _blocking(run, checks):
        await rehearsal.rehearse(run)
    await run.save(forecast=await forecasting.forecast(run))
    refused = _blocking(run, checks)
    if refused:
        raise RefusedByPreflight(_words(refused))
    await _finish(run, Ending.CHECKED, None)


async def _plan(run: Run) -> Phase:
    return Phase.PREFLIGHT


async def _preflight(run: Run) -> Phase:
    checks = await check(run)
    await run.save(checks=checks)
    refused = _blocking(run, checks)
    if refused:
        raise RefusedByPreflight(_words(refused))
    await run.save(forecast=await forecasting.forecast(run))
    return Phase.PREPARE


async def _prepare(run: Run) -> Phase:
    if run.spec.rolls_back is not None:
        await prepare.grow(run)
        await since.make_tenants(run)
        return await _roll_back(run)
    if run.spec.strategy is Strategy.BACKUP and not run.spec.schema_only:
        # A restore makes the collections itself.
        await restored.bring(run)
        return Phase.WAVES
    await prepare.prepare(run)
    return Phase.REPORT if run.spec.schema_only else Phase.WAVES


async def _roll_back(run: Run) -> Phase:
    """Nothing is copied whole: the ledgers of the job that is taken back say what changed."""
    await rollback.seed(run)
    await rollback.fail_if_written(run)
    return Phase.DELTA


async def _waves(run: Run) -> Phase:
    await waves.go(run, _wave)
    return Phase.COPY


async def _wave(run: Run) -> Proof | None:
    """One wave of tenants from their copy to their proof; the proof."""
    await _copy(run)
    changed = await _catch_up_asleep(run)
    if run.spec.verify is Verify.NONE:
        return None
    proof = await verify.prove(run, final=not changed)
    return await repair.repair(run, proof) if verify.differences(proof) else proof


async def _copy(run: Run) -> Phase:
    if run.spec.rolls_back is not None:
        return await _roll_back(run)
    if run.spec.strategy is Strategy.BACKUP:
        await restored.seed(run)
        return Phase.DELTA
    await copying.copy(run)
    await references.copy_references(run)
    return Phase.DELTA


async def _delta(run: Run) -> Phase:
    await _draw_near(run)
    return Phase.PROVE


async def _draw_near(run: Run) -> None:
    """Generations while each shrinks; where they do not, the writers are faster than we are."""
    found: list[Generation] = []
    while len(found) < MOST_GENERATIONS:
        await since.renew(run)
        await waves.go(run, _wave)
        # Those of waves are about other parts, and say nothing of whether these shrink.
        found.append(await _generation(run))
        if _work(found[-1]) <= SMALL or not delta.worth_another(found):
            break
        await run.breathe()


async def _generation(run: Run, *, final: bool = False) -> Generation:
    number = max((one.number for one in run.checkpoint.generations), default=0) + 1
    return await delta.catch_up(run, number, final=final)


def _work(found: Generation) -> int:
    return found.changed + found.deleted


async def _catch_up(run: Run, *, final: bool = False) -> int:
    """One generation; how many objects it changed."""
    return _work(await _generation(run, final=final))


async def _catch_up_asleep(run: Run) -> int:
    """Generations until one changes nothing, with time in between: what was written just before
    its tenant fell asleep is read again until its time can be trusted."""
    changed = await _catch_up(run)
    for _ in range(MOST_STILL):
        if not changed:
            break
        await asyncio.sleep(MARGIN_S)
        await run.breathe()
        changed = await _catch_up(run)
    return changed


async def _prove(run: Run) -> Phase:
    if not _proves(run):
        return Phase.PROVEN
    proof = await verify.prove(run)
    if verify.differences(proof):
        proof = await repair.repair(run, proof)
    return Phase.PROVEN


async def _proven(run: Run) -> Phase:
    """What differs for good is not worth a freeze: it ends here, and can be resumed.

    Dead letters are such: no freeze gets equal while there are any.
    """
    if run.spec.verify is not Verify.NONE and (
        (_proves(run) and verify.differences(run.checkpoint.proof)) or await _dead(run)
    ):
        return Phase.REPORT
    if not _freezes(run):
        return Phase.FINAL_DELTA
    await replicas.agree(run)
    return Phase.FREEZE


async def _freeze(run: Run) -> Phase:
    """Behind a long proof, or a person's answer, much has changed: that is no work for a freeze,
    nor is a question about it."""
    if not await freeze.is_frozen(run):
        await _draw_near(run)
    await freeze.freeze(run)
    return Phase.FINAL_DELTA


async def _final_delta(run: Run) -> Phase:
    """One scan more, proven. Under a freeze it has to get equal within the limit."""
    if not _freezes(run):
        return await _last_look(run)
    try:
        await freeze.holds(run)
        async with asyncio.timeout(await freeze.left_s(run)):
            await since.renew(run)
            await _fail_if_asleep(run)
            await replicas.hold_together(run)
            await _catch_up(run, final=True)
            if _proves(run):
                await verify.prove_again(run)
            await freeze.holds(run)
    except (ScanFailed, WeaviateError) as error:
        if not passes(error):
            raise
        return await _freeze_again(run, str(error))
    except TimeoutError:
        return await _freeze_again(run, "the freeze took longer than its limit")
    except NotFrozen as error:
        return await _freeze_again(run, str(error))
    against = await _against(run, any_depth=True)
    if run.spec.verify is not Verify.NONE and against:
        return await _freeze_again(run, "; ".join(against))
    return Phase.CUT_OVER


async def _last_look(run: Run) -> Phase:
    """Without a freeze: equal at this moment where nothing changed, else as near as it gets."""
    await since.renew(run)
    await waves.go(run, _wave)
    changed = await unfrozen.last_look(run, _catch_up, proves=_proves(run))
    if run.spec.strategy is not Strategy.OFFLINE:
        return Phase.REPORT
    if changed:
        await run.note(
            "offline",
            f"{changed:,} objects changed during the copy although writers were to be stopped",
            severity="warning",
        )
    return Phase.CUT_OVER


async def _fail_if_asleep(run: Run) -> None:
    """Raise ``NotFrozen`` where a tenant fell asleep since it was last caught up with: its last
    changes are taken over in a wave, and none can be woken under a freeze."""
    left = await waves.left(run)
    if left:
        raise NotFrozen(f"{len(left):,} tenants fell asleep before the freeze, such as "
                        f"{left[0].key}: they are gone through first")  # fmt: skip


async def _freeze_again(run: Run, why: str) -> Phase:
    """Thaw, and start over from catching up; after three times a person decides."""
    await freeze.thaw(run, why)
    tries = int(run.checkpoint.answers.get("freezes", 0)) + 1
    await run.enter(
        Phase.DELTA, f"thawed: {why}", answers={**run.checkpoint.answers, "freezes": tries}
    )
    if tries % FREEZES == 0:
        raise Waits(
            f"{tries} freezes did not end equal ({why}); the source is thawed and nothing is lost. "
            "Resume to try again, give a longer freeze or fewer tenants at once, or go offline"
        )
    return Phase.DELTA


async def _cut_over(run: Run) -> Phase:
    """A freeze that is gone by now, as a pause or the watchdog thaws it, is begun anew."""
    try:
        if _freezes(run) and run.spec.alias is None:
            # With an alias its change is what this has to come before.
            await freeze.holds(run)
        await prepare.set_ttl(run)
        await cut_over.cut_over(run)
    except NotFrozen as error:
        return await _freeze_again(run, str(error))
    return Phase.HELD


async def _held(run: Run) -> Phase:
    """Under a freeze: until the operator says that the application has moved."""
    if run.checkpoint.frozen is not None and run.checkpoint.frozen.thawed is None:
        if run.spec.after == "thaw":
            await freeze.thaw(run, "--after thaw")
        else:
            await freeze.hold(run, lambda: cut_over.compare_held(run))
    if run.checkpoint.broken:
        # The hold ended before it was compared.
        await cut_over.compare_held(run)
    return Phase.REPORT


async def _report(run: Run) -> None:
    ending, reason = await _ending(run)
    name = await report.write_report(run, ending)
    await run.save(report=name)
    await _finish(run, ending, reason)


async def _ending(run: Run) -> tuple[Ending, str | None]:
    """The word for how it ended; green only where everything that was asked for was proven."""
    if run.spec.schema_only:
        return Ending.VERIFIED, None
    dead = await _dead(run)
    if run.spec.verify is Verify.NONE and not dead:
        return Ending.NOT_VERIFIED, None
    against = await _against(run)
    if not against:
        back = run.spec.rolls_back is not None
        return (Ending.ROLLED_BACK if back else Ending.VERIFIED), None
    if not await _against(run, any_depth=True):
        return Ending.NOT_VERIFIED, "; ".join(against)
    if not dead and not verify.differences(run.checkpoint.proof) and not _freezes(run):
        return Ending.CAUGHT_UP, unfrozen.caught_up_words(run)
    return Ending.DIFFERENT, "; ".join(against)


async def _against(run: Run, *, any_depth: bool = False) -> list[str]:
    """Everything that stands against the copy, of what is awake and of what sleeps."""
    return verify.why_not_all_green(
        run.checkpoint,
        dead_letters=await _dead(run),
        awake=bool(run.parts),
        any_depth=any_depth,
    )


async def _dead(run: Run) -> int:
    def count() -> int:
        with run.work.reading() as read:
            return dead_letters.count(read, run.job)

    return await asyncio.to_thread(count)


async def _finish(run: Run, ending: Ending, reason: str | None) -> None:
    def write() -> None:
        with run.work.held() as tx:
            if ending is Ending.DIFFERENT:
                outcomes.fail(tx, reason or "source and target differ", ending=ending)
            else:
                outcomes.finish(tx, ending=ending, reason=reason)
            if ending is Ending.ROLLED_BACK and run.spec.rolls_back is not None:
                events.note(
                    tx, run.spec.rolls_back, "rolled-back",
                    f"what this job moved was taken back by job {run.job}", severity="warning",
                )  # fmt: skip

    await asyncio.to_thread(write)


def _freezes(run: Run) -> bool:
    return run.spec.freezes


def _proves(run: Run) -> bool:
    """Whether there is anything to prove now: what sleeps was proven in its wave."""
    return run.spec.verify is not Verify.NONE and bool(run.parts or not run.asleep)


def _blocking(run: Run, checks: tuple[Check, ...]) -> list[Check]:
    """Blocks that nobody lifted."""
    return [
        one
        for one in checks
        if one.result == "blocks" and not (one.liftable and one.code in run.spec.accepted)
    ]


def _words(checks: list[Check]) -> str:
    return "; ".join(
        f"{one.about}: {one.text}" + (f" ({one.way_out})" if one.way_out else "") for one in checks
    )


_PATIENT: Final = frozenset(
    {
        Phase.PREPARE,
        Phase.WAVES,
        Phase.COPY,
        Phase.DELTA,
        Phase.PROVE,
        Phase.PROVEN,
        Phase.CUT_OVER,
        Phase.HELD,
        Phase.REPORT,
    }
)
"""Phases in which a cluster that does not answer is waited for; nobody is kept out meanwhile, or
the cut-over is behind us."""

_DOES: Final[dict[Phase, Step]] = {
    Phase.PLANNED: _plan,
    Phase.PREFLIGHT: _preflight,
    Phase.PREPARE: _prepare,
    Phase.WAVES: _waves,
    Phase.COPY: _copy,
    Phase.DELTA: _delta,
    Phase.PROVE: _prove,
    Phase.PROVEN: _proven,
    Phase.FREEZE: _freeze,
    Phase.FINAL_DELTA: _final_delta,
    Phase.CUT_OVER: _cut_over,
    Phase.HELD: _held,
    Phase.REPORT: _report,
}
