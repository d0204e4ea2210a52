"""The Structs of the settings as data: each field's name, kind, range, meaning and default."""

from __future__ import annotations

import types
import typing
from functools import cache
from typing import Any, Literal

import msgspec

from elysiadash.config.profile import Profile
from elysiadash.config.tuning import Intervals, Limits, Recording, Thresholds, Timeouts

FieldKind = Literal["bool", "int", "float", "text", "other"]

TUNING: dict[str, type[msgspec.Struct]] = {
    "intervals": Intervals,
    "timeouts": Timeouts,
    "limits": Limits,
    "thresholds": Thresholds,
    "recording": Recording,
}
"""Sub-tables of a profile that hold only plain values."""


class Field(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One setting as its Struct declares it."""

    name: str
    kind: FieldKind
    choices: tuple[str, ...] = ()
    """The valid texts, where only these are."""
    optional: bool
    """Whether it may be absent for good (None)."""
    default: Any
    """The value without any file; ``msgspec.NODEFAULT`` where one must be given."""
    description: str
    above: float | None = None
    """Exclusive lower end of the range."""
    least: float | None = None
    """Inclusive lower end of the range."""
    most: float | None = None
    """Inclusive upper end of the range."""
    examples: tuple[Any, ...] = ()
    """Values as one would write them into the file."""


@cache
def fields_of(struct: type[msgspec.Struct]) -> tuple[Field, ...]:
    """The fields that a file may set, in the order of the Struct."""
    hints = typing.get_type_hints(struct, include_extras=True)
    return tuple(
        _field(info, hints[info.name])
        for info in msgspec.structs.fields(struct)
        if not (struct is Profile and info.name == "name")
    )


def field_named(struct: type[msgspec.Struct], name: str) -> Field:
    """The field ``name`` of ``struct``; raises ``KeyError``."""
    for one in fields_of(struct):
        if one.name == name:
            return one
    raise KeyError(name)


def _field(info: msgspec.structs.FieldInfo, hint: Any) -> Field:
    meta = next((extra for extra in _extras(hint) if isinstance(extra, msgspec.Meta)), None)
    meta = meta or msgspec.Meta()
    plain = typing.get_args(hint)[0] if _extras(hint) else hint
    alternatives = typing.get_args(plain) if isinstance(plain, types.UnionType) else (plain,)
    plain = alternatives[0]
    is_choice = typing.get_origin(plain) is Literal
    default = info.default
    if info.default_factory is not msgspec.NODEFAULT:
        default = info.default_factory()
    kinds: dict[Any, FieldKind] = {bool: "bool", int: "int", float: "float", str: "text"}
    return Field(
        name=info.name,
        kind="text" if is_choice else kinds.get(plain, "other"),
        choices=typing.get_args(plain) if is_choice else (),
        optional=type(None) in alternatives,
        default=default,
        description=meta.description or "",
        above=meta.gt,
        least=meta.ge,
        most=meta.le,
        examples=tuple(meta.examples or ()),
    )


def _extras(hint: Any) -> tuple[Any, ...]:
    return getattr(hint, "__metadata__", ())
