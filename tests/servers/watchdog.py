"""A companion process that tidies up when the test process dies without doing so.

It reads lines from its standard input, which only the test process holds open: ``started PID``,
``ended PID``, ``folder PATH``. At the end of the input it kills the process groups that are still
noted and removes the folders. Works without the help of a particular operating system.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TextIO


class Watchdog:
    """The test process's end of the companion."""

    def __init__(self) -> None:
        # A session of its own: Ctrl-C in the terminal must not end it before its work is done.
        self._process = subprocess.Popen(
            [sys.executable, "-I", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            text=True,
        )

    @property
    def pid(self) -> int:
        """The companion's process id."""
        return self._process.pid

    def started(self, pid: int) -> None:
        """``pid`` leads a process group that must not outlive us."""
        self._say(f"started {pid}")

    def ended(self, pid: int) -> None:
        """``pid`` is gone: its number may soon be another's."""
        self._say(f"ended {pid}")

    def folder(self, path: Path) -> None:
        """``path`` must not outlive us."""
        self._say(f"folder {path}")

    def close(self) -> None:
        """End the companion; it removes what is still noted."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()

    def _say(self, line: str) -> None:
        if self._process.stdin is None:
            raise RuntimeError("the watchdog has no input")
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()


def watch(lines: TextIO) -> None:
    """Note what the lines say, and tidy up at their end."""
    running: set[int] = set()
    folders: list[Path] = []
    for line in lines:
        word, _, rest = line.rstrip("\n").partition(" ")
        if word == "started":
            running.add(int(rest))
        elif word == "ended":
            running.discard(int(rest))
        elif word == "folder":
            folders.append(Path(rest))
    for pid in running:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
    for folder in folders:
        _remove(folder)


def _remove(folder: Path) -> None:
    """Remove ``folder``, again while a dying process still writes into it."""
    for _ in range(50):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.1)


if __name__ == "__main__":
    watch(sys.stdin)
