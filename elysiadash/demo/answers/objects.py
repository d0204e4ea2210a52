"""`/v1/objects` and `/v1/batch/objects`: reading pages, one object, writing and deleting."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import msgspec

from elysiadash.demo import stored
from elysiadash.demo.answers.leader import no_leader
from elysiadash.demo.messages import Answer, Request, failure, library_failure, nothing, payload
from elysiadash.demo.model import Collection
from elysiadash.demo.references import keep_references
from elysiadash.demo.stored import ReadOnly, Refusal, WrongLength
from elysiadash.demo.values import kept_properties, printed, printed_vector
from elysiadash.demo.world import World
from elysiadash.demo.writes import StoredObject

_DEFAULT_LIMIT = 25
_MAXIMUM_RESULTS = 10_000
_RETRY_SECONDS = 0.155
_NOT_DATES = "parse as time array, expected []interface{} got []interface {}"


async def list_objects(world: World, request: Request) -> Answer:
    """A page: with `class` and `after` in order of id, else of every collection in turn."""
    name = request.query.get("class")
    asked = request.query.get("limit", str(_DEFAULT_LIMIT))
    if not asked.isdigit():
        return library_failure(422, f'limit in query must be of type int64: "{asked}"', 601)
    limit = int(asked)
    if limit > _MAXIMUM_RESULTS:
        return failure(422, _too_many(limit))
    after = request.query.get("after", "")
    if after and name is None:
        return failure(
            500,
            "list objects: after parameter not allowed, cursor must be specific to one class,"
            " set class query param",
        )
    with_vectors = "vector" in request.query.get("include", "")
    if name is None:
        return _page(_of_all(world, limit), with_vectors, deprecations=None)
    refused = _check_cursor(request, after)
    if refused is not None:
        return refused
    collection = world.collection(name)
    if collection is None:
        await asyncio.sleep(world.scaled(_RETRY_SECONDS))
        return nothing(404)
    try:
        tenant = request.query.get("tenant", "")
        found = stored.page(world, collection, tenant, after, limit, vectors=with_vectors)
    except Refusal as refusal:
        index = collection.name.lower()
        return failure(422, f"msg:search index {index} code:422 err:{refusal}")
    return _page([(collection, known) for known in found], with_vectors, deprecations=[])


def _check_cursor(request: Request, after: str) -> Answer | None:
    if not after:
        return None
    wrong = None
    try:
        stored.checked_uuid(after)
    except ValueError as error:
        wrong = f"after parameter '{after}' is not a valid uuid: {error}"
    if "offset" in request.query:
        wrong = "offset cannot be set with after and limit parameters"
    if wrong is None:
        return None
    return failure(422, f"msg:cursor api: invalid 'after' parameter code:400 err:{wrong}")


def _too_many(limit: int) -> str:
    return (
        "msg:offset or limit code:400 err:query maximum results exceeded: the total limit"
        f" calculated from the provided offset '0' and limit '{limit}' exceeds the configured"
        f" value for QUERY_MAXIMUM_RESULTS '{_MAXIMUM_RESULTS}'. If you've supplied a negative"
        " offset or limit, this may be an underflow error"
    )


def _of_all(world: World, limit: int) -> list[tuple[Collection, StoredObject]]:
    found: list[tuple[Collection, StoredObject]] = []
    for collection in world.collections().values():
        if not collection.multi_tenant and len(found) < limit:
            page = stored.page(world, collection, "", "", limit - len(found))
            found.extend((collection, known) for known in page)
    return found


def _page(
    found: list[tuple[Collection, StoredObject]],
    with_vectors: bool,
    deprecations: list[str] | None,
) -> Answer:
    """A tenant's objects are listed without their tenant; no objects, no `totalResults`."""
    body: dict[str, Any] = {
        "deprecations": deprecations,
        "objects": [
            as_json(collection, known, with_vectors=with_vectors, with_tenant=False)
            for collection, known in found
        ],
    }
    if found:
        body["totalResults"] = len(found)
    return payload(body)


def as_json(
    collection: Collection,
    known: StoredObject,
    *,
    with_vectors: bool,
    with_tenant: bool = True,
    with_weights: bool = True,
) -> dict[str, Any]:
    """One object as the API shows it; names of properties in order."""
    body: dict[str, Any] = {
        "class": collection.name,
        "creationTimeUnix": known.created_ms,
        "id": known.id,
        "lastUpdateTimeUnix": known.updated_ms,
        "properties": printed(known.properties),
    }
    if known.tenant and with_tenant:
        body["tenant"] = known.tenant
    if with_vectors and "" in known.vectors:
        body["vector"] = printed_vector(known.vectors[""])
    if with_weights:
        body["vectorWeights"] = None
    if with_vectors and any(known.vectors):
        body["vectors"] = {
            name: printed_vector(vector) for name, vector in sorted(known.vectors.items()) if name
        }
    return body


