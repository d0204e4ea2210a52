"""Following a job until it comes to rest: its events, how far it is, and its end.

A bar where stderr is a terminal, plain lines otherwise. Ctrl-C only stops the following: the job
is the worker's, and goes on.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from elysiadash.cli import words
from elysiadash.cli.exits import CommandFailed, Exit
from elysiadash.cli.job_endings import code_of, is_at_rest, next_step, words_of
from elysiadash.cli.output import is_terminal, printable, say
from elysiadash.config.moments import local_clock, rfc3339_seconds
from elysiadash.jobs import dead_letters, events, progress, queue
from elysiadash.jobs.database import Database, Reading
from elysiadash.jobs.errors import Busy, LaunchFailed
from elysiadash.jobs.events import JobEvent
from elysiadash.jobs.job import Job, JobState
from elysiadash.jobs.launch import launch
from elysiadash.jobs.progress import Progress
from elysiadash.jobs.worker_lock import WorkerLock

_LOOK_S = 0.5
_WORKER_LOOK_S = 2.0
_AT_ONCE = 200
"""Events of one job told in one look."""
_LINE_S = 10.0
"""Between two lines of progress where there is no terminal."""


class Followed(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How the following ended."""

    job: Job
    code: Exit
    """What a command exits with: see ``Exit``; ``INTERRUPTED`` where Ctrl-C ended it."""
    words: str
    """One line for people."""


def follow(database: Database, job: str, *, since: int = 0, until_held: bool = False) -> Followed:
    """Tell on stderr what happens to a job until it comes to rest. Waits for the disk.

    ``since`` is an event's id: what happened before it is not told. ``until_held`` also ends when
    a migration is through and only holds the freeze for the operator. A worker is started where
    none lives. Raises ``CommandFailed`` where none can be, ``NoSuchJob``.
    """
    shown: _Shown = _Bar() if is_terminal(sys.stderr) else _Lines()
    following = _Following(database, job, since, shown)
    try:
        while not following.over(until_held):
            time.sleep(_LOOK_S)
    except KeyboardInterrupt:
        shown.close()
        found = following.job
        say(f"job {found.id} goes on; to see it again: elysiadash jobs attach {found.id}")
        return Followed(job=found, code=Exit.INTERRUPTED, words=f"job {found.id} goes on")
    finally:
        shown.close()
    with database.reading() as read:
        letters = dead_letters.count(read, following.job.id)
    return _followed(following.job, letters)


def ensure_worker(database: Database) -> None:
    """Start a worker where none lives. Raises ``CommandFailed``."""
    try:
        launch(database.folder)
    except LaunchFailed as error:
        raise CommandFailed(
            str(error), "the job is kept; once that is mended: elysiadash worker --detached"
        ) from None


def progress_words(job: Job, now: Progress) -> str:
    """``COPY · 43 % · 430,000 of 1,000,000 objects · 1.2k/s · 3m20s to go``."""
    parts = [job.phase or job.state.lower()]
    if now.fraction is not None and now.expected:
        parts.append(words.percent(now.fraction))
    if now.objects or now.expected:
        total = "" if now.expected is None else f" of {words.count(now.expected)}"
        parts.append(f"{words.count(now.objects)}{total} objects")
    if now.objects_per_s is not None:
        parts.append(f"{words.rate(now.objects_per_s)}/s")
    if now.eta is not None:
        parts.append(f"{words.seconds(now.eta.p50)} to go")
        parts.append(f"nine in ten {words.seconds(now.eta.p90)}")
    if now.dead_letters:
        parts.append(f"{words.plural(now.dead_letters, 'object')} could not be done")
    pace = job.checkpoint.get("pace") or {}
    if pace.get("throttled"):
        parts.append(f"slowed down: {pace['throttled']}")
    elif pace.get("bottleneck"):
        parts.append(f"limit: {pace['bottleneck']}")
    return " · ".join(parts)


def waiting_words(read: Reading, job: Job) -> str | None:
    """Why a queued job does not run yet; None where its turn is near."""
    if job.state is not JobState.QUEUED:
        return None
    if job.after is not None:
        other = queue.get(read, job.after)
        if other.state is not JobState.DONE:
            return f"waits for job {other.id}, which is {other.state}"
    if job.not_before is not None and job.not_before > read.now:
        return f"starts at {rfc3339_seconds(job.not_before)}"
    return None


class _Shown(Protocol):
    """Where the following is told."""

    def event(self, event: JobEvent, of_child: bool) -> None:
        """Something happened."""

    def at(self, job: Job, now: Progress, waiting: str | None) -> None:
        """How far it is."""

    def close(self) -> None:
        """Nothing more comes. May be called twice."""


