"""Files that are written whole or not at all, with the permissions wanted."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from elysiadash.config import files


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One with nothing else in it."""
    made = tmp_path / "folder"
    made.mkdir()
    return made


def test_a_replaced_file_has_the_mode_wanted(folder: Path) -> None:
    path = folder / "file"
    files.replace(path, b"one")
    assert (path.read_bytes(), mode(path)) == (b"one", 0o600)
    files.replace(path, b"two", mode=0o644)
    assert (path.read_bytes(), mode(path)) == (b"two", 0o644)
    path.chmod(0o640)
    files.replace(path, b"three", mode=None)
    assert (path.read_bytes(), mode(path)) == (b"three", 0o640)
    files.replace(folder / "new", b"", mode=None)
    assert mode(folder / "new") == 0o600
    assert names(folder) == ["file", "new"]


@pytest.mark.parametrize("write", [files.replace, files.write_new])
def test_what_cannot_be_written_whole_leaves_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, write: object
) -> None:
    path = folder / "file"
    if write is files.replace:
        path.write_bytes(b"before")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write(path, b"after")  # type: ignore[operator]
    assert names(folder) == (["file"] if write is files.replace else [])
    assert not path.exists() or path.read_bytes() == b"before"
