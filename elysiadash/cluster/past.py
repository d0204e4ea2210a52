"""The past of a cluster for charts and events: Prometheus first, the recording, this session."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from elysiadash.cluster.events.event import Event
from elysiadash.cluster.events.log import EventLog
from elysiadash.cluster.history import History
from elysiadash.cluster.recording.file import DamagedRecording, NotARecording
from elysiadash.cluster.recording.reader import Reader
from elysiadash.cluster.series import RECORDING, SESSION, Sample, Series, means, samples_of

logger = logging.getLogger(__name__)

T = TypeVar("T")
_Found = tuple[Sequence[Sample], str | None]
"""Samples, and in words why some or all are missing."""

_SEEDED_S = 900.0
_KEPT_S = 5.0
_ANSWERS_KEPT = 32
_SAME_S = 90.0
_WHATEVER_STATE = frozenset({"node.left", "node.came"})


class RangeSource(Protocol):
    """Somebody else who knows the past."""

    async def range(
        self, metric: str, collection: str, start: float, end: float, steps: int
    ) -> Series:
        """One number over time; without values it says in ``problem`` why."""


class Past:
    """Reads what is known of the past.

    ``history`` and ``log`` are this session's, ``path`` says where the recording is (None:
    nowhere), whoever writes it. ``prometheus`` goes first where there is one. ``damaged`` is told,
    in a thread, of a recording that cannot be read for good.
    """

    def __init__(
        self,
        history: History,
        log: EventLog,
        path: Callable[[], Path | None],
        clock: Callable[[], float] = time.time,
        prometheus: RangeSource | None = None,
        damaged: Callable[[DamagedRecording], None] | None = None,
    ) -> None:
        self.prometheus = prometheus
        self.problem: str | None = None
        """Why recorded events could not be read the last time, in words."""
        self._told: str | None = None
        self._damaged = damaged
        self._history = history
        self._log = log
        self._path = path
        self._clock = clock
        self._read: dict[tuple[str, str, float], tuple[float, _Found]] = {}

    async def series(self, metric: str, collection: str, seconds: float, steps: int) -> Series:
        """One number of a collection (``""``: of all together) over the last ``seconds``."""
        end = self._clock()
        if self.prometheus is None:
            return await self._own_series(metric, collection, end, seconds, steps)
        told = await self.prometheus.range(metric, collection, end - seconds, end, steps)
        if told.known:
            return told
        own = await self._own_series(metric, collection, end, seconds, steps)
        return msgspec.structs.replace(own, problem=told.problem or own.problem)

    async def events(
        self, since: float | None = None, until: float | None = None, limit: int = 1000
    ) -> tuple[Event, ...]:
        """What changed, newest first: of the recording, whoever writes it, and of this session.

        Both ends count. What this session saw and the recording has is in there once.
        """
        found, self.problem = await self._ask(lambda reader: reader.events(since, until, limit))
        recorded = found or ()
        session = self._log.newest(since=since)
        return merged(recorded, [one for one in session if until is None or one.at <= until], limit)

    async def seed(self) -> None:
        """Put the last minutes of the recording into this session's history, before anything
        else is in there."""
        now = self._clock()

        def put(reader: Reader) -> None:
            for at, frame in reader.frames_of_points(now - _SEEDED_S, now):
                self._history.append(at, frame)

        if len(self._history) == 0:
            await self._ask(put)

    async def _own_series(
        self, metric: str, collection: str, end: float, seconds: float, steps: int
    ) -> Series:
        start = end - seconds
        points = self._history.points(metric, collection)
        # What was before the window tells how its first value came.
        session = samples_of(points, end, 2 * seconds)
        began = points.times[0] if points.times else end
        recorded: Sequence[Sample] = ()
        problem = None
        if began > start:
            found, problem = await self._recorded(metric, collection, end, seconds, began)
            recorded = [sample for sample in found if start < sample.at < began]
        return Series(
            start=start,
            end=end,
            values=means([*recorded, *session], end, seconds, steps),
            source=RECORDING if recorded else SESSION,
            problem=problem,
        )

    async def _recorded(
        self, metric: str, collection: str, end: float, seconds: float, began: float
    ) -> _Found:
        """What the recording says of the time before this session ``began``; asked again after
        ``_KEPT_S`` seconds at the earliest, however many charts show it."""
        key = (metric, collection, seconds)
        known = self._read.get(key)
        if known is not None and 0 <= end - known[0] < _KEPT_S:
            return known[1]
        samples, problem = await self._ask(
            lambda reader: reader.samples(metric, collection, end - seconds, began)
        )
        while len(self._read) >= _ANSWERS_KEPT:
            del self._read[next(iter(self._read))]
        self._read[key] = (end, (samples or (), problem))
        return samples or (), problem

    async def _ask(self, question: Callable[[Reader], T]) -> tuple[T | None, str | None]:
        return await asyncio.to_thread(self._read_now, question)

    def _read_now(self, question: Callable[[Reader], T]) -> tuple[T | None, str | None]:
        """(answer, why there is none or what is missing of it): neither where there is no
        recording."""
        path = self._path()
        if path is None:
            return None, None
        try:
            with Reader(path) as reader:
                answer = question(reader)
                return answer, reader.unread
        except FileNotFoundError:
            return None, None
        except (OSError, NotARecording) as error:
            problem = f"the recording cannot be read: {error}"
            if problem != self._told:
                self._told = problem
                logger.warning("%s", problem)
            if isinstance(error, DamagedRecording) and self._damaged is not None:
                self._damaged(error)
            return None, problem


def merged(recorded: Sequence[Event], session: Sequence[Event], limit: int) -> tuple[Event, ...]:
    """Both, newest first, at most ``limit``; each change once.

    Another process that records sees the same change at its own moment: what is about the same
    thing, from and to the same, within a minute and a half, is one change. Of a node that left or
    came the states do not count: while it dies each process sees another of them.
    """
    exact = set(recorded) & set(session)
    free: dict[tuple[object, ...], list[float]] = {}
    for event in recorded:
        if event not in exact:
            free.setdefault(_what(event), []).append(event.at)
    new: list[Event] = []
    for event in session:
        if event in exact:
            continue
        times = free.get(_what(event), [])
        near = min(times, key=lambda at: abs(at - event.at), default=None)
        if near is not None and abs(near - event.at) <= _SAME_S:
            times.remove(near)
        else:
            new.append(event)
    both = sorted([*new, *recorded], key=lambda event: -event.at)
    return tuple(both[:limit])


def _what(event: Event) -> tuple[object, ...]:
    about = (event.node, event.collection, event.tenant, event.shard, event.name)
    if event.kind in _WHATEVER_STATE:
        return (event.kind, *about)
    return (event.kind, *about, event.before, event.after)
