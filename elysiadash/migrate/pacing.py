"""How fast scans may read, and when they stop: asked behind each page."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from elysiadash.migrate.run import Run

_LOOKED_AFTER_S = 1.0


class Pacing:
    """A scan's ``Pace``: at most the job's rate in objects a second, on each side by itself.

    Raises ``Interrupted`` where the job shall stop. All scans of a side share one.
    """

    def __init__(self, run: Run, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._run = run
        self._clock = clock
        self._looked = -_LOOKED_AFTER_S
        self._looking = asyncio.Lock()
        self._rate: float | None = None
        self._free_at = 0.0

    async def __call__(self, rows: int) -> None:
        # Whoever comes while another one looks waits for what that one finds.
        async with self._looking:
            if self._clock() - self._looked >= _LOOKED_AFTER_S:
                await self._run.breathe()
                self._rate = (await asyncio.to_thread(self._run.work.job)).rate
                self._looked = self._clock()
        if self._rate is None or self._run.keeps_writers_out:
            # A limit that spares the cluster must not make its outage longer.
            return
        start = max(self._clock(), self._free_at)
        self._free_at = start + rows / self._rate
        while (left := start - self._clock()) > 0:
            await asyncio.sleep(min(left, _LOOKED_AFTER_S))
            if left > _LOOKED_AFTER_S:
                await self._run.breathe()