async def get_object(world: World, request: Request) -> Answer:
    """One object; GET and HEAD."""
    identity = request.params["id"]
    wrong = _not_a_uuid(identity)
    if wrong is not None:
        return wrong
    collection = world.collection(request.params["className"])
    if collection is None:
        return nothing(404)
    try:
        found = stored.find(
            world, collection, request.query.get("tenant", ""), stored.checked_uuid(identity)
        )
    except Refusal as refusal:
        index = collection.name.lower()
        text = f"repo: object by id: search index {index}: determine shard: {refusal}"
        return failure(422, text)
    if found is None:
        return nothing(404)
    if request.method == "HEAD":
        return nothing(204)
    with_vectors = "vector" in request.query.get("include", "")
    return payload(as_json(collection, found, with_vectors=with_vectors))


async def delete_object(world: World, request: Request) -> Answer:
    """Deleting what is not there succeeds, too; a READONLY shard refuses either."""
    identity = request.params["id"]
    wrong = _not_a_uuid(identity)
    if wrong is not None:
        return wrong
    name = request.params["className"]
    collection = world.collection(name)
    if collection is None:
        text = "could not delete object from vector repo: delete from non-existing index for"
        return failure(500, f"{text} {name}")
    index = _index(collection)
    try:
        stored.delete(
            world, collection, request.query.get("tenant", ""), stored.checked_uuid(identity)
        )
    except ReadOnly as refusal:
        return failure(
            500, f"could not delete object from vector repo: {_deletion(index, refusal)}"
        )
    except Refusal as refusal:
        return failure(422, f"delete object from vector repo: {index}: determine shard: {refusal}")
    return nothing(204)


def _index(collection: Collection) -> str:
    name = collection.name.lower()
    return f'delete from index "{name}"'  # noqa: S608 - words of an error, no SQL


def _deletion(index: str, refusal: ReadOnly) -> str:
    shard = refusal.shard.name
    if refusal.replicated:
        return f'{index}: replicate deletion: shard="{shard}" {refusal}'
    return f'{index}: delete local object: shard="{shard}": {refusal}'


def _not_a_uuid(identity: str) -> Answer | None:
    try:
        stored.checked_uuid(identity)
    except ValueError:
        return library_failure(422, f'id in path must be of type uuid: "{identity}"', 601)
    return None


class _Written(msgspec.Struct, rename={"name": "class"}, gc=False):
    """An object as a client posts it."""

    name: str = ""
    id: str = ""
    properties: dict[str, Any] = {}
    vector: list[float] | None = None
    vectors: dict[str, Any] = {}
    tenant: str = ""

    def stored(self, at: float) -> StoredObject:
        vectors = dict(self.vectors)
        if self.vector:
            vectors[""] = self.vector
        now = int(at * 1000)
        return StoredObject(
            id=self.id,
            created_ms=now,
            updated_ms=now,
            # What is null is not stored.
            properties={key: value for key, value in self.properties.items() if value is not None},
            vectors=vectors,
            tenant=self.tenant,
        )


class _Batch(msgspec.Struct, gc=False):
    objects: list[_Written] = []


async def post_object(world: World, request: Request) -> Answer:
    """Create one object; an id that exists is refused."""
    refused = await no_leader(world, request.node, after=25.8, prefix="failed to execute query: ")
    if refused is not None:
        return refused
    try:
        written = request.json(_Written)
    except msgspec.DecodeError as error:
        return library_failure(400, f'parsing body body from "" failed, because {error}')
    collection = world.collection(written.name)
    if collection is None:
        return failure(422, f"invalid object: class '{written.name}' not found in schema")
    written.id = written.id or str(uuid4())
    try:
        known = written.stored(world.now())
        _prepare(world, collection, known)
    except Refusal as refusal:
        return failure(422, f"invalid object: {refusal}")
    prefix = f"put object: import into index {collection.name.lower()}: "
    try:
        if stored.find(world, collection, known.tenant, known.id) is not None:
            return failure(422, f"id '{known.id}' already exists")
        stored.put(world, request.node, collection, known)
    except ReadOnly as refusal:
        where = "replicate insertion: " if refusal.replicated else "put local object: "
        colon = " " if refusal.replicated else ": "
        return failure(500, f'{prefix}{where}shard="{refusal.shard.name}"{colon}{refusal}')
    except Refusal as refusal:
        where = "" if isinstance(refusal, WrongLength) else "determine shard: "
        return failure(500 if not where else 422, f"{prefix}{where}{refusal}")
    return payload(as_json(collection, known, with_vectors=True, with_weights=False))


