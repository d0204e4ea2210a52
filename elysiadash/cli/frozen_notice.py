"""What a job left frozen, told at every start: nobody must find out from their users."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from elysiadash.cli.output import say_alarm

if TYPE_CHECKING:
    from elysiadash.migrate.left_frozen import LeftFrozen


def say_what_was_left_frozen(state: Path | None) -> None:
    """One line on stderr, red on a terminal, for each freeze whose worker is gone.

    Jobs that cannot be read are told by the commands that need them.
    """
    if state is None or not (state / "jobs.db").is_file():
        return
    # Loaded only where there are jobs: it costs the start of every other command.
    from elysiadash.jobs.database import Database
    from elysiadash.jobs.errors import JobsError
    from elysiadash.migrate.left_frozen import left_frozen

    try:
        with Database.open(state) as database, database.reading() as read:
            found = left_frozen(read)
    except JobsError:
        return
    for one in found:
        if not one.worker_lives:
            say_alarm(frozen_words(one))


def frozen_words(one: LeftFrozen) -> str:
    """``FROZEN since ...: Docs of prod``, and how it ends."""
    from elysiadash.config.moments import rfc3339_seconds

    if one.worker_lives:
        ends = f"its job ends it, at the latest at {rfc3339_seconds(one.until)}"
    elif one.watched:
        ends = "its worker is gone; a watchdog thaws it"
    else:
        ends = "NOBODY IS LEFT WHO THAWS IT"
    names = ", ".join(one.collections)
    return (
        f"FROZEN since {rfc3339_seconds(one.since)}: {names} of {one.cluster or '?'}, by job "
        f"{one.job}; {ends}; to thaw it: elysiadash jobs thaw {one.job}"
    )
