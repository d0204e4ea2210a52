"""Generations against a model: whatever happens between and meanwhile, both sides end up equal."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elysiadash.jobs import dead_letters, folder, ranges
from elysiadash.jobs.claims import Claim
from elysiadash.jobs.database import Database
from elysiadash.jobs.keyspace import evenly
from elysiadash.migrate import deletes, delta, trying
from elysiadash.migrate.checkpoint import Frozen, Generation
from elysiadash.migrate.delta import Merge, catch_up, worth_another
from elysiadash.migrate.errors import Waits
from elysiadash.migrate.run import Run
from elysiadash.scan.errors import OwnersAway
from elysiadash.scan.ledger import Entry
from elysiadash.scan.rows import IdTime
from tests.unit.jobs.given import opened
from tests.unit.migrate.two_ends import (
    PART,
    Killed,
    TwoEnds,
    a_run,
    beside,
    copied,
    in_ledger,
    key,
)

KEYS = st.integers(0, 15)
CHANGES = st.tuples(st.sampled_from(["put", "delete"]), KEYS)
FOREIGN = b"\xfe" * 16


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    _quick(monkeypatch)


def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delta, "_BATCH", 2)
    monkeypatch.setattr(deletes, "_CHUNK", 2)
    monkeypatch.setattr(trying, "_WAIT_S", (0.0,))


def _do(ends: TwoEnds, change: tuple[str, int]) -> None:
    what, number = change
    if what == "put":
        ends.put(key(number), f"v{ends.now}")
    else:
        ends.source.pop(key(number), None)


class Weather:
    """What goes wrong during one generation, by the number of the request that it comes before."""

    def __init__(
        self,
        ends: TwoEnds,
        changes: dict[int, list[tuple[str, int]]],
        kill_at: int | None,
        away: tuple[int, int] | None,
    ) -> None:
        self.ends, self.changes, self.kill_at, self.away = ends, changes, kill_at, away
        self.number = 0

    def __call__(self, what: str) -> None:
        self.number += 1
        for change in self.changes.get(self.number, ()):
            _do(self.ends, change)
        if self.number == self.kill_at:
            raise Killed
        if self.away is not None:
            first, last = self.away
            self.ends.away = first <= self.number < last
            self.ends.hidden = (
                {key(number) for number in range(0, 16, 3)} if self.ends.away else set()
            )


WEATHER = st.fixed_dictionaries(
    {
        "changes": st.dictionaries(st.integers(1, 40), st.lists(CHANGES, max_size=3), max_size=6),
        "kill_at": st.none() | st.integers(1, 40),
        "away": st.none() | st.tuples(st.integers(1, 20), st.integers(1, 40)),
    }
)
LAGGING = st.sets(KEYS, max_size=4)


@given(
    history=st.lists(st.tuples(st.lists(CHANGES, max_size=12), WEATHER, LAGGING), max_size=4),
    pieces=st.sampled_from([1, 2, 5]),
)
@settings(max_examples=60, deadline=None)
def test_both_sides_end_up_equal(
    history: list[tuple[list[tuple[str, int]], dict[str, object], set[int]]], pieces: int
) -> None:
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as there:
        _quick(patch)
        with opened(Path(there)) as jobs:
            _live_through(jobs, history, pieces)


def _live_through(
    jobs: Database,
    history: list[tuple[list[tuple[str, int]], dict[str, object], set[int]]],
    pieces: int,
) -> None:
    ends = TwoEnds()
    ends.target[FOREIGN] = "not the job's"
    run = a_run(jobs)
    claim = run.work.claim
    copied(run, pieces=pieces)
    number = 1
    for changes, weather, lagging in history:
        for change in changes:
            _do(ends, change)
        ends.happens = Weather(ends, **weather)  # type: ignore[arg-type]
        ends.hidden = {key(one) for one in lagging}
        try:
            asyncio.run(catch_up(_resumed(jobs, claim), number, ends=ends))
            number += 1
        except Killed:
            pass
        ends.away, ends.hidden = False, set()
    ends.happens = lambda what: None
    ends.now += 10
    run = _resumed(jobs, claim)
    asyncio.run(catch_up(run, number, ends=ends))
    # What was scanned before a crash is not scanned again: a whole one sees all of it.
    last = asyncio.run(catch_up(run, number + 1, ends=ends))
    assert ends.target == {key: value for key, (_, value) in ends.source.items()} | {
        FOREIGN: "not the job's"
    }
    assert {one: entry.time for one, entry in in_ledger(run).items() if entry.time} == {
        one: updated for one, (updated, _) in ends.source.items()
    }
    assert set(in_ledger(run)) == set(ends.source)
    # Nothing is left to do, and nothing lies about.
    before = ends.copied
    quiet = asyncio.run(catch_up(run, last.number + 1, ends=ends))
    assert (quiet.changed, quiet.deleted, ends.copied) == (0, 0, before)
    assert beside(run) == []


def _resumed(jobs: Database, claim: Claim) -> Run:
    run = a_run(jobs, claim)
    with jobs.reading() as read:
        folder.recover(read, run.work.folder(), run.job)
    return run


def _gone_from(ends: TwoEnds, run: Run, count: int, kept: int = 0) -> None:
    """So many objects were copied; ``kept`` are still there."""
    entries = []
    for number in range(count):
        one = number.to_bytes(4) + bytes(12)
        ends.target[one] = "copied"
        entries.append(Entry(one, 500, target_time=600))
        if number < kept:
            ends.source[one] = (500, "copied")
    copied(run, entries)


@pytest.mark.parametrize("answer", ["yes", "keep"])
def test_many_deletes_are_asked_about_before_the_first(tmp_path: Path, answer: str) -> None:
    ends = TwoEnds(page=500)
    with opened(tmp_path) as jobs:
        run = a_run(jobs)
        _gone_from(ends, run, 1_501, kept=500)
        with pytest.raises(Waits, match=r"1,001 objects of Doc .* more than 1,000"):
            asyncio.run(catch_up(run, 1, ends=ends))
        assert len(ends.target) == 1_501
        asyncio.run(run.save(answers={deletes.answer_key(1): answer}))
        ends.asked_gone.clear()
        generation = asyncio.run(catch_up(_resumed(jobs, run.work.claim), 1, ends=ends))
        left = 500 if answer == "yes" else 1_501
        assert (len(ends.target), generation.deleted) == (left, 1_501 - left)
        assert (len(in_ledger(run)), beside(run)) == (left, [])
        kept = _resumed(jobs, run.work.claim).checkpoint
        assert kept.deleted == 1_501 - left
        assert [one.deleted for one in kept.generations] == [1_501 - left]
        assert bool(kept.notes) == (answer == "keep")


def test_as_many_as_may_be_are_replayed_unasked(tmp_path: Path) -> None:
    ends = TwoEnds(page=500)
    with opened(tmp_path) as jobs:
        run = a_run(jobs)
        _gone_from(ends, run, 1_001, kept=1)
        assert asyncio.run(catch_up(run, 1, ends=ends)).deleted == 1_000
        assert len(ends.target) == 1


def test_a_collection_that_is_suddenly_empty_is_asked_about(tmp_path: Path) -> None:
    ends = TwoEnds(page=500)
    with opened(tmp_path) as jobs:
        run = a_run(jobs)
        _gone_from(ends, run, 101)
        with pytest.raises(Waits, match="nothing is left in the source of Doc"):
            asyncio.run(catch_up(run, 1, ends=ends))
        assert len(ends.target) == 101


def test_what_a_scan_missed_and_every_replica_has_is_no_delete(tmp_path: Path) -> None:
    ends = TwoEnds(page=500)
    with opened(tmp_path) as jobs:
        run = a_run(jobs)
        _gone_from(ends, run, 3_000, kept=3_000)
        ends.hidden = set(ends.source)
        generation = asyncio.run(catch_up(run, 1, ends=ends))
        assert (generation.deleted, ends.copied, len(ends.target)) == (0, 0, 3_000)


def test_what_was_asked_while_an_owner_was_away_counts_for_nothing(tmp_path: Path) -> None:
    ends = TwoEnds(page=500)
    with opened(tmp_path) as jobs:
        run = a_run(jobs)
        _gone_from(ends, run, 30, kept=30)
        ends.hidden = set(ends.source)
        asked = vouched = 0

        def happens(what: str) -> None:
            nonlocal asked, vouched
            if what == "ask":
                # It goes when the source was found whole, and its objects are 404 then.
                asked, vouched = asked + 1, 0
                ends.away = asked <= 10
            elif what == "vouch":
                # Still away when the source is looked at behind them, and back before it is tried.
                vouched += 1
                ends.away = ends.away and vouched < 2

        ends.happens = happens
        generation = asyncio.run(catch_up(run, 1, ends=ends))
        assert asked > 30
        assert (generation.deleted, len(ends.target)) == (0, 30)


def test_what_was_scanned_before_a_freeze_is_scanned_again_under_it(tmp_path: Path) -> None:
    ends = TwoEnds()
    with opened(tmp_path) as jobs:
        run = a_run(jobs)
        copied(run)

        def killed(what: str) -> None:
            if what == "vouch":
                raise Killed

        ends.put(key(1), "one")
        ends.put(key(2), "two")
        ends.now += 10
        asyncio.run(catch_up(run, 1, ends=ends))
        asyncio.run(run.save(frozen=Frozen(how="roles", since=1.0, until=61.0)))
        del ends.source[key(1)]
        ends.happens = killed
        with pytest.raises(Killed):
            asyncio.run(catch_up(run, 2, final=True, ends=ends))
        # The worker died, the watchdog thawed, and the application went on.
        ends.happens = lambda what: None
        ends.put(key(2), "newer")
        ends.now += 10
        run = _resumed(jobs, run.work.claim)
        asyncio.run(run.save(frozen=Frozen(how="roles", since=2.0, until=62.0)))
        generation = asyncio.run(catch_up(run, 2, final=True, ends=ends))
        assert generation.number == 3
        assert ends.target == {key(2): "newer"}


def test_a_part_without_a_ledger_is_all_new(tmp_path: Path) -> None:
    ends = TwoEnds()
    with opened(tmp_path) as jobs:
        run = a_run(jobs)
        for number in range(9):
            ends.put(key(number), "new")
        generation = asyncio.run(catch_up(run, 1, ends=ends))
        assert (generation.scanned, generation.changed) == (9, 9)
        assert set(in_ledger(run)) == set(ends.target) == set(ends.source)


def test_a_part_that_is_half_copied_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        run = a_run(jobs)
        with run.work.held() as tx:
            ranges.add(tx, run.job, evenly(2), tenant="Doc")
        with pytest.raises(ValueError, match="Doc is not copied yet"):
            asyncio.run(catch_up(run, 1, ends=TwoEnds()))


def test_what_the_scan_and_the_ledger_say_of_each_id() -> None:
    merge = Merge(
        [Entry(key(1), 5), Entry(key(2), 5), Entry(key(3), 0), Entry(key(4), 5), Entry(key(6), 5)]
    )
    assert merge.take([IdTime(key(0), 5), IdTime(key(1), 5)]) == [key(0)]
    assert merge.new == {key(0)}
    # An earlier time is a change too: clocks differ, and are set back.
    assert merge.take([IdTime(key(2), 4), IdTime(key(3), 7)]) == [key(2), key(3)]
    assert merge.take([IdTime(key(5), 1)]) == [key(5)]
    assert bytes(merge.gone) == key(4)
    merge.rest()
    assert bytes(merge.gone) == key(4) + key(6)
    assert (merge.scanned, merge.witness) == (5, key(5))


@pytest.mark.parametrize(
    ("found", "more"),
    [([], True), ([9], True), ([9, 4], True), ([9, 9], False), ([9, 0], False), ([0], False)],
)
def test_generations_go_on_while_they_shrink(found: list[int], more: bool) -> None:
    generations = [
        Generation(number=number, seconds=1, scanned=100, changed=changed, deleted=0)
        for number, changed in enumerate(found, 1)
    ]
    assert worth_another(generations) is more


def test_dead_letter_of_what_the_source_deleted_since_is_settled(tmp_path: Path) -> None:
    ends = TwoEnds()
    with opened(tmp_path) as jobs:
        run = a_run(jobs)
        copied(run)
        ends.put(key(1), "cannot be written")
        with run.work.held() as tx:
            for number in (1, 2):
                dead_letters.put(tx, key(number), "refused", tenant=PART.key)
        asyncio.run(catch_up(run, 1, ends=ends))
        with run.work.reading() as read:
            assert [one.object for one in dead_letters.page(read, run.job)] == [key(1)]


def test_dead_letters_stand_where_the_source_is_not_whole(tmp_path: Path) -> None:
    ends = TwoEnds()
    with opened(tmp_path) as jobs:
        run = a_run(jobs)
        copied(run)
        with run.work.held() as tx:
            dead_letters.put(tx, key(2), "refused", tenant=PART.key)
        vouched = 0

        def happens(what: str) -> None:
            nonlocal vouched
            vouched += what == "vouch"
            ends.away = vouched == 2

        ends.happens = happens
        with pytest.raises(OwnersAway):
            asyncio.run(deletes.settle_letters(run, ends, {PART.key: PART}, patience_s=0))
        with run.work.reading() as read:
            assert dead_letters.count(read, run.job) == 1
