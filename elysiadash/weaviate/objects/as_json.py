"""Objects as JSON, for the few that go by REST, and for whoever wants to see one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from elysiadash.weaviate.objects.encoding import CannotTravel, int64
from elysiadash.weaviate.objects.pages import unpacked
from elysiadash.weaviate.objects.rows import Place, Row
from elysiadash.weaviate.objects.shape import Property, Shape


def writable(shape: Shape, row: Row, place: Place) -> dict[str, Any]:
    """The object as ``POST /v1/batch/objects`` takes it, without references.

    Raises ``CannotTravel`` where JSON cannot carry a value.
    """
    document: dict[str, Any] = {
        "class": place.collection,
        "id": row.id,
        "properties": _object(shape.properties, row.properties),
    }
    if place.tenant:
        document["tenant"] = place.tenant
    named = {vector.name: unpacked(vector) for vector in row.vectors if vector.name}
    if named:
        document["vectors"] = named
    for vector in row.vectors:
        if not vector.name:
            document["vector"] = unpacked(vector)
    return document


def _object(properties: Sequence[Property], value: Any) -> dict[str, Any]:
    found = {}
    for known in properties:
        one = getattr(value, known.field)
        if one is not UNSET and known.kind != "reference":
            found[known.name] = None if one is None else _value(known, one)
    return found


def _value(known: Property, value: Any) -> Any:
    match known.kind:
        case "int":
            return _int(known.name, value)
        case "int[]":
            return [_int(known.name, one) for one in value]
        case "object":
            return _object(known.nested, value)
        case "object[]":
            return [None if one is None else _object(known.nested, one) for one in value]
        case "phoneNumber":
            about = {"input": value.input}
            return about | (
                {"defaultCountry": value.default_country} if value.default_country else {}
            )
        case "geoCoordinates":
            return msgspec.to_builtins(value)
        case _:
            return value


def _int(name: str, value: float) -> int:
    if str(value) == "-0.0":
        raise CannotTravel(f"{name} is -0, which JSON loses, and the object cannot go by gRPC")
    return int64(value, name)
