"""The recorder: one process writes what its watch sees; it never gets in the watch's way.

Everything that touches the disk runs in one thread of its own. Whatever goes wrong there ends up
as words in ``state``, and is tried again.
"""

from __future__ import annotations

import asyncio
import logging
import os
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from elysiadash.cluster.events.event import Event
from elysiadash.cluster.recording.file import (
    DamagedRecording,
    NewerRecording,
    NotARecording,
    UnreadablePart,
    is_damage,
    recording_path,
    set_aside,
)
from elysiadash.cluster.recording.lock import RecorderLock
from elysiadash.cluster.recording.moment import Moment
from elysiadash.cluster.recording.pending import Pending
from elysiadash.cluster.recording.points import Frame
from elysiadash.cluster.recording.reader import Reader
from elysiadash.cluster.recording.retention import Retention
from elysiadash.cluster.recording.state import RecordingState
from elysiadash.cluster.recording.trouble import words_of
from elysiadash.cluster.recording.writer import Batch, Writer
from elysiadash.config.profile import Profile
from elysiadash.config.redaction import redact

log = logging.getLogger(__name__)

T = TypeVar("T")
Take = Callable[[], Awaitable[Moment | None]]
"""Looks at the present moment; None while nothing was seen yet."""

_ANOTHER_TRY_S = 3.0
_FIRST_ANSWERS_S = 0.5
_SWEEP_EVERY_S = 60.0
_FAREWELL_S = 1.0
_SLOWEST_S = 60.0
_COST_FACTOR = 50.0
_FITS_S = 86_400.0
"""The pace is chosen so that at least a day fits into the file."""


