"""What the two pages say, decoded: JSON into a shape's struct, gRPC into opaque vectors."""

from __future__ import annotations

import re
import struct
from typing import Any, Final

import msgspec

from elysiadash.weaviate.errors import WeaviateError
from elysiadash.weaviate.objects.join import Half
from elysiadash.weaviate.objects.rows import Row, Vector
from elysiadash.weaviate.objects.shape import Shape

# A string, or a number that is -0 and whose sign a JSON decoder of ours would drop.
_NEGATIVE_ZERO: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|(?<=[:,\[])-0(?=[,\]}])')
_SIGNS: Final = tuple(
    before + b"-0" + after for before in (b":", b",", b"[") for after in (b",", b"]", b"}")
)


class DefinitionChanged(WeaviateError):
    """An object has a property, or a type, that the definition at hand does not have."""

    kind = "definition changed"


class RestObject(msgspec.Struct, gc=False, rename="camel"):
    """One object of a REST answer; ``properties`` are decoded by the shape's struct."""

    id: str
    last_update_time_unix: int
    creation_time_unix: int = 0


def with_signs(body: bytes) -> bytes:
    """The same JSON with ``-0`` as ``-0.0``: Weaviate serves a double's -0.0 as ``-0``."""
    if not any(sign in body for sign in _SIGNS):
        return body
    return _NEGATIVE_ZERO.sub(lambda found: b"-0.0" if found[0] == b"-0" else found[0], body)


class Decoders:
    """How answers about one shape are decoded. Used by several threads at once."""

    def __init__(self, shape: Shape) -> None:
        row = msgspec.defstruct(
            "RestRow",
            [
                ("properties", shape.struct | None, None),
                ("vector", list[float] | None, None),
                ("vectors", dict[str, list[float | list[float]] | None] | None, None),
            ],
            bases=(RestObject,),
            gc=False,
            rename="camel",
        )
        page = msgspec.defstruct("RestPage", [("objects", list[row] | None)], gc=False)  # type: ignore[valid-type]
        self._empty = shape.struct()
        self._page = msgspec.json.Decoder(page)
        self._row = msgspec.json.Decoder(row)

    def rest_page(self, body: bytes) -> list[Half]:
        """The rows of ``GET /v1/objects``; raises ``DecodeError`` or ``DefinitionChanged``."""
        found = _decoded(self._page, with_signs(body)).objects or []
        empty = self._empty
        return [
            Half(
                one.id,
                one.last_update_time_unix,
                empty if one.properties is None else one.properties,
                one.creation_time_unix,
            )
            for one in found
        ]

    def whole(self, body: bytes) -> Row:
        """One object of ``GET /v1/objects/{c}/{id}?include=vector``, its vectors packed."""
        one = _decoded(self._row, with_signs(body))
        vectors = {"": one.vector} | (one.vectors or {})
        return Row(
            one.id,
            one.last_update_time_unix,
            one.creation_time_unix,
            self._empty if one.properties is None else one.properties,
            tuple(packed(name, vectors[name]) for name in sorted(vectors) if vectors[name]),
        )


def vector_page(body: bytes) -> list[Half]:
    """The rows of a ``SearchReply`` with ids, update times and vectors.

    Raises ``google.protobuf.message.DecodeError``.
    """
    from elysiadash.proto import weaviate_pb2 as pb

    rows = []
    for result in pb.SearchReply.FromString(body).results:
        about = result.metadata
        rows.append(Half(about.id, about.last_update_time_unix, _vectors(about)))
    return rows


def _vectors(about: Any) -> tuple[Vector, ...]:
    unnamed, named = about.vector_bytes, about.vectors
    if not named:
        return (Vector("", unnamed),) if unnamed else ()
    found = [Vector(one.name, one.vector_bytes, one.type == 2) for one in named]
    if len(found) > 1:
        found.sort()
    if unnamed:
        found.insert(0, Vector("", unnamed))
    return tuple(found)


def packed(name: str, vector: Any) -> Vector:
    """A vector of JSON numbers as gRPC would carry it; each names a float32 exactly."""
    if isinstance(vector[0], list):
        numbers = [number for row in vector for number in row]
        size = struct.pack("<H", len(vector[0]))
        return Vector(name, size + struct.pack(f"<{len(numbers)}f", *numbers), multi=True)
    return Vector(name, struct.pack(f"<{len(vector)}f", *vector))


def unpacked(vector: Vector) -> list[Any]:
    """The vector as JSON numbers."""
    if not vector.multi:
        return list(struct.unpack(f"<{len(vector.data) // 4}f", vector.data))
    (size,) = struct.unpack_from("<H", vector.data)
    numbers = struct.unpack(f"<{(len(vector.data) - 2) // 4}f", vector.data[2:])
    return [list(numbers[at : at + size]) for at in range(0, len(numbers), size or 1)]


def _decoded(decoder: msgspec.json.Decoder[Any], body: bytes) -> Any:
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise DefinitionChanged(
            f"an object does not fit the collection's definition ({error})",
            hint="the definition may have changed since it was read: read it again",
        ) from None
