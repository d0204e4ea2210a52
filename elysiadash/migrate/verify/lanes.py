"""Pieces of a proof side by side, and asking again where one could not be read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from elysiadash.migrate.errors import NotProven
from elysiadash.migrate.run import Run
from elysiadash.scan.errors import CoordinatorsDisagree, RowTooLarge, ScanFailed
from elysiadash.weaviate.errors import WeaviateError

R = TypeVar("R")

LANES = 4
_WAITS_S = (1.0, 2.0, 4.0, 8.0, 16.0)


async def side_by_side(lane: Callable[[int], Awaitable[None]], lanes: int = LANES) -> None:
    """Run lanes until all have ended; the first failure ends the others and is raised."""
    tasks = [asyncio.ensure_future(lane(number)) for number in range(lanes)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def to_its_end(write: Callable[[], R]) -> R:
    """Write in a thread, and wait for its end also when cancelled: what it writes to stays open."""
    writing = asyncio.ensure_future(asyncio.to_thread(write))
    try:
        return await asyncio.shield(writing)
    except asyncio.CancelledError:
        await asyncio.wait([writing])
        raise


async def persistently(run: Run, what: str, read: Callable[[], Awaitable[R]]) -> R:
    """The result of reading a piece, from its beginning again where it failed.

    Raises ``NotProven`` where it fails for good: a piece that was not read to its end proves
    nothing.
    """
    waits = iter(_WAITS_S)
    while True:
        try:
            return await read()
        except (ScanFailed, WeaviateError) as error:
            wait = next(waits, None)
            if wait is None or isinstance(error, CoordinatorsDisagree | RowTooLarge):
                raise NotProven(
                    f"{what} could not be proven: {error}; see to it, then resume the job"
                ) from error
            await run.note(
                "proof", f"{what} is read again in {wait:g} s: {error}", severity="warning"
            )
            for _ in range(int(wait)):
                await run.breathe()
                await asyncio.sleep(1.0)
