"""A worker's process that runs phases of a migration without the worker, and dies where told.

``python -m tests.faults.migrate_process FILE`` with a JSON of ``Plan``. It claims the job that
waits, or that a dead one left, runs its phases and finishes it. A kill is SIGKILL by itself:
before (inside) or after its n-th transaction.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from elysiadash.jobs import outcomes
from elysiadash.jobs.claims import Claimed
from elysiadash.jobs.work import Work
from elysiadash.migrate import copying, opened
from elysiadash.migrate.copying import copy
from elysiadash.migrate.executors import LocalExecutor, ThreadExecutor
from elysiadash.migrate.references import copy_references
from elysiadash.migrate.run import Run
from elysiadash.migrate.tasks import Bounds
from tests.migrate.running import profile, run_of

ROOT = Path(__file__).parents[2]

#: Phases by name; another test may add its own before ``main``.
PHASES: Final[dict[str, Callable[[Run], Awaitable[None]]]] = {
    "copy": copy,
    "references": copy_references,
}


class Plan(msgspec.Struct, kw_only=True):
    """What the process does; addresses as of a site of ``tests.contract.copying``."""

    state: str
    source: tuple[str, str | None, dict[str, str]]
    target: tuple[str, str | None, dict[str, str]]
    phases: tuple[str, ...] = ("copy", "references")
    processes: int = 0
    """Of the pool; 0: one thread."""
    page: int = 100
    slice: int = 200
    """Objects of a page, and of a slice."""
    settling_s: float = 0.05
    die_at: int = 0
    """The number of the transaction; 0: live."""
    die: str = "after"
    """``before`` its commit, or ``after``."""


def plan_file(folder: Path, plan: Plan) -> Path:
    """The file of a plan, to be given to the process."""
    file = folder / "plan.json"
    file.write_bytes(msgspec.json.encode(plan))
    return file


@asynccontextmanager
async def process(folder: Path, plan: Plan) -> AsyncIterator[asyncio.subprocess.Process]:
    """The process, which ends with the block at the latest."""
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.faults.migrate_process", str(plan_file(folder, plan)),
        cwd=ROOT,
    )  # fmt: skip
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
            await started.wait()


def _die_in(plan: Plan) -> None:
    """Let the transactions count, and the one that is meant be the last."""
    held, count = Work.held, 0

    @contextmanager
    def counted(self: Work) -> Iterator[Claimed]:
        nonlocal count
        count += 1
        mine = count == plan.die_at
        with held(self) as tx:
            yield tx
            if mine and plan.die == "before":
                os.kill(os.getpid(), signal.SIGKILL)
        if mine:
            os.kill(os.getpid(), signal.SIGKILL)

    Work.held = counted  # type: ignore[method-assign]


async def main(plan: Plan) -> None:
    """Do the plan."""
    if plan.die_at:
        _die_in(plan)
    opened._PAGE_OBJECTS = plan.page
    copying.Bounds = lambda **how: Bounds(**how, objects=plan.slice)  # type: ignore
    executor: Any = LocalExecutor(plan.processes) if plan.processes else ThreadExecutor()
    here, there = profile(*plan.source), profile(*plan.target, name="there")
    async with run_of(Path(plan.state), here, there, executor=executor) as run:
        assert run.lanes is not None
        run.lanes.settling_s = plan.settling_s
        for name in plan.phases:
            await PHASES[name](run)
        with run.work.held() as tx:
            outcomes.finish(tx, ending="COPIED")


if __name__ == "__main__":
    asyncio.run(main(msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Plan)))
