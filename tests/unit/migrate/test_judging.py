"""What a range's rows say, against a model that looks at each id by itself."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from elysiadash.migrate.verify.judging import Suspect, Tally, is_excused, judged, judged_again
from elysiadash.scan.compare import Kind
from elysiadash.scan.ledger import NOT_KNOWN, READ_AGAIN, Entry

KEYS = st.integers(0, 12).map(lambda number: number.to_bytes(16))
TIMES = st.integers(1, 3)
DIGESTS = st.sampled_from([b"a" * 8, b"b" * 8])
ROWS = st.dictionaries(KEYS, st.tuples(TIMES, DIGESTS))
ENTRIES = st.dictionaries(
    KEYS,
    st.tuples(
        st.sampled_from([READ_AGAIN, 1, 2, 3]), st.sampled_from([NOT_KNOWN, b"a" * 8]), TIMES
    ),
)


def rows(found: dict[bytes, tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [(key, *found[key]) for key in sorted(found)]


def entries(found: dict[bytes, tuple[Any, ...]]) -> list[Entry]:
    return [Entry(key, *found[key]) for key in sorted(found)]


@given(ROWS, ROWS, ENTRIES, st.integers(0, 4))
def test_every_object_is_the_same_or_a_suspect(
    source: Any, target: Any, ledger: Any, trusted: int
) -> None:
    tally, suspects = Tally(), list[Suspect]()
    after = list(
        judged(rows(source), rows(target), entries(ledger), tally, suspects.append, trusted)
    )
    same = {key for key in source.keys() & target.keys() if source[key][1] == target[key][1]}
    assert tally.same == tally.source == tally.target == tally.expected == len(same)
    assert [one.id for one in suspects] == sorted((source.keys() | target.keys()) - same)
    for one in suspects:
        here = one.id in source, one.id in target
        wanted = {(True, False): Kind.MISSING, (False, True): Kind.EXTRA}
        assert one.kind is wanted.get(here, Kind.DIFFERENT)
        assert one.ledger_time == (ledger[one.id][0] if one.id in ledger else None)
    # The ledger keeps its ids, and a digest only where both sides are as they were copied.
    assert [one.id for one in after] == sorted(ledger)
    for one in after:
        known = ledger[one.id]
        as_copied = one.id in same and source[one.id][0] == known[0]
        old_enough = one.id in same and known[0] == READ_AGAIN and source[one.id][0] < trusted
        proven = as_copied or old_enough
        assert one.time == (source[one.id][0] if proven else known[0])
        assert (one.digest != NOT_KNOWN) == proven
        if proven:
            assert one.digest == source[one.id][1]
            assert one.target_time == target[one.id][0]


@given(ROWS, ROWS, ENTRIES)
def test_only_what_was_proven_and_not_written_since_stands(
    source: Any, target: Any, ledger: Any
) -> None:
    tally, suspects = Tally(), list[Suspect]()
    list(judged_again(rows(source), rows(target), entries(ledger), tally, suspects.append))
    stands = {
        key
        for key, (time, digest, target_time) in ledger.items()
        if digest != NOT_KNOWN
        and time != READ_AGAIN
        and key in source
        and key in target
        and source[key][0] == time
        and target[key][0] == target_time
    }
    assert tally.same == tally.proven_before == len(stands)
    assert [one.id for one in suspects] == sorted((source.keys() | target.keys()) - stands)


def test_what_is_older_than_the_copy_and_was_never_copied_is_not_excused() -> None:
    def excused(source: int | None, ledger: int | None, target: int | None = 1) -> bool:
        return is_excused(Suspect(b"", Kind.MISSING, source, target, ledger), begun_ms=100)

    assert not excused(99, None)
    assert excused(100, None)
    # Copied as it is: the difference is the copy's.
    assert not excused(100, 100)
    assert excused(101, 100)
    assert excused(101, READ_AGAIN)
    # In the target only: a delete that is still to come, if it is ours at all.
    assert excused(None, 100)
    assert not excused(None, None)
