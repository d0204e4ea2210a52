"""How a server keeps a property's value, and how it writes it as JSON.

Seen on 1.39.0: ints are kept as doubles (2^53+1 is 2^53), geo coordinates and vectors as
float32, a phone number with what was made of it; a null of the object itself is dropped, one
inside a nested object is kept; a double's -0.0 is written `-0`.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from elysiadash.demo.definitions import Definition

_COUNTRIES = {"DE": 49, "FR": 33, "GB": 44, "US": 1}


def kept_properties(definition: Definition, properties: Mapping[str, Any]) -> dict[str, Any]:
    """An object's properties as they are stored; null is nothing."""
    return _kept_object(definition["properties"], properties, with_null=False)


def _kept_object(
    known: Sequence[Definition], properties: Mapping[str, Any], *, with_null: bool
) -> dict[str, Any]:
    types = {one["name"]: one for one in known}
    return {
        name: None if value is None else _kept(types.get(name), value)
        for name, value in properties.items()
        if value is not None or with_null
    }


def _kept(known: Definition | None, value: Any) -> Any:
    if known is None:
        return value
    data_type = known["dataType"][0]
    match data_type:
        case "int" | "number":
            return float(value)
        case "int[]" | "number[]":
            return [float(one) for one in value]
        case "uuid":
            return str(UUID(value))
        case "uuid[]":
            return [str(UUID(one)) for one in value]
        case "geoCoordinates":
            return {part: Float32(value[part]) for part in ("latitude", "longitude")}
        case "phoneNumber":
            return _phone(value)
        case "object":
            return _kept_object(known.get("nestedProperties", []), value, with_null=True)
        case "object[]":
            nested = known.get("nestedProperties", [])
            return [_kept_object(nested, one, with_null=True) for one in value]
        case _:
            return value


def _phone(given: Mapping[str, Any]) -> dict[str, Any]:
    """What a server makes of a number; ours knows numbers that are written in two parts."""
    text, country = str(given.get("input", "")), str(given.get("defaultCountry", ""))
    area, _, rest = text.partition(" ")
    if area.startswith("+"):
        code, national = int(area[1:]), rest
    else:
        code, national = _COUNTRIES.get(country, 0), text.removeprefix("0")
    kept = {
        "countryCode": code,
        "input": text,
        "internationalFormatted": f"+{code} {national}",
        "national": int(re.sub(r"\D", "", national) or 0),
        "nationalFormatted": f"0{national}",
        "valid": True,
    }
    return kept | ({"defaultCountry": country} if country else {})


class Float32(float):
    """A number that is kept in 32 bits; it is written with as few digits as tell it apart."""

    def __new__(cls, value: float) -> Float32:
        return super().__new__(cls, as_float32(value))


def as_float32(value: float) -> float:
    """The float32 next to a number."""
    rounded: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return rounded


def printed(value: Any) -> Any:
    """The same value for an encoder, with numbers as the server writes them and keys in order."""
    if isinstance(value, float):
        return _raw(_shortest_32(value) if isinstance(value, Float32) else value)
    if isinstance(value, list):
        return [printed(inner) for inner in value]
    if isinstance(value, dict):
        return {key: printed(inner) for key, inner in sorted(value.items())}
    return value


def printed_vector(vector: Sequence[Any]) -> list[Any]:
    """A vector, or the rows of one, as the server writes it."""
    return [
        printed_vector(one) if isinstance(one, list) else _raw(_shortest_32(one)) for one in vector
    ]


def _raw(value: float) -> msgspec.Raw:
    return msgspec.Raw(number_text(value).encode())


def number_text(value: float) -> str:
    """A double as the server's JSON has it: whole ones without a point, `1e+21`, `1e-7`, `-0`."""
    size = abs(value)
    if size < 1e15 and value.is_integer():
        return f"-{size:.0f}" if math.copysign(1.0, value) < 0 else f"{size:.0f}"
    digits = Decimal(repr(float(value)))
    if 1e-6 <= size < 1e21:
        return format(digits, "f").removesuffix(".0")
    mantissa, exponent = f"{digits.normalize():e}".split("e")
    sign, number = exponent[0], exponent[1:]
    return f"{mantissa}e{sign}{number.zfill(2) if sign == '+' else number}"


def _shortest_32(value: float) -> float:
    """The double with the fewest digits that is this float32."""
    packed = struct.pack("<f", value)
    for digits in range(6, 9):
        shorter = float(f"{value:.{digits}g}")
        if struct.pack("<f", shorter) == packed:
            return shorter
    return float(f"{value:.9g}")
