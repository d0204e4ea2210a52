"""What was told of the nodes and of their leader, and since when it has been otherwise."""

from __future__ import annotations

import msgspec

from elysiadash.cluster.events.seen import clock
from elysiadash.cluster.view import HEALTHY

_MOMENT_S = 10.0
SETTLED_S = 20.0
"""Seconds after which a node that came back lists its shards whole."""


class NodeMemory(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What was told of one node. ``since``: since when it is so; ``other_since``: since when it
    has been otherwise, which was not told yet; ``seen_at``: when it was last seen so."""

    state: str
    since: float = float("-inf")
    other_since: float | None = None
    seen_at: float | None = None
    version: str | None = None
    mode: str | None = None


class NodesMemory(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What was told of the cluster so far; wall-clock seconds."""

    nodes: dict[str, NodeMemory] = {}
    expected: frozenset[str] | None = None
    leader: str | None = None
    leader_told_lost: bool = False
    leaderless_since: float | None = None
    silent_since: float | None = None
    silent_told: bool = False
    pending: dict[str, float] = {}
    """Node -> since when its raft apply queue is not empty."""
    stuck: frozenset[str] = frozenset()
    whole: bool = False
    """A look has had list and raft: a node that is new from here on has come."""
    seen_at: float | None = None

    def settled(self, now: float) -> frozenset[str]:
        """Nodes that have been healthy long enough to list all their shards."""
        return frozenset(
            name
            for name, node in self.nodes.items()
            if node.state == HEALTHY and node.other_since is None and now - node.since >= SETTLED_S
        )

    def waits(self) -> bool:
        """Whether something is held back that another look, without news, would tell."""
        return (
            any(node.other_since is not None for node in self.nodes.values())
            or (self.leaderless_since is not None and not self.leader_told_lost)
            or (self.silent_since is not None and not self.silent_told)
            or bool(self.pending.keys() - self.stuck)
        )


def earlier(since: float | None, now: float) -> float:
    """``since``, or now where there is none or the clock was set back."""
    return now if since is None else min(since, now)


def lasted(since: float, now: float) -> str:
    """``about 12 s``, ``about 3 min``."""
    seconds = max(0.0, now - since)
    return f"about {seconds:.0f} s" if seconds < 120 else f"about {seconds / 60:.0f} min"


def since_words(seen_at: float | None, now: float) -> str:
    """When it may have happened, where the last look is not of a moment ago."""
    if seen_at is None or now - seen_at < _MOMENT_S:
        return ""
    return f", between {clock(seen_at, now)} and {clock(now)} UTC"
