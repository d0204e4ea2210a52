"""Pollers: single flight, parked calls, backoff, and never an end."""

from __future__ import annotations

import asyncio
import random

import pytest

from elysiadash.cluster.poller import Poller, Schedule
from elysiadash.cluster.slices import Problem
from elysiadash.weaviate.errors import Forbidden, ServerFault

SCHEDULE = Schedule(interval=5.0, backoff_first=1.0, backoff_max=60.0, refused=600.0)


class Asked:
    """A question whose answers are scripted."""

    def __init__(self) -> None:
        self.calls = 0
        self.error: Exception | None = None
        self.block: asyncio.Event | None = None
        self.problems: list[Problem] = []

    async def __call__(self) -> None:
        self.calls += 1
        if self.block is not None:
            await self.block.wait()
        if self.error is not None:
            raise self.error


def poller(asked: Asked, schedule: Schedule = SCHEDULE, held: str | None = None) -> Poller:
    rng = random.Random(1)
    return Poller("p", asked, asked.problems.append, schedule, held=lambda: held, rng=rng)


async def test_a_success_waits_the_interval_with_a_little_jitter() -> None:
    wait = await poller(Asked()).once()
    assert 5.0 <= wait <= 5.5


async def test_an_expensive_call_waits_longer() -> None:
    asked = Asked()

    async def slow() -> None:
        await asyncio.sleep(0.02)

    found = Poller("p", slow, asked.problems.append, Schedule(interval=0.1, cost_factor=100))
    assert await found.once() >= 2.0


async def test_failures_back_off_with_jitter_up_to_the_limit_and_recover() -> None:
    asked = Asked()
    asked.error = ServerFault("no")
    found = poller(asked)
    waits = [await found.once() for _ in range(12)]
    for number, wait in enumerate(waits):
        full = min(60.0, 2.0**number)
        assert full / 2 <= wait <= full
    assert found.failures == 12
    assert asked.problems[0].kind == "server fault"
    asked.error = None
    assert await found.once() <= 5.5
    assert found.failures == 0


async def test_a_refusal_that_waiting_does_not_change_is_asked_rarely() -> None:
    asked = Asked()
    asked.error = Forbidden("403")
    assert await poller(asked).once() == 600.0


async def test_a_hanging_call_is_parked_and_never_a_third_one_starts() -> None:
    asked = Asked()
    asked.block = asyncio.Event()
    found = poller(asked, Schedule(interval=5.0, park=0.01))
    for _ in range(6):
        assert await found.once() == 5.0
    assert asked.calls == 2
    assert found.open_calls == 2
    assert asked.problems[-1].kind == "parked"
    asked.block.set()
    await asyncio.sleep(0.01)
    assert found.open_calls == 0
    await found.once()
    assert asked.calls == 3


async def test_an_internal_fault_is_noted_and_does_not_end_the_watch(
    caplog: pytest.LogCaptureFixture,
) -> None:
    asked = Asked()
    asked.error = KeyError("ours")
    found = poller(asked)
    await found.once()
    assert asked.problems[-1].kind == "internal"
    assert "poller p failed" in caplog.text
    asked.error = None
    await found.once()
    assert found.failures == 0


async def test_a_held_poller_asks_nothing_and_says_why() -> None:
    asked = Asked()
    await poller(asked, held="replicas are being moved").once()
    assert asked.calls == 0
    assert asked.problems == [Problem("held", "replicas are being moved")]


async def test_refresh_now_ends_the_wait_and_pause_stops_it() -> None:
    asked = Asked()
    found = poller(asked, Schedule(interval=3600))
    task = asyncio.create_task(found.run())
    await asyncio.sleep(0)
    await asyncio.sleep(0.01)
    assert asked.calls == 1
    found.refresh_now()
    await asyncio.sleep(0.01)
    assert asked.calls == 2
    found.pause()
    found.refresh_now()
    await asyncio.sleep(0.01)
    assert asked.calls == 2
    found.resume()
    await asyncio.sleep(0.01)
    assert asked.calls == 3
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_cancelling_ends_the_calls_set_aside() -> None:
    asked = Asked()
    asked.block = asyncio.Event()
    found = poller(asked, Schedule(interval=3600, park=0.01))
    task = asyncio.create_task(found.run())
    await asyncio.sleep(0.05)
    assert found.open_calls == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert found.open_calls == 0
