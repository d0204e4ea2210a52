"""Failures of the network, in words."""

from __future__ import annotations

import os
import socket
import ssl

from elysiadash.weaviate.errors import BadAnswer, ConnectionLost, NoAnswer, Unreachable


def translate(error: BaseException, request: str, timeout: float) -> BaseException:
    """Our own error for a failure of the network; anything else comes back as it is."""
    import httpx

    if isinstance(error, TimeoutError):
        return NoAnswer(
            f"no answer within {timeout:g} s",
            request=request,
            hint="the node may hang or be overloaded",
        )
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        return Unreachable(
            "no connection within the time limit",
            request=request,
            hint="check the address, the network and the firewall",
        )
    if isinstance(error, httpx.ConnectError):
        return Unreachable(
            f"no connection: {_plain_reason(error)}",
            request=request,
            hint="check that the server runs and that the address is right",
        )
    if isinstance(error, httpx.ProxyError):
        return Unreachable(
            "the HTTP proxy did not let us through",
            request=request,
            hint="check the profile's proxy",
        )
    if isinstance(error, httpx.DecodingError):
        return BadAnswer("the answer's compression is broken", request=request)
    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol):
        return Unreachable(f"not a usable address: {error}", request=request)
    if isinstance(error, httpx.HTTPError):
        return ConnectionLost(
            f"the connection ended before the answer was complete ({type(error).__name__})",
            request=request,
            hint="the server may be restarting, or a proxy cut the connection",
        )
    return error


def _plain_reason(error: BaseException) -> str:
    """The innermost reason, in the operating system's words."""
    reason: BaseException = error
    while (inner := reason.__cause__ or reason.__context__) is not None:
        reason = inner
    if isinstance(reason, ssl.SSLError):
        return f"TLS failed ({reason.reason or reason})"
    if isinstance(reason, socket.gaierror):
        return "no such host"
    if isinstance(reason, OSError) and reason.errno:
        # asyncio puts its own words where the system's belong.
        return os.strerror(reason.errno)
    return str(error) or type(reason).__name__
