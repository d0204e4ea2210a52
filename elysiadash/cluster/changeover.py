"""The seconds after the contact or the raft leader changed, in which calls hang or fail in vain."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from urllib.parse import urlsplit

from elysiadash.cluster.slices import Kind, Problem
from elysiadash.cluster.store import Store

_LASTS_S = 15.0
_NO_WAY = frozenset({"unreachable", "no answer", "connection lost"})
_OF_THE_CONTACT = (
    Kind.SCHEMA,
    Kind.ALIASES,
    Kind.VERBOSE,
    Kind.TENANTS,
    Kind.OPERATIONS,
    Kind.TASKS,
    Kind.BACKUPS,
    Kind.CAPABILITIES,
)
"""What any node answers, slowly enough that its last failure is read meanwhile."""


class Changeover:
    """Tells how recently another node took over. ``clock`` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.leader: str | None = None
        """The raft leader as last told; "" when there is none, None before it was told."""
        self._clock = clock
        self._until = float("-inf")

    def lasts(self) -> bool:
        """Whether a change was seen within the last 15 s."""
        return self._clock() < self._until

    def begin(self) -> None:
        """A change is seen now."""
        self._until = self._clock() + _LASTS_S

    def lose(self, nodes: Collection[str | None]) -> None:
        """These nodes left, or answer otherwise than before: the leader among them is a change."""
        if self.leader and self.leader in nodes:
            self.begin()

    def follow(self, leader: str | None) -> bool:
        """Take who leads by now; True when that is another than before."""
        before, self.leader = self.leader, self.leader if leader is None else leader
        changed = before is not None and before != self.leader
        if changed:
            self.begin()
        return changed


def excuse(store: Store, former: str, contact: str) -> None:
    """That the former contact did not answer must not be said of the one asked from now on."""
    words = f"no answer from {_host(former)}, {_host(contact)} is asked instead"
    for kind in _OF_THE_CONTACT:
        for of, piece in store.all(kind).items():
            if piece.problem is not None and piece.problem.kind in _NO_WAY:
                told = Problem(piece.problem.kind, words, None, piece.problem.hint)
                store.fail(kind, told, of=of)


def _host(address: str) -> str:
    return urlsplit(address).netloc.rsplit("@", 1)[-1]
