"""The settings of a collection, line by line: value, what it means, and its place in the schema.

Pure: from the definition that ``GET /v1/schema`` gave. Only what the definition says is listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from elysiadash.cluster.definition import compression_words
from elysiadash.tui import numbers
from elysiadash.tui.filtering import Fields
from elysiadash.tui.plain import plain
from elysiadash.tui.widgets.table import Cell, Column
from elysiadash.weaviate.models import (
    CollectionDefinition,
    InvertedIndex,
    MultiTenancy,
    Property,
    Quantizer,
    Replication,
    Sharding,
    VectorIndexConfig,
)

_SECTION = "§"
_UNBOUNDED = 1_000_000_000_000
_LIMITS = (
    ("segments", "segments"),
    ("centroids", "centroids"),
    ("training_limit", "training limit"),
    ("rescore_limit", "rescore limit"),
)
_DELETIONS = {
    "NoAutomatedResolution": "a deleted object can come back where replicas differ",
    "DeleteOnConflict": "where replicas differ, a deletion wins",
    "TimeBasedResolution": "where replicas differ, the later change wins",
}
_SWITCHES = (
    ("index_timestamps", "indexTimestamps", "Index of times"),
    ("index_null_state", "indexNullState", "Index of nulls"),
    ("index_property_length", "indexPropertyLength", "Index of lengths"),
)


class Setting(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line: ``path`` is the value's place in the definition, ``note`` what it means."""

    key: str
    what: str
    value: str = ""
    note: str = ""
    path: str = ""

    @property
    def is_title(self) -> bool:
        """Whether the line only opens a section."""
        return self.key.startswith(_SECTION)


FIELDS: Fields[Setting] = Fields(
    lambda row: (row.what, row.value, row.path),
    {
        "setting": lambda row: row.what,
        "value": lambda row: row.value,
        "path": lambda row: row.path,
    },
)
"""What the lines can be filtered by."""

COLUMNS: tuple[Column[Setting], ...] = (
    Column(
        "what",
        "Setting",
        lambda row: Cell(row.what, "accent" if row.is_title else ""),
        (14, 28),
        "left",
        100,
    ),
    Column("value", "Value", lambda row: Cell(row.value), (8, 36), "left", 90),
    Column("note", "Meaning", lambda row: Cell(row.note, "muted"), (16, 120), "left", 80),
    Column("path", "Path", lambda row: Cell(row.path, "muted"), (16, 60), "left", 60),
)


def settings_of(definition: CollectionDefinition) -> tuple[Setting, ...]:
    """All settings, in sections."""
    return (
        *_section("General", _general(definition)),
        *_section("Replication", _replication(definition.replication_config)),
        *_section("Sharding", _sharding(definition)),
        *_section("Tenants", _tenancy(definition.multi_tenancy_config)),
        *_vectors(definition),
        *_section("Inverted index", _inverted(definition.inverted_index_config)),
        *_section("Modules", _modules(definition)),
        *_section("Properties", _properties(definition.properties or ())),
    )


def _section(title: str, lines: Iterable[Setting]) -> Iterator[Setting]:
    found = tuple(lines)
    if found:
        yield Setting(key=f"{_SECTION}{title}", what=title)
        yield from found


def _line(path: str, what: str, value: object, note: str = "") -> Setting:
    return Setting(key=path, what=plain(what), value=_text(value), note=plain(note), path=path)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int):
        return numbers.count(value)
    if isinstance(value, float):
        return f"{value:,g}"
    return plain(str(value))


def _general(definition: CollectionDefinition) -> Iterator[Setting]:
    if definition.description:
        yield _line("description", "Description", definition.description)
    words = compression_words(definition)
    if words is not None:
        yield _line("", "Compression", words, "of all vectors; each one's settings are below")
    expiry = definition.object_ttl_config or {}
    for name, value in sorted(expiry.items()):
        yield _line(f"objectTtlConfig.{plain(name)}", f"Expiry: {name}", value)


def _replication(config: Replication | None) -> Iterator[Setting]:
    if config is None:
        return
    base = "replicationConfig"
    yield _line(f"{base}.factor", "Factor", config.factor, "replicas of each shard")
    if config.async_enabled is not None:
        note = "replicas compare and repair by themselves" if config.async_enabled else ""
        yield _line(f"{base}.asyncEnabled", "Asynchronous", config.async_enabled, note)
    for name, value in sorted((config.async_config or {}).items()):
        yield _line(f"{base}.asyncConfig.{plain(name)}", f"Asynchronous: {name}", value)
    if config.deletion_strategy:
        note = _DELETIONS.get(config.deletion_strategy, "")
        yield _line(f"{base}.deletionStrategy", "Deletions", config.deletion_strategy, note)


