"""Places inside a definition: dotted paths, on which parts of named lists go by their names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Definition = dict[str, Any]
"""One collection, as ``GET /v1/schema/{collection}`` has it."""
Path = tuple[str, ...]
"""Keys from the outside in; a property of ``properties`` is reached by its name."""

ANY = "*"
"""In a pattern: one part, whatever it is."""
REST = "**"
"""At the end of a pattern: any number of parts, none among them."""

_INDEX = "vectorIndexConfig"
_STAGES = ("hnsw", "flat")


def shown(path: Sequence[str]) -> str:
    """A path as it is typed. No name that Weaviate allows holds a dot."""
    return ".".join(path)


def matches(pattern: str, path: Sequence[str]) -> bool:
    """Whether a dotted pattern with ``*`` for a part and ``**`` for a rest is this path."""
    wanted = pattern.split(".")
    if wanted[-1] == REST:
        wanted.pop()
        if len(path) < len(wanted):
            return False
        path = path[: len(wanted)]
    return len(wanted) == len(path) and all(
        want in (ANY, part) for want, part in zip(wanted, path, strict=True)
    )


def by_name(value: Any) -> dict[str, Any] | None:
    """A dict as it is, a list of differently named dicts by their names, None for all else."""
    if isinstance(value, dict):
        return value
    if not isinstance(value, list) or not value:
        return None
    found: dict[str, Any] = {}
    for part in value:
        name = part.get("name") if isinstance(part, dict) else None
        if not isinstance(name, str) or name in found:
            return None
        found[name] = part
    return found


def is_nothing(value: Any) -> bool:
    """What a server reads as not said. 1.39.0 gives ``properties: null`` where there are none,
    and stop words as ``null`` or ``[]``, as they were posted."""
    return value is None or value == []


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value that has no parts of its own; an empty dict is one, nulls are left out."""
    parts = by_name(value)
    if parts:
        for name, part in parts.items():
            yield from leaves(part, (*path, name))
    elif not is_nothing(value):
        yield path, value


def lookup(definition: Mapping[str, Any], path: Sequence[str]) -> Any:
    """What is at the path; None where there is nothing."""
    found: Any = definition
    for part in path:
        parts = by_name(found)
        if parts is None or part not in parts:
            return None
        found = parts[part]
    return found


def without(value: Any, path: Sequence[str]) -> Any:
    """A copy along the path, without what is there; what lies beside the path is shared."""
    parts = by_name(value)
    if parts is None or not path or path[0] not in parts:
        return value
    if len(path) == 1:
        kept = {name: part for name, part in parts.items() if name != path[0]}
    else:
        kept = {**parts, path[0]: without(parts[path[0]], path[1:])}
    return kept if isinstance(value, dict) else list(kept.values())


def with_value(value: Any, path: Sequence[str], new: Any) -> Any:
    """A copy along the path with another value at its end; dicts on the way are made."""
    if not path:
        return new
    parts = by_name(value) or {}
    kept = {**parts, path[0]: with_value(parts.get(path[0]), path[1:], new)}
    return list(kept.values()) if isinstance(value, list) and value else kept


def index_part(path: Sequence[str]) -> tuple[Path, Path] | None:
    """For a setting of a vector index: the path of its vector, and the setting below that.

    ``vectorIndexConfig.ef`` belongs to the unnamed vector, whose path is empty;
    ``vectorConfig.title.vectorIndexConfig.ef`` to ``vectorConfig.title``. None for all else.
    """
    path = tuple(path)
    if path[:1] == (_INDEX,) and len(path) > 1:
        return (), path[1:]
    if path[:1] == ("vectorConfig",) and path[2:3] == (_INDEX,) and len(path) > 3:
        return path[:2], path[3:]
    return None


def index_type(definition: Mapping[str, Any], vector: Sequence[str]) -> str:
    """The index type of a vector (its path, see ``index_part``); hnsw where none is said."""
    return str(lookup(definition, (*vector, "vectorIndexType")) or "hnsw")


def stage_of(kind: str, setting: Path) -> tuple[str, Path]:
    """A dynamic index holds the settings of both its stages: the stage and its own setting."""
    if kind == "dynamic" and setting[0] in _STAGES and len(setting) > 1:
        return setting[0], setting[1:]
    return kind, setting


def is_multi_tenant(definition: Mapping[str, Any]) -> bool:
    """Whether each tenant has a shard of its own."""
    return lookup(definition, ("multiTenancyConfig", "enabled")) is True


def vector_paths(definition: Mapping[str, Any]) -> tuple[Path, ...]:
    """Where the vectors are: ``()`` for an unnamed one, ``("vectorConfig", name)`` for others."""
    named = by_name(definition.get("vectorConfig")) or {}
    unnamed = any(key in definition for key in (_INDEX, "vectorIndexType"))
    return (*([()] if unnamed or not named else []), *(("vectorConfig", name) for name in named))
