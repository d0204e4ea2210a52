"""Starts the watchdog of a freeze and looks whether it lives; the worker's side of it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final

from elysiadash.jobs import processes
from elysiadash.jobs.claims import PATIENCE_S
from elysiadash.migrate.errors import NotFrozen
from elysiadash.migrate.freeze.noted import Watcher

MODULE: Final = "elysiadash.migrate.freeze.watchdog"
LOG_FILE_NAME: Final = "freeze-watchdog.log"
READY: Final = b"ready\n"
SILENCE_S = PATIENCE_S
"""How long the worker may be silent before the watchdog thaws."""
_READY_S: Final = 20.0


async def start(state: Path, job: str, mark: str) -> Watcher:
    """Start the watchdog of a freeze that is noted and not begun.

    It is ready when it has reached the cluster with the credentials that it will need. Raises
    ``NotFrozen`` with what it said.
    """
    return await asyncio.to_thread(_start, state, job, mark)


def lives(watcher: Watcher | None) -> bool:
    """Whether the process is there."""
    return watcher is not None and processes.started(watcher.pid) == watcher.started


def log_path(state: Path) -> Path:
    """What watchdogs say."""
    return state / "log" / LOG_FILE_NAME


def _start(state: Path, job: str, mark: str) -> Watcher:
    path = log_path(state)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    begins = os.fstat(log).st_size
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", MODULE, "--state", str(state.absolute()), "--job", job,
             "--mark", mark, "--silence", str(SILENCE_S)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            # It must outlive the worker, whatever ends that: its terminal, its group, a kill.
            start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise NotFrozen(
            f"the watchdog could not be started ({error.strerror}); nothing was frozen"
        ) from None
    finally:
        os.close(log)
    said = _first_line(process)
    threading.Thread(target=process.wait, name="the watchdog's end", daemon=True).start()
    started = processes.started(process.pid)
    if said != READY or started is None:
        process.kill()
        raise NotFrozen(
            "the watchdog that would thaw after our death is not ready, so nothing was frozen; "
            f"it says: {_words(path, begins)}"
        )
    return Watcher(process.pid, started)


def _first_line(process: subprocess.Popen[bytes]) -> bytes:
    found: list[bytes] = []
    pipe = process.stdout
    if pipe is None:
        return b""

    def read() -> None:
        with pipe:
            found.append(pipe.readline())

    reader = threading.Thread(target=read, name="the watchdog's word", daemon=True)
    reader.start()
    reader.join(_READY_S)
    return found[0] if found else b""


def _words(path: Path, begins: int) -> str:
    try:
        with path.open("rb") as file:
            file.seek(begins)
            return file.read(4000).decode(errors="replace").strip() or "nothing"
    except OSError:
        return "nothing"
