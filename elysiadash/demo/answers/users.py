"""`/v1/users/own-info`: who the asking key belongs to."""

from __future__ import annotations

from typing import Any

from elysiadash.demo.messages import Answer, Request, nothing, payload
from elysiadash.demo.world import World

_EVERYTHING: list[dict[str, Any]] = [
    {"action": "read_cluster"},
    {"action": "read_nodes", "nodes": {"collection": "*", "verbosity": "verbose"}},
    {"action": "read_collections", "collections": {"collection": "*"}},
    {"action": "read_data", "data": {"collection": "*", "object": "*", "tenant": "*"}},
    {"action": "read_tenants", "tenants": {"collection": "*", "tenant": "*"}},
    {"action": "read_replicate", "replicate": {"collection": "*", "shard": "*"}},
    {"action": "read_aliases", "aliases": {"alias": "*", "collection": "*"}},
]

_CHANGES: list[dict[str, Any]] = [
    {"action": "create_collections", "collections": {"collection": "*"}},
    {"action": "update_collections", "collections": {"collection": "*"}},
    {"action": "delete_collections", "collections": {"collection": "*"}},
    {"action": "create_data", "data": {"collection": "*", "object": "*", "tenant": "*"}},
    {"action": "update_data", "data": {"collection": "*", "object": "*", "tenant": "*"}},
    {"action": "delete_data", "data": {"collection": "*", "object": "*", "tenant": "*"}},
    {"action": "manage_backups", "backups": {"collection": "*"}},
]


async def own_info(world: World, request: Request) -> Answer:
    """An empty 401 where keys are not asked for, for there is no user."""
    user = request.user
    if user is None:
        return nothing(401)
    roles: list[dict[str, Any]] | None = None
    if user.role == "viewer":
        roles = [{"name": "viewer", "permissions": _EVERYTHING}]
    elif user.role == "admin":
        roles = [{"name": "root", "permissions": _EVERYTHING + _CHANGES}]
    return payload({"groups": None, "roles": roles, "username": user.name})
