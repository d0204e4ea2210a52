"""Simulated clusters as a process beside us, which ends when we do."""

from __future__ import annotations

import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from elysiadash.cli.documents import DemoItem
from elysiadash.cli.exits import CommandFailed, Exit

_START_S = 20.0
_STOP_S = 3.0
_WRONG_WORDS = (2, 64)


class _Ready(msgspec.Struct, gc=False):
    """The one line that the process prints."""

    clusters: tuple[DemoItem, ...]


@contextmanager
def demo_clusters(
    scenario: str = "healthy",
    *,
    seed: int | None = None,
    scale: str | None = None,
    port_base: int | None = None,
    meanwhile: Callable[[], object] = lambda: None,
) -> Iterator[tuple[DemoItem, ...]]:
    """The clusters of a scenario for as long as the block lasts.

    ``meanwhile`` is done while they start. The process lives until its standard input closes, so
    it dies with us whatever happens.
    Raises ``CommandFailed`` with the process's own words when it does not start.
    """
    command = [sys.executable, "-m", "elysiadash.demo", "--scenario", scenario]
    for name, value in (("--seed", seed), ("--scale", scale), ("--port-base", port_base)):
        if value is not None:
            command += [name, str(value)]
    # A session of its own: Ctrl-C is for us, and we end it.
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        meanwhile()
        yield _ready(process)
    finally:
        _end(process)


def _ready(process: subprocess.Popen[bytes]) -> tuple[DemoItem, ...]:
    line = _first_line(process)
    try:
        return msgspec.json.decode(line, type=_Ready).clusters
    except msgspec.DecodeError:
        _end(process)
        words = process.stderr.read().decode("utf-8", "replace") if process.stderr else ""
        last = words.strip().splitlines()[-1:] or [f"it ended with code {process.returncode}"]
        code = Exit.USAGE if process.returncode in _WRONG_WORDS else Exit.FAILED
        raise CommandFailed(f"the demo did not start: {last[0]}", code=code) from None


def _first_line(process: subprocess.Popen[bytes]) -> bytes:
    """What it prints until the first line break, empty when it says nothing in time."""
    found = b""
    out = process.stdout
    deadline = time.monotonic() + _START_S
    while out is not None and not found.endswith(b"\n"):
        readable, _, _ = select.select([out], [], [], max(0.0, deadline - time.monotonic()))
        piece = out.read1(65_536) if readable else b""  # type: ignore[attr-defined]
        if not piece:
            break
        found += piece
    return found


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None and not process.stdin.closed:
        process.stdin.close()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
