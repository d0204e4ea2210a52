"""The protobuf doors: the gRPC port, and the same calls over the REST port (Connect).

Both go through the same guard, budget and audit as REST. Connect takes protobuf on the REST
port from 1.38.3 on (``application/proto``), so it stands in where the gRPC port is shut.
grpc and protobuf are imported inside functions: only workers and tests pay for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from elysiadash.weaviate.answers import Answer, message_of
from elysiadash.weaviate.errors import (
    BadAnswer,
    Forbidden,
    NoAnswer,
    NotSupported,
    Rejected,
    ServerFault,
    Unauthorized,
    Unreachable,
    WeaviateError,
)
from elysiadash.weaviate.guard import Facts, Permit
from elysiadash.weaviate.transport import Call, Transport

if TYPE_CHECKING:
    from google.protobuf.message import Message

M = TypeVar("M", bound="Message")
_SERVICE = "weaviate.v1.Weaviate"
_DEFAULT_MAX_MESSAGE = 104_858_000


class RpcCall(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One call: its method, message, how long it may take, and by whose leave.

    ``content`` is the message where it was serialised already; ``message`` may then be None,
    and a guard that cannot look into it takes the worst for granted. ``base`` is another node's
    REST address, for the Connect door.
    """

    method: str
    message: Any = None
    timeout: float
    permit: Permit | None = None
    facts: Facts | None = None
    content: bytes | None = None
    base: str | None = None

    def body(self) -> bytes:
        """The serialised message."""
        if self.content is not None:
            return self.content
        serialised: bytes = self.message.SerializeToString()
        return serialised


class ConnectDoor:
    """Protobuf over the REST port."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def call(self, call: RpcCall, reply: type[M]) -> M:
        """Send one message; raises ``NotSupported`` where the door is shut (before 1.38.3)."""
        answer = await self._answer(call)
        return _parse(reply, answer.body, answer.request)

    async def exchange(self, call: RpcCall) -> bytes:
        """Send one message and return its reply as it came, not parsed yet."""
        return (await self._answer(call)).body

    async def _answer(self, call: RpcCall) -> Answer:
        return await self._transport.send(
            Call(
                method="POST",
                path=f"/v1/grpc-web/{_SERVICE}/{call.method}",
                base=call.base,
                headers={
                    "Connect-Protocol-Version": "1",
                    "Content-Type": "application/proto",
                },
                content=call.body(),
                message=call.message,
                timeout=call.timeout,
                permit=call.permit,
                facts=call.facts,
            )
        )


class GrpcDoor:
    """The gRPC port; one channel, opened at the first call.

    ``max_message`` is the server's ``grpcMaxMessageSize`` in bytes.
    """

    def __init__(self, transport: Transport, *, max_message: int = _DEFAULT_MAX_MESSAGE) -> None:
        self._transport = transport
        self._max_message = max_message
        self._channel: Any = None

    async def call(self, call: RpcCall, reply: type[M]) -> M:
        """Send one message; raises ``Unreachable`` where the port cannot be reached."""
        return _parse(reply, await self.exchange(call), self._request(call))

    async def exchange(self, call: RpcCall) -> bytes:
        """Send one message and return its reply as it came, not parsed yet."""
        address = self._transport.profile.grpc
        request = self._request(call)
        if address is None:
            raise NotSupported("the profile has no gRPC address", request=request)
        content = call.body()
        tracked = Call(
            method="POST",
            path=f"/{_SERVICE}/{call.method}",
            message=call.message,
            timeout=call.timeout,
            permit=call.permit,
            facts=call.facts,
        )
        async with self._transport.watched(tracked, request, content):
            return await self._send(call, content, address, request)

    def _request(self, call: RpcCall) -> str:
        return f"grpc {call.method} {self._transport.profile.grpc or '(no address)'}"

    async def aclose(self) -> None:
        """Close the channel."""
        if self._channel is not None:
            await self._channel.close()

    async def _send(self, call: RpcCall, content: bytes, address: str, request: str) -> bytes:
        import grpc

        channel = self._channel or await self._open(address)
        send: Callable[..., Any] = channel.unary_unary(f"/{_SERVICE}/{call.method}")
        header = await self._transport.credentials()
        metadata = (("authorization", header),) if header else ()
        try:
            body: bytes = await send(content, timeout=call.timeout, metadata=metadata)
        except grpc.aio.AioRpcError as error:
            raise _translate(error, request, call.timeout) from None
        return body

    async def _open(self, address: str) -> Any:
        import grpc

        options = [
            ("grpc.max_receive_message_length", self._max_message),
            ("grpc.max_send_message_length", self._max_message),
        ]
        if self._transport.profile.url.startswith("https://"):
            credentials = await asyncio.to_thread(_tls_credentials, self._transport)
            self._channel = grpc.aio.secure_channel(address, credentials, options=options)
        else:
            self._channel = grpc.aio.insecure_channel(address, options=options)
        return self._channel


def _tls_credentials(transport: Transport) -> Any:
    from pathlib import Path

    import grpc

    tls = transport.profile.tls

    def content(name: str | None) -> bytes | None:
        return Path(name).expanduser().read_bytes() if name else None

    return grpc.ssl_channel_credentials(
        content(tls.ca_file), content(tls.key_file or tls.cert_file), content(tls.cert_file)
    )


def _parse(reply: type[M], body: bytes, request: str) -> M:
    from google.protobuf.message import DecodeError

    message = reply()
    try:
        message.ParseFromString(body)
    except DecodeError:
        words = message_of(body)
        raise BadAnswer(
            "the answer is not the protobuf message that was asked for",
            request=request,
            detail=words if words and words.isprintable() else None,
        ) from None
    return message


def _translate(error: Any, request: str, timeout: float) -> WeaviateError:
    import grpc

    code, words = error.code(), str(error.details() or "")[:300]
    common: dict[str, Any] = {"request": request, "detail": words}
    codes = grpc.StatusCode
    if code is codes.DEADLINE_EXCEEDED:
        return NoAnswer(f"no answer within {timeout:g} s", request=request)
    if code is codes.UNAVAILABLE:
        return Unreachable("no connection to the gRPC port", **common)
    if code is codes.UNAUTHENTICATED:
        return Unauthorized("the server did not accept who we are", **common)
    if code is codes.PERMISSION_DENIED:
        return Forbidden("the user lacks the permission for this request", **common)
    if code is codes.UNIMPLEMENTED:
        return NotSupported("this server does not offer the request", **common)
    if code in (codes.INVALID_ARGUMENT, codes.FAILED_PRECONDITION, codes.RESOURCE_EXHAUSTED):
        return Rejected("the server refused the request", **common)
    # Many refusals come as UNKNOWN from Weaviate; its words say which.
    return ServerFault(f"the server failed ({code.name})", **common)
