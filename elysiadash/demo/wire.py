"""Between JSON values and the protobuf API's typed values, packed vectors and property lists."""

from __future__ import annotations

import struct
from array import array
from typing import Any
from uuid import UUID

from elysiadash.demo.writes import StoredObject
from elysiadash.proto import weaviate_pb2 as pb


def fill_metadata(into: Any, known: StoredObject, wanted: Any) -> None:
    if wanted.uuid:
        into.id = known.id
        into.id_as_bytes = UUID(known.id).bytes
    if wanted.creation_time_unix:
        into.creation_time_unix = known.created_ms
        into.creation_time_unix_present = True
    if wanted.last_update_time_unix:
        into.last_update_time_unix = known.updated_ms
        into.last_update_time_unix_present = True
    for name, vector in sorted(known.vectors.items()):
        if not name:
            if wanted.vector:
                into.vector_bytes = _packed_row(vector)
        elif wanted.vector or name in wanted.vectors:
            if vector and isinstance(vector[0], list):
                rows = b"".join(_packed_row(row) for row in vector)
                packed = struct.pack("<H", len(vector[0])) + rows
                kind = pb.Vectors.VECTOR_TYPE_MULTI_FP32
            else:
                packed, kind = _packed_row(vector), pb.Vectors.VECTOR_TYPE_SINGLE_FP32
            into.vectors.add(name=name, vector_bytes=packed, type=kind)


def _packed_row(vector: Any) -> bytes:
    return array("f", vector).tobytes()


def fill_value(into: Any, data_type: str, value: Any) -> None:
    """A JSON value as the typed value of its property; what is not there is null."""
    if value is None:
        into.null_value = 0
    elif data_type.endswith("[]"):
        _fill_list(into.list_value, data_type[:-2], value)
    else:
        _fill_single(into, data_type, value)


def _fill_single(into: Any, data_type: str, value: Any) -> None:
    match data_type:
        case "text":
            into.text_value = value
        case "int":
            into.int_value = _int64(value)
        case "number":
            into.number_value = value
        case "boolean":
            into.bool_value = value
        case "date":
            into.date_value = value
        case "uuid":
            into.uuid_value = value
        case "blob":
            into.blob_value = value
        case "geoCoordinates":
            into.geo_value.latitude = value["latitude"]
            into.geo_value.longitude = value["longitude"]
        case "phoneNumber":
            into.phone_value.input = value.get("input", "")
        case "object":
            _fill_object(into.object_value, value)
        case _:
            into.null_value = 0


def _fill_object(into: Any, value: dict[str, Any]) -> None:
    into.SetInParent()
    for name, inner in value.items():
        fill_value(into.fields[name], _type_of(inner), inner)


def _type_of(value: Any) -> str:
    """The data type of a nested value, whose definition is not at hand here."""
    if isinstance(value, list):
        return (_type_of(value[0]) if value else "text") + "[]"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "int" if float(value).is_integer() else "number"
    return "object" if isinstance(value, dict) else "text"


def _fill_list(into: Any, data_type: str, values: list[Any]) -> None:
    match data_type:
        case "number":
            into.number_values.values = array("d", values).tobytes()
        case "int":
            into.int_values.values = array("q", map(_int64, values)).tobytes()
        case "boolean":
            into.bool_values.values.extend(values)
        case "date":
            into.date_values.values.extend(values)
        case "uuid":
            into.uuid_values.values.extend(values)
        case "object":
            for value in values:
                _fill_object(into.object_values.values.add(), value)
        case _:
            into.text_values.values.extend(values)
    field = {"number": "number", "int": "int", "boolean": "bool", "date": "date", "uuid": "uuid",
             "object": "object"}.get(data_type, "text")  # fmt: skip
    getattr(into, f"{field}_values").SetInParent()


def read_object(known: Any, at: float) -> StoredObject:
    now = int(at * 1000)
    vectors: dict[str, Any] = {
        vector.name: _unpacked(vector.vector_bytes, multi=vector.type == 2)
        for vector in known.vectors
    }
    if known.vector_bytes:
        vectors[""] = _unpacked(known.vector_bytes, multi=False)
    return StoredObject(
        id=known.uuid,
        created_ms=now,
        updated_ms=now,
        properties=_properties(known.properties),
        vectors=vectors,
        tenant=known.tenant,
    )


def _unpacked(packed: bytes, *, multi: bool) -> list[Any]:
    if not multi:
        return array("f", packed).tolist()
    (length,) = struct.unpack_from("<H", packed)
    numbers = array("f", packed[2:]).tolist()
    return [numbers[place : place + length] for place in range(0, len(numbers), length)]


def _properties(given: Any) -> dict[str, Any]:
    """Properties of a written object, of whichever list they come in, as JSON values."""
    from google.protobuf.json_format import MessageToDict

    properties: dict[str, Any] = MessageToDict(given.non_ref_properties)
    for known in given.number_array_properties:
        values = array("d", known.values_bytes).tolist() or list(known.values)
        properties[known.prop_name] = values
    for known in given.int_array_properties:
        properties[known.prop_name] = list(known.values)
    for known in given.text_array_properties:
        properties[known.prop_name] = list(known.values)
    for known in given.boolean_array_properties:
        properties[known.prop_name] = list(known.values)
    for known in given.object_properties:
        properties[known.prop_name] = _properties(known.value)
    for known in given.object_array_properties:
        properties[known.prop_name] = [_properties(value) for value in known.values]
    for name in given.empty_list_props:
        properties[name] = []
    return properties


def _int64(value: float) -> int:
    """The int of a double; 2^63 does not fit and is the largest one."""
    return min(int(value), (1 << 63) - 1)
