"""The seam to the full-screen app: nothing of it is loaded before it is wanted."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from elysiadash.cli.choosing import Chosen, chosen_cluster, load_settings, profile_of_demo
from elysiadash.cli.exits import CommandFailed, Exit
from elysiadash.cli.flags import ClusterFlags
from elysiadash.cli.output import is_terminal
from elysiadash.config.paths import user_file
from elysiadash.config.profile import Profile

if TYPE_CHECKING:
    from elysiadash.tui.clusters import FirstRun


def start_app(flags: ClusterFlags, *, ascii: bool = False) -> int:
    """Show the chosen cluster in the full terminal; returns the exit code.

    With ``ascii`` the app draws with ASCII signs only. Where nothing names a cluster and none
    answers at the usual place, the app asks for one.
    Raises ``CommandFailed`` without a terminal: escape codes do not belong into a file.
    """
    need_terminal()
    with ExitStack() as demos, chosen_cluster(flags, full_screen=True) as chosen:
        first_run = _first_run(flags, demos) if chosen.assumed else None
        settings = Path(flags.config) if flags.config else user_file(os.environ)
        return show(chosen, first_run, ascii=ascii, settings_file=settings.expanduser())


def need_terminal() -> None:
    """Raise ``CommandFailed`` when nobody could see the app or press a key."""
    if os.environ.get("TERM") == "dumb":
        raise CommandFailed(
            "TERM=dumb: this terminal cannot show a full screen",
            "set TERM to what the terminal is, or use: elysiadash stats --watch",
            Exit.USAGE,
        )
    # Textual draws on standard error.
    if all(is_terminal(stream) for stream in (sys.stdin, sys.stdout, sys.stderr)):
        return
    raise CommandFailed(
        "the app needs a terminal on standard input, output and error",
        "for programs there is: elysiadash stats --json",
        Exit.USAGE,
    )


def load_app() -> None:
    """Load what ``show`` needs, while something else is waited for."""
    import elysiadash.cluster.connect
    import elysiadash.tui.start  # noqa: F401


def show(
    chosen: Chosen,
    first_run: FirstRun | None = None,
    *,
    ascii: bool = False,
    settings_file: Path | None = None,
) -> int:
    """Start the app on the chosen cluster, with the others at hand."""
    # Textual costs 150 ms and is wanted by nobody else.
    from elysiadash.tui.clusters import Given
    from elysiadash.tui.start import run

    given = Given(
        profiles=chosen.profiles,
        broken=chosen.broken,
        simulated=frozenset(chosen.profiles) if chosen.demo else frozenset(),
        state_dir=chosen.state_dir,
        first_run=first_run,
        settings_file=settings_file,
    )
    return run(chosen.profile, given, "ascii" if ascii else "auto")


def _first_run(flags: ClusterFlags, demos: ExitStack) -> FirstRun:
    """What the app does with an address that is typed, or with the wish for a demo.

    A demo that is started lives as long as ``demos``.
    """
    from elysiadash.cluster.glance import first_answer
    from elysiadash.tui.clusters import FirstRun

    def profile_of(url: str) -> Profile:
        given = {name: value for name, value in flags.for_settings().items() if value}
        return load_settings(flags).ad_hoc(url, given)

    def start_demo() -> tuple[Profile, ...] | str:
        from elysiadash.cli.demo_process import demo_clusters

        try:
            clusters = demos.enter_context(demo_clusters("all"))
        except (CommandFailed, OSError) as error:
            return str(error)
        return tuple(profile_of_demo(cluster, write=flags.write) for cluster in clusters)

    return FirstRun(
        settings_file=str(user_file(os.environ)),
        profile_of=profile_of,
        start_demo=start_demo,
        first_answer=first_answer,
    )
