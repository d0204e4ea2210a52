"""The shards that each node listed last, for as long as it lists none: a dead node is in no answer,
and neither are the shards that it alone has."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from elysiadash.cluster.shards import ShardReport
from elysiadash.cluster.slices import Kind
from elysiadash.cluster.store import Store
from elysiadash.weaviate.models import ShardReplica

WHOLE_AFTER_S = 20.0
"""Seconds that a node which came back needs until it lists all its shards."""
_MOST_NODES = 256


class NodeList(msgspec.Struct, frozen=True, gc=False):
    """What a node listed at ``seen_at`` (wall-clock seconds)."""

    seen_at: float
    replicas: Sequence[ShardReplica]


class LastShards:
    """Keeps the newest whole list of each node of a store's verbose answers.

    It begins empty with each run; the lists are those of the answers, not copies.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lists: dict[str, NodeList] = {}
        self._back_at: dict[str, float] = {}
        """Node -> when it answered again after it had not."""
        self._report: ShardReport | None = None
        self._collections: frozenset[str] = frozenset()
        self._dropped: dict[str, float] = {}
        """Collection -> when it was in the schema no more; lists of before that hold another."""
        self._short: frozenset[str] = frozenset()
        store.listen(self._note)

    def lists(self, collection: str, nodes: Collection[str]) -> dict[str, NodeList]:
        """The last lists of these nodes, those that can tell of the collection as it is now."""
        # The clock of a recording can go back, to before what was seen.
        since, now = self._dropped.get(collection, float("-inf")), self._store.clock()
        return {
            node: self._lists[node]
            for node in nodes
            if node in self._lists and since <= self._lists[node].seen_at <= now
        }

    @property
    def short(self) -> frozenset[str]:
        """Nodes that came back not long before the newest answer, and list fewer shards in it than
        they had: the others are still there to come."""
        return self._short

    def _note(self, kind: Kind) -> None:
        if kind is Kind.VERBOSE:
            self._note_report()
        elif kind is Kind.SCHEMA:
            self._note_schema()

    def _note_report(self) -> None:
        piece = self._store.get(Kind.VERBOSE)
        before, report, at = self._report, piece.value, piece.fetched_at
        if report is None or at is None or report is before:
            return
        self._report, short = report, set[str]()
        for node in report.nodes.nodes:
            if node.name not in report.answered:
                continue
            if before is not None and node.name not in before.answered:
                self._back_at[node.name] = at
            if self._is_whole(node.name, node.shards or (), at):
                self._lists[node.name] = NodeList(at, node.shards or ())
            else:
                short.add(node.name)
        self._short = frozenset(short)
        while len(self._lists) > _MOST_NODES:
            del self._lists[min(self._lists, key=lambda name: self._lists[name].seen_at)]
        self._back_at = {name: at for name, at in self._back_at.items() if name in self._lists}

    def _is_whole(self, node: str, replicas: Sequence[ShardReplica], at: float) -> bool:
        """Whether the list may stand for the node; a node just back lists its shards one by one."""
        old, back_at = self._lists.get(node), self._back_at.get(node)
        if old is None or back_at is None or not 0 <= at - back_at < WHOLE_AFTER_S:
            return True
        return len(replicas) >= len(old.replicas)

    def _note_schema(self) -> None:
        piece = self._store.get(Kind.SCHEMA)
        if piece.value is None or piece.fetched_at is None:
            return
        names = frozenset(each.name for each in piece.value.classes or ())
        oldest = min((each.seen_at for each in self._lists.values()), default=piece.fetched_at)
        self._dropped = {name: at for name, at in self._dropped.items() if at >= oldest}
        self._dropped |= dict.fromkeys(self._collections - names, piece.fetched_at)
        self._collections = names
