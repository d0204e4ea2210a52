"""The JSON schema of a settings file, made from the Structs, for editors and for the curious."""

from __future__ import annotations

from typing import Any

import msgspec

from elysiadash.config.credentials import AUTH_KEYS, HEADER_KEYS
from elysiadash.config.fields import TUNING, fields_of
from elysiadash.config.profile import Auth, AuthMethod, Profile, Prometheus, Tls
from elysiadash.config.prometheus_setting import KEYS as PROMETHEUS_KEYS
from elysiadash.config.tuning import LogSettings

_TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
_URL: dict[str, Any] = {"type": "string", "pattern": "^https?://"}
_ADDRESSES: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "pattern": r"^https?://.*\{node\}"},
        {"type": "array", "items": _URL},
        {"type": "object", "additionalProperties": _URL},
    ]
}
_HEADERS: dict[str, Any] = {
    "type": "object",
    "additionalProperties": {
        "anyOf": [
            _TEXT,
            {
                "type": "object",
                "properties": {
                    name: {"type": "boolean"} if name == "allow_clear" else _TEXT
                    for name in HEADER_KEYS
                },
                "additionalProperties": False,
            },
        ]
    },
}


def json_schema() -> dict[str, Any]:
    """A JSON Schema (draft 2020-12) of ``config.toml`` and ``elysiadash.toml``."""
    structs = (LogSettings, Tls, *TUNING.values())
    _, components = msgspec.json.schema_components(structs, ref_template="#/$defs/{name}")
    definitions = {name: _closed(schema) for name, schema in components.items()}
    definitions["Profile"] = _profile()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "elysiadash settings",
        "type": "object",
        "properties": {
            "default_profile": {
                **_TEXT,
                "description": "The profile to use when nothing else names a cluster.",
            },
            "log": {"$ref": "#/$defs/LogSettings"},
            "defaults": {
                "$ref": "#/$defs/Profile",
                "description": "What holds for every profile that does not say otherwise.",
            },
            "profiles": {
                "type": "object",
                "description": "Name of a profile -> its settings.",
                "additionalProperties": {"$ref": "#/$defs/Profile"},
            },
        },
        "additionalProperties": False,
        "$defs": definitions,
    }


def _profile() -> dict[str, Any]:
    shapes: dict[str, dict[str, Any]] = {
        "url": _URL,
        "nodes": _ADDRESSES,
        "metrics": _ADDRESSES,
        "prometheus": _prometheus(),
        "auth": _auth(),
        "headers": _HEADERS,
        "proxy": _URL,
        "write": {"type": "boolean", "default": False},
        "tls": {"$ref": "#/$defs/Tls"},
        **{name: {"$ref": f"#/$defs/{struct.__name__}"} for name, struct in TUNING.items()},
    }
    return {
        "type": "object",
        "description": "One cluster, how to reach it, and what we may do to it.",
        "properties": {
            field.name: {**shapes.get(field.name, _TEXT), "description": field.description}
            for field in fields_of(Profile)
        },
        "additionalProperties": False,
    }


def _auth() -> dict[str, Any]:
    described = {field.name: field.description for field in fields_of(Auth)}
    special: dict[str, dict[str, Any]] = {
        "method": msgspec.json.schema(AuthMethod),
        "scopes": {"type": "array", "items": _TEXT},
        "token_url": _URL,
        "allow_clear": {
            "type": "boolean",
            "description": "Insist on a secret in clear text.",
        },
    }
    properties: dict[str, dict[str, Any]] = {}
    for name in AUTH_KEYS:
        properties[name] = dict(special.get(name, _TEXT))
        meant = next((one for one in described if name == one or name.startswith(f"{one}_")), None)
        if meant is not None:
            properties[name]["description"] = described[meant]
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _prometheus() -> dict[str, Any]:
    described = {field.name: field.description for field in fields_of(Prometheus)}
    properties: dict[str, dict[str, Any]] = {}
    for name in PROMETHEUS_KEYS:
        shape = {"url": _URL, "allow_clear": {"type": "boolean"}}.get(name, _TEXT)
        meaning = described.get("key" if name.startswith("key_") else name)
        properties[name] = {**shape, "description": meaning or "Insist on a secret in clear text."}
    table = {
        "type": "object",
        "properties": properties,
        "required": ["url"],
        "additionalProperties": False,
    }
    return {"anyOf": [_URL, table]}


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    """Unknown keys are mistakes; TOML has no null, an absent key says the same."""
    properties = {name: _without_null(part) for name, part in schema["properties"].items()}
    kept = {key: value for key, value in schema.items() if key != "title"}
    kept["description"] = kept["description"].replace("``", "")
    return {**kept, "properties": properties, "additionalProperties": False}


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    alternatives = schema.get("anyOf")
    if alternatives is None:
        return schema
    only = next(part for part in alternatives if part != {"type": "null"})
    rest = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
    return {**only, **rest}
