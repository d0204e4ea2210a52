"""Asks both clusters what the checks need. Only reads; what cannot be had is told with its why."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable
from typing import Final, TypeVar

from elysiadash.cluster import disks
from elysiadash.cluster.disks import NodeDisk
from elysiadash.cluster.promql import Wording
from elysiadash.migrate import prepare
from elysiadash.migrate.overwritten import why_not_kept
from elysiadash.migrate.preflight import sampling
from elysiadash.migrate.preflight.facts import (
    ClusterFacts,
    CollectionFacts,
    Facts,
    Replica,
    RungFacts,
    Told,
)
from elysiadash.migrate.run import Run
from elysiadash.migrate.site import Site
from elysiadash.migrate.spec import Wanted
from elysiadash.schema.definition import Definition
from elysiadash.weaviate.definitions import stored_definition
from elysiadash.weaviate.errors import NotFound, WeaviateError
from elysiadash.weaviate.models import Nodes
from elysiadash.weaviate.prometheus import PrometheusClient
from elysiadash.weaviate.versions import VERBOSE_LOADS_LAZY_SHARDS, has_fault

T = TypeVar("T")
MOST_TENANTS_COUNTED: Final = 200
_COUNTS_AT_ONCE: Final = 4
_LOADS: Final = "reading shards would load all lazy ones on this release, see the check of versions"


async def gather(run: Run) -> Facts:
    """The facts of a run that has been looked at (``looking.look``)."""
    source = await _cluster(run.source)
    target = source if run.spec.same_cluster else await _cluster(run.target)
    await run.breathe()
    collections = []
    for wanted in run.spec.collections:
        collections.append(await _collection(run, wanted))
        await run.breathe()
    folder = run.work.state
    free = await asyncio.to_thread(lambda: shutil.disk_usage(folder).free)
    return Facts(
        spec=run.spec,
        source=source,
        target=target,
        collections=tuple(collections),
        parts=tuple(run.parts),
        rungs=await _rungs(run),
        state_folder=str(folder),
        free_here=free,
        scan=await sampling.scan_rate(run),
        rate=(await asyncio.to_thread(run.work.job)).rate,
    )


async def told(question: Awaitable[T]) -> Told[T]:
    """The answer, or why there is none."""
    try:
        return Told(await question)
    except WeaviateError as error:
        return Told(None, str(error))


async def _cluster(site: Site) -> ClusterFacts:
    client, profile = site.client, site.profile
    expected = await site.names()
    return ClusterFacts(
        name=profile.name,
        url=profile.url,
        version=site.meta.version,
        write=profile.write,
        grpc=profile.grpc is not None,
        modules=frozenset(site.meta.modules or {}),
        backends=site.meta.backup_backends(),
        expected=expected,
        nodes=await told(client.nodes(then=lambda found: tuple(found.nodes))),
        addressed=frozenset(one for one in expected if profile.nodes.for_node(one)),
        collections=await told(_collections(site)),
        aliases=await told(client.aliases()),
        own=await told(client.own_info()),
        operations=await told(client.replication_operations()),
        readonly=await _readonly(site),
        disks=await _disks(site),
    )


async def _collections(site: Site) -> tuple[str, ...]:
    schema = await site.client.schema(leader=True)
    return tuple(one.name for one in schema.classes or ())


async def _readonly(site: Site) -> Told[dict[str, tuple[int, int]]]:
    def reduce(found: Nodes) -> dict[str, tuple[int, int]]:
        counted = {}
        for node in found.nodes:
            shards = node.shards or []
            readonly = sum(shard.status == "READONLY" for shard in shards)
            counted[node.name] = (readonly, len(shards))
        return counted

    if has_fault(site.meta.version, VERBOSE_LOADS_LAZY_SHARDS):
        return Told(None, _LOADS)
    return await told(site.client.nodes(verbose=True, then=reduce))


async def _disks(site: Site) -> Told[dict[str, NodeDisk]]:
    setting = site.profile.prometheus
    if setting is None:
        return Told(None, "no server tells its disks, and the profile names no Prometheus")
    client, wording = PrometheusClient(site.profile, setting), Wording(setting)
    try:
        named = await client.query(wording.names())
        labels = {
            one.labels["nodeID"]: one.labels.get(setting.node_label, "")
            for one in named.samples
            if one.labels.get("nodeID")
        }
        if not labels:
            return Told(None, "Prometheus knows no node of this cluster")
        answer = await client.query(wording.disks(labels))
        return Told(disks.match(answer.samples, labels, setting.node_label))
    except WeaviateError as error:
        return Told(None, str(error))
    finally:
        await client.aclose()


async def _collection(run: Run, wanted: Wanted) -> CollectionFacts:
    translation = run.translations[wanted.name]
    tenants = run.tenants.get(wanted.name)
    objects, uncounted = await _counted(run, wanted.name, tenants)
    there = await _there(run, translation.name)
    ours = await asyncio.to_thread(prepare.made_by_job, run, translation.name)
    replaced = there is not None and not ours and run.spec.overwrite
    return CollectionFacts(
        wanted=wanted,
        translation=translation,
        tenants=tenants,
        replicas=await _replicas(run, wanted.name, tenants),
        objects=objects,
        uncounted=uncounted,
        sample=await sampling.sample(run, wanted.name, objects.value),
        there=there,
        made_by_job=ours,
        not_kept=await why_not_kept(run, there) if replaced and there is not None else None,
    )


async def _there(run: Run, name: str) -> Definition | None:
    try:
        return await stored_definition(run.target.client, name)
    except NotFound:
        return None


async def _replicas(
    run: Run, collection: str, tenants: dict[str, str] | None
) -> Told[tuple[Replica, ...]]:
    def reduce(found: Nodes) -> tuple[Replica, ...]:
        return tuple(
            Replica(
                node=node.name,
                shard=shard.name,
                objects=shard.object_count,
                status=shard.status,
                loaded=shard.loaded,
                queue=shard.vector_queue_length,
            )
            for node in found.nodes
            for shard in node.shards or ()
            if shard.collection == collection and (tenants is None or shard.name in tenants)
        )

    if has_fault(run.source.meta.version, VERBOSE_LOADS_LAZY_SHARDS):
        return Told(None, _LOADS)
    return await told(run.source.client.nodes(verbose=True, collection=collection, then=reduce))


async def _counted(
    run: Run, collection: str, tenants: dict[str, str] | None
) -> tuple[Told[int], int]:
    """Exact counts; of tenants only those that are active, and so many at most."""
    client = run.source.client
    if tenants is None:
        return await told(client.exact_count(collection)), 0
    hot = [name for name, state in sorted(tenants.items()) if state == "HOT"]
    asked = hot[:MOST_TENANTS_COUNTED]
    places = asyncio.Semaphore(_COUNTS_AT_ONCE)

    async def count(tenant: str) -> int:
        async with places:
            return await client.exact_count(collection, tenant, tenant_is_hot=True)

    try:
        counts = await asyncio.gather(*(count(name) for name in asked))
    except WeaviateError as error:
        return Told(None, str(error)), len(tenants)
    return Told(sum(counts)), len(tenants) - len(asked)


async def _rungs(run: Run) -> Told[tuple[RungFacts, ...]]:
    if not run.spec.freezes:
        return Told(())
    from elysiadash.migrate.freeze.rungs import look_at

    found = await told(look_at(run))
    if found.value is None:
        return Told(None, found.why)
    return Told(
        tuple(
            RungFacts(how=str(one.how), why_not=one.why_not, way_out=one.way_out)
            for one in found.value
        )
    )
