"""Quantizers of vectors: which are on, and how to keep one out that nobody asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from elysiadash.schema.definition import (
    Definition,
    Path,
    index_type,
    lookup,
    vector_paths,
    with_value,
)

QUANTIZERS = ("pq", "bq", "sq", "rq")
STAGES: tuple[Path, ...] = ((), ("hnsw",), ("flat",))
"""Where an index has its quantizers: itself, and the stages of a dynamic one."""

_COMPRESSIBLE = {"hnsw": STAGES[:1], "flat": STAGES[:1], "dynamic": STAGES[1:]}


def enabled_quantizers(
    definition: Mapping[str, Any], vector: Path, stage: Path = ()
) -> tuple[str, ...]:
    """The quantizers that are switched on for a vector (its path, see ``vector_paths``)."""
    place = (*vector, "vectorIndexConfig", *stage)
    return tuple(
        name for name in QUANTIZERS if lookup(definition, (*place, name, "enabled")) is True
    )


def without_default_quantizer(definition: Definition) -> Definition:
    """The definition with ``skipDefaultQuantization`` where no quantizer is on.

    A server with DEFAULT_QUANTIZATION turns that quantizer on in every new hnsw and flat index
    without one, also where the request says ``enabled: false`` (1.39.0, rq-8). For a copy that is
    to be what the source is; releases before 1.33 do not know the setting and drop it.
    """
    for vector in vector_paths(definition):
        for stage in _COMPRESSIBLE.get(index_type(definition, vector), ()):
            if not enabled_quantizers(definition, vector, stage):
                place = (*vector, "vectorIndexConfig", *stage, "skipDefaultQuantization")
                definition = with_value(definition, place, True)
    return definition
