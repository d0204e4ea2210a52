"""What faces know of jobs at a moment: plain data, read from rows and nothing else."""

from __future__ import annotations

from typing import Any

import msgspec

from elysiadash.jobs.control import Wish
from elysiadash.jobs.dead_letters import DeadLetter
from elysiadash.jobs.events import JobEvent
from elysiadash.jobs.job import Job
from elysiadash.jobs.progress import Progress
from elysiadash.jobs.ranges import KeyRange
from elysiadash.jobs.steps import Step
from elysiadash.migrate.checkpoint import Checkpoint
from elysiadash.migrate.drafts import Draft
from elysiadash.migrate.spec import Spec


class LeftFrozen(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A freeze that a job still has to put back."""

    job: str
    what: str
    """The step in words, with the collection."""
    since: float | None
    worked_on: bool
    """Whether a living worker has the job: then it thaws by itself when it should."""
    watched_until: float | None = None
    """When a living watchdog thaws it, wall seconds; None where there is none."""


class JobSeen(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One job in a list."""

    job: Job
    progress: Progress
    """Of the stage (``job_stages``)."""
    stage: str = ""
    question: str = ""
    worked_on: bool = False
    """Whether a living worker has it."""
    frozen: bool = False


class JobsSeen(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """All jobs and drafts at a moment. ``trouble``: why they cannot be read, in words."""

    at: float = 0.0
    jobs: tuple[JobSeen, ...] = ()
    drafts: tuple[Draft, ...] = ()
    frozen: tuple[LeftFrozen, ...] = ()
    faults: tuple[str, ...] = ()
    """Drafts that cannot be read, and why."""
    trouble: str | None = None


class Detail(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Everything of one job. Events and dead letters are the newest and the first of many."""

    at: float
    job: Job
    progress: Progress
    """Of the stage (``job_stages``)."""
    checkpoint: Checkpoint | None
    """None for another kind of job, or one of a later release."""
    spec: Spec | None
    stage: str = ""
    """``copy``, ``delta 2``, ``proof 1``; empty before there are ranges."""
    ranges: tuple[KeyRange, ...] = ()
    steps: tuple[Step, ...] = ()
    events: tuple[JobEvent, ...] = ()
    letters: tuple[DeadLetter, ...] = ()
    reasons: dict[str, int] = {}
    """Dead letters by reason, the most first."""
    wishes: tuple[Wish, ...] = ()
    """Asked, and not done yet."""
    worked_on: bool = False
    differences: tuple[str, int] | None = None
    """The file of what the latest proof found different, and how many bytes of it count."""
    mismatches: tuple[dict[str, Any], ...] = ()
    previews: tuple[dict[str, Any], ...] = ()
    """What a transform does to samples (``migrate.transforms.preview``)."""
    report: str = ""
    """The report as Markdown; empty where there is none yet."""
    unread: str = ""
    """What of the job's files cannot be read, and why."""

    @property
    def frozen(self) -> bool:
        """Whether a freeze is still to be put back."""
        return any(is_freeze(step) for step in self.steps if step.owed)


def is_freeze(step: Step) -> bool:
    """Whether a step keeps writers out until it is put back."""
    kind = (step.undo or {}).get("kind", "")
    return step.name.startswith("freeze") or kind == "freeze"
