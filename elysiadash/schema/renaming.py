"""Another name for a collection, and for what refers to it."""

from __future__ import annotations

from collections.abc import Mapping

from elysiadash.schema.definition import Definition


class NamesCollide(ValueError):
    """Two names would become one; says which."""


def renamed(definition: Definition, names: Mapping[str, str]) -> Definition:
    """The definition with every collection it names called anew: itself and what it refers to.

    ``names`` maps old to new, all at once: two collections can change places. What it does not
    name stays. Types such as ``text`` begin small, collections do not, so none is taken for one.
    """
    _no_two_alike(names)
    result = dict(definition)
    if "class" in result:
        result["class"] = names.get(result["class"], result["class"])
    if isinstance(result.get("properties"), list):
        result["properties"] = [_retargeted(one, names) for one in result["properties"]]
    return result


def inverted(names: Mapping[str, str]) -> dict[str, str]:
    """The names for the way back. Raises ``NamesCollide``."""
    _no_two_alike(names)
    return {new: old for old, new in names.items()}


def _retargeted(one: Definition, names: Mapping[str, str]) -> Definition:
    # Nested properties cannot refer to collections.
    types = one.get("dataType")
    if not isinstance(types, list):
        return one
    return {**one, "dataType": [names.get(kind, kind) for kind in types]}


def _no_two_alike(names: Mapping[str, str]) -> None:
    seen: dict[str, str] = {}
    for old, new in names.items():
        # To a server names that differ in capitals only are one.
        other = seen.setdefault(new.lower(), old)
        if other != old:
            raise NamesCollide(f"{other} and {old} would both be called {new}")
