"""Collection definitions as Weaviate 1.39 answers them: complete, every default filled in.

Key order is the server's. The shapes come from `GET /v1/schema` of a real 1.39.0; what an index
type lacks there (a `flat` index has no `ef`) is lacking here.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

Definition = dict[str, Any]

_INVERTED: Definition = {
    "bm25": {"b": 0.75, "k1": 1.2},
    "cleanupIntervalSeconds": 60,
    "stopwords": {"additions": None, "preset": "en", "removals": None},
    "usingBlockMaxWAND": True,
}

_HNSW: Definition = {
    "skip": False,
    "cleanupIntervalSeconds": 300,
    "maxConnections": 32,
    "efConstruction": 128,
    "ef": -1,
    "dynamicEfMin": 100,
    "dynamicEfMax": 500,
    "dynamicEfFactor": 8,
    "vectorCacheMaxObjects": 1_000_000_000_000,
    "flatSearchCutoff": 40_000,
    "distance": "cosine",
    "pq": {
        "enabled": False,
        "bitCompression": False,
        "segments": 0,
        "centroids": 256,
        "trainingLimit": 100_000,
        "encoder": {"type": "kmeans", "distribution": "log-normal"},
    },
    "bq": {"enabled": False},
    "sq": {"enabled": False, "trainingLimit": 100_000, "rescoreLimit": 20},
    "rq": {"enabled": False, "bits": 8, "rescoreLimit": 20},
    "filterStrategy": "acorn",
    "multivector": {
        "enabled": False,
        "muvera": {"enabled": False, "ksim": 4, "dprojections": 16, "repetitions": 10},
        "aggregation": "maxSim",
    },
    "skipDefaultQuantization": False,
    "trackDefaultQuantization": False,
}

_FLAT: Definition = {
    "distance": "cosine",
    "vectorCacheMaxObjects": 1_000_000_000_000,
    "pq": {"enabled": False, "rescoreLimit": -1, "cache": False},
    "bq": {"enabled": False, "rescoreLimit": -1, "cache": False},
    "sq": {"enabled": False, "rescoreLimit": -1, "cache": False},
    "rq": {"enabled": False, "rescoreLimit": -1, "cache": False, "bits": 8},
    "skipDefaultQuantization": False,
    "trackDefaultQuantization": False,
}

_HFRESH: Definition = {
    "maxPostingSizeKB": 48,
    "replicas": 4,
    "searchProbe": 256,
    "distance": "cosine",
    "rq": {"enabled": True, "bits": 1, "rescoreLimit": 350},
}

_INDEXES: dict[str, Definition] = {
    "hnsw": _HNSW,
    "flat": _FLAT,
    "hfresh": _HFRESH,
    "dynamic": {"distance": "cosine", "threshold": 10_000, "hnsw": _HNSW, "flat": _FLAT},
}

#: What a multi-tenant collection says instead: read it, but a server refuses it as posted.
_NO_SHARDING: Definition = {
    "virtualPerPhysical": 0,
    "desiredCount": 0,
    "actualCount": 0,
    "desiredVirtualCount": 0,
    "actualVirtualCount": 0,
    "key": "",
    "strategy": "",
    "function": "",
}

_TEXT_TYPES = frozenset({"text", "text[]"})
_QUANTIZERS = ("pq", "bq", "sq", "rq")


def vector_index(kind: str = "hnsw", **overrides: Any) -> tuple[str, Definition]:
    """An index type and its full configuration; `overrides` go as deep as the defaults do."""
    configuration = copy.deepcopy(_INDEXES[kind])
    overlay(configuration, overrides)
    return kind, configuration


def overlay(base: Definition, overrides: Mapping[str, Any]) -> None:
    """Write `overrides` over `base`, dict by dict."""
    for key, value in overrides.items():
        if isinstance(value, Mapping) and isinstance(base.get(key), dict):
            overlay(base[key], value)
        else:
            base[key] = copy.deepcopy(value)


def property_definition(
    name: str,
    data_type: str,
    *,
    tokenization: str = "word",
    range_filters: bool = False,
    nested: Sequence[Definition] = (),
) -> Definition:
    """One property with the defaults that a server fills in for its data type."""
    text = data_type in _TEXT_TYPES
    definition: Definition = {
        "dataType": [data_type],
        "indexFilterable": True,
        "indexRangeFilters": range_filters,
        "indexSearchable": text,
        "name": name,
    }
    if nested:
        definition["nestedProperties"] = list(nested)
    if text:
        definition["tokenization"] = tokenization
    return definition


def class_definition(
    name: str,
    *,
    properties: Sequence[Definition],
    vectors: Mapping[str, tuple[str, Definition]],
    replication_factor: int,
    shards: int,
    multi_tenant: bool = False,
    auto_tenants: bool = False,
    description: str = "",
    deletion_strategy: str = "TimeBasedResolution",
) -> Definition:
    """A whole collection. `vectors` maps names to indexes; the name `""` is the legacy vector."""
    definition: Definition = {"class": name}
    if description:
        definition["description"] = description
    definition["invertedIndexConfig"] = copy.deepcopy(_INVERTED)
    definition["multiTenancyConfig"] = {
        "autoTenantActivation": auto_tenants,
        "autoTenantCreation": auto_tenants,
        "enabled": multi_tenant,
    }
    definition["properties"] = list(properties)
    definition["shardingConfig"] = (
        copy.deepcopy(_NO_SHARDING) if multi_tenant else _sharding(shards)
    )
    _write_vectors(definition, vectors)
    definition["replicationConfig"] = {
        "deletionStrategy": deletion_strategy,
        "factor": replication_factor,
        "asyncEnabled": replication_factor > 1,
    }
    return definition


def is_compressed(definition: Definition) -> bool:
    """Whether any of the collection's vectors is held quantized, as verbose nodes say it."""
    return any(
        configuration.get(quantizer, {}).get("enabled", False)
        for configuration in vector_configurations(definition).values()
        for quantizer in _QUANTIZERS
    )


def vector_configurations(definition: Definition) -> dict[str, Definition]:
    """Index configuration by vector name; the legacy vector's name is `""`."""
    if "vectorIndexConfig" in definition:
        return {"": definition["vectorIndexConfig"]}
    return {
        name: vector["vectorIndexConfig"]
        for name, vector in definition.get("vectorConfig", {}).items()
    }


def _sharding(shards: int) -> Definition:
    return {
        "virtualPerPhysical": 128,
        "desiredCount": shards,
        "actualCount": shards,
        "desiredVirtualCount": 128 * shards,
        "actualVirtualCount": 128 * shards,
        "key": "_id",
        "strategy": "hash",
        "function": "murmur3",
    }


def _write_vectors(definition: Definition, vectors: Mapping[str, tuple[str, Definition]]) -> None:
    if "" in vectors:
        kind, configuration = vectors[""]
        definition["vectorIndexConfig"] = configuration
        definition["vectorIndexType"] = kind
        definition["vectorizer"] = "none"
        return
    definition["vectorConfig"] = {
        name: {
            "vectorIndexConfig": configuration,
            "vectorIndexType": kind,
            "vectorizer": {"none": {}},
        }
        for name, (kind, configuration) in vectors.items()
    }
