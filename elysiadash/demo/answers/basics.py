"""Liveness, readiness, meta and the few routes that say what is not set up."""

from __future__ import annotations

from elysiadash.demo.messages import Answer, Request, failure, nothing, payload
from elysiadash.demo.world import World

_MODULES = {
    "backup-s3": {
        "bucketName": "demo-backups",
        "endpoint": "s3.demo.example",
        "useSSL": True,
    },
    "generative-openai": {
        "documentationHref": "https://platform.openai.com/docs/api-reference/completions",
        "name": "Generative Search - OpenAI",
    },
    "text2vec-openai": {
        "documentationHref": "https://platform.openai.com/docs/guides/embeddings/what-are-embeddings",
        "name": "OpenAI Module",
    },
}


async def live(world: World, request: Request) -> Answer:
    """Says yes whenever it says anything."""
    return Answer(200, b"", None, cors=False)


async def ready(world: World, request: Request) -> Answer:
    """200 or 503, without a body."""
    return Answer(200 if world.is_ready(request.node) else 503, b"", None, cors=False)


async def openid(world: World, request: Request) -> Answer:
    """OIDC is never set up here."""
    return nothing(404)


async def meta(world: World, request: Request) -> Answer:
    """What the server is and which modules it has."""
    modules = dict(_MODULES)
    if world.model.backend != "s3":
        modules = {name: about for name, about in modules.items() if name != "backup-s3"}
    return payload(
        {
            "grpcMaxMessageSize": 104_858_000,
            "hostname": "http://[::]:8080",
            "modules": modules,
            "version": world.model.nodes[request.node].version,
        }
    )


async def namespaces(world: World, request: Request) -> Answer:
    """Namespaces are off, as they are by default."""
    return failure(404, "namespaces are not enabled")


async def no_list(world: World, request: Request) -> Answer:
    """Users of the database and roles: none, without RBAC."""
    return payload([])
