"""What ``PUT /v1/schema/{collection}`` does with a change of each setting: a table of facts.

Tried on a real 1.39.0 by changing one setting of a stored definition and reading it back; what
was not tried says so. A refused PUT can still have changed what is stored: always read back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from elysiadash.schema.definition import index_part, index_type, lookup, matches, stage_of
from elysiadash.schema.quantizers import QUANTIZERS

Verdict = Literal["accepted", "refused", "ignored", "depends", "dangerous", "unknown"]
"""``ignored`` answers 200 and changes nothing; ``depends`` says on what; ``dangerous`` is
accepted and must not be sent; ``unknown`` was never tried."""

_PUT = "PUT on 1.39.0"
_CODE = "Weaviate's source, 1.39.0"


class Rule(msgspec.Struct, frozen=True, gc=False):
    """What becomes of a change."""

    pattern: str
    verdict: Verdict
    why: str
    source: str = _PUT


def _accepted(*patterns: str, why: str = "") -> tuple[Rule, ...]:
    return tuple(Rule(pattern, "accepted", why) for pattern in patterns)


def _refused(*patterns: str, why: str, source: str = _PUT) -> tuple[Rule, ...]:
    return tuple(Rule(pattern, "refused", why, source) for pattern in patterns)


COLLECTION: tuple[Rule, ...] = (
    *_refused("class", why='"class name is immutable"'),
    *_accepted(
        "description",
        "properties.*.description",
        "invertedIndexConfig.bm25.*",
        "invertedIndexConfig.stopwords.*",
        "invertedIndexConfig.cleanupIntervalSeconds",
        "multiTenancyConfig.autoTenantActivation",
        "multiTenancyConfig.autoTenantCreation",
        "replicationConfig.deletionStrategy",
        "replicationConfig.asyncConfig.**",
    ),
    *_refused(
        "properties.*",
        why="PUT neither adds nor removes properties; POST .../properties adds one, none removes",
    ),
    *_refused(
        "properties.*.tokenization",
        "properties.*.indexFilterable",
        "properties.*.indexSearchable",
        "properties.*.indexRangeFilters",
        why="not by PUT of the collection; from 1.38 on an index task can "
        "(PUT .../properties/{property}/index/...)",
    ),
    *_refused("properties.**", why='"property fields other than description cannot be updated"'),
    *_refused(
        "invertedIndexConfig.indexTimestamps",
        "invertedIndexConfig.indexNullState",
        "invertedIndexConfig.indexPropertyLength",
        why='"setting is immutable"',
    ),
    Rule("invertedIndexConfig.usingBlockMaxWAND", "ignored", "the server decides it"),
    *_refused("multiTenancyConfig.enabled", why="multi-tenancy cannot be switched afterwards"),
    Rule(
        "replicationConfig.factor",
        "depends",
        "up only where every shard has so many replicas already; down at once, "
        "and the replicas stay",
    ),
    Rule(
        "replicationConfig.asyncEnabled",
        "ignored",
        "no setting from 1.38 on; a setting up to 1.37",
    ),
    Rule("shardingConfig.actualCount", "ignored", "computed by the server"),
    Rule("shardingConfig.actualVirtualCount", "ignored", "computed by the server", _CODE),
    Rule("shardingConfig.desiredVirtualCount", "ignored", "computed by the server", _CODE),
    *_refused("shardingConfig.desiredCount", why='"re-sharding not supported yet"'),
    *_refused(
        "shardingConfig.virtualPerPhysical", why='"virtual shards per physical" is immutable'
    ),
    *_refused(
        "shardingConfig.**", why="only the one value that is there is supported", source=_CODE
    ),
    Rule(
        "objectTtlConfig.**",
        "depends",
        "enabling it needs OBJECTS_TTL_DELETE_SCHEDULE, and the right to delete objects",
    ),
    *_accepted("moduleConfig.**", why="before 1.39 generative and reranker modules only"),
    *_refused("vectorizer", why='"vectorizer is immutable"'),
    *_refused("vectorIndexType", why='"vector index type is immutable"'),
    Rule("vectorConfig.*.vectorIndexType", "ignored", "only an unnamed vector's type is refused"),
    *_refused("vectorConfig.*.vectorizer.**", why='"vectorizer config is immutable"'),
)
"""Settings of the collection; the first that fits holds."""

_NOT_AFTERWARDS = "is immutable"

INDEX: dict[str, tuple[Rule, ...]] = {
    "hnsw": (
        *_accepted(
            "ef",
            "dynamicEfMin",
            "dynamicEfMax",
            "dynamicEfFactor",
            "filterStrategy",
            "flatSearchCutoff",
            "skip",
            "skipDefaultQuantization",
            "trackDefaultQuantization",
            "rq.rescoreLimit",
        ),
        *_accepted("vectorCacheMaxObjects", why="may take effect only after a restart"),
        *_refused(
            "efConstruction",
            "maxConnections",
            "cleanupIntervalSeconds",
            "distance",
            "multivector.**",
            why=_NOT_AFTERWARDS,
        ),
    ),
    "flat": (
        *_accepted("vectorCacheMaxObjects", "bq.cache", "bq.rescoreLimit"),
        *_refused("distance", "bq.enabled", "rq.enabled", why=_NOT_AFTERWARDS),
        *_refused(
            "pq.enabled", "sq.enabled", "rq.bits", "pq.cache", why=_NOT_AFTERWARDS, source=_CODE
        ),
    ),
    "hfresh": (
        *_accepted("searchProbe", "maxPostingSizeKB", "rq.rescoreLimit"),
        *_refused("replicas", "distance", why=_NOT_AFTERWARDS),
        *_refused("rq.bits", why='"rq only supports 1 bit"'),
    ),
    "dynamic": (
        *_accepted("threshold"),
        *_refused("distance", why=_NOT_AFTERWARDS, source=_CODE),
    ),
}
"""Index type -> its settings; a dynamic index's stages follow the rules of theirs."""

