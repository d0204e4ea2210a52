"""The four ways to keep writers out, each to the point where no earlier write is under way.

Each takes what is noted to be undone, does it, reads it back and says in words what it saw.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from elysiadash.migrate.errors import NotFrozen
from elysiadash.migrate.freeze import evidence, permissions, rungs, shards
from elysiadash.migrate.freeze.noted import NarrowedRole, Undo, title
from elysiadash.migrate.freeze.writer import a_writer, verbs_of
from elysiadash.migrate.run import Run
from elysiadash.weaviate import roles
from elysiadash.weaviate.errors import WeaviateError

_ROUNDS: Final = 50
_WAIT_S: Final = 0.2
_UNCOUNTED_WAIT_S: Final = 10.0
"""How long earlier writes are waited for where nobody tells which are under way."""
_COMMIT_WAIT_S: Final = 2.0
"""A replicated write that was prepared before READONLY is committed within this."""
_LOOK_S: Final = 2.0


async def by_stopping(run: Run, undo: Undo) -> list[str]:
    """The operator said that the writers are stopped: see whether batches still arrive."""
    names = await run.source.names()
    before = await evidence.of_nodes(run.source, names)
    await asyncio.sleep(_LOOK_S)
    now = await evidence.of_nodes(run.source, names)
    imports = [
        (node, collection, count)
        for node, seen in before.items()
        for collection, count in seen.imports.items()
    ]
    starts = {node: seen.start for node, seen in before.items() if seen.start is not None}
    still = evidence.arrived(imports, now, starts, undo.collections)
    if still:
        counts = ", ".join(f"{count:.0f} by {node}" for node, count in sorted(still.items()))
        raise NotFrozen(
            f"the writers are not stopped: within {_LOOK_S:.0f} s objects of "
            f"{', '.join(undo.collections)} were taken ({counts}); stop them, then go on"
        )
    said = ["the operator says that the writers are stopped"]
    return said + await _quiet(run, all_must=True)


async def by_mode(run: Run, undo: Undo) -> list[str]:
    """The operator switched every node to its read-only mode."""
    await run.breathe()
    listed = await run.source.client.nodes()
    if not rungs.is_read_only(listed, await run.source.names()):
        raise NotFrozen("not every node is in the read-only mode (OPERATIONAL_MODE=ReadOnly)")
    return await _quiet(run, all_must=True)


async def by_shards(run: Run, undo: Undo) -> list[str]:
    """READONLY on every replica, read back."""
    client, permit = run.source.client, run.permit(title(undo))
    wrong: list[str] = []
    failed: WeaviateError | None = None
    for _ in range(_ROUNDS):
        await run.breathe()
        found = await shards.replicas(client, undo.collections)
        wrong = shards.not_frozen(found, undo.shards)
        if not wrong:
            break
        open_still = sorted({*undo.shards} - _all_readonly(found))
        failed = await shards.set_status(client, open_still, shards.READONLY, permit)
        await asyncio.sleep(_WAIT_S)
    if wrong:
        tail = f"; the last answer: {failed}" if failed is not None else ""
        raise NotFrozen(f"the shards do not get READONLY: {'; '.join(wrong[:3])}{tail}")
    await asyncio.sleep(_COMMIT_WAIT_S)
    return await _quiet(run, all_must=False)


def _all_readonly(found: shards.Replicas) -> set[shards.Shard]:
    return {
        shard
        for shard, rows in found.of_shard().items()
        if all(row.status == shards.READONLY for row in rows)
    }


async def by_roles(run: Run, undo: Undo) -> list[str]:
    """The writers' roles lose their writes; a writer is seen taken before and refused after."""
    client, permit = run.source.client, run.permit(title(undo))
    removed = [one for role in undo.roles for one in role.removed]
    verbs = verbs_of(removed)
    targets = await _targets(run, undo)
    if not verbs or not targets:
        raise NotFrozen(
            "a freeze by roles is only believed when a writer was seen refused, and there is "
            "nothing to try: no role deletes or updates, or no tenant is active"
        )
    async with a_writer(run, undo.probe_user, [role.role for role in undo.roles]) as writer:
        # Without the first, a refusal could have any other reason.
        differs = await writer.all_say("taken", targets, verbs)
        if differs:
            raise NotFrozen(f"the writer is no writer before the freeze: {differs}")
        for role in undo.roles:
            await run.breathe()
            await _narrow_one(run, role)
        differs = await writer.all_say("forbidden", targets, verbs)
        if differs:
            raise NotFrozen(f"a writer is still let in: {differs}")
    said = [
        f"{', '.join(role.role for role in undo.roles)} may not write any more: a writer with "
        "these roles was taken before and got 403 after, through every node with an address"
    ]
    left = permissions.writers(
        [role for role in await roles.roles(client) if role.name not in roles.BUILT_IN],
        undo.collections,
    )
    if left:
        raise NotFrozen(f"role {left[0].name} may still write ({permit.reason})")
    return said + await _quiet(run, all_must=True)


