"""What differs, object by object: a file of JSON lines in the job's folder, and its reader.

Each proof has a file of its own, ``mismatches-<number>``; one of the same parts takes the place of
the one before (waves of tenants are proven one after the other). It counts up to its committed
length, like every file of a job.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from elysiadash.jobs import folder
from elysiadash.jobs.claims import Claimed
from elysiadash.jobs.database import Reading
from elysiadash.jobs.folder import Appended
from elysiadash.jobs.work import Work
from elysiadash.scan.fields import FieldDifference

_NAME = "mismatches-"

MismatchKind = Literal["missing", "extra", "different"]


class Mismatch(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One object that is not the same on both sides; times in milliseconds."""

    kind: MismatchKind
    id: str
    part: str
    """The part's key: ``Doc`` or ``Doc/tenant``."""
    source_time: int | None = None
    target_time: int | None = None
    made_of: str = ""
    """The source's object that a transform makes this of; empty: the one of the same id."""
    ours: bool = False
    """The job copied an object of this id; where it did not, an extra one is never touched."""
    dead_letter: str = ""
    """Why the copy gave it up; empty where it did not."""
    fields: tuple[FieldDifference, ...] = ()
    """What differs, both values shortened; empty where one side is missing, or not looked at."""


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Mismatch)


def name_of(number: int) -> str:
    """The file of a proof."""
    return f"{_NAME}{number}"


def numbers(read: Reading, job: str) -> list[int]:
    """The proofs whose files count, the oldest first; those of other parts stand side by side."""
    return sorted(
        int(name.removeprefix(_NAME))
        for name in folder.committed(read, job)
        if name.startswith(_NAME)
    )


class MismatchFile:
    """Written by the proof of that number; ``add`` belongs into the transaction of its range."""

    def __init__(self, where: Path, number: int, committed: int) -> None:
        self.name = name_of(number)
        self._file = Appended(where, self.name, committed)

    def close(self) -> None:
        """Let it go."""
        self._file.close()

    def add(self, tx: Claimed, found: Iterable[Mismatch]) -> None:
        """Append and count them."""
        # Transactions of one process come one after the other, so that no other range's lines get
        # between these and their length.
        self._file.append(b"".join(_ENCODER.encode(one) + b"\n" for one in found))
        folder.commit(tx, self.name, self._file.sync())


class Page(msgspec.Struct, frozen=True, gc=False):
    """Some mismatches, and where the next page begins: None at the end."""

    rows: tuple[Mismatch, ...]
    following: int | None


def page(read: Reading, where: Path, job: str, *, start: int = 0, limit: int = 200) -> Page:
    """A page of the mismatches that count; ``start`` is 0 or a page's ``following``."""
    lengths, rows, before = folder.committed(read, job), list[Mismatch](), 0
    for name in map(name_of, numbers(read, job)):
        length = lengths[name]
        if before <= start < before + length and len(rows) < limit:
            with (where / name).open("rb") as file:
                file.seek(start - before)
                while len(rows) < limit and file.tell() < length:
                    rows.append(_DECODER.decode(file.readline()))
                start = before + file.tell()
        before += length
    return Page(tuple(rows), start if start < before else None)


def every(work: Work) -> Iterator[Mismatch]:
    """All that count, one page in memory."""
    start: int | None = 0
    while start is not None:
        with work.reading() as read:
            found = page(read, work.folder(), work.claim.job, start=start, limit=1000)
        yield from found.rows
        start = found.following
