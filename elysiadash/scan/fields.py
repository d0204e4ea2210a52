"""Two whole objects, field by field: which differ, and both values in short (verify's V3)."""

from __future__ import annotations

import json
import sys
from array import array
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from elysiadash.scan.canonical import CanonicalForm, Vector, WholeObject

_SHOWN_CHARS = 60
_ABSENT: Final = object()
ABSENT_WORDS = "(absent)"


class FieldDifference(msgspec.Struct, frozen=True, gc=False):
    """A field that differs: where, and what is there on each side, shortened.

    ``field`` is a path such as ``properties.author.age``, ``properties.tags[2]`` or
    ``vectors.title``; the unnamed vector is ``vector``.
    """

    field: str
    source: str
    target: str


def field_differences(
    source: WholeObject,
    target: WholeObject,
    source_form: CanonicalForm,
    target_form: CanonicalForm | None = None,
) -> list[FieldDifference]:
    """What differs in canonical form; empty exactly where the digests agree.

    ``target_form`` is the target's own where the collections' names differ. Raises ``ValueError``
    for properties that are no JSON.
    """
    found = []
    if source.id != target.id:
        found.append(FieldDifference("id", source.id.hex(), target.id.hex()))
    found += _in_values(
        "properties",
        source_form.values(source.properties),
        (target_form or source_form).values(target.properties),
    )
    found += _in_vectors(_by_name(source), _by_name(target))
    return found


def _in_values(path: str, source: Any, target: Any) -> Iterator[FieldDifference]:
    if isinstance(source, dict) and isinstance(target, dict):
        for name in sorted(source.keys() | target.keys()):
            yield from _in_values(
                f"{path}.{name}", source.get(name, _ABSENT), target.get(name, _ABSENT)
            )
    elif isinstance(source, list) and isinstance(target, list) and len(source) == len(target):
        for place, (one, other) in enumerate(zip(source, target, strict=True)):
            yield from _in_values(f"{path}[{place}]", one, other)
    elif not _same(source, target):
        yield FieldDifference(path, *_beside(source, target))


def _same(source: Any, target: Any) -> bool:
    if source is _ABSENT or target is _ABSENT:
        return source is target
    # By text: as numbers 0.0 and -0.0 would be equal, and True and 1.0.
    return bool(msgspec.json.encode(source) == msgspec.json.encode(target))


def _beside(source: Any, target: Any) -> tuple[str, str]:
    """Both values in words, cut so that where they part is seen."""
    one, other = _in_words(source), _in_words(target)
    if len(one) <= _SHOWN_CHARS and len(other) <= _SHOWN_CHARS:
        return one, other
    alike = next(
        (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
    start = max(0, alike - _SHOWN_CHARS // 3)
    return _cut(one, start), _cut(other, start)


def _cut(words: str, start: int) -> str:
    end = start + _SHOWN_CHARS
    return ("…" if start else "") + words[start:end] + ("…" if end < len(words) else "")


def _in_words(value: Any) -> str:
    if value is _ABSENT:
        return ABSENT_WORDS
    if isinstance(value, list):
        return f"[{', '.join(map(_in_words, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_in_words(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, float):
        # -0 and 0 are two values; whole numbers are shown without a fraction.
        return f"{value:.0f}" if value.is_integer() and abs(value) < 1e16 else repr(value)
    return json.dumps(value, ensure_ascii=False)


def _by_name(whole: WholeObject) -> dict[str, Vector]:
    return {vector.name: vector for vector in whole.vectors if vector.data}


def _in_vectors(source: dict[str, Vector], target: dict[str, Vector]) -> Iterator[FieldDifference]:
    for name in sorted(source.keys() | target.keys()):
        one, other = source.get(name), target.get(name)
        if one != other:
            yield FieldDifference(f"vectors.{name}" if name else "vector", *_vectors(one, other))


def _vectors(source: Vector | None, target: Vector | None) -> tuple[str, str]:
    alike_in_shape = source is not None and target is not None and _shape(source) == _shape(target)
    if source is None or target is None or not alike_in_shape:
        return _shape(source), _shape(target)
    one, other = _numbers(source), _numbers(target)
    if one.tobytes() == other.tobytes():
        return _beside(source.data.hex(), target.data.hex())
    bits = zip(one.tobytes(), other.tobytes(), strict=True)
    differing = sorted({place // 4 for place, (a, b) in enumerate(bits) if a != b})
    first = differing[0]
    where = f" at {first}" + (f" ({len(differing)} differ)" if len(differing) > 1 else "")
    return _number(one, first) + where, _number(other, first) + where


def _shape(vector: Vector | None) -> str:
    if vector is None:
        return ABSENT_WORDS
    numbers = _numbers(vector)
    if not vector.multi:
        return f"{len(numbers)} numbers"
    length = int.from_bytes(vector.data[:2], "little")
    return f"{len(numbers) // max(1, length)} rows of {length} numbers"


def _number(numbers: array[float], place: int) -> str:
    """A float32 with the digits that tell it from its neighbours, and its bits."""
    bits = int.from_bytes(numbers[place : place + 1].tobytes(), sys.byteorder)
    return f"{numbers[place]:.9g} (0x{bits:08x})"


def _numbers(vector: Vector) -> array[float]:
    data = vector.data[2:] if vector.multi else vector.data
    numbers = array("f", data[: len(data) // 4 * 4])
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
