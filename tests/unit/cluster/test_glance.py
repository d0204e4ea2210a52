"""The light watch: it asks what a row needs, keeps nothing, and can change nothing."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import httpx
import pytest

from elysiadash.cluster.connect import connect
from elysiadash.cluster.glance import GLANCED, Glance, glance
from elysiadash.cluster.slices import Kind
from elysiadash.config.profile import Addresses, Intervals, Profile
from elysiadash.demo.cluster import SimulatedCluster, simulated
from elysiadash.weaviate.errors import Refused
from elysiadash.weaviate.guard import Permit
from elysiadash.weaviate.transport import Call


def profile_of(cluster: SimulatedCluster) -> Profile:
    return Profile(
        name=cluster.name,
        url=cluster.url,
        nodes=Addresses(named=cluster.nodes),
        metrics=Addresses(named=cluster.metrics),
    )


async def run_until(watch: Glance, kinds: set[Kind], seconds: float = 5.0) -> None:
    """Run it until these questions were answered, or failed."""
    changed = asyncio.Event()
    stop = watch.store.listen(lambda _: changed.set())
    running = asyncio.create_task(watch.run())
    try:
        async with asyncio.timeout(seconds):
            while not all(watch.store.all(kind) for kind in kinds):
                await changed.wait()
                changed.clear()
    finally:
        stop()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_it_asks_for_nothing_but_what_a_row_needs(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    async with simulated("healthy", grpc=False) as cluster:
        watch = glance(profile_of(cluster), state_dir=folder)
        await run_until(watch, set(GLANCED))
        rows = await watch.rows()
        asked = {kind for kind in Kind if watch.store.all(kind)}
        await watch.aclose()
    assert asked == GLANCED
    assert not asked & {Kind.METRICS, Kind.CAPABILITIES, Kind.BACKUPS, Kind.TASKS}
    assert sum(row.objects or 0 for row in rows) > 0
    assert watch.cluster().leader == "node-0"
    assert not os.path.exists(folder)  # noqa: ASYNC240, PTH110


async def test_it_shows_what_an_earlier_watch_kept(tmp_path: Path) -> None:
    async with simulated("healthy", grpc=False) as cluster:
        whole = connect(profile_of(cluster), state_dir=tmp_path)
        await whole.once()
        await whole.aclose()
        watch = glance(profile_of(cluster), state_dir=tmp_path)
        assert watch.cluster().expected == 3
        assert len(await watch.rows()) == len(await whole.rows())
        await watch.aclose()


async def test_shard_details_wait_for_the_release() -> None:
    """On 1.32.0 the request loads every lazy shard: it must not be sent before that is known."""
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(f"{request.url.path}?{request.url.query.decode()}")
        if request.url.path == "/v1/schema":
            return httpx.Response(200, json={"classes": []})
        if request.url.path == "/v1/nodes":
            nodes = [{"name": "n", "status": "HEALTHY", "version": "1.32.0", "shards": None}]
            return httpx.Response(200, json={"nodes": nodes})
        return httpx.Response(200, json={})

    watch = glance(Profile(name="a", url="http://wv.test"), http=httpx.MockTransport(answer))
    await run_until(watch, {Kind.NODES, Kind.SCHEMA, Kind.VERBOSE})
    await watch.aclose()
    assert "loads lazy shards" in str(watch.store.get(Kind.VERBOSE).problem)
    assert not [path for path in asked if "verbose" in path]


async def test_it_can_change_nothing_even_where_the_profile_may() -> None:
    watch = glance(Profile(name="a", url="http://wv.test", write=True))
    with pytest.raises(Refused):
        await watch.client.transport.send(
            Call(method="DELETE", path="/v1/schema/Doc", timeout=1.0, permit=Permit(reason="test"))
        )
    await watch.aclose()


def test_many_are_asked_more_rarely_and_nobody_more_often_than_wanted() -> None:
    slow = Profile(name="a", url="http://wv.test", intervals=Intervals(fast=60.0, slow=600.0))
    usual = Profile(name="b", url="http://wv.test")

    def interval(profile: Profile, kind: Kind, pace: float = 1.0) -> float:
        return glance(profile, pace=pace).pollers[kind].schedule.interval

    assert interval(usual, Kind.NODES) == 10.0
    assert interval(usual, Kind.NODES, pace=3.0) == 30.0
    assert interval(slow, Kind.NODES) == 60.0
    assert interval(slow, Kind.VERBOSE) == 600.0
