"""Copies objects by their ids, for deltas and repairs; ``copy_ids`` is the one way in."""

from __future__ import annotations

import asyncio
import math
import struct
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

import msgspec

from elysiadash.jobs import dead_letters
from elysiadash.jobs.errors import ClaimLost
from elysiadash.migrate.audit_lines import ListLines
from elysiadash.migrate.executors import TaskLost
from elysiadash.migrate.lanes import PROCESS, Backoff, Lanes, gave_up, lanes_of, stopped_by
from elysiadash.migrate.lists import copy_list
from elysiadash.migrate.origins import Pair, unpacked
from elysiadash.migrate.parts import Part
from elysiadash.migrate.run import Run
from elysiadash.migrate.tasks import Failure, ListResult, ListTask
from elysiadash.migrate.to_the_end import to_the_end
from elysiadash.scan.ledger import Entry

_IDS = 2_000
"""Ids of one task."""
_RECORD = struct.Struct(">16sq8sq")


async def copy_ids(
    run: Run, part: Part, ids: Iterable[bytes], *, generation: int = 0
) -> list[Entry]:
    """Copy these objects as they are now, with their references, in whatever order they come.

    The entries of those that were stored, in order of id: the caller brings them into the ledger.
    What cannot be copied is in the dead letters, and what could not be before is settled there.
    Ids that the source does not have are in neither. Raises ``MigrationStopped``, ``Interrupted``.
    """
    return (await copy_with_pairs(run, part, ids, generation=generation)).entries


class Copied(NamedTuple):
    """What a copy of some ids gave."""

    entries: list[Entry]
    pairs: list[Pair]
    """Target id and source id, of objects that a transform renamed or split; in no order."""


async def copy_with_pairs(
    run: Run, part: Part, ids: Iterable[bytes], *, generation: int = 0
) -> Copied:
    """The same, with what ``migrate.origins`` has to know where there is a transform."""
    lanes = lanes_of(run)
    await lanes.begin()
    copying = _Lists(run, lanes, part, generation)
    entries = await copying.go(ids)
    return Copied(entries, copying.pairs)


class _Lists:
    """The tasks of one call."""

    def __init__(self, run: Run, lanes: Lanes, part: Part, generation: int) -> None:
        self._run = run
        self._lanes = lanes
        self._part = part
        self._generation = generation
        self.pairs: list[Pair] = []
        self._entries: dict[bytes, Entry] = {}
        self._flying: dict[asyncio.Future[ListResult], tuple[bytes, ...]] = {}
        self._again: list[tuple[float, tuple[bytes, ...]]] = []
        self._backoff = Backoff(lanes.patience_s)
        self._requests = 0
        self._rate: float | None = None

    async def go(self, ids: Iterable[bytes]) -> list[Entry]:
        permit = self._run.permit(f"copies changed objects of {self._part.key}")
        coming, started = _chunks(ids), time.monotonic()
        first = next(coming, None)
        if first is None:
            return []
        self._again.append((0.0, first))
        lines = ListLines(self._lanes.sink, self._part, permit, generation=self._generation)
        await asyncio.to_thread(lines.begin)
        result = "failed"
        try:
            await self._work(coming)
            result = "ok"
        except (ClaimLost, asyncio.CancelledError):
            await to_the_end(self._lanes.kill)
            raise
        except BaseException:
            # Nothing of this may be on its way when others write.
            if self._flying:
                await asyncio.wait(self._flying)
            raise
        finally:
            await asyncio.to_thread(
                lines.end,
                result,
                requests=self._requests,
                objects=len(self._entries),
                seconds=time.monotonic() - started,
            )
        return [self._entries[key] for key in sorted(self._entries)]

    async def _work(self, coming: Iterator[tuple[bytes, ...]]) -> None:
        more = True
        while more or self._again or self._flying:
            await self._run.breathe()
            self._lanes.look()
            self._rate = await self._lanes.rate()
            places = 2 * min(self._lanes.executor.processes, self._lanes.lanes)
            while len(self._flying) < places:
                chunk = self._due()
                if chunk is None and more and not self._again:
                    chunk = next(coming, None)
                    more = chunk is not None
                if chunk is None:
                    break
                self._send(chunk)
            if self._flying:
                done, _ = await asyncio.wait(
                    self._flying, timeout=1.0, return_when=asyncio.FIRST_COMPLETED
                )
                for future in done:
                    await self._land(future)
            elif more or self._again:
                await asyncio.sleep(0.1)

    def _due(self) -> tuple[bytes, ...] | None:
        now = time.monotonic()
        for place, (not_before, chunk) in enumerate(self._again):
            if not_before <= now:
                del self._again[place]
                return chunk
        return None

    def _send(self, chunk: tuple[bytes, ...]) -> None:
        processes = self._lanes.executor.processes
        task = ListTask(
            work=self._lanes.work([self._part]),
            part=self._part,
            ids=chunk,
            rate=None if self._rate is None else self._rate / processes,
        )
        self._flying[self._lanes.submit(copy_list, task)] = chunk

    async def _land(self, future: asyncio.Future[ListResult]) -> None:
        chunk = self._flying.pop(future)
        try:
            result = future.result()
        except TaskLost as error:
            words = Failure(side="target", kind=PROCESS, words=str(error), passing=True)
            await self._later(chunk, words, self._lanes.settling_s)
            return
        moved = result.moved
        self._requests += moved.requests
        before = self._run.checkpoint
        self._run.checkpoint = msgspec.structs.replace(
            before,
            dropped=before.dropped + moved.dropped,
            added=before.added + moved.added,
        )
        await asyncio.to_thread(self._keep, result)
        if moved.failure is not None:
            await self._later(result.left, moved.failure, 0.0)
        if len(result.left) < len(chunk) or not chunk:
            self._backoff.got_on()

    def _keep(self, result: ListResult) -> None:
        """Dead letters now; the ledger is the caller's."""
        moved = result.moved
        stored = [Entry(*one) for one in _RECORD.iter_unpack(moved.records)]
        self._entries |= {entry.id: entry for entry in stored}
        with self._run.work.held() as tx:
            if moved.dropped or moved.added:
                self._run.keep(tx)
            for letter in moved.letters:
                dead_letters.put(
                    tx, letter.id, letter.reason, detail=letter.detail, tenant=self._part.key,
                    generation=self._generation,
                )  # fmt: skip
            if dead_letters.count(tx, self._run.job):
                for entry in stored:
                    dead_letters.settle(tx, entry.id, tenant=self._part.key)
        self.pairs += unpacked(moved.origins)

    async def _later(self, ids: tuple[bytes, ...], failure: Failure, least: float) -> None:
        failure = await self._lanes.judged(failure, self._part)
        if not failure.passing:
            raise stopped_by(failure, self._part)
        wait = self._backoff.failed(time.monotonic())
        if math.isinf(wait):
            raise gave_up(failure, self._part, self._lanes.patience_s)
        if wait <= 1.0:
            await self._run.note(
                "waits",
                f"{self._part.key}: changed objects are tried again: {failure.words} "
                f"(on the {failure.side})",
                severity="warning",
            )
        self._again.append((time.monotonic() + max(least, wait), ids))


def _chunks(ids: Iterable[bytes]) -> Iterator[tuple[bytes, ...]]:
    coming = iter(ids)
    while chunk := tuple(sorted(set(islice(coming, _IDS)))):
        yield chunk
