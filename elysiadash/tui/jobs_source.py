"""Where the app reads jobs and drafts, and puts down what people ask of them.

Rows are read in threads, at most once a second, and only where the file changed or a job runs.
Without a state folder there are no jobs. Of simulated clusters nothing may outlive the session:
theirs are in a folder that ends with it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from elysiadash.jobs import claims, control, dead_letters, events, queue, ranges, steps
from elysiadash.jobs.clock import Clock, SystemClock
from elysiadash.jobs.control import Verb
from elysiadash.jobs.database import FILE_NAME, Database, Reading
from elysiadash.jobs.errors import JobsError
from elysiadash.jobs.folder import committed, path_of, remove
from elysiadash.jobs.job import Job, NewJob
from elysiadash.jobs.launch import Launched, launch
from elysiadash.jobs.processes import user_name
from elysiadash.migrate import drafts
from elysiadash.migrate.checkpoint import Checkpoint, checkpoint_of
from elysiadash.migrate.drafts import Draft, DraftError
from elysiadash.migrate.spec import KINDS, Spec, spec_of
from elysiadash.tui.job_stages import stage_of
from elysiadash.tui.jobs_seen import Detail, JobSeen, JobsSeen, LeftFrozen, is_freeze

log = logging.getLogger(__name__)

_EVENTS, _LETTERS, _MISMATCHES = 500, 1000, 2000
_DIFFERENCES, _PREVIEWS = "mismatches-", "previews.json"
_RUNNING_LOOK_S = 5.0
"""Seconds after which rows are read again though the file is the same: a worker may be dead."""
_MOST_REPORT = 1_000_000
_FAREWELL_S = 2.0

Starter = Callable[[Path], Launched]


class Jobs:
    """The jobs of one state folder; ``folder`` None: none are kept."""

    def __init__(
        self,
        folder: Path | None,
        *,
        start: Starter = launch,
        every_s: float = 1.0,
        times: Clock | None = None,
    ) -> None:
        self.folder = folder
        self.lasts = True
        """Whether jobs outlive this session."""
        self.seen = JobsSeen()
        self._times = times or SystemClock()
        self._start = start
        self._every_s = every_s
        self._database: Database | None = None
        self._turn = threading.Lock()
        self._looked = float("-inf")
        """Steady seconds."""
        self._read_at = float("-inf")
        self._signature: object = None
        self._last = JobsSeen()
        """What was read last, whoever asked for it: looks can overtake each other."""
        self._ended: dict[str, JobSeen] = {}
        self._details: dict[str, tuple[float, object, Detail]] = {}

    def wall(self) -> float:
        """Wall seconds, as the jobs' rows count them."""
        return self._times.wall()

    # Looking

    async def look(self, *, now: bool = False) -> JobsSeen:
        """All jobs and drafts; what was read within the last second is not read again."""
        passed = self._times.steady() - self._looked
        if now or not 0 <= passed < self._every_s:
            self._looked = self._times.steady()
            self.seen = await asyncio.to_thread(self._look)
        return self.seen

    async def detail(self, job: str, *, now: bool = False) -> Detail | str:
        """Everything of one job, or why it cannot be said."""
        return await asyncio.to_thread(self._detail, job, now)

    def _look(self) -> JobsSeen:
        folder = self.folder
        if folder is None:
            return JobsSeen(at=self.wall())
        found, faults = drafts.every(folder)
        plans = JobsSeen(drafts=tuple(found), faults=tuple(faults), at=self.wall())
        with self._turn:
            try:
                if not (folder / FILE_NAME).exists():
                    return plans
                signature, clock = self._file_signature(folder), self._times.steady()
                runs = any(not each.job.state.ended for each in self._last.jobs)
                due = runs and clock - self._read_at >= _RUNNING_LOOK_S
                if signature == self._signature and not due:
                    return _with_plans(self._last, plans)
                with self._opened().reading() as read:
                    jobs = tuple(self._jobs(read))
                    frozen = _frozen(read)
                self._last = msgspec.structs.replace(plans, jobs=jobs, frozen=frozen)
                self._signature, self._read_at = signature, clock
            except (JobsError, OSError) as error:
                self._close()
                return msgspec.structs.replace(_with_plans(self._last, plans), trouble=str(error))
            return self._last

    def _jobs(self, read: Reading) -> list[JobSeen]:
        holders = claims.holders(read)
        owing = {step.job for step in steps.owed(read) if is_freeze(step)}
        found = []
        for job in queue.newest(read, roots_only=True):
            known = self._ended.get(job.id)
            if known is not None and known.job == job:
                # What has ended stays as it is, but for what it owes.
                found.append(msgspec.structs.replace(known, frozen=job.id in owing))
                continue
            holder = holders.get(job.id)
            point = _checkpoint(job)
            stage, far = stage_of(read, job)
            seen = JobSeen(
                job=job,
                stage=stage,
                progress=far,
                question=point.question if point is not None and not job.state.ended else "",
                worked_on=holder is not None and not holder.dead(),
                frozen=job.id in owing,
            )
            if job.state.ended:
                self._ended[job.id] = seen
            found.append(seen)
        return found

    def _detail(self, job: str, now: bool) -> Detail | str:
        folder = self.folder
        if folder is None:
            return NO_FOLDER
        with self._turn:
            try:
                if not (folder / FILE_NAME).exists():
                    return f"there is no job {job}: none was ever started here"
                at, signature, known = self._details.get(job, (float("-inf"), None, None))
                found = self._file_signature(folder)
                passed = self._times.steady() - at
                same = known is not None and not now and found == signature
                if known is not None and same and (_ended(known) or passed < _RUNNING_LOOK_S):
                    return known
                with self._opened().reading() as read:
                    detail = _detail_of(read, queue.find(read, job), self.wall())
            except (JobsError, OSError) as error:
                self._close()
                return str(error)
        detail = _with_files(detail, folder)
        self._details = {job: (self._times.steady(), found, detail)}
        return detail

    # Asking

    async def ask(self, job: str, verb: Verb, value: Any = None) -> str:
        """Put down a wish; what came of it, in words. Raises ``JobsError``, ``ValueError``."""

        def put() -> str:
            with self._writing().transaction() as tx:
                wish = control.ask(tx, job, verb, value)
            if verb in _NEEDS_WORKER:
                self._launch()
            return wish.outcome or "asked; the worker does it at the end of what it has in hand"

        return await asyncio.to_thread(put)

    async def thaw(self, job: str) -> str:
        """Let writers in again: a living worker is told, else it is done here; in words.

        Raises ``JobsError``, ``NotThawed``, ``WeaviateError``.
        """

        def thaw() -> str:
            from elysiadash.migrate.left_frozen import THAW, thaw_now

            database = self._writing()
            with database.transaction() as tx:
                holder = claims.holder(tx, job)
                if holder is not None and not holder.dead():
                    control.ask(tx, job, "say", {"word": THAW})
                    return "asked: the job thaws it within seconds"
            done = thaw_now(database.folder, job, user_name())
            return f"thawed: {'; '.join(done)}" if done else "it is thawed already"

        return await asyncio.to_thread(thaw)

    async def submit(self, new: NewJob, *, again: bool = False) -> tuple[Job, bool]:
        """Put a job into the queue and start the worker; the job, and whether it is a new one.

        A job that does the same work already is returned instead, unless ``again``. Raises
        ``JobsError``: with ``LaunchFailed`` the job is in the queue and waits.
        """

        def put() -> tuple[Job, bool]:
            with self._writing().transaction() as tx:
                same = [] if again else queue.same_work(tx, queue.spec_hash(new))
                job = same[0] if same else queue.submit(tx, new)
            if not same:
                self._launch()
            return job, not same

        return await asyncio.to_thread(put)

    async def forget(self, job: str) -> None:
        """Drop an ended job with its folder. Raises ``JobsError``."""

        def drop() -> None:
            database = self._writing()
            with database.transaction() as tx:
                names = queue.forget(tx, job)
            for name in names:
                remove(database.folder, name)

        await asyncio.to_thread(drop)

    # Drafts

    async def save_draft(self, draft: Draft) -> Draft:
        """Keep a draft. Raises ``DraftError``."""
        return await asyncio.to_thread(drafts.save, self._place(), draft, self.wall())

    async def load_draft(self, name: str) -> Draft:
        """A draft by its name. Raises ``DraftError``."""
        return await asyncio.to_thread(drafts.load, self._place(), name)

    async def discard_draft(self, name: str) -> None:
        """Forget a draft. Raises ``DraftError``."""
        await asyncio.to_thread(drafts.discard, self._place(), name)

    # The file

    def close(self) -> None:
        """Close the file; the worker goes on."""
        with self._turn:
            self._close()

    def _place(self) -> Path:
        if self.folder is None:
            raise DraftError(NO_FOLDER)
        return self.folder

    def _writing(self) -> Database:
        if self.folder is None:
            raise JobsError(NO_FOLDER)
        with self._turn:
            return self._opened()

    def _opened(self) -> Database:
        if self._database is None:
            assert self.folder is not None  # noqa: S101 - looked at by every caller
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._database = Database.open(self.folder, clock=self._times)
        return self._database

    def _close(self) -> None:
        if self._database is not None:
            self._database.close()
        self._database, self._signature = None, None

    def _launch(self) -> None:
        if self.folder is not None:
            self._start(self.folder)

    def _file_signature(self, folder: Path) -> object:
        found = []
        for name in (FILE_NAME, f"{FILE_NAME}-wal"):
            with suppress(FileNotFoundError):
                stat = (folder / name).stat()
                found.append((stat.st_ino, stat.st_mtime_ns, stat.st_size))
        return tuple(found)


