"""Why a migration stops. Each text tells what happened, to what, and what to do."""

from __future__ import annotations

from elysiadash.migrate.phases import Ending


class MigrationStopped(Exception):
    """The job cannot go on by itself; it keeps its place and can be resumed."""

    ending = Ending.FAILED


class RefusedByPreflight(MigrationStopped):
    """A check blocks it, and nobody lifted the block."""

    ending = Ending.REFUSED


class TargetChanged(MigrationStopped):
    """The target holds what the job did not write, or lost what it wrote."""


class SourceChanged(MigrationStopped):
    """The source is not the one the job began with (promise P6)."""


class CannotGoOn(MigrationStopped):
    """A server refuses what the job needs, or did not come back in time."""


class NotFrozen(MigrationStopped):
    """The freeze could not be had, or did not hold."""


class NotProven(MigrationStopped):
    """A side could not be read as a proof needs it: it says nothing about the copy."""


class Waits(Exception):
    """A person has to decide before it goes on; the job pauses with the question.

    ``key`` is where the answer is looked for in ``checkpoint.answers``, ``choices`` the words
    that answer it; without a key it is enough to resume the job.
    """

    def __init__(self, question: str, *, key: str = "", choices: tuple[str, ...] = ()) -> None:
        super().__init__(question)
        self.question = question
        self.key = key
        self.choices = choices
