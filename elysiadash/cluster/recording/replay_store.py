"""What the screens hold on to while a recording is played back: its slices and its charts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from elysiadash.cluster.history import History, Points
from elysiadash.cluster.slices import Key, Kind, Slice
from elysiadash.cluster.store import Store


class ReplayStore(Store):
    """The slices of the moment that is shown."""

    def show(self, slices: Mapping[Key, Slice[object]]) -> None:
        """Replace all slices; tells the kinds that differ."""
        before = self._slices
        self.seq += 1
        self._slices = {
            key: msgspec.structs.replace(piece, seq=self.seq) for key, piece in slices.items()
        }
        told = {key.kind for key in before.keys() ^ slices.keys()}
        told |= {
            key.kind
            for key, piece in self._slices.items()
            if key in before and _differs(before[key], piece)
        }
        for kind in told or {Kind.NODES}:
            self._tell(kind)


class ReplayHistory(History):
    """Chart points around the moment shown; those after it are not there yet.

    One object for as long as the replay lasts, since screens hold on to it.
    """

    def __init__(self, max_points: int, clock: Callable[[], float]) -> None:
        super().__init__(max_points)
        self._now = clock
        self._around = History(max_points)

    def show(self, around: History) -> None:
        """Other points, around another moment."""
        self._around = around

    def points(self, metric: str, name: str, last: int | None = None) -> Points:
        """The last points up to now."""
        whole = self._around.points(metric, name)
        now = self._now()
        count = sum(at <= now for at in whole.times)
        first = 0 if last is None else max(0, count - last)
        breaks = tuple(place - first for place in whole.breaks if first <= place < count)
        return Points(whole.times[first:count], whole.values[first:count], breaks)

    @property
    def since(self) -> float | None:
        """The first moment of those around."""
        return self._around.since

    def __len__(self) -> int:
        return len(self._around)


def _differs(old: Slice[object], new: Slice[object]) -> bool:
    return old.value is not new.value or (old.fetched_at, old.problem) != (
        new.fetched_at,
        new.problem,
    )
