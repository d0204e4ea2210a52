"""What a real Prometheus was seen to answer, read again: numbers of nodes and of collections."""

from __future__ import annotations

import json

import pytest

from elysiadash.cluster.slices import Kind
from elysiadash.cluster.store import Store
from tests.contract.prometheus_answers import ANSWERS, CHARTED, STEP_S, STEPS, URL, Replayed, asks

DOCUMENT = json.loads(ANSWERS.read_text("utf-8"))


async def test_a_reading_names_every_node_and_fills_every_collection() -> None:
    store, server = Store(), Replayed()
    asking = asks(URL, server, store)
    await asking.poll()
    found = store.all(Kind.METRICS)
    assert {piece.value.node_id for of, piece in found.items() if of} == set(DOCUMENT["nodes"])
    assert asking.reading is not None
    assert asking.reading.nodes == 3
    assert len(asking.reading.everyone.per_collection) == 6
    assert all(each.queries_per_s is not None for each in asking.reading.traffic.values())
    assert "Prometheus, which scrapes every 1 s" in asking.reading.words


@pytest.mark.parametrize("metric", CHARTED)
async def test_the_past_comes_in_even_steps(metric: str) -> None:
    asking = asks(URL, Replayed())
    end = DOCUMENT["end"]
    series = await asking.range(metric, "", end - STEPS * STEP_S, end, STEPS)
    # One thing that the metrics cannot tell is said beside the numbers.
    assert (series.problem is not None) == (metric == "vector_queue")
    assert series.source == "Prometheus"
    assert len(series.values) == STEPS
    # The moment asked for is not compared: what fits no step is a gap.
    assert all(value is None or value >= 0 for value in series.values)
    assert series.known


async def test_only_what_was_recorded_is_asked() -> None:
    server = Replayed()
    asking = asks(URL, server)
    await asking.poll()
    assert server.asked
    assert set(server.asked) <= set(server.recorded["answers"])
    await asking.aclose()
