"""What the nodes' metrics and the tenants' list say about whether anybody can write.

Read from ``GET :port/metrics`` of every node that has an address in the profile (1.39.0):
``process_start_time_seconds``, ``batch_objects_processed_total`` by collection (batches that the
node took, refused ones too; single objects are not counted), and the requests under way:
``weaviate_http_requests_inflight`` and ``weaviate_grpc_server_requests_inflight``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from typing import Final

import msgspec

from elysiadash.migrate.site import Site
from elysiadash.weaviate.client import Client
from elysiadash.weaviate.errors import WeaviateError
from elysiadash.weaviate.exposition import Aggregation, Exposition, ExpositionReader

_START: Final = "process_start_time_seconds"
_HTTP: Final = "weaviate_http_requests_inflight"
_GRPC: Final = "weaviate_grpc_server_requests_inflight"
_IMPORTS: Final = Aggregation("batch_objects_processed_total", "class_name", "sum")
_READING_VERBS: Final = frozenset({"GET", "HEAD"})
_GRPC_WRITES: Final = frozenset({"BatchObjects", "BatchReferences", "BatchDelete"})
_LIMIT_BYTES: Final = 64 * 1024 * 1024


class NodeEvidence(msgspec.Struct, frozen=True, gc=False):
    """One node's process: when it started, what it took, what it is at."""

    start: float | None
    imports: dict[str, float]
    """Objects in batches, by collection, since the process started."""
    under_way: frozenset[str] | None
    """Writing requests that are not answered yet, as verb and route; None: not told."""


async def of_nodes(site: Site, names: Iterable[str]) -> dict[str, NodeEvidence]:
    """What the nodes say; those without an address, or without an answer, are missing."""
    found = {}
    for name in names:
        address = site.profile.metrics.for_node(name)
        if address is None:
            continue
        try:
            found[name] = await _of_node(site.client, address)
        except WeaviateError:
            continue
    return found


async def tenants_fingerprint(client: Client, collection: str, only: Collection[str]) -> str:
    """A mark that changes when a tenant comes, goes or changes its state; of ``only`` these."""
    wanted = frozenset(only)
    tenants = await client.tenants(collection)
    digest = hashlib.blake2b(digest_size=6)
    for tenant in sorted(tenants, key=lambda one: one.name):
        if not wanted or tenant.name in wanted:
            digest.update(f"{tenant.name}\0{tenant.activity_status}\n".encode())
    return digest.hexdigest()


def restarted(before: Mapping[str, float], now: Mapping[str, NodeEvidence]) -> list[str]:
    """Nodes whose process is another one than before, or does not say."""
    return sorted(
        name for name, start in before.items() if name not in now or now[name].start != start
    )


def arrived(
    before: Iterable[tuple[str, str, float]],
    now: Mapping[str, NodeEvidence],
    starts: Mapping[str, float],
    collections: Iterable[str],
) -> dict[str, float]:
    """Objects in batches to the collections since, by node; of nodes that did not restart."""
    known = {(node, collection): count for node, collection, count in before}
    found = {}
    for node, evidence in now.items():
        if starts.get(node) != evidence.start:
            continue
        more = sum(
            evidence.imports.get(name, 0.0) - known.get((node, name), 0.0) for name in collections
        )
        if more > 0:
            found[node] = more
    return found


async def _of_node(client: Client, address: str) -> NodeEvidence:
    reader = _EvidenceReader()
    return await client.metrics(address, reader)


class _EvidenceReader:
    def __init__(self) -> None:
        self._reader = ExpositionReader((_START, _HTTP, _GRPC), _LIMIT_BYTES, (_IMPORTS,))

    def feed(self, chunk: bytes) -> bool:
        """Take a piece of the body."""
        return self._reader.feed(chunk)

    def close(self) -> NodeEvidence:
        """What was found."""
        return _evidence(self._reader.close())


def _evidence(found: Exposition) -> NodeEvidence:
    start = found.families.get(_START)
    told = _HTTP in found.found and not found.incomplete
    return NodeEvidence(
        start.samples[0].value if start and start.samples else None,
        dict(found.totals.get(_IMPORTS, {})),
        frozenset(_under_way(found)) if told else None,
    )


def _under_way(found: Exposition) -> Iterable[str]:
    for sample in found.families[_HTTP].samples if _HTTP in found.families else ():
        verb, route = sample.label("method"), sample.label("route")
        writes = verb not in _READING_VERBS and route.startswith(("/v1/objects", "/v1/batch"))
        if sample.value > 0 and (writes or "grpc-web" in route):
            yield f"{verb} {route}"
    for sample in found.families[_GRPC].samples if _GRPC in found.families else ():
        if sample.value > 0 and sample.label("method") in _GRPC_WRITES:
            yield f"gRPC {sample.label('method')}"
