"""What PUT makes of a stored definition: as the facts of ``schema.changes`` say."""

from __future__ import annotations

import copy
from typing import Any

from elysiadash.demo.definitions import Definition, overlay
from elysiadash.demo.model import Collection
from elysiadash.schema.definition import by_name, index_part, with_value, without
from elysiadash.schema.diff import Difference, diff

_REFUSED = "updating schema: TYPE_UPDATE_CLASS: bad request :parse class update"
_ADDED_LATER = ("description", "moduleConfig", "objectTtlConfig", "vectorConfig")
"""What a stored definition may lack and a PUT can bring."""


class ChangeRefused(Exception):
    """A server answers 422; says its words."""


def changed_definition(
    collection: Collection, given: Definition, new_vectors: Definition
) -> Definition:
    """The definition as it is stored afterwards; ``new_vectors`` are complete.

    Raises ``ChangeRefused``. What a PUT leaves out is kept here, where a server takes defaults.
    """
    stored = collection.definition
    wanted = _wanted(stored, given, new_vectors)
    for one in diff(stored, wanted):
        if one.change.verdict == "refused":
            raise ChangeRefused(_words(one))
        if one.path == ("replicationConfig", "factor"):
            _fail_without_replicas(collection, int(one.right))
        if one.change.verdict == "ignored" and one.kind == "extra":
            wanted = without(wanted, one.path)
        elif one.change.verdict == "ignored":
            wanted = with_value(wanted, one.path, one.left)
    return wanted


def _wanted(stored: Definition, given: Definition, new_vectors: Definition) -> Definition:
    wanted = copy.deepcopy(stored)
    absent = (stored.get("vectorConfig") or {}).keys() - (given.get("vectorConfig") or {}).keys()
    if given.get("vectorConfig") and absent:
        raise ChangeRefused(f'{_REFUSED}: missing config for vector "{min(absent)}"')
    known = {key: value for key, value in given.items() if key in (*stored, *_ADDED_LATER)}
    properties = known.pop("properties", None)
    vectors = {**(known.pop("vectorConfig", None) or {}), **new_vectors}
    if vectors:
        known["vectorConfig"] = vectors
    overlay(wanted, {key: value for key, value in known.items() if value is not None})
    if properties is not None:
        wanted["properties"] = _merged(stored.get("properties") or [], properties)
    return wanted


def _merged(stored: list[Definition], given: list[Definition]) -> list[Definition]:
    """Properties as given, with what is stored of those that are."""
    known = by_name(copy.deepcopy(stored)) or {}
    merged = []
    for one in given:
        base = known.get(one["name"], {})
        overlay(base, one)
        merged.append(base)
    return merged


def _fail_without_replicas(collection: Collection, factor: int) -> None:
    for name, shard in collection.shards.items():
        if len(shard.nodes) < factor:
            raise ChangeRefused(
                f'not enough replicas in shard "{name}" to increase replication factor to '
                f'{factor} for class "{collection.name}"'
            )


def _words(one: Difference) -> str:
    change = f'attempted change from "{_said(one.left)}" to "{_said(one.right)}"'
    part = index_part(one.path)
    if part is not None:
        name = " ".join(name for name in part[1] if name != "enabled")
        return f"{_REFUSED}: validate vector index config: {name} is immutable: {change}"
    if one.path[0] == "properties":
        return f"{_REFUSED}: property fields other than description cannot be updated"
    if one.path == ("multiTenancyConfig", "enabled"):
        return "enabling multi-tenancy for an existing class is not supported"
    if one.path[0] == "invertedIndexConfig":
        values = f'Value changed from "{_said(one.left)}" to "{_said(one.right)}"'
        return f'"{one.path[-1]}" setting is immutable. {values}'
    return f"{_REFUSED}: {' '.join(one.path)} is immutable: {change}"


def _said(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
