"""Classes every request before it leaves, and lets pass only what is allowed.

The guard sits below every caller: REST and protobuf requests both go through it, and what it
does not know counts as a write. Facts about what a request does to a server are from
Weaviate 1.39.0.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Protocol
from urllib.parse import unquote

import msgspec

from elysiadash.weaviate.errors import Refused


class RequestClass(StrEnum):
    """What a request may do to the cluster."""

    READ = "read"
    REPAIRING_READ = "repairing read"
    WRITE = "write"
    FORBIDDEN = "forbidden"


class Permit(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The leave to change something: given by a person's approval, carried by every write.

    ``reason`` is what was approved, in words; ``plan`` and ``job`` name where it came from,
    ``phase`` what the job was about.
    """

    reason: str
    plan: str | None = None
    job: str | None = None
    phase: str | None = None


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line of the audit log; never a header, a secret or a body, only the body's hash."""

    at: float
    verb: str
    path: str
    request_class: RequestClass
    body_hash: str | None
    permit: Permit | None
    result: str
    seconds: float | None


class AuditSink(Protocol):
    """Where audit lines go; a write without one is refused."""

    def record(self, entry: AuditEntry) -> None:
        """Keep one entry; raises ``OSError`` where it cannot, and then nothing is sent."""


_READS = frozenset(
    {
        "GET .well-known/live",
        "GET .well-known/ready",
        "GET .well-known/openid-configuration",
        "GET meta",
        "GET nodes",
        "GET nodes/*",
        "GET cluster/statistics",
        "GET schema",
        "GET schema/*",
        "GET schema/*/tenants",
        "GET schema/*/tenants/*",
        "GET schema/*/indexes",
        "GET aliases",
        "GET aliases/*",
        "GET objects",
        "GET objects/*",
        "GET objects/*/*",
        "GET replication/replicate/list",
        "GET replication/replicate/*",
        "GET replication/sharding-state",
        "GET replication/scale",
        "GET tasks",
        "GET backups/*",
        "GET backups/*/*",
        "GET backups/*/*/restore",
        "GET export/*/*",
        "GET users/own-info",
        "GET users/db",
        "GET authz/roles",
        "GET authz/roles/*",
        "GET authz/roles/*/user-assignments",
        "GET authz/roles/*/group-assignments",
        "POST graphql",
    }
)
"""Routes below ``/v1`` that change nothing, one ``*`` a path segment."""

_READING_RPCS = frozenset({"Aggregate", "Search", "TenantsGet"})
"""Methods of ``weaviate.v1.Weaviate`` that change nothing."""

_RPC_SERVICE = "weaviate.v1.Weaviate"
_WEAK_CONSISTENCY = frozenset({"", "ONE", "CONSISTENCY_LEVEL_ONE", "CONSISTENCY_LEVEL_UNSPECIFIED"})
_METRICS_PATHS = frozenset({"/metrics", "/tenant-activity"})
_COUNT_QUERY = re.compile(
    r'\{Aggregate\{[A-Za-z_][A-Za-z0-9_]*(?P<tenant>\(tenant:"(?:[^"\\]|\\.)*"\))?\{meta\{count\}\}\}\}'
)


