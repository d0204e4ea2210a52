"""Why a backup or a restore stops. Each text tells what happened, to what, and what to do."""

from __future__ import annotations

from elysiadash.backups.requests import Status
from elysiadash.jobs.work import Interrupted


class BackupStopped(Exception):
    """It cannot go on by itself."""

    ending = "FAILED"


class Refused(BackupStopped):
    """A trap blocks it, and nobody accepted that."""

    ending = "REFUSED"


class Cancelled(Interrupted):
    """It was cancelled, and the server was seen to have stopped; ``final`` is what it says now.

    ``final`` can be SUCCESS, where the cancel came too late, and None where nothing had begun.
    """

    def __init__(self, final: Status | None) -> None:
        super().__init__("cancel")
        self.final = final
