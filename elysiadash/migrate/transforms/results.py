"""What a transform returned, checked and made plain: anything else is said in words.

Nothing here knows the target's definition; that the values fit it is seen where they are typed.
"""

from __future__ import annotations

import base64
import math
import struct
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from elysiadash.migrate.transforms.wire import Given, PackedVector, Product

_KEYS: Final = frozenset(("id", "properties", "references", "vector", "vectors", "tenant"))
_MOST_PARTS: Final = 10_000


class Rubbish(Exception):
    """What was returned cannot be written; says what and where. ``kind`` is shared by many."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


def obj_of(given: Given, tenant: str) -> dict[str, Any]:
    """The object as ``transform`` sees it."""
    obj: dict[str, Any] = {
        "id": given.id,
        "properties": given.properties,
        "references": given.references,
    }
    named = {name: unpacked(data, multi) for name, data, multi in given.vectors if name}
    if named:
        obj["vectors"] = named
    for name, data, multi in given.vectors:
        if not name:
            obj["vector"] = unpacked(data, multi)
    if tenant:
        obj["tenant"] = tenant
    return obj


def products_of(given: Given, result: Any, tenant: str) -> list[Product]:
    """What a result says is to be written in the place of an object. Raises ``Rubbish``."""
    if result is None:
        return []
    if isinstance(result, dict):
        return [_product(given, result, _named(given, result) or given.id, tenant)]
    if not isinstance(result, (list, tuple)):
        hint = ""
        if hasattr(result, "__next__"):
            hint = ": collect what it yields into a list"
        elif hasattr(result, "__await__"):
            hint = ": it must not be an async function"
        raise Rubbish(
            f"transform returned {_kind(result)}",
            f"it returned {_kind(result)}, not an object, None or a list of objects{hint}",
        )
    if len(result) > _MOST_PARTS:
        raise Rubbish(
            f"transform made more than {_MOST_PARTS:,} parts of an object",
            f"it returned {len(result):,} parts; at most {_MOST_PARTS:,} are taken",
        )
    ids = _ids(given, result)
    return [_product(given, one, name, tenant) for one, name in zip(result, ids, strict=True)]


def _ids(given: Given, parts: list[Any] | tuple[Any, ...]) -> list[str]:
    """The ids of parts: named, the source's for the first that carries it, else made of it."""
    ids: list[str] = []
    source = UUID(given.id)
    for place, part in enumerate(parts):
        if not isinstance(part, dict):
            raise Rubbish(
                "transform returned a list of something else than objects",
                f"part {place} is {_kind(part)}, not an object",
            )
        named = _named(given, part)
        if named is None or (named == given.id and given.id in ids):
            named = given.id if len(parts) == 1 else str(uuid5(source, str(place)))
        ids.append(named)
    if len(set(ids)) < len(ids):
        double = next(one for one in ids if ids.count(one) > 1)
        raise Rubbish("transform gave two parts one id", f"two parts have the id {double}")
    return ids


def _named(given: Given, part: dict[str, Any]) -> str | None:
    """The id that a part names, spelt as the server does; None where it names none."""
    named = part.get("id")
    if named is None:
        return None
    if isinstance(named, UUID):
        return str(named)
    if named == given.id:
        return given.id
    try:
        return str(UUID(named))
    except (ValueError, AttributeError, TypeError):
        raise Rubbish(
            "transform gave an id that is no UUID", f"id is {_short(named)}, which is no UUID"
        ) from None


def _product(given: Given, part: dict[str, Any], name: str, tenant: str) -> Product:
    if part.keys() - _KEYS:
        unknown = sorted(str(key) for key in part.keys() - _KEYS)
        raise Rubbish(
            "transform returned an unknown key",
            f"an object has no {', '.join(unknown)}; values belong into properties",
        )
    properties = part.get("properties")
    if not isinstance(properties, dict):
        raise Rubbish(
            "transform returned an object without properties",
            f"properties is {_kind(properties)}, not a dict",
        )
    if (part.get("tenant") or tenant) != tenant:
        raise Rubbish(
            "transform gave another tenant",
            f"tenant is {_short(part['tenant'])}: objects stay in their tenant",
        )
    return Product(
        name,
        {_key(key, "properties"): plain(one, str(key)) for key, one in properties.items()},
        _references(part.get("references")),
        _vectors(given, part),
    )


def plain(value: Any, path: str) -> Any:
    """The value as JSON has it. Raises ``Rubbish`` with its place for what JSON has not."""
    kind = type(value)
    if kind is str:
        return _text(value, path)
    if value is None or kind is bool or kind is int:
        return value
    if kind is float:
        if value - value != 0.0:
            raise Rubbish(f"transform gave {value}", f"{path} is {value}, which no property takes")
        return value
    if isinstance(value, dict):
        return {_key(key, path): plain(one, f"{path}.{key}") for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one, f"{path}[{place}]") for place, one in enumerate(value)]
    return _converted(value, path)


