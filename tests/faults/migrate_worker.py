"""Works on the one job of a state folder, and kills itself once at each persisted transition.

``python -m tests.faults.migrate_worker STATE [random]``. A transition is named by who writes it;
those that killed one before us are in the file ``killed``. Each kills twice: with the rows not
committed yet, and committed.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from elysiadash.jobs import claims
from elysiadash.jobs.claims import Claimed
from elysiadash.jobs.database import Database
from elysiadash.jobs.limits import Limits
from elysiadash.jobs.work import Work
from elysiadash.migrate import engine, lanes
from elysiadash.migrate.executors import ThreadExecutor
from elysiadash.worker.running import Running

KILLED = "killed"


def main(state: Path, *, at_random: bool) -> None:
    """Claim the job and do it, as the worker would."""
    if not at_random:
        _kill_at_transitions(state / KILLED)
    # So many deaths in a row are what is tried here.
    claims.MOST_CRASHES = 10_000
    # Processes of a pool are killed elsewhere; threads start at once.
    lanes._executor = lambda run: ThreadExecutor()  # type: ignore[assignment]
    lanes.SETTLING_S = 0.0
    database = Database.open(state)
    claim = None
    while claim is None:
        claim = claims.claim_next(database, f"w{os.getpid()}", limits=Limits(), patience=2.0)
        time.sleep(0.05)
    held = claim

    def beat() -> None:
        while True:
            time.sleep(0.5)
            try:
                claims.beat(database, held)
            except claims.ClaimLost:
                return

    threading.Thread(target=beat, daemon=True).start()
    Running(database, claim, "migrate", lambda _: engine.run)._run()


def _kill_at_transitions(path: Path) -> None:
    before = set(path.read_text().split()) if path.exists() else set()
    plain = Work.held

    @contextmanager
    def held(self: Work) -> Iterator[Claimed]:
        # Above us: the context manager's own entry, then whoever writes.
        caller = sys._getframe(2)
        name = f"{caller.f_globals['__name__'].rpartition('.')[2]}.{caller.f_code.co_qualname}"
        with plain(self) as tx:
            yield tx
            phase = tx.one("SELECT phase FROM jobs WHERE id = ?", tx.job)
            where = f"{phase[0] if phase else ''}:{name}".replace(" ", "")
            _kill(path, before, f"{where}:uncommitted")
        _kill(path, before, f"{where}:committed")

    Work.held = held  # type: ignore[method-assign]


def _kill(path: Path, before: set[str], where: str) -> None:
    if where in before:
        return
    with path.open("a") as file:
        file.write(where + "\n")
        file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


if __name__ == "__main__":
    main(Path(sys.argv[1]), at_random="random" in sys.argv[2:])
