"""Roles and who has them: ``/v1/authz`` and ``/v1/users/db`` of a server with RBAC (1.30 on).

Facts are from 1.39.0: ``remove-permissions`` takes exactly the permission that is named (a narrower
one removes nothing and answers 200), a role whose last permission went stays, the built-in roles
refuse with 400, and a request is authorized before it is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from elysiadash.weaviate.answers import decode
from elysiadash.weaviate.client import Client, path_segment
from elysiadash.weaviate.errors import NotFound
from elysiadash.weaviate.guard import Permit
from elysiadash.weaviate.models import Wire
from elysiadash.weaviate.transport import Call

T = TypeVar("T")
Permission = dict[str, Any]
"""One permission as the server says it: its action, and under the domain's name what it is for."""

BUILT_IN = frozenset({"root", "admin", "viewer", "read-only"})
"""Roles that nobody can change."""


class Role(Wire, frozen=True):
    """One role."""

    name: str
    permissions: list[Permission] | None = None


class Assigned(Wire, frozen=True):
    """A user who has a role; ``user_type`` is ``db_user``, ``db_env_user`` or ``oidc``."""

    user_id: str = ""
    user_type: str = ""


class Group(Wire, frozen=True):
    """A group of users that has a role."""

    group_id: str = ""
    group_type: str = ""


class _Key(msgspec.Struct, frozen=True, gc=False):
    apikey: str


async def roles(client: Client, base: str | None = None) -> tuple[Role, ...]:
    """``GET /v1/authz/roles``: all roles that we may read."""
    return await _get(client, tuple[Role, ...], "/v1/authz/roles", base)


async def role(client: Client, name: str, base: str | None = None) -> Role | None:
    """``GET /v1/authz/roles/{id}``; None where there is none of that name."""
    try:
        return await _get(client, Role, f"/v1/authz/roles/{path_segment(name)}", base)
    except NotFound:
        return None


async def assigned(client: Client, name: str) -> tuple[Assigned, ...]:
    """``GET /v1/authz/roles/{id}/user-assignments``: the users who have a role."""
    path = f"/v1/authz/roles/{path_segment(name)}/user-assignments"
    return await _get(client, tuple[Assigned, ...], path)


async def groups(client: Client, name: str) -> tuple[Group, ...]:
    """``GET /v1/authz/roles/{id}/group-assignments``: the groups that have a role."""
    path = f"/v1/authz/roles/{path_segment(name)}/group-assignments"
    return await _get(client, tuple[Group, ...], path)


async def add_permissions(
    client: Client, name: str, permissions: Sequence[Permission], permit: Permit
) -> None:
    """``POST /v1/authz/roles/{id}/add-permissions``; those that are there do not matter."""
    await _change(client, name, "add-permissions", permissions, permit)


async def remove_permissions(
    client: Client, name: str, permissions: Sequence[Permission], permit: Permit
) -> None:
    """``POST /v1/authz/roles/{id}/remove-permissions``; those that are not there do not matter."""
    await _change(client, name, "remove-permissions", permissions, permit)


async def create_user(client: Client, user: str, permit: Permit) -> str:
    """``POST /v1/users/db/{id}``: the new user's key, which is told only now.

    Raises ``Rejected`` where users are not managed by the server (AUTHENTICATION_DB_USERS_ENABLED).
    """
    path = f"/v1/users/db/{path_segment(user)}"
    call = Call(method="POST", path=path, timeout=client.profile.timeouts.slow, permit=permit)
    answer = await client.transport.send(call)
    return decode(_Key, answer).apikey


async def delete_user(client: Client, user: str, permit: Permit) -> None:
    """``DELETE /v1/users/db/{id}``; one that is not there does not matter."""
    path = f"/v1/users/db/{path_segment(user)}"
    call = Call(method="DELETE", path=path, timeout=client.profile.timeouts.slow, permit=permit)
    try:
        await client.transport.send(call)
    except NotFound:
        return


async def assign(client: Client, user: str, names: Sequence[str], permit: Permit) -> None:
    """``POST /v1/authz/users/{id}/assign``: give roles to a user that the server manages."""
    await client.transport.send(
        Call(
            method="POST",
            path=f"/v1/authz/users/{path_segment(user)}/assign",
            json={"roles": list(names), "userType": "db"},
            timeout=client.profile.timeouts.slow,
            permit=permit,
        )
    )


async def _change(
    client: Client, name: str, verb: str, permissions: Sequence[Permission], permit: Permit
) -> None:
    if not permissions:
        return
    await client.transport.send(
        Call(
            method="POST",
            path=f"/v1/authz/roles/{path_segment(name)}/{verb}",
            json={"permissions": list(permissions)},
            timeout=client.profile.timeouts.slow,
            permit=permit,
        )
    )


async def _get(client: Client, kind: type[T], path: str, base: str | None = None) -> T:
    answer = await client.transport.send(
        Call(method="GET", path=path, base=base, timeout=client.profile.timeouts.slow)
    )
    return decode(kind, answer)
