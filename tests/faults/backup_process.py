"""A worker that does one backup job and dies at a point: ``... backup_process STATE POINT``.

Points: ``noted`` (the step is durable, nothing sent), ``sent`` (the server has begun it, and
nobody noted that), ``told`` (its first word is noted), ``over`` (the server is done),
``read`` (read back, the end not noted), ``none``.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from elysiadash.backups import engine, following, requests
from elysiadash.backups.noted import StepDiary
from tests.unit.backups.given import work_on

POINTS = ("noted", "sent", "told", "over", "read")


def _then_die(real: Callable[..., Any]) -> Callable[..., Any]:
    async def dying(*given: Any, **more: Any) -> Any:
        await real(*given, **more)
        os.kill(os.getpid(), signal.SIGKILL)

    return dying


def arm(point: str) -> None:
    """Die at the point."""
    if point == "noted":
        StepDiary.begin = _then_die(StepDiary.begin)  # type: ignore[method-assign]
    elif point == "sent":
        requests.create = _then_die(requests.create)
        requests.restore = _then_die(requests.restore)
    elif point == "told":
        StepDiary.tell = _then_die(StepDiary.tell)  # type: ignore[method-assign]
    elif point == "over":
        following.create = _then_die(following.create)
        following.restore = _then_die(following.restore)
    elif point == "read":
        for one in (engine._Backup, engine._Restore):
            one.save = _then_die(one.save)  # type: ignore[method-assign]


if __name__ == "__main__":
    quick = following.Patience(poll_s=0.05, appears_s=3, silent_s=10, lands_s=2, cancel_s=5)
    following.Patience = lambda: quick  # type: ignore[assignment,misc]
    if sys.argv[2] == "read":
        # The first save is that of the checks, which this point leaves out.
        checking = engine._Job.check

        async def checked(self: Any) -> None:
            await checking(self)
            arm("read")

        engine._Job.check = checked  # type: ignore[method-assign]
    else:
        arm(sys.argv[2])
    job = work_on(Path(sys.argv[1]))
    print(job.state, job.ending, job.reason, flush=True)
