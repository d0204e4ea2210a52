"""In which order collections that refer to each other are created.

A 1.39.0 refuses a reference to a collection that does not exist ("reference property to
nonexistent class"), also through an alias; a reference of a collection to itself is taken.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import msgspec

from elysiadash.schema.definition import Definition


class Reference(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A property that refers to collections."""

    collection: str
    property: Definition
    targets: tuple[str, ...]


class Order(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How to create several collections."""

    first: tuple[Definition, ...]
    """In this order, without the properties of ``later``."""
    later: tuple[Reference, ...]
    """Properties to add once all collections are there (``POST .../properties``)."""
    unmet: tuple[Reference, ...]
    """They refer to collections that are neither here nor there: their ``targets`` are those.
    A server will refuse the definitions, which still have them."""


def references(definition: Definition) -> tuple[Reference, ...]:
    """The properties that refer to collections. Only their types begin with a capital letter."""
    return tuple(
        Reference(collection=definition["class"], property=one, targets=targets)
        for one in definition.get("properties") or ()
        if (targets := tuple(kind for kind in one.get("dataType") or () if kind[:1].isupper()))
    )


def creation_order(definitions: Sequence[Definition], present: Collection[str] = ()) -> Order:
    """Targets before what refers to them; where they refer to each other in a circle, as few
    collections as possible wait for their references. ``present`` are collections of the target.

    Without references the order stays as it is.
    """
    by_class = {one["class"]: one for one in definitions}
    waits = {
        name: {target for one in references(known) for target in one.targets}
        & by_class.keys() - {name}
        for name, known in by_class.items()
    }
    first: list[Definition] = []
    later: list[Reference] = []
    placed: set[str] = set()
    for name in _sequence(waits):
        placed.add(name)
        early = [
            one
            for one in references(by_class[name])
            if any(target in by_class and target not in placed for target in one.targets)
        ]
        later += early
        first.append(_without_properties(by_class[name], early))
    return Order(
        first=tuple(first),
        later=tuple(later),
        unmet=tuple(_unmet(definitions, {*by_class, *present})),
    )


def _sequence(waits: dict[str, set[str]]) -> Iterator[str]:
    """Names whose targets came before; where none is left, the one that waits for the fewest."""
    left = {name: set(targets) for name, targets in waits.items()}
    followers: dict[str, list[str]] = {name: [] for name in waits}
    for name, targets in waits.items():
        for target in targets:
            followers[target].append(name)
    place = {name: number for number, name in enumerate(waits)}
    ready = [name for name in waits if not left[name]]
    while left:
        if ready:
            chosen = ready.pop(0)
        else:
            chosen = min(left, key=lambda name: (len(left[name]), place[name]))
        del left[chosen]
        yield chosen
        for name in followers[chosen]:
            if name in left:
                left[name].discard(chosen)
                if not left[name]:
                    ready.append(name)


def _without_properties(definition: Definition, early: Sequence[Reference]) -> Definition:
    if not early:
        return definition
    names = {one.property["name"] for one in early}
    kept = [one for one in definition["properties"] if one["name"] not in names]
    return {**definition, "properties": kept}


def _unmet(definitions: Sequence[Definition], there: set[str]) -> Iterator[Reference]:
    for definition in definitions:
        for one in references(definition):
            absent = tuple(target for target in one.targets if target not in there)
            if absent:
                yield msgspec.structs.replace(one, targets=absent)
