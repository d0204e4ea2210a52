"""What was seen of each object, as a sorted file of fixed-width records: one range, one generation.

A header, then 40 bytes for each object in order of its id: 100 million objects are 4 GB of disk,
read by bisection from a memory map. A generation is a new file and a rename, so that at every
moment there is a whole one; header and length tell a damaged file.

Record, big-endian: id (16), source time in ms (8), digest (8), target time in ms (8). Source time
0: read again in the next generation, since it changed too close to its reading. Digest and target
time of zeros: not known yet.
"""

from __future__ import annotations

import mmap
import os
import struct
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import BinaryIO, NamedTuple, Self

from elysiadash.scan.errors import OutOfOrder

_PART = ".part"
_MAGIC = b"elyledg1"
_HEAD = struct.Struct(">8sIIQ")
_SUM_BYTES = 16
_HEADER_BYTES = _HEAD.size + _SUM_BYTES
_RECORD = struct.Struct(">16sq8sq")
RECORD_BYTES = _RECORD.size
NOT_KNOWN = bytes(8)
"""A digest that was not taken."""
READ_AGAIN = 0
"""A source time too close to its reading to be trusted."""

_BUFFERED_BYTES = 1 << 20
_ITERATED_BYTES = RECORD_BYTES * 4096


class Entry(NamedTuple):
    """One object: times in milliseconds, the digest of 8 bytes."""

    id: bytes
    time: int
    digest: bytes = NOT_KNOWN
    target_time: int = 0


def packed(entries: Iterable[Entry]) -> bytes:
    """Entries as records, one behind the other."""
    return b"".join(_RECORD.pack(*entry) for entry in entries)


def unpacked(data: bytes) -> Iterator[Entry]:
    """The entries of whole records."""
    return map(Entry._make, _RECORD.iter_unpack(data))


class DamagedLedger(Exception):
    """The file is not what was written: cut off, overwritten, or no ledger; with its path."""


class NewerLedger(DamagedLedger):
    """The file was made by a later release."""


class LedgerWriter:
    """Writes a generation; nothing of it is there under its name before ``commit``.

    As a context manager: leaving it without ``commit`` leaves the old file as it was.
    """

    def __init__(self, path: Path, *, generation: int = 0) -> None:
        self.count = 0
        self._path = path
        self._generation = generation
        # A name of its own: one who was stopped and woke up late must not write into this file.
        self._part = path.with_name(f"{path.name}.{os.getpid()}-{token_hex(4)}{_PART}")
        self._file: BinaryIO | None = None
        self._pending = bytearray()
        self._sum = blake2b(digest_size=_SUM_BYTES)
        self._last: bytes | None = None

    def __enter__(self) -> Self:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        self._file = os.fdopen(os.open(self._part, flags, 0o600), "wb")
        self._file.write(bytes(_HEADER_BYTES))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
            self._part.unlink(missing_ok=True)

    def extend(self, entries: Iterable[tuple[bytes, int, bytes, int]]) -> None:
        """Append entries; raises ``OutOfOrder`` unless their ids rise strictly."""
        pack, pending, last = _RECORD.pack, self._pending, self._last
        for entry in entries:
            if last is not None and entry[0] <= last:
                raise OutOfOrder(self._path.name, last, entry[0])
            last = entry[0]
            pending += pack(*entry)
            self.count += 1
            if len(pending) >= _BUFFERED_BYTES:
                self._last = last
                self._write_out()
        self._last = last

    def append(self, entry: Entry) -> None:
        """Append one entry."""
        self.extend((entry,))

    def commit(self) -> None:
        """Put the file in its place, durably."""
        self._write_out()
        file = self._opened()
        head = _HEAD.pack(_MAGIC, RECORD_BYTES, self._generation, self.count)
        self._sum.update(head)
        file.seek(0)
        file.write(head + self._sum.digest())
        file.flush()
        os.fsync(file.fileno())
        file.close()
        self._file = None
        self._part.replace(self._path)
        _sync_folder(self._path.parent)

    def _write_out(self) -> None:
        self._sum.update(self._pending)
        self._opened().write(self._pending)
        self._pending.clear()

    def _opened(self) -> BinaryIO:
        if self._file is None:
            raise ValueError(f"{self._path.name} is not being written")
        return self._file


