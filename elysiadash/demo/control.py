"""The demo's own port: give faults, take them back, see what was asked. No part of Weaviate."""

from __future__ import annotations

from elysiadash.demo.faults import read_faults
from elysiadash.demo.messages import Answer, Request, nothing, payload
from elysiadash.demo.routing import Route, Router
from elysiadash.demo.world import World


async def list_faults(world: World, request: Request) -> Answer:
    """The faults that hold now or still will, by id."""
    return payload({"faults": world.faults.current()})


async def give_faults(world: World, request: Request) -> Answer:
    """One fault, a list, or `{"faults": [...]}`; answers with their ids."""
    try:
        faults = read_faults(request.body)
    except ValueError as error:
        return payload({"error": str(error)}, 400)
    return payload({"ids": [world.faults.add(fault) for fault in faults]}, 201)


async def take_back(world: World, request: Request) -> Answer:
    """End one fault; a node that was down starts anew."""
    return nothing(204 if world.faults.remove(request.params["id"]) else 404)


async def take_back_all(world: World, request: Request) -> Answer:
    """End every fault, those that the scenario began with too."""
    world.faults.clear()
    return nothing(204)


async def calls(world: World, request: Request) -> Answer:
    """How often each route was asked, by node."""
    asked: dict[str, dict[str, int]] = {name: {} for name in world.model.nodes}
    for (node, route), count in sorted(world.model.calls.items()):
        asked.setdefault(node, {})[route] = count
    return payload(asked)


def control_router() -> Router:
    """The router of the control port."""
    return Router(
        [
            Route("GET", "/faults", list_faults),
            Route("POST", "/faults", give_faults),
            Route("DELETE", "/faults", take_back_all),
            Route("DELETE", "/faults/{id}", take_back),
            Route("GET", "/calls", calls),
        ]
    )
