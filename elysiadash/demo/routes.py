"""The routes of Weaviate 1.39's REST API, each with its simulated handler where there is one."""

from __future__ import annotations

from elysiadash.demo.answers import basics, nodes, schema, statistics
from elysiadash.demo.routing import Route, Router

ROUTES = (
    Route("GET", "/v1/.well-known/live", basics.live),
    Route("GET", "/v1/.well-known/ready", basics.ready),
    Route("GET", "/v1/.well-known/openid-configuration", basics.openid),
    Route("GET", "/v1/meta", basics.meta),
    Route("GET", "/v1/namespaces", basics.namespaces),
    Route("GET", "/v1/users/db", basics.no_list),
    Route("GET", "/v1/authz/roles", basics.no_list),
    Route("GET", "/v1/nodes", nodes.nodes),
    Route("GET", "/v1/nodes/{className}", nodes.nodes),
    Route("GET", "/v1/cluster/statistics", statistics.statistics),
    Route("POST", "/v1/schema", None),
    Route("GET", "/v1/schema", schema.schema),
    Route("GET", "/v1/schema/{className}", schema.schema_class),
    Route("DELETE", "/v1/schema/{className}", None),
    Route("PUT", "/v1/schema/{className}", None),
    Route("GET", "/v1/schema/{className}/shards", schema.shards),
    Route("GET", "/v1/schema/{className}/indexes", schema.indexes),
    Route("GET", "/v1/aliases", schema.aliases),
    Route("GET", "/v1/aliases/{aliasName}", schema.alias),
)


def api_router() -> Router:
    """The router of a node's REST port."""
    return Router(ROUTES)
