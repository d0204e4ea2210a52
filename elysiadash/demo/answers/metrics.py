"""The metrics port: `/metrics` and `/tenant-activity`."""

from __future__ import annotations

import gzip

from elysiadash.demo.exposition import CONTENT_TYPE, Exposition
from elysiadash.demo.messages import JSON, Answer, Request
from elysiadash.demo.metrics_collections import add_collection_families
from elysiadash.demo.metrics_node import add_node_families
from elysiadash.demo.routing import Route, Router
from elysiadash.demo.world import World


class Expositions:
    """What is kept of every node's metrics: all lines that do not move."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._made: dict[str, tuple[tuple[int, bool], Exposition]] = {}

    def render(self, node: str) -> list[bytes]:
        """The node's metrics now."""
        version = (self._world.model.layout, bool(self._world.collections()))
        made = self._made.get(node)
        if made is None or made[0] != version:
            exposition = Exposition()
            add_node_families(exposition, self._world, node)
            add_collection_families(exposition, self._world, node)
            made = self._made[node] = (version, exposition)
        return made[1].render(self._world.now())


async def metrics(world: World, request: Request) -> Answer:
    """Prometheus text, compressed where that is accepted."""
    pieces = world.kept(Expositions).render(request.node)
    if "gzip" in request.headers.get("accept-encoding", ""):
        packed = gzip.compress(b"".join(pieces), compresslevel=1)
        return Answer(200, packed, CONTENT_TYPE, {"content-encoding": "gzip"}, cors=False)
    return Answer(200, b"".join(pieces), CONTENT_TYPE, cors=False)


async def tenant_activity(world: World, request: Request) -> Answer:
    """Empty, because metrics are not grouped."""
    return Answer(200, b"{}", JSON, cors=False)


def metrics_router() -> Router:
    """The router of a node's metrics port; what it lacks is plain text, as it is there."""
    routes = [
        Route(method, path, handler)
        for path, handler in (("/metrics", metrics), ("/tenant-activity", tenant_activity))
        for method in ("GET", "POST")
    ]
    missing = Answer(
        404,
        b"404 page not found\n",
        "text/plain; charset=utf-8",
        {"x-content-type-options": "nosniff"},
        cors=False,
    )
    return Router(routes, missing=missing)
