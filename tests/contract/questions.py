"""What is asked of a server to record it: the reading requests of the console, and their errors."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

CONNECT = "/v1/grpc-web/weaviate.v1.Weaviate"
_LOCAL = {"consistency": "false"}
_CONNECT_HEADERS = {"Connect-Protocol-Version": "1", "Content-Type": "application/json"}
_JSON = {"Content-Type": "application/json"}
# What the client asks about to find out which features a server has.
UNKNOWN = "ElysiadashProbe"


@dataclass(frozen=True)
class Question:
    """One request; ``path`` includes the query, ``node`` None means the first node.

    ``user`` names whose key is sent; ``limit`` is how long an answer is waited for, in seconds.
    """

    name: str
    path: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    node: str | None = None
    user: str | None = None
    note: str = ""
    limit: float = 60.0

    def content(self) -> bytes | None:
        """The body as sent."""
        return None if self.body is None else json.dumps(self.body).encode()


def probes(nodes: Sequence[str]) -> list[Question]:
    """Each node's own readiness and liveness."""
    return [
        Question(f"{kind}-{node}", f"/v1/.well-known/{kind}", node=node, limit=3.0)
        for node in nodes
        for kind in ("ready", "live")
    ]


def fan_out() -> list[Question]:
    """What the contacted node asks all listed nodes for."""
    return [
        Question("nodes-minimal", "/v1/nodes"),
        Question("nodes-verbose", "/v1/nodes?output=verbose"),
        Question("cluster-statistics", "/v1/cluster/statistics"),
    ]


def local_and_led() -> list[Question]:
    """What is answered from the local schema, and what is asked of the raft leader."""
    return [
        Question("meta", "/v1/meta"),
        Question("schema-local", "/v1/schema", headers=_LOCAL),
        Question("schema-leader", "/v1/schema"),
        Question("aliases", "/v1/aliases"),
        Question("replications", "/v1/replication/replicate/list"),
        Question("replications-with-history", "/v1/replication/replicate/list?includeHistory=true"),
        Question("tasks", "/v1/tasks"),
    ]


def reading(schema: Sequence[Mapping[str, Any]], nodes: Sequence[str]) -> list[Question]:
    """Everything a healthy cluster with these collections is asked."""
    asked = [
        *probes(nodes),
        *fan_out(),
        *local_and_led(),
        Question("own-info", "/v1/users/own-info"),
        Question("backups-filesystem", "/v1/backups/filesystem"),
    ]
    for definition in schema:
        name = str(definition["class"])
        asked += _of_collection(name)
        if definition.get("multiTenancyConfig", {}).get("enabled"):
            asked.append(Question(f"tenants-{name}", f"/v1/schema/{name}/tenants"))
        else:
            asked += _counts(name)
    return asked


def of_tenant(collection: str, tenant: str, label: str) -> list[Question]:
    """A tenant's count by both doors, and the tenant by name."""
    return [
        *(
            replace(question, name=f"{question.name}-{label}-tenant")
            for question in _counts(collection, tenant)
        ),
        Question(
            f"connect-tenants-get-{label}-tenant",
            f"{CONNECT}/TenantsGet",
            "POST",
            _CONNECT_HEADERS,
            {"collection": collection, "names": {"values": [tenant]}},
        ),
    ]


def errors(single_tenant: str, multi_tenant: str) -> list[Question]:
    """Requests that are refused, each in another way."""
    count = {"query": f"{{Aggregate{{{multi_tenant}{{meta{{count}}}}}}}}"}
    aggregate = {"collection": single_tenant, "objectsCount": True}
    return [
        Question("unknown-route", "/v1/nosuchroute"),
        Question("unknown-collection-schema", f"/v1/schema/{UNKNOWN}"),
        Question("unknown-collection-schema-local", f"/v1/schema/{UNKNOWN}", headers=_LOCAL),
        Question("unknown-collection-nodes", f"/v1/nodes/{UNKNOWN}?output=verbose"),
        Question("unknown-collection-indexes", f"/v1/schema/{UNKNOWN}/indexes"),
        Question("unknown-collection-tenants", f"/v1/schema/{UNKNOWN}/tenants"),
        Question(
            "unknown-collection-sharding-state",
            f"/v1/replication/sharding-state?collection={UNKNOWN}",
        ),
        Question(
            "unknown-collection-connect",
            f"{CONNECT}/Aggregate",
            "POST",
            _CONNECT_HEADERS,
            {"collection": UNKNOWN, "objectsCount": True},
        ),
        Question(
            "unknown-collection-graphql",
            "/v1/graphql",
            "POST",
            _JSON,
            {"query": f"{{Aggregate{{{UNKNOWN}{{meta{{count}}}}}}}}"},
        ),
        Question("connect-without-header", f"{CONNECT}/Aggregate", "POST", _JSON, aggregate),
        Question("graphql-without-tenant", "/v1/graphql", "POST", _JSON, count),
        Question(
            "connect-without-tenant",
            f"{CONNECT}/Aggregate",
            "POST",
            _CONNECT_HEADERS,
            {"collection": multi_tenant, "objectsCount": True},
        ),
        Question("tenants-of-single-tenant", f"/v1/schema/{single_tenant}/tenants"),
        Question("backups-unknown-backend", "/v1/backups/s3"),
        Question("wrong-method-graphql", "/v1/graphql"),
        Question("wrong-method-nodes", "/v1/nodes", "DELETE"),
    ]


def metrics(node: str) -> Question:
    """One node's metrics, from its other port."""
    return Question("metrics", "/metrics", node=node)


def by_users(collection: str, users: Sequence[str | None]) -> list[Question]:
    """What differs by who asks, once for each user; None sends no key."""
    asked = [
        Question("ready", "/v1/.well-known/ready"),
        Question("meta", "/v1/meta"),
        Question("own-info", "/v1/users/own-info"),
        *fan_out(),
        Question("nodes-collection", f"/v1/nodes/{collection}?output=verbose"),
        Question("schema-local", "/v1/schema", headers=_LOCAL),
        Question("schema-collection", f"/v1/schema/{collection}", headers=_LOCAL),
        Question("aliases", "/v1/aliases"),
        Question("replications-with-history", "/v1/replication/replicate/list?includeHistory=true"),
        Question("tasks", "/v1/tasks"),
        Question("backups-filesystem", "/v1/backups/filesystem"),
        *_counts(collection),
    ]
    return [
        replace(question, name=f"{user or 'anonymous'}-{question.name}", user=user)
        for user in users
        for question in asked
    ]


def _of_collection(name: str) -> list[Question]:
    return [
        Question(f"nodes-verbose-{name}", f"/v1/nodes/{name}?output=verbose"),
        Question(f"schema-{name}", f"/v1/schema/{name}", headers=_LOCAL),
        Question(f"schema-{name}-leader", f"/v1/schema/{name}"),
        Question(f"indexes-{name}", f"/v1/schema/{name}/indexes"),
        Question(f"sharding-state-{name}", f"/v1/replication/sharding-state?collection={name}"),
    ]


def _counts(name: str, tenant: str | None = None) -> list[Question]:
    scope = f'(tenant:"{tenant}")' if tenant else ""
    by_connect = {"collection": name, "objectsCount": True} | ({"tenant": tenant} if tenant else {})
    return [
        Question(
            f"connect-count-{name}", f"{CONNECT}/Aggregate", "POST", _CONNECT_HEADERS, by_connect
        ),
        Question(
            f"graphql-count-{name}",
            "/v1/graphql",
            "POST",
            _JSON,
            {"query": f"{{Aggregate{{{name}{scope}{{meta{{count}}}}}}}}"},
        ),
    ]
