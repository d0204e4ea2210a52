"""``replay``: the app on a recording instead of a cluster."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from elysiadash.cli.choosing import chosen_cluster, logging_to
from elysiadash.cli.exits import CommandFailed, Exit
from elysiadash.cli.flags import ClusterFlags
from elysiadash.cli.moments import moment
from elysiadash.cli.start_app import need_terminal
from elysiadash.cluster.recording.file import NotARecording, recording_path
from elysiadash.cluster.recording.replay import Replay
from elysiadash.config.paths import find_places
from elysiadash.config.tuning import LogSettings


def replay(flags: ClusterFlags, file: str | None, at: str | None, *, ascii: bool = False) -> int:
    """Show a recording in the full terminal; returns the exit code.

    Without ``file`` it is that of the chosen profile; ``at`` is where to begin, and
    with ``ascii`` the app draws with ASCII signs only.
    """
    need_terminal()
    with _recording(flags, file) as path:
        opened = opened_recording(path, at)
        # Textual costs 150 ms and is wanted by nobody else.
        from elysiadash.tui.start import run_replay

        state = find_places(os.environ).state
        return run_replay(opened, state_dir=state, signs="ascii" if ascii else "auto")


def opened_recording(path: Path, at: str | None) -> Replay:
    """The recording at the moment wanted. Raises ``CommandFailed`` with what is wrong with it."""
    try:
        found = Replay.open(path)
        if at is not None:
            found.begin_at(moment(at, found.end, "--at"))
    except FileNotFoundError:
        raise CommandFailed(
            f"there is no recording at {path}",
            "one is written while the app runs, or by: elysiadash record",
        ) from None
    except NotARecording as error:
        raise CommandFailed(str(error)) from None
    return found


@contextmanager
def _recording(flags: ClusterFlags, file: str | None) -> Iterator[Path]:
    """Where the recording is, with a log for as long as it is shown."""
    if file is not None:
        # It may be of a cluster that nothing here knows.
        places = find_places(os.environ)
        with logging_to(LogSettings(), places, full_screen=True):
            yield Path(file).expanduser()
        return
    if flags.demo or flags.scenario:
        raise CommandFailed(
            "a demo has no recording of its own",
            "name the file that elysiadash record --demo --file FILE wrote",
            Exit.USAGE,
        )
    with chosen_cluster(flags, full_screen=True) as chosen:
        if chosen.state_dir is None:
            raise CommandFailed("there is no folder for recordings", chosen.places.message)
        yield recording_path(chosen.state_dir, chosen.profile.name, chosen.profile.url)
