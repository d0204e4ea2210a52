"""Typed requests to a Weaviate cluster, one method a question.

Every method raises the ``WeaviateError`` that fits. Big answers are decoded, and reduced where
a ``then`` is given, in a thread, so that the event loop stays free.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol, TypeVar, overload
from urllib.parse import quote

import msgspec

from elysiadash.config.profile import Profile
from elysiadash.weaviate.answers import Answer, decode
from elysiadash.weaviate.errors import BadAnswer, NotSupported, Rejected, ServerFault, WeaviateError
from elysiadash.weaviate.guard import Facts
from elysiadash.weaviate.models import (
    Alias,
    Aliases,
    Backup,
    CollectionDefinition,
    CollectionIndexes,
    Meta,
    Nodes,
    OwnInfo,
    Readiness,
    ReplicationOperation,
    Schema,
    ShardingState,
    ShardingStateAnswer,
    Statistics,
    Task,
    Tenant,
)
from elysiadash.weaviate.transport import Call, Lane, Transport

T = TypeVar("T")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
_THREAD_ABOVE_BYTES = 64 * 1024
_CONNECT = "/v1/grpc-web/weaviate.v1.Weaviate"
# Without this header the server answers 404 (1.39.0).
_CONNECT_HEADERS = {"Connect-Protocol-Version": "1", "Content-Type": "application/json"}


class TextReader(Protocol[R_co]):
    """Takes a text body in pieces: ``feed`` says False when it wants no more."""

    def feed(self, chunk: bytes) -> bool:
        """Take one piece."""

    def close(self) -> R_co:
        """The result."""


class _SingleResult(msgspec.Struct, gc=False, rename="camel"):
    objects_count: int


class _ConnectAggregate(msgspec.Struct, gc=False, rename="camel"):
    single_result: _SingleResult


class Client:
    """The questions one profile's cluster can be asked."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.profile: Profile = transport.profile
        self._connect_door: bool | None = None

    async def aclose(self) -> None:
        """Close the connections."""
        await self.transport.aclose()

    async def ready(self, base: str | None = None) -> Readiness:
        """``GET /v1/.well-known/ready`` of one node: 200 ready, 503 not (no credentials sent)."""
        call = self._probe("/v1/.well-known/ready", base)
        try:
            answer = await self.transport.send(call)
        except ServerFault as error:
            if error.status != 503:
                raise
            return Readiness(ready=False, status=503, seconds=0.0)
        return Readiness(ready=True, status=answer.status, seconds=answer.seconds)

    async def live(self, base: str | None = None) -> bool:
        """``GET /v1/.well-known/live``: True when the process answers at all."""
        await self.transport.send(self._probe("/v1/.well-known/live", base))
        return True

    async def meta(self, base: str | None = None) -> Meta:
        """``GET /v1/meta`` of the contacted node."""
        return await self._get(Meta, "/v1/meta", base=base)

    @overload
    async def nodes(
        self, *, verbose: bool = ..., collection: str | None = ..., base: str | None = ...
    ) -> Nodes: ...

    @overload
    async def nodes(
        self,
        *,
        verbose: bool = ...,
        collection: str | None = ...,
        base: str | None = ...,
        then: Callable[[Nodes], R],
    ) -> R: ...

    async def nodes(
        self,
        *,
        verbose: bool = False,
        collection: str | None = None,
        base: str | None = None,
        then: Callable[[Nodes], Any] | None = None,
    ) -> Any:
        """``GET /v1/nodes``, minimal or verbose, of all or one collection.

        A fan-out: a hung peer makes it take 30 s. ``then`` reduces the answer in the decoding
        thread (a verbose answer can be 12 MB).
        """
        path = "/v1/nodes" + (f"/{path_segment(collection)}" if collection else "")
        answer = await self.transport.send(
            Call(
                method="GET",
                path=path,
                base=base,
                params={"output": "verbose"} if verbose else {},
                timeout=self.profile.timeouts.fan_out,
                lane="slow" if verbose else "fast",
            )
        )
        return await _in_thread(answer, Nodes, then)

    async def statistics(self, base: str | None = None) -> Statistics:
        """``GET /v1/cluster/statistics``: raft as each node sees it. A fan-out like ``nodes``."""
        return await self._get(
            Statistics,
            "/v1/cluster/statistics",
            base=base,
            timeout=self.profile.timeouts.fan_out,
            lane="fast",
        )

    async def schema(self, *, leader: bool = False, base: str | None = None) -> Schema:
        """``GET /v1/schema``: the local copy, or the leader's (which blocks without quorum)."""
        return await self._get(
            Schema,
            "/v1/schema",
            base=base,
            headers={} if leader else {"consistency": "false"},
            timeout=self.profile.timeouts.leader_read if leader else None,
        )

    async def collection(self, name: str, *, leader: bool = False) -> CollectionDefinition:
        """``GET /v1/schema/{c}``; raises ``NotFound`` for an unknown name."""
        return await self._get(
            CollectionDefinition,
            f"/v1/schema/{path_segment(name)}",
            headers={} if leader else {"consistency": "false"},
            timeout=self.profile.timeouts.leader_read if leader else None,
        )

    async def aliases(self) -> tuple[Alias, ...]:
        """``GET /v1/aliases`` (1.32 and later, else ``NotSupported``)."""
        answer = await self._get(Aliases, "/v1/aliases", timeout=self.profile.timeouts.leader_read)
        return tuple(answer.aliases or ())

    @overload
    async def tenants(self, collection: str) -> tuple[Tenant, ...]: ...

    @overload
    async def tenants(self, collection: str, *, then: Callable[[tuple[Tenant, ...]], R]) -> R: ...

    async def tenants(
        self, collection: str, *, then: Callable[[tuple[Tenant, ...]], Any] | None = None
    ) -> Any:
        """``GET /v1/schema/{c}/tenants``, asked of the leader, whole.

        The route has no paging on any version; ``tenant_page`` cuts pages on our side.
        """
        answer = await self.transport.send(
            Call(
                method="GET",
                path=f"/v1/schema/{path_segment(collection)}/tenants",
                timeout=self.profile.timeouts.slow,
            )
        )
        return await _in_thread(answer, tuple[Tenant, ...], then)

    async def sharding_state(self, collection: str) -> ShardingState:
        """``GET /v1/replication/sharding-state``: intended placement, dead nodes included."""
        answer = await self._get(
            ShardingStateAnswer,
            "/v1/replication/sharding-state",
            params={"collection": collection},
            timeout=self.profile.timeouts.leader_read,
        )
        return answer.sharding_state or ShardingState(collection)

    async def replication_operations(self) -> tuple[ReplicationOperation, ...]:
        """``GET /v1/replication/replicate/list`` with history; a leader query."""
        return await self._get(
            tuple[ReplicationOperation, ...],
            "/v1/replication/replicate/list",
            params={"includeHistory": "true"},
            timeout=self.profile.timeouts.leader_read,
        )

    async def tasks(self) -> dict[str, tuple[Task, ...]]:
        """``GET /v1/tasks``: distributed tasks by namespace; a leader query."""
        answer = await self._get(
            dict[str, tuple[Task, ...] | None],
            "/v1/tasks",
            timeout=self.profile.timeouts.leader_read,
        )
        return {namespace: tasks or () for namespace, tasks in answer.items()}

    async def indexes(self, collection: str) -> CollectionIndexes:
        """``GET /v1/schema/{c}/indexes`` (1.38 and later)."""
        return await self._get(
            CollectionIndexes,
            f"/v1/schema/{path_segment(collection)}/indexes",
            timeout=self.profile.timeouts.leader_read,
        )

    async def backups(self, backend: str) -> tuple[Backup, ...]:
        """``GET /v1/backups/{backend}``: costs one object-store request a backup on S3."""
        return await self._get(
            tuple[Backup, ...],
            f"/v1/backups/{path_segment(backend)}",
            timeout=self.profile.timeouts.slow,
        )

    async def own_info(self) -> OwnInfo:
        """``GET /v1/users/own-info``: who the server takes us for, and the roles."""
        return await self._get(OwnInfo, "/v1/users/own-info")

    async def exact_count(
        self, collection: str, tenant: str | None = None, *, tenant_is_hot: bool = False
    ) -> int:
        """Objects of a collection (or of one HOT tenant), memtables included.

        By Connect JSON on the REST port, else GraphQL. Silently partial while a node with the
        only replica of a shard is away: ask only while all expected nodes live. Counting a
        tenant that is not HOT may activate it; ``tenant_is_hot`` says that it was seen HOT.
        """
        facts = Facts(tenant_is_hot=tenant_is_hot)
        if self._connect_door is not False:
            try:
                count = await self._count_by_connect(collection, tenant, facts)
                self._connect_door = True
                return count
            except NotSupported:
                self._connect_door = False
        return await self._count_by_graphql(collection, tenant, facts)

    async def knock_connect(self, collection: str) -> None:
        """Count ``collection`` through the Connect door only; ``NotSupported`` when it is shut."""
        await self._count_by_connect(collection, None, Facts())

    async def metrics(self, base: str, reader: TextReader[R]) -> R:
        """``GET /metrics`` of one node (no credentials), streamed into ``reader``.

        Reading stops as soon as the reader wants no more; nothing else is kept.
        """
        call = Call(
            method="GET",
            path="/metrics",
            base=base.rstrip("/").removesuffix("/metrics"),
            headers={"Accept": "text/plain;version=0.0.4"},
            timeout=self.profile.timeouts.metrics,
            signed=False,
        )
        async with self.transport.stream(call) as chunks:
            async for chunk in _gathered(chunks):
                if not await asyncio.to_thread(reader.feed, chunk):
                    break
        return await asyncio.to_thread(reader.close)

    async def _count_by_connect(self, collection: str, tenant: str | None, facts: Facts) -> int:
        body = {"collection": collection, "objectsCount": True}
        if tenant:
            body["tenant"] = tenant
        answer = await self.transport.send(
            Call(
                method="POST",
                path=f"{_CONNECT}/Aggregate",
                headers=_CONNECT_HEADERS,
                json=body,
                timeout=self.profile.timeouts.exact_count,
                facts=facts,
            )
        )
        # int64 is a string in protobuf's JSON.
        try:
            result = msgspec.json.decode(answer.body, type=_ConnectAggregate, strict=False)
        except msgspec.DecodeError as error:
            raise BadAnswer(f"the count is not understood ({error})", request=answer.request) from (
                None
            )
        return result.single_result.objects_count

    async def _count_by_graphql(self, collection: str, tenant: str | None, facts: Facts) -> int:
        if not collection.isidentifier():
            raise Rejected("the name cannot be asked by GraphQL", detail=collection)
        scope = f"(tenant:{_graphql_text(tenant)})" if tenant else ""
        answer = await self.transport.send(
            Call(
                method="POST",
                path="/v1/graphql",
                json={"query": f"{{Aggregate{{{collection}{scope}{{meta{{count}}}}}}}}"},
                timeout=self.profile.timeouts.exact_count,
                facts=facts,
            )
        )
        return _graphql_count(answer, collection)

    async def _get(
        self,
        kind: type[T],
        path: str,
        *,
        base: str | None = None,
        params: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        timeout: float | None = None,
        lane: Lane = "slow",
    ) -> T:
        answer = await self.transport.send(
            Call(
                method="GET",
                path=path,
                base=base,
                params=params or {},
                headers=headers or {},
                timeout=timeout or self.profile.timeouts.slow,
                lane=lane,
            )
        )
        result: T = await _in_thread(answer, kind, None)
        return result

    def _probe(self, path: str, base: str | None) -> Call:
        return Call(
            method="GET",
            path=path,
            base=base,
            timeout=self.profile.timeouts.probe,
            signed=False,
            lane="probe",
        )


