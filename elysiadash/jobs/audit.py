"""The audit log: one JSON line for every request that can change a cluster.

Append-only and shared by all processes of a user without a lock: each line is one write to the
end of the file. A line that a crash cut short costs itself only.
"""

from __future__ import annotations

import datetime
import errno
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from elysiadash.config.redaction import redact
from elysiadash.jobs.processes import user_name

FILE_NAME = "audit.jsonl"
_LONGEST_TEXT = 4096


class AuditLog:
    """Writes lines for one profile; an ``AuditSink`` of weaviate's guard by its shape.

    Threads may share it. Nothing is rotated or removed.
    """

    def __init__(
        self,
        state: Path,
        *,
        profile: str,
        user: str | None = None,
        job: str | None = None,
    ) -> None:
        self.path = state / FILE_NAME
        self._about = {"user": user or user_name(), "profile": profile}
        self._job = job
        self._handle: int | None = None
        self._turn = threading.Lock()

    def record(self, entry: msgspec.Struct) -> None:
        """Keep one entry, on disk when this returns. Raises ``OSError`` where it cannot.

        The line has the entry's own fields, ``at`` as RFC 3339 in UTC, and user, profile, job and
        process. The job is the one that the entry's permit names, else this log's. Credentials
        are masked. Waits for the disk.
        """
        line = msgspec.json.encode(self._line(entry)) + b"\n"
        with self._turn:
            handle = self._opened()
            # Behind a line that was cut short a new one begins; an empty line does no harm.
            if not _ends_a_line(handle):
                line = b"\n" + line
            written = os.write(handle, line)
            if written != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
            os.fsync(handle)

    def close(self) -> None:
        """Close the file. May be called twice; the next entry opens it again."""
        with self._turn:
            if self._handle is not None:
                os.close(self._handle)
                self._handle = None

    def _line(self, entry: msgspec.Struct) -> dict[str, Any]:
        fields = _redacted(msgspec.to_builtins(entry))
        at = fields.pop("at", None)
        permit = fields.get("permit")
        job = permit.get("job") if isinstance(permit, Mapping) else None
        return {
            "at": _when(at),
            **self._about,
            "job": job or fields.pop("job", None) or self._job,
            "pid": os.getpid(),
            **{name: value for name, value in fields.items() if name != "job"},
        }

    def _opened(self) -> int:
        if self._handle is not None and not self._in_place(self._handle):
            os.close(self._handle)
            self._handle = None
        if self._handle is None:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            self._handle = os.open(self.path, flags, 0o600)
        return self._handle

    def _in_place(self, handle: int) -> bool:
        """Whether the file we hold is still the one under its name (it may have been moved)."""
        try:
            there = self.path.stat()
        except FileNotFoundError:
            return False
        ours = os.fstat(handle)
        return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)


def _ends_a_line(handle: int) -> bool:
    size = os.fstat(handle).st_size
    return size == 0 or os.pread(handle, 1, size - 1) == b"\n"


def _when(at: object) -> object:
    if not isinstance(at, int | float):
        return at
    moment = datetime.datetime.fromtimestamp(at, datetime.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _redacted(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)[:_LONGEST_TEXT]
    if isinstance(value, dict):
        return {name: _redacted(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_redacted(part) for part in value]
    return value
