"""The cluster as one picture: its nodes, who is expected, who leads, and how fresh that is."""

from __future__ import annotations

import msgspec

HEALTHY = "healthy"
UNHEALTHY = "unhealthy"
NOT_READY = "not ready"
UNAVAILABLE = "unavailable"
HUNG = "hung"
MISSING = "missing"
UNREACHABLE = "unreachable"
UNKNOWN = "unknown"

LIVE_STATES = frozenset({HEALTHY, UNHEALTHY, NOT_READY, UNREACHABLE})
"""States of a node that still takes part in the cluster."""

AWAY_STATES = frozenset({HUNG, UNAVAILABLE, MISSING})
"""States of a node that surely takes no part."""


class NodeView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One node, from gossip's list, raft and its own readiness together.

    ``status``: ``healthy``; ``unhealthy`` (gossip trouble); ``not ready`` (503); ``unavailable``
    (listed, does not answer its peers); ``hung`` (takes connections, gives no answer);
    ``missing`` (expected, no longer listed); ``unreachable`` (the cluster sees it, we cannot);
    ``unknown``. ``why`` says on what evidence.
    """

    node: str
    status: str
    why: str = ""
    expected: bool = True
    version: str | None = None
    shards: int | None = None
    objects: int | None = None
    """Flushed objects, replicas counted."""
    raft_state: str | None = None
    leader: bool = False
    led: bool = False
    """Its peers still call it the leader, and it is away."""
    batch_queue: int | None = None
    operational_mode: str | None = None
    address: str | None = None
    metrics_address: str | None = None
    seen_at: float | None = None
    """Wall-clock seconds when the node was last seen live."""


class ClusterView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the header shows and the commands decide on.

    ``expected`` is None while neither raft nor memory says how many nodes there should be.
    ``leader`` "" means that every answering node says there is none; it is None too while the one
    that was named, ``leader_was``, is away: who leads now is not known.
    """

    nodes: tuple[NodeView, ...] = ()
    expected: int | None = None
    live: int = 0
    leader: str | None = None
    leader_was: str | None = None
    versions: tuple[str, ...] = ()
    probed: int = 0
    """Nodes that we ask directly: by an address of their own, or the one behind the url."""
    contact: str | None = None
    """The address asked now, when it is not the profile's url."""
    fsm_pending: tuple[str, ...] = ()
    """Nodes whose raft apply queue is not empty."""
    unnamed: tuple[tuple[str, str], ...] = ()
    """(address, what happened) of probed addresses whose node is not known."""
    asked_at: float | None = None
    """Wall-clock seconds when the list of members was fetched."""

    @property
    def missing(self) -> tuple[str, ...]:
        """Expected nodes that do not take part."""
        return tuple(
            node.node for node in self.nodes if node.expected and node.status not in LIVE_STATES
        )
