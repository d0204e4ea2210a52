"""The door that objects go through: the gRPC port, or the REST port where that is shut."""

from __future__ import annotations

from typing import Final

from elysiadash.weaviate.errors import (
    AnswerTooLarge,
    BadAnswer,
    ConnectionLost,
    NoAnswer,
    NotSupported,
    ServerFault,
    Unreachable,
    WeaviateError,
)
from elysiadash.weaviate.rpc import ConnectDoor, GrpcDoor, RpcCall
from elysiadash.weaviate.transport import Transport

DEFAULT_MAX_MESSAGE: Final = 104_858_000
_PASSING: Final = (Unreachable, NoAnswer, ConnectionLost, ServerFault, BadAnswer)

# grpc's words for a message, and the server's for more rows than QUERY_MAXIMUM_RESULTS.
_LIMITS: Final = ("larger than max", "query maximum results")


def is_passing(error: WeaviateError) -> bool:
    """Whether the same request can succeed later: the way there failed, or the server did."""
    return isinstance(error, _PASSING)


def is_too_much(error: WeaviateError) -> bool:
    """Whether less at a time can succeed: the message or the answer passed a limit of size."""
    words = f"{error.what} {error.detail or ''}".lower()
    return isinstance(error, AnswerTooLarge) or any(sign in words for sign in _LIMITS)


class Door:
    """One way for protobuf messages: gRPC first, and Connect where gRPC never answered.

    Once the gRPC port has answered it is kept: what fails then is a failure, not a shut door.
    ``max_message`` is ``grpcMaxMessageSize`` of ``GET /v1/meta``, in bytes.
    """

    def __init__(self, transport: Transport, *, max_message: int = DEFAULT_MAX_MESSAGE) -> None:
        self.max_message = max_message
        self._grpc = GrpcDoor(transport, max_message=max_message)
        self._connect = ConnectDoor(transport)
        self._grpc_answered = False
        self._by_connect = transport.profile.grpc is None

    @property
    def name(self) -> str:
        """Which door is used, for reports."""
        return "Connect on the REST port" if self._by_connect else "gRPC"

    async def exchange(self, call: RpcCall) -> bytes:
        """Send one message; returns the reply's bytes. Raises the ``WeaviateError`` that fits."""
        if self._by_connect or call.base is not None:
            return await self._connect.exchange(call)
        try:
            reply = await self._grpc.exchange(call)
        except (Unreachable, NoAnswer) as shut:
            # A firewall that drops what it does not like looks like a slow server.
            if self._grpc_answered:
                raise
            return await self._knock(call, shut)
        self._grpc_answered = True
        return reply

    async def aclose(self) -> None:
        """Close the channel."""
        await self._grpc.aclose()

    async def _knock(self, call: RpcCall, shut: WeaviateError) -> bytes:
        try:
            reply = await self._connect.exchange(call)
        except NotSupported:
            raise Unreachable(
                shut.what,
                request=shut.request,
                detail=shut.detail,
                hint="open the gRPC port, or use 1.38.3 or later, which takes the same over REST",
            ) from None
        self._by_connect = True
        return reply
