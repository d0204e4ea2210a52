"""Copies objects by their ids, with their references: for deltas and repairs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from elysiadash.migrate import opened
from elysiadash.migrate.moving import joined, prepare, write
from elysiadash.migrate.opened import Desk, Failed, on
from elysiadash.migrate.slices import Pace
from elysiadash.migrate.tasks import ListResult, ListTask, Moved
from elysiadash.scan.keys import as_parameter, as_text, before
from elysiadash.weaviate.errors import WeaviateError
from elysiadash.weaviate.objects import Reader, Row

_TOGETHER = 200
"""Ids looked for at once."""
_DENSE = 8
"""Pages are read where at least one object in so many is wanted."""
_ALONE_AT_ONCE = 4


def copy_list(task: ListTask) -> ListResult:
    """Do a task. Raises for faults of our own only."""
    return opened.run(_copy(task))


async def _copy(task: ListTask) -> ListResult:
    started, cpu = time.perf_counter(), time.process_time()
    result = ListResult(part=task.part, moved=Moved(), left=task.ids)
    try:
        desk = (await opened.desks(task.work, [task.part]))[task.part.key]
        pace = Pace(task.rate)
        async for ids, rows, trusted in _found(desk, task.ids):
            spent = result.moved.spent
            spent.held += await pace.took(len(rows))
            writing = time.perf_counter()
            moved = await write(desk, await prepare(desk, rows, trusted), references=True)
            spent.writing += time.perf_counter() - writing
            if moved.failure is not None:
                result.moved.failure = moved.failure
                result.moved.requests += moved.requests
                break
            joined(result.moved, moved)
            result.left = result.left[len(ids) :]
    except Failed as error:
        result.moved.failure = error.failure
    result.moved.spent.seconds = time.perf_counter() - started
    result.moved.spent.cpu = time.process_time() - cpu
    return result


async def _found(
    desk: Desk, ids: Sequence[bytes]
) -> AsyncIterator[tuple[Sequence[bytes], list[Row], int]]:
    """Some ids after the other, with the rows of those that the source has now."""
    reader, at, dense = desk.reader(), 0, True
    while at < len(ids):
        together = ids[at : at + _TOGETHER]
        try:
            trusted = await desk.source.clocks.trusted_before()
            if dense:
                together, rows, dense = await _paged(reader, together)
            else:
                rows = await _alone(reader, together)
                # Where they lie closer again, a page is worth a try.
                dense = True
        except (WeaviateError, ExceptionGroup) as error:
            raise on("source", error) from None
        yield together, rows, trusted
        at += len(together)


async def _paged(reader: Reader, ids: Sequence[bytes]) -> tuple[Sequence[bytes], list[Row], bool]:
    """One page from the first id on: the ids that it settles, their rows, and whether it was
    worth it. Ids that it should show and does not are asked for alone: a page may leave out."""
    page = await reader.page(as_parameter(before(ids[0])), upper=as_text(ids[-1]))
    covered = ids[-1] if page.ended or not page.cursor else UUID(page.cursor).bytes
    settled = [key for key in ids if key <= covered]
    rows = {row.id: row for row in page.rows}
    absent = [key for key in settled if as_text(key) not in rows]
    found = [rows[text] for key in settled if (text := as_text(key)) in rows]
    if absent:
        found = sorted([*found, *await _alone(reader, absent)], key=lambda row: row.id)
    worth = _DENSE * len(settled) >= len(page.rows)
    if not settled:
        # Others lie before the first: it was deleted, and the page is full of what follows.
        return ids[:1], await _alone(reader, ids[:1]), False
    return settled, found, worth


async def _alone(reader: Reader, ids: Sequence[bytes]) -> list[Row]:
    """Each by itself, by REST."""
    places = asyncio.Semaphore(_ALONE_AT_ONCE)

    async def read(key: bytes) -> Row | None:
        async with places:
            return await reader.one(as_text(key))

    rows = await asyncio.gather(*(read(key) for key in ids))
    return [row for row in rows if row is not None]
