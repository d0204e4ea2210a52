"""The log: bounded, newest first, heard by listeners; and a flood in one line."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elysiadash.cluster.events.event import Event
from elysiadash.cluster.events.log import EventLog, chosen, is_about
from elysiadash.cluster.events.seen import told_together


def event(number: int, kind: str = "node.left", **fields: object) -> Event:
    return Event(at=float(number), kind=kind, message=str(number), **fields)  # type: ignore[arg-type]


def test_newest_first_within_limit_time_and_object() -> None:
    log = EventLog()
    log.add(event(1, node="n0"), event(2, node="n1"))
    log.add(event(3, node="n0"))
    assert [found.at for found in log.newest()] == [3.0, 2.0, 1.0]
    assert [found.at for found in log.newest(2)] == [3.0, 2.0]
    assert [found.at for found in log.newest(since=2.0)] == [3.0, 2.0]
    assert [found.at for found in log.newest(about="n0")] == [3.0, 1.0]
    assert [found.at for found in log.newest(1, about="n1")] == [2.0]


@given(st.lists(st.integers(0, 5), max_size=20), st.integers(1, 8))
def test_nothing_is_read_twice_or_lost_but_what_had_to_go(batches: list[int], most: int) -> None:
    log = EventLog(most)
    number, seq = 0, 0
    for size in batches:
        added = [event(number + place) for place in range(size)]
        number += size
        log.add(*added)
        assert list(log.after(seq)) == added[-most:]
        seq = log.seq
    assert seq == number
    assert len(log.newest()) == min(number, most)


def test_listeners_hear_each_batch_until_they_stop() -> None:
    log, heard = EventLog(), []
    stop = log.listen(heard.append)
    log.add(event(1), event(2))
    log.add()
    stop()
    stop()
    log.add(event(3))
    assert [[one.at for one in batch] for batch in heard] == [[1.0, 2.0]]


def test_a_listener_that_fails_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    log, heard = EventLog(), []

    def fail(_: object) -> None:
        raise OSError("disk full")

    log.listen(fail)
    log.listen(heard.append)
    log.add(event(1))
    assert len(heard) == 1
    assert "not taken" in caplog.text


def test_many_threads_may_add() -> None:
    log = EventLog(100_000)
    threads = [
        threading.Thread(target=lambda: [log.add(event(n)) for n in range(500)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert log.seq == len(log.newest()) == 2000


def test_what_an_event_is_about() -> None:
    moved = event(1, "alias.moved", name="Docs", collection="New", before="Old", after="New")
    assert all(is_about(moved, name) for name in ("Docs", "Old", "New"))
    state = event(1, "node.state", node="n0", before="healthy", after="hung")
    assert is_about(state, "n0")
    assert not is_about(state, "hung")


def test_chosen_by_kind_and_gravity() -> None:
    events = (event(1, severity="critical"), event(2, "leader.lost"), event(3, severity="warning"))
    assert [one.at for one in chosen(events, kind="node")] == [1.0, 3.0]
    assert [one.at for one in chosen(events, severity="warning")] == [1.0, 3.0]
    assert [one.at for one in chosen(events, severity="critical")] == [1.0]
    assert chosen(events) == events


def test_a_flood_of_one_kind_is_counted_others_stay() -> None:
    flood = [event(n, "collection.created", collection=f"C{n}") for n in range(5000)]
    told = told_together([event(9, node="n0"), *flood])
    assert [one.kind for one in told] == ["node.left", "collection.created"]
    assert told[1].message.startswith("5,000 changes at once: 0; 1; 2; and 4,997 more")
    assert told[1].collection is None
    assert told_together(flood[:25]) == flood[:25]
