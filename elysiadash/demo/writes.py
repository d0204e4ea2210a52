"""What clients wrote into a shard, over the objects it was made with."""

from __future__ import annotations

from bisect import bisect_right, insort
from dataclasses import dataclass, field
from typing import Any

#: Below this many objects a write stays in the memtable: the server reuses its log and never
#: flushes it by the clock.
FLUSHED_FROM = 100

Vectors = dict[str, list[float] | list[list[float]]]


@dataclass(slots=True)
class StoredObject:
    """One object as it is kept: JSON properties, vectors by name (`""` is the legacy one)."""

    id: str
    created_ms: int
    updated_ms: int
    properties: dict[str, Any]
    vectors: Vectors = field(default_factory=dict)
    tenant: str = ""


class ShardWrites:
    """Objects that clients put or deleted, in id order, and when."""

    def __init__(self) -> None:
        self._objects: dict[str, StoredObject | None] = {}
        self._ids: list[str] = []
        self._times: list[float] = []
        self._deltas: list[int] = []

    def put(self, stored: StoredObject, at: float, *, is_new: bool) -> None:
        """Keep an object; `is_new` says whether the shard had none of that id."""
        self._keep(stored.id, stored, at, 1 if is_new else 0)

    def delete(self, identity: str, at: float) -> None:
        """Forget an object that the shard had."""
        self._keep(identity, None, at, -1)

    def touched(self, identity: str) -> bool:
        return identity in self._objects

    def get(self, identity: str) -> StoredObject | None:
        return self._objects.get(identity)

    def after(self, identity: str) -> list[str]:
        """The ids that were put or deleted and come after `identity`, in order."""
        return self._ids[bisect_right(self._ids, identity) :]

    def delta(self, at: float) -> int:
        """How many more objects there are than the shard was made with."""
        known = bisect_right(self._times, at)
        return self._deltas[known - 1] if known else 0

    def flushed_delta(self, at: float) -> int:
        """The same, as far as it is on disk: a small tail is not."""
        known = bisect_right(self._times, at)
        return self._deltas[known - 1] if known >= FLUSHED_FROM else 0

    def _keep(self, identity: str, stored: StoredObject | None, at: float, change: int) -> None:
        if identity not in self._objects:
            insort(self._ids, identity)
        self._objects[identity] = stored
        total = (self._deltas[-1] if self._deltas else 0) + change
        self._times.append(at)
        self._deltas.append(total)
