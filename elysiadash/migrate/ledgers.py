"""The ledgers of a part: one file for each of its ranges, together all of its objects.

A file of the job's folder counts once a transaction committed its name, so a ledger is replaced
by committing the next generation's name and dropping the one before in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from elysiadash.jobs import folder, ranges
from elysiadash.jobs.database import Reading
from elysiadash.jobs.ranges import KeyRange
from elysiadash.jobs.work import Work
from elysiadash.migrate.parts import Part
from elysiadash.scan.ledger import Entry, Gone, Ledger, LedgerWriter, updated

COPIED = 0
"""The generation of ranges that a part was first copied in; later ones keep their boundaries."""


def name_of(range_id: int, generation: int) -> str:
    """The file of a range's ledger."""
    return f"ledger-{range_id}.{generation}"


def committed(read: Reading, job: str) -> dict[int, tuple[int, str]]:
    """Range -> generation and file of its newest ledger that counts."""
    found: dict[int, tuple[int, str]] = {}
    for name in folder.committed(read, job):
        head, _, generation = name.rpartition(".")
        if head.startswith("ledger-"):
            number = int(head.removeprefix("ledger-"))
            found[number] = max(found.get(number, (-1, "")), (int(generation), name))
    return found


class PartLedger:
    """All entries of a part in order of their ids, in however many files. A context manager."""

    def __init__(self, pieces: Iterable[tuple[KeyRange, Path]]) -> None:
        self._opened = ExitStack()
        self.pieces = [(piece, self._opened.enter_context(Ledger(path))) for piece, path in pieces]

    @classmethod
    def of(cls, work: Work, part: Part, job: str | None = None) -> Self:
        """The part's newest ledgers, of this job or of another one that is over.

        Raises ``DamagedLedger``; ``KeyError`` while it is copied.
        """
        job = job or work.claim.job
        where = folder.path_of(work.state, job)
        with work.reading() as read:
            files = committed(read, job)
            mine = ranges.of(read, job, generation=COPIED, tenant=part.key)
        return cls((piece, where / files[piece.id][1]) for piece in mine)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def __len__(self) -> int:
        return sum(len(ledger) for _, ledger in self.pieces)

    def __iter__(self) -> Iterator[Entry]:
        for _, ledger in self.pieces:
            yield from ledger

    def get(self, key: bytes) -> Entry | None:
        """The entry of an id, None where the job has not copied it."""
        for piece, ledger in self.pieces:
            if piece.lower <= key <= piece.upper:
                return ledger.get(key)
        return None


def replace(work: Work, part: Part, changes: Iterable[Entry | Gone], generation: int) -> None:
    """Bring changes, in order of their ids, into a part's ledgers: all of them or none.

    Ranges without a change keep their file. A crash before the one transaction leaves files that
    do not count and are written again.
    """
    where, files = work.folder(), dict[int, tuple[int, str]]()
    with work.reading() as read:
        files = committed(read, work.claim.job)
    written: list[tuple[str, str]] = []
    coming = _Coming(changes)
    with PartLedger.of(work, part) as ledger:
        for piece, old in ledger.pieces:
            mine = coming.up_to(piece.upper)
            first = next(mine, None)
            if first is None:
                continue
            name = name_of(piece.id, max(generation, files[piece.id][0] + 1))
            with LedgerWriter(where / name, generation=generation) as writer:
                writer.extend(updated(old, _chained(first, mine)))
                writer.commit()
            written.append((name, files[piece.id][1]))
    with work.held() as tx:
        for new, old_name in written:
            folder.commit(tx, new, (where / new).stat().st_size)
            folder.uncommit(tx, old_name)
    for _, old_name in written:
        (where / old_name).unlink(missing_ok=True)


class _Coming:
    """Changes handed out range by range."""

    def __init__(self, changes: Iterable[Entry | Gone]) -> None:
        self._changes = iter(changes)
        self._next = next(self._changes, None)

    def up_to(self, upper: bytes) -> Iterator[Entry | Gone]:
        while self._next is not None and self._next.id <= upper:
            given, self._next = self._next, next(self._changes, None)
            yield given


def _chained(first: Entry | Gone, rest: Iterator[Entry | Gone]) -> Iterator[Entry | Gone]:
    yield first
    yield from rest
