"""Who records: one process for each recording, found by a lock on a file beside it.

The system drops the lock when its process ends, however that happens.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

import msgspec

_NOTE_BYTES = 256


class Holder(msgspec.Struct, frozen=True, gc=False):
    """The process that records, and since when (wall-clock seconds)."""

    pid: int
    since: float


class RecorderLock:
    """The lock of one recording. Taking and asking may raise ``OSError`` (no such folder, no
    locks on this file system)."""

    def __init__(self, recording: Path) -> None:
        self._path = recording.with_name(f"{recording.name}.lock")
        self._handle: int | None = None

    def is_ours(self) -> bool:
        """Whether it was taken through this object, and its file is still the one in place: where
        somebody removed that, another process can have taken a new one."""
        if self._handle is None:
            return False
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return False
        ours = os.fstat(self._handle)
        return (there.st_ino, there.st_dev) == (ours.st_ino, ours.st_dev)

    def take(self, now: float) -> bool:
        """Take the lock when nobody has it; returns whether it is ours."""
        if self.is_ours():
            return True
        self.release()
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        except OSError:
            os.close(handle)
            raise
        self._handle = handle
        # The note is for people; the lock counts, also where the disk is full.
        with contextlib.suppress(OSError):
            os.ftruncate(handle, 0)
            os.pwrite(handle, msgspec.json.encode(Holder(os.getpid(), now)), 0)
        return True

    def release(self) -> None:
        """Let another process record. The file stays: removing it could break another's lock."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def holder(self) -> Holder | None:
        """Who has it, as far as the note beside the lock can be read."""
        try:
            with self._path.open("rb") as file:
                return msgspec.json.decode(file.read(_NOTE_BYTES), type=Holder)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return None
