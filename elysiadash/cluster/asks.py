"""The questions of the watch: each asks the cluster and puts the answer into the store."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from elysiadash.cluster.changeover import Changeover, excuse
from elysiadash.cluster.directory import Directory, NodeAddress
from elysiadash.cluster.growth import Growth, GrowthTracker
from elysiadash.cluster.nodes import expected_nodes, leader_of
from elysiadash.cluster.prometheus import PrometheusAsks
from elysiadash.cluster.rows import TenantCounts
from elysiadash.cluster.shards import ShardReport, report_shards
from elysiadash.cluster.slices import Kind, Problem
from elysiadash.cluster.store import Store
from elysiadash.cluster.traffic import Reading, Traffic
from elysiadash.weaviate.capabilities import Feature, probe
from elysiadash.weaviate.client import Client
from elysiadash.weaviate.errors import (
    AnswerTooLarge,
    BadAnswer,
    Forbidden,
    NotSupported,
    ServerFault,
    WeaviateError,
)
from elysiadash.weaviate.models import Nodes, Readiness, Schema, Tenant
from elysiadash.weaviate.node_metrics import NodeMetrics, NodeMetricsReader
from elysiadash.weaviate.prometheus import PrometheusClient
from elysiadash.weaviate.versions import (
    VERBOSE_LOADS_LAZY_SHARDS,
    Version,
    has_fault,
    known_faults,
    parse_version,
)

_TENANT_LISTS_AT_ONCE = 4
_NEWEST = Version(1 << 30, 0, 0)


class Asks:
    """Asks one cluster. ``remembered`` are the nodes expected by an earlier run."""

    def __init__(
        self, client: Client, store: Store, directory: Directory, remembered: tuple[str, ...]
    ) -> None:
        self.client = client
        self.store = store
        self.directory = directory
        self.remembered = remembered
        self.traffic = Traffic()
        self.nodes_changed: Callable[[], None] = lambda: None
        """Called when a node came into the list, left it, or changed its readiness, and when
        another one leads."""
        self.contact_changed: Callable[[], None] = lambda: None
        """Called when everything else is asked of another address from now on."""
        self.changeover = Changeover()
        """Whether another node has just taken over as the contact or the leader."""
        self.growth: dict[str, Growth] = {}
        """How fast each collection grows, as far as was seen."""
        self._growth_tracker = GrowthTracker()
        self.prometheus = _prometheus(client, store)
        """Asked for the metrics in the nodes' place, where the profile names one."""

    async def ready(self) -> None:
        """Readiness of every known address side by side; raises when none of them answers.

        Chooses whom to ask everything else: the profile's url, or while that is down another
        node that is ready, or at least answers (local reads work without quorum).
        """
        nodes = [entry.rest for entry in self.addresses() if entry.rest]
        url = self.client.profile.url
        addresses = nodes if url in nodes else [url, *nodes]
        before = {address: self._probe_of(address) for address in addresses}
        results = await self._each(Kind.READY, addresses, self.client.ready)
        changed = {at for at, was in before.items() if was not in (None, self._probe_of(at))}
        if changed:
            self.changeover.lose({one.node for one in self.addresses() if one.rest in changed})
            self.nodes_changed()
        best, transport = self._best(addresses), self.client.transport
        if best != transport.contact:
            excuse(self.store, transport.contact, best)
            transport.contact = best
            self.changeover.begin()
            self.contact_changed()
        _raise_if_all_failed(results)

    async def nodes(self) -> None:
        """Minimal nodes; who left the list is asked itself before the list is shown.

        A node that hangs can leave the list before its own address was asked again: it would be
        taken for dead.
        """
        asked_at = time.monotonic()
        nodes = await self.client.nodes()
        latency = time.monotonic() - asked_at
        listed, before = _names(nodes), self._listed()
        gone = before - listed
        addresses = [entry.rest for entry in self.addresses() if entry.rest and entry.node in gone]
        asking = (
            self._put_or_fail(Kind.READY, address, self.client.ready)
            for address in addresses
            # That a node hangs or is dead is known already, and asking takes its time.
            if self.store.get(Kind.READY, address).problem is None
        )
        await asyncio.gather(*asking)
        fresh = self.store.put(Kind.NODES, nodes, asked_at=asked_at, latency=latency)
        if fresh and before and before != listed:
            self.changeover.lose(gone)
            self.nodes_changed()

    async def statistics(self) -> None:
        """Raft as each node sees it; keeps who is expected."""
        await self._put(Kind.STATISTICS, self.client.statistics())
        self.remembered = tuple(sorted(self.expected()))
        # What waits for the leader is answered as soon as there is one.
        if self.changeover.follow(leader_of(self.store.get(Kind.STATISTICS).value)):
            self.nodes_changed()

    async def schema(self) -> None:
        """The local copy of the schema.

        A starting node answers with no collection at all, or some, before it has loaded them: an
        answer that lacks what was known is believed of a ready node only.
        """
        asked_at = time.monotonic()
        schema = await self.client.schema()
        latency = time.monotonic() - asked_at
        if self._lacks(schema) and not (await self.client.ready()).ready:
            raise ServerFault(
                "the node is not ready: it does not tell all collections before it has loaded them",
                hint="it starts, or has lost its raft leader",
            )
        self.store.put(Kind.SCHEMA, schema, asked_at=asked_at, latency=latency)

    def _lacks(self, schema: Schema) -> bool:
        """Whether it has no collection, or not all of those known."""
        known: Schema | None = self.store.get(Kind.SCHEMA).value
        before = {one.name for one in (known.classes if known else None) or ()}
        return not schema.classes or not before <= {one.name for one in schema.classes}

    async def aliases(self) -> None:
        """The aliases."""
        self._need(Feature.ALIASES)
        await self._put(Kind.ALIASES, self.client.aliases())

    async def verbose(self) -> float:
        """Every replica of every shard, reduced in the decoding thread; returns the cost."""
        asked_at = time.monotonic()
        report: ShardReport = await self.client.nodes(verbose=True, then=report_shards)
        latency = time.monotonic() - asked_at
        # Shards that go dark with their node leave the tracker, and begin anew with it.
        if not report.silent:
            counts = {name: item.counts for name, item in report.by_collection.items()}
            # Before the report is told of: rows are built once of both.
            self.growth = await asyncio.to_thread(self._growth_tracker.follow, asked_at, counts)
        self.store.put(Kind.VERBOSE, report, asked_at=asked_at, latency=latency)
        return 0.0 if report.silent else latency

    async def tenants(self) -> None:
        """Tenants by state of every multi-tenant collection."""
        names = self.multi_tenant_collections()
        slots = asyncio.Semaphore(_TENANT_LISTS_AT_ONCE)

        async def count(name: str) -> TenantCounts:
            async with slots:
                return await self.client.tenants(name, then=_count_states)

        _raise_if_all_failed(await self._each(Kind.TENANTS, names, count))

    async def operations(self) -> None:
        """Replica movements."""
        self._need(Feature.REPLICA_MOVEMENT)
        await self._put(Kind.OPERATIONS, self.client.replication_operations())

    async def tasks(self) -> None:
        """Distributed tasks."""
        self._need(Feature.TASKS)
        await self._put(Kind.TASKS, self.client.tasks())

    async def backups(self) -> None:
        """The backups of every backend that is switched on."""
        self._need(Feature.BACKUPS)
        meta = self.store.get(Kind.META).value
        backends = meta.backup_backends() if meta else ()
        _raise_if_all_failed(await self._each(Kind.BACKUPS, backends, self.client.backups))

    async def metrics(self) -> float:
        """The metrics of every known address, side by side; learns whose address it is.

        Returns the slowest answer's seconds: a node that hangs must not make the others rare.
        Where the profile names a Prometheus, no node is asked.
        """
        if self.prometheus is not None:
            return await self.prometheus.poll()
        addresses = [entry.metrics for entry in self.addresses() if entry.metrics]
        self.traffic.keep_only(addresses)
        _raise_if_all_failed(await self._each(Kind.METRICS, addresses, self._read_metrics))
        slices = self.store.all(Kind.METRICS).values()
        return max((piece.latency or 0.0 for piece in slices if not piece.problem), default=0.0)

    async def disks(self) -> float:
        """The disk under each node, which only a Prometheus tells; returns the cost."""
        return 0.0 if self.prometheus is None else await self.prometheus.poll_disks()

    async def capabilities(self) -> None:
        """Meta, and, for a version not probed yet or not understood then, the capabilities."""
        asked_at = time.monotonic()
        meta = await self.client.meta()
        latency = time.monotonic() - asked_at
        self.store.put(Kind.META, meta, asked_at=asked_at, latency=latency)
        known = self.store.get(Kind.CAPABILITIES).value
        if known is None or known.due(time.monotonic(), meta.version):
            await self._put(Kind.CAPABILITIES, probe(self.client))
        else:
            self.store.put(Kind.CAPABILITIES, known, asked_at=asked_at, latency=latency)

    async def count(
        self, collection: str, tenant: str | None = None, *, tenant_is_hot: bool = False
    ) -> int:
        """The exact number of objects, on demand; kept for the rows when no tenant is named."""
        asked_at = time.monotonic()
        count = await self.client.exact_count(collection, tenant, tenant_is_hot=tenant_is_hot)
        if tenant is None:
            self.store.put(Kind.COUNT, count, of=collection, asked_at=asked_at)
        return count

    def expected(self) -> frozenset[str]:
        """Who should be in the cluster."""
        return expected_nodes(self.store.get(Kind.STATISTICS).value, self.remembered)

    def addresses(self) -> tuple[NodeAddress, ...]:
        """Every address to ask, by what is known now."""
        return self.directory.addresses(self.expected() | self._listed())

    def waits_for_nobody(self) -> bool:
        """Whether a call to all nodes can wait for one that hangs: it does so for 30 s when it
        was sent before the others have forgotten that node, and not when sent after that."""
        probes = self.store.all(Kind.READY).values()
        if any(probe.problem and probe.problem.kind == "no answer" for probe in probes):
            return True
        listed = self._listed()
        return bool(listed) and not self.expected() <= listed

    def _listed(self) -> frozenset[str]:
        """Who is in the last list of members."""
        nodes: Nodes | None = self.store.get(Kind.NODES).value
        return _names(nodes) if nodes else frozenset()

    def multi_tenant_collections(self) -> tuple[str, ...]:
        """Names of the collections whose shards are tenants."""
        schema: Schema | None = self.store.get(Kind.SCHEMA).value
        return tuple(
            item.name
            for item in ((schema.classes if schema else None) or ())
            if item.multi_tenancy_config and item.multi_tenancy_config.enabled
        )

    def verbose_held(self) -> str | None:
        """Why shard details are not asked now, or None.

        Verbose nodes load lazy shards on some releases, and on those that lock the index a
        replica being moved or a tenant changing state can be wedged by it.
        """
        version = self._lowest_version()
        if has_fault(version, VERBOSE_LOADS_LAZY_SHARDS):
            return f"shard details are not polled on {version}: the request loads lazy shards"
        harmful = any(fault.effect == "watching harms" for fault in known_faults(version))
        if harmful and (moving := self._moving()):
            return f"shard details wait while {moving}"
        return None

    def _probe_of(self, address: str) -> str | None:
        """How the address answered last: None when never asked."""
        probe = self.store.get(Kind.READY, address)
        if probe.problem is not None:
            return probe.problem.kind
        return None if probe.value is None else f"ready {probe.value.ready}"

    def _best(self, addresses: list[str]) -> str:
        """The first address that is ready, else that answers, else the profile's url."""
        url = self.client.profile.url
        said: dict[str, Readiness] = {}
        for address in (url, *addresses):
            probe = self.store.get(Kind.READY, address)
            if probe.problem is None and probe.value is not None:
                said[address] = probe.value
        ready = [address for address, answer in said.items() if answer.ready]
        return next(iter(ready or said), url)

    def _lowest_version(self) -> str | None:
        """The oldest release among the nodes, as far as any of them said."""
        meta, nodes = self.store.get(Kind.META).value, self.store.get(Kind.NODES).value
        told = [meta.version] if meta else []
        told += [node.version for node in (nodes.nodes if nodes else ()) if node.version]
        return min(told, key=lambda text: parse_version(text) or _NEWEST, default=None)

    def _moving(self) -> str | None:
        operations = self.store.get(Kind.OPERATIONS).value or ()
        states = {op.status.state for op in operations if op.status}
        if states - {"READY", "CANCELLED"}:
            return "replicas are being moved"
        for name, counts in self.store.all(Kind.TENANTS).items():
            changing = counts.value and counts.value.by_state.keys() & {"FREEZING", "UNFREEZING"}
            if changing:
                return f"tenants of {name} change state"
        return None

    def _need(self, feature: Feature) -> None:
        capabilities = self.store.get(Kind.CAPABILITIES).value
        support = capabilities.of(feature) if capabilities else None
        if support is not None and support.available is False:
            raise NotSupported(f"{feature}: {support.reason}")

    async def _put(self, kind: Kind, answer: Awaitable[Any], of: str = "") -> None:
        asked_at = time.monotonic()
        value = await answer
        self.store.put(kind, value, of=of, asked_at=asked_at, latency=time.monotonic() - asked_at)

    async def _each(
        self, kind: Kind, names: Any, ask: Callable[[str], Awaitable[Any]]
    ) -> list[WeaviateError | None]:
        """Ask for each name side by side; a failure is noted on its own slice."""
        # What is asked no longer must not be summed up for ever; a trouble of the whole question
        # is over, or is one of its parts from here on.
        for gone in self.store.all(kind).keys() - set(names):
            self.store.forget(kind, gone)

        return await asyncio.gather(*(self._put_or_fail(kind, name, ask) for name in names))

    async def _put_or_fail(
        self, kind: Kind, of: str, ask: Callable[[str], Awaitable[Any]]
    ) -> WeaviateError | None:
        asked_at = time.monotonic()
        try:
            await self._put(kind, ask(of), of=of)
        except WeaviateError as error:
            self.store.fail(kind, Problem.of(error), of=of, asked_at=asked_at)
            return error
        return None

    async def _read_metrics(self, address: str) -> Any:
        reader = NodeMetricsReader(self.client.profile.limits.metrics_bytes)
        started = time.monotonic()
        metrics = await self.client.metrics(address, reader)
        _refuse_partial(metrics, address, self.client.profile.limits.metrics_bytes)
        if not self.traffic.observe(address, Reading(started, metrics)):
            raise BadAnswer(
                f"another node ({metrics.node_id}) answers at this address than a moment ago",
                request=f"GET {address}",
                hint="name each node's own metrics address, not a load balancer's",
            )
        self.directory.learn(address, metrics.node_id)
        return metrics


