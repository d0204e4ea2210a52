"""What travels between a worker and the process that runs a transform: plain values, framed.

``marshal`` carries every plain value as it is (-0.0, ints beyond 64 bits, bytes), cannot run code
when read, and both ends are the same interpreter.
"""

from __future__ import annotations

import marshal
import os
import struct
from typing import Any, Final, NamedTuple

LENGTH: Final = struct.Struct("<Q")
PLACE: Final = struct.Struct("<q")
"""In the shared page: which object of the batch is in work, from 0; -1 before the first."""

#: Name (empty: unnamed), little-endian float32s, whether it is a multi-vector.
PackedVector = tuple[str, bytes, bool]


class Given(NamedTuple):
    """One object as it goes in."""

    id: str
    properties: dict[str, Any]
    references: dict[str, list[str]]
    vectors: list[PackedVector]


class Product(NamedTuple):
    """One object as it comes out, its id settled."""

    id: str
    properties: dict[str, Any]
    references: dict[str, list[str]]
    vectors: list[PackedVector]


class Made(NamedTuple):
    """What an object became; empty: it is dropped."""

    products: list[Product]


class Failed(NamedTuple):
    """An object that the transform did not do; ``reason`` is short and shared, ``detail`` its
    own, such as a traceback."""

    reason: str
    detail: str


def framed(value: Any) -> bytes:
    """The value with its length before it."""
    body = marshal.dumps(value)
    return LENGTH.pack(len(body)) + body


def read(body: bytes | bytearray) -> Any:
    """The value of a frame without its length. Raises ``ValueError``, ``EOFError``, ``TypeError``
    where it is none."""
    return marshal.loads(body)  # noqa: S302 - only plain values, from our own child


def send(handle: int, value: Any) -> None:
    """Write a frame whole."""
    left = memoryview(framed(value))
    while left:
        left = left[os.write(handle, left) :]


def receive(handle: int) -> Any:
    """Wait for a frame; None at the end of the pipe."""
    head = _exactly(handle, LENGTH.size)
    if head is None:
        return None
    body = _exactly(handle, LENGTH.unpack(head)[0])
    return None if body is None else read(body)


def _exactly(handle: int, size: int) -> bytearray | None:
    found = bytearray()
    while len(found) < size:
        piece = os.read(handle, min(size - len(found), 1 << 20))
        if not piece:
            return None
        found += piece
    return found
