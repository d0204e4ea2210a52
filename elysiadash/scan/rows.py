"""What scans give: rows in order of their ids."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from elysiadash.scan import keys
from elysiadash.scan.errors import OutOfOrder
from elysiadash.scan.keys import Cursor


class IdTime(NamedTuple):
    """An object's id (16 bytes) and ``lastUpdateTimeUnix`` (milliseconds)."""

    id: bytes
    time: int


class Digested(NamedTuple):
    """The same with the digest (8 bytes) of the whole object."""

    id: bytes
    time: int
    digest: bytes


def check_order(ids: Sequence[bytes], cursor: Cursor, where: str) -> None:
    """Raise ``OutOfOrder`` unless ids rise strictly from after the cursor on."""
    if not ids:
        return
    if cursor is not None and ids[0] <= cursor:
        raise OutOfOrder(where, cursor, ids[0])
    # A rising list sorts in one pass, which is quicker than a loop of our own.
    if sorted(set(ids)) == ids:
        return
    earlier, later = next(pair for pair in pairwise(ids) if pair[0] >= pair[1])
    raise OutOfOrder(where, earlier, later)


def ids_of(rows: Sequence[Any]) -> list[bytes]:
    """The ids of rows of whatever kind."""
    return [row[0] for row in rows]


def shown(cursor: Cursor) -> str:
    """A cursor in words."""
    return "the beginning" if cursor is None else keys.as_text(cursor)
