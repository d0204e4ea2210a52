"""How the target bears it: queues and memory, asked seldom and in the background.

A question that fails or hangs leaves its sign unknown, which slows nothing down: writes that fail
do that by themselves.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from elysiadash.migrate.site import Site
from elysiadash.migrate.tasks import SliceResult
from elysiadash.migrate.throttle import Signs
from elysiadash.weaviate.errors import WeaviateError
from elysiadash.weaviate.exposition import Exposition, ExpositionReader
from elysiadash.weaviate.models import Nodes

_EVERY_S = 15.0
_WRITES_KEPT = 100
_RESULTS_KEPT = 40
_HEAP = "go_memstats_heap_inuse_bytes"
_LIMIT = "go_gc_gomemlimit_bytes"
_NO_LIMIT = 2.0**60
"""Go's word for no limit is the largest integer."""


class Load:
    """What is known of the target's load; ``signs`` never waits."""

    def __init__(self, site: Site, collections: Iterable[str]) -> None:
        self._site = site
        self._collections = tuple(sorted(set(collections)))
        self._writes: deque[float] = deque(maxlen=_WRITES_KEPT)
        self._failed: deque[bool] = deque(maxlen=_RESULTS_KEPT)
        self._asked = 0.0
        self._asking: asyncio.Task[None] | None = None
        self._batch_queue: int | None = None
        self._vector_queue: int | None = None
        self._heap: float | None = None

    def saw(self, results: Sequence[SliceResult]) -> None:
        """Learn from what came back."""
        for one in results:
            self._writes.extend(one.moved.spent.writes)
            failure = one.moved.failure
            self._failed.append(failure is not None and failure.side == "target")

    def signs(self, objects_per_s: float | None) -> Signs:
        """As of now; asks anew in the background where the last answers are old."""
        now = time.monotonic()
        if (self._asking is None or self._asking.done()) and now - self._asked > _EVERY_S:
            self._asked = now
            self._asking = asyncio.ensure_future(self._ask())
        return Signs(
            objects_per_s=objects_per_s,
            write_p95_s=p95(self._writes),
            batch_queue=self._batch_queue,
            vector_queue=self._vector_queue,
            heap=self._heap,
            errors=sum(self._failed) / len(self._failed) if self._failed else 0.0,
        )

    async def aclose(self) -> None:
        """End the question that is on its way."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    async def _ask(self) -> None:
        self._batch_queue, self._vector_queue, self._heap = await asyncio.gather(
            self._ask_batches(), self._ask_vectors(), self._ask_heap()
        )

    async def _ask_batches(self) -> int | None:
        with contextlib.suppress(WeaviateError):
            return batch_queue(await self._site.client.nodes())
        return None

    async def _ask_vectors(self) -> int | None:
        """Only of the collections that are written: a verbose answer about all is costly."""
        found = 0
        for name in self._collections[:8]:
            try:
                nodes = await self._site.client.nodes(verbose=True, collection=name)
            except WeaviateError:
                return None
            found += sum(
                shard.vector_queue_length for node in nodes.nodes for shard in node.shards or ()
            )
        return found

    async def _ask_heap(self) -> float | None:
        shares = []
        for _, address in self._site.profile.metrics.known():
            with contextlib.suppress(WeaviateError):
                reader = ExpositionReader({_HEAP, _LIMIT})
                share = heap_share(await self._site.client.metrics(address, reader))
                if share is not None:
                    shares.append(share)
        return max(shares, default=None)


def batch_queue(nodes: Nodes) -> int | None:
    """The largest queue of batches that a node tells; None where none tells."""
    told = [one.batch_stats.queue_length for one in nodes.nodes if one.batch_stats is not None]
    return max((length for length in told if length is not None), default=None)


def heap_share(metrics: Exposition) -> float | None:
    """Heap in use of the limit; None where there is none."""
    heap, limit = _value(metrics, _HEAP), _value(metrics, _LIMIT)
    if heap is None or limit is None or not 0 < limit < _NO_LIMIT:
        return None
    return heap / limit


def _value(metrics: Exposition, name: str) -> float | None:
    family = metrics.families.get(name)
    return family.samples[0].value if family is not None and family.samples else None


def p95(seconds: Sequence[float] | deque[float]) -> float | None:
    """The time that 19 of 20 did not pass; None where fewer than 20 were measured."""
    if len(seconds) < 20:
        return None
    return sorted(seconds)[int(0.95 * (len(seconds) - 1))]


def in_window(window: tuple[str, str] | None, now: datetime | None = None) -> bool:
    """Whether objects may be moved now; a window may lie across midnight (UTC)."""
    if window is None:
        return True
    begin, end = window
    hour = (now or datetime.now(UTC)).strftime("%H:%M")
    if begin <= end:
        return begin <= hour < end
    return hour >= begin or hour < end