NO_FOLDER = "jobs need a state folder, and this session has none"
_NEEDS_WORKER = frozenset({"resume", "cancel", "say"})


class DemoJobs(Jobs):
    """The jobs of simulated clusters: in a folder that is made when it is first wanted."""

    def __init__(self, **given: Any) -> None:
        super().__init__(None, **given)
        self.lasts = False
        self._own: Path | None = None
        self._workers: set[int] = set()

    def begin(self) -> None:
        """Make the folder; called before the first look."""
        if self.folder is None:
            self.folder = self._own = Path(tempfile.mkdtemp(prefix="elysiadash-demo-"))

    def _launch(self) -> None:
        if self.folder is not None:
            launched = self._start(self.folder)
            if launched.started:
                self._workers.add(launched.pid)

    def close(self) -> None:
        """End the workers that were started here, and remove the folder."""
        super().close()
        for pid in self._workers:
            with suppress(OSError):
                os.kill(pid, signal.SIGTERM)
        until = time.monotonic() + _FAREWELL_S
        while any(map(_lives, self._workers)) and time.monotonic() < until:
            time.sleep(0.05)
        if self._own is not None:
            shutil.rmtree(self._own, ignore_errors=True)


class JobRooms:
    """The jobs of the settings' clusters, and those of a demo."""

    def __init__(
        self, folder: Path | None, *, jobs: Jobs | None = None, demo: DemoJobs | None = None
    ) -> None:
        self._real = jobs or Jobs(folder)
        self._demo = demo or DemoJobs()

    def of(self, *, demo: bool) -> Jobs:
        """Those of the cluster that is shown."""
        if demo:
            self._demo.begin()
            return self._demo
        return self._real

    def close(self) -> None:
        """Close the files; a demo's jobs end."""
        self._real.close()
        self._demo.close()


