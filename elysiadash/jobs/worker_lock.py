"""Which process is the worker of a state folder: the one that holds the lock on ``worker.lock``.

The system drops the lock when its process ends, however that happens.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
import weakref
from pathlib import Path

import msgspec

FILE_NAME = "worker.lock"
HANDED_OVER = "ELYSIADASH_WORKER_LOCK"
"""Variable with the number of the handle on which ``launch`` hands over a lock it has taken."""
_NOTE_BYTES = 256


class WorkerNote(msgspec.Struct, frozen=True, gc=False):
    """The process that works, and since when (wall time)."""

    pid: int
    since: float


class WorkerLock:
    """The lock of one state folder's worker. Taking may raise ``OSError``.

    A pool of processes does not get it: in a fork it is closed at once, or the worker's children
    would keep it when the worker was killed.
    """

    def __init__(self, state: Path) -> None:
        self.path = state / FILE_NAME
        self._handle: int | None = None
        _locks.add(self)

    def take(self, now: float) -> bool:
        """Become the worker, when there is none; whether this process is it now.

        A worker that ``launch`` started has the lock from before its first instruction.
        """
        if self._handle is None:
            self._handle = self._handed_over() or self._taken()
        if self._handle is None:
            return False
        write_note(self._handle, os.getpid(), now)
        return True

    def release(self) -> None:
        """Let another be the worker. The file stays: removing it could break another's lock."""
        self.close_here()

    def held_by(self) -> WorkerNote | None:
        """The worker that lives, None when there is none or it cannot be told."""
        try:
            handle = os.open(self.path, os.O_RDONLY)
        except OSError:
            return None
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return read_note(handle)
        except OSError:
            return None
        finally:
            os.close(handle)
        return None

    def hand_over(self) -> int | None:
        """Take the lock for a process that is about to be started; the handle it inherits."""
        self._handle = self._taken()
        return self._handle

    def _taken(self) -> int | None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        # Who only asks (`held_by`) has it for a moment too: that is no worker.
        for wait in (0.01, 0.04, None):
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return handle
            except BlockingIOError:
                if wait is not None:
                    time.sleep(wait)
            except OSError:
                os.close(handle)
                raise
        os.close(handle)
        return None

    def _handed_over(self) -> int | None:
        """The handle we were started with, when it really is this lock."""
        text = os.environ.pop(HANDED_OVER, "")
        if not text.isdecimal():
            return None
        handle = int(text)
        try:
            ours, there = os.fstat(handle), self.path.stat()
            if (ours.st_dev, ours.st_ino) != (there.st_dev, there.st_ino):
                return None
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.set_inheritable(handle, False)
        except OSError:
            return None
        return handle

    def close_here(self) -> None:
        """Close this process's handle: where another has it too, the lock stays that one's."""
        if self._handle is not None:
            with contextlib.suppress(OSError):
                os.close(self._handle)
            self._handle = None


_locks: weakref.WeakSet[WorkerLock] = weakref.WeakSet()


def _close_all() -> None:
    for lock in list(_locks):
        lock.close_here()


os.register_at_fork(after_in_child=_close_all)


def write_note(handle: int, pid: int, now: float) -> None:
    """Say who has the lock. For people: the lock counts, also where the disk is full."""
    with contextlib.suppress(OSError):
        os.ftruncate(handle, 0)
        os.pwrite(handle, msgspec.json.encode(WorkerNote(pid, now)), 0)


def read_note(handle: int) -> WorkerNote | None:
    """Who has the lock, as far as the note can be read."""
    try:
        return msgspec.json.decode(os.pread(handle, _NOTE_BYTES, 0), type=WorkerNote)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
