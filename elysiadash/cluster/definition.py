"""A collection's vector index and compression in a few words."""

from __future__ import annotations

from elysiadash.weaviate.models import CollectionDefinition, Quantizer, VectorIndexConfig

NO_COMPRESSION = "none"


def vector_index_words(definition: CollectionDefinition) -> str | None:
    """``hnsw``; for several named vectors ``body: hnsw, title: flat``; None without vectors."""
    types = {
        name: config.vector_index_type or "hnsw"
        for name, config in (definition.vector_config or {}).items()
    }
    return _by_name(types) or definition.vector_index_type or None


def compression_words(definition: CollectionDefinition) -> str | None:
    """What is configured: ``none``, ``rq-8``, ``pq``, ...; by name for several vectors."""
    named = {
        name: _quantizer(config.vector_index_config)
        for name, config in (definition.vector_config or {}).items()
    }
    if named:
        return _by_name(named)
    if definition.vector_index_config is None:
        return None
    return _quantizer(definition.vector_index_config)


def _quantizer(config: VectorIndexConfig | None) -> str:
    if config is None:
        return NO_COMPRESSION
    switches: tuple[tuple[str, Quantizer | None], ...] = (
        ("pq", config.pq),
        ("bq", config.bq),
        ("sq", config.sq),
        ("rq", config.rq),
    )
    on = [
        f"{name}-{switch.bits}" if switch.bits else name
        for name, switch in switches
        if switch is not None and switch.enabled
    ]
    if on:
        return "+".join(on)
    # A dynamic index carries the settings of both its stages.
    nested = [_quantizer(part) for part in (config.flat, config.hnsw) if part is not None]
    used = [words for words in nested if words != NO_COMPRESSION]
    return " then ".join(used) if used else NO_COMPRESSION


def _by_name(words: dict[str, str]) -> str | None:
    if not words:
        return None
    different = set(words.values())
    if len(words) == 1 or len(different) == 1:
        return next(iter(words.values()))
    return ", ".join(f"{name}: {words[name]}" for name in sorted(words))
