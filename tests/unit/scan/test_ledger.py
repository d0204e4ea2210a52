"""A ledger gives back what was written, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from elysiadash.scan import ledger
from elysiadash.scan.errors import OutOfOrder
from elysiadash.scan.ledger import (
    DamagedLedger,
    Entry,
    Gone,
    Ledger,
    LedgerWriter,
    NewerLedger,
    remove_unfinished,
    updated,
)

_KEYS = st.integers(0, 60).map(lambda number: (number * 0x0123_4567_89AB_CDEF_0123_4567_89AB_CD)
                               .to_bytes(16))  # fmt: skip
_ENTRIES = st.dictionaries(
    _KEYS,
    st.tuples(st.integers(-(2**63), 2**63 - 1), st.binary(min_size=8, max_size=8),
              st.integers(-(2**63), 2**63 - 1)),
    max_size=40,
).map(lambda known: [Entry(key, *known[key]) for key in sorted(known)])  # fmt: skip
_in_one_folder = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder."""
    path = tmp_path / "ledgers"
    path.mkdir()
    return path


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def _written(path: Path, entries: list[Entry], generation: int = 0) -> Path:
    with LedgerWriter(path, generation=generation) as writer:
        writer.extend(entries)
        writer.commit()
    return path


@_in_one_folder
@given(_ENTRIES, _KEYS, st.integers(0, 2**32 - 1))
def test_what_was_written_is_read(
    tmp_path: Path, entries: list[Entry], key: bytes, generation: int
) -> None:
    with Ledger(_written(tmp_path / "a", entries, generation)) as read:
        assert list(read) == entries
        assert (len(read), read.generation) == (len(entries), generation)
        known = {entry.id: entry for entry in entries}
        assert read.get(key) == known.get(key)
        assert [read.get(entry.id) for entry in entries] == entries
        assert list(read.starting_at(key)) == [entry for entry in entries if entry.id >= key]
        read.verify()


@pytest.mark.parametrize("count", [0, 1, 300])
def test_a_files_length_tells_its_entries(tmp_path: Path, count: int) -> None:
    path = _written(tmp_path / "a", [Entry(number.to_bytes(16), number) for number in range(count)])
    assert ledger.entries_in(path.stat().st_size) == count


def test_more_entries_than_a_buffer_holds(tmp_path: Path) -> None:
    entries = [Entry(number.to_bytes(16), number) for number in range(60_000)]
    with Ledger(_written(tmp_path / "a", entries)) as read:
        assert list(read) == entries
        assert read[59_999] == entries[-1]
        read.verify()
    assert (tmp_path / "a").stat().st_size == pytest.approx(40 * 60_000, rel=0.001)


@given(_ENTRIES, st.dictionaries(_KEYS, st.booleans(), max_size=30))
def test_the_next_generation_is_the_old_one_with_its_changes(
    entries: list[Entry], changed: dict[bytes, bool]
) -> None:
    changes = [Gone(key) if changed[key] else Entry(key, 7) for key in sorted(changed)]
    model = {entry.id: entry for entry in entries}
    for change in changes:
        if isinstance(change, Gone):
            model.pop(change.id, None)
        else:
            model[change.id] = change
    assert list(updated(entries, changes)) == [model[key] for key in sorted(model)]


def test_the_old_generation_stays_until_the_new_one_is_whole(folder: Path) -> None:
    path = _written(folder / "a", [Entry(bytes(16), 1)])
    with pytest.raises(OutOfOrder), LedgerWriter(path) as writer:
        writer.extend([Entry(bytes(16), 2), Entry(bytes(16), 2)])
    with LedgerWriter(path) as writer:
        writer.append(Entry(bytes(16), 3))
    with Ledger(path) as read:
        assert read[0].time == 1
        # One who still reads the old file is not disturbed by the new one.
        _written(path, [Entry(bytes(16), 4)])
        assert read[0].time == 1
    with Ledger(path) as read:
        assert read[0].time == 4
    assert _names(folder) == ["a"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_late_writer_does_not_touch_the_file_of_the_one_who_took_over(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with LedgerWriter(path) as late:
        late.extend(Entry(number.to_bytes(16), 1) for number in range(40_000))
        _written(path, [Entry(bytes(16), 2)])
        late.extend(Entry(number.to_bytes(16), 1) for number in range(40_000, 80_000))
    with Ledger(path) as read:
        assert list(read) == [Entry(bytes(16), 2)]
        read.verify()


def test_what_a_killed_writer_left_can_be_removed(folder: Path) -> None:
    path = _written(folder / "a", [])
    writer = LedgerWriter(path).__enter__()
    assert len(_names(folder)) == 2
    remove_unfinished(folder)
    assert _names(folder) == ["a"]
    writer.__exit__(None, None, None)


def test_entries_out_of_order_are_refused(tmp_path: Path) -> None:
    with LedgerWriter(tmp_path / "a") as writer:
        writer.append(Entry(b"\1" * 16, 1))
        with pytest.raises(OutOfOrder):
            writer.append(Entry(b"\1" * 16, 2))
        with pytest.raises(OutOfOrder):
            writer.append(Entry(bytes(16), 2))


@_in_one_folder
@given(st.data())
def test_no_damage_passes_as_a_whole_ledger(tmp_path: Path, data: st.DataObject) -> None:
    path = _written(tmp_path / "a", [Entry(number.to_bytes(16), number) for number in range(9)])
    whole = path.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    flipped = bytes([whole[place] ^ (1 << data.draw(st.integers(0, 7)))])
    damaged = data.draw(
        st.sampled_from(
            [whole[:place], whole[:place] + flipped + whole[place + 1 :], whole + whole[place:]]
        )
    )
    path.write_bytes(damaged)
    with pytest.raises(DamagedLedger, match="a"):
        Ledger(path).verify()


def test_a_later_releases_file_is_named_as_such(tmp_path: Path) -> None:
    path = _written(tmp_path / "a", [])
    path.write_bytes(path.read_bytes().replace(ledger._MAGIC, b"elyledg2"))
    with pytest.raises(NewerLedger):
        Ledger(path)
