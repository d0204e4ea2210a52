"""How many replicas objects of the source have, and whether reading may repair them.

A read above ONE writes: what replicas lack is brought to them. It needs the leave to write, and a
person's word where it could choose wrongly.
"""

from __future__ import annotations

from elysiadash.migrate.errors import MigrationStopped, Waits
from elysiadash.migrate.parts import Part
from elysiadash.migrate.run import Run
from elysiadash.weaviate.errors import Forbidden, NotFound, NotSupported
from elysiadash.weaviate.versions import has_fault

ANSWER = "repair"
"""The key of the answer to the question whether reads may repair: ``yes`` or ``no``."""


class Replication:
    """What is known of each collection's replicas, asked once."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._most: dict[str, int] = {}

    async def several(self, collection: str) -> bool:
        """Whether a shard has more than one replica, by its definition or by a movement."""
        if collection not in self._most:
            self._most[collection] = await self._count(collection)
        return self._most[collection] > 1

    async def leave_to_ask(self, part: Part) -> None:
        """Raise unless all replicas of objects may be asked, which repairs what differs.

        ``MigrationStopped`` where the source's profile is read-only, ``Waits`` where a person has
        to say so.
        """
        if not await self.several(part.collection):
            return
        if not self._run.source.profile.write:
            raise MigrationStopped(
                f"objects of {part.key} are no longer listed in the source, and asking all of its"
                " replicas whether they are deleted is a repairing read, which its profile does"
                " not allow: set write = true in the source's profile, then resume the job"
            )
        why = objection(self._run, part.collection)
        if why is not None and self._run.checkpoint.answers.get(ANSWER) != "yes":
            raise Waits(
                f"{why}. Objects that differ between replicas can only be settled by such reads:"
                " say yes to allow them",
                key=ANSWER,
                choices=("yes",),
            )

    async def _count(self, collection: str) -> int:
        definition = self._run.definitions.get(collection, {})
        factor = int((definition.get("replicationConfig") or {}).get("factor") or 1)
        multi_tenant = bool((definition.get("multiTenancyConfig") or {}).get("enabled"))
        if factor > 1 or multi_tenant:
            return factor
        try:
            state = await self._run.source.client.sharding_state(collection)
        except (NotSupported, NotFound, Forbidden):
            return factor
        return max([factor, *(len(shard.replicas or ()) for shard in state.shards or ())])


def objection(run: Run, collection: str) -> str | None:
    """Why reads of a collection must not repair without a person's word; None where they may."""
    definition = run.definitions.get(collection, {})
    strategy = (definition.get("replicationConfig") or {}).get("deletionStrategy")
    if strategy == "NoAutomatedResolution":
        return (
            f"{collection} has deletionStrategy NoAutomatedResolution: a repairing read can bring"
            " an object back that was deleted while a node was away"
        )
    version = run.source.meta.version
    if has_fault(version, "partial-objects"):
        return (
            f"the source runs {version}, where a repairing read can leave an object without its"
            " vectors or properties"
        )
    return None


async def may_repair(run: Run, part: Part, replication: Replication) -> bool:
    """Whether objects of a part may be read at ALL: there is something to repair, and leave."""
    if not run.source.profile.write or not await replication.several(part.collection):
        return False
    return objection(run, part.collection) is None or run.checkpoint.answers.get(ANSWER) == "yes"
