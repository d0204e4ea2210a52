"""A pane of a terminal: a process in a pty, and an emulator that knows what is on its screen."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyte

ROOT = Path(__file__).parents[2]
LONG_S = 60.0
"""Seconds to wait for anything: far above what was ever measured, the machine may be busy."""

_LOOK_S = 0.02
# The emulator draws the ends of these as text.
_PRIVATE = re.compile(rb"\x1b\[[<>=?][0-9;]*\$?[a-zA-Z]")
_UNFINISHED = re.compile(rb"\x1b[^a-zA-Z\\\x07]*$")
# A shell's part: the process is the leader of a session that has this terminal.
_OWN_TERMINAL = (
    "import fcntl, os, signal, sys, termios\n"
    "fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
    "[signal.signal(getattr(signal, n), signal.SIG_IGN) for n in sys.argv[1].split()]\n"
    "os.execvp(sys.argv[2], sys.argv[2:])\n"
)


class Pane:
    """A process in a terminal of so many columns and lines.

    ``ignoring`` names signals that it starts with ignored, as under nohup.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        columns: int = 160,
        lines: int = 40,
        env: Mapping[str, str] | None = None,
        cwd: Path = ROOT,
        ignoring: str = "",
    ) -> None:
        self.master, self.slave = pty.openpty()
        self._size(columns, lines)
        self.before = termios.tcgetattr(self.slave)
        self.started_at = time.perf_counter()
        self.written = b""
        """All that it wrote."""
        self.first_byte_at: float | None = None
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self._fed = 0
        self._ends: list[int] = []
        """Where each piece that was read ended, of those the emulator has not seen."""
        self._arrived = threading.Condition()
        self._closing = threading.Event()
        self.process = subprocess.Popen(
            [sys.executable, "-ISc", _OWN_TERMINAL, ignoring, *command],
            cwd=cwd,
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            env={**os.environ, "TERM": "xterm-256color", **(env or {})},
            start_new_session=True,
        )
        # A process that nobody reads from is held by its own output.
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Pane:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Keys

    def press(self, keys: str) -> None:
        """Type; ``\\x1b`` is escape. What was shown before does not count as its outcome."""
        self._fed_up()
        os.write(self.master, keys.encode())

    def signal(self, number: int) -> None:
        """Send the process a signal."""
        self.process.send_signal(number)

    def resize(self, columns: int, lines: int) -> None:
        """Another size, while it runs."""
        self._fed_up()
        self._screen.resize(lines, columns)
        self._size(columns, lines)

    def hang_up(self) -> None:
        """The terminal is gone."""
        self._closing.set()
        self._reader.join()
        for end in (self.master, self.slave):
            os.close(end)
        self.master = self.slave = -1

    # What is seen

    @property
    def lines(self) -> list[str]:
        """The lines on the screen."""
        self._fed_up()
        return self._display().split("\n")

    @property
    def text(self) -> str:
        """The screen as one text."""
        self._fed_up()
        return self._display()

    @property
    def title(self) -> str:
        """The terminal's title."""
        self._fed_up()
        return str(self._screen.title)

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process.poll() is None

    @property
    def is_as_before(self) -> bool:
        """Whether the terminal's own settings are those from before."""
        return bool(termios.tcgetattr(self.slave) == self.before)

    @property
    def modes(self) -> set[int]:
        """The private modes that are on: 1049 alternate screen, 1000 to 1006 mouse, 2004 paste."""
        on: set[int] = set()
        for numbers, way in re.findall(rb"\x1b\[\?([0-9;]+)([hl])", self.written):
            changed = {int(number) for number in numbers.split(b";")}
            on = on | changed if way == b"h" else on - changed
        return on

    # Waiting

    def until(self, holds: Callable[[str], object], what: str = "", seconds: float = LONG_S) -> str:
        """Wait until the screen is so; returns its text."""
        deadline = time.monotonic() + seconds
        while True:
            with self._arrived:
                seen, pieces = len(self.written), list(self._ends)
            # One by one: what was shown for a moment counts, however late one looks.
            for end in pieces or [seen]:
                self._fed_up(end)
                text = self._display()
                if holds(text):
                    return text
            ended = not self.alive and seen == len(self.written)
            if ended or time.monotonic() > deadline:
                why = f"ended with {self.process.poll()}" if ended else f"not in {seconds:g} s"
                raise AssertionError(f"{why}: {what}\n{text}")
            with self._arrived:
                if len(self.written) == seen:
                    self._arrived.wait(0.1)

    def wait_for(self, *words: str, seconds: float = LONG_S) -> str:
        """Wait until all these words are on the screen; returns its text."""
        return self.until(lambda text: all(word in text for word in words), repr(words), seconds)

    def wait_without(self, word: str, seconds: float = LONG_S) -> str:
        """Wait until this word is on the screen no more; returns its text."""
        return self.until(lambda text: word not in text, f"without {word!r}", seconds)

    def wait(self, seconds: float = LONG_S) -> int:
        """Wait until the process has ended; returns its code."""
        code = self.process.wait(seconds)
        self.drain()
        return code

    def drain(self) -> None:
        """Wait until all that was written so far has been read."""
        while self.master >= 0:
            with self._arrived:
                if not select.select([self.master], [], [], 0)[0]:
                    return
            time.sleep(_LOOK_S)

    def close(self) -> None:
        """End what still runs, and give back the terminal."""
        if self.alive:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
        if self.alive:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        if self.master >= 0:
            self.hang_up()

    # Inside

    def _size(self, columns: int, lines: int) -> None:
        size = struct.pack("HHHH", lines, columns, 0, 0)
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, size)

    def _read(self) -> None:
        while not self._closing.is_set():
            if not select.select([self.master], [], [], _LOOK_S)[0]:
                continue
            with self._arrived:
                try:
                    piece = os.read(self.master, 65_536)
                except OSError:
                    return
                self.first_byte_at = self.first_byte_at or time.perf_counter()
                self.written += piece
                self._ends.append(len(self.written))
                self._arrived.notify_all()

    def _display(self) -> str:
        return "\n".join(line.rstrip() for line in self._screen.display)

    def _fed_up(self, end: int | None = None) -> None:
        """Let the emulator see what has come; what is cut in a sequence waits for its rest."""
        with self._arrived:
            piece = self.written[self._fed : end]
            self._ends = [each for each in self._ends if each > (end or len(self.written))]
        cut = _UNFINISHED.search(piece[-64:])
        if cut is not None:
            piece = piece[: len(piece) - len(cut.group())]
        self._fed += len(piece)
        self._stream.feed(_PRIVATE.sub(b"", piece))


def app(*arguments: str, **options: Any) -> Pane:
    """``elysiadash`` with these words."""
    return Pane([sys.executable, "-m", "elysiadash", *arguments], **options)


def at_home(folder: Path, **more: str) -> dict[str, str]:
    """Variables that keep a process's files in a folder of the test."""
    kinds = ("config", "state", "cache")
    places = {f"ELYSIADASH_{kind.upper()}_DIR": str(folder / kind) for kind in kinds}
    usual = {"HOME": str(folder), "LANG": "C.UTF-8", "COLORTERM": "", "NO_COLOR": ""}
    return {**usual, **places, **more}
