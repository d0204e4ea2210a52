"""TCP ports that can be opened, closed and refused while their number stays reserved.

A port that is bound but does not listen refuses connections and is given to nobody else: that is
how a dead node looks, and why its ports are still its own when it comes back.
"""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from elysiadash.demo.app import Application

HOST = "127.0.0.1"

#: A Go server keeps idle connections for long; uvicorn's own 5 s would close a poller's.
_KEEP_ALIVE_SECONDS = 120


def reserve(port: int = 0) -> socket.socket:
    """A socket bound to a port of the loopback (0: a free one), which refuses connections."""
    # asyncio turns Nagle off only where the protocol is named.
    reserved = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        reserved.bind((HOST, port))
    except OSError:
        reserved.close()
        raise
    return reserved


class HttpPort:
    """One port that serves an ASGI application while it is open."""

    def __init__(self, application: Application, port: int = 0) -> None:
        self._application = application
        self._reserved: socket.socket | None = reserve(port)
        self.port: int = self._reserved.getsockname()[1]
        self._server: asyncio.Server | None = None
        self._state: Any = None

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    async def open(self) -> None:
        """Start to accept connections."""
        if self._server is not None:
            return
        import uvicorn
        from uvicorn.protocols.http.h11_impl import H11Protocol
        from uvicorn.server import ServerState

        class Protocol(H11Protocol):
            """Lets the application reach the transport, to cut it."""

            def connection_made(self, transport: Any) -> None:
                self.app_state = {**self.app_state, "transport": transport}
                super().connection_made(transport)

        config = uvicorn.Config(
            self._application,
            http=Protocol,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        )
        config.load()
        state = ServerState()
        listening = self._reserved or reserve(self.port)
        self._reserved = None
        self._server = await asyncio.get_running_loop().create_server(
            lambda: Protocol(config=config, server_state=state, app_state={}),
            sock=listening,
            backlog=1024,
        )
        self._state = state

    async def refuse(self) -> None:
        """Cut every connection and refuse new ones; the number stays reserved."""
        await self._stop()
        if self._reserved is None:
            self._reserved = reserve(self.port)

    async def close(self) -> None:
        """Cut every connection and give the port back."""
        await self._stop()
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None

    async def _stop(self) -> None:
        if self._server is None:
            return
        server, self._server = self._server, None
        server.close()
        for connection in list(self._state.connections):
            if connection.transport is not None:
                connection.transport.abort()
        tasks = list(self._state.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