def _frozen(read: Reading) -> tuple[LeftFrozen, ...]:
    """Every freeze that is still to be put back, the oldest first."""
    if not any(is_freeze(step) for step in steps.owed(read)):
        return ()
    # It knows the doors to servers, which cost more than all of this.
    from elysiadash.migrate.left_frozen import left_frozen

    return tuple(
        LeftFrozen(
            job=one.job,
            what=", ".join(one.collections) + (f" on {one.cluster}" if one.cluster else ""),
            since=one.since or None,
            worked_on=one.worker_lives,
            watched_until=one.until if one.watched else None,
        )
        for one in left_frozen(read)
    )


def _detail_of(read: Reading, job: Job, at: float) -> Detail:
    holder = claims.holder(read, job.id)
    stage, far = stage_of(read, job)
    return Detail(
        at=at,
        job=job,
        stage=stage,
        progress=far,
        checkpoint=_checkpoint(job),
        spec=_spec(job),
        ranges=tuple(ranges.of(read, job.id)),
        steps=tuple(steps.of(read, job.id)),
        events=tuple(events.before(read, job.id, limit=_EVENTS)),
        letters=tuple(dead_letters.page(read, job.id, limit=_LETTERS)),
        reasons=dead_letters.by_reason(read, job.id),
        wishes=tuple(control.still_open(read, job.id)),
        differences=_differences(read, job.id),
        worked_on=holder is not None and not holder.dead(),
    )


