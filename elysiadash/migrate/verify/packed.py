"""Rows of a range in memory, packed: a range of 100,000 is some MB, whatever its objects weigh."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

from elysiadash.scan.ledger import Entry
from elysiadash.scan.rows import Digested, IdTime

R = TypeVar("R", bound=tuple[Any, ...])
_ROWS = 4096


class Packed(Generic[R]):
    """Rows of one kind, in the order in which they came."""

    def __init__(self, form: str, kind: Callable[[Any], R]) -> None:
        self._form = struct.Struct(form)
        self._kind = kind
        self._data = bytearray()

    def __len__(self) -> int:
        return len(self._data) // self._form.size

    def __iter__(self) -> Iterator[R]:
        size = self._form.size * _ROWS
        for start in range(0, len(self._data), size):
            chunk = bytes(self._data[start : start + size])
            yield from map(self._kind, self._form.iter_unpack(chunk))

    def extend(self, rows: Iterable[R]) -> None:
        """Append rows."""
        pack = self._form.pack
        for row in rows:
            self._data += pack(*row)


def ids() -> Packed[IdTime]:
    """For ids and times: 24 bytes each."""
    return Packed(">16sq", IdTime._make)


def digests() -> Packed[Digested]:
    """For ids, times and digests: 32 bytes each."""
    return Packed(">16sq8s", Digested._make)


def entries() -> Packed[Entry]:
    """For entries of a ledger: 40 bytes each."""
    return Packed(">16sq8sq", Entry._make)