def tenant_page(
    tenants: tuple[Tenant, ...],
    page: int,
    size: int,
    *,
    search: str = "",
    state: str | None = None,
) -> tuple[Tenant, ...]:
    """Page ``page`` (from 0) of the tenants whose name holds ``search`` and whose state fits.

    Sorted by name, since the server's order changes from call to call.
    """
    chosen = sorted(
        (
            tenant
            for tenant in tenants
            if search.lower() in tenant.name.lower() and state in (None, tenant.activity_status)
        ),
        key=lambda tenant: tenant.name,
    )
    return tuple(chosen[page * size : (page + 1) * size])


async def _in_thread(answer: Answer, kind: Any, then: Callable[[Any], Any] | None) -> Any:
    def work() -> Any:
        value = decode(kind, answer)
        return then(value) if then else value

    if len(answer.body) < _THREAD_ABOVE_BYTES:
        return work()
    return await asyncio.to_thread(work)


async def _gathered(chunks: Any) -> Any:
    """The stream in pieces of about 512 KiB: fewer hops to the reading thread."""
    waiting: list[bytes] = []
    size = 0
    async for chunk in chunks:
        waiting.append(chunk)
        size += len(chunk)
        if size >= 512 * 1024:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


def path_segment(name: str) -> str:
    """A name as a part of a path; raises ``Rejected`` for one that no route can carry."""
    if not name.isprintable() or any(mark in name for mark in "/?#"):
        raise Rejected("this name cannot be asked for", detail=ascii(name))
    return quote(name, safe="")


def _graphql_text(text: str) -> str:
    return msgspec.json.encode(text).decode()


def _graphql_count(answer: Answer, collection: str) -> int:
    document = decode(dict[str, Any], answer)
    errors = document.get("errors")
    if errors:
        first = errors[0] if isinstance(errors, list) else errors
        words = first.get("message") if isinstance(first, dict) else first
        raise Rejected("the count was refused", request=answer.request, detail=str(words)[:300])
    try:
        count = document["data"]["Aggregate"][collection][0]["meta"]["count"]
    except (KeyError, IndexError, TypeError):
        raise BadAnswer("the count is missing in the answer", request=answer.request) from None
    if not isinstance(count, int):
        raise BadAnswer("the count is not a whole number", request=answer.request)
    return count


__all__ = ["Client", "TextReader", "WeaviateError", "path_segment", "tenant_page"]
