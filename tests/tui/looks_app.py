"""The app over a still watch, drawn for the terminal that the environment names.

``python -m tests.tui.looks_app THEME``; a process of its own for ``test_terminal_looks``.
"""

from __future__ import annotations

import os
import sys

from elysiadash.tui.app import ElysiadashApp
from elysiadash.tui.appearance import appearance_of
from elysiadash.tui.terminal import Terminal
from tests.tui.still import still_cluster


def main(theme: str) -> int:
    """Run until told to leave; returns the exit code."""
    watch = still_cluster()
    looks = appearance_of(os.environ)
    with Terminal(looks.shown("elysiadash · test")) as terminal:
        app = ElysiadashApp(
            watch, clock=watch.clock, terminal=terminal, appearance=looks, theme=theme
        )
        app.run()
    return app.return_code or 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
