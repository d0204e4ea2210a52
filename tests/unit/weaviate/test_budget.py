"""Our own load: counted over a minute, refused above the limit."""

from __future__ import annotations

import pytest

from elysiadash.weaviate.budget import Budget
from elysiadash.weaviate.errors import Refused


class _Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_requests_of_the_last_minute_are_counted_and_forgotten() -> None:
    clock = _Clock()
    budget = Budget(10, clock)
    for _ in range(4):
        started = budget.start("GET x")
        clock.now += 0.02
        budget.end(started, "read", "ok")
    load = budget.load()
    assert load.requests_per_minute == 4
    assert load.in_flight == 0
    assert load.p95_ms == pytest.approx(20.0)
    clock.now += 61
    assert budget.load().requests_per_minute == 0
    assert budget.load().p95_ms is None
    assert budget.outcomes == {("read", "ok"): 4}


def test_a_used_up_budget_refuses_and_recovers() -> None:
    clock = _Clock()
    budget = Budget(2, clock)
    budget.start("GET x")
    budget.start("GET x")
    with pytest.raises(Refused, match="budget of 2 requests"):
        budget.start("GET x")
    clock.now += 61
    budget.start("GET x")


def test_p95_is_the_slow_end() -> None:
    clock = _Clock()
    budget = Budget(1000, clock)
    for number in range(100):
        started = budget.start("GET x")
        clock.now += 0.001 if number < 90 else 0.5
        budget.end(started, "read", "ok")
        clock.now -= 0.0005
    assert budget.load().p95_ms == pytest.approx(500.0)
