"""What a server refuses in a new collection, in the words of a 1.39.0."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from elysiadash.demo.definitions import Definition
from elysiadash.demo.world import World

_QUANTIZERS = ("pq", "bq", "sq", "rq")
_TOO_MANY = {
    "hnsw": "invalid hnsw config: more than a single compression methods enabled",
    "flat": "cannot enable multiple quantization methods at the same time",
}


def refusal(world: World, name: str, given: Definition) -> str | None:
    """Why a collection cannot be made so; None where it can."""
    return next(_refusals(world, name, given), None)


def property_refusal(
    world: World, name: str, known: list[Definition], given: Definition
) -> str | None:
    """Why a property cannot be added to the ``known`` ones of the collection ``name``."""
    doubled = next(_doubled(name, [*known, given]), None)
    if doubled is not None or next(_absent_targets(world, name, [given]), None) is None:
        return doubled
    kinds = " ".join(given["dataType"])
    why = "reference property to nonexistent class"
    return f"property '{given['name']}': invalid dataType: [{kinds}]: {why}"


def _refusals(world: World, name: str, given: Definition) -> Iterator[str]:
    multi_tenant = (given.get("multiTenancyConfig") or {}).get("enabled", False)
    if multi_tenant and given.get("shardingConfig") is not None:
        yield "cannot have both shardingConfig and multiTenancyConfig"
    unnamed = ("vectorIndexType", "vectorIndexConfig", "vectorizer")
    if given.get("vectorConfig") and any(given.get(key) for key in unnamed):
        yield "creating a class with both a class level vector index and named vectors is forbidden"
    if next(_absent_targets(world, name, given.get("properties") or []), None) is not None:
        yield "bad request: reference property to nonexistent class"
    yield from _doubled(name, given.get("properties") or [])
    doubled = _doubly_compressed(given)
    if doubled is not None:
        yield f"class.VectorIndexConfig can not parse: parse vector index config: {doubled}"
    for vector, about in (given.get("vectorConfig") or {}).items():
        if about.get("vectorizer") is None:
            yield "class.VectorConfig.Vectorizer must be an object, got <nil>"
        if about.get("vectorIndexType") == "none":
            yield (
                f'vector "{vector}": cannot create a new class with vectorIndexType "none"; '
                "this is an internal sentinel for dropped indexes"
            )
        doubled = _doubly_compressed(about)
        if doubled is not None:
            parsing = "parse vector index config: parse vector index config"
            yield f'target vector "{vector}": {parsing}: {doubled}'
    factor = int((given.get("replicationConfig") or {}).get("factor", 1) or 1)
    live = len(world.model.nodes)
    if factor > live:
        yield (
            "init sharding state: could not find enough weaviate nodes for replication: "
            f"{live} available, {factor} requested"
        )
    similar = next((n for n in world.model.collections if n.lower() == name.lower()), None)
    if similar is not None and similar != name:
        yield f'class already exists: found similar class "{similar}"'
    if name in world.model.aliases:
        yield f"alias name {name} already exists"


def _absent_targets(world: World, name: str, properties: list[Definition]) -> Iterator[str]:
    for one in properties:
        for kind in one.get("dataType") or ():
            # Only collections begin with a capital; a collection may refer to itself.
            if kind[:1].isupper() and kind != name and kind not in world.model.collections:
                yield kind


def _doubled(name: str, properties: list[Definition]) -> Iterator[str]:
    seen: set[str] = set()
    for one in properties:
        called = str(one.get("name", ""))
        if called.lower() in seen:
            yield (
                f'class "{name}": conflict for property "{called}": '
                "already in use or provided multiple times"
            )
        seen.add(called.lower())


def _doubly_compressed(vector: Definition) -> str | None:
    config: Any = vector.get("vectorIndexConfig") or {}
    on = [kind for kind in _QUANTIZERS if (config.get(kind) or {}).get("enabled")]
    return _TOO_MANY.get(vector.get("vectorIndexType") or "hnsw") if len(on) > 1 else None
