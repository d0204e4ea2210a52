"""The ladder: which ways to keep writers out there are here, and the best of them.

In order: the operator stops the writers and says so; the writers' roles lose their writes; the
whole cluster is in its read-only mode; READONLY shards, only where no write is acknowledged and
dropped (a READONLY shard with replication factor 1 answers SUCCESS and stores nothing before
1.38.10 and on 1.39.0).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from elysiadash.migrate.errors import NotFrozen, Waits
from elysiadash.migrate.freeze import permissions, shards
from elysiadash.migrate.phases import Freeze, Strategy
from elysiadash.migrate.run import Run
from elysiadash.weaviate import roles
from elysiadash.weaviate.errors import WeaviateError
from elysiadash.weaviate.models import Nodes, OwnInfo
from elysiadash.weaviate.roles import BUILT_IN
from elysiadash.weaviate.versions import has_fault

STOPPED: Final = "stopped"
"""What the operator says (``{"word": "stopped"}``) once the writers are stopped."""
ADMINS: Final = "admins-do-not-write"
"""The code by which the operator takes it on that administrators write nothing meanwhile."""
READ_ONLY_MODE: Final = "ReadOnly"
_LIES: Final = "readonly-batch-lies"
_WEDGES: Final = "shard-status-deadlocks-raft"
LADDER: Final = (Freeze.STOPPED, Freeze.ROLES, Freeze.MODE, Freeze.READONLY)


class Rung(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One way to freeze, and why it is not to be had here; ``why_not`` is empty where it is."""

    how: Freeze
    why_not: str = ""
    way_out: str = ""

    @property
    def works(self) -> bool:
        """Whether it can be taken."""
        return not self.why_not


async def look_at(run: Run) -> tuple[Rung, ...]:
    """Every way with whether it can be taken here, the best first. Only reads."""
    listed = await run.source.client.nodes()
    return (
        _stopped(run),
        await _roles(run),
        _mode(run, listed),
        await _readonly(run, listed),
    )


async def choose(run: Run) -> Freeze:
    """The way to freeze that the spec asks for, or the best that works.

    Raises ``NotFrozen`` where the one that was asked for cannot be taken, ``Waits`` where a person
    has to stop the writers (and says ``stopped``) or to switch the mode.
    """
    wanted = run.spec.freeze
    if wanted is Freeze.NONE:
        return Freeze.NONE
    found = {rung.how: rung for rung in await look_at(run)}
    if wanted is not Freeze.AUTO:
        rung = found[wanted]
        if rung.works:
            return wanted
        if wanted in (Freeze.STOPPED, Freeze.MODE):
            raise Waits(
                f"{rung.why_not}: {rung.way_out}",
                key=STOPPED if wanted is Freeze.STOPPED else "",
                choices=(STOPPED,) if wanted is Freeze.STOPPED else (),
            )
        raise NotFrozen(f"freeze by {wanted} cannot be had: {rung.why_not}; {rung.way_out}")
    for how in LADDER:
        if found[how].works:
            return how
    reasons = "; ".join(
        f"{how}: {found[how].why_not}" for how in LADDER if how is not Freeze.STOPPED
    )
    raise Waits(
        f"writers cannot be kept out by us ({reasons}). {found[Freeze.STOPPED].way_out}",
        key=STOPPED,
        choices=(STOPPED,),
    )


def names(run: Run) -> tuple[str, ...]:
    """The source's collections that are frozen."""
    return tuple(one.name for one in run.spec.collections)


def tenants(run: Run, collection: str) -> frozenset[str]:
    """The tenants of a collection that are copied; empty: all."""
    wanted = next(one for one in run.spec.collections if one.name == collection)
    return frozenset(wanted.tenants or ())


def wanted_shards(run: Run, found: shards.Replicas) -> list[shards.Shard]:
    """The shards that hold what is copied."""
    chosen = {name: tenants(run, name) for name in names(run)}
    return [
        (collection, shard)
        for collection, shard in found.of_shard()
        if not chosen[collection] or shard in chosen[collection]
    ]


def is_read_only(listed: Nodes, expected: Iterable[str]) -> bool:
    """Whether every expected node is there and says that it is in the read-only mode."""
    modes = {node.name: node.operational_mode for node in listed.nodes}
    return bool(modes) and all(modes.get(name) == READ_ONLY_MODE for name in {*expected, *modes})


def writing_users(own: OwnInfo, holders: Iterable[tuple[str, str]]) -> list[str]:
    """Users, but we, who write by a built-in role; ``holders`` is user and role."""
    return sorted({f"{user} ({role})" for user, role in holders if user != own.username})


async def built_in_writers(run: Run, own: OwnInfo, all_roles: Iterable[roles.Role]) -> list[str]:
    """Users and groups, but we, whom a role lets write that nobody can narrow."""
    client, found = run.source.client, list[tuple[str, str]]()
    for role in permissions.writers(all_roles, names(run)):
        if role.name in BUILT_IN:
            found += [(one.user_id, role.name) for one in await roles.assigned(client, role.name)]
            found += [
                (f"group {one.group_id}", role.name)
                for one in await roles.groups(client, role.name)
            ]
    return writing_users(own, found)


