"""Keeps what tasks brought: watermark, records and dead letters in one transaction.

Records of a range that is being copied are in ``records-{range}``, which only grows; at the
range's end they become its ledger. All of this waits for the disk.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from elysiadash.jobs import dead_letters, folder, outcomes, ranges
from elysiadash.jobs.claims import Claimed
from elysiadash.jobs.folder import Appended
from elysiadash.jobs.queue import get
from elysiadash.jobs.ranges import KeyRange
from elysiadash.migrate import planning
from elysiadash.migrate.ledgers import COPIED, name_of
from elysiadash.migrate.parts import Part
from elysiadash.migrate.run import Run
from elysiadash.migrate.tasks import SliceResult
from elysiadash.scan.ledger import RECORD_BYTES, LedgerWriter

REFERENCES = -1
"""The generation of the ranges in which references are written."""
_RECORD = struct.Struct(">16sq8sq")
_BLOCK = RECORD_BYTES * 8192
_LEAST_PIECE = 5_000


def records_name(range: int, generation: int = COPIED) -> str:
    """The file of a range's records while they come in."""
    return f"{'records' if generation == COPIED else 'references'}-{range}"


def origins_name(range: int) -> str:
    """The file of 32 bytes (target id, source id) for each object that a transform renamed."""
    return f"origins-{range}"


def entries_in(path: Path, length: int) -> Iterator[tuple[bytes, int, bytes, int]]:
    """The records of a file, up to its committed length."""
    with path.open("rb") as file:
        while length > 0:
            block = file.read(min(_BLOCK, length))
            if not block:
                return
            length -= len(block)
            yield from _RECORD.iter_unpack(block)


class Landed(msgspec.Struct, gc=False):
    """A slice that came back, and its range."""

    range: KeyRange
    result: SliceResult


