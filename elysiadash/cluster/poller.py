"""Pollers: long loops that ask one question each, for ever, without harming the server.

A poller is a plain coroutine; whoever wants the data owns its task. It asks one at a time. A
fan-out question that takes longer than ``park`` is set aside (it goes on in the background, its
late answer is still taken when nothing newer came) and one more may start, never three. While a
node hangs, the oldest of two is given up once the others have forgotten that node: it would take
30 s, and one that starts then takes milliseconds. So is a call to one node while another raft
leader is elected: it would wait for the old one for 46 s.
"""

from __future__ import annotations

import asyncio
import logging
import math
import random
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial

import msgspec

from elysiadash.cluster.slices import Problem
from elysiadash.weaviate.errors import (
    AnswerTooLarge,
    Forbidden,
    NotSupported,
    Unreachable,
    WeaviateError,
)

log = logging.getLogger(__name__)

Ask = Callable[[], Awaitable[float | None]]
"""Asks and puts the answer into the store; raises ``WeaviateError``.

May return the seconds that it cost the servers, where that is less than it took: waiting for a
hung peer costs nobody anything."""

_JITTER = 0.1
_MAX_OPEN = 2
_FORGOTTEN_S = 6.0
"""A node that hangs is forgotten by the others after 5 to 6 s (1.39.0, three nodes): what is asked
later does not wait for it. A new leader answers by then, too."""
_HURRY_S = (1.0, 2.0)
"""The wait after a failure while the contact or the leader changes."""
_LASTING = (Forbidden, NotSupported, AnswerTooLarge)
"""Asking again soon gets the same, and the last of them costs the server a whole answer."""
_JUDGED_BY = 3
"""Calls whose duration tells what one costs: the shortest of them, since one that waited for a
hung node or a lost leader costs nobody so much."""
_WISH_FLOOR_S = 1.0
_WISH_COST_FACTOR = 10.0