NAMED: tuple[Rule, ...] = (
    Rule("skipDefaultQuantization", "ignored", "taken at creation, and for an unnamed vector"),
    Rule("trackDefaultQuantization", "ignored", "taken at creation, and for an unnamed vector"),
)
"""What named vectors do otherwise; looked at before ``INDEX``."""

_NEW_VECTOR = Rule("vectorConfig.*", "accepted", "objects that are there get no such vector")
_GONE_VECTOR = Rule("vectorConfig.*", "refused", '"missing config for vector"')
_SECOND_QUANTIZER = Rule(
    "*.enabled",
    "dangerous",
    "a second quantizer is accepted and bricks the collection at the next restart",
    "rq on, rq off, bq on, restart of a 1.39.0: twice, both times",
)
_FIRST_QUANTIZER = Rule(
    "*.enabled",
    "accepted",
    "only where no replica says compressed: another quantizer was on before, and a second one "
    "bricks the collection at the next restart",
)
_QUANTIZER_OFF = Rule("*.enabled", "accepted", "vectors stay compressed")
_BITS_IN_USE = Rule("rq.bits", "refused", '"rq bits is immutable"')
_FREE_WHILE_OFF = Rule("*.*", "accepted", "the quantizer is off")
_UNTRIED = Rule("**", "unknown", "never tried", "")


def verdict(definition: Mapping[str, Any], path: Sequence[str], new: Any) -> Rule:
    """What becomes of a PUT that gives one setting of ``definition`` the value ``new``.

    ``new`` is None where the setting is left out: a server then takes its default.
    """
    path = tuple(path)
    if matches("vectorConfig.*", path):
        return _GONE_VECTOR if new is None else _NEW_VECTOR
    part = index_part(path)
    if part is None:
        return _first(COLLECTION, path)
    vector, setting = part
    kind, own = stage_of(index_type(definition, vector), setting)
    if vector and _first(NAMED, own) is not _UNTRIED:
        return _first(NAMED, own)
    if kind == "hnsw" and own[0] in QUANTIZERS and len(own) > 1:
        return _of_quantizer(definition, path, own, new)
    return _first(INDEX.get(kind, ()), own)


def _of_quantizer(
    definition: Mapping[str, Any], path: tuple[str, ...], own: tuple[str, ...], new: Any
) -> Rule:
    """HNSW: which quantizer is on decides."""
    stage = path[: -len(own)]
    on = [name for name in QUANTIZERS if lookup(definition, (*stage, name, "enabled")) is True]
    if own[1:] == ("enabled",):
        if new is not True:
            return _QUANTIZER_OFF
        return _SECOND_QUANTIZER if [name for name in on if name != own[0]] else _FIRST_QUANTIZER
    if own[0] not in on:
        return _FREE_WHILE_OFF
    return _BITS_IN_USE if own == ("rq", "bits") else _first(INDEX["hnsw"], own)


def _first(rules: Sequence[Rule], path: tuple[str, ...]) -> Rule:
    return next((rule for rule in rules if matches(rule.pattern, path)), _UNTRIED)


def change_words(rule: Rule) -> str:
    """A verdict for people: ``PUT refuses it: ...``."""
    said = {
        "accepted": "PUT takes it",
        "refused": "PUT refuses it",
        "ignored": "PUT answers 200 and ignores it",
        "depends": "PUT may take it",
        "dangerous": "PUT takes it, and must not be sent",
        "unknown": "PUT of it was never tried",
    }[rule.verdict]
    return f"{said}: {rule.why}" if rule.why and rule.verdict != "unknown" else said
