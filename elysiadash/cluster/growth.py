"""How fast collections grow, from counts that move only when a memtable is flushed.

A listed count stays still for up to a minute and then jumps, so neighbouring samples say
nothing. Right after its own flush a shard's count is true; the slope is taken between such
moments, shard by shard, and added up.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping

import msgspec

_EDGES_KEPT = 32
_LANDMARK_EVERY_S = 1800.0
_LANDMARKS_KEPT = 49
_QUIET_S = 150.0
"""Without a flush for this long (twice the server's default of 60 s and a poll), growth ended."""


class Growth(msgspec.Struct, frozen=True, gc=False):
    """A slope in objects per second and the seconds it rests on.

    ``long_per_second`` is the slope over the last half an hour to a day, None before that.
    """

    per_second: float
    window: float
    long_per_second: float | None = None


class _Shard:
    """One shard's moments of change, (seconds, count), the first count included."""

    __slots__ = ("edges",)

    def __init__(self, at: float, count: int) -> None:
        self.edges: deque[tuple[float, int]] = deque([(at, count)], maxlen=_EDGES_KEPT)


class GrowthTracker:
    """Watches the counts of every shard; bounded: a still shard costs one entry.

    Times are monotonic seconds. ``window`` is how far back a slope may reach.
    """

    def __init__(self, window: float = 600.0) -> None:
        self._window = window
        self._shards: dict[str, dict[str, _Shard]] = {}
        self._landmarks: dict[str, deque[tuple[float, int]]] = {}
        """Collection -> (seconds, objects), one each half hour for a day."""
        self._since: float | None = None
        self._last: float = 0.0
        self._turn = threading.Lock()

    def follow(self, at: float, counts: Mapping[str, Mapping[str, int]]) -> dict[str, Growth]:
        """Take one report and tell every collection's growth; for a thread, one at a time.

        A report that is older than the last one is not taken.
        """
        with self._turn:
            if self._since is None or at >= self._last:
                self.observe(at, counts)
            found = {name: self.of(name) for name in self._shards}
        return {name: growth for name, growth in found.items() if growth is not None}

    def observe(self, at: float, counts: Mapping[str, Mapping[str, int]]) -> None:
        """Take one report: collection -> shard -> flushed objects."""
        self._since = at if self._since is None else self._since
        self._last = at
        for collection, shards in counts.items():
            known = self._shards.setdefault(collection, {})
            if known.keys() != shards.keys():
                # Shards that come or go (a tenant, a node) bring or take objects at once.
                self._landmarks.pop(collection, None)
            for name, count in shards.items():
                shard = known.get(name)
                if shard is None:
                    known[name] = _Shard(at, count)
                elif shard.edges[-1][1] != count:
                    shard.edges.append((at, count))
            for gone in known.keys() - shards.keys():
                del known[gone]
            self._note_landmark(collection, at, shards)
        for gone in self._shards.keys() - counts.keys():
            del self._shards[gone]
            del self._landmarks[gone]

    def of(self, collection: str) -> Growth | None:
        """The collection's growth; None while too little was seen to say anything.

        A collection whose counts never moved while watched for longer than a flush takes is
        at 0.
        """
        shards = self._shards.get(collection)
        if shards is None or self._since is None:
            return None
        growth = self._recent(shards, self._last - self._since)
        if growth is None:
            return None
        long = self._long_slope(collection, shards)
        return Growth(growth.per_second, growth.window, long)

    def _recent(self, shards: dict[str, _Shard], watched: float) -> Growth | None:
        slopes = [self._slope(shard, watched) for shard in shards.values()]
        known = [slope for slope in slopes if slope is not None]
        # A sum that leaves a moving shard out would be too low, and look like a fact.
        if not known or len(known) < len(slopes):
            return None
        return Growth(
            sum(slope.per_second for slope in known), max(slope.window for slope in known)
        )

    def _note_landmark(self, collection: str, at: float, shards: Mapping[str, int]) -> None:
        marks = self._landmarks.setdefault(collection, deque(maxlen=_LANDMARKS_KEPT))
        if not marks or at - marks[-1][0] >= _LANDMARK_EVERY_S:
            marks.append((at, sum(shards.values())))

    def _long_slope(self, collection: str, shards: dict[str, _Shard]) -> float | None:
        since, objects = self._landmarks[collection][0]
        seconds = self._last - since
        if seconds < _LANDMARK_EVERY_S:
            return None
        return (sum(shard.edges[-1][1] for shard in shards.values()) - objects) / seconds

    def _slope(self, shard: _Shard, watched: float) -> Growth | None:
        """One shard's slope; None while it moves, or may move, and it is not known how fast."""
        changes = [edge for edge in list(shard.edges)[1:] if self._last - edge[0] <= self._window]
        if not changes:
            return Growth(0.0, min(watched, self._window)) if watched >= _QUIET_S else None
        first_at, first = changes[0]
        last_at, last = changes[-1]
        if len(changes) == 1:
            # When the one change began is not known: told as the window's mean once it is over.
            first_at, first = max(shard.edges[-2][0], self._last - self._window), shard.edges[-2][1]
            if self._last - last_at <= _QUIET_S:
                return None
        if self._last - last_at > _QUIET_S:
            last_at = self._last
        return Growth((last - first) / (last_at - first_at), last_at - first_at)
