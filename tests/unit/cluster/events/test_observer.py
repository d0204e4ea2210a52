"""The observer: what it keeps of each thing goes with the thing."""

from __future__ import annotations

from elysiadash.cluster.events.log import EventLog
from elysiadash.cluster.events.observer import Observer
from elysiadash.cluster.rows import TenantCounts
from elysiadash.cluster.shards import report_shards
from elysiadash.cluster.slices import Kind
from elysiadash.cluster.store import Store
from elysiadash.cluster.view import HEALTHY, ClusterView, NodeView
from elysiadash.weaviate.models import Node, Nodes, ShardReplica


def picture(*nodes: str) -> ClusterView:
    found = tuple(NodeView(node=name, status=HEALTHY) for name in nodes)
    return ClusterView(nodes=found, expected=len(found) or None, live=len(found))


class Observed:
    """An observer with a store of its own, and a clock that is set by hand."""

    def __init__(self, *nodes: str) -> None:
        self.now = 1000.0
        self.store = Store(lambda: self.now)
        self.log = EventLog()
        self.view = picture(*nodes)
        self.observer = Observer(self.store, self.log, lambda: self.view)

    async def tenants(self, hot: int, after: float = 15.0) -> list[str]:
        """What is told when the collection has so many tenants."""
        self.now += after
        counts = TenantCounts({"HOT": hot})
        self.store.put(Kind.TENANTS, counts, of="Doc", asked_at=self.now)
        return await self.told()

    async def told(self) -> list[str]:
        before = list(self.log.newest())
        await self.observer.look()
        return [event.kind for event in self.log.newest() if event not in before]


async def test_a_collection_made_anew_tells_its_tenants_at_once() -> None:
    observed = Observed()
    await observed.tenants(1)
    assert await observed.tenants(2) == ["tenants.changed"]
    assert await observed.tenants(3) == [], "one line a minute"
    observed.store.forget(Kind.TENANTS, "Doc")
    await observed.told()
    assert await observed.tenants(1) == []
    assert await observed.tenants(5) == ["tenants.changed"]


async def test_shards_of_a_node_that_is_expected_no_longer_are_forgotten() -> None:
    observed = Observed("n0", "n1")
    replica = ShardReplica(collection="Doc", name="s0", status="READY")

    async def lists(*nodes: str) -> set[str]:
        observed.now += 100
        report = report_shards(Nodes([Node(name, "HEALTHY", shards=[replica]) for name in nodes]))
        for kind in (Kind.READY, Kind.NODES, Kind.STATISTICS):
            observed.store.put(kind, "asked", asked_at=observed.now)
        await observed.observer.look()
        observed.store.put(Kind.VERBOSE, report, asked_at=observed.now)
        await observed.observer.look()
        return set(observed.observer._shards.nodes)

    await lists("n0", "n1")
    assert await lists("n0", "n1") == {"n0", "n1"}
    assert await lists("n0") == {"n0", "n1"}, "it is away, and expected"
    observed.view = picture("n0")
    assert await lists("n0") == {"n0"}
