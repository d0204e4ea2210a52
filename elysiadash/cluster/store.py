"""The store: one writer (the event loop), many readers, and a notice when something changed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import msgspec

from elysiadash.cluster.slices import EMPTY, Key, Kind, Problem, Recovery, Slice

Listener = Callable[[frozenset[Kind]], None]


class Store:
    """All slices of one cluster.

    Values are immutable; whoever shows them pulls them here after a notice. ``clock`` is the
    wall clock, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.seq = 0
        self.changed: dict[Kind, int] = {}
        """Kind -> ``seq`` of its last change."""
        self._slices: dict[Key, Slice[Any]] = {}
        self._asked_at: dict[Key, float] = {}
        self._recovered: dict[Key, Recovery] = {}
        self._listeners: list[Callable[[Kind], None]] = []

    def get(self, kind: Kind, of: str = "") -> Slice[Any]:
        """The slice, ``EMPTY`` when the question was never answered nor failed."""
        return self._slices.get(Key(kind, of), EMPTY)

    def recovered(self, kind: Kind, of: str = "") -> Recovery | None:
        """How the last run of failures ended; None where there was none."""
        return self._recovered.get(Key(kind, of))

    def all(self, kind: Kind) -> dict[str, Slice[Any]]:
        """Every slice of a kind by its ``of``."""
        return {key.of: value for key, value in self._slices.items() if key.kind is kind}

    def slices(self) -> dict[Key, Slice[Any]]:
        """All of them, as they are now."""
        return dict(self._slices)

    def put(
        self,
        kind: Kind,
        value: Any,
        *,
        of: str = "",
        asked_at: float,
        latency: float | None = None,
        fetched_at: float | None = None,
        every: float = 0.0,
    ) -> bool:
        """Keep a fresh value and clear the problem.

        ``asked_at`` (monotonic seconds) is when the question was sent: an answer to an older
        question than the last answered one is dropped, and False returned. ``fetched_at`` (wall
        clock, None: now) and ``every`` are for values that another has fetched before.
        """
        key = Key(kind, of)
        if asked_at < self._asked_at.get(key, float("-inf")):
            return False
        self._asked_at[key] = asked_at
        self.seq += 1
        at = self.clock() if fetched_at is None else fetched_at
        if (ended := self._slices.get(key, EMPTY).problem) is not None:
            self._recovered[key] = Recovery(ended, self.clock())
        self._slices[key] = Slice(value, at, self.seq, latency, every=every)
        self._tell(kind)
        return True

    def fail(
        self, kind: Kind, problem: Problem, *, of: str = "", asked_at: float | None = None
    ) -> None:
        """Note why there is no fresh answer; the last good value stays.

        ``asked_at`` as for ``put``: the failure of an older question than the last answered one
        is dropped. None is a failure of now.
        """
        key = Key(kind, of)
        if asked_at is not None and asked_at < self._asked_at.get(key, float("-inf")):
            return
        old = self._slices.get(key, EMPTY)
        if old.problem == problem:
            return
        self.seq += 1
        since = old.problem_since if old.problem else self.clock()
        self._slices[key] = msgspec.structs.replace(
            old, seq=self.seq, problem=problem, problem_since=since
        )
        self._tell(kind)

    def forget(self, kind: Kind, of: str = "") -> None:
        """Drop a slice whose subject is gone (a deleted collection, an address left)."""
        if self._slices.pop(Key(kind, of), None) is not None:
            self._asked_at.pop(Key(kind, of), None)
            self._recovered.pop(Key(kind, of), None)
            self.seq += 1
            self._tell(kind)

    def listen(self, listener: Callable[[Kind], None]) -> Callable[[], None]:
        """Call ``listener`` at each change, on the writer's loop; returns how to stop it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until it is so, looked at now and after each change."""
        changed = asyncio.Event()
        stop = self.listen(lambda _: changed.set())
        try:
            while not is_so():
                await changed.wait()
                changed.clear()
        finally:
            stop()

    def is_settled(self, *kinds: Kind) -> bool:
        """Whether each of these questions was answered, or failed."""
        pieces = map(self.get, kinds)
        return all(piece.value is not None or piece.problem is not None for piece in pieces)

    def problems(self) -> tuple[tuple[Kind, str, Problem], ...]:
        """Every question that has no fresh answer now: (kind, of, problem)."""
        return tuple(
            (kind, of, piece.problem)
            for kind in Kind
            for of, piece in self.all(kind).items()
            if piece.problem is not None
        )

    def _tell(self, kind: Kind) -> None:
        self.changed[kind] = self.seq
        for listener in tuple(self._listeners):
            listener(kind)


class Notices:
    """Turns a flood of changes into at most one notice each ``interval`` seconds."""

    def __init__(self, store: Store, listener: Listener, interval: float) -> None:
        self._listener = listener
        self._interval = interval
        self._changed: set[Kind] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._last = float("-inf")
        self._stop_listening = store.listen(self._note)

    def stop(self) -> None:
        """No more notices."""
        self._stop_listening()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _note(self, kind: Kind) -> None:
        self._changed.add(kind)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            wait = max(0.0, self._last + self._interval - loop.time())
            self._timer = loop.call_later(wait, self._send)

    def _send(self) -> None:
        self._timer = None
        self._last = asyncio.get_running_loop().time()
        changed, self._changed = frozenset(self._changed), set()
        self._listener(changed)
