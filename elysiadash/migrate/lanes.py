"""What all copying of a run shares: where tasks run, how many side by side, and how fast."""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import msgspec

from elysiadash.config.profile import Profile
from elysiadash.migrate.audit_lines import RangeLines
from elysiadash.migrate.errors import CannotGoOn, MigrationStopped, SourceChanged, TargetChanged
from elysiadash.migrate.executors import Executor, local
from elysiadash.migrate.load import Load, in_window
from elysiadash.migrate.parts import Part
from elysiadash.migrate.run import Run
from elysiadash.migrate.tasks import End, Failure, SliceResult, Work
from elysiadash.migrate.throttle import Throttle
from elysiadash.weaviate.errors import NotFound, WeaviateError
from elysiadash.weaviate.guard import AuditSink

T = TypeVar("T")
SETTLING_S = 2.0
"""After this long nothing is on its way any more that a dead process sent."""
PATIENCE_S = 900.0
"""So long a cause that may pass is waited for; then the job stops, to be resumed."""
_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 60.0
PROCESS = "process"
"""The kind of failure where a process of ours died."""
_LANES_A_PROCESS = 2
_FEWEST_LANES = 4
"""To begin with: a target works on several batches at once."""


class Lanes:
    """Gives tasks to the executor. One for each run; see ``lanes_of``."""

    def __init__(self, run: Run, executor: Executor) -> None:
        self.executor = executor
        start = max(_FEWEST_LANES, _LANES_A_PROCESS * executor.processes)
        self.lanes = start
        """Slices side by side; 0 while it is paused."""
        self.settling_s = SETTLING_S
        self.patience_s = PATIENCE_S
        self.held_back = ""
        """Why it is slowed down or stopped, in words; empty where it is not."""
        self._run = run
        sink = run.target.guard.audit
        if sink is None:
            raise CannotGoOn("a copy needs an audit log, and none is open: see the state folder")
        self.sink: AuditSink = sink
        self.lines = RangeLines(sink)
        self._throttle = Throttle(start, 2 * start)
        self._load = Load(run.target, run.spec.targets.values())
        self._by_hand: int | None = None
        # A dead worker's processes end within half a second, what they sent somewhat later.
        self._unsettled = run.work.claim.token > 1
        self._killed = False

    async def begin(self) -> None:
        """Before the first write of a claim, and the first after a kill."""
        if self._killed:
            # One that was killed takes no more tasks.
            self.executor = await asyncio.to_thread(_executor, self._run)
            self._killed = False
        if self._unsettled:
            await asyncio.sleep(self.settling_s)
            self._unsettled = False

    def work(self, parts: Iterable[Part]) -> Work:
        """What tasks about these parts are given."""
        run, names = self._run, {part.collection for part in parts}
        return Work(
            job=run.job,
            source=self._end(run.source.profile, run.spec.source),
            target=self._end(run.target.profile, run.spec.target),
            definitions={name: run.definitions[name] for name in sorted(names)},
            targets=run.spec.targets,
            transform=run.transform,
        )

    def submit(self, function: Callable[[Any], T], task: Any) -> asyncio.Future[T]:
        """Have a task done. The future raises ``TaskLost`` where its process died."""
        return asyncio.wrap_future(self.executor.submit(function, task))

    async def rate(self) -> float | None:
        """The job's limit of objects a second; none while writers are kept out for us."""
        if self._run.keeps_writers_out:
            return None
        job = await asyncio.to_thread(self._run.work.job)
        return job.rate

    def set_by_hand(self, lanes: int | None) -> None:
        """This many lanes at most from now on, 0 for none; None leaves it to the throttle."""
        self._by_hand = lanes

    def look(self, objects_per_s: float | None = None) -> None:
        """See whether the target, the hour or a person wants fewer lanes, or takes more."""
        window = self._run.spec.window
        signs = msgspec.structs.replace(
            self._load.signs(objects_per_s),
            in_window=in_window(window),
            window="" if window is None else f"{window[0]} to {window[1]} UTC",
            key=self._by_hand,
        )
        verdict = self._throttle.decide(signs, time.monotonic())
        self.lanes, self.held_back = verdict.lanes, verdict.reason

    def saw(self, results: Sequence[SliceResult]) -> None:
        """Learn from results."""
        self._load.saw(results)

    async def aclose(self) -> None:
        """End the processes, and what is asked in the background."""
        await self._load.aclose()
        await asyncio.to_thread(self.executor.close)

    async def judged(self, failure: Failure, part: Part) -> Failure:
        """The failure, which does not pass where the collection itself is gone: some doors say of
        that what they say of a server that is not ready yet."""
        site = self._run.source if failure.side == "source" else self._run.target
        name = part.collection if failure.side == "source" else part.target
        try:
            if failure.passing and failure.kind != PROCESS:
                await site.client.collection(name, leader=True)
        except NotFound:
            words = f"there is no collection {name} any more ({failure.words})"
            return Failure(side=failure.side, kind="not found", words=words, passing=False)
        except WeaviateError:
            # It cannot be told now: the failure is what it seems.
            pass
        return failure

    def kill(self) -> None:
        """Nothing more may be written: the job is lost, or a freeze is over."""
        self.executor.kill()
        self._unsettled = self._killed = True

    def _end(self, profile: Profile, reference: dict[str, Any]) -> End:
        return reference if self.executor.remote else profile


def lanes_of(run: Run) -> Lanes:
    """The run's lanes, opened at the first call."""
    if run.lanes is None:
        run.lanes = Lanes(run, _executor(run))
    return run.lanes


async def close(run: Run) -> None:
    """End the processes of a run, if there are any."""
    lanes, run.lanes = run.lanes, None
    if lanes is not None:
        await lanes.aclose()


def _executor(run: Run) -> Executor:
    if run.spec.executor == "local":
        return local(run.spec.processes)
    # An extra: loaded where it is asked for.
    dask_executor = importlib.import_module("elysiadash.migrate.dask_executor")
    made: Executor = dask_executor.connect(run.spec.scheduler)
    return made


class Backoff:
    """How long to wait for a cause that may pass, until it is enough."""

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._since: float | None = None
        self._tries = 0

    def failed(self, now: float) -> float:
        """Seconds to wait before the next try; ``inf`` where it has lasted too long."""
        if self._since is None:
            self._since = now
        if now - self._since > self._patience_s:
            return float("inf")
        wait: float = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0**self._tries)
        self._tries += 1
        return wait

    def got_on(self) -> None:
        """Work was done."""
        self._since, self._tries = None, 0


def stopped_by(failure: Failure, part: Part) -> MigrationStopped:
    """What a failure that does not pass means for the job."""
    about = f"{part.key}: {failure.words}"
    if failure.side == "source" and failure.kind in ("definition changed", "not found"):
        return SourceChanged(f"{about}; the source changed while it was copied")
    if failure.side == "target" and failure.kind == "not found":
        return TargetChanged(f"{about}; the target lost {part.target} while it was written")
    return CannotGoOn(f"{about} (on the {failure.side})")


def gave_up(failure: Failure, part: Part, patience_s: float) -> MigrationStopped:
    """What is said when a cause that might pass did not."""
    return CannotGoOn(
        f"{part.key}: for {patience_s / 60:.0f} minutes nothing could be copied: {failure.words} "
        f"(on the {failure.side}); what was copied is kept: resume the job when that is mended"
    )
