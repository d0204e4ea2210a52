"""What the users of API keys may do: an administrator, a viewer, and one without any role."""

from __future__ import annotations

from elysiadash.demo.keys import Keys, User
from elysiadash.demo.messages import TEXT, Answer, Request, failure, library_failure, payload
from elysiadash.demo.mishaps import forbidden

#: Paths that ask nobody who he is; the Connect door asks for itself.
OPEN = ("/v1/.well-known/", "/v1/grpc-web/")

_NO_SCHEME = (
    "no authentication scheme is configured (API Key or OIDC), but an 'Authorization' header was"
    " provided. Please configure an auth scheme or remove the header for anonymous access"
)

#: What a user without a role is shown instead of being refused.
_HIDDEN: dict[str, object] = {
    "/v1/schema": {"classes": []},
    "/v1/aliases": {"aliases": []},
    "/v1/backups/{backend}": [],
    "/v1/schema/{className}/tenants": [],
}

_DENIED = (
    "/v1/nodes",
    "/v1/nodes/{className}",
    "/v1/cluster/statistics",
    "/v1/replication/replicate/list",
    "/v1/schema/{className}/shards",
    "/v1/tasks",
)


class Unauthorized(Exception):
    """Raised with the message that every door tells in its own form."""


def identify(keys: Keys | None, authorization: str | None) -> User | None:
    """The user of a bearer key; None where nobody is asked for one. Raises `Unauthorized`."""
    if keys is None:
        if authorization is not None:
            raise Unauthorized(_NO_SCHEME)
        return None
    if authorization is None:
        raise Unauthorized("")
    user = keys.get(authorization.removeprefix("Bearer ").strip())
    if user is None:
        raise Unauthorized("unauthorized: invalid api key")
    return user


def unauthorized(error: Unauthorized) -> Answer:
    """401: JSON as plain text without a key, JSON as JSON with a wrong one."""
    if str(error):
        return library_failure(401, str(error))
    body = (
        b'{"code":401,"message": "anonymous access not enabled. Please authenticate through one'
        b' of the available methods: [API-keys]" }'
    )
    return Answer(401, body, TEXT)


def refuse(user: User | None, template: str, request: Request) -> Answer | None:
    """What the user gets instead of the answer, if he may not have it."""
    if user is None or user.role == "admin":
        return None
    reads = (
        request.method in ("GET", "HEAD") or template == "/v1/graphql" or template.startswith(OPEN)
    )
    if user.role == "viewer":
        return None if reads else _no_permission(user, template, request)
    return _for_nobody(user, template, request)


def _for_nobody(user: User, template: str, request: Request) -> Answer | None:
    if request.method == "GET" and template in _HIDDEN:
        return payload(_HIDDEN[template])
    if template == "/v1/nodes" and request.query.get("output") == "verbose":
        return None
    if template == "/v1/graphql":
        return failure(403, _INTROSPECTION.format(user=user.name))
    if template in _DENIED:
        return forbidden(template, user=user.name)
    if template in ("/v1/meta", "/v1/users/own-info") or template.startswith(OPEN):
        return None
    return _no_permission(user, template, request)


_INTROSPECTION = (
    "due to GraphQL introspection, this role must have the permission to `read_collections` on `*`"
    " (all) collections: rbac: authorization, forbidden action: user '{user}' has insufficient"
    " permissions to read_collections [[Domain: collections, Collection: *]]"
)


def _no_permission(user: User, template: str, request: Request) -> Answer:
    verb = {"POST": "create", "PUT": "update", "PATCH": "update", "DELETE": "delete"}.get(
        request.method, "read"
    )
    name = request.params.get("className", "*")
    what = "data" if "/objects" in template else "collections"
    return failure(
        403,
        f"rbac: authorization, forbidden action: user '{user.name}' has insufficient permissions"
        f" to {verb}_{what} [[Domain: {what}, Collection: {name}]]",
    )
