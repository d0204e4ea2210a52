"""The settings a definition can have, and what each takes: from recordings of 1.30 to 1.39.

A server drops a setting that it does not know without a word, and reads ``"64"`` where a number
belongs as 0 (seen on 1.39.0: ``ef``). So both are found out before anything is sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from elysiadash.schema.definition import by_name, index_type, vector_paths
from elysiadash.schema.quantizers import QUANTIZERS

Kind = Literal["text", "whole", "number", "switch", "words", "table", "anything"] | tuple[str, ...]
"""What a setting takes; a tuple is a choice of words."""

TOKENIZATIONS = (
    "word", "lowercase", "whitespace", "field", "trigram", "gse", "gse_ch", "kagome_ja",
    "kagome_kr",
)  # fmt: skip
DISTANCES = ("cosine", "dot", "l2-squared", "manhattan", "hamming")
INDEX_TYPES = ("hnsw", "flat", "dynamic", "hfresh")
DELETION_STRATEGIES = ("NoAutomatedResolution", "DeleteOnConflict", "TimeBasedResolution")

COLLECTION: dict[str, Kind] = {
    "description": "text",
    "invertedIndexConfig.bm25.b": "number",
    "invertedIndexConfig.bm25.k1": "number",
    "invertedIndexConfig.cleanupIntervalSeconds": "whole",
    "invertedIndexConfig.indexNullState": "switch",
    "invertedIndexConfig.indexPropertyLength": "switch",
    "invertedIndexConfig.indexTimestamps": "switch",
    "invertedIndexConfig.stopwords.additions": "words",
    "invertedIndexConfig.stopwords.preset": "text",
    "invertedIndexConfig.stopwords.removals": "words",
    "invertedIndexConfig.usingBlockMaxWAND": "switch",
    "multiTenancyConfig.autoTenantActivation": "switch",
    "multiTenancyConfig.autoTenantCreation": "switch",
    "multiTenancyConfig.enabled": "switch",
    "objectTtlConfig.defaultTtl": "whole",
    "objectTtlConfig.deleteOn": "text",
    "objectTtlConfig.enabled": "switch",
    "objectTtlConfig.filterExpiredObjects": "switch",
    "replicationConfig.asyncEnabled": "switch",
    "replicationConfig.deletionStrategy": DELETION_STRATEGIES,
    "replicationConfig.factor": "whole",
    "shardingConfig.actualCount": "whole",
    "shardingConfig.actualVirtualCount": "whole",
    "shardingConfig.desiredCount": "whole",
    "shardingConfig.desiredVirtualCount": "whole",
    "shardingConfig.function": "text",
    "shardingConfig.key": "text",
    "shardingConfig.strategy": "text",
    "shardingConfig.virtualPerPhysical": "whole",
}
"""Settings of the collection itself."""

PROPERTY: dict[str, Kind] = {
    "dataType": "words",
    "description": "text",
    "indexFilterable": "switch",
    "indexInverted": "switch",
    "indexRangeFilters": "switch",
    "indexSearchable": "switch",
    "name": "text",
    "tokenization": TOKENIZATIONS,
}
"""Settings of a property, nested ones too."""

_HNSW: dict[str, Kind] = {
    "bq.enabled": "switch",
    "cleanupIntervalSeconds": "whole",
    "distance": DISTANCES,
    "dynamicEfFactor": "whole",
    "dynamicEfMax": "whole",
    "dynamicEfMin": "whole",
    "ef": "whole",
    "efConstruction": "whole",
    "filterStrategy": ("sweeping", "acorn"),
    "flatSearchCutoff": "whole",
    "maxConnections": "whole",
    "multivector.aggregation": "text",
    "multivector.enabled": "switch",
    "multivector.muvera.dprojections": "whole",
    "multivector.muvera.enabled": "switch",
    "multivector.muvera.ksim": "whole",
    "multivector.muvera.repetitions": "whole",
    "pq.bitCompression": "switch",
    "pq.centroids": "whole",
    "pq.enabled": "switch",
    "pq.encoder.distribution": "text",
    "pq.encoder.type": "text",
    "pq.segments": "whole",
    "pq.trainingLimit": "whole",
    "rq.bits": "whole",
    "rq.enabled": "switch",
    "rq.rescoreLimit": "whole",
    "skip": "switch",
    "skipDefaultQuantization": "switch",
    "sq.enabled": "switch",
    "sq.rescoreLimit": "whole",
    "sq.trainingLimit": "whole",
    "trackDefaultQuantization": "switch",
    "vectorCacheMaxObjects": "whole",
}
_FLAT: dict[str, Kind] = {
    "distance": DISTANCES,
    "skipDefaultQuantization": "switch",
    "trackDefaultQuantization": "switch",
    "vectorCacheMaxObjects": "whole",
    "rq.bits": "whole",
    **{f"{name}.cache": "switch" for name in QUANTIZERS},
    **{f"{name}.enabled": "switch" for name in QUANTIZERS},
    **{f"{name}.rescoreLimit": "whole" for name in QUANTIZERS},
}
_HFRESH: dict[str, Kind] = {
    # 1.39.0: "HFresh only supports 'cosine' or 'l2-squared' for the distance metric".
    "distance": ("cosine", "l2-squared"),
    "maxPostingSizeKB": "whole",
    "replicas": "whole",
    "rq.bits": "whole",
    "rq.enabled": "switch",
    "rq.rescoreLimit": "whole",
    "searchProbe": "whole",
}
INDEX: dict[str, dict[str, Kind]] = {
    "hnsw": _HNSW,
    "flat": _FLAT,
    "hfresh": _HFRESH,
    "dynamic": {
        "distance": DISTANCES,
        "threshold": "whole",
        **{f"hnsw.{name}": kind for name, kind in _HNSW.items()},
        **{f"flat.{name}": kind for name, kind in _FLAT.items()},
    },
}
"""Index type -> its settings, below ``vectorIndexConfig``."""

FREE = (
    "moduleConfig.**",
    "properties.*.moduleConfig.**",
    "vectorConfig.*.vectorizer.**",
    "replicationConfig.asyncConfig.**",
    "invertedIndexConfig.stopwordPresets.**",
    "invertedIndexConfig.tokenizerUserDict.**",
)
"""Where modules and releases put what they like."""


def known_settings(definition: Mapping[str, Any]) -> dict[str, Kind]:
    """Every setting that this definition can have, by its path: of the properties and vectors
    that it has, and of their index types."""
    return dict(_known(definition))


def _known(definition: Mapping[str, Any]) -> Iterator[tuple[str, Kind]]:
    yield from COLLECTION.items()
    yield from _of_properties(definition.get("properties"), "properties")
    for vector in vector_paths(definition):
        place = "".join(f"{part}." for part in vector)
        yield f"{place}vectorIndexType", INDEX_TYPES
        if not vector:
            yield "vectorizer", "text"
        for name, kind in INDEX.get(index_type(definition, vector), {}).items():
            yield f"{place}vectorIndexConfig.{name}", kind


def _of_properties(properties: Any, place: str) -> Iterator[tuple[str, Kind]]:
    for name, one in (by_name(properties) or {}).items():
        for setting, kind in PROPERTY.items():
            yield f"{place}.{name}.{setting}", kind
        nested = one.get("nestedProperties") if isinstance(one, dict) else None
        yield from _of_properties(nested, f"{place}.{name}.nestedProperties")
