"""Why a moment could not be written, in words: what happened, where, and what helps."""

from __future__ import annotations

import errno
import os
from pathlib import Path

_LEAST_ROOM = 64 * 1024
"""Bytes: SQLite asks for 32 KiB at once for what it shares with readers."""


def words_of(error: Exception, path: Path | None, *, goes_on: bool) -> str:
    """The error in words. ``path`` is the recording; ``goes_on`` says whether it is tried again."""
    where = f" ({path})" if path is not None else ""
    full = _full(error, path)
    if full is not None:
        then = "recording goes on by itself" if goes_on else "then record again"
        return f"{full}{where}: free some space there, {then}"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}{f' ({error.filename})' if error.filename else ''}"
    if "locked" in str(error):
        return "another program holds the file locked"
    if _name(error).startswith("SQLITE_IOERR"):
        return f"{error}{where}"
    return str(error)


def _full(error: Exception, path: Path | None) -> str | None:
    """What is used up, if that is why."""
    if isinstance(error, OSError):
        if error.errno == errno.EDQUOT:
            return "the disk quota is used up"
        return "the disk is full" if error.errno == errno.ENOSPC else None
    name = _name(error)
    # What SQLite shares with readers has no room: it calls that an error of the disk.
    unclear = name.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN"))
    if name == "SQLITE_FULL" or (unclear and path is not None and _room(path) < _LEAST_ROOM):
        return "the disk is full"
    return None


def _name(error: Exception) -> str:
    return getattr(error, "sqlite_errorname", None) or ""


def _room(path: Path) -> float:
    """Bytes that may still be written beside the file; endless where nobody says."""
    folder = next((one for one in path.parents if one.exists()), path)
    try:
        found = os.statvfs(folder)
    except OSError:
        return float("inf")
    return found.f_bavail * found.f_frsize
