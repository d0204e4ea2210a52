"""One process records; when it dies, however it dies, another can."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from elysiadash.cluster.recording.lock import Holder, RecorderLock

ROOT = Path(__file__).parents[4]


@contextmanager
def holding(path: Path, what: str) -> Iterator[subprocess.Popen[str]]:
    """The other process; dead at the end."""
    words = [sys.executable, "-m", "tests.unit.cluster.recording.holding", str(path), what]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_the_other_has_it_until_it_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "r.sqlite"
    with holding(path, "lock") as other:
        assert first_line(other) == "held"
        lock = RecorderLock(path)
        assert not lock.take(1.0)
        holder = lock.holder()
        assert holder is not None
        assert holder.pid == other.pid
        other.send_signal(signal.SIGKILL)
        other.wait(10)
        assert lock.take(2.0)
        assert lock.holder() == Holder(os.getpid(), 2.0)
        with holding(path, "lock") as third:
            assert first_line(third) == "taken"
        lock.release()
        with holding(path, "lock") as fourth:
            assert first_line(fourth) == "held"


def test_two_of_one_process_are_two(tmp_path: Path) -> None:
    one, two = RecorderLock(tmp_path / "r.sqlite"), RecorderLock(tmp_path / "r.sqlite")
    assert one.take(1.0)
    assert one.take(2.0)
    assert one.holder() == Holder(os.getpid(), 1.0)
    assert not two.take(3.0)
    one.release()
    assert two.take(4.0)
    two.release()


def test_a_lock_whose_file_was_removed_is_not_ours_any_more(tmp_path: Path) -> None:
    lock = RecorderLock(tmp_path / "r.sqlite")
    assert lock.take(1.0)
    assert lock.is_ours()
    (tmp_path / "r.sqlite.lock").unlink()
    assert not lock.is_ours()
    other = RecorderLock(tmp_path / "r.sqlite")
    assert other.take(2.0)
    assert not lock.take(3.0)
    other.release()


@pytest.mark.parametrize("note", [b"", b"{", b"\xff\xfe", b'{"pid": "x"}', b"x" * 5000])
def test_a_note_that_cannot_be_read_is_no_holder(tmp_path: Path, note: bytes) -> None:
    lock = RecorderLock(tmp_path / "r.sqlite")
    assert lock.holder() is None
    (tmp_path / "r.sqlite.lock").write_bytes(note)
    assert lock.holder() is None
