"""From a row as it was read to the bytes of a ``BatchObject``, compiled once per collection.

Blobs and nested objects travel too. References do not: they follow when all objects are there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from msgspec import UNSET

from elysiadash.weaviate.objects.encoding import (
    OUTER,
    CannotTravel,
    Way,
    WaySeen,
    object_encoder,
)
from elysiadash.weaviate.objects.rows import Row, Vector
from elysiadash.weaviate.objects.shape import Shape
from elysiadash.weaviate.objects.wire import length, tag, text

_UUID, _PROPERTIES, _COLLECTION, _TENANT, _VECTOR = (tag(field) for field in (1, 3, 4, 5, 6))
_VECTORS: Final = tag(23)
_NAME, _BYTES, _TYPE = tag(1), tag(3), tag(4, 0)
_SINGLE, _MULTI = _TYPE + b"\x01", _TYPE + b"\x02"


class Reference(msgspec.Struct, frozen=True, gc=False):
    """What one reference property of an object leads to, in order; an empty list is one too."""

    property: str
    beacons: tuple[str, ...]


class Converted(msgspec.Struct, frozen=True, gc=False):
    """One object ready to be written.

    ``content`` is a serialised ``BatchObject`` without references; those are in ``references``.
    ``way`` says how it must be sent, ``row`` is what it was made of.
    """

    id: str
    content: bytes
    row: Row
    references: tuple[Reference, ...] = ()
    way: Way = Way.BATCH


class Lost(msgspec.Struct, frozen=True, gc=False):
    """An object, or a part of it, that cannot be written, and why, in words."""

    id: str
    reason: str


class Converter:
    """Turns rows of one shape into objects of a collection, of another name if need be.

    ``renamed`` maps names of collections that references lead to, where the target has others.
    One converter is used by one thread at a time.
    """

    def __init__(
        self,
        shape: Shape,
        collection: str | None = None,
        *,
        tenant: str = "",
        renamed: Mapping[str, str] | None = None,
    ) -> None:
        self.shape = shape
        own = collection or shape.collection
        self._renamed = {shape.collection: own, **(renamed or {})}
        self._where = text(_COLLECTION, own) + (text(_TENANT, tenant) if tenant else b"")
        self._way = WaySeen()
        self._encode = object_encoder(
            [known for known in shape.properties if known.kind != "reference"],
            OUTER,
            self._way,
        )
        self._references = [(known.name, known.field) for known in shape.references]
        self._names = {"": b""} | {name: text(_NAME, name) for name in shape.vectors}

    def convert(self, rows: Iterable[Row]) -> tuple[list[Converted], list[Lost]]:
        """The objects that can be written, and those that cannot, none left out."""
        ready, lost = [], []
        for row in rows:
            try:
                ready.append(self.one(row))
            except CannotTravel as error:
                lost.append(Lost(row.id, str(error)))
        return ready, lost

    def one(self, row: Row) -> Converted:
        """One object. Raises ``CannotTravel``."""
        way = self._way
        way.seen = Way.BATCH
        pieces = [_UUID, length(len(row.id)), row.id.encode()]
        properties = row.properties
        if properties is not None:
            body = self._encode(properties)
            if body:
                pieces += (_PROPERTIES, length(len(body)), body)
        pieces.append(self._where)
        for vector in row.vectors:
            self._add_vector(pieces, vector)
        return Converted(
            row.id,
            b"".join(pieces),
            row,
            self._references_of(properties) if self._references else (),
            way.seen,
        )

    def _add_vector(self, pieces: list[bytes], vector: Vector) -> None:
        name, data, multi = vector
        if not name:
            pieces += (_VECTOR, length(len(data)), data)
            return
        named = self._names.get(name)
        if named is None:
            named = self._names[name] = text(_NAME, name)
        size = length(len(data))
        whole = len(named) + len(_BYTES) + len(size) + len(data) + len(_SINGLE)
        pieces += (
            _VECTORS,
            length(whole),
            named,
            _BYTES,
            size,
            data,
            _MULTI if multi else _SINGLE,
        )

    def _references_of(self, properties: Any) -> tuple[Reference, ...]:
        found = []
        for name, field in self._references:
            value = getattr(properties, field)
            if value is not UNSET and value is not None:
                found.append(Reference(name, tuple(self._led(one.beacon) for one in value)))
        return tuple(found)

    def _led(self, beacon: str) -> str:
        """The beacon, with the target's name for the collection it leads to."""
        parts = beacon.split("/")
        # weaviate://localhost/Collection/id; the collection is missing in very old ones.
        if len(parts) == 5 and parts[3] in self._renamed:
            parts[3] = self._renamed[parts[3]]
            return "/".join(parts)
        return beacon
