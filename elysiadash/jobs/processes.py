"""Which process is which: a pid alone is given again, a pid with its start time is not."""

from __future__ import annotations

import os
import platform
import subprocess
from functools import cache
from pathlib import Path

import msgspec

_PROC = Path("/proc")
_ENDED = frozenset("ZXx")
"""States of /proc/PID/stat in which nothing runs any more (zombie, dead)."""


class Process(msgspec.Struct, frozen=True, gc=False):
    """One process, told apart from all others."""

    pid: int
    started: str
    """When it started, in the system's own unit; only compared."""
    boot: str
    """The start of the machine it runs on."""
    place: str
    """Where its pid means something: this start of this machine, this container."""


def this_process() -> Process:
    """The process that asks."""
    return _process(os.getpid())


def is_gone(process: Process) -> bool:
    """Whether it has ended for sure. False where it cannot be seen from here."""
    if process.place != this_process().place:
        return False
    return started(process.pid) != process.started


def started(pid: int) -> str | None:
    """When a process started, None when there is none (a zombie is none)."""
    if (_PROC / "self").exists():
        try:
            text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
        # The name stands in brackets and may hold any character, brackets too.
        fields = text.rpartition(")")[2].split()
        return None if fields[0] in _ENDED else fields[19]
    return _started_by_ps(pid)


def user_name() -> str:
    """The login name of whoever runs this, its number where it has none."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return f"uid {os.getuid()}"


@cache
def _process(pid: int) -> Process:
    boot = _boot()
    return Process(pid, started(pid) or "", boot, f"{boot} {_namespace()}")


@cache
def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        found = _output("sysctl", "-n", "kern.bootsessionuuid")
        return found or platform.node()


def _namespace() -> str:
    # Two containers on one machine have pids of their own.
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return platform.node()


def _started_by_ps(pid: int) -> str | None:
    state, _, when = _output("ps", "-o", "stat=,lstart=", "-p", str(pid)).partition(" ")
    return None if not state or state[0] in _ENDED else when.strip()


def _output(*words: str) -> str:
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
