"""The worker's loop: takes what is to be done, does it, ends when there is nothing left.

Signals: SIGTERM and SIGINT give every job back into the queue and end with 0, at once where they
come a second time; SIGHUP means nothing. After a SIGKILL the next worker takes over.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path

from elysiadash import __version__
from elysiadash.jobs import claims, events, queue
from elysiadash.jobs.claims import Outlook
from elysiadash.jobs.database import Database
from elysiadash.jobs.errors import Busy, CannotWrite, DamagedJobs, JobsError
from elysiadash.jobs.job import JobState
from elysiadash.jobs.limits import Limits
from elysiadash.jobs.work import Engine
from elysiadash.jobs.worker_lock import WorkerLock
from elysiadash.worker import engines as engine_list
from elysiadash.worker.guardian import Guard
from elysiadash.worker.running import Running

log = logging.getLogger(__name__)

IDLE_S = 60.0
"""A worker with nothing to do ends after so long."""
_LOOK_S = 0.5
_BEAT_S = 3.0
_GRACE_S = 20.0
"""What a job may take to come to rest once the worker was told to end."""
_MOST_JOBS = 8
"""Jobs in one worker's hands, of all clusters together."""


class Worker:
    """One worker over one state folder. ``run`` returns when it has ended."""

    def __init__(
        self,
        database: Database,
        told: threading.Event,
        *,
        engines: Mapping[str, str] = engine_list.ENGINES,
        limits: Limits | None = None,
        idle_s: float = IDLE_S,
        at_each_look: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self._database = database
        self._told = told
        self._engines = engines
        self._kinds = engine_list.known(engines)
        self._limits = limits or Limits()
        self._idle_s = idle_s
        self._at_each_look = at_each_look
        self._over = threading.Event()
        self._jobs: list[Running] = []
        self._left: set[str] = set()
        self._trouble = ""
        self._busy_at = time.monotonic()

    def run(self) -> None:
        """Work until there was nothing to do for ``idle_s``, or until ``told`` to end: jobs are
        given back then.

        Raises ``DamagedJobs``; other trouble with the disk is waited for.
        """
        beating = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        beating.start()
        try:
            while not self._told.is_set():
                self._at_each_look()
                self._look()
                if self._idle_for_long():
                    break
                self._told.wait(_LOOK_S)
        finally:
            self._give_back()
            self._over.set()
            beating.join(_BEAT_S)

    def has_work(self) -> bool:
        """Whether there is anything that this worker should stay for."""
        with self._database.reading() as read:
            return _is_work(claims.outlook(read, kinds=self._kinds))

    def _look(self) -> None:
        self._jobs = [job for job in self._jobs if not job.done]
        try:
            with self._database.reading() as read:
                seen = claims.outlook(read, kinds=self._kinds)
            while seen.waiting and len(self._jobs) < _MOST_JOBS and self._took_one():
                continue
            self._tell_strangers()
        except (Busy, CannotWrite) as error:
            self._note_trouble(str(error))
            return
        self._note_trouble("")
        if self._jobs or _is_work(seen):
            self._busy_at = time.monotonic()

    def _took_one(self) -> bool:
        claim = claims.claim_next(self._database, self.name, limits=self._limits, kinds=self._kinds)
        if claim is None:
            return False
        with self._database.reading() as read:
            kind = queue.get(read, claim.job).kind
        job = Running(self._database, claim, kind, self._engine)
        self._jobs.append(job)
        job.start()
        return True

    def _engine(self, kind: str) -> Engine:
        return engine_list.engine_of(kind, self._engines)

    def _tell_strangers(self) -> None:
        """Say of jobs whose kind is not known here that they are left for another, once."""
        with self._database.reading() as read:
            waiting = [
                job
                for job in queue.newest(read, among=(JobState.QUEUED,))
                if not job.is_parent and job.kind not in self._kinds and job.id not in self._left
            ]
        for job in waiting:
            self._left.add(job.id)
            words = f"elysiadash {__version__} has no engine for {job.kind}: left for another"
            log.warning("job %s: %s", job.id, words)
            with self._database.transaction() as tx:
                if not any(event.kind == "left" for event in events.before(tx, job.id)):
                    events.note(tx, job.id, "left", words, severity="warning")

    def _beat(self) -> None:
        while not self._over.wait(_BEAT_S):
            for job in list(self._jobs):
                try:
                    job.beat()
                except JobsError as error:
                    self._note_trouble(str(error))

    def _give_back(self) -> None:
        for job in self._jobs:
            job.stop.set()
        until = time.monotonic() + _GRACE_S
        for job in self._jobs:
            if not job.join(until - time.monotonic()):
                log.warning("job %s did not come to rest; another will take over", job.claim.job)

    def _idle_for_long(self) -> bool:
        return not self._jobs and time.monotonic() - self._busy_at > self._idle_s

    def _note_trouble(self, words: str) -> None:
        if words and words != self._trouble:
            log.error("%s", words)
        elif self._trouble and not words:
            log.info("the jobs can be written again")
        self._trouble = words


def run(
    state: Path,
    *,
    engines: Mapping[str, str] = engine_list.ENGINES,
    limits: Limits | None = None,
    idle_s: float = IDLE_S,
    guarded: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> int:
    """Be the worker of a state folder; the process's exit code.

    Where one lives already, this returns 0 at once. ``guarded``: a small process beside it starts
    another worker where this one is killed. Raises ``JobsError`` where the jobs cannot be opened.
    """
    lock = WorkerLock(state)
    if not lock.take(time.time()):
        note = lock.held_by()
        say(f"a worker is there already{f' (pid {note.pid})' if note else ''}")
        return 0
    try:
        guard = Guard(state) if guarded else None
        # First the signals: who is told to end before that is not started again.
        with (
            _signals(guard.dismiss if guard else _nothing) as told,
            Database.open(state, check=True) as database,
            guard or nullcontext(),
        ):

            def worker() -> Worker:
                return Worker(
                    database, told, engines=engines, limits=limits, idle_s=idle_s,
                    at_each_look=guard.keep if guard else _nothing,
                )  # fmt: skip

            return _until_idle(worker, lock, told)
    finally:
        lock.release()


def _until_idle(make: Callable[[], Worker], lock: WorkerLock, told: threading.Event) -> int:
    """Work; nobody who puts a job in while the worker is about to end is left alone with it."""
    while True:
        worker = make()
        log.info("worker %s begins, elysiadash %s", worker.name, __version__)
        try:
            worker.run()
        except DamagedJobs as error:
            log.error("%s", error)
            return 1
        if told.is_set():
            log.info("worker %s ends: told to", worker.name)
            return 0
        lock.release()
        # Who asked for a job before this line sees a worker, and we see the job.
        if not worker.has_work() or not lock.take(time.time()):
            log.info("worker %s ends: nothing to do", worker.name)
            return 0


def _is_work(seen: Outlook) -> bool:
    # A postponed one needs somebody who starts it.
    return bool(seen.waiting or seen.running or seen.next_at is not None)


def _nothing() -> None:
    """Where there is no guardian."""


@contextmanager
def _signals(leave: Callable[[], None]) -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set; the second of them ends the process at once."""
    told = threading.Event()

    def end(number: int, _: object) -> None:
        if told.is_set():
            leave()
            os._exit(128 + number)
        told.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    before[signal.SIGHUP] = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
