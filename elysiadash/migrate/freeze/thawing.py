"""Undoes a freeze from what its step says, and reads back that it is undone.

The worker, the watchdog and whoever thaws by hand do it with these functions. Each can be done
again at any moment, by several at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from elysiadash.migrate.freeze import shards
from elysiadash.migrate.freeze.noted import NarrowedRole, Undo
from elysiadash.weaviate import roles
from elysiadash.weaviate.client import Client
from elysiadash.weaviate.errors import WeaviateError
from elysiadash.weaviate.guard import Permit

_ROUNDS: Final = 25
_WAIT_S: Final = 0.2


class NotThawed(Exception):
    """Something is still frozen: what, and what to do."""


async def thaw(client: Client, undo: Undo, permit: Permit) -> tuple[str, ...]:
    """Put back all that the undo names; what was done, in words.

    Raises ``NotThawed`` where reading back shows that it is not, or the ``WeaviateError`` that
    fits: then it has to be done again.
    """
    done: list[str] = []
    if undo.shards:
        done += await _make_ready(client, undo, permit)
    for narrowed in undo.roles:
        done += await widen(client, narrowed, permit)
    if undo.probe_user:
        await roles.delete_user(client, undo.probe_user, permit)
    return tuple(done)


async def widen(client: Client, narrowed: NarrowedRole, permit: Permit) -> list[str]:
    """Give a role back what it lost, then take what it had instead."""
    if await roles.role(client, narrowed.role) is None:
        return [f"role {narrowed.role} is no more: nothing to give back"]
    await roles.add_permissions(client, narrowed.role, narrowed.removed, permit)
    if not await _has(client, narrowed.role, all_of=narrowed.removed):
        raise NotThawed(
            f"role {narrowed.role} has not got its permissions back; give it "
            + ", ".join(_words(one) for one in narrowed.removed)
        )
    await roles.remove_permissions(client, narrowed.role, narrowed.added, permit)
    return [f"role {narrowed.role} may write again"]


async def _make_ready(client: Client, undo: Undo, permit: Permit) -> list[str]:
    """Only what was writable and says READONLY is set: no other shard is ever touched."""
    touched: set[shards.Shard] = set()
    left: list[shards.Shard] = []
    failed: WeaviateError | None = None
    for _ in range(_ROUNDS):
        found = await shards.replicas(client, undo.collections)
        left = shards.still_readonly(found, undo.shards)
        if not left:
            return [f"{len(touched)} shards are READY again"]
        touched |= set(left)
        # One shard that cannot be set must not keep the others frozen.
        failed = await shards.set_status(client, left, shards.READY, permit)
        await asyncio.sleep(_WAIT_S)
    names = ", ".join(f"{collection}/{shard}" for collection, shard in left[:5])
    raise NotThawed(
        f"{len(left)} shards stay READONLY ({names}); look at the disks of their nodes, then set "
        f"them READY" + (f"; the last answer: {failed}" if failed is not None else "")
    )


async def _has(client: Client, name: str, *, all_of: Sequence[roles.Permission]) -> bool:
    for _ in range(_ROUNDS):
        found = await roles.role(client, name)
        if found is None or all(one in (found.permissions or ()) for one in all_of):
            return True
        await asyncio.sleep(_WAIT_S)
    return False


def _words(permission: roles.Permission) -> str:
    about = permission.get("data")
    where = about.get("collection", "*") if isinstance(about, dict) else "*"
    return f"{permission.get('action')} on {where}"
