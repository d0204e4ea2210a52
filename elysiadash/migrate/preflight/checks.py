"""Gathers the facts and asks every check."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from elysiadash.migrate.checkpoint import Check
from elysiadash.migrate.preflight.facts import Facts
from elysiadash.migrate.preflight.gathering import gather
from elysiadash.migrate.preflight.rules import clusters, collections, way
from elysiadash.migrate.run import Run

CHECKS: Final[tuple[Callable[[Facts], Iterable[Check]], ...]] = (
    clusters.versions,
    clusters.nodes,
    clusters.rights,
    clusters.readonly,
    clusters.operations,
    clusters.load,
    collections.names,
    collections.definitions,
    collections.replication,
    collections.modules,
    collections.values,
    collections.expiry,
    collections.times,
    way.tenants,
    way.aliases,
    way.replicas,
    way.capacity,
    way.room_here,
    way.freezing,
    way.freeze_time,
    way.strategy,
)
"""In the order in which they are shown among those of one result."""
_ORDER: Final = ("blocks", "unknown", "warns", "ok")


async def check(run: Run) -> tuple[Check, ...]:
    """Every check, what blocks first. Needs ``looking.look``; keeps the facts in ``run.facts``.

    Only reads. Raises the ``WeaviateError`` of a cluster that does not answer at all, and
    ``MigrationStopped`` where the transform is not the one that was chosen.
    """
    facts = await gather(run)
    run.facts = facts
    found = await asyncio.to_thread(judged, facts)
    found = (*found, *await _of_transform(run))
    return tuple(sorted(found, key=lambda one: _ORDER.index(one.result)))


def judged(facts: Facts) -> tuple[Check, ...]:
    """What the checks say to some facts."""
    return tuple(one for ask in CHECKS for one in ask(facts))


def blocking(checks: Iterable[Check], accepted: Iterable[str]) -> tuple[Check, ...]:
    """Blocks that nobody lifted."""
    lifted = set(accepted)
    return tuple(
        one
        for one in checks
        if one.result == "blocks" and not (one.liftable and one.code in lifted)
    )


async def _of_transform(run: Run) -> tuple[Check, ...]:
    if run.spec.transform is None:
        return ()
    from elysiadash.migrate.transforms import in_run

    targets = {name: one.target for name, one in run.translations.items()}
    return await in_run.check(run, targets)
