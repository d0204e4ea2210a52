"""Writes to the schema: collections, aliases, the status of shards. Each is one raft entry."""

from __future__ import annotations

import asyncio
import random
import re
from typing import Any

import msgspec

from elysiadash.demo.answers.class_changes import ChangeRefused, changed_definition
from elysiadash.demo.answers.class_rules import property_refusal, refusal
from elysiadash.demo.answers.leader import no_leader, told_by_leader
from elysiadash.demo.blueprint import spread_shards
from elysiadash.demo.definitions import Definition, class_definition, overlay, vector_index
from elysiadash.demo.definitions import property_definition as with_defaults
from elysiadash.demo.messages import (
    Answer,
    Request,
    failure,
    library_failure,
    nothing,
    payload,
    schema_failure,
)
from elysiadash.demo.model import Collection
from elysiadash.demo.world import World

_NAME = re.compile(r"[A-Z][_0-9A-Za-z]*")
_ALLOWED = "only [application/yaml application/json] are allowed"
_STATUSES = ("READY", "READONLY")
_RETRY_SECONDS = 0.155


async def create_class(world: World, request: Request) -> Answer:
    """Create a collection; what is not said gets the server's defaults."""
    given = _body(request, "objectClass")
    if isinstance(given, Answer):
        return given
    name = str(given.get("class", ""))
    name = name[:1].upper() + name[1:]
    if not _NAME.fullmatch(name):
        return schema_failure(f"'{name}' is not a valid class name")
    if name in world.model.collections:
        why = f"class name {name} already exists"
        return schema_failure(told_by_leader(world, request.node, why, "Internal"))
    why_not = refusal(world, name, given)
    if why_not is not None:
        return schema_failure(why_not)
    refused = await no_leader(world, request.node, after=47.8, status=422)
    if refused is not None:
        return refused
    collection = _new_collection(world, name, given)
    world.model.collections[name] = collection
    world.model.changed()
    return payload(collection.definition)


def _new_collection(world: World, name: str, given: Definition) -> Collection:
    members = list(world.model.nodes)
    multi_tenant = bool(given.get("multiTenancyConfig", {}).get("enabled", False))
    factor = int(given.get("replicationConfig", {}).get("factor", 1))
    count = int(given.get("shardingConfig", {}).get("desiredCount", len(members)) or len(members))
    definition = class_definition(
        name,
        properties=[_property(known) for known in given.get("properties") or []],
        vectors=_vectors(given),
        replication_factor=factor,
        shards=count,
        multi_tenant=multi_tenant,
        description=str(given.get("description", "")),
    )
    for part in ("invertedIndexConfig", "multiTenancyConfig", "replicationConfig"):
        overlay(definition[part], given.get(part) or {})
    for part in ("moduleConfig", "objectTtlConfig"):
        if given.get(part):
            definition[part] = given[part]
    _compute(definition)
    for vector, about in (given.get("vectorConfig") or {}).items():
        overlay(definition["vectorConfig"][vector], {"vectorizer": about.get("vectorizer", {})})
    rng = random.Random(f"{world.model.seed}/{name}/{world.model.revision}")
    shards = {} if multi_tenant else spread_shards(count, factor, members, rng)
    return Collection(name, definition, shards, created_at=world.now())


def _compute(definition: Definition) -> None:
    """What is shown and no setting, whatever was posted."""
    replication = definition["replicationConfig"]
    replication["asyncEnabled"] = replication.get("factor", 1) > 1
    definition["invertedIndexConfig"]["usingBlockMaxWAND"] = True


async def add_property(world: World, request: Request) -> Answer:
    """One property more; objects that are there have nothing in it."""
    given = _body(request, "body")
    if isinstance(given, Answer):
        return given
    name = request.params["className"]
    collection = world.model.collections.get(name)
    if collection is None:
        return schema_failure(f'class "{name}": not found')
    known = collection.definition["properties"] or []
    why_not = property_refusal(world, name, known, given)
    if why_not is not None:
        return schema_failure(why_not)
    refused = await no_leader(world, request.node, after=47.8, status=422)
    if refused is not None:
        return refused
    added = _property(given)
    collection.definition["properties"] = [*known, added]
    world.model.changed()
    return payload(added)


def _property(given: Definition) -> Definition:
    nested = [_property(inner) for inner in given.get("nestedProperties") or []]
    definition = with_defaults(given["name"], given["dataType"][0], nested=nested)
    overlay(definition, {key: value for key, value in given.items() if key != "nestedProperties"})
    return definition


def _named_vectors(given: Definition) -> Definition:
    """Named vectors as they are stored, with the defaults of their indexes."""
    stored: Definition = {}
    for name, about in given.items():
        kind = about.get("vectorIndexType") or "hnsw"
        _, config = vector_index(kind, **(about.get("vectorIndexConfig") or {}))
        vectorizer = about.get("vectorizer") or {"none": {}}
        stored[name] = {
            "vectorIndexConfig": config,
            "vectorIndexType": kind,
            "vectorizer": vectorizer,
        }
    return stored