async def narrow(run: Run) -> tuple[NarrowedRole, ...]:
    """What the writers' roles lose; for every other collection they keep it."""
    client, frozen = run.source.client, rungs.names(run)
    schema = await client.schema(leader=True)
    others = [one.name for one in schema.classes or () if one.name not in frozen]
    return permissions.narrowed(await roles.roles(client), frozen, others)


async def _narrow_one(run: Run, narrowed: NarrowedRole) -> None:
    client, permit = run.source.client, run.permit(f"take writes from role {narrowed.role}")
    await roles.add_permissions(client, narrowed.role, narrowed.added, permit)
    await roles.remove_permissions(client, narrowed.role, narrowed.removed, permit)
    for _ in range(_ROUNDS):
        found = await roles.role(client, narrowed.role)
        has = () if found is None else found.permissions or ()
        if not any(one in has for one in narrowed.removed):
            return
        await asyncio.sleep(_WAIT_S)
    raise NotFrozen(f"role {narrowed.role} keeps its writes although they were taken from it")


async def _targets(run: Run, undo: Undo) -> list[tuple[str, str]]:
    """Where a write can be tried: a collection, or one active tenant of it."""
    found = []
    for name in undo.collections:
        definition = await run.source.client.collection(name)
        tenancy = definition.multi_tenancy_config
        if tenancy is None or not tenancy.enabled:
            found.append((name, ""))
            continue
        only = rungs.tenants(run, name)
        hot = sorted(
            one.name
            for one in await run.source.client.tenants(name)
            if one.activity_status in ("HOT", "ACTIVE") and (not only or one.name in only)
        )
        found += [(name, one) for one in hot[:1]]
    return found


async def _quiet(run: Run, *, all_must: bool) -> list[str]:
    """Wait until every write that was under way is answered. Raises ``NotFrozen``.

    A request that was let in before the freeze may be stored after it; each route that is seen
    without one once has none of them any more.
    """
    names = await run.source.names()
    waiting: dict[str, frozenset[str]] | None = None
    blind: Sequence[str] = ()
    for _ in range(_ROUNDS * 3):
        await run.breathe()
        seen = await evidence.of_nodes(run.source, names)
        told = {node: one.under_way for node, one in seen.items() if one.under_way is not None}
        if waiting is None:
            waiting = dict(told)
            blind = [name for name in names if name not in told]
        waiting = {
            node: left
            for node, before in waiting.items()
            if (left := before & told.get(node, before))
        }
        if not waiting:
            break
        await asyncio.sleep(_WAIT_S)
    if waiting and all_must:
        node, routes = next(iter(waiting.items()))
        raise NotFrozen(f"a write is under way and does not end: {sorted(routes)[0]} at {node}")
    if blind:
        await asyncio.sleep(_UNCOUNTED_WAIT_S)
        return [f"earlier writes had {_UNCOUNTED_WAIT_S:.0f} s to end (not counted: no metrics of "
                f"{', '.join(blind)})"]  # fmt: skip
    return ["no earlier write is under way on any node"]
