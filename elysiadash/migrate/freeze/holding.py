"""The held freeze: the source stays frozen until the operator says that the application has moved.

It ends by ``{"word": "thaw"}`` (``jobs thaw``), or at the hold's limit, which the report then
says: an application that has not moved yet writes to the source again. A restart of a node makes
its shards writable: they are frozen again at once, and it is said.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from elysiadash.config.moments import rfc3339_seconds
from elysiadash.migrate.errors import NotFrozen
from elysiadash.migrate.freeze import ladder
from elysiadash.migrate.left_frozen import THAW
from elysiadash.migrate.run import Run
from elysiadash.scan.errors import ScanFailed
from elysiadash.weaviate.errors import WeaviateError

_LOOK_S: Final = 1.0
_PROVE_S: Final = 5.0
_BEFORE_LIMIT_S: Final = 1.0
"""We thaw before the limit: the watchdog, which comes after it, would take the job from us."""


async def hold(run: Run, compare: Callable[[], Awaitable[None]] | None = None) -> str:
    """Hold the freeze for ``hold_limit_s`` at most, then thaw; why it ended, in words.

    Where a restart breaks the freeze, ``compare`` looks for what was written meanwhile, beside
    the hold and as long as it stands. Raises ``Interrupted`` with the freeze still standing: who
    stops the job decides about it.
    """
    if not await ladder.is_frozen(run):
        return "nothing was frozen"
    looking = _Looking(run, compare)
    try:
        return await _hold(run, looking)
    finally:
        await looking.end()


class _Looking:
    """The comparison beside the hold; one at a time."""

    def __init__(self, run: Run, compare: Callable[[], Awaitable[None]] | None) -> None:
        self._run = run
        self._compare = compare
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Compare, where something is to be compared and nobody does."""
        if self._compare is None or not self._run.checkpoint.broken:
            return
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look(self._compare))

    async def _look(self, compare: Callable[[], Awaitable[None]]) -> None:
        try:
            await compare()
        except (ScanFailed, WeaviateError) as error:
            await self._run.note("freeze", f"not compared yet: {error}", severity="warning")

    async def end(self) -> None:
        """Stop it: what is not compared then is compared by who comes after the hold."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


async def _hold(run: Run, looking: _Looking) -> str:
    if THAW not in run.checkpoint.answers:
        await ladder.extend(run, run.spec.hold_limit_s)
    proved = 0.0
    while True:
        if await _said_thaw(run):
            why = "the operator said that the application has moved"
            break
        try:
            left = await ladder.left_s(run)
        except NotFrozen:
            return await _gone(run)
        if left <= _BEFORE_LIMIT_S:
            why = f"the hold's limit of {run.spec.hold_limit_s:.0f} s has passed"
            break
        if time.monotonic() - proved > _PROVE_S:
            if not await keep_frozen(run):
                return await _gone(run)
            proved = time.monotonic()
            looking.begin()
        await run.breathe()
        await asyncio.sleep(_LOOK_S)
    await ladder.thaw(run, why)
    if THAW not in run.checkpoint.answers:
        await _note_early_end(run)
    return why


async def keep_frozen(run: Run) -> bool:
    """Look whether the freeze stands, and freeze again what a restart thawed; whether it stands.

    False where it was thawed by another process. A cluster that does not answer is looked at
    again: nothing is thawed for it.
    """
    try:
        await ladder.holds(run)
        return True
    except NotFrozen as broken:
        text = str(broken)
    except WeaviateError as error:
        await run.note("freeze", f"the freeze cannot be looked at: {error}", severity="warning")
        return True
    try:
        again = await ladder.freeze_again(run)
    except (NotFrozen, WeaviateError) as error:
        await run.note("freeze", f"{text}; not frozen again yet: {error}", severity="warning")
        return await ladder.is_owed(run)
    if again:
        note = (
            f"while it was held: {text}; frozen again at once ({len(again)} shards). What was "
            "written to the source in between is not in the target"
        )
        await run.note("freeze", note, severity="warning", data={"shards": again[:100]})
        await run.save(notes=(*run.checkpoint.notes, note), broken=True)
    return await ladder.is_owed(run) or not ladder.is_ours(run)


async def _gone(run: Run) -> str:
    await ladder.thaw(run, "another process")
    await _note_early_end(run)
    return "it was thawed by another process, see the job's events"


async def _note_early_end(run: Run) -> None:
    """Nobody said that the application has moved: it may write to the source, which nobody sees.

    Behind an alias that was brought along it writes to the copy.
    """
    frozen = run.checkpoint.frozen
    if run.spec.alias is not None or frozen is None or frozen.thawed is None:
        return
    note = (
        f"what was written to the source since {rfc3339_seconds(frozen.thawed)}: the freeze ended "
        f"then ({frozen.thawed_by}), before anybody said that the application has moved"
    )
    await run.note("freeze", f"not checked: {note}", severity="warning")
    await run.save(notes=(*run.checkpoint.notes, note))


async def _said_thaw(run: Run) -> bool:
    words = await asyncio.to_thread(run.work.said)
    if words:
        said = {str(one["word"]): one for one in words}
        await run.save(answers={**run.checkpoint.answers, **said})
    return THAW in run.checkpoint.answers
