"""A new file, whole or not at all, for its owner's eyes only; nothing is ever overwritten."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from pathlib import Path

_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS})
"""What file systems without hard links answer."""


def write_new(path: Path, data: bytes) -> None:
    """Write a file that must not exist yet. Raises ``OSError``; then nothing was written.

    Waits for the disk: call it in a thread.
    """
    if os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".elysiadash-", suffix=".part")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _give_name(part, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()


def _give_name(part: Path, path: Path) -> None:
    """Put the finished file under its name, unless another was faster."""
    try:
        path.hardlink_to(part)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        part.replace(path)


def why_not(error: OSError, path: Path) -> str:
    """Why a file could not be written, and what to do."""
    folder = path.parent
    match error.errno:
        case errno.EEXIST:
            return f"{path} exists already and stays as it is: type another name"
        case errno.ENOENT | errno.ENOTDIR:
            return f"there is no folder {folder}: make it, or type another"
        case errno.EACCES | errno.EPERM:
            return f"{folder} cannot be written to: permission denied; type another folder"
        case errno.EROFS:
            return f"{folder} is on a file system that is read-only; type another folder"
        case errno.ENOSPC | errno.EDQUOT:
            return f"no room left on the disk of {folder}: nothing was written"
        case errno.ENAMETOOLONG:
            return "the name is too long"
    return f"{path} could not be written: {error.strerror or error}"
