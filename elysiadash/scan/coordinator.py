"""One node as the scans ask it: its gRPC or Connect door, and its REST lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

import msgspec

from elysiadash.config.profile import Profile
from elysiadash.scan.extent import Extent
from elysiadash.scan.keys import Cursor, as_parameter, as_text
from elysiadash.weaviate.answers import Answer
from elysiadash.weaviate.budget import Budget
from elysiadash.weaviate.errors import NotFound, NotSupported, Unreachable
from elysiadash.weaviate.guard import Facts, Guard
from elysiadash.weaviate.rpc import ConnectDoor, GrpcDoor, RpcCall
from elysiadash.weaviate.transport import Call, Transport

if TYPE_CHECKING:
    from elysiadash.proto import weaviate_pb2 as pb

_TIMEOUT_S = 60.0


class Coordinator:
    """A node that answers for the collection; it asks its own replica of a shard where it has one.

    Where the gRPC port cannot be reached at the first call, the REST port takes its place.
    """

    def __init__(self, name: str, transport: Transport, *, max_message: int | None = None) -> None:
        self.name = name
        self.transport = transport
        self.timeout = _TIMEOUT_S
        """Seconds for one page."""
        self._connect = ConnectDoor(transport)
        self._grpc: GrpcDoor | None = None
        if transport.profile.grpc is not None:
            options = {} if max_message is None else {"max_message": max_message}
            self._grpc = GrpcDoor(transport, **options)
        self._grpc_answered = False

    @classmethod
    def of(
        cls,
        profile: Profile,
        name: str,
        url: str,
        *,
        grpc: str | None = None,
        guard: Guard | None = None,
        budget: Budget | None = None,
        max_message: int | None = None,
    ) -> Self:
        """The node at ``url`` (and ``grpc``), asked as the profile says; close it after use.

        ``budget`` is that of the cluster where several nodes share one: pages count among the
        profile's ``limits.requests_per_minute``.
        """
        node = msgspec.structs.replace(profile, url=url, grpc=grpc)
        return cls(name, Transport(node, guard, budget=budget), max_message=max_message)

    @property
    def door(self) -> str:
        """Which door pages come through: ``gRPC`` or ``Connect``."""
        return "Connect" if self._grpc is None else "gRPC"

    async def search(self, message: pb.SearchRequest, extent: Extent) -> pb.SearchReply:
        """One page by protobuf."""
        from elysiadash.proto import weaviate_pb2 as pb

        call = RpcCall(method="Search", message=message, timeout=self.timeout, facts=_facts(extent))
        door = self._grpc
        if door is not None:
            try:
                reply = await door.call(call, pb.SearchReply)
            except (Unreachable, NotSupported):
                if self._grpc_answered:
                    raise
                # Several scans may find out at the same time.
                self._grpc = None
                await door.aclose()
            else:
                self._grpc_answered = True
                return reply
        return await self._connect.call(call, pb.SearchReply)

    async def listed(self, extent: Extent, cursor: Cursor, limit: int) -> Answer:
        """One page by REST, without vectors: ``GET /v1/objects?class=&after=``."""
        params: dict[str, Any] = {"class": extent.collection, "limit": limit}
        params["after"] = as_parameter(cursor)
        if extent.tenant:
            params["tenant"] = extent.tenant
        return await self._get("/v1/objects", params, extent)

    async def get(self, extent: Extent, key: bytes, *, vectors: bool) -> Answer | None:
        """One object by REST at consistency ONE; None where this view has none of that id."""
        params: dict[str, Any] = {"consistency_level": "ONE"}
        if extent.tenant:
            params["tenant"] = extent.tenant
        if vectors:
            params["include"] = "vector"
        path = f"/v1/objects/{quote(extent.collection, safe='')}/{as_text(key)}"
        try:
            return await self._get(path, params, extent)
        except NotFound:
            return None

    async def aclose(self) -> None:
        """Close the connections."""
        if self._grpc is not None:
            await self._grpc.aclose()
        await self.transport.aclose()

    async def _get(self, path: str, params: dict[str, Any], extent: Extent) -> Answer:
        return await self.transport.send(
            Call(
                method="GET",
                path=path,
                params=params,
                timeout=self.timeout,
                facts=_facts(extent),
            )
        )


def _facts(extent: Extent) -> Facts:
    return Facts(tenant_is_hot=extent.tenant_is_hot)
