"""How each property is written: closures made once per definition, from value to bytes.

Facts from Weaviate 1.39.0, each pinned by ``tests/contract/test_fidelity.py``: scalars travel in
a protobuf ``Struct`` (ints as doubles, which is how the server keeps them), arrays in lists of
their own, an empty array by its name, null as null, a phoneNumber as what was typed in.
"""

from __future__ import annotations

import operator
import struct
from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Any, Final

import msgspec
from msgspec import UNSET

from elysiadash.weaviate.objects.shape import Property
from elysiadash.weaviate.objects.wire import (
    INT64_MAX,
    INT64_MIN,
    length,
    packed_ints,
    sized,
    tag,
    text,
)

_NON_REF: Final = tag(1)
_FIRST: Final = tag(1)
_PROP_NAME: Final = tag(2)
_VALUES_BYTES: Final = tag(3)
# Fields of google.protobuf.Struct and Value.
_ENTRY, _KEY, _VALUE = tag(1), tag(1), tag(2)
_NULL: Final = tag(1, 0) + b"\x00"
_NUMBER: Final = tag(2, 1)
_STRING: Final = tag(3)
_TRUE, _FALSE = tag(4, 0) + b"\x01", tag(4, 0) + b"\x00"
_STRUCT: Final = tag(5)
_double: Final = struct.Struct("<d").pack
#: Beyond this a double does not tell every int from the next.
_EXACT: Final = 1 << 53

#: Puts a value into the Struct's entries, or beside them.
_Encode = Callable[[Any, list[bytes], list[bytes]], None]


class Fields(msgspec.Struct, frozen=True, gc=False):
    """Tags of the lists beside the Struct; those of a nested object have other numbers."""

    numbers: bytes
    ints: bytes
    texts: bytes
    booleans: bytes
    object: bytes
    objects: bytes
    empty: bytes


OUTER: Final = Fields(*(tag(field) for field in (4, 5, 6, 7, 8, 9, 10)))
_INNER: Final = Fields(*(tag(field) for field in (2, 3, 4, 5, 6, 7, 10)))


class CannotTravel(Exception):
    """A value that no write takes back; says which property and why."""


class Way(IntEnum):
    """How an object can be sent; the higher number wins where two things call for it."""

    BATCH = 0
    """Together with others, by ``BatchObjects``."""
    OWNER = 1
    """To its shard's owner, apart from others: at replication factor 1 every other node refuses
    an empty ``date[]`` ("parse as time array"), and with it its shard's part of the batch."""
    REST = 2
    """As JSON: an int of 2^63-1, which a protobuf ``Struct`` has no number for."""


class WaySeen:
    """The way that the object at hand needs, as far as its values were seen."""

    __slots__ = ("seen",)

    def __init__(self) -> None:
        self.seen = Way.BATCH

    def need(self, way: Way) -> None:
        self.seen = max(self.seen, way)


def object_encoder(
    properties: Sequence[Property], at: Fields, way: WaySeen
) -> Callable[[Any], bytes]:
    """A function from a struct of these properties to the message that holds them."""
    encoders = [_encoder(known, at, way) for known in properties]
    nulls = [_entry(known.name, _NULL) for known in properties]
    get = _getter([known.field for known in properties])

    def encode(value: Any) -> bytes:
        fields: list[bytes] = []
        beside: list[bytes] = []
        for put, null, one in zip(encoders, nulls, get(value), strict=True):
            if one is UNSET:
                continue
            if one is None:
                fields.append(null)
            else:
                put(one, fields, beside)
        if fields:
            beside.append(sized(_NON_REF, b"".join(fields)))
        return b"".join(beside)

    return encode


