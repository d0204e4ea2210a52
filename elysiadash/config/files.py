"""Files that are written whole or not at all, and read without waiting for a pipe.

What waits for the disk belongs into a thread.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_OWN = 0o600
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS})
"""What file systems without hard links answer."""


class NotAFile(OSError):
    """It is there, and is a folder, a pipe or a device."""

    def __init__(self, path: Path) -> None:
        super().__init__(errno.EINVAL, "is not a file", str(path))


def read(path: Path, most: int) -> tuple[bytes, int]:
    """What is in the file, at most ``most`` bytes of it, and its mode.

    A pipe would be waited for: what is no file is looked at, and not read. Raises ``OSError``,
    ``FileNotFoundError`` and ``NotAFile`` among them.
    """
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:  # noqa: PTH123
        mode = os.fstat(file.fileno()).st_mode
        if not stat.S_ISREG(mode):
            raise NotAFile(path)
        return file.read(most), mode


def write_new(path: Path, data: bytes) -> None:
    """Write a file that must not exist yet, for its owner's eyes only.

    Raises ``OSError``, ``FileExistsError`` among them; then nothing was written.
    """
    if os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    with _written(path.parent, data) as part:
        # A link fails where a file came into being meanwhile; a rename would replace it.
        try:
            path.hardlink_to(part)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _OWN))
            part.replace(path)


def replace(path: Path, data: bytes, mode: int | None = _OWN) -> None:
    """Write a file in the place of the one that is there, if any.

    ``mode`` are its permissions; None leaves those of the file before, its owner's only where
    there was none. Raises ``OSError``; then the file is as it was.
    """
    with _written(path.parent, data) as part:
        part.chmod(_mode_of(path) if mode is None else mode)
        part.replace(path)


@contextmanager
def _written(folder: Path, data: bytes) -> Iterator[Path]:
    """The data on disk under another name, which is gone afterwards."""
    handle, name = tempfile.mkstemp(dir=folder, prefix=".elysiadash-", suffix=".part")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield part
    finally:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()


def _mode_of(path: Path) -> int:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return _OWN
