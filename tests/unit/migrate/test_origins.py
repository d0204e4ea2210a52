"""Which source made which target, against a model that keeps everything in memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elysiadash.jobs import claims, folder, ranges
from elysiadash.jobs.keyspace import evenly
from elysiadash.jobs.work import Work
from elysiadash.migrate import ledgers, origins
from elysiadash.migrate.origins import Origins, TwoSources
from elysiadash.migrate.parts import Part
from elysiadash.scan.ledger import Entry, LedgerWriter
from tests.unit.jobs.given import opened, running

PART = Part(collection="Doc", target="Doc")
#: What each source is now: its targets; empty: dropped.
Model = dict[bytes, tuple[bytes, ...]]


def key(number: int) -> bytes:
    return bytes([number * 4 % 256]) + number.to_bytes(15)


@contextmanager
def work_of(state: Path, pieces: int = 2) -> Iterator[Work]:
    with opened(state) as jobs:
        job, claim = running(jobs)
        with jobs.transaction() as tx:
            ranges.add(tx, job.id, evenly(pieces), tenant=PART.key)
        yield Work(jobs, claim)


def entries_of(model: Model) -> list[Entry]:
    return [Entry(source, 1, target_time=7 if made else 0) for source, made in model.items()]


def pairs_of(model: Model) -> list[tuple[bytes, bytes]]:
    return [
        (target, source)
        for source, made in model.items()
        if made and made != (source,)
        for target in made
    ]


def copied(work: Work, model: Model, pairs: list[tuple[bytes, bytes]] | None = None) -> None:
    """As the copy of a part leaves it: ledgers, and pairs in the order of writing."""
    where = work.folder()
    given = pairs_of(model) if pairs is None else pairs
    with work.reading() as read:
        mine = ranges.of(read, work.claim.job, tenant=PART.key)
    for piece in mine:
        name = ledgers.name_of(piece.id, 0)
        with LedgerWriter(where / name) as writer:
            writer.extend(one for one in sorted(entries_of(model))
                          if piece.lower <= one.id <= piece.upper)  # fmt: skip
            writer.commit()
        own = [pair for pair in given if piece.lower <= pair[1] <= piece.upper]
        data = b"".join(a + b for a, b in own)
        (where / origins.appended_name(piece.id)).write_bytes(data + b"torn")
        with claims.held(work.database, work.claim) as tx:
            folder.commit(tx, name, (where / name).stat().st_size)
            if data:
                folder.commit(tx, origins.appended_name(piece.id), len(data))


def _models(numbers: st.SearchStrategy[int]) -> st.SearchStrategy[Model]:
    """Sources whose targets are their own: named by (source, n), so that none are shared."""

    def made(source: int, kind: int) -> tuple[bytes, ...]:
        own, others = key(source), [key(64 + source * 3 + n) for n in range(3)]
        return {0: (), 1: (own,), 2: (own, others[0]), 3: (others[1],), 4: tuple(others)}[kind]

    return st.dictionaries(numbers, st.integers(0, 4), max_size=12).map(
        lambda chosen: {key(source): made(source, kind) for source, kind in sorted(chosen.items())}
    )


@settings(max_examples=60, deadline=None)
@given(_models(st.integers(0, 15)), st.lists(_models(st.integers(0, 15)), max_size=3))
def test_generations_agree_with_a_model(model: Model, later: list[Model]) -> None:
    with tempfile.TemporaryDirectory() as state, work_of(Path(state)) as work:
        copied(work, model)
        assert origins.gather(work, PART) == len(pairs_of(model))
        assert origins.gather(work, PART) == len(pairs_of(model)), "twice is not once"
        for generation, changes in enumerate(later, 1):
            before = {one.id: one for one in entries_of(model)}
            after = {one.id: one for one in entries_of(changes)}
            old = {target for made in model.values() for target in made}
            new = model | changes
            now = {target for made in new.values() for target in made}
            with Origins.of(work, PART) as known:
                gone = origins.no_longer_made(
                    known, {one: before.get(one) for one in changes}, after, pairs_of(changes)
                )
            assert gone == sorted(old - now)
            origins.replace(work, PART, list(changes), pairs_of(changes), generation)
            model = new
        with Origins.of(work, PART) as known:
            assert list(known) == sorted(pairs_of(model))
            entries = {one.id: one for one in entries_of(model)}
            found = origins.targets_of(known, {**entries, key(200): None})
            assert {one: set(made) for one, made in found.items()} == {
                one: set(made) for one, made in model.items()
            } | {key(200): set()}
            for target, source in pairs_of(model):
                assert known.get(target) == source
            assert known.get(key(63)) is None


def test_many_are_sorted_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(origins, "_SORTED_AT_ONCE", 7)
    model: Model = {key(n): (key(255 - n),) for n in range(60)}
    with work_of(tmp_path) as work:
        copied(work, model)
        assert origins.gather(work, PART) == 60
        with Origins.of(work, PART) as known:
            assert list(known) == sorted(pairs_of(model))
        assert not list(work.folder().glob("*.part"))
        assert not list(work.folder().glob("origins-*"))


def test_two_sources_on_one_id_are_refused(tmp_path: Path) -> None:
    with work_of(tmp_path) as work:
        copied(work, {key(1): (key(9),), key(40): (key(9),), key(41): (key(9),)})
        with pytest.raises(TwoSources, match="gave 2 objects of the target to two objects"):
            origins.gather(work, PART)


def test_one_that_takes_the_id_of_another_is_refused(tmp_path: Path) -> None:
    with work_of(tmp_path) as work:
        copied(work, {key(1): (key(40),), key(40): (key(40),)})
        with pytest.raises(TwoSources, match=r"00000028 and .*0001 became"):
            origins.gather(work, PART)


def test_objects_that_swap_their_ids_are_no_collision(tmp_path: Path) -> None:
    with work_of(tmp_path) as work:
        copied(work, {key(1): (key(40),), key(40): (key(1),), key(5): (), key(6): (key(5),)})
        assert origins.gather(work, PART) == 3


def test_without_pairs_there_is_no_file(tmp_path: Path) -> None:
    with work_of(tmp_path) as work:
        copied(work, {key(1): (key(1),), key(2): ()})
        assert origins.gather(work, PART) == 0
        origins.replace(work, PART, [key(1)], [], 1)
        assert not list(work.folder().glob("sources-*"))
        with Origins.of(work, PART) as known:
            assert (len(known), list(known), known.get(key(1))) == (0, [], None)


def test_a_later_collision_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    with work_of(tmp_path) as work:
        copied(work, {key(1): (key(9),)})
        origins.gather(work, PART)
        with pytest.raises(TwoSources):
            origins.replace(work, PART, [key(2)], [(key(9), key(2))], 1)
        with Origins.of(work, PART) as known:
            assert list(known) == [(key(9), key(1))]
