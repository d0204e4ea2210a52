"""Backups that jobs of this user made: what the server does not tell of them."""

from __future__ import annotations

from elysiadash.backups.checkpoint import Checkpoint, checkpoint_of
from elysiadash.backups.spec import CREATE
from elysiadash.backups.traps import Backed
from elysiadash.jobs import queue
from elysiadash.jobs.database import Reading
from elysiadash.jobs.job import JobState


def made_by_us(read: Reading, backend: str, name: str, path: str) -> Checkpoint | None:
    """What the job knows that made this backup; None where another made it.

    ``path`` is the backup's place as the server names it: ids are used in several places.
    """
    for job in queue.newest(read, among=(JobState.DONE,), kinds=(CREATE,)):
        if (job.spec.get("backend"), job.spec.get("id")) != (backend, name):
            continue
        found = checkpoint_of(job.checkpoint)
        if path and found.path == path:
            return found
    return None


def backed_by(made: Checkpoint | None) -> Backed | None:
    """What the checks before a restore want to know of a backup."""
    if made is None:
        return None
    return Backed(
        nodes=made.nodes,
        version=made.version,
        aliases=made.aliases,
        counts={one.name: one.at_rest for one in made.collections if one.at_rest is not None},
    )
