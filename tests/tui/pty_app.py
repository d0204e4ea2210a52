"""The app over a still watch, as a process of its own: ``python -m tests.tui.pty_app MODE``.

``plain``; ``ignoring`` starts with SIGHUP ignored, as under nohup; ``stuck`` cannot finish by
itself; ``failing`` raises in a timer.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress

from elysiadash.tui.app import ElysiadashApp
from elysiadash.tui.terminal import Terminal
from tests.tui.still import still_cluster


class Stuck(ElysiadashApp):
    """Waits in its farewell for longer than anybody should."""

    async def on_unmount(self) -> None:
        time.sleep(60)  # noqa: ASYNC251 - to be stuck is the point


class Failing(ElysiadashApp):
    """Fails a moment after its start."""

    def on_ready(self) -> None:
        self.set_timer(0.2, self._fail)

    def _fail(self) -> None:
        raise RuntimeError("failed in a timer")


def main(mode: str) -> int:
    """Run until told to leave; returns the exit code."""
    if mode == "ignoring":
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    kind = {"stuck": Stuck, "failing": Failing}.get(mode, ElysiadashApp)
    watch = still_cluster()
    with Terminal("elysiadash · test") as terminal:
        app = kind(watch, clock=watch.clock, terminal=terminal)
        app.run()
    with suppress(OSError):  # the terminal may be gone
        os.write(1, f"closed={watch.closed}\n".encode())
    return app.return_code or 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
