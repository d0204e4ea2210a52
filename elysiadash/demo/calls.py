"""The four calls of the protobuf API, as functions from message to message.

Both of its doors use them: the gRPC port and the Connect door on the REST port.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

from elysiadash.demo import stored
from elysiadash.demo.answers.counting import counted
from elysiadash.demo.answers.leader import told_by_leader
from elysiadash.demo.answers.objects import write_batch
from elysiadash.demo.auth import Unauthorized, identify
from elysiadash.demo.keys import User
from elysiadash.demo.model import Collection
from elysiadash.demo.stored import Refusal
from elysiadash.demo.wire import fill_metadata, fill_value, read_object
from elysiadash.demo.world import World
from elysiadash.proto import weaviate_pb2 as pb

_DEFAULT_LIMIT = 10
_MAXIMUM_RESULTS = 10_000
_NO_TENANTS = "could not get tenants: could not get tenants: "
_NO_KEY = "unauthorized: invalid api key"

Call = Callable[[World, str, Any], Awaitable[Any]]


class CallRefused(Exception):
    """A call that fails, and its code: `unknown`, `permission_denied`, `not_found`, ..."""

    def __init__(self, message: str, code: str = "unknown") -> None:
        super().__init__(message)
        self.code = code


async def perform(
    world: World, node: str, name: str, request: Any, authorization: str | None
) -> Any:
    """Make one of the calls for whoever sends that authorization. Raises `CallRefused`."""
    try:
        user = identify(world.keys, authorization)
    except Unauthorized as error:
        raise CallRefused(f"extract auth: {str(error) or _NO_KEY}") from None
    if user is not None and name == "BatchObjects" and user.role != "admin":
        why = _forbidden(user, "update_data", request.objects[0].collection)
        errors = [
            pb.BatchObjectsReply.BatchError(index=place, error=why)
            for place in range(len(request.objects))
        ]
        return pb.BatchObjectsReply(errors=errors)
    if user is not None and user.role == "nobody" and name != "TenantsGet":
        why = _forbidden(user, "read_data", request.collection)
        raise CallRefused(f"parse params: {why}", "permission_denied")
    return await CALLS[name](world, node, request)


def _forbidden(user: User, action: str, collection: str) -> str:
    return (
        f"rbac: authorization, forbidden action: user '{user.name}' has insufficient permissions to"
        f" {action} [[Domain: data, Collection: {collection}, Tenant: *, Object: *]]"
    )


async def aggregate(world: World, node: str, request: Any) -> Any:
    """How many objects a collection, or a tenant, has."""
    started = time.perf_counter()
    collection = world.collection(request.collection)
    if collection is None:
        raise CallRefused(f"parse params: could not find class {request.collection} in schema")
    try:
        count = await counted(world, collection, request.tenant)
    except Refusal as refusal:
        raise CallRefused(f"aggregate: {refusal}") from None
    single = pb.AggregateReply.Single(objects_count=count if request.objects_count else 0)
    return pb.AggregateReply(took=_since(started), single_result=single)


async def tenants_get(world: World, node: str, request: Any) -> Any:
    """The tenants of a collection, or those of them that are named; unknown names are left out."""
    started = time.perf_counter()
    collection = world.collection(request.collection)
    leads = world.raft().leader == node
    if collection is None:
        told = told_by_leader(world, node, f"{_NO_TENANTS}class not found", "NotFound", "not found")
        code = "unknown" if leads else "not_found"
        raise CallRefused(f"get tenants: failed to execute query: {told}", code)
    if not collection.multi_tenant:
        why = f'{_NO_TENANTS}multi-tenancy is not enabled for class "{request.collection}"'
        tail = "multi-tenancy is not enabled"
        told = told_by_leader(world, node, why, "FailedPrecondition", tail)
        code = "unknown" if leads else "failed_precondition"
        raise CallRefused(f"get tenants: failed to execute query: {told}", code)
    names = list(request.names.values) if request.HasField("names") else list(collection.shards)
    reply = pb.TenantsGetReply()
    for name in names:
        shard = collection.shards.get(name)
        if shard is not None:
            status = pb.TenantActivityStatus.Value(f"TENANT_ACTIVITY_STATUS_{shard.activity}")
            reply.tenants.add(name=name, activity_status=status)
    reply.took = _since(started)
    return reply


async def search(world: World, node: str, request: Any) -> Any:
    """A page of objects in order of id."""
    started = time.perf_counter()
    collection = world.collection(request.collection)
    if collection is None:
        raise CallRefused(f"could not find class {request.collection} in schema")
    limit = request.limit or _DEFAULT_LIMIT
    wanted = _wanted_properties(collection, request)
    if limit > _MAXIMUM_RESULTS:
        raise CallRefused(
            "explorer: list class: search: invalid pagination params: query maximum results"
            f" exceeded: the total limit calculated from the provided offset '0' and limit"
            f" '{limit}' exceeds the configured value for QUERY_MAXIMUM_RESULTS"
            f" '{_MAXIMUM_RESULTS}'. If you've supplied a negative offset or limit, this may be an"
            " underflow error"
        )
    try:
        after = stored.checked_uuid(request.after) if request.after else ""
    except ValueError as error:
        why = f"after parameter '{request.after}' is not a valid uuid: {error}"
        raise CallRefused(f"cursor api: invalid 'after' parameter: {why}") from None
    try:
        vectors = request.metadata.vector or bool(request.metadata.vectors)
        found = stored.page(world, collection, request.tenant, after, limit, vectors=vectors)
    except Refusal as refusal:
        where = f"object search at index {collection.name.lower()}"
        raise CallRefused(f"explorer: list class: search: {where}: {refusal}") from None
    reply = pb.SearchReply()
    for known in found:
        result = reply.results.add()
        result.properties.target_collection = collection.name
        for name, data_type in wanted.items():
            value = result.properties.non_ref_props.fields[name]
            fill_value(value, data_type, known.properties.get(name))
        fill_metadata(result.metadata, known, request.metadata)
    reply.took = _since(started)
    return reply


async def batch_objects(world: World, node: str, request: Any) -> Any:
    """Write objects; only those that failed are answered for."""
    started = time.perf_counter()
    batch = [(known.collection, read_object(known, world.now())) for known in request.objects]
    reply = pb.BatchObjectsReply()
    for place, error in sorted(write_batch(world, node, batch).items()):
        reply.errors.add(index=place, error=error)
    reply.took = _since(started)
    return reply


CALLS: dict[str, Call] = {
    "Aggregate": aggregate,
    "TenantsGet": tenants_get,
    "Search": search,
    "BatchObjects": batch_objects,
}


def _since(started: float) -> float:
    return time.perf_counter() - started


def _wanted_properties(collection: Collection, request: Any) -> dict[str, str]:
    """Data type by name of what is to be returned; "all" leaves out blobs."""
    types = {known["name"]: known["dataType"][0] for known in collection.definition["properties"]}
    named = list(request.properties.non_ref_properties)
    for name in named:
        if name not in types:
            raise CallRefused(
                f"extract properties request: get property by name {name} for class"
                f" {collection.name}: no such prop with name '{name}' found in class"
                f" '{collection.name}' in the schema. Check your schema files for which properties"
                " in this class are available"
            )
    if request.HasField("properties") and not request.properties.return_all_nonref_properties:
        return {name: types[name] for name in named}
    return {
        name: data_type
        for name, data_type in types.items()
        if data_type != "blob" and not data_type[0].isupper()
    }
