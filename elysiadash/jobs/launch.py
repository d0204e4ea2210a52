"""Starts the worker as a process of its own, which outlives the terminal it was started from.

The worker's code is never imported: what it is, is a line of arguments.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from elysiadash.jobs.errors import LaunchFailed
from elysiadash.jobs.worker_lock import HANDED_OVER, WorkerLock, write_note

WORKER_MODULE = "elysiadash"
WORKER = (sys.executable, "-m", WORKER_MODULE, "worker", "--detached")
LOG_FILE_NAME = "worker.log"
_LOG_BYTES = 8 * 1024 * 1024
"""A longer log is put aside at the next start, as ``worker.log.1``."""
_AT_ONCE_S = 0.3
"""A worker that ends sooner has failed to start."""
_TOLD = 2000


class Launched(msgspec.Struct, frozen=True, gc=False):
    """The worker's process."""

    pid: int
    started: bool
    """False where one was there already."""


def launch(
    state: Path, *, arguments: Sequence[str] = WORKER, env: Mapping[str, str] | None = None
) -> Launched:
    """Start the worker of a state folder, unless one lives.

    It gets this process's environment (or ``env``) and so its credentials, a session of its own,
    no terminal, and ``log/worker.log`` for what it prints. Takes about 0.3 s. Raises
    ``LaunchFailed`` with the end of the log.
    """
    lock = WorkerLock(state)
    try:
        handle = lock.hand_over()
        if handle is None:
            return Launched(_pid_of_living(lock), started=False)
        try:
            process = _start(state, arguments, os.environ if env is None else env, handle)
            write_note(handle, process.pid, time.time())
        finally:
            # The lock is the new process's now: it has the same handle.
            lock.release()
    except OSError as error:
        raise LaunchFailed(
            f"the worker could not be started: {error.strerror or error}"
            + (f" ({error.filename})" if error.filename else "")
        ) from None
    _look(process, state)
    return Launched(process.pid, started=True)


def stop(state: Path, *, patience: float = 30.0) -> int | None:
    """Tell the worker of a state folder to give its jobs back and end, and wait for that.

    Its pid, None where there was none. Raises ``LaunchFailed`` where it has not ended in time.
    """
    lock = WorkerLock(state)
    note = lock.held_by()
    if note is None:
        return None
    with contextlib.suppress(ProcessLookupError):
        os.kill(note.pid, signal.SIGTERM)
    until = time.monotonic() + patience
    while (now := lock.held_by()) is not None and now.pid == note.pid:
        if time.monotonic() > until:
            raise LaunchFailed(
                f"the worker (pid {note.pid}) was told to end and has not within {patience:g} s; "
                f"see {log_path(state)}"
            )
        time.sleep(0.05)
    return note.pid


def log_path(state: Path) -> Path:
    """Where the worker's own words go."""
    return state / "log" / LOG_FILE_NAME


def _start(
    state: Path, arguments: Sequence[str], env: Mapping[str, str], handle: int
) -> subprocess.Popen[bytes]:
    path = log_path(state)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > _LOG_BYTES:
        path.replace(path.with_name(f"{path.name}.1"))
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**env, "ELYSIADASH_STATE_DIR": str(state.absolute()), HANDED_OVER: str(handle)},
            pass_fds=(handle,),
            # No terminal, so its hang-up is none of the worker's business.
            start_new_session=True,
        )
    finally:
        os.close(log)


def _look(process: subprocess.Popen[bytes], state: Path) -> None:
    """Tell a worker that ends at once from one that works, and let no zombie stay."""
    try:
        code = process.wait(_AT_ONCE_S)
    except subprocess.TimeoutExpired:
        threading.Thread(target=process.wait, name="worker's end", daemon=True).start()
        return
    if code != 0:
        raise LaunchFailed(
            f"the worker ended at once with code {code}; "
            f"{log_path(state)} says:\n{_end_of_log(state)}",
            code,
        )


def _end_of_log(state: Path) -> str:
    try:
        with log_path(state).open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - _TOLD))
            return file.read().decode(errors="replace").strip()
    except OSError:
        return "(cannot be read)"


def _pid_of_living(lock: WorkerLock) -> int:
    note = lock.held_by()
    if note is None:
        raise LaunchFailed(
            f"another process holds {lock.path} and does not say which; try again in a moment"
        )
    return note.pid
