"""When a change of the contact or the leader counts as under way."""

from __future__ import annotations

import pytest

from elysiadash.cluster.changeover import Changeover


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_first_leader_is_no_change() -> None:
    found = Changeover(Clock())
    assert not found.follow(None)
    assert not found.follow("a")
    assert not found.follow("a")
    assert not found.lasts()


@pytest.mark.parametrize("leader", ["", "b"])
def test_another_leader_or_none_is_a_change_for_15_seconds(leader: str) -> None:
    clock = Clock()
    found = Changeover(clock)
    found.follow("a")
    assert found.follow(leader)
    clock.now = 14.9
    assert found.lasts()
    clock.now = 15.0
    assert not found.lasts()


def test_a_silent_cluster_does_not_make_the_leader_unknown() -> None:
    found = Changeover(Clock())
    found.follow("a")
    assert not found.follow(None)
    assert found.leader == "a"


def test_only_the_leader_is_missed() -> None:
    found = Changeover(Clock())
    found.lose({"a"})
    found.follow("a")
    found.lose({"b", None})
    assert not found.lasts()
    found.lose({"a"})
    assert found.lasts()
