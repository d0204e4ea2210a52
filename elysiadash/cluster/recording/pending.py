"""What waits to be written: bounded, so that a full disk costs points and events, not memory."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable

from elysiadash.cluster.events.event import Event
from elysiadash.cluster.recording.points import Frame

_POINTS_KEPT = 240
_VALUES_KEPT = 400_000
"""Of all points together: about 40 MB."""
_EVENTS_KEPT = 1000

TimedFrame = tuple[float, Frame]
"""Wall-clock seconds and the values of that moment."""


class Pending:
    """Points and events since the last batch; the oldest make room for new ones.

    Added to on the event loop, taken in the recorder's thread.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._points: deque[tuple[float, Frame, int]] = deque()
        self._events: deque[Event] = deque(maxlen=_EVENTS_KEPT)
        self._values = 0

    def __bool__(self) -> bool:
        return bool(self._points or self._events)

    def add_points(self, at: float, frame: Frame) -> None:
        """Chart points of one moment."""
        size = sum(map(len, frame.values()))
        with self._lock:
            self._points.append((at, frame, size))
            self._values += size
            self._trim()

    def add_events(self, events: Iterable[Event]) -> None:
        """What changed."""
        with self._lock:
            self._events.extend(events)

    def take(self) -> tuple[tuple[TimedFrame, ...], tuple[Event, ...]]:
        """All of it, oldest first; nothing is pending after this."""
        with self._lock:
            taken = tuple((at, frame) for at, frame, _ in self._points), tuple(self._events)
            self.clear()
            return taken

    def give_back(self, points: Iterable[TimedFrame], events: Iterable[Event]) -> None:
        """What was taken and could not be written, in front of what came meanwhile."""
        with self._lock:
            newer_points, newer_events = self.take()
            for at, frame in (*points, *newer_points):
                self.add_points(at, frame)
            self._events.extend((*events, *newer_events))

    def clear(self) -> None:
        """Forget it."""
        with self._lock:
            self._points.clear()
            self._events.clear()
            self._values = 0

    def _trim(self) -> None:
        # The newest stays, however large.
        while len(self._points) > 1 and (
            len(self._points) > _POINTS_KEPT or self._values > _VALUES_KEPT
        ):
            self._values -= self._points.popleft()[2]
