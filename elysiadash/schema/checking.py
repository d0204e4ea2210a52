"""What a server would refuse in a definition, or take without a word and not keep."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from elysiadash.schema.definition import (
    index_part,
    index_type,
    leaves,
    lookup,
    matches,
    shown,
    vector_paths,
)
from elysiadash.schema.known import FREE, INDEX, Kind, known_settings
from elysiadash.schema.names import name_faults
from elysiadash.schema.quantizers import STAGES, enabled_quantizers

_KINDS: dict[str, str] = {
    "text": "a text",
    "whole": "a whole number",
    "number": "a number",
    "switch": "true or false",
    "words": "a list of texts",
    "table": "a JSON object",
}


def faults(definition: Mapping[str, Any]) -> tuple[str, ...]:
    """What would be refused or misread: names, values of the wrong kind, two quantizers at once."""
    known = known_settings(definition)
    wrong = (
        f"{shown(path)}: {_shortened(value)} is not {kind_words(kind)}"
        for path, value in leaves(definition)
        if (kind := known.get(shown(path))) is not None and not fits(kind, value)
    )
    return (
        *name_faults(definition),
        *wrong,
        *_vectorizer_faults(definition),
        *_quantizer_faults(definition),
    )


def unknown_settings(definition: Mapping[str, Any]) -> tuple[str, ...]:
    """Paths that no release we know of has: a server that does not know them drops them."""
    known = known_settings(definition)
    return tuple(
        shown(path)
        for path, _ in leaves(definition)
        if shown(path) not in known
        and path != ("class",)
        and not any(matches(pattern, path) for pattern in FREE)
        and not _of_unknown_index(definition, path)
    )


def fits(kind: Kind, value: Any) -> bool:
    """Whether a value is of this kind."""
    if isinstance(kind, tuple):
        return value in kind
    if kind == "switch":
        return isinstance(value, bool)
    if kind == "text":
        return isinstance(value, str)
    if kind == "words":
        return isinstance(value, list) and all(isinstance(word, str) for word in value)
    if kind == "table":
        return isinstance(value, dict)
    if kind == "anything":
        return True
    if isinstance(value, bool):
        return False
    # 1.39.0 refuses 64.0 where a whole number belongs.
    if kind == "whole":
        return isinstance(value, int)
    return isinstance(value, int | float) and math.isfinite(value)


def kind_words(kind: Kind) -> str:
    """A kind for people."""
    return f"one of {', '.join(kind)}" if isinstance(kind, tuple) else _KINDS.get(kind, kind)


def _vectorizer_faults(definition: Mapping[str, Any]) -> Iterator[str]:
    # 1.39.0: "class.VectorConfig.Vectorizer must be an object, got <nil>".
    for vector in vector_paths(definition):
        if vector and not isinstance(lookup(definition, (*vector, "vectorizer")), dict):
            yield f"{shown(vector)}: a named vector needs a vectorizer, such as none"


def _quantizer_faults(definition: Mapping[str, Any]) -> Iterator[str]:
    # 1.39.0: "more than a single compression methods enabled".
    for vector in vector_paths(definition):
        for stage in STAGES:
            on = enabled_quantizers(definition, vector, stage)
            if len(on) > 1:
                place = shown((*vector, "vectorIndexConfig", *stage))
                yield f"{place}: only one of {', '.join(on)} can be enabled"


def _of_unknown_index(definition: Mapping[str, Any], path: tuple[str, ...]) -> bool:
    """Settings of an index type that we do not know are not judged."""
    part = index_part(path)
    return part is not None and index_type(definition, part[0]) not in INDEX


def _shortened(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= 40 else f"{text[:40]}…"
