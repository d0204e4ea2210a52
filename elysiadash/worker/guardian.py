"""A small process beside the worker that starts another one where the worker is killed.

``Guard`` is the worker's side; ``python -m elysiadash.worker.guardian STATE WORDS...`` the other.
It only waits at its standard input, which ends when the worker does, however that happens. A
worker that ends by itself says so first. ``WORDS`` is the command line of the worker.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from elysiadash.jobs.claims import MOST_CRASHES
from elysiadash.jobs.errors import LaunchFailed
from elysiadash.jobs.launch import launch

MODULE = "elysiadash.worker.guardian"
_KILLED_BEFORE = "ELYSIADASH_WORKER_KILLED"
"""Variable with how often workers in a row were killed soon after their start."""
_MOST = MOST_CRASHES + 2
"""More than a job that kills its worker gets: it is given up first, and the others are done."""
_SOON_S = 60.0
_LONGEST_WAIT_S = 8
_DYING_S = 0.1
"""A killed process may close the pipe a little before it lets go of the worker's lock."""
_GOODBYE = b"."


class Guard:
    """The guardian of this process, for the length of the block."""

    def __init__(self, state: Path, words: Sequence[str] | None = None) -> None:
        self._state = state
        self._words = tuple(words or (sys.executable, *sys.orig_argv[1:]))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.keep()
        return self

    def __exit__(self, *_: object) -> None:
        self.dismiss()
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(2)

    def keep(self) -> None:
        """Start one where there is none (any more)."""
        if self._process is not None and self._process.poll() is None:
            return
        with contextlib.suppress(OSError):
            # Without one the worker still works; the next face starts another.
            self._process = subprocess.Popen(
                [sys.executable, "-m", MODULE, str(self._state), *self._words],
                stdin=subprocess.PIPE,
                # A signal to the worker's group must not reach it.
                start_new_session=True,
            )

    def dismiss(self) -> None:
        """Tell it that this process ends by itself. Takes no lock: a signal's handler calls it."""
        if self._process is None or self._process.stdin is None:
            return
        with contextlib.suppress(OSError, ValueError):
            os.write(self._process.stdin.fileno(), _GOODBYE)
            self._process.stdin.close()


def main(words: Sequence[str]) -> int:
    """Wait for the worker's end, and start another where it said no goodbye."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    state, *worker = words
    began = time.monotonic()
    if sys.stdin.buffer.read(1) == _GOODBYE:
        return 0
    killed = 1
    if time.monotonic() - began < _SOON_S:
        killed += int(os.environ.get(_KILLED_BEFORE, "0"))
    _say(f"the worker was killed; it is started again ({killed} in a row)")
    for attempt in range(killed - 1, _MOST):
        # At once the first time, then with time to breathe.
        time.sleep(min(2 ** (attempt - 1), _LONGEST_WAIT_S) if attempt else _DYING_S)
        try:
            launch(
                Path(state), arguments=worker, env={**os.environ, _KILLED_BEFORE: str(attempt + 1)}
            )
        except LaunchFailed as error:
            _say(str(error))
            if error.code == -signal.SIGTERM:
                # Told to end before it could say so.
                return 0
        else:
            return 0
    _say("given up: start a worker by hand, with: elysiadash worker --detached")
    return 1


def _say(text: str) -> None:
    """Into the worker's log, which this process has inherited as its stderr."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"guardian: {text}\n")
        sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
