"""What the watch makes of answers: rows, what is kept on disk, and the points of charts."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from elysiadash.cluster.connect import connect
from elysiadash.cluster.growth import Growth
from elysiadash.cluster.remembered import Memory, Remembered
from elysiadash.cluster.shards import ShardReport, report_shards
from elysiadash.cluster.slices import Kind, Problem
from elysiadash.cluster.stats import CollectionStats
from elysiadash.cluster.watch import Watch
from elysiadash.config.profile import Profile
from elysiadash.weaviate.models import CollectionDefinition, Node, Nodes, Schema, ShardReplica

PROFILE = Profile(name="away", url="http://127.0.0.1:1")
PARKED = Problem("parked", "not answered after 3 s")


def listed(objects: int) -> Nodes:
    replica = ShardReplica(collection="Docs", name="s0", object_count=objects, status="READY")
    return Nodes([Node("n0", "HEALTHY", shards=[replica])])


def put(watch: Watch, kind: Kind, value: Any, of: str = "") -> None:
    watch.store.put(kind, value, of=of, asked_at=time.monotonic())


def docs(watch: Watch) -> None:
    put(watch, Kind.SCHEMA, Schema(classes=[CollectionDefinition(name="Docs")]))


async def test_rows_are_as_new_as_the_growth_of_the_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watch = connect(PROFILE)
    docs(watch)

    async def nodes(*, verbose: bool, then: Callable[[Nodes], ShardReport]) -> ShardReport:
        return then(listed(5))

    def follow(at: float, counts: Mapping[str, Mapping[str, int]]) -> dict[str, Growth]:
        time.sleep(0.1)
        return {"Docs": Growth(500.0, 600.0)}

    monkeypatch.setattr(watch.client, "nodes", nodes)
    monkeypatch.setattr(watch.asks._growth_tracker, "follow", follow)
    asking = asyncio.create_task(watch.asks.verbose())
    await watch.store.until(lambda: watch.store.get(Kind.VERBOSE).value is not None)
    assert (await watch.rows())[0].objects_per_s == 500.0
    await asking
    assert (await watch.rows())[0].objects_per_s == 500.0
    await watch.aclose()


async def test_the_last_saved_rows_are_kept_without_reading_them_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = Memory(tmp_path, PROFILE.name, PROFILE.url)
    memory.save(Remembered(rows=(CollectionStats(collection="Old"),), rows_at=1.0))
    watch = connect(PROFILE, state_dir=tmp_path)
    read: list[str] = []
    load = Memory.load

    def noted(self: Memory) -> Remembered:
        read.append(threading.current_thread().name)
        return load(self)

    monkeypatch.setattr(Memory, "load", noted)
    put(watch, Kind.NODES, Nodes([Node("n0", "HEALTHY")]))
    watch.store.fail(Kind.VERBOSE, PARKED)
    await watch._save()
    assert (load(memory).rows[0].collection, load(memory).rows_at) == ("Old", 1.0)
    docs(watch)
    put(watch, Kind.VERBOSE, report_shards(listed(7)))
    await watch._save()
    at = watch.rows_at()
    watch.store.fail(Kind.VERBOSE, PARKED)
    put(watch, Kind.SCHEMA, Schema(classes=[]))
    await watch._save()
    assert [(row.collection, row.objects) for row in load(memory).rows] == [("Docs", 7)]
    assert load(memory).rows_at == at
    assert read == []
    await watch.aclose()
