"""A node's gRPC port. grpc is imported when the first one is opened, not before."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from elysiadash.demo.faults import Fault
from elysiadash.demo.listener import HOST, reserve
from elysiadash.demo.messages import ConnectionDropped
from elysiadash.demo.mishaps import spoil_reply
from elysiadash.demo.world import World

_LARGEST_MESSAGE = 104_858_000
_LIES = ("no_rows", "few_rows", "unanswered", "denied")
"""These show in the reply."""


class GrpcPort:
    """The gRPC port of one node; it refuses connections while it is not open."""

    def __init__(self, world: World, node: str, port: int = 0, *, enabled: bool = True) -> None:
        self._world = world
        self._node = node
        self._enabled = enabled
        self._reserved: socket.socket | None = reserve(port)
        self.port: int = self._reserved.getsockname()[1]
        self._server: Any = None

    async def open(self) -> None:
        """Start to answer calls, if gRPC is wanted at all."""
        if not self._enabled or self._server is not None:
            return
        import grpc.aio

        server = grpc.aio.server(
            options=[
                ("grpc.so_reuseport", 0),
                ("grpc.max_receive_message_length", _LARGEST_MESSAGE),
                ("grpc.max_send_message_length", _LARGEST_MESSAGE),
            ]
        )
        server.add_generic_rpc_handlers((_handlers(self._world, self._node),))
        self._give_back()
        server.add_insecure_port(f"{HOST}:{self.port}")
        await server.start()
        self._server = server

    async def refuse(self) -> None:
        """Cut every call and refuse new ones; the number stays reserved."""
        await self._stop()
        if self._reserved is None:
            self._reserved = reserve(self.port)

    async def close(self) -> None:
        """Cut every call and give the port back."""
        await self._stop()
        self._give_back()

    async def _stop(self) -> None:
        if self._server is not None:
            server, self._server = self._server, None
            await server.stop(grace=None)

    def _give_back(self) -> None:
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None


def _handlers(world: World, node: str) -> Any:
    """The service's methods, as grpc wants them."""
    import grpc

    from elysiadash.proto.service import METHODS, SERVICE

    return grpc.method_handlers_generic_handler(
        SERVICE,
        {
            name: grpc.unary_unary_rpc_method_handler(
                _behaviour(world, node, name),
                request_deserializer=method.request.FromString,
                response_serializer=method.reply.SerializeToString,
            )
            for name, method in METHODS.items()
        },
    )


def _behaviour(world: World, node: str, name: str) -> Any:
    import grpc

    from elysiadash.demo.calls import CallRefused, perform

    async def behaviour(message: Any, context: Any) -> Any:
        world.model.calls[node, f"grpc {name}"] += 1
        faults = world.faults.hitting(node, "grpc", name)
        if any(fault.kind == "hang" for fault in faults):
            await asyncio.Event().wait()
        await world.until_not_hung(node)
        await _mishaps(faults, context)
        headers = dict(context.invocation_metadata())
        try:
            reply = await perform(world, node, name, message, headers.get("authorization"))
            spoil_reply(faults, message, reply)
        except CallRefused as refused:
            await context.abort(grpc.StatusCode[refused.code.upper()], str(refused))
        except ConnectionDropped:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "transport is closing")
        else:
            return reply

    return behaviour


async def _mishaps(faults: list[Fault], context: Any) -> None:
    """A fault of a request, as far as it shows at this door."""
    import grpc

    for fault in faults:
        if fault.kind in _LIES:
            continue
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        elif fault.kind == "forbidden":
            await context.abort(grpc.StatusCode.PERMISSION_DENIED, fault.body or "forbidden")
        elif fault.kind == "status":
            text = fault.body or f"unexpected HTTP status code {fault.status}"
            await context.abort(grpc.StatusCode.UNAVAILABLE, text)
        else:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "Socket closed")
