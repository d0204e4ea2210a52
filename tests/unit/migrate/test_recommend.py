"""Which strategy is recommended, and that no recommendation is one that cannot work."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from elysiadash.migrate.phases import Freeze, Strategy
from elysiadash.migrate.recommend import (
    LARGE,
    Known,
    freezing_lies,
    recommend,
    why_no_backup,
    why_not,
)

KNOWN = st.builds(
    Known,
    objects=st.none() | st.integers(0, 10**9),
    writes_per_s=st.none() | st.floats(0, 1e5),
    lowest_factor=st.none() | st.integers(1, 5),
    versions=st.lists(st.sampled_from(["1.37.2", "1.38.11", "1.39.0", "1.39.1"])).map(tuple),
    same_cluster=st.booleans(),
    shared_backend=st.none() | st.booleans(),
    renamed=st.booleans(),
    changed=st.booleans(),
    replaces=st.booleans(),
    some_tenants=st.booleans(),
)


def test_many_objects_and_a_backend_in_common_go_by_backup() -> None:
    advice = recommend(Known(objects=LARGE + 1, shared_backend=True))
    assert advice.strategy is Strategy.BACKUP
    assert recommend(Known(objects=LARGE, shared_backend=True)).strategy is Strategy.ONLINE


def test_without_a_backend_many_objects_go_online_and_it_is_said_why() -> None:
    advice = recommend(Known(objects=LARGE + 1))
    assert advice.strategy is Strategy.ONLINE
    assert "not known" in advice.why[0]


def test_many_writes_go_online() -> None:
    advice = recommend(Known(objects=1000, writes_per_s=812, lowest_factor=3))
    assert advice.strategy is Strategy.ONLINE
    assert "812" in advice.why[0]
    assert advice.freeze is Freeze.AUTO
    assert not advice.only_if


def test_one_replica_on_a_release_that_lies_means_stopped_writers() -> None:
    quiet = recommend(Known(writes_per_s=0, lowest_factor=1, versions=("1.39.0",)))
    busy = recommend(Known(writes_per_s=50, lowest_factor=1, versions=("1.39.0",)))
    assert (quiet.strategy, quiet.freeze) == (Strategy.OFFLINE, Freeze.STOPPED)
    assert (busy.strategy, busy.freeze) == (Strategy.ONLINE, Freeze.STOPPED)
    assert "stop" in quiet.only_if
    assert "stop" in busy.only_if


@given(KNOWN)
def test_no_recommendation_is_one_that_cannot_work(known: Known) -> None:
    advice = recommend(known)
    assert advice.why
    assert not why_not(known, advice.strategy)
    if advice.strategy is Strategy.BACKUP:
        assert known.shared_backend
        assert not why_no_backup(known)
    elif freezing_lies(known):
        assert advice.freeze is Freeze.STOPPED
        assert advice.only_if


@given(KNOWN)
def test_no_number_is_made_up(known: Known) -> None:
    words = " ".join(recommend(known).why)
    if known.writes_per_s is None and recommend(known).strategy is Strategy.ONLINE:
        assert "not known" in words
