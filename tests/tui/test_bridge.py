"""Notices are few, and rows are only built when they can differ."""

from __future__ import annotations

import asyncio

import msgspec

from elysiadash.cluster.slices import Kind
from elysiadash.config.profile import Intervals
from elysiadash.tui.bridge import Bridge, DataChanged
from tests.tui.reading import names, settled, shown
from tests.tui.still import NODES, five_rows, still_cluster, three_nodes


async def test_a_flood_of_changes_is_a_few_notices() -> None:
    watch = still_cluster()
    watch.profile = msgspec.structs.replace(watch.profile, intervals=Intervals(ui_notice=0.05))
    posted: list[DataChanged] = []
    bridge = Bridge(watch, posted.append)
    for number in range(500):
        watch.store.put(Kind.READY, number, of="http://a", asked_at=watch.clock.now)
        await asyncio.sleep(0)
    await asyncio.sleep(0.08)
    assert 1 <= len(posted) <= 3
    assert posted[0].can_replace(posted[-1])
    bridge.stop()
    watch.store.put(Kind.READY, 0, of="http://a", asked_at=watch.clock.now)
    seen = len(posted)
    await asyncio.sleep(0.08)
    assert len(posted) == seen


async def test_rows_are_built_when_their_kinds_or_the_nodes_change() -> None:
    watch = still_cluster()
    watch.profile = msgspec.structs.replace(watch.profile, intervals=Intervals(ui_notice=0.05))
    told = asyncio.Event()
    bridge = Bridge(watch, lambda _: told.set())

    async def after(kind: Kind) -> bool:
        told.clear()
        watch.store.put(kind, object(), of="x", asked_at=watch.clock.now)
        await told.wait()
        return bridge.take()

    assert await after(Kind.VERBOSE)
    assert not await after(Kind.READY)
    assert not await after(Kind.NODES)
    watch.view = three_nodes(missing=NODES[1])
    assert await after(Kind.NODES)
    assert not await after(Kind.STATISTICS)
    bridge.stop()


async def test_a_change_in_the_store_reaches_the_screen_by_itself() -> None:
    watch = still_cluster()
    watch.profile = msgspec.structs.replace(watch.profile, intervals=Intervals(ui_notice=0.05))
    async with shown(watch) as (app, pilot):
        watch.give(five_rows()[:2])
        for _ in range(100):
            await pilot.pause(0.02)
            await settled(pilot)
            if len(names(app)) == 2:
                break
        assert names(app) == ["Chunks", "Documents"]
