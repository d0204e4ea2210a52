"""The watch on three real nodes: what was loaded is shown, what dies or hangs is named."""

from __future__ import annotations

import asyncio
import time

import httpx
import pytest

from elysiadash.cluster.connect import connect
from elysiadash.cluster.lanes import FAST
from elysiadash.cluster.slices import Kind
from elysiadash.cluster.watch import Watch
from elysiadash.config.profile import Addresses, Profile
from tests.servers.load import AMOUNTS, insert, object_of
from tests.servers.real import RealCluster

LOADED = AMOUNTS["small"]
pytestmark = [pytest.mark.slow, pytest.mark.real]


def watch(cluster: RealCluster, *, contact: str | None = None, addressed: bool = True) -> Watch:
    url = cluster.nodes[contact] if contact else cluster.url
    nodes = Addresses(named=cluster.nodes) if addressed else Addresses()
    metrics = Addresses(named=cluster.metrics) if addressed else Addresses()
    return connect(Profile(name="real", url=url, nodes=nodes, metrics=metrics))


def states(found: Watch) -> dict[str, str]:
    return {node.node: node.status for node in found.cluster().nodes}


async def seen_within(found: Watch, node: str, expected: set[str], seconds: float) -> float:
    """Polls the fast lane until the node has one of the states; the seconds it took."""
    started = time.monotonic()
    while True:
        await found.once(FAST, limit=4.5)
        took = time.monotonic() - started
        if states(found).get(node) in expected:
            return took
        assert took < seconds, (states(found), found.problems())
        await asyncio.sleep(0.2)


async def test_what_was_loaded_is_what_is_shown(real_cluster: RealCluster) -> None:
    found = watch(real_cluster)
    await found.once(limit=15)
    assert found.problems() == ()
    assert set(states(found).values()) == {"healthy"}
    assert found.cluster().leader in real_cluster.nodes
    rows = {row.collection: row for row in await found.rows()}
    assert (rows["Doc"].replication_factor, rows["Doc"].shards, rows["Doc"].replicas) == (3, 3, 9)
    assert (rows["Event"].replication_factor, rows["Event"].shards) == (1, 3)
    assert rows["Doc"].aliases == ("Docs",)
    tenants = rows["Customer"].tenants_by_state
    assert rows["Customer"].multi_tenant
    assert tenants == {"HOT": 100, "COLD": 100}
    assert await found.asks.count("Doc") == LOADED.docs
    assert await found.asks.count("Event") == LOADED.events
    exact = {row.collection: row for row in await found.rows()}["Doc"]
    assert (exact.objects, exact.objects_are) == (LOADED.docs, "exact")
    await found.aclose()


async def test_a_dead_then_a_hung_node_are_named_and_seen_again(
    fresh_real_cluster: RealCluster,
) -> None:
    cluster = fresh_real_cluster
    found = watch(cluster)
    unaddressed = watch(cluster, addressed=False)
    await found.once(limit=15)
    await unaddressed.once(limit=15)
    victim = sorted(cluster.nodes)[2]

    await cluster.kill(victim)
    assert await seen_within(found, victim, {"missing", "unavailable"}, 10) < 10
    assert await seen_within(unaddressed, victim, {"missing", "unavailable"}, 10) < 10
    await cluster.wait_gone(victim, sorted(cluster.nodes)[0])
    await found.once(limit=15)
    assert states(found)[victim] == "missing"
    partial = {row.collection: row for row in await found.rows()}["Event"]
    assert partial.objects_are == "partial"
    assert partial.missing_nodes == (victim,)
    assert {row.collection: row for row in await found.rows()}["Doc"].objects_are == "approximate"

    await cluster.restart(victim)
    await cluster.wait_ready()
    assert await seen_within(found, victim, {"healthy"}, 30) < 30

    cluster.hang(victim)
    started = time.monotonic()
    await found.once(FAST, limit=4.5)
    assert time.monotonic() - started < 5
    assert states(found)[victim] == "hung"
    cluster.resume(victim)
    assert await seen_within(found, victim, {"healthy"}, 40) < 40
    await found.aclose()
    await unaddressed.aclose()


async def test_a_hung_contact_is_left_for_another_node(fresh_real_cluster: RealCluster) -> None:
    cluster = fresh_real_cluster
    contact = sorted(cluster.nodes)[1]
    found = watch(cluster, contact=contact)
    await found.once(limit=15)
    cluster.hang(contact)
    started = time.monotonic()
    await found.once(FAST, limit=4.5)
    assert time.monotonic() - started < 5
    assert states(found)[contact] == "hung"
    assert found.client.transport.contact != cluster.nodes[contact]
    await asyncio.sleep(7)
    await found.once(limit=15)
    assert found.store.get(Kind.SCHEMA).problem is None
    assert states(found)[contact] == "hung"
    cluster.resume(contact)
    await found.aclose()


async def test_a_hang_blinds_for_seconds_and_is_told_as_no_death(
    fresh_real_cluster: RealCluster,
) -> None:
    """What was asked in the first seconds of a hang is answered after 30 s only."""
    cluster = fresh_real_cluster
    found = watch(cluster)
    running = asyncio.create_task(found.run())
    kinds = (Kind.NODES, Kind.STATISTICS, Kind.VERBOSE)
    await found.store.until(lambda: found.store.is_settled(*kinds))
    leader = found.cluster().leader
    victim = next(name for name in sorted(cluster.nodes)[1:] if name != leader)
    cluster.hang(victim)
    hung_at = time.time()

    def sees() -> bool:
        pieces = [found.store.get(kind) for kind in kinds]
        assert max(poller.open_calls for poller in found.pollers.values()) <= 2
        return states(found)[victim] == "hung" and all(
            piece.problem is None and (piece.fetched_at or 0.0) > hung_at + 4 for piece in pieces
        )

    async with asyncio.timeout(22):
        await found.store.until(sees)
    cluster.resume(victim)
    async with asyncio.timeout(40):
        await found.store.until(lambda: states(found)[victim] == "healthy")
    # An event is told once its state has lasted.
    await asyncio.sleep(4)
    told = [event.kind for event in found.events.newest() if event.node == victim]
    assert "node.left" not in told
    assert "node.state" in told
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await found.aclose()


async def write_batches(url: str, size: int, per_second: float, seconds: float) -> None:
    """Batches at an even pace, late or not."""
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        started = time.monotonic()
        for number in range(int(per_second * seconds)):
            await asyncio.sleep(max(0.0, started + number / per_second - time.monotonic()))
            first = 2_000_000 + number * size
            await insert(client, (object_of("Event", first + n) for n in range(size)))


async def test_the_import_rate_is_right_within_a_tenth(fresh_real_cluster: RealCluster) -> None:
    found = watch(fresh_real_cluster)
    await found.once(limit=15)
    writing = asyncio.create_task(write_batches(fresh_real_cluster.url, 50, 10, 14))
    await asyncio.sleep(3)
    await found.once({Kind.METRICS}, limit=10)
    await asyncio.sleep(8)
    await found.once({Kind.METRICS}, limit=10)
    rate = {row.collection: row for row in await found.rows()}["Event"].imports_per_s
    await writing
    assert rate is not None
    assert rate == pytest.approx(500, rel=0.1)
    await found.aclose()