def _names(nodes: Nodes) -> frozenset[str]:
    return frozenset(node.name for node in nodes.nodes)


def _prometheus(client: Client, store: Store) -> PrometheusAsks | None:
    setting = client.profile.prometheus
    if setting is None:
        return None
    asking = PrometheusClient(client.profile, setting, http=client.transport.http)
    return PrometheusAsks(client.profile, store, asking)


def _refuse_partial(metrics: NodeMetrics, address: str, limit: int) -> None:
    """Half an exposition would show too little as if it were all."""
    if metrics.truncated:
        raise AnswerTooLarge(
            f"the metrics are larger than {limit / 1048576:.0f} MiB and reading stopped there",
            request=f"GET {address}",
            hint="raise limits.metrics_bytes, or let Prometheus scrape and name it in the profile",
        )
    if metrics.incomplete:
        raise BadAnswer("the metrics were cut off", request=f"GET {address}")
    if not metrics.families:
        raise BadAnswer(
            "no metric of Weaviate in the answer",
            request=f"GET {address}",
            hint="check the profile's metrics address: port 2112 by default",
        )


def _count_states(tenants: tuple[Tenant, ...]) -> TenantCounts:
    return TenantCounts(dict(Counter(tenant.activity_status or "HOT" for tenant in tenants)))


def _raise_if_all_failed(results: list[WeaviateError | None]) -> None:
    """So that the poller backs off; with one success it keeps its pace for the others."""
    failures = [error for error in results if error is not None]
    if failures and len(failures) == len(results):
        # Waiting longer is right only when every one of them was refused for good.
        lasting = [error for error in failures if not isinstance(error, Forbidden)]
        raise (lasting or failures)[0]