def _differences(read: Reading, job: str) -> tuple[str, int] | None:
    """The latest proof's file of differences, and how much of it counts."""
    numbered = {
        int(name.removeprefix(_DIFFERENCES)): (name, length)
        for name, length in committed(read, job).items()
        if name.startswith(_DIFFERENCES) and name.removeprefix(_DIFFERENCES).isdigit()
    }
    return numbered[max(numbered)] if numbered else None


def _checkpoint(job: Job) -> Checkpoint | None:
    if job.kind not in KINDS:
        return None
    try:
        return checkpoint_of(job.checkpoint)
    except msgspec.ValidationError:
        return None


def _spec(job: Job) -> Spec | None:
    if job.kind not in KINDS:
        return None
    try:
        return spec_of(job.spec)
    except msgspec.ValidationError:
        return None


def _with_files(detail: Detail, state: Path) -> Detail:
    """What the engine keeps in files of the job's folder: differences and the report."""
    folder, unread, found = path_of(state, detail.job.id), [], list[dict[str, Any]]()
    report = ""
    if detail.differences is not None:
        name, length = detail.differences
        try:
            with (folder / name).open("rb") as file:
                while len(found) < _MISMATCHES and file.tell() < length:
                    found.append(msgspec.json.decode(file.readline(), type=dict[str, Any]))
        except (OSError, msgspec.DecodeError) as error:
            unread.append(f"the list of differences cannot be read: {error}")
    previews: tuple[dict[str, Any], ...] = ()
    if detail.spec is not None and detail.spec.transform is not None:
        try:
            data = (folder / _PREVIEWS).read_bytes()
            previews = msgspec.json.decode(data, type=tuple[dict[str, Any], ...])
        except FileNotFoundError:
            pass
        except (OSError, msgspec.DecodeError) as error:
            unread.append(f"what the transform does cannot be read: {error}")
    written = detail.checkpoint.report if detail.checkpoint is not None else None
    if written and "/" not in written:
        path = folder / written
        for each in (path.with_suffix(".md"), path):
            try:
                report = each.read_bytes()[:_MOST_REPORT].decode(errors="replace")
                break
            except FileNotFoundError:
                continue
            except OSError as error:
                unread.append(f"the report cannot be read: {error}")
                break
    return msgspec.structs.replace(
        detail,
        mismatches=tuple(found),
        previews=previews,
        report=report,
        unread="; ".join(unread),
    )


def _with_plans(seen: JobsSeen, plans: JobsSeen) -> JobsSeen:
    """The jobs of before, and the drafts of now."""
    return msgspec.structs.replace(seen, drafts=plans.drafts, faults=plans.faults, at=plans.at)


def _ended(detail: Detail) -> bool:
    return detail.job.state.ended and not detail.frozen


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True
