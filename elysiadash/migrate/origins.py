"""Which object of the source made which of the target, where a transform changes ids or counts.

One file for each part that has such objects: 32 bytes, target id and source id, in order of
target ids. An object of the source that became just one of its own id has no record; one that
became anything else has a record for each of its parts, its own id included. So, with the ledger:
no record and a target time: its own id; no record and no target time: it was dropped.

While a part is first copied its pairs are in ``origins-{range}``, in the order of writing.
"""

from __future__ import annotations

import heapq
import mmap
import os
import struct
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Final, Self

from elysiadash.jobs import folder, ranges
from elysiadash.jobs.database import Reading
from elysiadash.jobs.work import Work
from elysiadash.migrate.errors import MigrationStopped
from elysiadash.migrate.ledgers import COPIED, PartLedger
from elysiadash.migrate.parts import Part
from elysiadash.scan.ledger import Entry

PAIR_BYTES: Final = 32
_PAIR: Final = struct.Struct(">16s16s")
_SORTED_AT_ONCE: Final = 500_000
_BLOCK: Final = PAIR_BYTES * 8192
_NAMED: Final = 3

#: Target id, source id.
Pair = tuple[bytes, bytes]


class TwoSources(MigrationStopped):
    """Objects of the source became the same object of the target: one has overwritten another."""


def appended_name(range_id: int) -> str:
    """The pairs of a range while it is first copied."""
    return f"origins-{range_id}"


def name_of(first_range: int, generation: int) -> str:
    """The file of a part; parts are named by the first of their ranges."""
    return f"sources-{first_range}.{generation}"


