"""The small charts of rows over a time that this session does not remember.

Only the rows in sight are asked for, beside the event loop, a few at a time, and rarely: each is
a look into the recording or a query to Prometheus.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from math import ceil

import msgspec

from elysiadash.cluster.series import in_steps
from elysiadash.tui.source import Watched

Steps = tuple[float | None, ...]

_METRIC = "objects_per_s"
_AT_ONCE = 2
_MOST_ROWS = 80
"""More than fit on any screen."""
_KEPT_ROWS = 400
_SOONEST_S = 30.0
_LATEST_S = 300.0


class _Read(msgspec.Struct, frozen=True, gc=False):
    window: float
    at: float
    """Wall-clock seconds of the end of the chart."""
    steps: Steps


class Trends:
    """One number of each row over time, in ``count`` even steps."""

    def __init__(self, watch: Watched, count: int) -> None:
        self._watch = watch
        self._count = count
        self._read: dict[str, _Read] = {}
        self._asking = False

    def steps(self, collection: str, now: float, window: float) -> Steps:
        """The ``window`` seconds before ``now``; a gap is None.

        Of a longer time than the session remembers only what was read of it, else the session's
        part.
        """
        read = self._read.get(collection)
        is_of_now = read is not None and abs(now - read.at) <= window / 2
        if read and is_of_now and read.window == window and not self._remembers(now - window):
            return read.steps
        # One sample a slow interval or so: a few more than the chart can hold.
        last = max(200, int(window / 3))
        points = self._watch.history.points(_METRIC, collection, last=last)
        return in_steps(points, now, window, self._count)

    def due(self, rows: Iterable[str], now: float, window: float) -> Sequence[str]:
        """Those of the rows to be asked for now; none while others are."""
        if self._asking or self._remembers(now - window):
            return ()
        least = min(_LATEST_S, max(_SOONEST_S, window / self._count / 2))

        def is_due(row: str) -> bool:
            read = self._read.get(row)
            # The clock of a recording can go back.
            return read is None or read.window != window or abs(now - read.at) >= least

        return [row for row in rows if is_due(row)][:_MOST_ROWS]

    async def ask(
        self, rows: Sequence[str], now: float, window: float, went_on: Callable[[], bool]
    ) -> None:
        """Read these rows' pasts; ``went_on`` is called after each few, and False ends it."""
        self._asking = True
        try:
            for first in range(0, len(rows), _AT_ONCE):
                some = rows[first : first + _AT_ONCE]
                found = await asyncio.gather(*(self._ask(row, now, window) for row in some))
                for row, steps in zip(some, found, strict=True):
                    self._read.pop(row, None)
                    self._read[row] = _Read(window, now, steps)
                while len(self._read) > _KEPT_ROWS:
                    del self._read[next(iter(self._read))]
                if not went_on():
                    return
        finally:
            self._asking = False

    async def _ask(self, row: str, now: float, window: float) -> Steps:
        # While the screen is held its end is earlier than that of what is asked.
        late = max(0, ceil((self._watch.store.clock() - now) * self._count / window))
        whole = self._count + late
        series = await self._watch.series(_METRIC, row, window * whole / self._count, whole)
        return series.values[: self._count]

    def _remembers(self, start: float) -> bool:
        since = self._watch.history.since
        return since is not None and since <= start
