"""Engines for tests of the worker: each does one thing, well or badly."""

from __future__ import annotations

import os
import time

from elysiadash.config.secret import Secret
from elysiadash.jobs import events, outcomes, steps
from elysiadash.jobs.work import Interrupted, Work

ENGINES = {
    "count": f"{__name__}:count",
    "raises": f"{__name__}:raises",
    "forgets": f"{__name__}:forgets",
    "stubborn": f"{__name__}:stubborn",
    "owes": f"{__name__}:owes",
    "poison": f"{__name__}:poison",
    "secret": f"{__name__}:secret",
    "grouped": f"{__name__}:grouped",
    "broken": "tests.faults.broken_engine:run",
    "elsewhere": "tests.faults.not_there:run",
}


def count(work: Work) -> None:
    """Counts to ``n``, one each ``each`` seconds; each number once, whoever counts."""
    spec = work.job().spec
    while True:
        work.check()
        with work.held() as tx:
            at = dict(work_checkpoint(work, tx)).get("at", 0) + 1
            outcomes.save(tx, {"at": at, "pid": os.getpid()})
            events.note(tx, tx.job, "count", str(at), data={"pid": os.getpid()})
            tx.got_on()
            if at >= spec["n"]:
                outcomes.finish(tx, ending="COUNTED")
                return
        time.sleep(spec.get("each", 0.05))


def work_checkpoint(work: Work, tx: object) -> dict[str, int]:
    from elysiadash.jobs import queue

    found: dict[str, int] = queue.get(tx, work.claim.job).checkpoint  # type: ignore[arg-type]
    return found


def raises(work: Work) -> None:
    if work.job().spec.get("fault"):
        raise KeyError("nobody")
    error = OSError("the target is full; free space there, then resume the job")
    error.ending = "FULL"  # type: ignore[attr-defined]
    raise error


def forgets(work: Work) -> None:
    """Does not say how it ended."""


def stubborn(work: Work) -> None:
    """Does not look at wishes."""
    time.sleep(60)


def owes(work: Work) -> None:
    """Begins something that must be put back; puts it back when told to stop, or forgets to."""
    with work.held() as tx:
        steps.begin(tx, "freeze", undo={"how": "thaw"}, owed=True)
    while work.asked_to_stop() is None:
        time.sleep(0.02)
    if work.job().spec.get("tidy"):
        with work.held() as tx:
            steps.put_back(tx, tx.job, "freeze", who="engine")
    work.check()


def poison(work: Work) -> None:
    """Takes the process with it."""
    os.kill(os.getpid(), 9)


def secret(work: Work) -> None:
    Secret("env", "NOT_SET_ANYWHERE").reveal()


def grouped(work: Work) -> None:
    while work.asked_to_stop() is None:
        time.sleep(0.02)
    raise BaseExceptionGroup(
        "tasks", [Interrupted("pause"), ExceptionGroup("a", [Interrupted("pause")])]
    )
