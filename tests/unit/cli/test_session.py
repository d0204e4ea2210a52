"""Asking within limits, and ending without waiting for what does not end."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

import httpx
import pytest

from elysiadash.cli.session import ask, live_rows, run_to_end
from elysiadash.cluster.connect import connect
from elysiadash.cluster.lanes import FAST
from elysiadash.cluster.slices import Kind
from elysiadash.cluster.watch import Watch
from elysiadash.config.profile import Addresses, Profile


def test_a_stuck_thread_is_left_behind() -> None:
    let_go = threading.Event()

    async def work() -> int:
        waiting = asyncio.ensure_future(asyncio.to_thread(let_go.wait))
        await asyncio.wait({waiting}, timeout=0.01)
        return 7

    try:
        assert run_to_end(work()) == 7
    finally:
        let_go.set()


def test_what_was_set_aside_is_cancelled() -> None:
    ended: list[str] = []

    async def background() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append("cancelled")

    async def work() -> int:
        task = asyncio.ensure_future(background())
        await asyncio.sleep(0)
        assert not task.done()
        return 0

    assert run_to_end(work()) == 0
    assert ended == ["cancelled"]


def test_a_fault_comes_through() -> None:
    async def work() -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_to_end(work())


def fake_watch(path_hangs: str, state: Path | None = None) -> Watch:
    answers = {
        "/v1/nodes": {"nodes": [{"name": "node-0", "status": "HEALTHY"}]},
        "/v1/schema": {"classes": [{"class": "Customer", "multiTenancyConfig": {"enabled": True}}]},
        "/v1/meta": {"version": "1.39.0"},
        "/v1/cluster/statistics": {"statistics": []},
    }

    async def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == path_hangs:
            await asyncio.sleep(3600)
        return httpx.Response(200, json=answers.get(request.url.path, []))

    profile = Profile(
        name="fake",
        url="http://wv.test:8080",
        metrics=Addresses(named={"node-0": "http://wv.test:2112"}),
    )
    return connect(profile, state_dir=state, http=httpx.MockTransport(answer))


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/v1/schema/Customer/tenants", Kind.TENANTS), ("/metrics", Kind.METRICS)],
)
async def test_what_has_not_answered_in_time_is_a_problem(path: str, kind: Kind) -> None:
    watch = fake_watch(path)
    kinds = FAST | {Kind.SCHEMA, Kind.TENANTS, Kind.METRICS}
    await ask(watch, kinds, 0.5)
    assert "no answer within" in str(
        [problem.what for found, _, problem in watch.problems() if found is kind]
    )
    await watch.aclose()


async def test_the_release_is_known_before_shard_details_are_asked_for() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path + str(request.url.query))
        if request.url.path == "/v1/meta":
            return httpx.Response(200, json={"version": "1.31.4"})
        return httpx.Response(200, json={"nodes": [], "classes": []})

    watch = connect(
        Profile(name="old", url="http://wv.test:8080"), http=httpx.MockTransport(answer)
    )
    await ask(watch, FAST | {Kind.SCHEMA, Kind.VERBOSE})
    assert not [path for path in asked if "verbose" in path]
    problem = watch.store.get(Kind.VERBOSE).problem
    assert problem is not None
    assert "loads lazy shards" in problem.what
    await watch.aclose()


async def test_remembered_rows_are_not_passed_off_as_fresh(tmp_path: Path) -> None:
    watch = fake_watch("/none", tmp_path)
    await ask(watch, FAST | {Kind.SCHEMA, Kind.VERBOSE})
    assert len(await live_rows(watch)) == 1
    await watch.aclose()

    def refused(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no")

    profile = watch.profile
    later = connect(profile, state_dir=tmp_path, http=httpx.MockTransport(refused))
    await ask(later, FAST | {Kind.SCHEMA})
    assert len(await later.rows()) == 1
    assert await live_rows(later) == ()
    await later.aclose()


async def test_a_limit_is_kept() -> None:
    watch = fake_watch("/v1/nodes")
    started = time.monotonic()
    await ask(watch, FAST | {Kind.VERBOSE}, 0.6)
    assert time.monotonic() - started < watch.profile.timeouts.command
    await watch.aclose()
