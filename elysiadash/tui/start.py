"""Starts the app in this process's terminal: on clusters, or on a recording."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from elysiadash.tui.app import ElysiadashApp
from elysiadash.tui.appearance import Wish, appearance_of
from elysiadash.tui.clusters import Clusters, FirstRun, Given, connected
from elysiadash.tui.jobs_source import JobRooms
from elysiadash.tui.kept import Kept
from elysiadash.tui.keymap import keymap_file, read_keymap
from elysiadash.tui.source import Watched
from elysiadash.tui.terminal import Terminal, bear_foreign_bytes
from elysiadash.tui.themes import shipped_themes

if TYPE_CHECKING:
    from elysiadash.cluster.recording.replay import Replay
    from elysiadash.config.profile import Profile

_THREAD_TURN_S = 0.002


def run(profile: Profile, given: Given, signs: Wish = "auto") -> int:
    """Watch the profile's cluster in the full terminal until the user leaves.

    ``signs`` is what to draw with. Returns the exit code: 0, 129 or 143 after SIGHUP or SIGTERM,
    1 after a fault. Needs a terminal on standard input and output; the caller checks that.
    """
    return _show(
        lambda clusters: clusters.open(profile),
        title=f"elysiadash · {profile.name}",
        clusters=lambda: connected(given),
        state_dir=given.state_dir,
        demo=profile.name in given.simulated,
        first_run=given.first_run,
        signs=signs,
    )


def run_replay(replay: Replay, *, state_dir: Path | None, signs: Wish = "auto") -> int:
    """Show a recording in the full terminal until the user leaves; returns as ``run``."""
    return _show(
        lambda _: replay,
        title=f"elysiadash · REPLAY {replay.profile.name}",
        clusters=lambda: Clusters({}, lambda _: replay),
        state_dir=state_dir,
        demo=replay.demo,
        signs=signs,
    )


def _show(
    open: Callable[[Clusters], Watched],
    *,
    title: str,
    clusters: Callable[[], Clusters],
    state_dir: Path | None,
    demo: bool,
    signs: Wish,
    first_run: FirstRun | None = None,
) -> int:
    gc.disable()
    # Threads that decode large answers must not hold up keys and painting.
    sys.setswitchinterval(_THREAD_TURN_S)
    from elysiadash.config.paths import user_file

    folders = (shipped_themes(), user_file(os.environ).expanduser().parent / "themes")
    bear_foreign_bytes()
    # Set and empty means nothing (no-color.org); Textual takes it for a wish.
    if os.environ.get("NO_COLOR") == "":
        del os.environ["NO_COLOR"]
    appearance = appearance_of(os.environ, signs)
    with Terminal(appearance.shown(title)) as terminal:
        known = clusters()
        app = ElysiadashApp(
            open(known),
            demo=demo,
            terminal=terminal,
            theme_folders=folders,
            appearance=appearance,
            clusters=known,
            kept=Kept(state_dir),
            keymap=read_keymap(keymap_file(os.environ)),
            first_run=first_run,
            job_rooms=JobRooms(state_dir),
        )
        app.run()
    return app.return_code or 0