class Keeper:
    """The rows and files of one generation."""

    def __init__(self, run: Run, generation: int = COPIED) -> None:
        self._run = run
        self._work = run.work
        self._folder = run.work.folder()
        self.generation = generation
        with run.work.reading() as read:
            self._lengths = folder.committed(read, run.job)
        self._files: dict[str, Appended] = {}

    def free_all(self) -> None:
        """Give back what slots of this claim still have, from an earlier call."""
        with self._work.held() as tx:
            for one in ranges.of(tx, tx.job, generation=self.generation):
                if one.state is ranges.RangeState.TAKEN and one.token == tx.claim.token:
                    ranges.give_back(tx, one)

    def take(self, parts: list[Part], slots: Sequence[int]) -> list[KeyRange]:
        """Ranges for slots, in order of the parts; parts that have none left to take are removed
        from the list."""
        found: list[KeyRange] = []
        with self._work.held() as tx:
            for slot in slots:
                taken = None
                while parts and taken is None:
                    taken = ranges.take(tx, slot, generation=self.generation, tenant=parts[0].key)
                    if taken is None:
                        parts.pop(0)
                if taken is None:
                    break
                found.append(taken)
        return found

    def give_back(self, taken: Iterable[KeyRange]) -> None:
        """Leave ranges where they stand."""
        with self._work.held() as tx:
            for one in taken:
                ranges.give_back(tx, one)
        for one in taken:
            self._close(records_name(one.id, self.generation))
            self._close(origins_name(one.id))

    def commit(self, landed: Sequence[Landed], idle: int) -> list[KeyRange | None]:
        """Count what came back, with the run's checkpoint. What each slot goes on with: its range
        as it is now, None where that is done.

        ``idle`` lanes have nothing to do: ranges are cut for them.
        """
        closing = [self._is_closing(one) for one in landed]
        lengths: dict[str, int] = {}
        gone: list[str] = []
        for one, closes in zip(landed, closing, strict=True):
            self._write(one, closes, lengths, gone)
        after: list[KeyRange | None] = []
        with self._work.held() as tx:
            outcomes.save(tx, self._run.plain())
            for name in gone:
                if name in self._lengths:
                    folder.uncommit(tx, name)
            for name, length in lengths.items():
                folder.commit(tx, name, length)
            for one, closes in zip(landed, closing, strict=True):
                after.append(self._advance(tx, one, closes, idle))
        self._lengths |= lengths
        for name in gone:
            self._lengths.pop(name, None)
            self._close(name)
            (self._folder / name).unlink(missing_ok=True)
        return after

    def close(self) -> None:
        """Close the files."""
        for name in list(self._files):
            self._close(name)

    def _is_closing(self, one: Landed) -> bool:
        """Whether the range ends here: done, or crowded and to be gone on with in new ones."""
        if one.result.ended:
            return True
        grown = one.range.objects + one.result.moved.read
        return one.result.reached is not None and grown >= planning.CROWDED_OBJECTS

    def _write(self, one: Landed, closes: bool, lengths: dict[str, int], gone: list[str]) -> None:
        moved = one.result.moved
        if moved.origins and self.generation == COPIED:
            name = origins_name(one.range.id)
            file = self._opened(name)
            file.append(moved.origins)
            lengths[name] = file.sync()
        name = records_name(one.range.id, self.generation)
        if closes and self.generation == COPIED:
            ledger = name_of(one.range.id, COPIED)
            with LedgerWriter(self._folder / ledger, generation=COPIED) as writer:
                writer.extend(entries_in(self._folder / name, self._lengths.get(name, 0))
                              if name in self._lengths else ())  # fmt: skip
                writer.extend(_RECORD.iter_unpack(moved.records))
                writer.commit()
            lengths[ledger] = (self._folder / ledger).stat().st_size
            gone.append(name)
        elif moved.records:
            file = self._opened(name)
            file.append(moved.records)
            lengths[name] = file.sync()

    def _advance(self, tx: Claimed, one: Landed, closes: bool, idle: int) -> KeyRange | None:
        result, moved = one.result, one.result.moved
        for letter in moved.letters:
            dead_letters.put(
                tx, letter.id, letter.reason, detail=letter.detail, tenant=one.range.tenant,
                generation=COPIED,
            )  # fmt: skip
        counts: dict[str, Any] = {
            "objects": moved.read,
            "bytes": moved.spent.bytes,
            "seconds": moved.spent.seconds,
        }
        if result.ended:
            ranges.finish(tx, one.range, **counts)
            return None
        if result.reached is None:
            return one.range
        now = ranges.advance(tx, one.range, result.reached, **counts)
        if closes:
            ranges.split_at_watermark(tx, now, self._cuts(now, result, idle=0))
            return None
        found = self._cuts(now, result, idle) if idle > 0 else []
        return ranges.split(tx, now, found) if found else now

    def _cuts(self, now: KeyRange, result: SliceResult, idle: int) -> list[bytes]:
        """Where to cut what is left: for lanes that have nothing to do, or into usual pieces."""
        start, seen = result.dense_from, result.dense_objects
        if start is None or not seen or now.watermark is None or start >= now.watermark:
            start, seen = result.slice.lower, result.moved.read
        rest = now.rest
        if rest is None or now.watermark is None or start >= now.watermark:
            return []
        wanted = planning.WANTED_OBJECTS
        if idle:
            low, here = int.from_bytes(start), int.from_bytes(now.watermark)
            left = (int.from_bytes(now.upper) - here) * seen // max(1, here - low)
            if left < 2 * _LEAST_PIECE:
                return []
            wanted = max(_LEAST_PIECE, min(wanted, left // (idle + 1)))
        return planning.cuts(start, now.watermark, now.upper, seen, wanted)

    def _opened(self, name: str) -> Appended:
        if name not in self._files:
            self._files[name] = Appended(self._folder, name, self._lengths.get(name, 0))
        return self._files[name]

    def _close(self, name: str) -> None:
        file = self._files.pop(name, None)
        if file is not None:
            file.close()


def plan(run: Run, counts: Sequence[tuple[Part, int | None]]) -> None:
    """Add the ranges of parts that have none yet."""
    with run.work.held() as tx:
        known = {one.tenant for one in ranges.of(tx, run.job, generation=COPIED)}
        for part, objects in counts:
            if part.key not in known:
                ranges.add(
                    tx, run.job, planning.intervals(objects), generation=COPIED, tenant=part.key
                )
        new = [objects for part, objects in counts if part.key not in known]
        if not new:
            return
        before = get(tx, run.job).expected if known else 0
        told = before is not None and all(one is not None for one in new)
        outcomes.expect(tx, before + sum(one or 0 for one in new) if told and before is not None
                        else None)  # fmt: skip


def plan_references(run: Run, part: Part) -> None:
    """The ranges in which a part's references are written: those in which it was copied."""
    with run.work.held() as tx:
        if ranges.of(tx, run.job, generation=REFERENCES, tenant=part.key):
            return
        mine = ranges.of(tx, run.job, generation=COPIED, tenant=part.key)
        ranges.add(tx, run.job, [one.interval for one in mine], generation=REFERENCES,
                   tenant=part.key)  # fmt: skip
