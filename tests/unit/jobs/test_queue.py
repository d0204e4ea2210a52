"""Putting in, finding, listing, forgetting; ids and specs."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elysiadash.config.redaction import forget_secrets, register_secret
from elysiadash.jobs import claims, events, outcomes, queue, specs, steps
from elysiadash.jobs.errors import NoSuchJob, NotPossible, SecretInSpec
from elysiadash.jobs.ids import child_id, is_id, next_id
from elysiadash.jobs.job import ClusterUse, JobState
from tests.unit.jobs.given import HERE, THERE, HandClock, new, now, opened, running, submitted


def test_what_is_put_in_is_what_is_read(tmp_path: Path) -> None:
    spec = {"source": "a", "key": "env:WEAVIATE_API_KEY", "limits": [1, 2.5, None, {"x": True}]}
    with opened(tmp_path, HandClock()) as jobs:
        job = submitted(
            jobs, spec=spec, clusters=(HERE, THERE), priority=3, rate=500.0, not_before=7.0,
            expected=10**12, title="Zürich → 東京",
        )  # fmt: skip
        read = now(jobs, job.id)
    assert read == job
    assert (read.state, read.phase, read.checkpoint) == (JobState.QUEUED, "", {})
    assert (read.spec, read.clusters, read.title) == (spec, (HERE, THERE), "Zürich → 東京")
    assert (read.priority, read.rate, read.not_before, read.expected) == (3, 500.0, 7.0, 10**12)
    assert (read.created, read.created_by) == (1_796_040_000.0, "anna")


def test_names_sort_by_age_also_when_the_clock_goes_back_within_the_day(tmp_path: Path) -> None:
    clock = HandClock()
    with opened(tmp_path, clock) as jobs:
        names = []
        for step in (0, 0, 0.1, 5, -3600, 0, 7200):
            clock.jump(step)
            names.append(submitted(jobs).id)
    assert names == sorted(names)
    assert len(set(names)) == len(names)
    assert all(is_id(name) and len(name) == 13 for name in names)


def test_a_busy_last_moment_goes_over_into_the_next_day(tmp_path: Path) -> None:
    midnight = datetime.datetime(2026, 12, 1, tzinfo=datetime.UTC).timestamp()
    clock = HandClock(midnight - 0.001)
    with opened(tmp_path, clock) as jobs:
        names = [submitted(jobs).id for _ in range(3)]
        clock.pass_by(5)
        names.append(submitted(jobs).id)
    assert names[0] == "20261130-zzzz"
    assert names[1].startswith("20261201-")
    assert names == sorted(names)


@given(st.lists(st.floats(0, 80_000), max_size=30))
def test_a_days_names_only_ascend(times: list[float]) -> None:
    last: str | None = None
    for time in times:
        name = next_id(1_795_996_800.0 + time, last)
        assert last is None or name > last
        assert is_id(name)
        assert is_id(child_id(name, 12))
        last = name


@pytest.mark.parametrize("text", ["../../etc", "20261130-7f3", "20261130-7f3k/..", "", "x.001"])
def test_what_is_no_name(text: str) -> None:
    assert not is_id(text)


def test_a_person_types_the_end_of_a_name(tmp_path: Path) -> None:
    with opened(tmp_path, HandClock()) as jobs:
        one, two = submitted(jobs), submitted(jobs)
        with jobs.reading() as read:
            assert queue.find(read, one.id.upper()).id == one.id
            assert queue.find(read, one.id[-4:]).id == one.id
            with pytest.raises(NoSuchJob, match="type more") as told:
                queue.find(read, one.id[:8])
            assert one.id in str(told.value)
            assert two.id in str(told.value)
            for text in ("nope", "", "%", "_"):
                with pytest.raises(NoSuchJob, match="there is no job"):
                    queue.find(read, text)


def test_lists_by_state_kind_and_root(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        first = submitted(jobs, kind="backup")
        with jobs.transaction() as tx:
            batch = queue.submit_batch(tx, new(kind="batch"), [new(), new()])
        with jobs.reading() as read:
            assert [job.kind for job in queue.newest(read)] == ["copy", "copy", "batch", "backup"]
            assert [job.id for job in queue.newest(read, roots_only=True)] == [batch.id, first.id]
            assert [job.id for job in queue.newest(read, kinds=["backup"])] == [first.id]
            assert queue.newest(read, among=[JobState.DONE]) == []
            assert len(queue.newest(read, among=[JobState.QUEUED, JobState.DONE], limit=2)) == 2
            named = [job.id for job in queue.children(read, batch.id)]
            assert named == [f"{batch.id}.001", f"{batch.id}.002"]


@pytest.mark.parametrize(
    "spec",
    [
        {"api_key": "abc"},
        {"auth": {"Client-Secret": "x"}},
        {"headers": [{"Authorization": "Bearer abcdefghij"}]},
        {"url": "https://anna:pw@prod/"},
        {"note": "curl -H 'Authorization: Bearer abcdefgh'"},
        {"key": "of-a-vault-9731"},
        {"of-a-vault-9731": 1},
        {"tokens": {"token": ["abc"]}},
    ],
    ids=str,
)
def test_a_spec_with_a_credential_is_refused_and_not_repeated(
    tmp_path: Path, spec: dict[str, Any]
) -> None:
    register_secret("of-a-vault-9731")
    try:
        with opened(tmp_path) as jobs:
            with pytest.raises(SecretInSpec, match="looks like a credential") as told:
                submitted(jobs, spec=spec)
            for word in ("abc", "pw@", "9731"):
                assert word not in str(told.value)
            with jobs.reading() as read:
                assert queue.newest(read) == []
    finally:
        forget_secrets()
    for path in tmp_path.glob("jobs.db*"):
        assert b"9731" not in path.read_bytes()


def test_where_a_credential_is_may_stand_in_a_spec() -> None:
    spec = {
        "token": "env:TOKEN",
        "password": "file:/run/secrets/x",
        "secret": {"command": "pass"},
        "properties": [["token", "text"]],
        "cookie": None,
        "api_key": 3,
    }
    assert specs.decode(specs.encode(spec)) == spec


def test_the_same_work_is_found_whatever_the_order_of_keys(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        one = submitted(jobs, spec={"a": 1, "b": {"c": 2, "d": 3}})
        two = new(spec={"b": {"d": 3, "c": 2}, "a": 1})
        assert queue.spec_hash(two) == one.spec_hash
        assert queue.spec_hash(new(spec={"a": 2})) != one.spec_hash
        assert queue.spec_hash(new(kind="verify", spec=one.spec)) != one.spec_hash
        by_part = new(spec={"a": 1, "speed": 9}, identity={"a": 1})
        assert queue.spec_hash(by_part) == queue.spec_hash(new(spec={}, identity={"a": 1}))
        with jobs.reading() as read:
            assert [job.id for job in queue.same_work(read, one.spec_hash)] == [one.id]


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ("http://prod:8080", "HTTP://PROD:8080/", True),
        ("http://prod", "http://prod:80", True),
        ("https://prod", "https://prod:443/v1", True),
        ("https://prod", "http://prod", False),
        ("http://prod:8080", "http://prod:8081", False),
    ],
)
def test_when_two_clusters_are_one(one: str, two: str, same: bool) -> None:
    assert (ClusterUse("a", one).key == ClusterUse("b", two).key) is same


def test_only_what_has_ended_and_owes_nothing_is_forgotten(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        job, claim = running(jobs)
        with jobs.transaction() as tx, pytest.raises(NotPossible, match="cancel it first"):
            queue.forget(tx, job.id)
        with claims.held(jobs, claim) as tx:
            steps.begin(tx, "freeze", undo={"shards": ["s1"]}, owed=True)
        with claims.held(jobs, claim) as tx:
            outcomes.fail(tx, "the target is full")
        with jobs.transaction() as tx, pytest.raises(NotPossible, match="put something back"):
            queue.forget(tx, job.id)
        with jobs.transaction() as tx:
            steps.put_back(tx, job.id, "freeze", who="anna")
            assert queue.forget(tx, job.id) == [job.id]
        with jobs.reading() as read:
            assert queue.newest(read) == []
            assert events.after(read, job.id) == []


def test_a_batch_is_forgotten_with_its_children(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        with jobs.transaction() as tx:
            batch = queue.submit_batch(tx, new(), [new(), new()])
        for _ in range(2):
            claim = claims.claim_next(jobs, "w1")
            assert claim is not None
            with claims.held(jobs, claim) as tx:
                outcomes.finish(tx)
        with jobs.transaction() as tx:
            assert queue.forget(tx, batch.id) == [batch.id, f"{batch.id}.001", f"{batch.id}.002"]
