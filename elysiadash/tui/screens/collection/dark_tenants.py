"""The active tenants that no node lists, by name: asked only where counts do not tell them."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable

from elysiadash.cluster.shards import ShardReport
from elysiadash.cluster.slices import Kind
from elysiadash.tui.source import Watched
from elysiadash.tui.tenant_list import is_active
from elysiadash.weaviate.errors import WeaviateError
from elysiadash.weaviate.models import Tenant

_AGAIN_S = 30.0


class DarkTenants:
    """``known`` is None until the tenants were listed, and where they are refused."""

    def __init__(self) -> None:
        self.known: frozenset[str] | None = None
        self._asked_of: Hashable = None
        self._asked_at = float("-inf")

    def forget(self) -> None:
        """Nothing is to be asked."""
        self.known = self._asked_of = None

    def is_due(self, about: Hashable, now: float) -> bool:
        """Whether to ask now; ``about`` is what the question is about. Yes is taken as asked."""
        if about == self._asked_of or 0 <= now - self._asked_at < _AGAIN_S:
            return False
        self._asked_of, self._asked_at = about, now
        return True

    async def ask(self, watched: Watched, collection: str) -> None:
        """One question to the leader, as the pane of tenants asks it."""
        try:
            answer = await watched.tenants(collection)
        except WeaviateError:
            # The counts tell as much as can be told then, and the pane of tenants says why.
            self.known = None
            return
        report: ShardReport | None = watched.store.get(Kind.VERBOSE).value
        if report is not None:
            self.known = await asyncio.to_thread(_unlisted, answer, report, collection)


def _unlisted(tenants: tuple[Tenant, ...], report: ShardReport, collection: str) -> frozenset[str]:
    listed = {
        shard.name
        for node in report.nodes.nodes
        for shard in node.shards or ()
        if shard.collection == collection
    }
    active = {each.name for each in tenants if is_active(each.activity_status or "HOT")}
    return frozenset(active - listed)