def _sharding(definition: CollectionDefinition) -> Iterator[Setting]:
    config: Sharding | None = definition.sharding_config
    tenancy = definition.multi_tenancy_config
    # All zero where each tenant is a shard: nothing to be read from it.
    if config is None or (tenancy is not None and tenancy.enabled):
        return
    base = "shardingConfig"
    yield _line(f"{base}.desiredCount", "Shards wanted", config.desired_count)
    yield _line(f"{base}.actualCount", "Shards there are", config.actual_count)
    if config.virtual_per_physical:
        virtual = config.virtual_per_physical
        yield _line(f"{base}.virtualPerPhysical", "Virtual shards a shard", virtual)
    if config.strategy:
        words = " of ".join(part for part in (config.function, config.key) if part)
        yield _line(f"{base}.strategy", "Objects go by", config.strategy, words)


def _tenancy(config: MultiTenancy | None) -> Iterator[Setting]:
    if config is None:
        return
    base = "multiTenancyConfig"
    note = "each tenant is a shard of its own" if config.enabled else ""
    yield _line(f"{base}.enabled", "Multi-tenancy", config.enabled, note)
    if not config.enabled:
        return
    created = "by the first write" if config.auto_tenant_creation else "on request only"
    yield _line(f"{base}.autoTenantCreation", "Created", config.auto_tenant_creation, created)
    active = "by the first use" if config.auto_tenant_activation else "on request only"
    yield _line(f"{base}.autoTenantActivation", "Activated", config.auto_tenant_activation, active)


def _vectors(definition: CollectionDefinition) -> Iterator[Setting]:
    for name, config in sorted((definition.vector_config or {}).items()):
        base = f"vectorConfig.{plain(name)}"
        yield from _section(
            f"Vector {plain(name)}",
            (
                *_vectorizer(base, config.vectorizer),
                *_index(base, config.vector_index_type or "hnsw", config.vector_index_config),
            ),
        )
    if definition.vector_index_type and not definition.vector_config:
        kind = definition.vector_index_type
        yield from _section("Vector", _index("", kind, definition.vector_index_config))


def _vectorizer(base: str, found: Mapping[str, Any] | None) -> Iterator[Setting]:
    for name, options in (found or {}).items():
        note = ", ".join(f"{key} {value}" for key, value in _plain_options(options))
        yield _line(f"{base}.vectorizer", "Vectorizer", name, note)


def _index(base: str, kind: str, config: VectorIndexConfig | None) -> Iterator[Setting]:
    prefix = f"{base}." if base else ""
    yield _line(f"{prefix}vectorIndexType", "Index", kind)
    if config is not None:
        yield from _index_lines(f"{prefix}vectorIndexConfig", "", config)


def _index_lines(base: str, stage: str, config: VectorIndexConfig) -> Iterator[Setting]:
    """One index's settings; ``stage`` is which part of a dynamic one."""
    for field, name, what in (
        ("distance", "distance", "Distance"),
        ("threshold", "threshold", "hnsw from objects"),
        ("ef", "ef", "ef"),
        ("ef_construction", "efConstruction", "efConstruction"),
        ("max_connections", "maxConnections", "maxConnections"),
        ("search_probe", "searchProbe", "searchProbe"),
        ("replicas", "replicas", "Postings a vector"),
        ("max_posting_size_kb", "maxPostingSizeKB", "Largest posting, kB"),
        ("filter_strategy", "filterStrategy", "Filter strategy"),
        ("flat_search_cutoff", "flatSearchCutoff", "Flat search below"),
        ("vector_cache_max_objects", "vectorCacheMaxObjects", "Vector cache"),
        ("cleanup_interval_seconds", "cleanupIntervalSeconds", "Tombstone cleanup, s"),
    ):
        value = getattr(config, field)
        if value is None or value == "":
            continue
        if field == "vector_cache_max_objects" and value >= _UNBOUNDED:
            yield _line(f"{base}.{name}", stage + what, "no limit", "vectors kept in memory")
        else:
            yield _line(f"{base}.{name}", stage + what, value, _index_note(field, config))
    if config.skip:
        yield _line(f"{base}.skip", f"{stage}Skipped", True, "vectors are not indexed")
    if config.multivector is not None and config.multivector.enabled:
        note = f"aggregation {config.multivector.aggregation or numbers.UNKNOWN}"
        muvera = config.multivector.muvera
        note += ", muvera" if muvera is not None and muvera.enabled else ""
        yield _line(f"{base}.multivector.enabled", f"{stage}Multi-vector", True, note)
    yield from _quantizers(base, stage, config)
    for name, part in (("flat", config.flat), ("hnsw", config.hnsw)):
        if part is not None:
            yield from _index_lines(f"{base}.{name}", f"{name}: ", part)


