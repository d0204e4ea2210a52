"""Which names Weaviate takes; each rule is what a 1.39.0 answered to names on either side of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from elysiadash.schema.definition import by_name

_COLLECTION = re.compile(r"[A-Z][_0-9A-Za-z]{0,254}")
_PROPERTY = re.compile(r"[_A-Za-z][_0-9A-Za-z]{0,230}")
_NESTED = re.compile(r"[_A-Za-z][_0-9A-Za-z]*")
_VECTOR = re.compile(r"[_A-Za-z][_0-9A-Za-z]{0,229}")
_TEMPLATE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_RESERVED = ("_additional", "_id", "id")
_SHOWN = 80


def collection_fault(name: str, taken: Iterable[str] = ()) -> str | None:
    """What is wrong with a collection's name; ``taken`` are collections and aliases that exist.

    The server would write a small first letter large: what is asked for should be what is made.
    Names that differ in capitals only are one name ("found similar class").
    """
    if not _COLLECTION.fullmatch(name):
        return (
            f"{_quoted(name)} is no name for a collection: a capital letter first, then letters, "
            "digits and underscores, 255 at most"
        )
    similar = next((other for other in taken if other.lower() == name.lower()), None)
    if similar is None:
        return None
    if similar == name:
        return f"the name {name} is taken, by a collection or an alias"
    return f"{name} is too like {similar}: capitals make no difference"


def property_fault(name: str) -> str | None:
    """What is wrong with a property's name. The server makes its first letter small."""
    if name in _RESERVED:
        return f"{name} is a reserved name"
    if not _PROPERTY.fullmatch(name):
        return (
            f"{_quoted(name)} is no name for a property: letters, digits and underscores, "
            "no digit first, 231 at most"
        )
    return None


def vector_fault(name: str) -> str | None:
    """What is wrong with the name of a named vector."""
    if _VECTOR.fullmatch(name):
        return None
    return (
        f"{_quoted(name)} is no name for a vector: letters, digits and underscores, "
        "no digit first, 230 at most"
    )


def template_fault(name: str) -> str | None:
    """What is wrong with a template's name: it becomes a file's, and nothing else."""
    if _TEMPLATE.fullmatch(name):
        return None
    return (
        f"{_quoted(name)} is no name for a template: letters, digits, - and _, "
        "a letter or digit first, 64 at most"
    )


def name_faults(definition: Mapping[str, Any]) -> tuple[str, ...]:
    """Every name of a definition that a server would refuse; without ``class``, of the rest."""
    return tuple(_faults(definition))


def _faults(definition: Mapping[str, Any]) -> Iterator[str]:
    if "class" in definition:
        fault = collection_fault(str(definition["class"]))
        if fault:
            yield fault
    for name in by_name(definition.get("vectorConfig")) or {}:
        fault = vector_fault(name)
        if fault:
            yield f"vectorConfig: {fault}"
    yield from _property_faults(definition.get("properties"), "properties")


def _property_faults(properties: Any, place: str) -> Iterator[str]:
    seen: dict[str, str] = {}
    for one in properties if isinstance(properties, list) else ():
        name = one.get("name") if isinstance(one, dict) else None
        if not isinstance(name, str):
            yield f"{place}: a property without a name"
            continue
        fault = _nested_fault(name) if "nested" in place else property_fault(name)
        if fault:
            yield f"{place}: {fault}"
        if name.lower() in seen:
            yield f"{place}: {name} and {seen[name.lower()]}: capitals make no difference"
        seen[name.lower()] = name
        yield from _property_faults(one.get("nestedProperties"), f"{place}.{name}.nestedProperties")


def _nested_fault(name: str) -> str | None:
    # Reserved names are taken here, and no length was refused.
    if _NESTED.fullmatch(name):
        return None
    return f"{_quoted(name)} is no name for a nested property: letters, digits and underscores"


def _quoted(name: str) -> str:
    return ascii(name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…")
