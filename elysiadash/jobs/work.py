"""What an engine is given to do a job: the leave to write, the job's folder, and when to stop.

The worker makes one ``Work`` per claim and runs the engine in a thread of its own. An engine ends
its job itself (``outcomes.finish``, ``fail`` or ``pause`` within ``held``); where it is asked to
stop it brings things in order, lets ``Interrupted`` through, and the worker does the rest.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Literal, Protocol

from elysiadash.jobs import claims, control, folder, queue
from elysiadash.jobs.claims import Claim, Claimed
from elysiadash.jobs.database import Database, Reading
from elysiadash.jobs.job import Job
from elysiadash.jobs.specs import Json

Stop = Literal["pause", "cancel", "postpone", "end"]


class Interrupted(Exception):
    """The engine was asked to stop and did, with everything in order.

    ``verb`` is what was asked: ``pause``, ``cancel`` (what the job owes was put back before this
    is raised), ``postpone``, or ``end``: the worker has to end and another will go on.
    """

    def __init__(self, verb: Stop) -> None:
        super().__init__(verb)
        self.verb: Stop = verb


def causes_in(error: BaseException) -> Iterator[BaseException]:
    """The exceptions of a group, as task groups raise it, at every depth; or the one itself."""
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from causes_in(part)
    else:
        yield error


class Work:
    """One job in one worker's hands. Its methods wait for the disk: call them in threads."""

    def __init__(
        self, database: Database, claim: Claim, *, stop: threading.Event | None = None
    ) -> None:
        self.database = database
        self.claim = claim
        self.stop = stop or threading.Event()
        """Set when the worker has to end."""

    @property
    def state(self) -> Path:
        """The state folder of the user."""
        return self.database.folder

    def job(self) -> Job:
        """The job as it stands now."""
        with self.reading() as read:
            return queue.get(read, self.claim.job)

    def folder(self) -> Path:
        """The job's folder, made if need be."""
        return folder.make(self.state, self.claim.job)

    def reading(self) -> AbstractContextManager[Reading]:
        """Read rows."""
        return self.database.reading()

    @contextmanager
    def held(self) -> Iterator[Claimed]:
        """Write as the holder of the claim. Raises ``ClaimLost``."""
        with claims.held(self.database, self.claim) as tx:
            yield tx

    def asked_to_stop(self) -> Stop | None:
        """Whether the job shall stop, and how; cancel wins over pause over the worker's end."""
        with self.reading() as read:
            wishes = {wish.verb for wish in control.still_open(read, self.claim.job)}
        for verb in ("cancel", "pause", "postpone"):
            if verb in wishes:
                return verb
        return "end" if self.stop.is_set() else None

    def check(self) -> None:
        """Raise ``Interrupted`` where the job shall stop."""
        verb = self.asked_to_stop()
        if verb is not None:
            raise Interrupted(verb)

    def said(self) -> list[Json]:
        """The engine's own words that people said since (``{"word": "thaw"}``), each given once.

        Priorities and rates that are still open are applied on the way.
        """
        words: list[Json] = []
        with self.reading() as read:
            waiting = control.still_open(read, self.claim.job)
        if not any(wish.verb in ("say", "rate", "priority") for wish in waiting):
            return words
        with self.held() as tx:
            for wish in control.still_open(tx, self.claim.job):
                if wish.verb in ("say", "rate", "priority"):
                    control.apply(tx, wish)
                if wish.verb == "say":
                    words.append(dict(wish.value))
        return words


class Engine(Protocol):
    """Does the jobs of some kinds. ``worker`` alone maps a kind to its engine."""

    def __call__(self, work: Work) -> None:
        """Do the job to its end, or raise ``Interrupted``; any other exception fails the job."""
        ...
