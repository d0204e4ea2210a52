"""What was known of each node when it took part last, for as long as it does not."""

from __future__ import annotations

import msgspec

from elysiadash.cluster.view import LIVE_STATES, ClusterView, NodeSeen, NodeView


class LastSeen:
    """Remembers the nodes' values while they are live; begins with those of the last run."""

    def __init__(self, before: ClusterView | None) -> None:
        self._known: dict[str, NodeSeen] = {}
        for view in before.nodes if before is not None else ():
            self._take(view)

    def fill(self, cluster: ClusterView) -> ClusterView:
        """The picture, with what was known last of the nodes that are not live now."""
        for view in cluster.nodes:
            self._take(view)
        if all(view.status in LIVE_STATES for view in cluster.nodes):
            return cluster
        nodes = tuple(
            view
            if view.status in LIVE_STATES or view.node not in self._known
            else msgspec.structs.replace(view, last=self._known[view.node])
            for view in cluster.nodes
        )
        return msgspec.structs.replace(cluster, nodes=nodes)

    def _take(self, view: NodeView) -> None:
        if view.status not in LIVE_STATES:
            if view.last is not None:
                self._known.setdefault(view.node, view.last)
            return
        before = self._known.get(view.node, NodeSeen())
        # A list of nodes comes sooner than one of shards.
        self._known[view.node] = NodeSeen(
            version=view.version or before.version,
            shards=before.shards if view.shards is None else view.shards,
            objects=before.objects if view.objects is None else view.objects,
            at=view.seen_at or before.at,
        )
