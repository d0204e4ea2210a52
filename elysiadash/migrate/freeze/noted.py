"""The freeze as the job's step keeps it: how to undo it, how long it may last, who watches it.

Everything that a process other than the worker needs to thaw is in here: the undo is written
before the first request and never changed; what is known later stands in the step's data.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from elysiadash.jobs import steps
from elysiadash.jobs.database import Reading
from elysiadash.jobs.errors import NotPossible
from elysiadash.jobs.steps import Step
from elysiadash.migrate.phases import Freeze

STEP: Final = "freeze"
"""The name of the step; a job has one freeze at a time."""

Pairs = tuple[tuple[str, str], ...]


class NarrowedRole(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A role that lost its writes to the frozen collections."""

    role: str
    removed: tuple[dict[str, Any], ...]
    """Permissions as they were: given back when it is thawed."""
    added: tuple[dict[str, Any], ...] = ()
    """The same for every other collection, which the role keeps meanwhile."""


class Undo(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How a freeze is put back. ``mark`` tells it from every other freeze."""

    mark: str
    how: Freeze
    cluster: str
    """The profile's name, for people."""
    collections: tuple[str, ...]
    shards: Pairs = ()
    """Collection and shard of those that were writable: only they are made writable again."""
    roles: tuple[NarrowedRole, ...] = ()
    probe_user: str = ""
    """A user that was made to see a writer refused; it must not stay."""


class Watcher(msgspec.Struct, frozen=True, gc=False):
    """The watchdog's process."""

    pid: int
    started: str


class Known(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is known of a freeze that stands. Numbers of the servers are those of its beginning."""

    since: float
    """Wall time."""
    until: float
    """Wall time, for people; ``until_steady`` decides."""
    until_steady: float
    boot: str
    """The start of the machine whose steady time that is."""
    watcher: Watcher | None = None
    starts: tuple[tuple[str, float], ...] = ()
    """Node and when its process started (Unix seconds)."""
    tenants: Pairs = ()
    """Collection and a fingerprint of its tenants and their states."""
    imports: tuple[tuple[str, str, float], ...] = ()
    """Node, collection, objects in batches that the node took since it started."""
    others_who_write: tuple[str, ...] = ()
    """Users whom no role keeps out, accepted by the operator."""


class Noted(msgspec.Struct, frozen=True, gc=False):
    """The step of a freeze, read."""

    step: Step
    undo: Undo
    known: Known


def noted(read: Reading, job: str) -> Noted | None:
    """The freeze of a job that must still be put back; None when there is none."""
    try:
        step = steps.get(read, job, STEP)
    except NotPossible:
        return None
    return of_step(step) if step.owed else None


def of_step(step: Step) -> Noted:
    """A step that owes a thaw, in types. Raises ``msgspec.ValidationError``."""
    return Noted(step, msgspec.convert(step.undo, Undo), msgspec.convert(step.data, Known))


def plain(value: Undo | Known) -> dict[str, Any]:
    """As the step keeps it."""
    made: dict[str, Any] = msgspec.to_builtins(value)
    return made


def title(undo: Undo) -> str:
    """The step in words."""
    names = ", ".join(undo.collections)
    how = {Freeze.ROLES: "roles", Freeze.READONLY: "READONLY shards"}.get(undo.how, undo.how)
    return f"freeze {names} on {undo.cluster} by {how}"
