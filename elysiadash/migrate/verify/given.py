"""An object of the source as a transform is given it, made by verification's own means.

A transform sees types: the same JSON ``1`` is an int in one property and a float in another, and a
phone number is what was typed in. What it makes of an object is what the target has to hold.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from elysiadash.migrate.transforms.wire import Given, Product
from elysiadash.scan.canonical import Vector, WholeObject
from elysiadash.scan.keys import as_bytes, as_text

Make = Callable[[Any], Any]


class Givens:
    """Makes what a transform is given of objects of one collection."""

    def __init__(self, definition: Mapping[str, Any]) -> None:
        properties = definition.get("properties") or ()
        self._make = {one["name"]: _maker(one) for one in properties}
        self._references = [
            one["name"] for one in properties if str(one["dataType"][0])[:1].isupper()
        ]

    def of(self, whole: WholeObject) -> Given:
        """Raises ``ValueError`` for properties that are no JSON."""
        values = json.loads(whole.properties, parse_int=_int) or {}
        # In the order of the definition, as the copy gives them.
        ordered = {name: values[name] for name in self._make if name in values} | values
        properties = {
            name: value if value is None or name not in self._make else self._make[name](value)
            for name, value in ordered.items()
        }
        references = {
            name: properties.pop(name)
            for name in self._references
            if properties.get(name) is not None
        }
        vectors = [(one.name, one.data, one.multi) for one in whole.vectors if one.data]
        return Given(as_text(whole.id), properties, references, vectors)


class Products:
    """Makes whole objects, as the target has to hold them, of what a transform gave."""

    def __init__(self, definition: Mapping[str, Any]) -> None:
        self._geo = [
            one["name"]
            for one in definition.get("properties") or ()
            if one["dataType"] == ["geoCoordinates"]
        ]

    def whole(self, product: Product, time: int) -> WholeObject:
        """``time`` is that of the object it was made of."""
        properties = dict(product.properties)
        for name in self._geo:
            if isinstance(properties.get(name), dict):
                properties[name] = {key: _float32(one) for key, one in properties[name].items()}
        for name, beacons in product.references.items():
            properties[name] = [{"beacon": one} for one in beacons]
        # The server keeps no nulls: what is null is not there when it is read back.
        kept = {name: value for name, value in properties.items() if value is not None}
        return WholeObject(
            as_bytes(product.id),
            time,
            json.dumps(kept).encode(),
            [Vector(name, multi, data) for name, data, multi in product.vectors],
        )


def _maker(known: Mapping[str, Any]) -> Make:
    kind = str(known["dataType"][0])
    if kind[:1].isupper():
        return lambda value: [one["beacon"] for one in value]
    if kind == "number":
        return float
    if kind == "number[]":
        return lambda value: [float(one) for one in value]
    if kind == "geoCoordinates":
        return lambda value: {name: float(value[name]) for name in ("latitude", "longitude")}
    if kind == "phoneNumber":
        return lambda value: {
            name: value[name] for name in ("input", "defaultCountry") if value.get(name)
        }
    if kind in ("object", "object[]"):
        nested = _nested(known.get("nestedProperties") or ())
        if kind == "object":
            return nested
        return lambda value: [None if one is None else nested(one) for one in value]
    return lambda value: value


def _nested(properties: Iterable[Mapping[str, Any]]) -> Make:
    make = {one["name"]: _maker(one) for one in properties}

    def made(value: dict[str, Any]) -> dict[str, Any]:
        ordered = {name: value[name] for name in make if name in value} | value
        return {
            name: one if one is None or name not in make else make[name](one)
            for name, one in ordered.items()
        }

    return made


def _int(text: str) -> int | float:
    """An int, but for the one whose sign an int loses."""
    return -0.0 if text == "-0" else int(text)


def _float32(value: Any) -> Any:
    """The number as a server says it that keeps float32: its shortest text of that width."""
    if not isinstance(value, int | float):
        return value
    try:
        packed = struct.pack("<f", value)
    except OverflowError:
        return value
    (kept,) = struct.unpack("<f", packed)
    for digits in range(1, 10):
        told = float(f"{kept:.{digits}g}")
        if struct.pack("<f", told) == packed:
            return told
    return kept