class Ledger:
    """A generation that was committed; close it, or use it as a context manager.

    Raises ``DamagedLedger`` where header and length do not agree; ``verify`` reads every byte.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
            size = os.fstat(file.fileno()).st_size
            self.generation, self._count = _checked(header, size, path)
            self._header = header
            # A file of no bytes cannot be mapped; the header is always there.
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the map go."""
        self._map.close()

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Entry]:
        return self._from_place(0)

    def __getitem__(self, place: int) -> Entry:
        if not 0 <= place < self._count:
            raise IndexError(place)
        return Entry._make(_RECORD.unpack_from(self._map, _offset(place)))

    def get(self, key: bytes) -> Entry | None:
        """The entry of that id, or None."""
        place = self._place_of(key)
        if place == self._count or self._id_at(place) != key:
            return None
        return self[place]

    def starting_at(self, key: bytes) -> Iterator[Entry]:
        """The entries from that id on, which need not be there."""
        return self._from_place(self._place_of(key))

    def verify(self) -> None:
        """Raise ``DamagedLedger`` where the records are not those that were written."""
        found = blake2b(digest_size=_SUM_BYTES)
        for start in range(_HEADER_BYTES, len(self._map), _BUFFERED_BYTES):
            found.update(self._map[start : start + _BUFFERED_BYTES])
        found.update(self._header[: _HEAD.size])
        if found.digest() != self._header[_HEAD.size :]:
            raise DamagedLedger(f"{self.path}: its records are not those that were written")

    def _from_place(self, place: int) -> Iterator[Entry]:
        end = _offset(self._count)
        for start in range(_offset(place), end, _ITERATED_BYTES):
            yield from map(
                Entry._make,
                _RECORD.iter_unpack(self._map[start : min(end, start + _ITERATED_BYTES)]),
            )

    def _place_of(self, key: bytes) -> int:
        return bisect_left(range(self._count), key, key=self._id_at)

    def _id_at(self, place: int) -> bytes:
        start = _offset(place)
        return self._map[start : start + 16]


def remove_unfinished(folder: Path) -> None:
    """Remove what writers that were killed left in the folder; only while none writes there."""
    for part in folder.glob(f"*{_PART}"):
        part.unlink(missing_ok=True)


class Gone(NamedTuple):
    """An object that is no more, among changes."""

    id: bytes


def updated(base: Iterable[Entry], changes: Iterable[Entry | Gone]) -> Iterator[Entry]:
    """The next generation: ``base`` with the changes in their places, both in order of ids.

    Lazy, one entry of each in memory; ``LedgerWriter`` checks the order of what comes out.
    """
    coming = iter(changes)
    change = next(coming, None)
    for entry in base:
        while change is not None and change.id < entry.id:
            if isinstance(change, Entry):
                yield change
            change = next(coming, None)
        if change is None or change.id != entry.id:
            yield entry
            continue
        if isinstance(change, Entry):
            yield change
        change = next(coming, None)
    while change is not None:
        if isinstance(change, Entry):
            yield change
        change = next(coming, None)


def entries_in(length: int) -> int:
    """How many entries a whole file of so many bytes holds."""
    return (length - _HEADER_BYTES) // RECORD_BYTES


def _offset(place: int) -> int:
    return _HEADER_BYTES + place * RECORD_BYTES


def _checked(header: bytes, size: int, path: Path) -> tuple[int, int]:
    """Generation and number of entries."""
    if len(header) < _HEADER_BYTES or header[:7] != _MAGIC[:7]:
        raise DamagedLedger(f"{path} is no ledger, or its beginning is lost")
    magic, width, generation, count = _HEAD.unpack_from(header)
    if magic != _MAGIC or width != RECORD_BYTES:
        raise NewerLedger(f"{path} was made by a later release")
    if size != _offset(count):
        raise DamagedLedger(
            f"{path} has {size:,} bytes where its {count:,} entries need {_offset(count):,}"
        )
    return generation, count


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