class Recorder:
    """Records one profile's cluster into ``state_dir``; None: into a folder that is removed at
    the end. ``path`` is another file than the profile's own.

    ``demo`` marks the recording as one of a simulated cluster; ``clock`` is wall-clock seconds.
    """

    def __init__(
        self,
        state_dir: Path | None,
        profile: Profile,
        clock: Callable[[], float] = time.time,
        *,
        path: Path | None = None,
        demo: bool = False,
    ) -> None:
        self._clock = clock
        self._profile = profile
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        settings = profile.recording
        self._retention = Retention(max_age=settings.max_age_h * 3600, max_bytes=settings.max_bytes)
        self._about = about_profile(profile, demo=demo)
        self.path = path
        """Where the recording is; None until there is a folder for it."""
        self._is_own_place = path is None
        if state_dir is not None and path is None:
            self.path = recording_path(state_dir, profile.name, profile.url)
        self.state = RecordingState(path=str(self.path) if self.path else None)
        self._lock: RecorderLock | None = None
        self._writer: Writer | None = None
        self._pending = Pending()
        self._swept_at = float("-inf")
        self._unswept: str | None = None
        """What was told of a sweep that failed."""
        self._looked_at = float("-inf")
        self._failures = 0
        self._failed: Exception | None = None
        """What the problem in ``state`` is of."""
        self._damage: DamagedRecording | None = None
        self._threads: ThreadPoolExecutor | None = None

    def keep_points(self, at: float, frame: Frame) -> None:
        """Chart points of one moment, written with the next moment."""
        self._pending.add_points(at, frame)

    def keep_events(self, events: Iterable[Event]) -> None:
        """What changed, written with the next moment."""
        self._pending.add_events(events)

    def found_damage(self, error: DamagedRecording) -> None:
        """Somebody could not read the file: if it is ours to write, it is put aside before
        anything else is written. A part that cannot be read is no reason for that. From any
        thread."""
        if not isinstance(error, UnreadablePart):
            self._damage = error

    async def run(self, take: Take) -> None:
        """Record until cancelled, or wait for the other process that records to end."""
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="recorder")
        wait = 0.0
        try:
            while True:
                await asyncio.sleep(wait)
                wait = await self._guarded_turn(take)
        finally:
            await self._finish()

    async def take_lock(self) -> bool:
        """Try to become the one who records; ``state`` says who does."""
        return await asyncio.to_thread(self._take_lock)

    async def _guarded_turn(self, take: Take) -> float:
        try:
            written = await self._turn(take)
        except Exception as error:
            # A fault of ours must be seen, and must not end the watching.
            log.exception("the recorder failed")
            self._failed = None
            self._tell(problem=f"our own fault: {type(error).__name__}: {error}")
            written = None
        if written is None:
            self._failures += 1
            return min(_SLOWEST_S, _ANOTHER_TRY_S * 2.0 ** min(self._failures - 1, 5))
        self._failures = 0
        return written

    async def _turn(self, take: Take) -> float | None:
        """One moment, or one try for the lock; the seconds to wait, None after a failure."""
        if not await self._in_thread(self._take_lock):
            if self.state.elsewhere:
                # What is not ours to write, or to put aside, is the other's.
                self._pending.clear()
                self._damage = None
            return _ANOTHER_TRY_S
        moment = await take()
        if moment is None and not self._pending:
            return _FIRST_ANSWERS_S
        wait = await self._in_thread(lambda: self._write_pending(moment))
        return None if wait is None else max(self._profile.intervals.fast, wait)

    def _take_lock(self) -> bool:
        now = self._clock()
        try:
            if self.path is None:
                self._folder = tempfile.TemporaryDirectory(prefix="elysiadash-")
                self.path = recording_path(
                    Path(self._folder.name), self._profile.name, self._profile.url
                )
            self._lock = self._lock or RecorderLock(self.path)
            if self._lock.is_ours():
                return True
            if self._lock.take(now):
                self._tell(here=True, elsewhere=False, pid=os.getpid(), since=now, problem=None)
                return True
            holder = self._lock.holder()
        except OSError as error:
            self._fail(error)
            return False
        self._look_at_the_other()
        self._tell(
            here=False,
            elsewhere=True,
            pid=holder.pid if holder else None,
            since=holder.since if holder else None,
            problem=None,
        )
        return False

    def _look_at_the_other(self) -> None:
        """How far back and how large what another process records is; now and then."""
        now = time.monotonic()
        if self.path is None or now - self._looked_at < _SWEEP_EVERY_S:
            return
        self._looked_at = now
        try:
            with Reader(self.path) as reader:
                contents = reader.contents()
        except (OSError, NotARecording) as error:
            # The other one tells what is wrong with it.
            log.info("the recording of another process cannot be read: %s", error)
            return
        self._tell(bytes=contents.bytes, oldest=contents.first)

    def _write_pending(self, moment: Moment | None) -> float | None:
        """Write the moment and all that is pending; what could not be written stays so. The
        seconds to wait, None when it could not."""
        started = time.perf_counter()
        points, events = self._pending.take()
        size = None
        try:
            size = self._write(Batch(moment=moment, points=points, events=events))
        finally:
            if size is None:
                self._pending.give_back(points, events)
        if size is None:
            return None
        # From here on nothing is given back: what was written would be written again.
        self._sweep_now_and_then()
        spent = time.perf_counter() - started
        fits = size * _FITS_S / self._retention.max_bytes
        return min(_SLOWEST_S, max(spent * _COST_FACTOR, fits))

    def _write(self, batch: Batch) -> int | None:
        """The bytes of the batch; None when it could not be written."""
        import sqlite3

        try:
            damage, self._damage = self._damage, None
            if damage is not None:
                raise damage
            writer = self._opened()
            size = writer.write(batch)
        except NotARecording as error:
            # In our own folder only a recording has its place; elsewhere it is somebody's file.
            may_move = self._is_own_place or isinstance(error, DamagedRecording)
            if may_move and not isinstance(error, NewerRecording):
                self._put_aside(error)
            else:
                self._fail(error)
            return None
        except sqlite3.Error as error:
            if is_damage(error):
                self._put_aside(error)
            else:
                # Locked, or a full or broken disk: the file itself is right.
                self._fail(error)
            return None
        except OSError as error:
            self._fail(error)
            return None
        self._tell(problem=None, moments=self.state.moments + (batch.moment is not None))
        self._tell_left_out(writer)
        return size

    def _opened(self) -> Writer:
        if self._writer is None:
            if self.path is None:
                raise FileNotFoundError("there is no folder for the recording")
            self._writer = Writer(self.path, self._about, self._retention)
        elif not self.path or not self.path.exists():
            # Removed by somebody: what goes into it now would be lost.
            self._close_writer()
            return self._opened()
        return self._writer

    def _sweep_now_and_then(self) -> None:
        """Make room where it is time to, and tell how large the file is and how far it goes."""
        import sqlite3

        writer, now = self._writer, time.monotonic()
        if writer is None:
            return
        try:
            if now - self._swept_at >= _SWEEP_EVERY_S:
                self._swept_at = now
                writer.sweep(self._clock())
                if self.state.note == self._unswept:
                    self._tell(note=None)
            self._tell(bytes=writer.size(), oldest=writer.oldest())
        except (sqlite3.Error, OSError) as error:
            if is_damage(error):
                self._put_aside(error)
                return
            self._unswept = f"what is old was not dropped: {self._words(error)}"
            log.warning("%s", self._unswept)
            self._tell(note=self._unswept)

    def _tell_left_out(self, writer: Writer) -> None:
        words, writer.left_out = writer.left_out, None
        if words is not None:
            log.warning("left out of the recording: %s", words)
            self._tell(note=f"left out of the recording: {words}")

    def _put_aside(self, error: Exception) -> None:
        self._close_writer()
        path = self.path
        if path is None:
            return
        try:
            aside = set_aside(path, self._clock())
        except OSError as failed:
            self._fail(failed)
            return
        log.warning("the recording was damaged (%s) and is kept as %s", error, aside)
        self._tell(note=f"the recording was damaged and is kept as {aside.name}", problem=None)

    def _close_writer(self) -> None:
        import sqlite3

        writer, self._writer = self._writer, None
        if writer is not None:
            try:
                writer.close()
            except sqlite3.Error as error:
                log.info("closing the recording: %s", error)

    def _fail(self, error: Exception) -> None:
        words = self._words(error)
        if words != self.state.problem:
            log.warning("the past is not recorded: %s", words)
        if not isinstance(error, NewerRecording):
            self._close_writer()
        self._failed = error
        self._tell(problem=words)

    def _words(self, error: Exception) -> str:
        return words_of(error, self.path, goes_on=self._threads is not None)

    def _tell(self, **changes: Any) -> None:
        path = str(self.path) if self.path else None
        self.state = msgspec.structs.replace(self.state, path=path, **changes)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._threads is None:
            raise RuntimeError("the recorder does not run")
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def _finish(self) -> None:
        """Write what is left, close, and let another process record."""
        threads = self._threads
        if threads is None:
            return
        # What fails from here on is not tried again.
        self._threads = None
        done = asyncio.get_running_loop().run_in_executor(threads, self._end)
        threads.shutdown(wait=False)
        await asyncio.wait({done}, timeout=_FAREWELL_S)

    def _end(self) -> None:
        if self._writer is not None and self._pending:
            self._write_pending(None)
        if self._failed is not None and self.state.problem is not None:
            # Nobody tries again now.
            self._tell(problem=self._words(self._failed))
        self._close_writer()
        if self._lock is not None:
            self._lock.release()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = self.path = self._lock = None
        self._tell(here=False, elsewhere=False, pid=None, since=None)


def about_profile(profile: Profile, *, demo: bool = False) -> dict[str, str]:
    """What a recording says of its cluster, and by what it was judged: nothing that opens a
    door."""
    known = {
        "name": profile.name,
        "url": redact(profile.url),
        "environment": profile.environment,
        "colour": profile.colour,
        "intervals": msgspec.json.encode(profile.intervals).decode(),
        "thresholds": msgspec.json.encode(profile.thresholds).decode(),
        "demo": "yes" if demo else "no",
        "metrics": "yes" if profile.metrics or profile.prometheus is not None else "no",
    }
    return {name: value for name, value in known.items() if value is not None}
