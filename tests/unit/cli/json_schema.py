"""As much of JSON Schema as our own schemas use; anything else is refused, not ignored."""

from __future__ import annotations

from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
_KNOWN = {
    "$schema",
    "$defs",
    "$ref",
    "title",
    "description",
    "default",
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "anyOf",
    "enum",
    "minimum",
    "maximum",
}


def violations(value: Any, schema: dict[str, Any], at: str = "$") -> list[str]:
    """Where ``value`` is not as ``schema`` says, in words."""
    return _violations(value, schema, at, schema.get("$defs", {}))


def _violations(value: Any, schema: dict[str, Any], at: str, known: dict[str, Any]) -> list[str]:
    strange = schema.keys() - _KNOWN
    assert not strange, f"the schema uses {strange}"
    if "$ref" in schema:
        return _violations(value, known[schema["$ref"].removeprefix("#/$defs/")], at, known)
    if "anyOf" in schema:
        tries = [_violations(value, part, at, known) for part in schema["anyOf"]]
        return [] if any(not found for found in tries) else [f"{at}: fits none of anyOf"]
    found: list[str] = []
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{at}: {value!r} is none of {schema['enum']}")
    if "type" in schema and not _is(value, schema["type"]):
        return [*found, f"{at}: {value!r} is no {schema['type']}"]
    if "minimum" in schema and value < schema["minimum"]:
        found.append(f"{at}: {value} is below {schema['minimum']}")
    if "maximum" in schema and value > schema["maximum"]:
        found.append(f"{at}: {value} is above {schema['maximum']}")
    if isinstance(value, dict):
        found += _of_object(value, schema, at, known)
    if isinstance(value, list):
        for number, part in enumerate(value):
            found += _violations(part, schema.get("items", {}), f"{at}[{number}]", known)
    return found


def _of_object(
    value: dict[str, Any], schema: dict[str, Any], at: str, known: dict[str, Any]
) -> list[str]:
    found = [f"{at}: {name} is missing" for name in schema.get("required", ()) if name not in value]
    properties = schema.get("properties", {})
    others = schema.get("additionalProperties", {})
    for name, part in value.items():
        found += _violations(part, properties.get(name, others), f"{at}.{name}", known)
    return found


def _is(value: Any, kind: str) -> bool:
    if kind in ("integer", "number") and isinstance(value, bool):
        return False
    return isinstance(value, _TYPES[kind])
