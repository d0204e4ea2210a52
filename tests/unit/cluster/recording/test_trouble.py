"""What is said of a disk that takes nothing: which one, and what helps."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from elysiadash.cluster.recording.trouble import words_of


def sqlite_error(name: str, words: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(words)
    error.sqlite_errorname = name
    return error


def with_room(monkeypatch: pytest.MonkeyPatch, blocks: int) -> None:
    def told(folder: Path) -> os.statvfs_result:
        assert folder.exists()
        return os.statvfs_result((4096, 4096, 1000, blocks + 50, blocks, 9, 9, 9, 0, 255))

    monkeypatch.setattr(os, "statvfs", told)


FULL = sqlite_error("SQLITE_FULL", "database or disk is full")
NO_ROOM = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "elsewhere")


@pytest.mark.parametrize("error", [FULL, NO_ROOM], ids=["sqlite", "system"])
def test_a_full_disk_is_named_with_its_file_and_what_helps(
    tmp_path: Path, error: Exception
) -> None:
    path = tmp_path / "r.sqlite"
    assert words_of(error, path, goes_on=True) == (
        f"the disk is full ({path}): free some space there, recording goes on by itself"
    )
    assert words_of(error, path, goes_on=False) == (
        f"the disk is full ({path}): free some space there, then record again"
    )


def test_a_used_up_quota_is_not_a_full_disk(tmp_path: Path) -> None:
    error = OSError(errno.EDQUOT, "Disk quota exceeded")
    assert words_of(error, tmp_path / "r", goes_on=True).startswith("the disk quota is used up")


@pytest.mark.parametrize("name", ["SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_WRITE", "SQLITE_CANTOPEN"])
def test_an_error_of_a_disk_without_room_is_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = tmp_path / "not made yet" / "r.sqlite"
    error = sqlite_error(name, "disk I/O error")
    with_room(monkeypatch, 0)
    assert words_of(error, path, goes_on=True).startswith(f"the disk is full ({path})")
    with_room(monkeypatch, 7)
    assert words_of(error, path, goes_on=True).startswith(f"the disk is full ({path})")
    with_room(monkeypatch, 1000)
    assert "full" not in words_of(error, path, goes_on=True)


def test_an_error_of_a_disk_with_room_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "r.sqlite"
    with_room(monkeypatch, 1000)
    error = sqlite_error("SQLITE_IOERR_FSYNC", "disk I/O error")
    assert words_of(error, path, goes_on=True) == f"disk I/O error ({path})"

    def silent(_: Path) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "statvfs", silent)
    assert words_of(error, path, goes_on=True) == f"disk I/O error ({path})"


def test_other_trouble_is_told_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    busy = sqlite_error("SQLITE_BUSY", "database is locked")
    assert words_of(busy, path, goes_on=True) == "another program holds the file locked"
    denied = PermissionError(errno.EACCES, "Permission denied", "/a/b")
    assert words_of(denied, path, goes_on=True) == "Permission denied (/a/b)"
    assert words_of(ValueError("x"), None, goes_on=True) == "x"
