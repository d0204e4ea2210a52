"""What a source collection's definition becomes in the target: pure, nothing is asked or sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from elysiadash.schema.cleaning import Dropped, Version, clean
from elysiadash.schema.definition import (
    Definition,
    Path,
    by_name,
    lookup,
    shown,
    vector_paths,
    without,
)
from elysiadash.schema.quantizers import without_default_quantizer
from elysiadash.schema.renaming import renamed
from elysiadash.schema.setting import set_values

TTL = "objectTtlConfig"
NO_VECTORIZER = "none"
SchemaTransform = Callable[[Definition], Any]


class BadTransformSchema(ValueError):
    """A transform's ``transform_schema`` gave something that is no definition; says what."""


class Translation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One collection on its way: what is stored in the source, what is asked of the target."""

    source: Definition
    """As ``GET /v1/schema/{c}`` of the source gave it."""
    target: Definition
    """What is posted, references to other collections of the job renamed too."""
    ttl: dict[str, Any] | None
    """The object TTL, which the target gets at cut-over: objects must not expire on the way."""
    dropped: tuple[Dropped, ...] = ()
    """What was left out, each with its reason."""

    @property
    def name(self) -> str:
        """The collection's name in the target."""
        name: str = self.target["class"]
        return name


def translated(
    source: Definition,
    names: Mapping[str, str],
    *,
    settings: Iterable[str] = (),
    target_version: Version | None = None,
    transform: SchemaTransform | None = None,
) -> Translation:
    """The definition for the target. ``names`` maps the job's source names to target names.

    A transform's schema comes first and sees the source's names, ``--set`` has the last word.
    Raises ``SettingsRefused``, ``NamesCollide``, ``BadTransformSchema``.
    """
    given = source if transform is None else _transformed(source, transform)
    cleaned = clean(given, target=target_version)
    made = set_values(renamed(cleaned.definition, names), settings)
    made = without_default_quantizer(made)
    ttl = made.get(TTL)
    wanted = ttl if isinstance(ttl, dict) and ttl.get("enabled") else None
    if TTL in made:
        made = without(made, (TTL,))
    return Translation(source=source, target=made, ttl=wanted, dropped=cleaned.dropped)


def vectorizers(definition: Mapping[str, Any]) -> dict[Path, str]:
    """The module that makes vectors of objects without one, by vector (see ``vector_paths``).

    Vectors whose module is ``none`` are left out. A definition that says nothing gets the
    server's default for an unnamed vector, ``DEFAULT_VECTORIZER_MODULE``, which none is asked.
    """
    found: dict[Path, str] = {}
    for vector in vector_paths(definition):
        if vector:
            said = lookup(definition, (*vector, "vectorizer"))
            module = next(iter(said), NO_VECTORIZER) if isinstance(said, dict) else NO_VECTORIZER
        else:
            module = str(definition.get("vectorizer") or NO_VECTORIZER)
        if module != NO_VECTORIZER:
            found[vector] = module
    return found


def modules_of(definition: Mapping[str, Any]) -> dict[str, str]:
    """Every module that a definition names, and the first setting that does."""
    found = {module: shown((*at, "vectorizer")) for at, module in vectorizers(definition).items()}
    for name in by_name(definition.get("moduleConfig")) or {}:
        found.setdefault(name, f"moduleConfig.{name}")
    return found


def without_module(definition: Mapping[str, Any], module: str) -> tuple[str, ...]:
    """The ``--set`` that take a module out of a definition: vectors are then only taken."""
    wanted = []
    for vector, name in vectorizers(definition).items():
        if name == module:
            value = '{"none":{}}' if vector else NO_VECTORIZER
            wanted.append(f"{shown((*vector, 'vectorizer'))}={value}")
    if module in (by_name(definition.get("moduleConfig")) or {}):
        wanted.append(f"moduleConfig.{module}=null")
    return tuple(wanted)


def property_types(definition: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The data types of every property, nested ones by their dotted path."""
    return dict(_types(definition.get("properties"), ()))


def _types(properties: Any, path: Path) -> Iterable[tuple[str, tuple[str, ...]]]:
    for name, one in (by_name(properties) or {}).items():
        place = (*path, name)
        yield shown(place), tuple(one.get("dataType") or ())
        yield from _types(one.get("nestedProperties"), place)


class DefinitionChange(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How a source's definition changed while the job ran."""

    added: tuple[str, ...] = ()
    """Properties and named vectors that are new: a delta (promise P6)."""
    lost: tuple[str, ...] = ()
    """What was removed or has another type: the objects read so far are no longer the same."""


def changed(before: Definition, after: Definition) -> DefinitionChange:
    """Compare what decides whether objects read earlier are still whole."""
    then, now = dict(_kinds(before)), dict(_kinds(after))
    return DefinitionChange(
        added=tuple(name for name in now if name not in then),
        lost=tuple(
            f"{name} ({said} before, {now.get(name, 'nothing')} now)"
            for name, said in then.items()
            if now.get(name) != said
        ),
    )


def _kinds(definition: Definition) -> Iterable[tuple[str, str]]:
    for name, types in property_types(definition).items():
        yield f"property {name}", " or ".join(types)
    for vector in vector_paths(definition):
        yield f"vector {shown(vector) or '(unnamed)'}", "a vector"
    tenants = (definition.get("multiTenancyConfig") or {}).get("enabled", False)
    yield "multi-tenancy", "on" if tenants else "off"


def additions(wanted: Definition, there: Definition) -> tuple[Sequence[Definition], bool]:
    """What an existing target lacks of what is wanted: properties, and whether named vectors."""
    known = {name.lower() for name in by_name(there.get("properties")) or {}}
    properties = [one for one in wanted.get("properties") or () if one["name"].lower() not in known]
    vectors = (by_name(wanted.get("vectorConfig")) or {}).keys()
    return properties, bool(vectors - (by_name(there.get("vectorConfig")) or {}).keys())


def _transformed(source: Definition, transform: SchemaTransform) -> Definition:
    copy: Definition = msgspec.json.decode(msgspec.json.encode(source))
    made = transform(copy)
    if made is None:
        # Changed in place, as a function that gets a dict may do.
        made = copy
    if not isinstance(made, dict) or made.get("class") != source["class"]:
        raise BadTransformSchema(
            f"transform_schema gave no definition of {source['class']}: it has to return the "
            "definition it was given, changed, under the same name (names change by the target's)"
        )
    try:
        plain: Definition = msgspec.json.decode(msgspec.json.encode(made))
    except (TypeError, ValueError) as error:
        raise BadTransformSchema(f"transform_schema gave what is no JSON ({error})") from None
    return plain