def _index_note(field: str, config: VectorIndexConfig) -> str:
    if field == "ef" and config.ef is not None and config.ef < 0:
        least, most = config.dynamic_ef_min, config.dynamic_ef_max
        return f"chosen for each query: limit x {config.dynamic_ef_factor}, {least} to {most}"
    return {
        "ef": "candidates looked at by a query",
        "flat_search_cutoff": "filters that leave fewer objects are searched flat",
        "vector_cache_max_objects": "vectors kept in memory",
    }.get(field, "")


def _quantizers(base: str, stage: str, config: VectorIndexConfig) -> Iterator[Setting]:
    told = [(name, getattr(config, name)) for name in ("rq", "pq", "bq", "sq")]
    on = [(name, found) for name, found in told if found is not None and found.enabled]
    if not on and any(found is not None for _, found in told):
        yield _line(base, f"{stage}Compression", "none", "vectors are stored whole")
    for name, found in on:
        words = f"{name}-{found.bits}" if found.bits else name
        yield _line(f"{base}.{name}", f"{stage}Compression", words, _quantizer(found))


def _quantizer(found: Quantizer) -> str:
    parts = []
    for field, what in _LIMITS:
        value = getattr(found, field)
        if value is not None and value >= 0 and not (field == "segments" and value == 0):
            parts.append(f"{what} {numbers.count(value)}")
    if found.cache is not None:
        parts.append(f"cache {'on' if found.cache else 'off'}")
    return ", ".join(parts)


def _inverted(config: InvertedIndex | None) -> Iterator[Setting]:
    if config is None:
        return
    base = "invertedIndexConfig"
    if config.bm25 is not None:
        yield _line(f"{base}.bm25.k1", "BM25 k1", config.bm25.k1)
        yield _line(f"{base}.bm25.b", "BM25 b", config.bm25.b)
    if config.using_block_max_wand is not None:
        yield _line(f"{base}.usingBlockMaxWAND", "BlockMax WAND", config.using_block_max_wand)
    stopwords = config.stopwords
    if stopwords is not None and stopwords.preset:
        changed = f"{len(stopwords.additions or ())} added, {len(stopwords.removals or ())} removed"
        yield _line(f"{base}.stopwords.preset", "Stopwords", stopwords.preset, changed)
    for field, name, what in _SWITCHES:
        yield _line(f"{base}.{name}", what, getattr(config, field))
    if config.cleanup_interval_seconds is not None:
        seconds = config.cleanup_interval_seconds
        yield _line(f"{base}.cleanupIntervalSeconds", "Cleanup, s", seconds)


def _modules(definition: CollectionDefinition) -> Iterator[Setting]:
    if definition.vectorizer:
        yield _line("vectorizer", "Vectorizer", definition.vectorizer)
    for name, options in sorted((definition.module_config or {}).items()):
        note = ", ".join(f"{key} {value}" for key, value in _plain_options(options))
        yield _line(f"moduleConfig.{plain(name)}", name, "set", note)


def _plain_options(options: object) -> Iterator[tuple[str, str]]:
    if isinstance(options, Mapping):
        for name, value in sorted(options.items()):
            if not isinstance(value, (dict, list)):
                yield plain(str(name)), _text(value)


def _properties(found: Iterable[Property]) -> Iterator[Setting]:
    for item in found:
        indexes = [
            name
            for name, is_on in (
                ("filterable", item.index_filterable),
                ("searchable", item.index_searchable),
                ("range", item.index_range_filters),
            )
            if is_on
        ]
        words = f"{', '.join(indexes)} index" if indexes else "no index"
        # The tokenization counts only where words are searched or compared.
        words += f", tokenization {item.tokenization}" if item.tokenization else ""
        yield _line(f"properties.{plain(item.name)}", item.name, ", ".join(item.data_type), words)