class Origins:
    """The pairs of one part in order of target ids. A context manager; None has no pairs."""

    def __init__(self, path: Path | None) -> None:
        self._map: mmap.mmap | None = None
        if path is not None and path.stat().st_size:
            with path.open("rb") as file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    @classmethod
    def of(cls, work: Work, part: Part) -> Self:
        """The newest that count of a part."""
        with work.reading() as read:
            known = _committed(read, work.claim.job, part)
        return cls(None if known is None else work.folder() / known[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._map is not None:
            self._map.close()

    def __len__(self) -> int:
        return 0 if self._map is None else len(self._map) // PAIR_BYTES

    def __iter__(self) -> Iterator[Pair]:
        if self._map is None:
            return
        for start in range(0, len(self._map), _BLOCK):
            yield from _PAIR.iter_unpack(self._map[start : start + _BLOCK])

    def get(self, target: bytes) -> bytes | None:
        """What a target id was made of, None where no record says so."""
        place = bisect_left(range(len(self)), target, key=lambda at: self._at(at)[0])
        if place == len(self) or self._at(place)[0] != target:
            return None
        return self._at(place)[1]

    def of_sources(self, sources: Collection[bytes]) -> dict[bytes, list[bytes]]:
        """The target ids of each of these that has records. Reads the whole file once."""
        wanted = frozenset(sources)
        found: dict[bytes, list[bytes]] = {}
        if wanted:
            for target, source in self:
                if source in wanted:
                    found.setdefault(source, []).append(target)
        return found

    def _at(self, place: int) -> Pair:
        if self._map is None:
            raise IndexError(place)
        target, source = _PAIR.unpack_from(self._map, place * PAIR_BYTES)
        return target, source


def gather(work: Work, part: Part) -> int:
    """When a part is copied: sort its pairs into its file, and refuse two sources on one id.

    How many pairs there are. May be called again after a crash. Raises ``TwoSources``.
    """
    where, job = work.folder(), work.claim.job
    with work.reading() as read:
        known = _committed(read, job, part)
        lengths = folder.committed(read, job)
        mine = [one.id for one in ranges.of(read, job, generation=COPIED, tenant=part.key)]
    if known is not None:
        return lengths[known[1]] // PAIR_BYTES
    names = [name for one in mine if (name := appended_name(one)) in lengths]
    if not names:
        return 0
    name = name_of(min(mine), COPIED)
    pairs = (pair for one in names for pair in pairs_in(where / one, lengths[one]))
    count = _write_sorted(where, name, pairs)
    with Origins(where / name) as origins, PartLedger.of(work, part) as ledger:
        _check_own(origins, ledger, part)
    with work.held() as tx:
        folder.commit(tx, name, count * PAIR_BYTES)
        for one in names:
            folder.uncommit(tx, one)
    for one in names:
        (where / one).unlink(missing_ok=True)
    return count


def targets_of(
    origins: Origins, known: Mapping[bytes, Entry | None]
) -> dict[bytes, tuple[bytes, ...]]:
    """What each source id stands for in the target, by its entry in the ledger: what goes when
    it was deleted in the source. Empty where it was dropped, or was never copied."""
    recorded = origins.of_sources(known)
    found: dict[bytes, tuple[bytes, ...]] = {}
    for source, entry in known.items():
        if source in recorded:
            found[source] = tuple(recorded[source])
        else:
            found[source] = (source,) if entry is not None and entry.target_time else ()
    return found


def no_longer_made(
    origins: Origins,
    before: Mapping[bytes, Entry | None],
    after: Mapping[bytes, Entry],
    pairs: Iterable[Pair],
) -> list[bytes]:
    """Target ids that objects copied again no longer make, in order: they are deleted.

    ``before`` and ``after`` are the ledger's entries of those objects, ``pairs`` what their copy
    gave. Nothing is changed: ``replace`` follows once they are deleted.
    """
    now: dict[bytes, set[bytes]] = {}
    for target, source in pairs:
        now.setdefault(source, set()).add(target)
    gone: set[bytes] = set()
    for source, targets in targets_of(origins, before).items():
        entry = after.get(source)
        if entry is None:
            # Not copied this time: what it stands for stays until it is.
            continue
        made = now.get(source, {source} if entry.target_time else set())
        gone |= set(targets) - made
    # What another object makes now is not gone with this one.
    return sorted(gone - {target for targets in now.values() for target in targets})


def replace(
    work: Work, part: Part, sources: Collection[bytes], pairs: Iterable[Pair], generation: int
) -> None:
    """Forget the records of these sources (copied again, or deleted), and take up ``pairs``.

    A new file, one transaction. Raises ``TwoSources``, and then the old one stays.
    """
    where, job = work.folder(), work.claim.job
    with work.reading() as read:
        known = _committed(read, job, part)
        first = min(one.id for one in ranges.of(read, job, generation=COPIED, tenant=part.key))
    forgotten, new = frozenset(sources), sorted(set(pairs))
    if known is None and not new:
        return
    name = name_of(first, max(generation, 1 if known is None else known[0] + 1))
    with Origins(None if known is None else where / known[1]) as old:
        kept = (pair for pair in old if pair[1] not in forgotten)
        count = _write(where, name, heapq.merge(kept, new))
    with work.held() as tx:
        folder.commit(tx, name, count * PAIR_BYTES)
        if known is not None:
            folder.uncommit(tx, known[1])
    if known is not None:
        (where / known[1]).unlink(missing_ok=True)


def pairs_in(path: Path, length: int) -> Iterator[Pair]:
    """The pairs of a file up to its committed length, in the order in which they lie there."""
    with path.open("rb") as file:
        while length > 0 and (block := file.read(min(_BLOCK, length))):
            length -= len(block)
            yield from _PAIR.iter_unpack(block)


def unpacked(pairs: bytes) -> list[Pair]:
    """Pairs as a task gives them back."""
    return [(target, source) for target, source in _PAIR.iter_unpack(pairs)]


def _committed(read: Reading, job: str, part: Part) -> tuple[int, str] | None:
    """Generation and name of the part's file that counts."""
    mine = [one.id for one in ranges.of(read, job, generation=COPIED, tenant=part.key)]
    if not mine:
        return None
    head = name_of(min(mine), 0).rpartition(".")[0]
    found = [
        (int(generation), name)
        for name in folder.committed(read, job)
        for stem, _, generation in (name.rpartition("."),)
        if stem == head
    ]
    return max(found, default=None)


def _write_sorted(where: Path, name: str, pairs: Iterator[Pair]) -> int:
    """Sort however many pairs there are with bounded memory, and write them."""
    runs: list[Path] = []
    with ExitStack() as opened:
        try:
            while block := sorted(set(islice(pairs, _SORTED_AT_ONCE))):
                # A name that the folder's recovery removes after a crash.
                run = where / f"{name}.{len(runs)}.part"
                runs.append(run)
                run.write_bytes(b"".join([target + source for target, source in block]))
            streams = [_streamed(opened, run) for run in runs]
            return _write(where, name, heapq.merge(*streams))
        finally:
            opened.close()
            for run in runs:
                run.unlink(missing_ok=True)


def _streamed(opened: ExitStack, path: Path) -> Iterator[Pair]:
    file = opened.enter_context(path.open("rb"))

    def pairs() -> Iterator[Pair]:
        while block := file.read(_BLOCK):
            yield from _PAIR.iter_unpack(block)

    return pairs()


def _write(where: Path, name: str, pairs: Iterable[Pair]) -> int:
    """Write pairs that are in order, each once; how many. Raises ``TwoSources``."""
    part, count, last = where / f"{name}.part", 0, (b"", b"")
    doubles: list[tuple[bytes, bytes, bytes]] = []
    many = 0
    with part.open("wb") as file:
        for pair in pairs:
            if pair[0] == last[0]:
                if pair[1] != last[1]:
                    many += 1
                    if len(doubles) < _NAMED:
                        doubles.append((pair[0], last[1], pair[1]))
                continue
            file.write(pair[0] + pair[1])
            count, last = count + 1, pair
        file.flush()
        os.fsync(file.fileno())
    if many:
        part.unlink()
        raise _two_sources(many, doubles)
    part.replace(where / name)
    return count


def _check_own(origins: Origins, ledger: PartLedger, part: Part) -> None:
    """Refuse an object that took the id of another, which kept it."""
    entries = iter(ledger)
    entry = next(entries, None)
    taken: dict[bytes, bytes] = {}
    for target, source in origins:
        while entry is not None and entry.id < target:
            entry = next(entries, None)
        stands = entry is not None and entry.id == target and entry.target_time
        if stands and source != target:
            taken[target] = source
        if len(taken) >= _SORTED_AT_ONCE:
            _check_taken(origins, taken)
            taken.clear()
    _check_taken(origins, taken)


def _check_taken(origins: Origins, taken: dict[bytes, bytes]) -> None:
    """Those that have records became something else, and left their own id to others."""
    if not taken:
        return
    left = dict(taken)
    for _, source in origins:
        left.pop(source, None)
    if left:
        named = [(target, target, source) for target, source in islice(left.items(), _NAMED)]
        raise _two_sources(len(left), named)


def _two_sources(many: int, named: Iterable[tuple[bytes, bytes, bytes]]) -> TwoSources:
    from uuid import UUID

    said = "; ".join(
        f"{UUID(bytes=first)} and {UUID(bytes=second)} became {UUID(bytes=target)}"
        for target, first, second in named
    )
    return TwoSources(
        f"the transform gave {many:,} objects of the target to two objects of the source each: "
        f"{said}. One has overwritten the other in the target, nothing of the source is lost. "
        "Give them ids that differ, and begin a new job"
    )
