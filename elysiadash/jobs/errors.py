"""What can go wrong with jobs. Each text tells what happened, to what, and what to do."""

from __future__ import annotations


class JobsError(Exception):
    """Any trouble of this room that a person can be told."""


class NotJobs(JobsError):
    """The file is not one of ours."""


class NewerJobs(JobsError):
    """A later release wrote the file; it is left untouched."""


class DamagedJobs(JobsError):
    """The file cannot be trusted: broken, or removed while it was in use."""


class CannotWrite(JobsError):
    """Nothing can be written: disk full, read-only, no permission. Nothing was changed."""


class Busy(JobsError):
    """Another process held the file for longer than we wait. Nothing was changed."""


class NoSuchJob(JobsError):
    """No job, or more than one, goes by that name."""


class NotPossible(JobsError):
    """What was asked for does not fit the state the job is in."""


class SecretInSpec(JobsError):
    """The spec holds what looks like a credential; it would be kept on disk in clear."""


class ClaimLost(JobsError):
    """Another worker has taken the job over, or it has ended: stop at once, write nothing."""


class RangeNotHeld(JobsError):
    """The range is not taken by this worker's slot (any more)."""


class FileCutShort(JobsError):
    """A job's file is shorter than what was committed: it was changed from outside."""


class LaunchFailed(JobsError):
    """The worker's process could not be started, or ended at once."""

    def __init__(self, text: str, code: int | None = None) -> None:
        super().__init__(text)
        self.code = code
        """How the process ended, as ``subprocess`` has it; None where it never began."""
