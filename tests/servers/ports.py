"""Blocks of free TCP and UDP ports that no other test process takes at the same time."""

from __future__ import annotations

import random
import socket

BLOCK = 64
# Below the range that outgoing connections draw from (Linux 32768, macOS 49152 and up).
_FIRST, _LAST = 20_000, 32_000


class PortBlock:
    """``BLOCK - 1`` consecutive ports from ``first`` on, held until ``release``.

    Blocks are aligned and the port below ``first`` stays bound as the claim, so two processes
    never hold overlapping blocks. The ports themselves are left unbound for the servers.
    """

    def __init__(self) -> None:
        bases = list(range(_FIRST, _LAST, BLOCK))
        random.SystemRandom().shuffle(bases)
        for base in bases:
            claim = _bound(base)
            if claim is None:
                continue
            if all(_is_free(port) for port in range(base + 1, base + BLOCK)):
                self.first = base + 1
                self._claim = claim
                return
            claim.close()
        raise RuntimeError(f"no {BLOCK} free ports in a row between {_FIRST} and {_LAST}")

    def release(self) -> None:
        """Let others have the block."""
        self._claim.close()


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        taken = _bound(port, kind)
        if taken is None:
            return False
        taken.close()
    return True


def _bound(port: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> socket.socket | None:
    """A socket bound to ``port`` on every address (the server listens so), None if taken."""
    bound = socket.socket(socket.AF_INET, kind)
    try:
        bound.bind(("", port))
    except OSError:
        bound.close()
        return None
    return bound
