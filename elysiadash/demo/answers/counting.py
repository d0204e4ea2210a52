"""How Aggregate counts while nodes come and go, for all three doors that ask it."""

from __future__ import annotations

import asyncio

from elysiadash.demo import stored
from elysiadash.demo.messages import ConnectionDropped
from elysiadash.demo.model import Collection
from elysiadash.demo.world import COUNT_HANGS_SECONDS, World


async def counted(world: World, collection: Collection, tenant: str) -> int:
    """The objects of the shards that can be reached.

    In the first seconds after a node was lost a count asks it in vain, and after a minute the
    server closes the connection: raises `ConnectionDropped`. Raises `Refusal` for tenants.
    """
    stored.shards_for(collection, tenant)
    if world.freshly_lost():
        await asyncio.sleep(world.scaled(COUNT_HANGS_SECONDS))
        raise ConnectionDropped
    return stored.count(world, collection, tenant)
