"""The proof of a freeze: what says, at this moment, that nobody can have written since it began.

READONLY is lost with a restart, on COLD -> HOT and for new tenants, so states alone prove nothing:
the processes, the tenants and their states must be those of the beginning too. The probe confirms.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from elysiadash.migrate.errors import NotFrozen
from elysiadash.migrate.freeze import evidence, permissions, rungs, shards
from elysiadash.migrate.freeze.noted import Known, Undo
from elysiadash.migrate.freeze.probing import probe
from elysiadash.migrate.phases import Freeze
from elysiadash.migrate.run import Run
from elysiadash.weaviate import roles
from elysiadash.weaviate.roles import BUILT_IN

_MOST_PROBES = 16


async def baseline(run: Run, known: Known) -> Known:
    """What later proofs are compared with, taken when writers are out."""
    seen = await evidence.of_nodes(run.source, await run.source.names())
    own: list[str] = []
    if run.source.profile.write and run.spec.accepted and rungs.ADMINS in run.spec.accepted:
        client = run.source.client
        own = await rungs.built_in_writers(run, await client.own_info(), await roles.roles(client))
    return msgspec.structs.replace(
        known,
        starts=tuple(
            (node, one.start) for node, one in sorted(seen.items()) if one.start is not None
        ),
        tenants=await _tenants(run),
        imports=tuple(
            (node, collection, count)
            for node, one in sorted(seen.items())
            for collection, count in sorted(one.imports.items())
            if collection in rungs.names(run)
        ),
        others_who_write=tuple(own),
    )


async def holds(run: Run, undo: Undo, known: Known) -> list[str]:
    """What proves it, in words; first what could not be looked at. Raises ``NotFrozen``."""
    said: list[str] = []
    names = await run.source.names()
    listed = await run.source.client.nodes()
    away = sorted(set(names) - {node.name for node in listed.nodes if node.status == "HEALTHY"})
    if away:
        raise NotFrozen(f"{', '.join(away)} does not answer: what it takes cannot be seen")
    if await _tenants(run) != known.tenants:
        raise NotFrozen(
            "tenants came, went, or were activated during the freeze, and are writable then"
        )
    seen = await evidence.of_nodes(run.source, names)
    starts = dict(known.starts)
    other = evidence.restarted(starts, seen)
    if undo.how is Freeze.READONLY:
        if other:
            raise NotFrozen(
                f"{', '.join(other)} restarted during the freeze, and a restart makes shards "
                "writable"
            )
        said += await _shards(run, undo)
        said += _not_told(names, starts)
        said += await _probes(run, undo)
        return said
    if undo.how is Freeze.ROLES:
        said += await _roles(run, undo, known)
    elif undo.how is Freeze.MODE:
        if not rungs.is_read_only(listed, names):
            raise NotFrozen("a node left the read-only mode")
        said.append(f"{len(names)} of {len(names)} nodes are in the read-only mode")
        # Only single calls pass its interceptor (source of 1.39.0; not tried).
        said.append("not checked: gRPC batch streams, which this mode may let through")
    # Measured on 1.39.0: a batch that was refused by roles or by the mode is not counted.
    arrived = evidence.arrived(known.imports, seen, starts, undo.collections)
    if arrived:
        counts = ", ".join(f"{count:.0f} by {node}" for node, count in sorted(arrived.items()))
        raise NotFrozen(f"somebody writes all the same: objects were taken in batches ({counts})")
    if starts:
        said.append(f"no batch for these collections arrived since, at {len(starts)} nodes")
    return said + _not_told(names, starts)


async def _shards(run: Run, undo: Undo) -> list[str]:
    found = await shards.replicas(run.source.client, undo.collections)
    everything = rungs.wanted_shards(run, found)
    wrong = shards.not_frozen(found, sorted({*undo.shards, *everything}))
    if wrong:
        raise NotFrozen(f"not frozen any more: {'; '.join(wrong[:3])}")
    wanted = set(everything)
    count = sum((row.collection, row.shard) in wanted for row in found.rows)
    return [f"{count} of {count} replicas are READONLY"]


async def _roles(run: Run, undo: Undo, known: Known) -> list[str]:
    """Every node says that the roles have no writes; nobody else got any."""
    client = run.source.client
    addresses = [run.source.profile.nodes.for_node(name) for name in await run.source.names()]
    bases: Sequence[str | None] = [one for one in addresses if one is not None] or [None]
    for base in bases:
        all_roles = await roles.roles(client, base)
        left = [
            role.name
            for role in permissions.writers(all_roles, undo.collections)
            if role.name not in BUILT_IN
        ]
        if left:
            raise NotFrozen(f"role {', '.join(left)} may write at {base or 'the cluster'}")
    admins = await rungs.built_in_writers(run, await client.own_info(), await roles.roles(client))
    more = sorted(set(admins) - set(known.others_who_write))
    if more:
        raise NotFrozen(f"{', '.join(more)} got a built-in role that may write")
    return [f"no role but the built-in ones may write, as {len(bases)} nodes say"]


async def _probes(run: Run, undo: Undo) -> list[str]:
    """Some writes of objects that do not exist, spread over the shards by chance."""
    permit, client, sent = run.permit("probe of the freeze"), run.source.client, 0
    for collection in undo.collections:
        own = [shard for name, shard in undo.shards if name == collection]
        definition = await client.collection(collection)
        tenancy = definition.multi_tenancy_config
        targets = own if tenancy is not None and tenancy.enabled else [""] * (2 * len(own))
        for tenant in targets[:_MOST_PROBES]:
            answer = await probe(client, permit, collection, tenant)
            if answer != "read-only":
                raise NotFrozen(f"a probe of {collection} was not refused as read-only ({answer})")
            sent += 1
    return [f"{sent} probes were refused as read-only"] if sent else []


async def _tenants(run: Run) -> tuple[tuple[str, str], ...]:
    found = []
    for name in rungs.names(run):
        definition = await run.source.client.collection(name)
        tenancy = definition.multi_tenancy_config
        if tenancy is not None and tenancy.enabled:
            mark = await evidence.tenants_fingerprint(
                run.source.client, name, rungs.tenants(run, name)
            )
            found.append((name, mark))
    return tuple(found)


def _not_told(names: Sequence[str], starts: dict[str, float]) -> list[str]:
    blind = [name for name in names if name not in starts]
    if not blind:
        return [f"{len(names)} of {len(names)} nodes run the processes of the beginning"]
    return [f"not checked: whether {', '.join(blind)} restarted (no metrics address)"]