class Facts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a caller knows about a request and its route does not say.

    ``tenant_is_hot``: the tenant was seen active, so that reading it cannot activate it.
    """

    tenant_is_hot: bool = False


def classify(
    method: str,
    path: str,
    *,
    params: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    body: Any = None,
    facts: Facts | None = None,
) -> RequestClass:
    """Class one request: REST, Connect, or gRPC (``/weaviate.v1.Weaviate/...``).

    ``path`` is the path as sent, ``body`` the decoded JSON body, the protobuf message, or None.
    Unknown routes, verbs and methods are writes.
    """
    verb = method.upper()
    segments = [unquote(part) for part in path.split("/") if part not in ("", ".")]
    if any(mark in part for part in segments for mark in "?#"):
        # More than a path: never better than a write, and not a way round what is forbidden.
        bare = classify(verb, re.split("[?#]", unquote(path))[0], headers=headers, body=body)
        return bare if bare is RequestClass.FORBIDDEN else RequestClass.WRITE
    if ".." in segments or any("/" in part for part in segments):
        return RequestClass.WRITE
    if path in _METRICS_PATHS:
        return RequestClass.READ if verb in ("GET", "HEAD") else RequestClass.WRITE
    if segments[:1] == ["debug"]:
        return RequestClass.FORBIDDEN
    if segments[:1] == [_RPC_SERVICE]:
        return _classify_door(verb, segments[1:], body, facts)
    if segments[:1] != ["v1"]:
        return RequestClass.WRITE
    route = segments[1:]
    if route[:2] == ["grpc-web", _RPC_SERVICE]:
        return _classify_door(verb, route[2:], body, facts)
    asked = {str(key).lower(): value for key, value in (params or {}).items()}
    sent = {str(key).lower(): str(value) for key, value in (headers or {}).items()}
    if _is_forbidden(verb, route, sent, body):
        return RequestClass.FORBIDDEN
    if not _is_known_read(verb, route):
        return RequestClass.WRITE
    return _read_or_repair(route, asked, body, facts or Facts())


def classify_rpc(method: str, message: Any, *, facts: Facts | None = None) -> RequestClass:
    """Class one call of ``weaviate.v1.Weaviate``, by gRPC or through the Connect door.

    ``message`` is the request: a protobuf message, decoded JSON, or None when unknown.
    """
    if method not in _READING_RPCS:
        return RequestClass.WRITE
    if message is None:
        return RequestClass.REPAIRING_READ
    consistency = _field(message, "consistency_level", "consistencyLevel")
    if str(consistency or "") not in _WEAK_CONSISTENCY and consistency not in (0, 1):
        return RequestClass.REPAIRING_READ
    tenant = _field(message, "tenant", "tenant")
    if method != "TenantsGet" and tenant and not (facts or Facts()).tenant_is_hot:
        return RequestClass.REPAIRING_READ
    return RequestClass.READ


class Guard:
    """Decides for one profile: read-only lets only reads pass, writing needs permit and audit."""

    def __init__(self, *, writable: bool = False, audit: AuditSink | None = None) -> None:
        self.writable = writable
        self.audit = audit

    def check(self, request_class: RequestClass, request: str, permit: Permit | None) -> None:
        """Let a request pass, or raise ``Refused`` saying why and what would allow it."""
        if request_class is RequestClass.READ:
            return
        if request_class is RequestClass.FORBIDDEN:
            raise Refused(
                "this request is never sent: it can harm the cluster or mislead",
                request=request,
                hint="use the nodes endpoint for shard states",
            )
        if not self.writable:
            raise Refused(
                f"the profile is read-only and this is a {request_class}",
                request=request,
                hint="set write = true in the profile, or pass --write",
            )
        if permit is None:
            raise Refused(f"a {request_class} needs a permit and none was given", request=request)
        if self.audit is None:
            raise Refused(
                f"a {request_class} needs an audit log and none is open",
                request=request,
                hint="check that the state directory can be written",
            )


def body_hash(content: bytes | None) -> str | None:
    """The SHA-256 of a request's body for the audit line, None without a body."""
    return hashlib.sha256(content).hexdigest() if content else None


def _classify_door(verb: str, method: list[str], body: Any, facts: Facts | None) -> RequestClass:
    if verb != "POST":
        return RequestClass.WRITE
    return classify_rpc("/".join(method), body, facts=facts)


def _is_known_read(verb: str, route: list[str]) -> bool:
    if verb == "HEAD":
        verb = "GET"
    return any(
        rule_verb == verb and _matches(rule_path.split("/"), route)
        for rule_verb, rule_path in (rule.split(" ", 1) for rule in _READS)
    )


def _matches(pattern: list[str], route: list[str]) -> bool:
    return len(pattern) == len(route) and all(
        want in ("*", got) for want, got in zip(pattern, route, strict=True)
    )


def _is_forbidden(verb: str, route: list[str], headers: dict[str, str], body: Any) -> bool:
    on_schema = route[:1] == ["schema"]
    # Reading shard states of a collection with a COLD tenant wedges raft until a restart.
    if on_schema and verb in ("GET", "HEAD") and len(route) == 3 and route[2] == "shards":
        return True
    # The local tenants list is always empty: a lie, not an answer.
    if on_schema and len(route) == 3 and route[2] == "tenants" and verb == "GET":
        return headers.get("consistency", "").lower() == "false"
    # addNodes {node: null} makes an empty replica that serves reads.
    if route == ["replication", "scale"] and verb == "POST" and isinstance(body, Mapping):
        return _has_null_source(body)
    return False


def _has_null_source(body: Mapping[str, Any]) -> bool:
    added = body.get("addNodes")
    nested = [value for value in body.values() if isinstance(value, Mapping)]
    if isinstance(added, Mapping) and any(not source for source in added.values()):
        return True
    return any(_has_null_source(value) for value in nested)


def _read_or_repair(
    route: list[str], params: dict[str, Any], body: Any, facts: Facts
) -> RequestClass:
    consistency = str(params.get("consistency_level", "")).upper()
    if consistency not in _WEAK_CONSISTENCY:
        return RequestClass.REPAIRING_READ
    reads_objects = route[:1] == ["objects"]
    # One object is read at QUORUM where nothing is said (1.39.0), and what differs is repaired.
    if reads_objects and len(route) > 1 and consistency != "ONE":
        return RequestClass.REPAIRING_READ
    if reads_objects and params.get("tenant") and not facts.tenant_is_hot:
        return RequestClass.REPAIRING_READ
    if route == ["graphql"]:
        return _classify_graphql(body, facts)
    return RequestClass.READ


def _classify_graphql(body: Any, facts: Facts) -> RequestClass:
    """Only our own exact count is known to repair and activate nothing; its shape is fixed."""
    query = str(body.get("query", "")) if isinstance(body, Mapping) else ""
    count = _COUNT_QUERY.fullmatch(query)
    if count is None or (count["tenant"] and not facts.tenant_is_hot):
        return RequestClass.REPAIRING_READ
    return RequestClass.READ


def _field(message: Any, snake: str, camel: str) -> Any:
    if isinstance(message, Mapping):
        return message.get(camel, message.get(snake))
    return getattr(message, snake, None)
