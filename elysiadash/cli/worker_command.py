"""``worker``: the process that does the jobs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from elysiadash.cli.exits import CommandFailed, Exit
from elysiadash.cli.output import is_terminal, say, write_line
from elysiadash.config.logs import set_up
from elysiadash.config.paths import find_places
from elysiadash.config.tuning import LogSettings
from elysiadash.jobs.errors import JobsError
from elysiadash.jobs.launch import launch, log_path, stop
from elysiadash.jobs.worker_lock import HANDED_OVER


def worker(*, detached: bool, idle_s: float | None, end: bool) -> int:
    """Be the worker, start it as a process of its own, or end the one that lives."""
    state = state_folder()
    try:
        if end:
            return _stop(state)
        if detached and HANDED_OVER not in os.environ:
            return _launch(state)
        return _work(state, idle_s, guarded=detached)
    except JobsError as error:
        raise CommandFailed(str(error)) from None


def state_folder() -> Path:
    """Where jobs are kept. Raises ``CommandFailed`` where nothing can be kept."""
    places = find_places(os.environ)
    if places.state is None:
        raise CommandFailed("there are no jobs without a folder for them", places.message)
    return places.state


def _work(state: Path, idle_s: float | None, *, guarded: bool) -> int:
    from elysiadash.worker.main import IDLE_S, run

    # Into the worker's log, which is our stderr where a face has started us.
    setup = set_up(LogSettings(), None, full_screen=False)
    try:
        if not guarded and is_terminal(sys.stderr):
            say("at work; Ctrl-C gives every job back and ends")
        return run(state, idle_s=IDLE_S if idle_s is None else idle_s, guarded=guarded, say=say)
    finally:
        setup.close()


def _launch(state: Path) -> int:
    launched = launch(state)
    if not launched.started:
        say(f"a worker is there already (pid {launched.pid})")
    else:
        say(f"the worker has begun (pid {launched.pid}); its log: {log_path(state)}")
    write_line(str(launched.pid))
    return Exit.OK


def _stop(state: Path) -> int:
    pid = stop(state)
    if pid is None:
        say("no worker lives")
        return Exit.OK
    say(f"the worker (pid {pid}) has ended; jobs go on with the next: elysiadash worker --detached")
    write_line(str(pid))
    return Exit.OK
