"""Pollers: long loops that ask one question each, for ever, without harming the server.

A poller is a plain coroutine; whoever wants the data owns its task. It asks one at a time. A
fan-out question that takes longer than ``park`` is set aside (it goes on in the background, its
late answer is still taken when nothing newer came) and one more may start, never three.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

import msgspec

from elysiadash.cluster.slices import Problem
from elysiadash.weaviate.errors import Forbidden, NotSupported, WeaviateError

log = logging.getLogger(__name__)

Ask = Callable[[], Awaitable[None]]
"""Asks and puts the answer into the store; raises ``WeaviateError``."""

_JITTER = 0.1
_MAX_OPEN = 2


class Schedule(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """When to ask again, in seconds.

    After a success: ``interval``, or ``cost_factor`` times what the call took if that is more.
    After the n-th failure in a row: ``backoff_first`` doubled n-1 times, up to ``backoff_max``.
    After a refusal that waiting does not change (403, not supported): ``refused``.
    ``park``: set a call aside after this long, None for calls that ask one node only.
    """

    interval: float
    cost_factor: float = 0.0
    backoff_first: float = 1.0
    backoff_max: float = 60.0
    refused: float = 600.0
    park: float | None = None


class Poller:
    """One question's loop. ``ask`` fetches and stores, ``fail`` notes a problem.

    ``held`` is asked before each poll: a reason not to ask now, or None.
    """

    def __init__(
        self,
        name: str,
        ask: Ask,
        fail: Callable[[Problem], None],
        schedule: Schedule,
        *,
        held: Callable[[], str | None] = lambda: None,
        rng: random.Random | None = None,
    ) -> None:
        self.name = name
        self.schedule = schedule
        self.polls = 0
        self.failures = 0
        """Failures in a row."""
        self.errors = 0
        """Failures since the start."""
        self.last_seconds: float | None = None
        self.next_at: float | None = None
        """When it asks again, in the event loop's time; None while it asks."""
        self._ask = ask
        self._fail = fail
        self._held = held
        self._rng = rng or random.Random()  # noqa: S311 - jitter, not a secret
        self._open: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._running = asyncio.Event()
        self._running.set()

    async def run(self) -> None:
        """Poll for ever; ends only by cancellation, which also ends the calls set aside."""
        try:
            while True:
                await self._running.wait()
                # A wish to refresh is met by the poll that starts now.
                self._wake.clear()
                wait = await self.once()
                await self._sleep(wait)
        finally:
            for task in self._open:
                task.cancel()

    async def once(self) -> float:
        """Ask once; returns the seconds to wait before the next time. Never raises for a server."""
        reason = self._held()
        if reason is not None:
            self._fail(Problem("held", reason))
            return self.schedule.interval
        if len(self._open) >= _MAX_OPEN:
            return self.schedule.interval
        self.next_at = None
        self.polls += 1
        started = asyncio.get_running_loop().time()
        task = asyncio.ensure_future(self._guarded_ask())
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        if not await self._finished_in_time(task):
            self._fail(_parked(self.schedule.park or 0.0))
            self.failures += 1
            return self.schedule.interval
        return self._after(task, asyncio.get_running_loop().time() - started)

    def refresh_now(self) -> None:
        """Ask at once instead of at the end of the wait."""
        self._wake.set()

    def pause(self) -> None:
        """Ask no more until ``resume``."""
        self._running.clear()

    def resume(self) -> None:
        """Go on, at once."""
        self._running.set()
        self._wake.set()

    @property
    def open_calls(self) -> int:
        """Calls under way, those set aside included."""
        return len(self._open)

    async def _guarded_ask(self) -> None:
        try:
            await self._ask()
        except WeaviateError as error:
            self._fail(Problem.of(error))
            raise

    async def _finished_in_time(self, task: asyncio.Task[None]) -> bool:
        try:
            done, _ = await asyncio.wait({task}, timeout=self.schedule.park)
        except asyncio.CancelledError:
            task.cancel()
            raise
        if not done:
            task.add_done_callback(_take_late_error)
        return bool(done)

    def _after(self, task: asyncio.Task[None], seconds: float) -> float:
        self.last_seconds = seconds
        if task.cancelled():
            return self.schedule.interval
        error = task.exception()
        if error is None:
            self.failures = 0
            wait = max(self.schedule.interval, self.schedule.cost_factor * seconds)
            return float(wait * self._rng.uniform(1.0, 1.0 + _JITTER))
        self.errors += 1
        if not isinstance(error, WeaviateError):
            # A fault of ours: it must be seen in the log, and must not end the watching.
            log.error("poller %s failed", self.name, exc_info=error)
            self._fail(Problem("internal", f"our own fault: {type(error).__name__}: {error}"))
        self.failures += 1
        if isinstance(error, Forbidden | NotSupported):
            return self.schedule.refused
        steps = min(self.failures - 1, 16)
        wait = min(self.schedule.backoff_max, self.schedule.backoff_first * float(2**steps))
        return wait * self._rng.uniform(0.5, 1.0)

    async def _sleep(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self.next_at = loop.time() + seconds
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return


def _parked(after: float) -> Problem:
    return Problem(
        "parked",
        f"a peer does not answer: nothing after {after:g} s",
        None,
        "a node hangs or died a moment ago; the call goes on in the background",
    )


def _take_late_error(task: asyncio.Task[None]) -> None:
    """A call set aside may fail unheard; its error was noted by ``_guarded_ask``."""
    if not task.cancelled():
        task.exception()
