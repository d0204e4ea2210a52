"""The seam to the full-screen app: nothing of it is loaded before it is wanted."""

from __future__ import annotations

import os
import sys

from elysiadash.cli.choosing import Chosen, chosen_cluster
from elysiadash.cli.exits import CommandFailed, Exit
from elysiadash.cli.flags import ClusterFlags
from elysiadash.cli.output import is_terminal, say
from elysiadash.config.profile import Profile

_LOOK_S = 1.5


def start_app(flags: ClusterFlags) -> int:
    """Show the chosen cluster in the full terminal; returns the exit code.

    Raises ``CommandFailed`` without a terminal: escape codes do not belong into a file.
    """
    need_terminal()
    with chosen_cluster(flags, full_screen=True) as chosen:
        if chosen.assumed and not _is_weaviate(chosen):
            return _first_run(chosen, flags)
        return show(chosen.profile, chosen)


def need_terminal() -> None:
    """Raise ``CommandFailed`` when nobody could see the app or press a key."""
    if os.environ.get("TERM") == "dumb":
        raise CommandFailed(
            "TERM=dumb: this terminal cannot show a full screen",
            "set TERM to what the terminal is, or use: elysiadash stats --watch",
            Exit.USAGE,
        )
    if is_terminal(sys.stdin) and is_terminal(sys.stdout):
        return
    raise CommandFailed(
        "the app needs a terminal on standard input and output",
        "for programs there is: elysiadash stats --json",
        Exit.USAGE,
    )


def show(profile: Profile, chosen: Chosen) -> int:
    """Start the app on a profile."""
    # Textual costs 150 ms and is wanted by nobody else.
    from elysiadash.tui.app import run

    return run(profile, state_dir=chosen.state_dir, demo=chosen.demo)


def _is_weaviate(chosen: Chosen) -> bool:
    """Whether a Weaviate, and not something else, answers at the assumed address."""
    import asyncio

    from elysiadash.cli.session import run_to_end, watching
    from elysiadash.weaviate.errors import Forbidden, Unauthorized, WeaviateError

    async def answers() -> int:
        async with watching(chosen) as watch:
            try:
                async with asyncio.timeout(_LOOK_S):
                    await watch.client.meta()
            except (Unauthorized, Forbidden):
                return True
            except (WeaviateError, TimeoutError):
                return False
        return True

    return bool(run_to_end(answers()))


def _first_run(chosen: Chosen, flags: ClusterFlags) -> int:
    """Nothing names a cluster and none is at hand: ask for one, or show the demo."""
    say(
        f"No cluster is named, and no Weaviate answers at {chosen.profile.url}.\n"
        "\n"
        "  elysiadash --url http://HOST:8080   one cluster, now\n"
        "  elysiadash config init              settings for all of them\n"
        "  elysiadash --demo                   a simulated cluster\n"
    )
    try:
        answer = input("URL of a Weaviate, or just Enter for the demo: ").strip()
    except EOFError:
        return Exit.USAGE
    wanted = ClusterFlags(url=answer) if answer else ClusterFlags(demo=True)
    with chosen_cluster(wanted.over(flags), full_screen=True) as named:
        return show(named.profile, named)
