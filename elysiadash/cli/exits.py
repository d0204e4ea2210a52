"""What the process's exit code says."""

from __future__ import annotations

import signal
from enum import IntEnum


class Exit(IntEnum):
    """Exit codes. ``check`` speaks as a monitoring plugin; wrong usage of it is 3, not 64."""

    OK = 0
    FAILED = 1
    CHANGES = 2
    """Only where ``--detailed-exitcode`` asks for it."""
    DIFFERENT = 10
    """A job is over, and verification found differences or objects could not be done."""
    REFUSED = 11
    """Preflight blocks the job."""
    PAUSED = 12
    """The job rests: it was paused, or waits for an answer."""
    CANCELLED = 13
    CAUGHT_UP = 14
    """The target has caught up and nothing was cut over, as ``--freeze none`` asks."""
    JOB_FAILED = 15
    """The job cannot go on by itself; it can be resumed."""
    ROLLED_BACK = 16
    USAGE = 64
    HANGUP = 128 + signal.SIGHUP
    INTERRUPTED = 128 + signal.SIGINT
    BROKEN_PIPE = 128 + signal.SIGPIPE
    """Whoever read our output has gone."""
    TERMINATED = 128 + signal.SIGTERM

    PLUGIN_OK = 0
    PLUGIN_WARNING = 1
    PLUGIN_CRITICAL = 2
    PLUGIN_UNKNOWN = 3


class CommandFailed(Exception):
    """A command cannot do what was asked. ``message`` says what, ``hint`` what to do."""

    def __init__(self, message: str, hint: str | None = None, code: Exit = Exit.FAILED) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code