class _Following:
    """What was told so far of one job and its children."""

    def __init__(self, database: Database, job: str, since: int, shown: _Shown) -> None:
        self._database = database
        self._name = job
        self._since = since
        self._shown = shown
        self._worker_at = float("-inf")
        with database.reading() as read:
            self.job = queue.get(read, job)

    def over(self, until_held: bool) -> bool:
        """Tell what is new; whether the job has come to rest."""
        try:
            with self._database.reading() as read:
                self.job = queue.get(read, self._name)
                family = _family(read, self.job)
                news = _news(read, family, self._since)
                now, waiting = progress.of(read, self._name), waiting_words(read, self.job)
        except Busy:
            return False
        for event in news:
            self._shown.event(event, event.job != self._name)
            self._since = max(self._since, event.id)
        self._shown.at(self.job, now, waiting)
        if len(news) >= _AT_ONCE:
            return False
        if is_at_rest(self.job) or (until_held and self.job.phase == "HELD"):
            return True
        self._see_to_a_worker()
        return False

    def _see_to_a_worker(self) -> None:
        if time.monotonic() - self._worker_at < _WORKER_LOOK_S:
            return
        self._worker_at = time.monotonic()
        if WorkerLock(self._database.folder).held_by() is None:
            ensure_worker(self._database)


def _family(read: Reading, job: Job) -> list[str]:
    names = [job.id]
    if job.is_parent:
        for child in queue.children(read, job.id):
            names += _family(read, child)
    return names


def _news(read: Reading, family: Sequence[str], since: int) -> list[JobEvent]:
    found = [event for name in family for event in events.after(read, name, since, _AT_ONCE)]
    return sorted(found, key=lambda event: event.id)


def _followed(job: Job, letters: int) -> Followed:
    if not is_at_rest(job) and letters:
        # Behind the cut-over something was found: it will not end well, and a script must know.
        told = (
            f"job {job.id} holds the freeze, and {letters:,} objects are in its dead letters: look "
            f"at them before the application moves (elysiadash jobs show {job.id})"
        )
        return Followed(job=job, code=Exit.DIFFERENT, words=told)
    if not is_at_rest(job):
        told = (
            f"job {job.id} is through and holds the freeze; when the application has moved: "
            f"elysiadash jobs thaw {job.id}"
        )
        return Followed(job=job, code=Exit.OK, words=told)
    told = words_of(job)
    if job.reason and job.reason != "asked for":
        told = f"{told}: {job.reason}"
    hint = next_step(job)
    if hint:
        say(hint)
    return Followed(job=job, code=code_of(job), words=told)


def _event_words(event: JobEvent, of_child: bool) -> str:
    mark = "" if event.severity == "info" else f"{event.severity.upper()}: "
    return f"{f'{event.job} ' if of_child else ''}{mark}{event.text}"


class _Lines:
    """Each event a line; progress every ten seconds where it has changed."""

    def __init__(self) -> None:
        self._told = ""
        self._waiting: str | None = None
        self._at = time.monotonic()

    def event(self, event: JobEvent, of_child: bool) -> None:
        """A line with its moment."""
        say(f"{rfc3339_seconds(event.at)} {_event_words(event, of_child)}")

    def at(self, job: Job, now: Progress, waiting: str | None) -> None:
        """A line now and then."""
        if waiting is not None and waiting != self._waiting:
            say(f"job {job.id} {waiting}")
        self._waiting = waiting
        line = progress_words(job, now)
        if time.monotonic() - self._at < _LINE_S or line == self._told:
            return
        self._told, self._at = line, time.monotonic()
        if job.state is JobState.RUNNING:
            say(line)

    def close(self) -> None:
        """Every line is out already."""


class _Bar:
    """Events scroll by above one line with a bar."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

        console = Console(stderr=True, markup=False, emoji=False, highlight=False)
        self._progress: Any = Progress(
            SpinnerColumn(),
            BarColumn(bar_width=24),
            # Names in it are a server's: never markup.
            TextColumn("{task.description}", markup=False),
            console=console,
            transient=True,
        )
        self._bar: Any = self._progress.add_task("", total=None)
        self._open = False

    def event(self, event: JobEvent, of_child: bool) -> None:
        """A line above the bar."""
        from rich.text import Text

        style = {"warning": "yellow", "error": "bold red"}.get(event.severity, "")
        clock = local_clock(event.at, time.time())
        line = printable(f"{clock} {_event_words(event, of_child)}")
        self._progress.console.print(Text(line, style=style))

    def at(self, job: Job, now: Progress, waiting: str | None) -> None:
        """Draw the bar."""
        if not self._open:
            self._progress.start()
            self._open = True
        self._progress.update(
            self._bar,
            description=printable(waiting or progress_words(job, now)),
            total=now.expected,
            completed=now.objects,
        )

    def close(self) -> None:
        """Take the bar away."""
        if self._open:
            self._progress.stop()
            self._open = False
