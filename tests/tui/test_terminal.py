"""However the app ends, it ends, and the terminal is as it was."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from tests.tui.test_themes import ROOT

pytestmark = pytest.mark.slow

_ENTERED, _LEFT = b"\x1b[?1049h", b"\x1b[?1049l"
_LONG_S = 60.0
"""Far above anything measured: the machine may be busy."""


class Session:
    """The app in a terminal of its own."""

    def __init__(self, mode: str, size: tuple[int, int] = (30, 100), **popen: Any) -> None:
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        self.before = termios.tcgetattr(self.slave)
        self.output = b""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.tui.pty_app", mode],
            cwd=ROOT,
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            env={**os.environ, "TERM": "xterm-256color"},
            **popen,
        )

    def wait_for(self, text: bytes) -> None:
        """Read until ``text`` was written."""
        deadline = time.monotonic() + _LONG_S
        while text not in self.output:
            assert time.monotonic() < deadline, self.output[-2000:]
            self._read(0.1)

    def wait(self) -> int:
        """Read until the process has ended; returns its code."""
        deadline = time.monotonic() + _LONG_S
        while self.process.poll() is None:
            assert time.monotonic() < deadline, "still running"
            self._read(0.05)
        self._read(0.05)
        return self.process.returncode

    def write(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self.master, keys)

    def hang_up(self) -> None:
        """The terminal is gone."""
        os.close(self.slave)
        os.close(self.master)
        self.slave = self.master = -1

    def close(self) -> None:
        """End what still runs, and give back the terminal."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for end in (self.master, self.slave):
            if end >= 0:
                os.close(end)

    @property
    def is_as_before(self) -> bool:
        """Whether the terminal's own settings are those from before."""
        return termios.tcgetattr(self.slave) == self.before

    def _read(self, seconds: float) -> None:
        if self.master < 0:
            time.sleep(seconds)
            return
        with suppress(OSError):
            while select.select([self.master], [], [], seconds)[0]:
                self.output += os.read(self.master, 65536)
                seconds = 0


@pytest.fixture
def session(request: pytest.FixtureRequest) -> Iterator[Session]:
    """A running app that has painted its rows; the mode is the fixture's parameter."""
    started = Session(request.param, start_new_session=True)
    try:
        started.wait_for(b"Documents")
        yield started
    finally:
        started.close()


@pytest.mark.parametrize("session", ["plain", "ignoring"], indirect=True)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGHUP, 129), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_in_order(session: Session, number: int, code: int) -> None:
    session.process.send_signal(number)
    assert session.wait() == code
    assert b"closed=True" in session.output
    assert session.output.count(_ENTERED) == session.output.count(_LEFT) == 1
    assert session.is_as_before


@pytest.mark.parametrize("session", ["plain"], indirect=True)
def test_ctrl_c_twice_ends_it(session: Session) -> None:
    session.write(b"\x03")
    session.wait_for(b"again to leave")
    session.write(b"\x03")
    assert session.wait() == 0
    assert _LEFT in session.output
    assert session.is_as_before


@pytest.mark.parametrize("session", ["plain", "ignoring"], indirect=True)
def test_a_terminal_that_goes_away_ends_it(session: Session) -> None:
    session.hang_up()
    assert session.wait() == 129


@pytest.mark.parametrize("session", ["stuck"], indirect=True)
def test_one_that_is_stuck_is_ended_and_the_terminal_restored(session: Session) -> None:
    session.process.send_signal(signal.SIGTERM)
    assert session.wait() == 143
    assert b"closed=True" not in session.output
    assert _LEFT in session.output
    assert session.is_as_before


@pytest.mark.parametrize("session", ["failing"], indirect=True)
def test_a_fault_restores_the_terminal_and_shows_where(session: Session) -> None:
    assert session.wait() == 1
    assert b"failed in a timer" in session.output
    assert _LEFT in session.output
    assert session.is_as_before


@pytest.mark.parametrize("session", ["plain"], indirect=True)
def test_the_title_names_the_cluster_and_is_taken_back(session: Session) -> None:
    assert "\x1b]2;elysiadash · test\x07".encode() in session.output
    session.process.send_signal(signal.SIGTERM)
    session.wait()
    assert b"\x1b]2;\x07" in session.output


@pytest.mark.parametrize("session", ["plain"], indirect=True)
def test_any_size_is_survived(session: Session) -> None:
    for lines, columns in ((24, 80), (10, 40), (5, 20), (2, 5), (1, 1), (50, 200)):
        size = struct.pack("HHHH", lines, columns, 0, 0)
        fcntl.ioctl(session.slave, termios.TIOCSWINSZ, size)
        session.process.send_signal(signal.SIGWINCH)
        time.sleep(0.1)
    session.output = b""
    session.write(b"?")
    session.wait_for(b"esc closes")
    session.process.send_signal(signal.SIGTERM)
    assert session.wait() == 143
