"""What is asked of a cluster before a backup or a restore, so that ``traps`` can judge it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from fnmatch import fnmatchcase
from typing import TypeVar

import msgspec

from elysiadash.backups import requests
from elysiadash.backups.requests import Status
from elysiadash.weaviate.client import Client
from elysiadash.weaviate.errors import WeaviateError
from elysiadash.weaviate.models import Backup, Nodes, Tenant
from elysiadash.weaviate.versions import VERBOSE_LOADS_LAZY_SHARDS, has_fault, parse_version

T = TypeVar("T")


class Facts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a cluster says; ``unknown`` has the reason for what could not be asked."""

    version: str = ""
    """The oldest of its nodes'."""
    backends: tuple[str, ...] = ()
    nodes: dict[str, str] = {}
    """Expected and listed nodes with their status; ``missing`` where one is not listed."""
    collections: dict[str, bool] = {}
    """Collection -> whether it has tenants."""
    aliases: dict[str, str] = {}
    readonly: dict[str, int] = {}
    """Collection -> replicas that are READONLY."""
    cold: dict[str, int] = {}
    """Collection -> tenants that are not active and whose data is on the nodes."""
    offloaded: dict[str, int] = {}
    reindexing: tuple[str, ...] = ()
    """Collections with a running reindex task."""
    backups: tuple[Backup, ...] = ()
    status: Status | None = None
    """Of the backup of the id."""
    restore_status: Status | None = None
    unknown: dict[str, str] = {}


async def gather(
    client: Client, backend: str, name: str, *, restore: bool, concerned: Collection[str] = ()
) -> Facts:
    """Ask all of it. Raises the ``WeaviateError`` that fits where the cluster does not answer.

    ``concerned``: only shards and tenants of these collections matter; none: of all.
    """
    meta = await client.meta()
    listed = await client.nodes()
    schema = await client.schema(leader=True)
    asking = _Asking()
    collections = {
        one.name: bool(one.multi_tenancy_config and one.multi_tenancy_config.enabled)
        for one in schema.classes or ()
    }
    nodes, version = await _members(client, listed, meta.version, asking)
    enabled = backend in meta.backup_backends()
    chosen = [one for one in collections if not concerned or one in concerned]
    cold, offloaded = Counter[str](), Counter[str]()
    readonly: dict[str, int] = {}
    if not restore:
        readonly = await _readonly(client, version, chosen, asking)
        for one in (known for known in chosen if collections[known]):
            tenants = await asking.of("tenants", lambda: _tenants(client, one))  # noqa: B023
            for tenant in tenants or ():
                if tenant.activity_status in ("FROZEN", "OFFLOADED"):
                    offloaded[one] += 1
                elif tenant.activity_status not in ("HOT", "ACTIVE"):
                    cold[one] += 1
    aliases = await asking.of("aliases", client.aliases) or ()
    backups = await asking.of("backups", lambda: client.backups(backend)) if enabled else None
    return Facts(
        version=version,
        backends=meta.backup_backends(),
        nodes=nodes,
        collections=collections,
        aliases={one.alias: one.collection for one in aliases},
        readonly=readonly,
        cold=dict(cold),
        offloaded=dict(offloaded),
        reindexing=await _reindexing(client, asking),
        backups=backups or (),
        status=await requests.status(client, backend, name, restore=False) if enabled else None,
        restore_status=(
            await requests.status(client, backend, name, restore=True)
            if enabled and restore
            else None
        ),
        unknown=asking.failed,
    )


def matching(
    names: Collection[str], include: Collection[str], exclude: Collection[str]
) -> list[str]:
    """Which of ``names`` are meant; both lists may have ``*``. In the order of ``names``."""
    return [
        name
        for name in names
        if (not include or any(fnmatchcase(name, one) for one in include))
        and not any(fnmatchcase(name, one) for one in exclude)
    ]


class _Asking:
    """Questions whose answers may be missing, with the reason kept."""

    def __init__(self) -> None:
        self.failed: dict[str, str] = {}

    async def of(self, what: str, ask: Callable[[], Awaitable[T]]) -> T | None:
        try:
            return await ask()
        except WeaviateError as error:
            self.failed[what] = str(error)
            return None


async def _members(
    client: Client, listed: Nodes, version: str, asking: _Asking
) -> tuple[dict[str, str], str]:
    nodes = {one.name: one.status for one in listed.nodes}
    statistics = await asking.of("statistics", client.statistics)
    for row in statistics.statistics if statistics else ():
        for peer in (row.raft.latest_configuration if row.raft else None) or ():
            nodes.setdefault(peer.id, "missing")
    told = [one.version for one in listed.nodes if one.version] or [version]
    oldest = min(told, key=lambda text: parse_version(text) or (0, 0, 0))
    return dict(sorted(nodes.items())), oldest


async def _readonly(
    client: Client, version: str, chosen: list[str], asking: _Asking
) -> dict[str, int]:
    if has_fault(version, VERBOSE_LOADS_LAZY_SHARDS):
        asking.failed["shards"] = f"on {version} the question would load every lazy shard"
        return {}
    found = Counter[str]()
    for one in chosen:
        verbose = await asking.of("shards", lambda: _verbose(client, one))  # noqa: B023
        for node in verbose.nodes if verbose else ():
            found[one] += sum(shard.status == "READONLY" for shard in node.shards or ())
    return {name: count for name, count in found.items() if count}


async def _reindexing(client: Client, asking: _Asking) -> tuple[str, ...]:
    tasks = await asking.of("tasks", client.tasks) or {}
    found = set()
    for namespace, some in tasks.items():
        for task in some:
            if "reindex" in namespace and task.status in ("STARTED", "PREPARING", "SWAPPING"):
                payload = task.payload if isinstance(task.payload, dict) else {}
                found.add(str(payload.get("collection") or task.id.partition(":")[0]))
    return tuple(sorted(found))


async def _tenants(client: Client, collection: str) -> tuple[Tenant, ...]:
    return await client.tenants(collection)


async def _verbose(client: Client, collection: str) -> Nodes:
    return await client.nodes(verbose=True, collection=collection)
