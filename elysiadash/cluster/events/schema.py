"""Changes of the schema, the aliases and the tenants, from two answers each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec

from elysiadash.cluster.events.event import Event
from elysiadash.cluster.events.seen import Seen
from elysiadash.cluster.rows import TenantCounts
from elysiadash.weaviate.models import Alias, CollectionDefinition, Property, Schema, VectorConfig

_SCHEMA = "GET /v1/schema"
_ALIASES = "GET /v1/aliases"


def schema_changes(before: Schema, after: Schema, seen: Seen) -> list[Event]:
    """Collections created, deleted and changed: one event for each setting that differs.

    Only settings that the console decodes are compared (``weaviate.models``).
    """
    old, new = _by_name(before), _by_name(after)
    events = [_created(new[name], seen) for name in new if name not in old]
    events += [_deleted(old[name], seen) for name in old if name not in new]
    for name, definition in new.items():
        known = old.get(name)
        # Almost all are equal, and that is found out in no time.
        if known is not None and known != definition:
            events += _collection_changes(known, definition, seen)
    return events


def names_since(names: Collection[str], after: Schema, seen: Seen) -> list[Event]:
    """Collections created and deleted since only their ``names`` were kept."""
    new = _by_name(after)
    events = [_created(new[name], seen) for name in new if name not in names]
    gone = sorted(set(names) - new.keys())
    return events + [_deleted(CollectionDefinition(name=name), seen) for name in gone]


def alias_changes(before: Iterable[Alias], after: Iterable[Alias], seen: Seen) -> list[Event]:
    """Aliases created, deleted, and moved to another collection."""
    old = {alias.alias: alias.collection for alias in before}
    new = {alias.alias: alias.collection for alias in after}
    events: list[Event] = []
    for name in sorted(old.keys() | new.keys()):
        was, now = old.get(name), new.get(name)
        if was == now:
            continue
        verb, message = _alias_words(name, was, now)
        events.append(
            Event(
                at=seen.at,
                kind=f"alias.{verb}",
                message=message,
                collection=now or was,
                name=name,
                before=was,
                after=now,
                evidence=seen.words(_ALIASES),
            )
        )
    return events


def tenant_changes(
    collection: str, before: TenantCounts, after: TenantCounts, seen: Seen
) -> list[Event]:
    """One event however many tenants came, went or changed their state.

    Only numbers are known: one tenant added and another deleted between two looks cancel out.
    """
    was, now = _in_use(before.by_state), _in_use(after.by_state)
    if was == now:
        return []
    parts = [
        f"{state} {was.get(state, 0):,} -> {now.get(state, 0):,}"
        for state in sorted(was.keys() | now.keys())
        if was.get(state, 0) != now.get(state, 0)
    ]
    total = f" ({before.total:,} -> {after.total:,} tenants)" if before.total != after.total else ""
    return [
        Event(
            at=seen.at,
            kind="tenants.changed",
            message=f"tenants of {collection}: {', '.join(parts)}{total}",
            collection=collection,
            before=_states_words(was),
            after=_states_words(now),
            evidence=seen.words(f"GET /v1/schema/{collection}/tenants"),
        )
    ]


def _created(definition: CollectionDefinition, seen: Seen) -> Event:
    facts = []
    if definition.replication_config:
        facts.append(f"replication factor {definition.replication_config.factor}")
    if definition.multi_tenancy_config and definition.multi_tenancy_config.enabled:
        facts.append("multi-tenant")
    elif definition.sharding_config and definition.sharding_config.actual_count:
        facts.append(f"shards {definition.sharding_config.actual_count}")
    return Event(
        at=seen.at,
        kind="collection.created",
        message=f"collection {definition.name} created"
        + (f": {', '.join(facts)}" if facts else ""),
        collection=definition.name,
        evidence=seen.words(_SCHEMA),
    )


def _deleted(definition: CollectionDefinition, seen: Seen) -> Event:
    return Event(
        at=seen.at,
        kind="collection.deleted",
        message=f"collection {definition.name} deleted",
        severity="warning",
        collection=definition.name,
        evidence=seen.words(_SCHEMA),
    )


def _collection_changes(
    before: CollectionDefinition, after: CollectionDefinition, seen: Seen
) -> list[Event]:
    events: list[Event] = []
    for path, was, now in differences(before, after):
        old, new = _value_words(was), _value_words(now)
        events.append(
            Event(
                at=seen.at,
                kind="collection.changed",
                message=f"{after.name}: {_change_words(path, old, new)}",
                collection=after.name,
                name=path,
                before=old,
                after=new,
                evidence=seen.words(_SCHEMA),
            )
        )
    return events


def differences(before: Any, after: Any, path: str = "") -> list[tuple[str, Any, Any]]:
    """(path, before, after) of every difference; paths are those of the server's JSON.

    Properties go by name (``properties.title.tokenization``), named vectors too. What is only on
    one side is None on the other, and is told whole.
    """
    if before == after:
        return []
    old, new = _parts(before), _parts(after)
    # A collection's first property turns null into a list.
    if before is None and isinstance(after, list | dict):
        old = {}
    if after is None and isinstance(before, list | dict):
        new = {}
    if old is None or new is None:
        return [(path, before, after)]
    found: list[tuple[str, Any, Any]] = []
    for name in [*old, *(name for name in new if name not in old)]:
        inner = f"{path}.{name}" if path else name
        found += differences(old.get(name), new.get(name), inner)
    return found


def _parts(value: Any) -> Mapping[str, Any] | None:
    """A value taken apart by name; None where it is no composite."""
    if isinstance(value, msgspec.Struct):
        names = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
        return {shown: getattr(value, field) for shown, field in names}
    if isinstance(value, dict):
        return value
    if isinstance(value, list) and all(isinstance(item, Property) for item in value):
        return {item.name: item for item in value}
    return None


def _change_words(path: str, old: str | None, new: str | None) -> str:
    kinds = {"properties": "property", "vectorConfig": "vector"}
    head, _, name = path.partition(".")
    whole = head in kinds and name and "." not in name
    if whole and old is None:
        return f"{kinds[head]} {name} added ({new})"
    if whole and new is None:
        return f"{kinds[head]} {name} removed ({old})"
    return f"{path} {'not set' if old is None else old} -> {'not set' if new is None else new}"


def _value_words(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, Property):
        return ", ".join(value.data_type) or "no data type"
    if isinstance(value, VectorConfig):
        return value.vector_index_type or "no index type"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    text = msgspec.json.encode(_given(value)).decode()
    return text if len(text) <= 200 else f"{text[:199]}…"


def _given(value: Any) -> Any:
    """A value without the settings that were not given."""
    if isinstance(value, msgspec.Struct):
        parts = _parts(value) or {}
        return {name: _given(part) for name, part in parts.items() if part is not None}
    return value


def _alias_words(name: str, was: str | None, now: str | None) -> tuple[str, str]:
    if was is None:
        return "created", f"alias {name} created for {now}"
    if now is None:
        return "deleted", f"alias {name} of {was} deleted"
    return "moved", f"alias {name} moved: {was} -> {now}"


def _by_name(schema: Schema) -> dict[str, CollectionDefinition]:
    return {definition.name: definition for definition in schema.classes or ()}


def _in_use(by_state: Mapping[str, int]) -> dict[str, int]:
    return {state: count for state, count in by_state.items() if count}


def _states_words(by_state: Mapping[str, int]) -> str:
    return ", ".join(f"{state} {by_state[state]}" for state in sorted(by_state)) or "none"