async def put_object(world: World, request: Request) -> Answer:
    """Replace an object; an empty 404 where there is none."""
    wrong = _not_a_uuid(request.params["id"])
    if wrong is not None:
        return wrong
    collection = world.collection(request.params["className"])
    try:
        written = request.json(_Written)
    except msgspec.DecodeError as error:
        return library_failure(400, f'parsing body body from "" failed, because {error}')
    if collection is None:
        return nothing(404)
    written.id = stored.checked_uuid(request.params["id"])
    known = written.stored(world.now())
    try:
        if stored.find(world, collection, known.tenant, known.id) is None:
            return nothing(404)
        _prepare(world, collection, known)
        stored.put(world, request.node, collection, known)
    except ReadOnly as refusal:
        return failure(500, f"put object: {refusal}")
    except Refusal as refusal:
        return failure(422, f"invalid object: {refusal}")
    return payload(as_json(collection, known, with_vectors=True, with_weights=False))


async def batch_objects(world: World, request: Request) -> Answer:
    """Write many; every object is answered for itself, and echoed."""
    try:
        batch = request.json(_Batch)
    except msgspec.DecodeError as error:
        return library_failure(400, f'parsing body body from "" failed, because {error}')
    if not batch.objects:
        return failure(
            422,
            "invalid param 'objects': cannot be empty, need at least one object for batching",
        )
    prepared = [
        (written.name, written.stored(world.now()) if written.id else _with_new_id(world, written))
        for written in batch.objects
    ]
    errors = write_batch(world, request.node, prepared)
    return payload(
        [
            _result(world, written, known, errors.get(place))
            for place, (written, (_, known)) in enumerate(zip(batch.objects, prepared, strict=True))
        ]
    )


def write_batch(world: World, node: str, batch: list[tuple[str, StoredObject]]) -> dict[int, str]:
    """Write objects of named collections; returns why, by place, some were not.

    Replication factor 1 and READONLY: only the first object of the shard is said to have failed,
    though none of them is stored. With more replicas each one is.
    """
    errors: dict[int, str] = {}
    silent: set[str] = set()
    poisoned = _poisoned(world, node, batch)
    for place, (name, known) in enumerate(batch):
        collection = world.collection(name)
        if collection is None:
            errors[place] = f"class '{name}' not present in schema"
            continue
        try:
            known.id = stored.checked_uuid(known.id)
            _prepare(world, collection, known)
            if poisoned.get(place) is not None:
                errors[place] = str(poisoned[place])
                continue
            stored.put(world, node, collection, known)
        except ReadOnly as refusal:
            if refusal.replicated or refusal.shard.name not in silent:
                errors[place] = str(refusal)
            silent.add(refusal.shard.name)
        except (Refusal, ValueError) as refusal:
            errors[place] = str(refusal)
    return errors


def _prepare(world: World, collection: Collection, known: StoredObject) -> None:
    """Check an object and put its values into the form they are stored in. Raises `Refusal`."""
    stored.check_types(collection, known.properties)
    keep_references(world, collection, known.tenant, known.properties)
    known.properties = kept_properties(collection.definition, known.properties)


def _poisoned(world: World, node: str, batch: list[tuple[str, StoredObject]]) -> dict[int, str]:
    """Places of a batch that fail for an empty `date[]`, their own or another's.

    Every node but the owner of its shard refuses it, and that shard's whole part of the batch.
    """
    parts: dict[tuple[str, str], list[int]] = {}
    refused: set[tuple[str, str]] = set()
    for place, (name, known) in enumerate(batch):
        collection = world.collection(name)
        if collection is None:
            continue
        try:
            shard = stored.owner(world, collection, known.tenant, stored.checked_uuid(known.id))
        except (Refusal, ValueError):
            continue
        part = (collection.name, shard.name)
        parts.setdefault(part, []).append(place)
        dates = {
            one["name"]
            for one in collection.definition["properties"]
            if one["dataType"][0] == "date[]"
        }
        if node not in shard.nodes and any(known.properties.get(one) == [] for one in dates):
            refused.add(part)
    return {place: _NOT_DATES for part in refused for place in parts[part]}


def _with_new_id(world: World, written: _Written) -> StoredObject:
    known = written.stored(world.now())
    known.id = str(uuid4())
    return known


def _result(
    world: World, written: _Written, known: StoredObject, error: str | None
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "class": written.name,
        "creationTimeUnix": known.created_ms,
        "id": known.id,
        "lastUpdateTimeUnix": known.updated_ms,
        "properties": printed(known.properties),
    }
    if known.tenant:
        body["tenant"] = known.tenant
    if written.vector:
        body["vector"] = printed_vector(written.vector)
    if written.vectors:
        body["vectors"] = {
            name: printed_vector(vector) for name, vector in sorted(written.vectors.items())
        }
    body["deprecations"] = None
    if error is None:
        body["result"] = {"status": "SUCCESS"}
    else:
        body["result"] = {"errors": {"error": [{"message": error}]}, "status": "FAILED"}
    return body
