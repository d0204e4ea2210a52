"""What to leave out of a definition before it is posted elsewhere or kept as a template.

What is left out is a table: path, reason, source, and when.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

import msgspec

from elysiadash.schema.definition import (
    Definition,
    Path,
    by_name,
    is_multi_tenant,
    lookup,
    matches,
    without,
)

Purpose = Literal["elsewhere", "template"]
"""Post it under another name or to another cluster; or keep it for collections to come."""
Version = tuple[int, int, int]

_LIVE = "seen on 1.39.0"
_SOURCE = "Weaviate's source, 1.39.0"


def _always(definition: Definition, path: Path) -> bool:
    return True


def _multi_tenant(definition: Definition, path: Path) -> bool:
    return is_multi_tenant(definition)


def _dropped_vector(definition: Definition, path: Path) -> bool:
    return bool(lookup(definition, (*path, "vectorIndexType")) == "none")


def _beside_its_successors(definition: Definition, path: Path) -> bool:
    known = lookup(definition, path[:-1]) or {}
    return any(f"index{kind}" in known for kind in ("Filterable", "Searchable", "RangeFilters"))


class Rule(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One thing to leave out, why, and who says so."""

    pattern: str
    """See ``definition.matches``."""
    why: str
    source: str
    when: Callable[[Definition, Path], bool] = _always
    """Looks at the whole definition and the path that was found."""
    purpose: Purpose | None = None
    """Only for this purpose; None: for each."""
    since: Version | None = None
    """Only where the target is known to be of this release or a later one."""


RULES: tuple[Rule, ...] = (
    Rule(
        pattern="class",
        why="a template has no name of its own",
        source="ours",
        purpose="template",
    ),
    Rule(
        pattern="shardingConfig",
        when=_multi_tenant,
        why="every tenant has its own shard; a server refuses the zeros that it shows here",
        source=f'{_LIVE}: 422 "cannot have both shardingConfig and multiTenancyConfig"',
    ),
    Rule(
        pattern="shardingConfig.actualCount",
        why="computed by the server",
        source=f"{_LIVE}: posted or put, it is ignored",
    ),
    Rule(
        pattern="shardingConfig.actualVirtualCount",
        why="computed by the server",
        source=f"{_SOURCE}: usecases/sharding/config/config.go",
    ),
    Rule(
        pattern="shardingConfig.desiredVirtualCount",
        why="computed by the server from desiredCount and virtualPerPhysical",
        source=f"{_SOURCE}: usecases/sharding/config/config.go",
    ),
    Rule(
        pattern="replicationConfig.asyncEnabled",
        since=(1, 38, 0),
        why="no setting from 1.38 on: shown, computed from the factor",
        source=f"{_LIVE}: posted true with factor 1, reads false",
    ),
    Rule(
        pattern="replicationConfig.asyncConfig.maxWorkers",
        since=(1, 37, 0),
        why="gone since 1.37",
        source=f"{_LIVE}: posted, not kept",
    ),
    Rule(
        pattern="replicationConfig.asyncConfig.aliveNodesCheckingFrequency",
        since=(1, 37, 0),
        why="gone since 1.37",
        source="the OpenAPI description of 1.37",
    ),
    Rule(
        pattern="vectorConfig.*",
        when=_dropped_vector,
        why="the vector was dropped, only its name is left",
        source=f'{_LIVE}: 422 "cannot create a new class with vectorIndexType none"',
    ),
    *(
        Rule(
            pattern=f"{place}vectorIndexConfig.{stage}trackDefaultQuantization",
            why="a note of the server that its own default quantizer was put in",
            source=f"{_SOURCE}: entities/vectorindex/hnsw/config.go",
        )
        for place in ("", "vectorConfig.*.")
        for stage in ("", "hnsw.", "flat.")
    ),
    *(
        Rule(
            pattern=f"properties.*.{name}",
            why="a mark of the server about its own files",
            source=f"{_SOURCE}: usecases/schema/class.go",
        )
        for name in ("searchableBlockmax", "bucketGeneration")
    ),
    Rule(
        pattern="properties.*.indexInverted",
        when=_beside_its_successors,
        why="replaced by indexFilterable and indexSearchable; a server refuses both",
        source=f'{_LIVE}: 422 "`indexInverted` is deprecated and can not be set together with"',
    ),
)
"""All of it, in the order in which it is looked for."""


class Dropped(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One thing that was left out."""

    path: Path
    value: Any
    why: str
    source: str


class Cleaned(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A definition that can be posted or kept, and what was left out of it."""

    definition: Definition
    dropped: tuple[Dropped, ...]


def clean(
    definition: Definition, purpose: Purpose = "elsewhere", target: Version | None = None
) -> Cleaned:
    """Leave out what a server computes, refuses or shows only. The argument stays as it is.

    ``target`` is the release it is meant for; without it nothing is left out that an older
    release may still take. Nulls are left out too: to a server they say nothing.
    """
    kept = _without_nulls(definition)
    dropped: list[Dropped] = []
    for rule in RULES:
        if rule.purpose not in (None, purpose):
            continue
        if rule.since is not None and (target is None or target < rule.since):
            continue
        for path in list(_found(kept, rule.pattern)):
            if rule.when(kept, path):
                value = lookup(kept, path)
                kept = without(kept, path)
                dropped.append(Dropped(path=path, value=value, why=rule.why, source=rule.source))
    return Cleaned(definition=kept, dropped=tuple(dropped))


def _found(definition: Definition, pattern: str) -> Iterator[Path]:
    """The paths of a definition that a pattern of fixed length names."""
    length = pattern.count(".") + 1
    return (path for path in _paths(definition, (), length) if matches(pattern, path))


def _paths(value: Any, path: Path, length: int) -> Iterator[Path]:
    if len(path) == length:
        yield path
        return
    for name, part in (by_name(value) or {}).items():
        yield from _paths(part, (*path, name), length)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_nulls(part) for k, part in value.items() if part is not None}
    if isinstance(value, list):
        return [_without_nulls(part) for part in value]
    return value
