"""The events of one cluster, newest first: bounded, in memory, with listeners."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable

from elysiadash.cluster.events.event import SEVERITIES, Event, EventSeverity

log = logging.getLogger(__name__)

Listener = Callable[[tuple[Event, ...]], None]

_KEPT = 2_000


class EventLog:
    """What changed since the watch began; the oldest events make room for new ones.

    May be read and added to from any thread. ``seq`` counts all events ever added, so that a
    reader can ask only for what it has not seen.
    """

    def __init__(self, most: int = _KEPT) -> None:
        self.seq = 0
        self._events: deque[Event] = deque(maxlen=most)
        self._under_way: tuple[Event, ...] = ()
        self._shown = 0
        self._listeners: list[Listener] = []
        self._lock = threading.Lock()

    def add(self, *events: Event) -> None:
        """Add events, in the order they happened, and tell the listeners of them at once.

        Also for what the watch cannot see itself: a face hands in what its audit lines tell
        (``own_writes``). A listener that fails is logged and does not stop the others.
        """
        if not events:
            return
        with self._lock:
            self._events.extend(events)
            self.seq += len(events)
            listeners = tuple(self._listeners)
        for listener in listeners:
            try:
                listener(events)
            except Exception:
                log.exception("events were not taken by one of those who listen")

    @property
    def state(self) -> tuple[int, int]:
        """Another value whenever ``newest`` may be."""
        return self.seq, self._shown

    def show_under_way(self, events: Iterable[Event]) -> None:
        """Have these among the newest instead of those before: what still grows, and is neither
        told to listeners nor counted until it is added."""
        found = tuple(events)
        with self._lock:
            if found != self._under_way:
                self._under_way = found
                self._shown += 1

    def newest(
        self, limit: int | None = None, *, since: float | None = None, about: str | None = None
    ) -> tuple[Event, ...]:
        """Newest first, at most ``limit``; ``since`` is wall-clock seconds, ``about`` a name."""
        with self._lock:
            growing = tuple(reversed(self._under_way))
            events = tuple(reversed(self._events))
        # What still grows is of now, whenever it began.
        recent = (event for event in events if since is None or event.at >= since)
        found = (event for event in (*growing, *recent) if about is None or is_about(event, about))
        return tuple(found)[:limit]

    def after(self, seq: int) -> tuple[Event, ...]:
        """Events added after ``seq`` was the count, oldest first; those already gone are not."""
        with self._lock:
            new = min(self.seq - seq, len(self._events))
            return tuple(self._events)[len(self._events) - new :] if new > 0 else ()

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` with each batch, in the adder's thread; returns how to stop it."""
        with self._lock:
            self._listeners.append(listener)
        return lambda: self._unlisten(listener)

    def _unlisten(self, listener: Listener) -> None:
        with self._lock:
            if listener in self._listeners:
                self._listeners.remove(listener)


def is_about(event: Event, name: str) -> bool:
    """Whether a node, collection, tenant, shard, alias, backup, ... of this name is meant.

    An alias is also about the collections it left and went to, a node about its leadership.
    """
    named = (event.node, event.collection, event.tenant, event.shard, event.name)
    if name in named:
        return True
    turned = event.kind.startswith(("alias.", "leader.", "shard."))
    return turned and name in (event.before, event.after)


def chosen(
    events: Iterable[Event],
    *,
    about: str | None = None,
    kind: str | None = None,
    severity: EventSeverity | None = None,
) -> tuple[Event, ...]:
    """The events about ``about``, of a kind that is or begins with ``kind``, and at least as
    grave as ``severity``; their order stays."""
    least = SEVERITIES.index(severity) if severity else 0
    return tuple(
        event
        for event in events
        if (about is None or is_about(event, about))
        and (kind is None or event.kind.startswith(kind))
        and event.gravity >= least
    )
