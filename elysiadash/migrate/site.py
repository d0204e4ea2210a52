"""One cluster, opened for a migration: its client, its doors for objects, its nodes for scans."""

from __future__ import annotations

from typing import Self
from urllib.parse import urlsplit

from elysiadash.config.profile import Profile
from elysiadash.migrate.audit_lines import Tally
from elysiadash.scan.coordinator import Coordinator
from elysiadash.scan.owners import Owners
from elysiadash.weaviate.budget import Budget
from elysiadash.weaviate.client import Client
from elysiadash.weaviate.errors import WeaviateError
from elysiadash.weaviate.guard import AuditSink, Guard, Permit
from elysiadash.weaviate.models import Meta
from elysiadash.weaviate.objects import Door
from elysiadash.weaviate.transport import Transport

REQUESTS_PER_MINUTE = 10_000_000
"""A copy is bounded by its lanes and its rate, not by the watch's budget of requests."""


class Site:
    """A cluster that is read or written; ``open`` asks it who it is, ``aclose`` ends it.

    ``permit`` is what writes carry; a source that is only read has none.
    """

    def __init__(
        self, profile: Profile, *, audit: AuditSink | None = None, permit: Permit | None = None
    ) -> None:
        self.profile = profile
        self.permit = permit
        self.budget = Budget(REQUESTS_PER_MINUTE)
        self.guard = Guard(writable=profile.write, audit=audit)
        self.transport = Transport(profile, self.guard, budget=self.budget)
        self.client = Client(self.transport)
        self.meta = Meta()
        self.door = Door(self.transport)
        self.many = Transport(
            profile, Guard(writable=profile.write, audit=audit and Tally()), budget=self.budget
        )
        """For requests of which a generation sends thousands: whoever sends them writes one line
        for all of them before and behind (``audit_lines``), as each line waits for the disk."""
        self._scanned: dict[str, Coordinator] = {}

    @classmethod
    async def open(
        cls, profile: Profile, *, audit: AuditSink | None = None, permit: Permit | None = None
    ) -> Self:
        """Open it. Raises the ``WeaviateError`` that fits where it does not answer."""
        site = cls(profile, audit=audit, permit=permit)
        try:
            site.meta = await site.client.meta()
        except WeaviateError:
            await site.aclose()
            raise
        if site.meta.grpc_max_message_size:
            site.door = Door(site.transport, max_message=site.meta.grpc_max_message_size)
        return site

    @property
    def contact(self) -> Coordinator:
        """The profile's own address, as scans ask it."""
        return self._coordinator(self.profile.name, self.profile.url, self.profile.grpc)

    async def names(self) -> tuple[str, ...]:
        """The nodes that are expected, from raft's configuration; what is listed, without it."""
        statistics = await self.client.statistics()
        for row in statistics.statistics:
            if row.raft is not None and row.raft.latest_configuration:
                return tuple(sorted(peer.id for peer in row.raft.latest_configuration))
        return tuple(sorted(node.name for node in (await self.client.nodes()).nodes))

    async def coordinators(self) -> dict[str, Coordinator]:
        """Every expected node that has an address of its own, by name."""
        found = {}
        for name in await self.names():
            url = self.profile.nodes.for_node(name)
            if url is not None:
                found[name] = self._coordinator(name, url, self._grpc_of(url))
        return found

    async def owners(self) -> Owners:
        """Which expected nodes are away; the mark changes when raft's members or terms do."""
        statistics = await self.client.statistics()
        expected: set[str] = set()
        for row in statistics.statistics:
            if row.raft is not None and row.raft.latest_configuration:
                expected |= {peer.id for peer in row.raft.latest_configuration}
        listed = await self.client.nodes()
        healthy = {node.name for node in listed.nodes if node.status == "HEALTHY"}
        expected |= {node.name for node in listed.nodes}
        return Owners(away=frozenset(expected - healthy), mark=frozenset(expected))

    async def aclose(self) -> None:
        """Close every connection."""
        for coordinator in self._scanned.values():
            await coordinator.aclose()
        await self.door.aclose()
        await self.many.aclose()
        await self.transport.aclose()

    def _coordinator(self, name: str, url: str, grpc: str | None) -> Coordinator:
        if name not in self._scanned:
            self._scanned[name] = Coordinator.of(
                self.profile, name, url, grpc=grpc, guard=self.guard, budget=self.budget,
                max_message=self.meta.grpc_max_message_size,
            )  # fmt: skip
        return self._scanned[name]

    def _grpc_of(self, url: str) -> str | None:
        """A node's gRPC address: the usual port on a host of its own, else the REST port."""
        known = [address for _, address in self.profile.nodes.known()]
        hosts = [urlsplit(address).hostname for address in known]
        host = urlsplit(url).hostname
        # Nodes that share a host have ports of their own, which no setting names.
        if self.profile.grpc is None or host is None or hosts.count(host) > 1:
            return None
        _, _, port = self.profile.grpc.rpartition(":")
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