def _vectors(given: Definition) -> dict[str, tuple[str, Definition]]:
    named = given.get("vectorConfig")
    if named:
        return {
            name: vector_index(
                about.get("vectorIndexType", "hnsw"), **(about.get("vectorIndexConfig") or {})
            )
            for name, about in named.items()
        }
    kind = given.get("vectorIndexType") or "hnsw"
    return {"": vector_index(kind, **(given.get("vectorIndexConfig") or {}))}


async def change_class(world: World, request: Request) -> Answer:
    """Replace what may be replaced."""
    given = _body(request, "objectClass")
    if isinstance(given, Answer):
        return given
    collection = world.collection(request.params["className"])
    if collection is None:
        return nothing(404)
    refused = await no_leader(world, request.node, after=47.8, status=422)
    if refused is not None:
        return refused
    known = collection.definition.get("vectorConfig") or {}
    vectors = given.get("vectorConfig") or {}
    new = _named_vectors({name: about for name, about in vectors.items() if name not in known})
    try:
        collection.definition = changed_definition(collection, given, new)
    except ChangeRefused as why:
        return schema_failure(str(why))
    _compute(collection.definition)
    world.model.changed()
    return payload(collection.definition)


async def delete_class(world: World, request: Request) -> Answer:
    """Delete a collection with its objects; an unknown name does not matter."""
    refused = await no_leader(world, request.node, after=47.8)
    if refused is not None:
        return refused
    if world.model.collections.pop(request.params["className"], None) is not None:
        world.model.changed()
    return Answer(200, b"", None)


async def put_shard(world: World, request: Request) -> Answer:
    """Set READONLY or READY on every replica. Unknown shards and cold tenants: 200, and nothing."""
    given = _body(request, "body")
    if isinstance(given, Answer):
        return given
    name, status = request.params["className"], str(given.get("status", ""))
    collection = world.collection(name)
    if collection is None:
        await asyncio.sleep(world.scaled(_RETRY_SECONDS))
        why = f"cannot update shard status to a non-existing index for {name}: not found"
        text = f"updating db: TYPE_UPDATE_SHARD_STATUS: {why}"
        return failure(404, told_by_leader(world, request.node, text, "NotFound", "not found"))
    refused = await no_leader(world, request.node, after=25.8)
    if refused is not None:
        return refused
    shard = collection.shards.get(request.params["shardName"])
    if shard is not None and shard.loaded:
        if status not in _STATUSES:
            what = f"TYPE_UPDATE_SHARD_STATUS: {status}: invalid storage status"
            return failure(500, f"updating db: {what}")
        shard.frozen.clear()
        if status == "READONLY":
            shard.frozen.update(dict.fromkeys(shard.nodes, "manually set by user"))
    world.model.changed()
    return payload({"status": status})


async def create_alias(world: World, request: Request) -> Answer:
    """An alias for a collection that exists; its name must be free."""
    given = _body(request, "body")
    if isinstance(given, Answer):
        return given
    alias, name = str(given.get("alias", "")), str(given.get("class", ""))
    if name not in world.collections():
        return failure(422, f'validation: target class "{name}" does not exist')
    what = "updating schema: TYPE_CREATE_ALIAS: create alias:"
    if alias in world.model.aliases:
        why = f"{what} {alias}, alias already exists"
        if world.raft().leader == request.node:
            return failure(422, f"validation: {why}")
        return failure(500, told_by_leader(world, request.node, why, "Internal"))
    if alias in world.model.collections:
        why = f"{what} class {alias} already exists"
        return failure(500, told_by_leader(world, request.node, why, "Internal"))
    return _set_alias(world, alias, name)


async def change_alias(world: World, request: Request) -> Answer:
    """Let an alias stand for another collection."""
    given = _body(request, "body")
    if isinstance(given, Answer):
        return given
    alias, name = request.params["aliasName"], str(given.get("class", ""))
    if alias not in world.model.aliases:
        return nothing(404, content_type="application/json")
    if name not in world.collections():
        return failure(422, f'validation: target class "{name}" does not exist')
    return _set_alias(world, alias, name)


async def delete_alias(world: World, request: Request) -> Answer:
    """Delete an alias; the collection stays."""
    if world.model.aliases.pop(request.params["aliasName"], None) is None:
        return nothing(404, content_type="application/json")
    world.model.changed()
    return nothing(204)


def _set_alias(world: World, alias: str, name: str) -> Answer:
    world.model.aliases[alias] = name
    world.model.changed()
    return payload({"alias": alias, "class": name})


def _body(request: Request, name: str) -> dict[str, Any] | Answer:
    """The JSON object of a write, or what a server says to anything else."""
    media = request.headers.get("content-type", "application/json").split(";")[0]
    if media not in ("application/json", "application/yaml"):
        return library_failure(415, f'unsupported media type "{media}", {_ALLOWED}')
    if not request.body:
        return library_failure(422, f"{name} in body is required", 602)
    try:
        return request.json(dict[str, Any])  # type: ignore[no-any-return]
    except msgspec.DecodeError:
        why = f'parsing {name} body from "" failed, because unexpected EOF'
        return library_failure(400, why)
