"""A node's gRPC port."""

from __future__ import annotations

import socket

from elysiadash.demo.listener import reserve
from elysiadash.demo.world import World


class GrpcPort:
    """The gRPC port of one node; it refuses connections while it is not open."""

    def __init__(self, world: World, node: str, port: int = 0, *, enabled: bool = True) -> None:
        self._world = world
        self._node = node
        self._enabled = enabled
        self._reserved: socket.socket | None = reserve(port)
        self.port: int = self._reserved.getsockname()[1]

    async def open(self) -> None:
        """Start to answer calls, if gRPC is wanted at all."""

    async def refuse(self) -> None:
        """Cut every call and refuse new ones; the number stays reserved."""

    async def close(self) -> None:
        """Cut every call and give the port back."""
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None