def _getter(names: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    if len(names) > 1:
        return operator.attrgetter(*names)
    return lambda value: tuple(getattr(value, name) for name in names)


def _encoder(known: Property, at: Fields, way: WaySeen) -> _Encode:
    name, kind = known.name, known.kind
    if kind in ("text", "string", "date", "uuid", "blob"):
        return _texts(name)
    if kind == "number":
        return _numbers(name)
    if kind == "int":
        return _ints(name, way)
    if kind == "boolean":
        return _booleans(name)
    if kind == "geoCoordinates":
        return _geo(name)
    if kind == "phoneNumber":
        return _phone(name)
    if kind == "object":
        return _nested(known, at, way)
    return _list_encoder(known, at, way)


def _list_encoder(known: Property, at: Fields, way: WaySeen) -> _Encode:
    name, kind = known.name, known.kind
    own = text(_PROP_NAME, name)
    body: Callable[[Any], bytes]
    match kind:
        case "text[]" | "string[]" | "date[]" | "uuid[]":
            before, body = at.texts, _text_values
        case "number[]":
            before, body = at.numbers, _number_values
        case "int[]":
            before, body = at.ints, lambda values: _int_values(name, values)
        case "boolean[]":
            before, body = at.booleans, lambda values: sized(_FIRST, bytes(values))
        case _:
            before, body = at.objects, _nested_values(known, way)
    # Only of the object itself: a nested empty date[] is taken by every node.
    empty, is_dates = text(at.empty, name), kind == "date[]" and at is OUTER

    def encode(values: Any, _: list[bytes], beside: list[bytes]) -> None:
        if values:
            beside.append(sized(before, body(values) + own))
        else:
            beside.append(empty)
            if is_dates:
                way.need(Way.OWNER)

    return encode


def _entry(name: str, value: bytes) -> bytes:
    """An entry of a Struct whose value is known beforehand."""
    return sized(_ENTRY, text(_KEY, name) + sized(_VALUE, value))


def _texts(name: str) -> _Encode:
    key = text(_KEY, name) + _VALUE
    own = len(key)

    def encode(value: str, fields: list[bytes], _: list[bytes]) -> None:
        raw = value.encode()
        size = length(len(raw))
        inner = 1 + len(size) + len(raw)
        before = length(inner)
        fields.append(
            b"\x0a%b%b%b\x1a%b%b" % (length(own + len(before) + inner), key, before, size, raw)
        )

    return encode


def _numbers(name: str) -> _Encode:
    before = _entry(name, _NUMBER + bytes(8))[:-8]

    def encode(value: float, fields: list[bytes], _: list[bytes]) -> None:
        fields.append(before + _double(value))

    return encode


def _ints(name: str, way: WaySeen) -> _Encode:
    before = _entry(name, _NUMBER + bytes(8))[:-8]

    def encode(value: int, fields: list[bytes], _: list[bytes]) -> None:
        # Ints at the edges are served as doubles, a little beyond what 64 bits hold.
        if not INT64_MIN <= value <= INT64_MAX and int64(value, name) == INT64_MAX:
            way.need(Way.REST)
        fields.append(before + _double(value))

    return encode


def int64(value: float, name: str) -> int:
    """The int64 that the server keeps as that double: 2^63-1 is served as 9223372036854776000.

    Raises ``CannotTravel`` for what no int64 is kept as.
    """
    whole = int(float(value))
    if whole == INT64_MAX + 1:
        return INT64_MAX
    if not INT64_MIN <= whole <= INT64_MAX:
        raise CannotTravel(f"{name} is {value}, which is no int of 64 bits")
    return whole if abs(whole) > _EXACT else int(value)


def _booleans(name: str) -> _Encode:
    true, false = _entry(name, _TRUE), _entry(name, _FALSE)

    def encode(value: bool, fields: list[bytes], _: list[bytes]) -> None:
        fields.append(true if value else false)

    return encode


def _geo(name: str) -> _Encode:
    latitude, longitude = (
        _entry(part, _NUMBER + bytes(8))[:-8] for part in ("latitude", "longitude")
    )

    def encode(value: Any, fields: list[bytes], _: list[bytes]) -> None:
        inner = latitude + _double(value.latitude) + longitude + _double(value.longitude)
        fields.append(_entry(name, sized(_STRUCT, inner)))

    return encode


def _phone(name: str) -> _Encode:
    def encode(value: Any, fields: list[bytes], _: list[bytes]) -> None:
        inner = _entry("input", text(_STRING, value.input))
        if value.default_country:
            inner += _entry("defaultCountry", text(_STRING, value.default_country))
        fields.append(_entry(name, sized(_STRUCT, inner)))

    return encode


def _nested(known: Property, at: Fields, way: WaySeen) -> _Encode:
    own, message = text(_PROP_NAME, known.name), object_encoder(known.nested, _INNER, way)

    def encode(value: Any, _: list[bytes], beside: list[bytes]) -> None:
        beside.append(sized(at.object, sized(_FIRST, message(value)) + own))

    return encode


def _nested_values(known: Property, way: WaySeen) -> Callable[[Any], bytes]:
    message = object_encoder(known.nested, _INNER, way)

    def values(given: Sequence[Any]) -> bytes:
        if None in given:
            raise CannotTravel(f"{known.name} holds null among its objects, which no write takes")
        return b"".join([sized(_FIRST, message(one)) for one in given])

    return values


def _text_values(values: Sequence[str]) -> bytes:
    return b"".join([text(_FIRST, one) for one in values])


def _number_values(values: Sequence[float]) -> bytes:
    return sized(_VALUES_BYTES, struct.pack(f"<{len(values)}d", *values))


def _int_values(name: str, values: Sequence[int]) -> bytes:
    return sized(_FIRST, packed_ints([int64(one, name) for one in values]))