def _converted(value: Any, path: str) -> Any:
    """What Python has for what JSON says in other words."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise Rubbish(
                "transform gave a datetime without a time zone",
                f"{path} is a datetime without a time zone: use datetime.now(UTC), for example",
            )
        text = value.isoformat()
        return text.removesuffix("+00:00") + "Z" if value.utcoffset() == timedelta(0) else text
    if isinstance(value, date):
        raise Rubbish(
            "transform gave a date without a time", f"{path} is a date: the server wants a time too"
        )
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if isinstance(value, str):
        return _text(str(value), path)
    # Of numpy, and arrays of others: they say of themselves what they are in plain values.
    if hasattr(value, "tolist") and not isinstance(value, type):
        return plain(value.tolist(), path)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return plain(float(value), path)
    raise Rubbish(
        f"transform gave {_kind(value)}", f"{path} is {_kind(value)}, which no property takes"
    )


def _text(value: str, path: str) -> str:
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Rubbish(
                "transform gave text that is no Unicode",
                f"{path} has half of a surrogate pair, which cannot be written",
            ) from None
    return value


def _key(key: Any, path: str) -> str:
    if not isinstance(key, str):
        raise Rubbish(
            "transform gave a name that is no text", f"{path} has the name {_short(key)}, no text"
        )
    return _text(key, path)


def _references(given: Any) -> dict[str, list[str]]:
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise Rubbish(
            "transform returned references that are none",
            f"references is {_kind(given)}, not a dict of property -> list of beacons",
        )
    found = {}
    for name, beacons in given.items():
        if not isinstance(beacons, (list, tuple)):
            raise Rubbish(
                "transform returned references that are none",
                f"references.{name} is {_kind(beacons)}, not a list of beacons",
            )
        found[_key(name, "references")] = [_beacon(one, f"references.{name}") for one in beacons]
    return found


def _beacon(given: Any, path: str) -> str:
    beacon = given.get("beacon") if isinstance(given, Mapping) else given
    if not isinstance(beacon, str) or not beacon.startswith("weaviate://"):
        raise Rubbish(
            "transform returned references that are none",
            f"{path} holds {_short(given)}, not weaviate://localhost/COLLECTION/ID",
        )
    return _text(beacon, path)


def _vectors(given: Given, part: dict[str, Any]) -> list[PackedVector]:
    named = part.get("vectors") or {}
    if not isinstance(named, dict):
        raise Rubbish(
            "transform returned vectors that are none",
            f"vectors is {_kind(named)}, not a dict of name -> list of numbers",
        )
    before = {name: (data, multi) for name, data, multi in given.vectors}
    found = []
    for name, value in sorted({"": part.get("vector"), **named}.items()):
        if hasattr(value, "tolist"):
            value = value.tolist()
        if value is None or (isinstance(value, (list, tuple)) and not value):
            continue
        old = before.get(name, (b"", False))
        # Only what the transform made is looked at for what is no number: the rest was stored.
        data, multi = packed(value, f"vectors.{name}" if name else "vector")
        if data != old[0]:
            _check_finite(data[2:] if multi else data, name)
        found.append((name, data, multi))
    return found


def unpacked(data: bytes, multi: bool) -> list[Any]:
    """A vector as lists of numbers; each is a float32 exactly."""
    if not multi:
        return list(struct.unpack(f"<{len(data) // 4}f", data))
    (width,) = struct.unpack_from("<H", data)
    numbers = struct.unpack(f"<{(len(data) - 2) // 4}f", data[2:])
    return [list(numbers[at : at + width]) for at in range(0, len(numbers), width or 1)]


def packed(value: Any, path: str) -> tuple[bytes, bool]:
    """Lists of numbers as gRPC carries a vector, and whether it is a multi-vector.

    Raises ``Rubbish``.
    """
    try:
        if isinstance(value[0], (list, tuple)):
            width = len(value[0])
            if not width or any(len(row) != width for row in value):
                raise Rubbish(
                    "transform returned vectors that are none",
                    f"the rows of {path} are not all of one length",
                )
            numbers = [number for row in value for number in row]
            return struct.pack(f"<H{len(numbers)}f", width, *numbers), True
        return struct.pack(f"<{len(value)}f", *value), False
    except (struct.error, TypeError, KeyError, IndexError, OverflowError):
        raise Rubbish(
            "transform returned vectors that are none",
            f"{path} is {_kind(value)}, or holds what is no number of 32 bits",
        ) from None


def _check_finite(data: bytes, name: str) -> None:
    if not math.isfinite(sum(struct.unpack(f"<{len(data) // 4}f", data))):
        raise Rubbish(
            "transform returned vectors that are none",
            f"{f'vectors.{name}' if name else 'vector'} holds what is not finite",
        )


def _kind(value: Any) -> str:
    if value is None:
        return "None"
    return f"a value of type {type(value).__name__}"


def _short(value: Any) -> str:
    said = repr(value)
    return said if len(said) <= 80 else said[:79] + "…"
