"""What was left frozen, for faces: read from the jobs' steps, without a word to any server."""

from __future__ import annotations

from pathlib import Path

import msgspec

from elysiadash.jobs import claims, processes, queue, steps
from elysiadash.jobs.database import Reading
from elysiadash.migrate.freeze.noted import STEP, of_step

THAW = "thaw"
"""What the operator says (``{"word": "thaw"}``) to a job that holds a freeze."""


class LeftFrozen(msgspec.Struct, frozen=True, gc=False):
    """Collections that a job froze and that are not thawed yet."""

    job: str
    title: str
    """The job's."""
    cluster: str
    collections: tuple[str, ...]
    how: str
    since: float
    """Wall time, as is ``until``, when it ends by itself."""
    until: float
    worker_lives: bool
    """Somebody works on the job: the freeze is meant."""
    watched: bool
    """A watchdog lives, which thaws where the worker does not. Without both only ``jobs thaw`` (or
    the next worker) does."""

    @property
    def is_forgotten(self) -> bool:
        """Nobody is there who would thaw it: it stays frozen until somebody does it by hand."""
        return not self.worker_lives and not self.watched


def left_frozen(read: Reading) -> list[LeftFrozen]:
    """Everything that is frozen now, the oldest first; what cannot be read is named too."""
    found = []
    for step in steps.owed(read):
        if step.name != STEP:
            continue
        job = queue.get(read, step.job)
        holder = claims.holder(read, step.job)
        lives = holder is not None and not holder.dead()
        try:
            one = of_step(step)
        except msgspec.ValidationError:
            # Of a later release: it is frozen all the same.
            found.append(
                LeftFrozen(job.id, job.title, "", (step.title,), "", 0.0, 0.0, lives, False)
            )
            continue
        watcher = one.known.watcher
        watched = watcher is not None and processes.started(watcher.pid) == watcher.started
        found.append(
            LeftFrozen(
                job.id, job.title, one.undo.cluster, one.undo.collections, one.undo.how,
                one.known.since, one.known.until, lives, watched,
            )
        )  # fmt: skip
    return found


def thaw_now(state: Path, job: str, who: str) -> tuple[str, ...]:
    """Thaw what a job left frozen, without its worker; what was done, in words.

    A worker that lives is told instead (``control.ask(..., "say", {"word": "thaw"})``). Waits for
    the servers: not for an event loop. Raises ``NotThawed``, ``WeaviateError``, ``JobsError``,
    ``NoSuchJob``; nothing is owed any more once it returns.
    """
    from elysiadash.migrate.freeze.by_hand import thaw_by_hand

    return thaw_by_hand(state, job, who)
