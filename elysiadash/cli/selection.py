"""Which items to print, and in which order: ``--filter`` and ``--sort``."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from elysiadash.cli.exits import CommandFailed, Exit
from elysiadash.config.mistake import nearest
from elysiadash.config.patterns import Pattern, PatternError, PatternTooSlow

T = TypeVar("T", bound=msgspec.Struct)
Wanted = Callable[[Any], bool]

_COMPARISON = re.compile(r"([a-z][a-z0-9_]*):(<=|>=|!=|<|>|=)?(.*)")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "!=": operator.ne,
}


def chosen_items(
    items: Sequence[T], name_field: str, filters: Sequence[str], sort: str | None
) -> tuple[T, ...]:
    """The items that pass every filter, sorted.

    A filter is a regular expression for the name (capitals only matter where it has some),
    ``!`` before it turns it round, and ``field:>10`` compares a field. ``sort`` is a field, the
    largest first with ``-`` before it; what is not known comes last. Raises ``CommandFailed``.
    """
    fields = tuple(items[0].__struct_fields__) if items else ()
    wanted = [_wanted(text, name_field, fields) for text in filters]
    try:
        kept = [item for item in items if all(want(item) for want in wanted)]
    except PatternTooSlow as slow:
        raise CommandFailed(f"--filter {slow}", code=Exit.USAGE) from None
    return tuple(_sorted(kept, sort, fields) if sort else kept)


def _wanted(text: str, name_field: str, fields: tuple[str, ...]) -> Wanted:
    comparison = _COMPARISON.fullmatch(text)
    if comparison is not None:
        field, sign, value = comparison.groups()
        return _compared(_known_field(field, fields), sign or "=", value)
    turned, pattern = text.startswith("!"), text.removeprefix("!")
    try:
        found = Pattern(pattern)
    except PatternError as error:
        raise CommandFailed(f"--filter {error}", code=Exit.USAGE) from None
    return lambda item: found.found_in(getattr(item, name_field)) is not turned


def _compared(field: str, sign: str, text: str) -> Wanted:
    number = _number(text)
    if number is None and sign not in ("=", "!="):
        raise CommandFailed(f"--filter {field}:{sign}{text} needs a number", code=Exit.USAGE)

    def wanted(item: Any) -> bool:
        value = getattr(item, field)
        # What is not known is neither above nor below anything.
        if value is None:
            return False
        if number is not None and isinstance(value, int | float):
            return _COMPARE[sign](value, number)
        same = str(value).lower() == text.lower()
        return same if sign == "=" else sign == "!=" and not same

    return wanted


def _sorted(items: Sequence[T], sort: str, fields: tuple[str, ...]) -> list[T]:
    downwards, name = sort.startswith("-"), sort.removeprefix("-")
    if not items:
        return []
    field = _known_field(name, fields)
    known = [item for item in items if getattr(item, field) is not None]
    unknown = [item for item in items if getattr(item, field) is None]
    return [*sorted(known, key=lambda item: _sort_key(item, field), reverse=downwards), *unknown]


def _sort_key(item: Any, field: str) -> tuple[int, Any]:
    value = getattr(item, field)
    return (0, value) if isinstance(value, int | float) else (1, str(value))


def _known_field(name: str, fields: tuple[str, ...]) -> str:
    if name in fields or not fields:
        return name
    likely = nearest(name, fields)
    hint = f"did you mean {likely}?" if likely else f"there are: {', '.join(fields)}"
    raise CommandFailed(f"there is no field {name!r}", hint, Exit.USAGE)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
