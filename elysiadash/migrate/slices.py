"""Copies slices of ranges: the function that runs in a pool's process or on a dask worker.

A slice is read ahead of its writing, and ends at its bounds with how far it came. What was read
counts only while all owners of shards were there before and after (promise P7): a list leaves
out a dead node's shard without a word.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TypeVar
from uuid import UUID

import msgspec
from msgspec import UNSET

from elysiadash.migrate import opened
from elysiadash.migrate.moving import joined, prepare, write, write_references
from elysiadash.migrate.opened import Cluster, Desk, Failed, on
from elysiadash.migrate.tasks import Bounds, CopyTask, Failure, Moved, Slice, SliceResult
from elysiadash.scan.errors import ScanFailed
from elysiadash.scan.keys import as_parameter, before
from elysiadash.scan.owners import Owners, all_there
from elysiadash.weaviate.errors import NotSupported, WeaviateError
from elysiadash.weaviate.objects import Page, Row

T = TypeVar("T")
_LEAST_WAIT_S = 0.002


def copy_slices(task: CopyTask) -> list[SliceResult]:
    """Do a task; a result for each of its slices, in order. Raises for faults of our own only."""
    return opened.run(_copy(task))


async def _copy(task: CopyTask) -> list[SliceResult]:
    cpu = time.process_time()
    results = [SliceResult(slice=one, moved=Moved()) for one in task.slices]
    waiting = iter(results)
    try:
        desks = await opened.desks(task.work, [one.part for one in task.slices])
        source = next(iter(desks.values())).source
        there = await owners_there(source)
        until = time.monotonic() + task.bounds.seconds
        pace = Pace(task.bounds.rate)

        async def lane() -> None:
            for result in waiting:
                await _Lane(desks[result.slice.part.key], task, result, pace, until).run()

        async with asyncio.TaskGroup() as group:
            for _ in range(max(1, min(task.bounds.lanes, len(results)))):
                group.create_task(lane())
        await owners_there(source, since=there)
    except Failed as error:
        _void(results, error.failure)
    share = (time.process_time() - cpu) / len(results)
    for result in results:
        result.moved.spent.cpu = share
    return results


def _void(results: list[SliceResult], failure: Failure) -> None:
    """Nothing counts of what was read while it was not sure that all owners were there."""
    for result in results:
        spent = result.moved.spent
        result.moved = Moved(failure=failure, spent=spent)
        result.reached, result.ended = None, False


class Pace:
    """Holds the rate of objects, over all lanes of a task."""

    def __init__(self, rate: float | None) -> None:
        self._rate = rate
        self._next = time.monotonic()

    async def took(self, objects: int) -> float:
        """Wait until so many were due; the seconds that it took."""
        if self._rate is None or not objects:
            return 0.0
        now = time.monotonic()
        self._next = max(self._next, now) + objects / self._rate
        wait = self._next - now
        if wait > _LEAST_WAIT_S:
            await asyncio.sleep(wait)
        return max(0.0, wait)


class _Lane:
    """One slice: the next page is read while this one is written."""

    def __init__(
        self, desk: Desk, task: CopyTask, result: SliceResult, pace: Pace, until: float
    ) -> None:
        self._desk = desk
        self._bounds: Bounds = task.bounds
        self._references = task.references
        self._result = result
        self._pace = pace
        self._until = until
        rate = task.bounds.rate
        self._pages = RangeReader(desk, result.slice, None if rate is None else rate / 2)

    async def run(self) -> None:
        """Copy until the slice ends, its bounds are reached, or something fails."""
        started = time.perf_counter()
        reading: asyncio.Future[ReadPage] | None = None
        writing: tuple[ReadPage, asyncio.Future[Moved]] | None = None
        cursor, rows = before(self._result.slice.lower), 0
        try:
            reading = asyncio.ensure_future(self._pages.next(as_parameter(cursor)))
            while reading is not None:
                page = await self._waited("reading", reading)
                reading = None
                rows += len(page.rows)
                self._result.moved.spent.bytes += page.bytes
                more = not page.ended and rows < self._bounds.objects
                if more and time.monotonic() < self._until:
                    reading = asyncio.ensure_future(self._pages.next(page.cursor))
                self._result.moved.spent.held += await self._pace.took(len(page.rows))
                if writing is not None and not await self._settle(*writing):
                    writing = None
                    return
                writing = page, asyncio.ensure_future(self._write(page))
            if writing is not None:
                await self._settle(*writing)
                writing = None
        except Failed as error:
            if writing is not None:
                with suppress(Failed):
                    await self._settle(*writing)
                writing = None
            self._result.moved.failure = self._result.moved.failure or error.failure
        finally:
            left = [one for one in (reading, writing and writing[1]) if one is not None]
            for one in left:
                one.cancel()
            await asyncio.gather(*left, return_exceptions=True)
            self._result.moved.spent.seconds += time.perf_counter() - started

    async def _write(self, page: ReadPage) -> Moved:
        started = time.perf_counter()
        if self._references:
            rows = page.rows
            if self._desk.applying is None:
                rows = [row for row in rows if _has_references(self._desk, row)]
            ready = await prepare(self._desk, rows, page.trusted_before)
            moved = await write_references(self._desk, ready)
            moved.read = len(page.rows)
        else:
            moved = await write(
                self._desk, await prepare(self._desk, page.rows, page.trusted_before)
            )
        spent = self._result.moved.spent
        spent.writes = (*spent.writes, time.perf_counter() - started)
        return moved

    async def _settle(self, page: ReadPage, writing: asyncio.Future[Moved]) -> bool:
        """Take what a page's writing brought; False where it has to be done again."""
        try:
            moved = await self._waited("writing", writing)
        except Failed as error:
            self._result.moved.failure = self._result.moved.failure or error.failure
            return False
        if moved.failure is not None:
            self._result.moved.failure = self._result.moved.failure or moved.failure
            self._result.moved.requests += moved.requests
            return False
        joined(self._result.moved, moved)
        if not self._references:
            self._result.moved.expired += page.expired
        result, upper = self._result, self._result.slice.upper
        if result.dense_from is not None:
            result.dense_objects += len(page.rows)
        if page.ended:
            result.reached, result.ended = upper, True
        elif page.cursor:
            result.reached = min(UUID(page.cursor).bytes, upper)
            result.dense_from = result.dense_from or result.reached
        return True

    async def _waited(self, what: str, future: asyncio.Future[T]) -> T:
        """The future's result; the wait is noted as time lost to one side."""
        started = time.perf_counter()
        try:
            return await future
        finally:
            spent = self._result.moved.spent
            seconds = time.perf_counter() - started
            setattr(spent, what, getattr(spent, what) + seconds)