class Schedule(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """When to ask again, in seconds.

    After a success: ``interval``, or ``cost_factor`` times what a call costs if that is more: the
    shortest of the last three.
    After the n-th failure in a row: ``backoff_first`` doubled n-1 times, up to ``backoff_max``;
    with a ``cost_factor`` never sooner than after a success, that cost up to ``backoff_max``, or
    of a call that asks all nodes up to ``refused``. While the contact or the leader changes, 1 to
    2 s at most, unless such a call costs.
    After a refusal that waiting does not change (403, not supported, too large): ``refused``.
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

    ``held`` is asked before each poll: a reason not to ask now, or None. ``waits_for_nobody``
    says whether a node hangs or is gone, so that a call can wait for what will not come.
    ``changes_over`` says whether the contact or the raft leader has just changed.
    """

    def __init__(
        self,
        name: str,
        ask: Ask,
        fail: Callable[[Problem], None],
        schedule: Schedule,
        *,
        held: Callable[[], str | None] = lambda: None,
        waits_for_nobody: Callable[[], bool] = lambda: False,
        changes_over: Callable[[], bool] = lambda: False,
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
        """What a call costs, as far as the last ones tell; None before the first."""
        self.next_at: float | None = None
        """When it asks again, in the event loop's time; None while it asks, infinite while only
        the end of a call under way makes place for another."""
        self._ask = ask
        self._fail = fail
        self._held = held
        self._waits_for_nobody = waits_for_nobody
        self._changes_over = changes_over
        self._rng = rng or random.Random()  # noqa: S311 - jitter, not a secret
        self._recent: deque[float] = deque(maxlen=_JUDGED_BY)
        self._open: dict[asyncio.Task[float | None], float] = {}
        """Calls under way, oldest first, and when each was started."""
        self._patience = _FORGOTTEN_S
        self._hurried = 0
        """Failures in a row that were met by hurrying, and not by backing off."""
        # All in the event loop's time.
        self._started = float("-inf")
        self._answered = float("-inf")
        self._hold_until = float("-inf")
        self._given_up = False
        self._wished = False
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
                self._wished = False
                wait = await self.once()
                await self._sleep(wait)
        finally:
            left = tuple(self._open)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def once(self) -> float:
        """Ask once; returns the seconds to wait before the next time. Never raises for a server."""
        reason = self._held()
        if reason is not None:
            self._fail(Problem("held", reason))
            return self.schedule.interval
        if self._is_full() and not await self._give_up_oldest():
            return self._wait_parked()
        loop = asyncio.get_running_loop()
        self.next_at = None
        self.polls += 1
        started = self._started = loop.time()
        self._hold_until = float("-inf")
        task = asyncio.ensure_future(self._guarded_ask(started))
        self._open[task] = started
        task.add_done_callback(self._close)
        self._limit(task, started)
        if not await self._finished_in_time(task):
            task.add_done_callback(partial(self._take_late, started))
            self.failures += 1
            return self._wait_parked()
        return self._after(task, started, loop.time() - started)

    def refresh_now(self) -> None:
        """Ask at once instead of at the end of the wait.

        A held key must not become a flood: never sooner after the last start than a second, or
        ten times what the call takes where its cost counts. After a failure the second is enough
        for a call that asks one node.
        """
        for task, started in self._open.items():
            self._limit(task, started)
        self._wished = True
        self._wake.set()

    def ask_elsewhere(self) -> None:
        """Give up what is under way, and ask at once: it was sent to where nobody answers."""
        for task in tuple(self._open):
            task.cancel()
        self._open.clear()
        # What waited there is no cost; what was quick will be quick elsewhere.
        quickest = self.last_seconds
        self._recent.clear()
        if quickest is not None:
            self._recent.append(quickest)
        self._given_up = True
        self._hold_until = float("-inf")
        self._wake.set()

    def pause(self) -> None:
        """Ask no more until ``resume``."""
        self._running.clear()

    def resume(self) -> None:
        """Go on, at once; no sooner than ``refresh_now`` would."""
        self._running.set()
        self.refresh_now()

    @property
    def open_calls(self) -> int:
        """Calls under way, those set aside included."""
        return len(self._open)

    @property
    def asked_at(self) -> float | None:
        """When the call under way was sent, in the event loop's time; None while it waits."""
        return self._started if self._open and self.next_at is None else None

    async def _guarded_ask(self, started: float) -> float | None:
        try:
            return await self._ask()
        except WeaviateError as error:
            self._note(Problem.of(error), started)
            raise
        except Exception as error:
            # A fault of ours: it must be seen in the log, and must not end the watching.
            log.exception("poller %s failed", self.name)
            fault = f"our own fault: {type(error).__name__}: {error}"
            self._note(Problem("internal", fault), started)
            raise

    def _note(self, problem: Problem, started: float) -> None:
        """The failure of a call set aside is no news once a newer call was answered."""
        if started >= self._answered:
            self._fail(problem)

    async def _finished_in_time(self, task: asyncio.Task[float | None]) -> bool:
        try:
            done, _ = await asyncio.wait({task}, timeout=self.schedule.park)
        except asyncio.CancelledError:
            task.cancel()
            raise
        return bool(done)

    def _after(self, task: asyncio.Task[float | None], started: float, seconds: float) -> float:
        if task.cancelled():
            again, self._given_up = self._given_up, False
            return 0.0 if again else self._rng.uniform(*_HURRY_S)
        error = task.exception()
        if error is None:
            self._succeed(started)
            cost = self.schedule.cost_factor * self._learn(_spent(task, seconds))
            wait = max(self.schedule.interval, cost)
            return float(wait * self._rng.uniform(1.0, 1.0 + _JITTER))
        self.errors += 1
        self.failures += 1
        if isinstance(error, _LASTING):
            return self.schedule.refused
        steps = min(self.failures - self._hurried - 1, 16)
        wait = min(self.schedule.backoff_max, self.schedule.backoff_first * float(2**steps))
        wait = max(wait * self._rng.uniform(0.5, 1.0), self._cost_of(error, seconds))
        if not self._is_in_haste(error):
            return wait
        self._hurried += 1
        return min(wait, self._rng.uniform(*_HURRY_S))

    def _is_in_haste(self, error: BaseException) -> bool:
        """Whether it failed because the contact or the leader changes, and may be asked soon."""
        costs = self.schedule.park is not None and self.schedule.cost_factor > 0
        return self._changes_over() and (not costs or isinstance(error, Unreachable))

    def _take_late(self, started: float, task: asyncio.Task[float | None]) -> None:
        """A call set aside has ended: what it cost counts from now."""
        if task.cancelled():
            return
        now = asyncio.get_running_loop().time()
        seconds = now - started
        error = task.exception()
        if error is None:
            spent = self._learn(_spent(task, seconds))
            self._succeed(started)
            if self.schedule.cost_factor:
                cost = self.schedule.cost_factor * spent
                self._hold(now + max(self.schedule.interval, cost))
            return
        self.errors += 1
        lasting = isinstance(error, _LASTING) and started >= self._answered
        self._hold(now + (self.schedule.refused if lasting else self._cost_of(error, seconds)))

    def _succeed(self, started: float) -> None:
        if started >= self._answered:
            self._answered = started
            self.failures = self._hurried = 0
            took = asyncio.get_running_loop().time() - started
            if took < (self.schedule.park or math.inf):
                self._patience = _FORGOTTEN_S

    def _cost_of(self, error: BaseException, seconds: float) -> float:
        """The least wait after a failure, so that failing is not asked more often than success."""
        # What never reached a server, or waited for a leader, cost it nothing.
        free = isinstance(error, Unreachable) or self._is_in_haste(error)
        spent = 0.0 if free else self._learn(seconds)
        if not self.schedule.cost_factor:
            return 0.0
        # A hanging server must not be taken for a busy one for hours.
        parks = self.schedule.park is not None
        most = self.schedule.refused if parks else self.schedule.backoff_max
        cost = min(self.schedule.cost_factor * spent, most)
        return max(self.schedule.interval, cost)

    def _learn(self, seconds: float) -> float:
        """Take a call's seconds; returns what a call costs by now."""
        self._recent.append(seconds)
        self.last_seconds = min(self._recent)
        return self.last_seconds

    def _wait_parked(self) -> float:
        """Say that a call is set aside; returns the seconds until the next may be asked.

        An open call costs at least what it took until it was set aside; the rest is unknown.
        """
        park, vain = self.schedule.park or 0.0, self._until_in_vain()
        if not self._is_full():
            self._fail(_parked(f"not answered after {park:g} s; the call goes on"))
            return min(vain, max(self.schedule.interval, self.schedule.cost_factor * park))
        if math.isinf(vain):
            self._fail(_parked("two calls are not answered yet; asked again when one ends"))
        else:
            self._fail(_parked("two calls wait for a hung node; the older one is given up"))
        return vain

    def _is_full(self) -> bool:
        return len(self._open) >= _MAX_OPEN

    def _until_in_vain(self) -> float:
        """Seconds until the oldest open call only waits for a node that the others have forgotten
        meanwhile; infinite where nothing says so."""
        park = self.schedule.park
        # What takes long by itself must be left its time.
        slow = park is None or (self.last_seconds or 0.0) >= park
        if slow or not self._open or not self._waits_for_nobody():
            return math.inf
        oldest = next(iter(self._open.values()))
        return max(0.0, oldest + self._patience - asyncio.get_running_loop().time())

    async def _give_up_oldest(self) -> bool:
        """Make place for a call that will be answered; False while there is none to be made."""
        if self._until_in_vain() > 0:
            return False
        oldest = next(iter(self._open))
        oldest.cancel()
        # It was in vain perhaps: the next is left more time, and at last that which it needs.
        self._patience *= 2
        await asyncio.wait({oldest}, timeout=self.schedule.park)
        return not self._is_full()

    def _limit(self, task: asyncio.Task[float | None], started: float) -> None:
        """While the leader changes, a call that is usually quick is not waited for much longer."""
        slow = 2 * (self.last_seconds or 0.0) >= self._patience
        if self.schedule.park is None and not slow and self._changes_over():
            loop = asyncio.get_running_loop()
            loop.call_at(max(loop.time(), started + self._patience), self._give_up, task)

    def _give_up(self, task: asyncio.Task[float | None]) -> None:
        # It may have been answered, or given up for an earlier change, meanwhile.
        if task not in self._open or task.cancelling() or not task.cancel():
            return
        if self.last_seconds is None:
            # It may be slow by itself.
            self._patience *= 2

    def _close(self, task: asyncio.Task[float | None]) -> None:
        """A call has ended; where there was no place for another, ask again by the usual pace."""
        was_full = self._is_full()
        self._open.pop(task, None)
        if was_full and self.next_at is not None:
            self.next_at = min(self.next_at, self._started + self.schedule.interval)
            self._wake.set()

    def _hold(self, until: float) -> None:
        self._hold_until = max(self._hold_until, until)
        if self.next_at is not None:
            self.next_at = max(self.next_at, until)

    def _soonest(self) -> float:
        """When a wish to refresh may be met."""
        if self.failures and self.schedule.park is None:
            return self._started + _WISH_FLOOR_S
        seconds = self.last_seconds or 0.0
        if self._open:
            vain = self._until_in_vain()
            if self._is_full() or not math.isinf(vain):
                return asyncio.get_running_loop().time() + vain
            seconds = max(seconds, self.schedule.park or 0.0)
        cost = seconds * min(self.schedule.cost_factor, _WISH_COST_FACTOR)
        return self._started + max(_WISH_FLOOR_S, cost)

    async def _sleep(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self.next_at = max(loop.time() + seconds, self._hold_until)
        # The end moves: a late answer puts it off, a wish to refresh brings it near.
        while loop.time() < self.next_at:
            try:
                async with asyncio.timeout_at(None if math.isinf(self.next_at) else self.next_at):
                    await self._wake.wait()
            except TimeoutError:
                continue
            self._wake.clear()
            if self._given_up:
                self._given_up = False
                return
            if not self._wished:
                continue
            self._wished = False
            self.next_at = min(self.next_at, max(loop.time(), self._soonest()))


def _parked(what: str) -> Problem:
    return Problem("parked", what, None, "a node may hang, or the cluster is large")


def _spent(task: asyncio.Task[float | None], seconds: float) -> float:
    cost = task.result()
    return seconds if cost is None else min(seconds, cost)
