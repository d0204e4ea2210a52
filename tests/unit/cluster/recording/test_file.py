"""The file itself: private, ours, of this release, and what happens to any other."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

import pytest

from elysiadash.cluster.recording.file import (
    DamagedRecording,
    NewerRecording,
    NotARecording,
    open_to_read,
    open_to_write,
    recording_path,
    set_aside,
)
from elysiadash.cluster.recording.reader import Reader
from tests.unit.cluster.recording.moments import START, quiet, record


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "recordings" / "r.sqlite"
    old = os.umask(0)
    try:
        connection = open_to_write(path)
        connection.execute("INSERT INTO about VALUES ('a', 'b')")
        files = [one for one in path.parent.iterdir() if one.name.startswith("r.sqlite")]
        assert len(files) >= 2, "the journal is not there to be looked at"
        assert {stat.S_IMODE(one.stat().st_mode) for one in files} == {0o600}
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        connection.close()
    finally:
        os.umask(old)


def test_each_profile_has_its_own_and_the_name_is_safe(tmp_path: Path) -> None:
    one = recording_path(tmp_path, "../prod eu", "http://a")
    assert one.parent == tmp_path / "recordings"
    assert one != recording_path(tmp_path, "../prod eu", "http://b")
    assert one != recording_path(tmp_path, "prod eu", "http://a")


def test_another_file_is_no_recording(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    path.write_text("something else, and long enough to be looked at " * 100)
    for opened in (open_to_read, open_to_write):
        with pytest.raises(NotARecording, match="is not a recording"):
            opened(path)
    other = sqlite3.connect(tmp_path / "other.sqlite")
    other.execute("CREATE TABLE things (name TEXT)")
    other.close()
    with pytest.raises(NotARecording, match="is not a recording"):
        open_to_read(tmp_path / "other.sqlite")
    with pytest.raises(FileNotFoundError):
        open_to_read(tmp_path / "none.sqlite")
    assert not (tmp_path / "none.sqlite").exists()


def test_a_later_release_is_named(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    record(path, quiet(1))
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version=7")
    connection.close()
    for opened in (open_to_read, open_to_write):
        with pytest.raises(NewerRecording, match="later release"):
            opened(path)


def test_a_damaged_one_is_found_when_it_is_opened_to_write(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    record(path, quiet(50))
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 20_000)
    with pytest.raises(DamagedRecording, match="damaged"):
        open_to_write(path)


def test_it_is_read_where_nothing_can_be_written(tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    folder.mkdir()
    path = folder / "r [1]?#.sqlite"
    record(path, quiet(3))
    folder.chmod(0o500)
    try:
        with Reader(path) as reader:
            assert reader.contents().moments == 3
    finally:
        folder.chmod(0o700)


def test_what_is_put_aside_does_not_pile_up(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    put = []
    for number in range(5):
        record(path, quiet(1))
        put.append(set_aside(path, START + number))
        assert not path.exists()
    left = sorted(tmp_path.glob("*.sqlite"))
    assert left == sorted(put[-2:])


def test_contents_tell_what_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    record(path, quiet(10), environment="prod")
    with Reader(path) as reader:
        contents = reader.contents()
    assert contents.about["environment"] == "prod"
    assert (contents.first, contents.last, contents.moments) == (START, START + 45, 10)
    assert contents.bytes >= 4096