class ReadPage(msgspec.Struct, frozen=True, gc=False):
    """Rows up to ``cursor``; ``ended``: nothing follows in the interval, and it was confirmed."""

    rows: list[Row]
    cursor: str
    ended: bool
    bytes: int
    trusted_before: int
    expired: int = 0


class RangeReader:
    """Pages of an interval. A page that is not full is asked for again through another node."""

    def __init__(self, desk: Desk, slice: Slice, rate: float | None = None) -> None:
        self._desk = desk
        self._upper = str(UUID(bytes=slice.upper))
        self._rate = rate
        self._reader = desk.reader(rate)

    async def next(self, after: str) -> ReadPage:
        """The page after a cursor. Raises ``Failed``."""
        try:
            trusted = await self._desk.source.clocks.trusted_before()
            page = await self._reader.page(after, upper=self._upper)
            if page.ended and not page.at_upper:
                page = await self._confirmed(after, page)
        except (WeaviateError, ExceptionGroup) as error:
            raise on("source", error) from None
        return ReadPage(page.rows, page.cursor, page.ended, page.bytes, trusted, page.hidden)

    async def _confirmed(self, after: str, page: Page) -> Page:
        """What this and another node know after the cursor, while all owners are there.

        Rows that only one of them shows are taken: what was deleted meanwhile is found by the
        next generation, what was left out would be lost.
        """
        await owners_there(self._desk.source)
        other = await self._through_another(after)
        known = {row.id: row for row in page.rows} | {row.id: row for row in other.rows}
        covered = self._upper if other.ended else other.cursor
        rows = [known[name] for name in sorted(known) if name <= covered]
        cursor = other.cursor if not other.ended else max(page.cursor, other.cursor)
        gone = tuple(one for one in other.gone if one in page.gone)
        size = page.bytes + other.bytes
        hidden = max(page.hidden, other.hidden)
        return Page(rows, cursor, other.ended, other.at_upper, other.whole, gone, size, hidden)

    async def _through_another(self, after: str) -> Page:
        bases = await self._desk.source.bases()
        contact = self._desk.source.site.transport.contact.rstrip("/")
        others = [one for one in bases if one.rstrip("/") != contact]
        if others:
            base = others[hash(after) % len(others)]
            with suppress(NotSupported):
                return await self._desk.reader(self._rate, base).page(after, upper=self._upper)
        return await self._desk.reader(self._rate).page(after, upper=self._upper)


async def owners_there(source: Cluster, *, since: Owners | None = None) -> Owners:
    """Raise ``Failed`` unless every owner of shards is there, and was since."""
    try:
        return await all_there(source.owners, since=since)
    except ScanFailed as error:
        failure = Failure(side="source", kind="owners away", words=str(error), passing=True)
        raise Failed(failure) from None
    except WeaviateError as error:
        raise on("source", error) from None


def _has_references(desk: Desk, row: Row) -> bool:
    """Whether a property of references is there, be it empty."""
    values = (getattr(row.properties, known.field) for known in desk.shape.references)
    return any(value is not UNSET and value is not None for value in values)
