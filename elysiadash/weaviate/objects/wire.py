"""The few bytes of protobuf's wire format that objects are written with.

An object is encoded once, straight into the bytes of a ``BatchObject``, and a request is those
bytes one after the other: no message objects are built, and vectors are never unpacked.
``tests/unit/weaviate/objects/test_wire.py`` holds every function against protobuf itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_SHORT: Final = 1 << 14
_MASK_64: Final = (1 << 64) - 1

INT64_MIN: Final = -(1 << 63)
INT64_MAX: Final = (1 << 63) - 1


def _varint(number: int) -> bytes:
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)


_LENGTHS: Final = [_varint(number) for number in range(_SHORT)]


def length(number: int) -> bytes:
    """An unsigned varint; lengths below 16 KiB are looked up."""
    return _LENGTHS[number] if number < _SHORT else _varint(number)


def tag(field: int, kind: int = 2) -> bytes:
    """What stands before a field's value; ``kind`` 0 varint, 1 fixed 64 bit, 2 with a length."""
    return _varint(field << 3 | kind)


def sized(before: bytes, body: bytes) -> bytes:
    """A field with a length: its tag ``before``, how long it is, itself."""
    return b"%b%b%b" % (before, length(len(body)), body)


def text(before: bytes, value: str) -> bytes:
    """A string field."""
    return sized(before, value.encode())


def packed_ints(values: Iterable[int]) -> bytes:
    """``repeated int64``, packed. Raises ``OverflowError`` for one that no int64 holds."""
    pieces = []
    for value in values:
        if 0 <= value < _SHORT:
            pieces.append(_LENGTHS[value])
        elif INT64_MIN <= value <= INT64_MAX:
            pieces.append(_varint(value & _MASK_64))
        else:
            raise OverflowError(value)
    return b"".join(pieces)