def _stopped(run: Run) -> Rung:
    said = STOPPED in run.checkpoint.answers or run.spec.strategy is Strategy.OFFLINE
    of = ", ".join(names(run))
    return Rung(
        how=Freeze.STOPPED,
        why_not="" if said else "nobody said that the writers are stopped",
        way_out=f"stop everything that writes to {of}, then say: {STOPPED}",
    )


async def _roles(run: Run) -> Rung:
    how = Freeze.ROLES
    if not run.source.profile.write:
        return _read_only_profile(how)
    try:
        own = await run.source.client.own_info()
        all_roles = await roles.roles(run.source.client)
        admins = await built_in_writers(run, own, all_roles)
    except WeaviateError as error:
        return Rung(
            how=how, why_not=f"roles cannot be read ({error.what})",
            way_out="switch RBAC on, and give our user read_roles and update_roles",
        )  # fmt: skip
    ours = {str(role.get("name")) for role in own.roles or ()}
    narrowable = permissions.narrowed(all_roles, names(run), [])
    if not own.roles or not all_roles:
        return Rung(how=how, why_not="the server has no roles (RBAC is off)")
    if not _may_change_roles(own):
        return Rung(
            how=how, why_not=f"our user {own.username} may not change roles",
            way_out="give it update_roles with the scope all",
        )  # fmt: skip
    if not narrowable:
        return Rung(
            how=how, why_not="no role but the built-in ones may write",
            way_out="give the application a role of its own, and us another user",
        )  # fmt: skip
    if admins and ADMINS not in run.spec.accepted:
        return Rung(
            how=how, why_not=f"built-in roles cannot be narrowed, and {', '.join(admins)} have one",
            way_out=f"give them a role of their own, or accept it with {ADMINS}",
        )  # fmt: skip
    if run.spec.same_cluster and ours & {one.role for one in narrowable}:
        return Rung(
            how=how, why_not="our own user has a role that would lose its writes",
            way_out="give us a user whose roles no writer has",
        )  # fmt: skip
    return Rung(how=how)


def _may_change_roles(own: OwnInfo) -> bool:
    for role in own.roles or ():
        for one in role.get("permissions") or ():
            about = one.get("roles") or {}
            if one.get("action") == "update_roles" and about.get("scope") == "all":
                return True
    return False


def _mode(run: Run, listed: Nodes) -> Rung:
    how = Freeze.MODE
    if run.spec.same_cluster:
        return Rung(
            how=how, why_not="the copy is in the same cluster, whose read-only mode refuses it too"
        )
    if not is_read_only(listed, ()):
        other = [f"{node.name}: {node.operational_mode or 'not told'}" for node in listed.nodes]
        return Rung(
            how=how, why_not=f"not every node is in the read-only mode ({', '.join(other)})",
            way_out="set OPERATIONAL_MODE=ReadOnly on every node (1.34.5 and later), then go on",
        )  # fmt: skip
    return Rung(how=how)


async def _readonly(run: Run, listed: Nodes) -> Rung:
    how = Freeze.READONLY
    if not run.source.profile.write:
        return _read_only_profile(how)
    versions = {node.version for node in listed.nodes if node.version} | {run.source.meta.version}
    found = await shards.replicas(run.source.client, names(run))
    for name in names(run):
        definition = await run.source.client.collection(name)
        replication = definition.replication_config
        rows = [row for row in found.rows if row.collection == name]
        single = replication is None or replication.factor < 2 or any(row.of < 2 for row in rows)
        lying = sorted(version for version in versions if has_fault(version, _LIES))
        if single and lying:
            return Rung(
                how=how,
                why_not=f"{name} has one replica, and {lying[0]} tells writers SUCCESS there and "
                "stores nothing",
                way_out="stop the writers, freeze by roles, or update to a release that tells the "
                "truth (1.38.10 and later, not 1.39.0)",
            )
        tenancy = definition.multi_tenancy_config
        wedged = sorted(version for version in versions if has_fault(version, _WEDGES))
        if wedged and tenancy is not None and tenancy.auto_tenant_activation:
            return Rung(
                how=how,
                why_not=f"setting states of {name}'s shards can stop raft on {wedged[0]} "
                "(tenants that activate themselves)",
                way_out="update the cluster, or freeze by roles",
            )
    missing = _missing(found, wanted_shards(run, found))
    if missing:
        return Rung(
            how=how, why_not=missing, way_out="wait until every node is healthy, then go on"
        )
    return Rung(how=how)


def _missing(found: shards.Replicas, wanted: Iterable[shards.Shard]) -> str:
    away = [f"{name} is {status}" for name, status in found.nodes if status != "HEALTHY"]
    if away:
        return ", ".join(away)
    by_shard = found.of_shard()
    for shard in wanted:
        rows = by_shard[shard]
        if len(rows) < rows[0].of:
            return f"{len(rows)} of {rows[0].of} replicas of {'/'.join(shard)} are to be seen"
    return ""


def _read_only_profile(how: Freeze) -> Rung:
    return Rung(
        how=how,
        why_not="the source's profile is read-only",
        way_out="set write = true in it, or pass --write",
    )
