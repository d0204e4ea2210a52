"""Work in a thread that is waited for also where its caller is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def to_the_end(do: Callable[..., T], *arguments: object) -> T:
    """``asyncio.to_thread``, but no cancellation leaves the thread behind.

    A thread cannot be stopped: one that went on alone would write files and rows beside those of
    whoever comes next.
    """
    running = asyncio.ensure_future(asyncio.to_thread(do, *arguments))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait({running})
        raise
