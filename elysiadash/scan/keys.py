"""Ids of objects as 16 bytes, whose order is the order of a cursor (Weaviate 1.30 to 1.39)."""

from __future__ import annotations

from uuid import UUID

FIRST = bytes(16)
"""The nil UUID: a legal id, and the smallest."""
LAST = b"\xff" * 16

Cursor = bytes | None
"""The id after which a page begins; None is before every id."""


def as_text(key: bytes) -> str:
    """The id as Weaviate writes it."""
    return str(UUID(bytes=key))


def as_bytes(text: str) -> bytes:
    """The 16 bytes of an id; raises ``ValueError`` where it is none."""
    key = bytes.fromhex(text.replace("-", ""))
    if len(key) != 16:
        raise ValueError(f"not the id of an object: {text[:60]!r}")
    return key


def before(key: bytes) -> Cursor:
    """The cursor whose page begins with ``key``.

    Only an empty cursor gives the nil UUID: ``after=<nil>`` skips it.
    """
    return None if key == FIRST else (int.from_bytes(key) - 1).to_bytes(16)


def as_parameter(cursor: Cursor) -> str:
    """The cursor as ``after`` takes it."""
    return "" if cursor is None else as_text(cursor)


def is_after(key: bytes, cursor: Cursor) -> bool:
    """Whether a page of that cursor may hold ``key``."""
    return cursor is None or key > cursor
