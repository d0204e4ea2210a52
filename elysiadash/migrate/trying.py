"""Going on where a cluster does not answer for a while: said, waited, tried again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from elysiadash.migrate.run import Run
from elysiadash.scan.errors import OutOfOrder, RowTooLarge, ScanFailed
from elysiadash.weaviate.errors import (
    BadAnswer,
    ConnectionLost,
    NoAnswer,
    ServerFault,
    Unreachable,
    WeaviateError,
)

T = TypeVar("T")

_PASSING = (BadAnswer, ConnectionLost, NoAnswer, ServerFault, Unreachable)
_WAIT_S = (0.5, 1.0, 2.0, 5.0, 10.0)


def passes(error: BaseException) -> bool:
    """Whether it may be over by itself: the network, a server, a node that is away."""
    if isinstance(error, OutOfOrder | RowTooLarge):
        return False
    return isinstance(error, (ScanFailed, *_PASSING))


async def trying(
    run: Run,
    do: Callable[[], Awaitable[T]],
    *,
    patience_s: float,
    stopped: Callable[[], bool] = lambda: False,
) -> T:
    """Do it, again and again while what fails may pass, at most so long after the first failure.

    Each cause is an event of the job once. Raises the failure that does not pass, or outlasts it.
    """
    until: float | None = None
    told: set[str] = set()
    number = 0
    while True:
        begun = time.monotonic()
        try:
            return await do()
        except (ScanFailed, WeaviateError) as error:
            now = time.monotonic()
            # What worked for so long failed for another cause than before.
            until = now + patience_s if until is None or now - begun > patience_s else until
            if not passes(error) or now >= until or stopped():
                raise
            wait = _WAIT_S[min(number, len(_WAIT_S) - 1)]
            number += 1
            words = error.what if isinstance(error, WeaviateError) else str(error)
            if words not in told:
                told.add(words)
                await run.note("waits", f"{error}; tried again", severity="warning")
            for _ in range(max(1, int(wait))):
                await asyncio.sleep(min(1.0, wait))
                await run.breathe()
