"""Whole objects out of answers: properties from REST, vectors from gRPC, or both from REST."""

from __future__ import annotations

import re
import struct
import sys
from array import array
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from elysiadash.scan.asking import key_of
from elysiadash.scan.canonical import Vector, WholeObject
from elysiadash.weaviate.answers import Answer, decode
from elysiadash.weaviate.errors import BadAnswer

if TYPE_CHECKING:
    from elysiadash.proto import weaviate_pb2 as pb

_NEGATIVE_ZERO = re.compile(rb"(?<![eE])-0(?=[,\]])")
_EMPTY = msgspec.Raw(b"{}")
_SINGLE: msgspec.json.Decoder[list[float]] = msgspec.json.Decoder(list[float])
_MULTI: msgspec.json.Decoder[list[list[float]]] = msgspec.json.Decoder(list[list[float]])


class PropertiesRow(NamedTuple):
    """The half of an object that REST gives."""

    id: bytes
    time: int
    properties: bytes


class VectorsRow(NamedTuple):
    """The half of an object that gRPC gives: its message, unread."""

    id: bytes
    time: int
    metadata: Any


class Halves(NamedTuple):
    """An object whose halves are of the same moment, not put together yet."""

    id: bytes
    time: int
    properties: bytes
    metadata: Any


class _Listed(msgspec.Struct, gc=False, rename="camel"):
    id: str
    last_update_time_unix: int
    properties: msgspec.Raw = _EMPTY


class _Page(msgspec.Struct, gc=False):
    objects: list[_Listed] | None


class _Single(_Listed, gc=False, rename="camel"):
    vector: msgspec.Raw | None = None
    vectors: dict[str, msgspec.Raw] | None = None


def properties_page(answer: Answer) -> list[PropertiesRow]:
    """The rows of a list; raises ``BadAnswer``."""
    return [
        PropertiesRow(key_of(one.id, answer), one.last_update_time_unix, bytes(one.properties))
        for one in decode(_Page, answer).objects or ()
    ]


def properties_of(answer: Answer) -> PropertiesRow:
    """The one object of an answer; raises ``BadAnswer``."""
    one = decode(_Listed, answer)
    return PropertiesRow(key_of(one.id, answer), one.last_update_time_unix, bytes(one.properties))


def vectors_page(reply: pb.SearchReply, name: str) -> list[VectorsRow]:
    """The rows of a reply; raises ``BadAnswer`` where one lacks its id or time."""
    rows = [
        VectorsRow(one.id_as_bytes, one.last_update_time_unix, one)
        for one in (result.metadata for result in reply.results)
    ]
    if any(len(row.id) != 16 or row.time <= 0 for row in rows):
        raise BadAnswer(f"{name} sent an object without its id or its update time")
    return rows


def joined(halves: Halves) -> WholeObject:
    """Both halves of an object together."""
    metadata = halves.metadata
    vectors = [Vector(one.name, one.type == 2, one.vector_bytes) for one in metadata.vectors]
    if unnamed := metadata.vector_bytes:
        vectors.append(Vector("", False, unnamed))
    return WholeObject(halves.id, halves.time, halves.properties, vectors)


def alone(answer: Answer) -> WholeObject:
    """An object with its vectors from REST alone; their shortest float32 text loses no bit."""
    one = decode(_Single, answer)
    vectors = [_vector(name, text, answer) for name, text in (one.vectors or {}).items() if text]
    if one.vector:
        vectors.append(_vector("", one.vector, answer))
    return WholeObject(
        key_of(one.id, answer),
        one.last_update_time_unix,
        bytes(one.properties),
        [vector for vector in vectors if vector.data],
    )


def _vector(name: str, text: msgspec.Raw, answer: Answer) -> Vector:
    raw = _signed_zeros(bytes(text))
    try:
        if raw.startswith(b"[["):
            rows = _MULTI.decode(raw)
            data = struct.pack("<H", len(rows[0])) + b"".join(map(_packed, rows))
            return Vector(name, True, data)
        return Vector(name, False, _packed(_SINGLE.decode(raw)))
    except (msgspec.DecodeError, OverflowError, struct.error) as error:
        raise BadAnswer(f"the vector {name!r} is none ({error})", request=answer.request) from None


def _signed_zeros(text: bytes) -> bytes:
    """``-0`` as ``-0.0``: msgspec loses the sign of the former. A vector holds no strings."""
    return _NEGATIVE_ZERO.sub(b"-0.0", text) if b"-0" in text else text


def _packed(numbers: list[float]) -> bytes:
    floats = array("f", numbers)
    if sys.byteorder == "big":
        floats.byteswap()
    return floats.tobytes()
