"""However ranges are split, moved on, killed and taken over, no key is lost or done by two."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from elysiadash.jobs import claims, keyspace, outcomes, ranges
from elysiadash.jobs.claims import Claim, Claimed
from elysiadash.jobs.database import Database
from elysiadash.jobs.errors import ClaimLost, RangeNotHeld
from elysiadash.jobs.keyspace import FIRST, LAST, evenly
from elysiadash.jobs.ranges import KeyRange, RangeState
from tests.unit.jobs.given import HandClock, opened, running, taken


def key(number: int) -> bytes:
    return number.to_bytes(16)


def with_ranges(jobs: Database, pieces: int = 4, **where: Any) -> tuple[str, Claim]:
    job, claim = running(jobs)
    with jobs.transaction() as tx:
        assert ranges.add(tx, job.id, evenly(pieces), **where) == pieces
    return job.id, claim


def take(jobs: Database, claim: Claim, slot: int = 0, **where: Any) -> KeyRange:
    with claims.held(jobs, claim) as tx:
        found = ranges.take(tx, slot, **where)
    assert found is not None
    return found


def test_a_slot_gets_its_own_again_and_two_slots_get_two(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        _, claim = with_ranges(jobs, 2)
        one, two = take(jobs, claim, 0), take(jobs, claim, 1)
        assert one.id != two.id
        assert take(jobs, claim, 0) == one
        with claims.held(jobs, claim) as tx:
            assert ranges.take(tx, 2) is None


def test_what_was_moved_on_is_added_up_and_finished(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        job, claim = with_ranges(jobs, 1, generation=3, tenant="a")
        piece = take(jobs, claim)
        assert (piece.watermark, piece.rest) == (None, (FIRST, LAST))
        with claims.held(jobs, claim) as tx:
            piece = ranges.advance(tx, piece, FIRST, objects=1, extra={"page": 500})
            piece = ranges.advance(tx, piece, key(9), objects=500, bytes=4096, seconds=0.5)
        assert (piece.objects, piece.bytes, piece.seconds) == (501, 4096, 0.5)
        assert (piece.rest, piece.extra) == ((key(10), LAST), {"page": 500})
        with jobs.reading() as read:
            assert ranges.unfinished(read, job, generation=3, tenant="a") == [(key(10), LAST)]
            assert (ranges.left(read, job), ranges.left(read, job, generation=0)) == (1, 0)
        with claims.held(jobs, claim) as tx:
            ranges.finish(tx, piece, objects=9)
        with jobs.reading() as read:
            (done,) = ranges.of(read, job)
            assert (done.state, done.watermark, done.objects) == (RangeState.DONE, LAST, 510)
            assert done.rest is None
            assert ranges.unfinished(read, job, generation=3, tenant="a") == []
            assert ranges.unfinished(read, job, generation=4) == [(FIRST, LAST)]
            assert ranges.left(read, job) == ranges.left(read, job, generation=3) == 0


@pytest.mark.parametrize("watermark", [key(9), key(10), FIRST, LAST, b"short"])
def test_a_watermark_only_moves_on_inside_its_range(tmp_path: Path, watermark: bytes) -> None:
    with opened(tmp_path) as jobs:
        _, claim = with_ranges(jobs, 2)
        piece = take(jobs, claim)
        with claims.held(jobs, claim) as tx:
            piece = ranges.advance(tx, piece, key(10), objects=5)
        with claims.held(jobs, claim) as tx, pytest.raises(ValueError, match=r"watermark|bytes"):
            ranges.advance(tx, piece, watermark, objects=5)
        assert take(jobs, claim).objects == 5


def test_a_crowded_range_is_split_where_it_stands(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        job, claim = with_ranges(jobs, 1)
        piece = take(jobs, claim)
        with claims.held(jobs, claim) as tx:
            piece = ranges.advance(tx, piece, key(100), objects=100)
            rest = ranges.split_at_watermark(tx, piece, [key(200), key(300)])
        assert rest is not None
        assert (rest.interval, rest.state) == ((key(101), key(199)), RangeState.WAITING)
        with jobs.reading() as read:
            found = ranges.of(read, job)
        assert [one.interval for one in found] == [
            (FIRST, key(100)),
            (key(101), key(199)),
            (key(200), key(299)),
            (key(300), LAST),
        ]
        assert [one.objects for one in found] == [100, 0, 0, 0]
        assert found[0].state is RangeState.DONE


def test_a_split_of_what_is_done_to_the_end_leaves_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        _, claim = with_ranges(jobs, 1)
        piece = take(jobs, claim)
        with claims.held(jobs, claim) as tx:
            with pytest.raises(ValueError, match="no watermark yet"):
                ranges.split_at_watermark(tx, piece)
            piece = ranges.advance(tx, piece, LAST)
            assert ranges.split_at_watermark(tx, piece) is None
            assert ranges.take(tx, 0) is None


def test_what_is_done_is_not_cut_off(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        _, claim = with_ranges(jobs, 1)
        piece = take(jobs, claim)
        with claims.held(jobs, claim) as tx:
            piece = ranges.advance(tx, piece, key(100))
            with pytest.raises(ValueError, match="done beyond"):
                ranges.split(tx, piece, [key(100)])
            assert ranges.split(tx, piece, [key(101)]).interval == (FIRST, key(100))


def test_ranges_that_overlap_are_refused(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        job, _ = with_ranges(jobs, 4)
        with jobs.transaction() as tx:
            with pytest.raises(ValueError, match="two ranges would hold"):
                ranges.add(tx, job, [(key(5), key(6))])
            with pytest.raises(ValueError, match="before it begins"):
                ranges.add(tx, job, [(key(6), key(5))], tenant="b")
            ranges.add(tx, job, [(key(5), key(6))], tenant="b")
            ranges.add(tx, job, evenly(2), generation=1)


def test_generations_and_tenants_are_taken_apart(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        job, claim = with_ranges(jobs, 1, tenant="a")
        with jobs.transaction() as tx:
            ranges.add(tx, job, evenly(1), tenant="b")
            ranges.add(tx, job, evenly(1), generation=1, tenant="b")
        assert take(jobs, claim, 0, tenant="b", generation=1).generation == 1
        assert take(jobs, claim, 1, tenant="b").generation == 0
        assert take(jobs, claim, 2).tenant == "a"


@pytest.mark.parametrize(
    "do",
    [
        lambda tx, piece: ranges.advance(tx, piece, LAST),
        lambda tx, piece: ranges.finish(tx, piece),
        lambda tx, piece: ranges.give_back(tx, piece),
        lambda tx, piece: ranges.split(tx, piece, [key(7)]),
        lambda tx, piece: ranges.split_at_watermark(tx, piece),
    ],
    ids=["advance", "finish", "give_back", "split", "split_at_watermark"],
)
def test_only_who_has_a_range_changes_it(
    tmp_path: Path, do: Callable[[Claimed, KeyRange], object]
) -> None:
    clock = HandClock()
    with opened(tmp_path, clock) as jobs:
        _, slow = with_ranges(jobs, 1)
        piece = take(jobs, slow)
        clock.pass_by(31)
        claim = taken(jobs, "w2")
        with pytest.raises(ClaimLost), claims.held(jobs, slow) as tx:
            do(tx, piece)
        again = take(jobs, claim, slot=1)
        assert again.id == piece.id
        with pytest.raises(RangeNotHeld), claims.held(jobs, claim) as tx:
            do(tx, piece)
        with claims.held(jobs, claim) as tx:
            ranges.finish(tx, again)
        with pytest.raises(RangeNotHeld), claims.held(jobs, claim) as tx:
            do(tx, again)


class Pieces(RuleBasedStateMachine):
    """Slots of workers that die at any moment; the model knows which keys were done, once."""

    @initialize(pieces=st.integers(1, 5))
    def begin(self, pieces: int) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.clock = HandClock()
        self.jobs = opened(Path(self.folder.name), self.clock)
        self.job, self.claim = with_ranges(self.jobs, pieces)
        self.hands: dict[int, KeyRange] = {}
        self.stale: list[tuple[Claim, KeyRange]] = []
        self.done: list[keyspace.Interval] = []
        self.objects = 0

    def teardown(self) -> None:
        if hasattr(self, "jobs"):
            self.jobs.close()
            self.folder.cleanup()

    @rule(slot=st.integers(0, 2))
    def take(self, slot: int) -> None:
        with claims.held(self.jobs, self.claim) as tx:
            found = ranges.take(tx, slot)
            free = [one for one in ranges.of(tx, self.job) if one.state is RangeState.WAITING]
        if found is None:
            assert not free
            assert slot not in self.hands
            return
        others = [piece.id for other, piece in self.hands.items() if other != slot]
        assert found.id not in others
        assert slot not in self.hands or self.hands[slot].id == found.id
        self.hands[slot] = found

    @precondition(lambda self: self.hands)
    @rule(data=st.data(), share=st.floats(0, 1), objects=st.integers(0, 50))
    def advance(self, data: st.DataObject, share: float, objects: int) -> None:
        slot = data.draw(st.sampled_from(sorted(self.hands)))
        piece = self.hands[slot]
        if piece.rest is None:
            return
        start, end = (int.from_bytes(edge) for edge in piece.rest)
        watermark = key(min(end, start + int((end - start) * share)))
        with claims.held(self.jobs, self.claim) as tx:
            self.hands[slot] = ranges.advance(tx, piece, watermark, objects=objects)
        self.done.append((piece.rest[0], watermark))
        self.objects += objects

    @precondition(lambda self: self.hands)
    @rule(data=st.data(), objects=st.integers(0, 50))
    def finish(self, data: st.DataObject, objects: int) -> None:
        slot = data.draw(st.sampled_from(sorted(self.hands)))
        piece = self.hands.pop(slot)
        with claims.held(self.jobs, self.claim) as tx:
            ranges.finish(tx, piece, objects=objects)
        if piece.rest is not None:
            self.done.append(piece.rest)
        self.objects += objects
        self.stale.append((self.claim, piece))

    @precondition(lambda self: self.hands)
    @rule(data=st.data(), shares=st.lists(st.floats(0, 1), max_size=3))
    def split(self, data: st.DataObject, shares: list[float]) -> None:
        slot = data.draw(st.sampled_from(sorted(self.hands)))
        piece = self.hands[slot]
        if piece.watermark is None or piece.rest is None:
            return
        start, end = (int.from_bytes(edge) for edge in piece.rest)
        cuts = sorted({start + int((end - start) * share) for share in shares})
        inside = [key(min(cut, end)) for cut in cuts if cut > start]
        with claims.held(self.jobs, self.claim) as tx:
            assert ranges.split_at_watermark(tx, piece, inside[:1] if len(cuts) > 2 else inside)
        del self.hands[slot]
        self.stale.append((self.claim, piece))

    @precondition(lambda self: self.hands)
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        slot = data.draw(st.sampled_from(sorted(self.hands)))
        piece = self.hands.pop(slot)
        with claims.held(self.jobs, self.claim) as tx:
            ranges.give_back(tx, piece)

    @rule(clean=st.booleans())
    def another_worker(self, clean: bool) -> None:
        self.stale += [(self.claim, piece) for piece in self.hands.values()]
        if clean:
            with claims.held(self.jobs, self.claim) as tx:
                outcomes.give_back(tx)
        else:
            with claims.held(self.jobs, self.claim) as tx:
                tx.got_on()
            self.clock.pass_by(31)
        self.hands.clear()
        self.claim = taken(self.jobs)

    @precondition(lambda self: self.stale)
    @rule(data=st.data())
    def wake_up_too_late(self, data: st.DataObject) -> None:
        claim, piece = data.draw(st.sampled_from(self.stale))
        if any(piece.id == held.id for held in self.hands.values()) and claim == self.claim:
            return
        with pytest.raises((ClaimLost, RangeNotHeld)), claims.held(self.jobs, claim) as tx:
            ranges.finish(tx, piece, objects=7)

    @invariant()
    def nothing_is_lost_or_done_twice(self) -> None:
        if not hasattr(self, "jobs"):
            return
        with self.jobs.reading() as read:
            found = ranges.of(read, self.job)
            unfinished = ranges.unfinished(read, self.job, generation=0)
        assert keyspace.gaps(one.interval for one in found) == []
        assert keyspace.overlap(one.interval for one in found) is None
        assert keyspace.overlap(self.done) is None
        assert unfinished == keyspace.gaps(self.done)
        assert sum(one.objects for one in found) == self.objects


TestPieces = Pieces.TestCase
TestPieces.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
