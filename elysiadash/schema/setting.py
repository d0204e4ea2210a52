"""``--set PATH=VALUE``: change settings of a definition, with values of the right kind."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from elysiadash.schema.checking import fits, kind_words
from elysiadash.schema.definition import (
    ANY,
    REST,
    Definition,
    Path,
    by_name,
    lookup,
    matches,
    with_value,
    without,
)
from elysiadash.schema.known import FREE, Kind, known_settings

_WHOLE = re.compile(r"[+-]?\d{1,18}")
_NOTHING = "null"
_LIKENESS = 0.6


class WrongSetting(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One assignment that cannot be made."""

    assignment: str
    message: str
    nearest: str | None = None
    """The path or value that was probably meant."""

    def __str__(self) -> str:
        hint = f" (did you mean {self.nearest}?)" if self.nearest else ""
        return f"{self.assignment}: {self.message}{hint}"


class SettingsRefused(ValueError):
    """What is wrong with the assignments, all at once; then none was made."""

    def __init__(self, wrong: Sequence[WrongSetting]) -> None:
        super().__init__("\n".join(map(str, wrong)))
        self.wrong = tuple(wrong)


def set_values(definition: Definition, assignments: Iterable[str]) -> Definition:
    """The definition with ``PATH=VALUE`` done, in their order; the argument stays as it is.

    Properties and vectors go by their names, ``*`` is each of them:
    ``vectorConfig.*.vectorIndexConfig.ef=128``. ``null`` takes a setting, a property or a whole
    group away, so that a server's default holds. A change of ``vectorIndexType`` comes before the
    others and keeps of the old index the distance only. Raises ``SettingsRefused``.
    """
    wrong: list[WrongSetting] = []
    given = sorted(assignments, key=lambda one: not _path_of(one).endswith("vectorIndexType"))
    for assignment in given:
        try:
            definition = _assigned(definition, assignment)
        except _Wrong as error:
            wrong.append(
                WrongSetting(assignment=assignment, message=error.message, nearest=error.nearest)
            )
    if wrong:
        raise SettingsRefused(wrong)
    return definition


class _Wrong(Exception):
    def __init__(self, message: str, nearest: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.nearest = nearest


def _path_of(assignment: str) -> str:
    return assignment.partition("=")[0].strip()


def _assigned(definition: Definition, assignment: str) -> Definition:
    name, equals, text = assignment.partition("=")
    name = name.strip()
    if not equals or not name:
        raise _Wrong("is not PATH=VALUE, such as replicationConfig.factor=3")
    if REST in name.split("."):
        raise _Wrong(f"{REST} names too much: * is one part of a path")
    known = _settable(definition)
    if text.strip() == _NOTHING:
        return _taken_away(definition, name, known)
    found = {path: known[path] for path in known if matches(name, path.split("."))}
    if not found:
        found = _free_place(definition, name, known)
    for path, kind in found.items():
        parts = tuple(path.split("."))
        value = _value(kind, text)
        if parts[-1] == "vectorIndexType":
            definition = _of_another_type(definition, parts[:-1], value)
        definition = with_value(definition, parts, value)
    return definition


def _settable(definition: Definition) -> dict[str, Kind]:
    """What can be set: all but the names of properties, by which data goes."""
    return {
        path: kind
        for path, kind in known_settings(definition).items()
        if not (path.endswith(".name") and _is_of_property(path.split(".")))
    }


def _is_of_property(path: Sequence[str]) -> bool:
    """Whether it is a setting of a property, nested or not, and not a property itself."""
    inner = path[2:-1:2]
    return path[0] == "properties" and len(path) % 2 == 1 and {*inner} <= {"nestedProperties"}


def _free_place(definition: Definition, name: str, known: dict[str, Kind]) -> dict[str, Kind]:
    """A setting of a module: its name is not ours to judge, but what it belongs to must exist."""
    parts = name.split(".")
    fixed = next((pattern for pattern in FREE if matches(pattern, parts)), None)
    if fixed is not None:
        place = fixed.split(".")
        owner = parts[: place.index(ANY) + 1] if ANY in place else []
        if not owner or lookup(definition, owner) is not None:
            return {name: "anything" if len(parts) >= len(place) else "table"}
    if any(path.startswith(f"{name}.") for path in known):
        raise _Wrong("is a group of settings: name one of them", _first_below(name, known))
    raise _Wrong("there is no such setting", _nearest(name, known))


def _taken_away(definition: Definition, name: str, known: dict[str, Kind]) -> Definition:
    pattern = name.split(".")
    places = {_prefix(path, len(pattern)) for path in known}
    places |= {path for path in _all_paths(definition) if path != ("class",)}
    found = [
        path
        for path in sorted(places)
        if matches(name, path) and not (path[-1] in ("name", "dataType") and _is_of_property(path))
    ]
    if not found:
        raise _Wrong("there is no such setting", _nearest(name, known))
    for path in found:
        definition = without(definition, path)
    return definition


def _prefix(path: str, length: int) -> Path:
    return tuple(path.split(".")[:length])


def _all_paths(value: Any, path: Path = ()) -> Iterable[Path]:
    for name, part in (by_name(value) or {}).items():
        yield (*path, name)
        yield from _all_paths(part, (*path, name))


def _of_another_type(definition: Definition, vector: Path, kind: str) -> Definition:
    place = (*vector, "vectorIndexConfig")
    if lookup(definition, (*vector, "vectorIndexType")) in (None, kind):
        return definition
    distance = lookup(definition, (*place, "distance"))
    kept = {} if distance is None else {"distance": distance}
    changed: Definition = with_value(definition, place, kept)
    return changed


def _value(kind: Kind, text: str) -> Any:
    """The text as a value of the kind."""
    value = _read(kind, text)
    if value is not None and fits(kind, value):
        return value
    near = _nearest(text.strip(), kind) if isinstance(kind, tuple) else None
    raise _Wrong(f"the value is not {kind_words(kind)}", near)


def _read(kind: Kind, text: str) -> Any:
    if kind == "text":
        return text
    text = text.strip()
    if isinstance(kind, tuple):
        return text
    if kind == "switch":
        return {"true": True, "false": False}.get(text)
    if kind == "whole":
        return int(text) if text.isascii() and _WHOLE.fullmatch(text) else None
    if kind == "words":
        return _words(text)
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text if kind == "anything" else None


def _words(text: str) -> Any:
    """A JSON list, or words between commas."""
    if not text.startswith("["):
        return [word.strip() for word in text.split(",") if word.strip()]
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None


def _nearest(word: str, options: Iterable[str]) -> str | None:
    """The option most like it; a path is also found by its last part."""
    known = list(options)
    lower = {option.lower(): option for option in known}
    found = difflib.get_close_matches(word.lower(), lower, n=1, cutoff=_LIKENESS)
    by_end = [option for option in known if option.lower().endswith(f".{word.lower()}")]
    if by_end:
        return min(by_end, key=len)
    return lower[found[0]] if found else None


def _first_below(name: str, known: dict[str, Kind]) -> str | None:
    return next((path for path in known if path.startswith(f"{name}.")), None)
