"""A job's folder, ``jobs/<id>/``: ledgers, proofs, reports. A file counts only up to the length
that a transaction committed; what lies behind is the trace of a crash.

Order of writing: bytes and fsync first, then ``commit`` in the transaction that counts them.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import msgspec

from elysiadash.jobs.claims import Claimed
from elysiadash.jobs.database import Reading, Transaction
from elysiadash.jobs.errors import CannotWrite, FileCutShort
from elysiadash.jobs.ids import is_id

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}")
_PART = ".part"
"""End of the names of files that were not renamed into their place yet."""


class Recovered(msgspec.Struct, frozen=True, gc=False):
    """What was found when a job's folder was put in order."""

    cut: dict[str, int]
    """Bytes behind the committed length that were cut off, by file."""
    uncommitted: tuple[str, ...]
    """Files that no transaction knows; their engine says whether they may go."""
    parts: tuple[str, ...]
    """Half-written files that were removed."""


def path_of(state: Path, job: str) -> Path:
    """Where a job's folder is, whether or not it exists."""
    if not is_id(job):
        raise ValueError(f"{job!r} is no job's name")
    return state / "jobs" / job


def make(state: Path, job: str) -> Path:
    """A job's folder, made for its owner only. Raises ``CannotWrite``."""
    folder = path_of(state, job)
    try:
        for one in (folder.parent, folder):
            one.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sync(folder.parent)
    except OSError as error:
        raise _cannot(folder, error) from None
    return folder


def file_in(folder: Path, name: str) -> Path:
    """A file of a job's folder; raises ``ValueError`` for a name that is none."""
    if _NAME.fullmatch(name) is None or name.endswith(_PART):
        raise ValueError(f"{name!r} is no name for a job's file")
    return folder / name


class Appended:
    """A file that only grows. ``sync`` says the length to commit."""

    def __init__(self, folder: Path, name: str, committed: int) -> None:
        """Open it behind what is committed; raises ``FileCutShort``, ``CannotWrite``."""
        self.name = name
        self._path = file_in(folder, name)
        try:
            self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise _cannot(self._path, error) from None
        try:
            _cut_at(self._handle, self._path, committed)
            _sync(folder)
        except OSError as error:
            os.close(self._handle)
            raise _cannot(self._path, error) from None
        except FileCutShort:
            os.close(self._handle)
            raise
        self._length = committed

    def append(self, data: bytes) -> None:
        """Write behind what is there; raises ``CannotWrite``, and the file stays usable."""
        view = memoryview(data)
        try:
            while view:
                written = os.pwrite(self._handle, view, self._length)
                self._length += written
                view = view[written:]
        except OSError as error:
            raise _cannot(self._path, error) from None

    def sync(self) -> int:
        """Bring all of it to the disk; the length to give to ``commit``. Raises ``CannotWrite``."""
        try:
            os.fsync(self._handle)
        except OSError as error:
            raise _cannot(self._path, error) from None
        return self._length

    def close(self) -> None:
        """Close it; what was not committed is cut off at the next opening."""
        os.close(self._handle)

    def __enter__(self) -> Appended:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def commit(tx: Claimed, name: str, length: int) -> None:
    """Count a file up to this length from now on; a new file's name with it."""
    tx.run(
        "INSERT INTO files (job, name, length) VALUES (?, ?, ?)"
        " ON CONFLICT (job, name) DO UPDATE SET length = excluded.length",
        tx.job, name, length,
    )  # fmt: skip


def uncommit(tx: Claimed, name: str) -> None:
    """Count a file no more; it may be removed once the transaction is over."""
    tx.run("DELETE FROM files WHERE job = ? AND name = ?", tx.job, name)


def committed(read: Reading, job: str) -> dict[str, int]:
    """The length of each file that counts."""
    return dict(read.rows("SELECT name, length FROM files WHERE job = ? ORDER BY name", job))


def place(folder: Path, name: str, data: bytes) -> int:
    """Write a whole file under a new name: written aside, brought to disk, renamed; its length.

    Raises ``CannotWrite``; then the file is as it was.
    """
    path = file_in(folder, name)
    part = path.with_name(name + _PART)
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        _sync(folder)
    except OSError as error:
        raise _cannot(path, error) from None
    return len(data)


def recover(read: Reading, folder: Path, job: str) -> Recovered:
    """Put a folder in order before a job goes on: tails are cut, half-written files removed.

    Only for the worker that holds the claim. Raises ``FileCutShort`` for a file that is shorter
    than committed, or gone, and ``CannotWrite``.
    """
    known = committed(read, job)
    cut = {}
    try:
        for name, length in known.items():
            path = file_in(folder, name)
            if not path.is_file():
                raise FileCutShort(_short(path, length, None))
            handle = os.open(path, os.O_RDWR)
            try:
                tail = _cut_at(handle, path, length)
            finally:
                os.close(handle)
            if tail:
                cut[name] = tail
        found = sorted(one.name for one in folder.iterdir() if one.is_file())
        parts = tuple(name for name in found if name.endswith(_PART))
        for name in parts:
            (folder / name).unlink()
    except OSError as error:
        raise _cannot(folder, error) from None
    others = tuple(name for name in found if name not in known and name not in parts)
    return Recovered(cut, others, parts)


def remove(state: Path, job: str) -> None:
    """Remove the folder of a job that was forgotten (``queue.forget``). Raises ``CannotWrite``."""
    try:
        shutil.rmtree(path_of(state, job))
    except FileNotFoundError:
        return
    except OSError as error:
        raise _cannot(path_of(state, job), error) from None


def leftovers(tx: Transaction, state: Path) -> list[str]:
    """Folders whose jobs are forgotten: a crash came between the two. They may be removed.

    Asks inside a transaction, so that no job is just being put in.
    """
    folder = state / "jobs"
    found = sorted(one.name for one in folder.iterdir()) if folder.is_dir() else []
    return [
        name
        for name in found
        if is_id(name) and tx.one("SELECT 1 FROM jobs WHERE id = ?", name) is None
    ]


def _cut_at(handle: int, path: Path, length: int) -> int:
    """Cut a file at its committed length; the bytes that lay behind."""
    size = os.fstat(handle).st_size
    if size < length:
        raise FileCutShort(_short(path, length, size))
    if size > length:
        os.ftruncate(handle, length)
        os.fsync(handle)
    return size - length


def _short(path: Path, length: int, size: int | None) -> str:
    there = "is gone" if size is None else f"has {size} bytes"
    return (
        f"{path} {there}, and {length} bytes of it are committed: it was changed from outside, or "
        "the disk lost it. Put it back from a copy, or cancel the job and begin it anew"
    )


def _sync(folder: Path) -> None:
    """A new name is only safe once its folder is on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _cannot(path: Path, error: OSError) -> CannotWrite:
    return CannotWrite(
        f"{path} cannot be written ({error.strerror or 'unknown error'}); "
        "free space or give access there, then resume the job"
    )
