"""The requests that create a collection from its definition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from elysiadash.schema.definition import Definition
from elysiadash.schema.ordering import Reference

_UNNAMED = ("vectorIndexType", "vectorIndexConfig", "vectorizer")


class SchemaRequest(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One request to the schema, to be sent by somebody with a permit."""

    method: Literal["POST", "PUT"]
    path: str
    body: Definition
    why: str


def creation_requests(definition: Definition) -> tuple[SchemaRequest, ...]:
    """How to make a collection of a cleaned definition; usually one POST.

    A 1.39.0 refuses a new collection with an unnamed vector and named ones, but adds named ones
    to a collection afterwards; so such a collection can exist, and takes two requests.

    A refused POST can have created the collection all the same (1.39.0, an unknown distance:
    422, and ``GET`` finds it): always read back, whatever the answer.
    """
    name = definition["class"]
    named = definition.get("vectorConfig")
    unnamed = [key for key in _UNNAMED if key in definition]
    if not named or not unnamed:
        return (_post(definition, f"create {name}"),)
    first = {key: value for key, value in definition.items() if key != "vectorConfig"}
    return (
        _post(first, f"create {name} with its unnamed vector"),
        SchemaRequest(
            method="PUT",
            path=f"/v1/schema/{name}",
            body=definition,
            why="add the named vectors, which cannot be created beside an unnamed one",
        ),
    )


def reference_requests(later: Sequence[Reference]) -> tuple[SchemaRequest, ...]:
    """How to add references once all their targets are there (see ``ordering``)."""
    return tuple(
        SchemaRequest(
            method="POST",
            path=f"/v1/schema/{one.collection}/properties",
            body=one.property,
            why=f"let {one.collection}.{one.property['name']} refer to {', '.join(one.targets)}",
        )
        for one in later
    )


def _post(definition: Definition, why: str) -> SchemaRequest:
    return SchemaRequest(method="POST", path="/v1/schema", body=definition, why=why)
