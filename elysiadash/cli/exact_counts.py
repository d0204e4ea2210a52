"""Exact counts on demand, where they would be true."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from elysiadash.cli.words import plural
from elysiadash.cluster.slices import Kind, Problem
from elysiadash.cluster.stats import CollectionStats
from elysiadash.cluster.watch import Watch
from elysiadash.weaviate.errors import WeaviateError

_AT_ONCE = 4
_MOST = 200


async def ask_exact_counts(watch: Watch, rows: Sequence[CollectionStats]) -> list[str]:
    """Count the objects of ``rows``; returns in words what was not counted and why.

    With a member away counts are silently partial, and right after its death they hang for a
    minute (1.39.0): then nothing is asked.
    """
    reason = _why_not(watch, rows)
    if reason is not None:
        return [f"no exact counts: {reason}"]
    tenants = [row.collection for row in rows if row.multi_tenant]
    slots = asyncio.Semaphore(_AT_ONCE)

    async def count(collection: str) -> None:
        async with slots:
            try:
                await watch.asks.count(collection)
            except WeaviateError as error:
                watch.store.fail(Kind.COUNT, Problem.of(error), of=collection)

    await asyncio.gather(*(count(row.collection) for row in rows if not row.multi_tenant))
    if not tenants:
        return []
    return [
        f"no exact count of {', '.join(tenants)}: it would ask each tenant by itself, "
        "and may activate cold ones"
    ]


def _why_not(watch: Watch, rows: Sequence[CollectionStats]) -> str | None:
    view = watch.cluster()
    missing = watch.missing_nodes()
    if missing:
        return f"{', '.join(missing)} does not take part, so they could be partial or hang"
    if view.expected is None or view.asked_at is None:
        return "which nodes belong to the cluster is not known, so they could be partial"
    if len(rows) > _MOST:
        return f"{plural(len(rows), 'collection')} are too many to count; name one, or use --filter"
    return None
