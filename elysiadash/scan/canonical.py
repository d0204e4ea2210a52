"""When two objects are the same: the one canonical form, and its digest.

Digests are compared across servers, versions and ways of writing, so the form is made of values,
not of the text that a server happened to send. An object is equal to another when all of this is:

- **id**.
- **Properties**, keys in order of their code points, at every depth. ``null`` is not absence: both
  are kept apart. ``properties: null`` is no properties, as ``{}`` is.
- **Numbers** are float64, as Weaviate keeps ints and numbers alike, in their shortest text:
  ``1``, ``1.0`` and ``1e0`` are equal, ``-0.0`` (which is served as ``-0``) and ``0`` are not.
- **Text, uuid, blob and date** are the characters as served: a date keeps its fraction's digits
  and its offset, texts are not normalized.
- **phoneNumber** is what was given: ``input`` and ``defaultCountry``. The server computes the rest.
- **References** are ``Class/id`` of their beacons, sorted, repeats kept. Neither host nor ``href``
  count. They are sorted because no order is promised: batches of references are applied side
  by side, so that a faithful copy can hold the same set in another order. A collection that was
  renamed counts under the name that ``renamed`` gives.
- **Vectors** by name (``""`` is the unnamed one): kind and raw bytes. Little-endian float32, so
  every bit counts; of a multi-vector first a uint16 with the length of a row, as gRPC has it. A
  vector without bytes is no vector.

Left out: creation and update time (each write sets them anew), tenant and collection (they are
where the object is, not what), ``vectorWeights``.
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple, Union

import msgspec

DIGEST_BYTES = 8
Json = dict[str, Any]

_DEPTH = 8
# Every number a float64: int is not among them. msgspec knows no recursive type but a Struct.
_Value: Any = Union[float, str, bool, None]  # noqa: UP007 - built at run time
for _ in range(_DEPTH):
    _Value = Union[float, str, bool, None, list[_Value], dict[str, _Value]]  # noqa: UP007
_DECODER: msgspec.json.Decoder[Json | None] = msgspec.json.Decoder(dict[str, _Value] | None)
_ENCODER = msgspec.json.Encoder(order="deterministic")

_NEGATIVE_ZERO = re.compile(rb"-0[,\]}\s]")
_BEACON = re.compile(r"weaviate://[^/]*/(?:(?P<name>[^/]+)/)?(?P<id>[^/]+)/?")
_GIVEN = ("input", "defaultCountry")
_VECTOR_HEAD = struct.Struct(">HBI")


class Vector(NamedTuple):
    """A named vector as gRPC carries it."""

    name: str
    multi: bool
    data: bytes


class WholeObject(NamedTuple):
    """All that an object is: its properties as JSON, its vectors as bytes."""

    id: bytes
    time: int
    """``lastUpdateTimeUnix``, milliseconds."""
    properties: bytes
    vectors: Sequence[Vector]


class CanonicalForm:
    """The form of one collection's objects: which properties are references and phone numbers."""

    def __init__(
        self,
        *,
        references: Iterable[str] = (),
        phone_numbers: Iterable[str] = (),
        vectors: Iterable[str] = (),
        renamed: Mapping[str, str] | None = None,
    ) -> None:
        self.vectors = tuple(sorted(vectors))
        """Names of the collection's named vectors, for those who read them."""
        self._references = frozenset(references)
        self._phone_numbers = frozenset(phone_numbers)
        self._renamed = dict(renamed or {})

    @classmethod
    def of(
        cls, definition: Mapping[str, Any], *, renamed: Mapping[str, str] | None = None
    ) -> CanonicalForm:
        """The form for a definition as ``GET /v1/schema/{c}`` gives it.

        ``renamed`` maps names of collections to what they count as in references, so that a copy's
        reference to its own collection equals the source's.
        """
        types = {known["name"]: known["dataType"] for known in definition.get("properties") or ()}
        return cls(
            references={name for name, kinds in types.items() if kinds[0][:1].isupper()},
            phone_numbers={name for name, kinds in types.items() if kinds == ["phoneNumber"]},
            vectors=definition.get("vectorConfig") or (),
            renamed=renamed,
        )

    def values(self, properties: bytes) -> Json:
        """The properties as canonical values; raises ``ValueError`` where they are no JSON."""
        values = _decode(properties)
        for name in self._references & values.keys():
            values[name] = self._references_of(values[name])
        for name in self._phone_numbers & values.keys():
            values[name] = _phone_number(values[name])
        return values

    def digest(self, whole: WholeObject) -> bytes:
        """8 bytes that differ where the objects do; raises ``ValueError`` for what is no JSON."""
        properties = _ENCODER.encode(self.values(whole.properties))
        parts = [whole.id, len(properties).to_bytes(4), properties]
        for name, multi, data in sorted(whole.vectors):
            if data:
                label = name.encode()
                parts += (_VECTOR_HEAD.pack(len(label), multi, len(data)), label, data)
        return blake2b(b"".join(parts), digest_size=DIGEST_BYTES).digest()

    def _references_of(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        return sorted(map(self._reference, value), key=_ENCODER.encode)

    def _reference(self, value: Any) -> Any:
        beacon = value.get("beacon") if isinstance(value, dict) else None
        parsed = _BEACON.fullmatch(beacon) if isinstance(beacon, str) else None
        if parsed is None:
            return value
        name = parsed["name"] or ""
        return f"{self._renamed.get(name, name)}/{parsed['id'].lower()}"


def _phone_number(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {part: value[part] for part in _GIVEN if value.get(part)}


def _decode(text: bytes) -> Json:
    # msgspec loses the sign of "-0", so what may hold one takes the slower way.
    if _NEGATIVE_ZERO.search(text) is None:
        try:
            return _DECODER.decode(text) or {}
        except msgspec.ValidationError:
            pass  # Deeper than the decoder's type, or not what is wanted at all.
        except (msgspec.DecodeError, RecursionError) as error:
            raise ValueError(f"not JSON: {error}") from None
    try:
        values = json.loads(
            text.decode(), parse_int=_number, parse_float=_number, parse_constant=_refuse_constant
        )
    except RecursionError:
        raise ValueError("properties are nested too deeply") from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ValueError("properties are no JSON object")
    return values


def _number(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"not a float64: {text[:40]}")
    return value


def _refuse_constant(text: str) -> float:
    raise ValueError(f"not JSON: {text}")
