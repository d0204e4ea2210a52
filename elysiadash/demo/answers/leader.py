"""Requests that ask the raft leader: through another node, and while there is none."""

from __future__ import annotations

import asyncio

from elysiadash.demo.messages import Answer, failure
from elysiadash.demo.world import World


async def no_leader(
    world: World, node: str, *, after: float, status: int = 500, prefix: str = ""
) -> Answer | None:
    """None while somebody leads. Else the answer that comes after `after` seconds of trying.

    Measured on one of three 1.39.0 nodes: 17 to 48 s, depending on the route.
    """
    if world.without_leader_for() is None:
        return None
    await asyncio.sleep(world.scaled(after))
    others = ",".join(name for name in world.model.nodes if name != node)
    return failure(status, f"{prefix}leader not found, can not resolve nodes [{others}]")


def told_by_leader(world: World, node: str, text: str, code: str, tail: str = "") -> str:
    """The leader's refusal as the asked node passes it on: wrapped, unless it leads itself."""
    if world.raft().leader == node:
        return text
    return f"rpc error: code = {code} desc = {text}" + (f"\n{tail}" if tail else "")
