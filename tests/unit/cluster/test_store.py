"""The store: newest answer wins, failures keep the value, notices are few."""

from __future__ import annotations

import asyncio

from elysiadash.cluster.slices import Kind, Problem
from elysiadash.cluster.store import Notices, Store

PROBLEM = Problem("server fault", "500")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_failure_keeps_the_value_and_its_age_and_says_since_when() -> None:
    clock = Clock()
    store = Store(clock)
    store.put(Kind.NODES, "a", asked_at=1.0)
    clock.now = 1010.0
    store.fail(Kind.NODES, PROBLEM)
    clock.now = 1020.0
    store.fail(Kind.NODES, Problem("no answer", "later"))
    found = store.get(Kind.NODES)
    assert found.value == "a"
    assert found.age(clock.now) == 20.0
    assert found.problem == Problem("no answer", "later")
    assert found.problem_since == 1010.0
    store.put(Kind.NODES, "b", asked_at=2.0)
    assert store.get(Kind.NODES).problem is None


def test_an_answer_to_an_older_question_is_dropped() -> None:
    store = Store(Clock())
    assert store.put(Kind.NODES, "new", asked_at=10.0)
    assert not store.put(Kind.NODES, "old", asked_at=9.0)
    assert store.get(Kind.NODES).value == "new"


def test_a_failure_of_an_older_question_is_dropped() -> None:
    store = Store(Clock())
    store.put(Kind.NODES, "new", asked_at=10.0)
    seq = store.seq
    store.fail(Kind.NODES, PROBLEM, asked_at=9.0)
    assert store.get(Kind.NODES).problem is None
    assert store.seq == seq
    store.fail(Kind.NODES, PROBLEM, asked_at=11.0)
    assert store.get(Kind.NODES).problem == PROBLEM
    store.fail(Kind.NODES, PROBLEM, of="never answered", asked_at=1.0)
    assert store.get(Kind.NODES, "never answered").problem == PROBLEM


def test_a_failure_without_a_time_is_one_of_now() -> None:
    store = Store(Clock())
    store.put(Kind.NODES, "new", asked_at=10.0)
    store.fail(Kind.NODES, PROBLEM)
    assert store.get(Kind.NODES).problem == PROBLEM


def test_age_is_never_negative_when_the_clock_goes_back() -> None:
    clock = Clock()
    store = Store(clock)
    store.put(Kind.NODES, "a", asked_at=1.0)
    clock.now = 500.0
    assert store.get(Kind.NODES).age(clock.now) == 0.0


async def test_a_flood_of_changes_gives_few_notices_and_loses_none() -> None:
    store = Store()
    heard: list[frozenset[Kind]] = []
    notices = Notices(store, heard.append, 0.05)
    for number in range(50):
        store.put(Kind.NODES, number, asked_at=float(number))
        await asyncio.sleep(0.001)
    store.put(Kind.SCHEMA, 1, asked_at=0.0)
    await asyncio.sleep(0.08)
    assert 1 < len(heard) <= 6
    assert frozenset().union(*heard) == {Kind.NODES, Kind.SCHEMA}
    assert Kind.SCHEMA in heard[-1]
    notices.stop()
    store.put(Kind.NODES, "after", asked_at=99.0)
    count = len(heard)
    await asyncio.sleep(0.06)
    assert len(heard) == count


async def test_until_looks_now_and_after_each_change_and_listens_no_more() -> None:
    store = Store()
    await store.until(lambda: True)
    waiting = asyncio.create_task(store.until(lambda: store.is_settled(Kind.NODES, Kind.SCHEMA)))
    await asyncio.sleep(0)
    store.put(Kind.NODES, 1, asked_at=1.0)
    await asyncio.sleep(0.01)
    assert not waiting.done()
    store.fail(Kind.SCHEMA, Problem("no answer", "none"))
    await asyncio.wait_for(waiting, 1.0)
    given_up = asyncio.create_task(store.until(lambda: False))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    assert store._listeners == []
