"""Copies everything once: ranges in slices, side by side, kept as they come.

``copy`` may be called again after a crash anywhere: it goes on from the watermarks. What it
copied is in the ledgers, what cannot be copied in the dead letters, and nothing else is lost:
a slice whose result was not committed is done again, which writes the same objects again.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Sequence
from typing import Any

import msgspec

from elysiadash.jobs.errors import ClaimLost, JobsError
from elysiadash.jobs.ranges import KeyRange
from elysiadash.migrate import keeping, origins, orphans, pace
from elysiadash.migrate.errors import MigrationStopped
from elysiadash.migrate.executors import TaskLost
from elysiadash.migrate.keeping import Keeper, Landed
from elysiadash.migrate.lanes import PROCESS, Backoff, Lanes, gave_up, lanes_of, stopped_by
from elysiadash.migrate.ledgers import COPIED
from elysiadash.migrate.parts import Part
from elysiadash.migrate.run import Run
from elysiadash.migrate.slices import copy_slices
from elysiadash.migrate.tasks import Bounds, CopyTask, Failure, Slice, SliceResult
from elysiadash.migrate.to_the_end import to_the_end
from elysiadash.weaviate.errors import WeaviateError

_COUNTED_PARTS = 256
"""Counting is a request each; where there are more parts, each begins as one range."""
_LOOK_S = 1.0
_TINY_SLICES = 4
"""Slices of a task for each of its lanes: many small ranges travel together."""


async def copy(run: Run, parts: Sequence[Part] | None = None) -> None:
    """Copy parts (all of them, if None are given), whose collections and tenants are there on both
    sides, tenants HOT. Raises ``MigrationStopped`` where it cannot go on, and ``Interrupted``."""
    chosen = list(run.parts if parts is None else parts)
    lanes = lanes_of(run)
    await asyncio.to_thread(keeping.plan, run, await _counted(run, chosen))
    await lanes.begin()
    await orphans.doubt_the_dead(run)
    await Passage(run, lanes, chosen).go()
    await orphans.adopt(run)
    if run.transform is not None:
        for part in chosen:
            await asyncio.to_thread(origins.gather, run.work, part)


async def _counted(run: Run, parts: Sequence[Part]) -> list[tuple[Part, int | None]]:
    """How many objects there are, where it can be told in time."""
    if len(parts) > _COUNTED_PARTS:
        return [(part, None) for part in parts]
    found: list[tuple[Part, int | None]] = []
    for part in parts:
        count = None
        with contextlib.suppress(WeaviateError):
            count = await run.source.client.exact_count(
                part.collection, part.tenant or None, tenant_is_hot=bool(part.tenant)
            )
        found.append((part, count))
    return found


class _Seat(msgspec.Struct, gc=False):
    """A slot and the range that it has."""

    range: KeyRange
    flying: bool = False
    sent: float = 0.0
    """Wall time of its last task."""
    not_before: float = 0.0
    backoff: Backoff | None = None


class Passage:
    """One generation of ranges brought through the lanes to its end."""

    def __init__(
        self, run: Run, lanes: Lanes, parts: Sequence[Part], *, generation: int = COPIED
    ) -> None:
        self._run = run
        self._lanes = lanes
        self._left = list(parts)
        self._by_key = {part.key: part for part in parts}
        self._generation = generation
        self._seats: dict[int, _Seat] = {}
        self._flying: dict[asyncio.Future[list[SliceResult]], list[int]] = {}
        self._pace = pace.Pacer()
        self._rate: float | None = None
        self._told: str = ""
        self._dry = False
        """There was nothing left to take."""
        self._looked = -math.inf
        self._fatal: MigrationStopped | None = None
        self._permit = run.permit("copies objects")

    async def go(self) -> None:
        """Until nothing is left, or it has to stop; then what is on its way is waited for."""
        self._keeper = await asyncio.to_thread(Keeper, self._run, self._generation)
        try:
            await asyncio.to_thread(self._keeper.free_all)
            await self._work()
        except (ClaimLost, asyncio.CancelledError):
            await to_the_end(self._lanes.kill)
            raise
        except BaseException:
            await self._bring_home()
            raise
        finally:
            await asyncio.to_thread(self._keeper.close)

    async def _work(self) -> None:
        while True:
            await self._look()
            if self._fatal is not None:
                raise self._fatal
            await self._fill()
            if self._flying:
                done, _ = await asyncio.wait(
                    self._flying, timeout=_LOOK_S, return_when=asyncio.FIRST_COMPLETED
                )
                for future in done:
                    await self._land(future)
            elif self._seats or self._left:
                await asyncio.sleep(self._until_due())
            else:
                return

    async def _look(self) -> None:
        """What people asked for, about once a second."""
        now = time.monotonic()
        if now - self._looked < _LOOK_S and self._flying:
            return
        self._looked = now
        await self._run.breathe()
        self._rate = await self._lanes.rate()
        before = self._lanes.held_back
        self._lanes.look(self._pace.objects_per_s())
        if self._lanes.held_back != before:
            await self._run.save(pace=self._pace.now(self._lanes, self._rate))

    async def _fill(self) -> None:
        """Give tasks to the executor, as many as there are places."""
        processes = min(self._lanes.executor.processes, self._lanes.lanes)
        if processes < 1:
            return
        side_by_side = math.ceil(self._lanes.lanes / processes)
        # One task of each process waits behind the one that runs, so that none rests meanwhile.
        places = 2 * processes if processes == self._lanes.executor.processes else processes
        open_places = places - len(self._flying)
        if open_places < 1:
            return
        await self._sit_down(places * side_by_side * _TINY_SLICES)
        ready = self._ready()
        small = _TINY_SLICES if len(ready) > places * side_by_side else 1
        size = max(1, min(math.ceil(len(ready) / processes), side_by_side * small))
        for start in range(0, min(len(ready), size * open_places), size):
            await self._send(ready[start : start + size], side_by_side, processes)

    async def _sit_down(self, most: int) -> None:
        """Take ranges for slots that have none."""
        slots = [slot for slot in range(most) if slot not in self._seats]
        if not slots or not self._left:
            self._dry = not self._left
            return
        found = await asyncio.to_thread(self._keeper.take, self._left, slots)
        self._dry = len(found) < len(slots)
        for taken in found:
            self._seats[taken.slot or 0] = _Seat(taken)

    def _ready(self) -> list[int]:
        now = time.monotonic()
        return [
            slot
            for slot, seat in sorted(self._seats.items())
            if not seat.flying and seat.not_before <= now
        ]

    def _until_due(self) -> float:
        due = min((seat.not_before for seat in self._seats.values()), default=math.inf)
        return max(0.01, min(_LOOK_S, due - time.monotonic()))

    async def _send(self, slots: Sequence[int], side_by_side: int, processes: int) -> None:
        seats = [self._seats[slot] for slot in slots]
        parts = [self._part(seat.range) for seat in seats]
        await asyncio.to_thread(self._say_begun, seats, parts)
        rate = None if self._rate is None else self._rate / processes
        task = CopyTask(
            work=self._lanes.work(parts),
            slices=tuple(
                Slice(range=seat.range.id, part=part, lower=rest[0], upper=rest[1])
                for seat, part in zip(seats, parts, strict=True)
                if (rest := seat.range.rest) is not None
            ),
            bounds=Bounds(lanes=side_by_side, rate=rate),
            references=self._generation == keeping.REFERENCES,
        )
        for seat in seats:
            seat.flying, seat.sent = True, time.time()
        self._flying[self._lanes.submit(copy_slices, task)] = list(slots)

    async def _land(self, future: asyncio.Future[list[SliceResult]]) -> None:
        """Keep what a task brought, and see what its slots go on with."""
        slots = self._flying.pop(future)
        seats = [self._seats[slot] for slot in slots]
        for seat in seats:
            seat.flying = False
        try:
            results = future.result()
        except TaskLost as error:
            await self._lost(seats, str(error))
            return
        landed = [Landed(seat.range, result) for seat, result in zip(seats, results, strict=True)]
        self._pace.add(results, time.monotonic())
        self._lanes.saw(results)
        self._count(results)
        after = await asyncio.to_thread(self._keeper.commit, landed, self._idle())
        await asyncio.to_thread(self._say_done, landed, after)
        for slot, one, now in zip(slots, landed, after, strict=True):
            part = self._part(one.range)
            if not one.result.ended and part not in self._left:
                # What was cut off the range waits to be taken.
                self._left.append(part)
            if now is None:
                del self._seats[slot]
                continue
            self._seats[slot].range = now
            await self._weigh(slot, one)

    def _idle(self) -> int:
        """Lanes that have nothing to do, and nothing that waits for them."""
        return max(0, self._lanes.lanes - len(self._seats)) if self._dry else 0

    async def _weigh(self, slot: int, one: Landed) -> None:
        """What a failure means for a slot that goes on."""
        seat, failure = self._seats[slot], one.result.moved.failure
        if one.result.reached is not None:
            seat.backoff = None
        if failure is not None:
            await self._wait_for(seat, failure)

    async def _wait_for(self, seat: _Seat, failure: Failure) -> None:
        part = self._part(seat.range)
        if self._generation == COPIED:
            await orphans.doubt(self._run, [seat.range], seat.sent)
        failure = await self._lanes.judged(failure, part)
        if not failure.passing:
            self._fatal = self._fatal or stopped_by(failure, part)
            return
        seat.backoff = seat.backoff or Backoff(self._lanes.patience_s)
        wait = seat.backoff.failed(time.monotonic())
        if math.isinf(wait):
            self._fatal = self._fatal or gave_up(failure, part, self._lanes.patience_s)
            return
        seat.not_before = time.monotonic() + wait
        self._pace.stuck = f"{failure.side}: {failure.words}"
        about = f"{failure.side} {failure.kind}"
        if about != self._told:
            self._told = about
            await self._run.note(
                "waits",
                f"{part.key}: not copied for now, tried again: {failure.words} "
                f"(on the {failure.side})",
                severity="warning",
            )

    async def _lost(self, seats: Sequence[_Seat], words: str) -> None:
        """A process died: what it had sent may still arrive, so nothing is sent meanwhile."""
        failure = Failure(side="target", kind=PROCESS, words=words, passing=True)
        for seat in seats:
            await self._wait_for(seat, failure)
        settled = time.monotonic() + self._lanes.settling_s
        for seat in seats:
            seat.not_before = max(seat.not_before, settled)

    def _count(self, results: Sequence[SliceResult]) -> None:
        """Bring the sums of the checkpoint up to date, for the transaction that follows."""
        before, moved = self._run.checkpoint, [one.moved for one in results]
        added: dict[str, Any] = {"pace": self._pace.now(self._lanes, self._rate)}
        if self._generation == COPIED:
            added |= {
                "copied": before.copied + sum(one.stored for one in moved),
                "dropped": before.dropped + sum(one.dropped for one in moved),
                "added": before.added + sum(one.added for one in moved),
                "expired": before.expired + sum(one.expired for one in moved),
            }
        if any(one.reached is not None for one in results):
            self._told, self._pace.stuck = "", ""
        self._run.checkpoint = msgspec.structs.replace(before, **added)

    def _say_begun(self, seats: Sequence[_Seat], parts: Sequence[Part]) -> None:
        for seat, part in zip(seats, parts, strict=True):
            self._lanes.lines.begin(seat.range.id, part, self._permit)

    def _say_done(self, landed: Sequence[Landed], after: Sequence[KeyRange | None]) -> None:
        for one, now in zip(landed, after, strict=True):
            moved = one.result.moved
            self._lanes.lines.add(one.range.id, moved.requests, moved.stored, moved.spent.seconds)
            if now is None:
                self._lanes.lines.end(one.range.id, self._part(one.range), self._permit, "ok")

    async def _bring_home(self) -> None:
        """Wait for what is on its way and keep it; give back what the slots have.

        Why it ends is told by who called; a disk that is full now is no news then.
        """
        if self._flying:
            await asyncio.wait(self._flying)
        with contextlib.suppress(JobsError):
            for future in list(self._flying):
                await self._land(future)
            await asyncio.to_thread(
                self._keeper.give_back, [seat.range for seat in self._seats.values()]
            )
        for seat in self._seats.values():
            await asyncio.to_thread(
                self._lanes.lines.end,
                seat.range.id, self._part(seat.range), self._permit, "stopped",
            )  # fmt: skip
        self._seats.clear()

    def _part(self, range: KeyRange) -> Part:
        return self._by_key[range.tenant]
