"""A collection's definition, compiled: the struct that its objects' properties are decoded into.

Types are known before the first row: a JSON ``1`` of a ``number`` is a float from the start,
absent and null are kept apart, and a property that the definition lacks is an error instead of
a loss.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

_SCALARS: Final[dict[str, Any]] = {
    "text": str,
    "string": str,
    # Either: the reader writes an int's -0 as -0.0, so that no sign is lost.
    "int": int | float,
    "number": float,
    "boolean": bool,
    "date": str,
    "uuid": str,
    "blob": str,
}
_ARRAYS: Final = frozenset(
    ("text[]", "string[]", "int[]", "number[]", "boolean[]", "date[]", "uuid[]")
)


class UnknownType(Exception):
    """A property has a data type that this release cannot carry; says which, of which type."""


class Geo(msgspec.Struct, gc=False):
    """A geoCoordinates value; the server holds both as float32."""

    latitude: float
    longitude: float


class Phone(msgspec.Struct, gc=False, rename="camel", omit_defaults=True):
    """A phoneNumber's input; what the server computes from it is not read."""

    input: str = ""
    default_country: str = ""


class Beacon(msgspec.Struct, gc=False):
    """One reference, as ``weaviate://localhost/{collection}/{id}``."""

    beacon: str


class Property(msgspec.Struct, frozen=True, gc=False):
    """One property: ``kind`` is its data type, ``reference`` for references to objects.

    ``field`` is its attribute in the struct, ``nested`` the parts of an ``object`` or
    ``object[]``, ``targets`` the collections that a reference may lead to.
    """

    name: str
    kind: str
    field: str
    nested: tuple[Property, ...] = ()
    struct: Any = None
    targets: tuple[str, ...] = ()


class Shape(msgspec.Struct, frozen=True, gc=False):
    """A collection as the data path sees it."""

    collection: str
    properties: tuple[Property, ...]
    struct: Any
    """The type of ``Row.properties``; absent is ``UNSET``, null is None."""
    vectors: tuple[str, ...]
    """Names of the named vectors; empty where the collection has the unnamed one."""
    multi_tenant: bool

    @property
    def references(self) -> tuple[Property, ...]:
        """The properties that are references."""
        return tuple(known for known in self.properties if known.kind == "reference")

    def builtins(self, properties: Any) -> dict[str, Any]:
        """The properties as plain JSON values, absent ones left out."""
        plain: dict[str, Any] = msgspec.to_builtins(properties)
        return plain

    def typed(self, properties: Mapping[str, Any]) -> Any:
        """Plain JSON values as this shape's struct; raises ``msgspec.ValidationError``."""
        return msgspec.convert(dict(properties), self.struct)


def shape_of(definition: Mapping[str, Any]) -> Shape:
    """Compile a definition as ``GET /v1/schema/{c}`` gives it. Raises ``UnknownType``."""
    name = str(definition["class"])
    properties = tuple(
        _property(known, f"p{place}", name)
        for place, known in enumerate(definition.get("properties") or ())
    )
    return Shape(
        collection=name,
        properties=properties,
        struct=_struct(name, properties),
        vectors=tuple(sorted(definition.get("vectorConfig") or ())),
        multi_tenant=bool((definition.get("multiTenancyConfig") or {}).get("enabled", False)),
    )


def _property(known: Mapping[str, Any], field: str, where: str) -> Property:
    name, types = str(known["name"]), [str(one) for one in known["dataType"]]
    path, kind = f"{where}.{name}", types[0]
    if kind[:1].isupper():
        return Property(name, "reference", field, targets=tuple(types))
    if kind in ("object", "object[]"):
        nested = tuple(
            _property(inner, f"p{place}", path)
            for place, inner in enumerate(known.get("nestedProperties") or ())
        )
        return Property(name, kind, field, nested, struct=_struct(path, nested))
    if kind not in _SCALARS and kind not in _ARRAYS and kind not in _SPECIAL:
        raise UnknownType(f"{path} is of type {kind}, which cannot be copied by this release")
    return Property(name, kind, field)


_SPECIAL: Final[dict[str, Any]] = {"geoCoordinates": Geo, "phoneNumber": Phone}


def _struct(name: str, properties: Sequence[Property]) -> Any:
    """Property names may be words that Python keeps for itself, so fields are numbered."""
    fields = [(known.field, _type_of(known) | None | UnsetType, UNSET) for known in properties]
    return msgspec.defstruct(
        name,
        fields,
        rename={known.field: known.name for known in properties},
        forbid_unknown_fields=True,
        gc=False,
    )


def _type_of(known: Property) -> Any:
    if known.kind == "reference":
        return list[Beacon]
    if known.kind == "object":
        return known.struct
    if known.kind == "object[]":
        return list[known.struct | None]  # type: ignore[name-defined]
    if known.kind in _SPECIAL:
        return _SPECIAL[known.kind]
    if known.kind in _ARRAYS:
        return list[_SCALARS[known.kind.removesuffix("[]")]]  # type: ignore[misc]
    return _SCALARS[known.kind]
