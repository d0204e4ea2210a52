"""Where an object belongs and how it is read and written: the rules that every door shares.

REST, GraphQL and gRPC word the same refusals differently; `Refusal` carries the common part.
"""

from __future__ import annotations

import heapq
import zlib
from array import array
from collections.abc import Iterator
from itertools import islice
from typing import Any
from uuid import UUID

from elysiadash.demo.model import Collection, Shard
from elysiadash.demo.objects import ShardObjects
from elysiadash.demo.world import World
from elysiadash.demo.writes import StoredObject


class Refusal(Exception):
    """Why a read or a write of objects is refused, in the server's own words."""


class ReadOnly(Refusal):
    """A write that met a READONLY replica; what it says depends on the replication factor."""

    def __init__(self, shard: Shard, reason: str, *, replicas: int) -> None:
        self.shard = shard
        self.reason = reason
        self.replicated = replicas > 1
        if self.replicated:
            refusals = "; ".join(
                f'replica "{node}": "{node}": read only "{shard.name}"' for node in shard.nodes
            )
            needed = replicas // 2 + 1
            text = f"cannot reach enough replicas: required {needed} replicas, got 0: {refusals}"
        else:
            text = f"store is read-only due to: {reason}"
        super().__init__(text)


class WrongLength(Refusal):
    """A vector that is not as long as those that are there."""

    def __init__(self, identity: str, name: str, length: int, expected: int) -> None:
        where = f"{name} for target vector {identity}" if name else f"for {identity}"
        super().__init__(
            f"Validate vector index {where}: new node has a vector with length {length}. Existing"
            f" nodes have vectors with length {expected}: vector dimensions do not match the index"
            " dimensions"
        )


def checked_uuid(text: str) -> str:
    """An id in its canonical form; raises `ValueError` as the server words it."""
    if len(text) not in (32, 36):
        raise ValueError(f"invalid UUID length: {len(text)}")
    try:
        return str(UUID(text))
    except ValueError:
        raise ValueError("invalid UUID format") from None


def shards_for(collection: Collection, tenant: str) -> list[Shard]:
    """The shards that a request names: one tenant's, or all. Raises `Refusal`."""
    if not collection.multi_tenant:
        if tenant:
            raise Refusal(
                f"class {collection.name} has multi-tenancy disabled, but request was with tenant"
            )
        return list(collection.shards.values())
    if not tenant:
        raise Refusal(
            f"class {collection.name} has multi-tenancy enabled, but request was without tenant"
        )
    shard = collection.shards.get(tenant)
    if shard is None:
        raise Refusal(f'tenant not found: "{tenant}"')
    if not shard.loaded:
        raise Refusal(f"tenant not active: '{tenant}'")
    return [shard]


def count(world: World, collection: Collection, tenant: str) -> int:
    """What Aggregate says: exact, but silent about shards that no live node holds."""
    at = world.now()
    return sum(
        world.model.true_count(collection, shard, at)
        for shard in shards_for(collection, tenant)
        if world.reachable(shard)
    )


def page(
    world: World,
    collection: Collection,
    tenant: str,
    after: str,
    limit: int,
    *,
    vectors: bool = True,
) -> list[StoredObject]:
    """The next objects in order of id, of the shards that some live node holds."""
    streams = [
        _contents(world, collection, shard, vectors=vectors).after(after)
        for shard in shards_for(collection, tenant)
        if world.reachable(shard)
    ]
    merged: Iterator[StoredObject] = heapq.merge(*streams, key=lambda stored: stored.id)
    return list(islice(merged, limit))


def find(world: World, collection: Collection, tenant: str, identity: str) -> StoredObject | None:
    """One object by its id."""
    for shard in shards_for(collection, tenant):
        if world.reachable(shard):
            found = _contents(world, collection, shard).get(identity)
            if found is not None:
                return found
    return None


def owner(world: World, collection: Collection, tenant: str, identity: str) -> Shard:
    """The shard that holds the object, or would."""
    shards = shards_for(collection, tenant)
    for shard in shards:
        if _contents(world, collection, shard).get(identity) is not None:
            return shard
    return shards[zlib.crc32(identity.encode()) % len(shards)]


def put(world: World, node: str, collection: Collection, stored: StoredObject) -> None:
    """Write one object over whatever had its id. Raises `Refusal`.

    The first vector of a name decides how long all of that name are.
    """
    shard = owner(world, collection, stored.tenant, stored.id)
    stored.vectors = {name: _as_float32(vector) for name, vector in stored.vectors.items()}
    for name, vector in stored.vectors.items():
        length = len(vector[0]) if vector and isinstance(vector[0], list) else len(vector)
        expected = collection.lengths.setdefault(name, length)
        if length != expected:
            raise WrongLength(stored.id, name, length, expected)
    refuse_if_frozen(world, collection, shard)
    before = _contents(world, collection, shard).get(stored.id)
    if before is not None:
        stored.created_ms = before.created_ms
    world.model.writes_of(shard).put(stored, world.now(), is_new=before is None)
    world.model.imported[node, collection.name] += 1


def delete(world: World, collection: Collection, tenant: str, identity: str) -> bool:
    """Remove one object; False when there was none. Raises `Refusal` on a READONLY shard."""
    shard = owner(world, collection, tenant, identity)
    refuse_if_frozen(world, collection, shard)
    if _contents(world, collection, shard).get(identity) is None:
        return False
    world.model.writes_of(shard).delete(identity, world.now())
    return True


def refuse_if_frozen(world: World, collection: Collection, shard: Shard) -> None:
    """Raise where too few of the shard's replicas may be written."""
    frozen = [node for node in shard.nodes if node in shard.frozen]
    writable = [node for node in shard.nodes if world.is_up(node) and node not in shard.frozen]
    needed = len(shard.nodes) // 2 + 1
    if frozen and len(writable) < needed:
        raise ReadOnly(shard, shard.frozen[frozen[0]], replicas=len(shard.nodes))
    if len(writable) < needed:
        raise Refusal(
            f"cannot reach enough replicas: required {needed} replicas, got {len(writable)}"
        )


def check_types(collection: Collection, properties: dict[str, Any]) -> None:
    """Raise `Refusal` for a value that its property's data type does not take."""
    types = {known["name"]: known["dataType"][0] for known in collection.definition["properties"]}
    for name, value in properties.items():
        wanted = types.get(name)
        if value is None:
            continue
        if wanted == "int" and not (isinstance(value, int) and not isinstance(value, bool)):
            if isinstance(value, float) and value.is_integer():
                continue
            raise Refusal(
                f"invalid integer property '{name}' on class '{collection.name}':"
                f" requires an integer, the given value is '{value}'"
            )
        if wanted == "text" and not isinstance(value, str):
            raise Refusal(
                f"invalid text property '{name}' on class '{collection.name}':"
                " not a string, but " + _go_type(value)
            )


def _as_float32(vector: list[Any]) -> list[Any]:
    """Vectors are kept in 32 bits a number."""
    if vector and isinstance(vector[0], list):
        return [_as_float32(row) for row in vector]
    return array("f", vector).tolist()


def _go_type(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    return "float64" if isinstance(value, int | float) else "[]interface {}"


def _contents(
    world: World, collection: Collection, shard: Shard, *, vectors: bool = True
) -> ShardObjects:
    return ShardObjects(world.model, collection, shard, world.now(), vectors=vectors)
