"""A light watch: what one row about a cluster needs, and nothing more.

Metrics are left out (705 ms of the servers' CPU and 18 MB on three nodes), aliases, tasks,
backups and capabilities too. Tenants and replica movements stay: where shard details can harm,
they say when not to ask for them. Nothing is written to disk, and no write can pass.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec

from elysiadash.cluster.remembered import Memory
from elysiadash.cluster.slices import Kind, Problem
from elysiadash.cluster.watch import Watch
from elysiadash.config.profile import Profile
from elysiadash.weaviate.client import Client
from elysiadash.weaviate.errors import WeaviateError
from elysiadash.weaviate.guard import Guard
from elysiadash.weaviate.transport import Transport

_INTERVALS_S = {
    Kind.NODES: 10.0,
    Kind.READY: 15.0,
    Kind.STATISTICS: 15.0,
    Kind.SCHEMA: 30.0,
    Kind.OPERATIONS: 30.0,
    Kind.TENANTS: 60.0,
    Kind.VERBOSE: 30.0,
}
"""What is asked, and the seconds between two polls, at least."""

_LATER = frozenset({Kind.TENANTS, Kind.VERBOSE, Kind.OPERATIONS})
"""Need to know the nodes' release and the collections."""

GLANCED = frozenset(_INTERVALS_S)


class Glance(Watch):
    """A watch that asks little and rarely; ``pace`` times as rarely where many are looked at."""

    def __init__(self, client: Client, memory: Memory, *, pace: float = 1.0) -> None:
        super().__init__(client, memory)
        for kind, seconds in _INTERVALS_S.items():
            poller = self.pollers[kind]
            # A profile that asks to be asked less often is.
            interval = max(seconds * pace, poller.schedule.interval)
            poller.schedule = msgspec.structs.replace(poller.schedule, interval=interval)

    async def run(self) -> None:
        """Poll what a row needs until cancelled."""
        async with asyncio.TaskGroup() as group:
            for kind in GLANCED:
                group.create_task(self._poll(kind))

    async def _poll(self, kind: Kind) -> None:
        if kind in _LATER:
            await self.store.until(lambda: self.store.is_settled(Kind.NODES, Kind.SCHEMA))
        await self.pollers[kind].run()


def glance(
    profile: Profile, *, state_dir: Path | None = None, pace: float = 1.0, http: Any = None
) -> Glance:
    """A light watch over the profile's cluster; nothing is asked before it is run.

    ``state_dir`` is where an earlier watch has kept what it saw; ``http`` replaces the network
    in tests.
    """
    client = Client(Transport(profile, Guard(), http=http))
    return Glance(client, Memory(state_dir, profile.name, profile.url), pace=pace)


async def first_answer(profile: Profile, *, limit: float = 5.0, http: Any = None) -> Problem | None:
    """Ask ``/v1/meta`` once; returns why that was not answered, None when it was."""
    client = Client(Transport(profile, Guard(), http=http))
    try:
        async with asyncio.timeout(limit):
            await client.meta()
    except WeaviateError as error:
        return Problem.of(error)
    except TimeoutError:
        return Problem("no answer", f"no answer within {limit:g} s", f"GET {profile.url}/v1/meta")
    finally:
        await client.aclose()
    return None
