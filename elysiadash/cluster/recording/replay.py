"""A recording played back: everything a screen asks of a watch, at a moment of the past.

Read-only by its nature: there is no connection to anything.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import msgspec

from elysiadash.cluster.events.event import Event
from elysiadash.cluster.events.log import EventLog
from elysiadash.cluster.history import History, Points
from elysiadash.cluster.past import RECORDING, means
from elysiadash.cluster.poller import Schedule
from elysiadash.cluster.recording.decoder import Decoder
from elysiadash.cluster.recording.moment import Moment
from elysiadash.cluster.recording.reader import Contents, Index, Reader
from elysiadash.cluster.recording.state import RecordingState
from elysiadash.cluster.series import Series
from elysiadash.cluster.slices import Key, Kind, Problem, Slice
from elysiadash.cluster.stats import CollectionStats
from elysiadash.cluster.store import Store
from elysiadash.cluster.view import LIVE_STATES, ClusterView
from elysiadash.config.profile import Profile
from elysiadash.weaviate.budget import OwnLoad
from elysiadash.weaviate.errors import NotSupported
from elysiadash.weaviate.models import Tenant

T = TypeVar("T")

_FRAME_S = 0.25
_GAP_S = 90.0
_CHARTED_S = 1800.0
_CHARTED_AHEAD_S = 900.0


class EmptyRecording(Exception):
    """There is no moment in the recording."""


class Resting(msgspec.Struct, frozen=True, gc=False):
    """A poller that asks nothing; says how old a value may get before it is late."""

    schedule: Schedule
    last_seconds: float | None
    next_at: float | None = None


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
    """Chart points around the moment shown; those after it are not there yet."""

    def __init__(self, max_points: int, clock: Callable[[], float]) -> None:
        super().__init__(max_points)
        self._now = clock

    def points(self, metric: str, name: str, last: int | None = None) -> Points:
        """The last points up to now."""
        whole = super().points(metric, name)
        now = self._now()
        count = sum(at <= now for at in whole.times)
        first = 0 if last is None else max(0, count - last)
        return Points(whole.times[first:count], whole.values[first:count])


class Replay:
    """A recording as a watch. Made by ``open``; begins at the last moment.

    ``clock`` is monotonic seconds. Every method that moves takes the screen along through the
    store's notices.
    """

    def __init__(
        self,
        reader: Reader,
        contents: Contents,
        index: Index,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.contents = contents
        self.profile = _profile(contents.about)
        self.at = contents.last or 0.0
        self.store = ReplayStore(lambda: self.at)
        self.history: History = self._new_history()
        self.events = EventLog()
        """Empty: nothing happens any more."""
        self.playing = False
        self.speed = 1.0
        self.recording: RecordingState | None = None
        self._reader = reader
        self._cursor = reader.cursor()
        self._decoder = Decoder()
        self._index = index
        self._place = -1
        self._moment = Moment(at=self.at)
        self._charted: tuple[float, float] | None = None
        self._clock = clock
        self._turn = asyncio.Lock()
        self._woken = asyncio.Event()
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="replay")

    @classmethod
    async def open(cls, path: Path, clock: Callable[[], float] = time.monotonic) -> Replay:
        """Open a recording at its last moment.

        Raises ``FileNotFoundError``, ``NotARecording`` and its kinds, ``EmptyRecording``.
        """
        replay = await asyncio.to_thread(cls._opened, path, clock)
        await replay.jump(replay.end)
        return replay

    @classmethod
    def _opened(cls, path: Path, clock: Callable[[], float]) -> Replay:
        reader = Reader(path)
        index = reader.index()
        if not len(index):
            reader.close()
            raise EmptyRecording(f"{path} holds no moment yet")
        return cls(reader, reader.contents(), index, clock)

    # Controls

    @property
    def replay(self) -> Replay:
        """The controls; a live watch has None here."""
        return self

    @property
    def start(self) -> float:
        """Wall-clock seconds of the first moment."""
        return self._index.times[0]

    @property
    def end(self) -> float:
        """Wall-clock seconds of the last moment."""
        return self._index.times[-1]

    @property
    def place(self) -> tuple[int, int]:
        """Which moment of how many, counted from 1."""
        return self._place + 1, len(self._index)

    async def step(self, count: int) -> bool:
        """Go so many moments forward or back; False at the end (or the beginning)."""
        self.pause()
        async with self._turn:
            wanted = max(0, min(len(self._index) - 1, self._place + count))
            if wanted == self._place:
                return False
            await self._show(wanted, self._index.times[wanted])
            return True

    async def jump(self, at: float) -> None:
        """Go to the last moment not after ``at``."""
        async with self._turn:
            wanted = max(self.start, min(self.end, at))
            place = await self._in_thread(lambda: self._index.at(wanted))
            await self._show(place, wanted)

    def play(self, speed: float = 1.0) -> None:
        """Let time run, ``speed`` seconds each second; from the beginning when at the end."""
        self.speed = speed
        self.playing = True
        self._woken.set()

    def pause(self) -> None:
        """Let time stand."""
        self.playing = False

    async def run(self) -> None:
        """Let time run while playing, until cancelled."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            if self.at >= self.end:
                await self.jump(self.start)
            before = self._clock()
            while self.playing:
                await asyncio.sleep(_FRAME_S)
                now = self._clock()
                await self._advance((now - before) * self.speed)
                before = now

    # What a screen asks

    @property
    def pollers(self) -> dict[Kind, Resting]:
        """None of them asks; the pace is that of a profile without settings of its own."""
        pace = self.profile.intervals
        fast = Schedule(interval=pace.fast)
        slow = Schedule(interval=pace.slow, cost_factor=pace.slow_cost_factor)
        metrics = Schedule(interval=pace.metrics, cost_factor=pace.metrics_cost_factor)
        lanes = {Kind.READY: fast, Kind.NODES: fast, Kind.STATISTICS: fast, Kind.METRICS: metrics}
        return {
            kind: Resting(lanes.get(kind, slow), self._longest(kind))
            for kind in Kind
            if kind is not Kind.COUNT
        }

    async def rows(self) -> tuple[CollectionStats, ...]:
        """One row for each collection, as it was shown."""
        return self._moment.rows

    def rows_at(self) -> float | None:
        """Wall-clock seconds of the oldest data the rows rest on."""
        times = [self.store.get(kind).fetched_at for kind in (Kind.SCHEMA, Kind.VERBOSE)]
        return min((at for at in times if at is not None), default=None)

    async def series(self, metric: str, collection: str, seconds: float, steps: int) -> Series:
        """One number over the ``seconds`` before the moment shown."""
        end = self.at
        samples = await self._in_thread(
            lambda: self._reader.samples(metric, collection, end - seconds, end)
        )
        inside = [sample for sample in samples if sample.at > end - seconds]
        return Series(
            start=end - seconds,
            end=end,
            values=means(inside, end, seconds, steps),
            source=RECORDING,
        )

    async def past_events(
        self, since: float | None = None, until: float | None = None, limit: int = 1000
    ) -> tuple[Event, ...]:
        """Events up to the moment shown, newest first."""
        last = self.at if until is None else min(until, self.at)
        return await self._in_thread(lambda: self._reader.events(since, last, limit))

    def cluster(self) -> ClusterView:
        """The nodes."""
        return self._moment.cluster

    def missing_nodes(self) -> tuple[str, ...]:
        """Expected nodes that did not take part then."""
        return tuple(
            node.node
            for node in self.cluster().nodes
            if node.expected and node.status not in LIVE_STATES
        )

    def problems(self) -> tuple[tuple[Kind, str, Problem], ...]:
        """Questions without a fresh answer."""
        return tuple(
            (kind, of, piece.problem)
            for kind in Kind
            for of, piece in self.store.all(kind).items()
            if piece.problem is not None
        )

    async def tenants(self, collection: str) -> tuple[Tenant, ...]:
        """Raises ``NotSupported``: tenants by name are not recorded, and nobody can be asked."""
        raise NotSupported("a recording holds how many tenants there were, not their names")

    def change_pace(self, step: int) -> float:
        """Nobody is asked; returns the pace of the recorded profile's fast lane, in seconds."""
        return self.profile.intervals.fast

    def own_load(self) -> OwnLoad:
        """What watching cost the cluster then."""
        return self._moment.load

    def refresh_now(self) -> None:
        """There is nobody to ask."""

    async def aclose(self) -> None:
        """Close the file."""
        self.pause()
        async with self._turn:
            await self._in_thread(self._reader.close)
        self._threads.shutdown(wait=False)

    async def _advance(self, seconds: float) -> None:
        async with self._turn:
            if not self.playing:
                return
            at = self.at + seconds
            place = self._place
            times = self._index.times
            while place + 1 < len(times) and times[place + 1] <= at:
                place += 1
            if place + 1 >= len(times):
                self.playing = False
                at = self.end
            elif place == self._place and times[place + 1] - times[place] > _GAP_S:
                # Nothing was recorded here: nobody wants to wait for it.
                place += 1
                at = times[place]
            await self._show(place, at)

    async def _show(self, place: int, at: float) -> None:
        if place != self._place:
            self._moment = await self._in_thread(lambda: self._load(place))
            self._place = place
        self.at = at
        self.store.show(self._moment.slices)
        if self._charted is None or not self._charted[0] <= at <= self._charted[1]:
            await self._chart(at)

    def _load(self, place: int) -> Moment:
        frame, keyframe = self._index.ids[place], self._index.keyframes[place]
        parts = self._cursor.move(frame, keyframe)
        return self._decoder.moment(self._index.times[place], parts)

    async def _chart(self, at: float) -> None:
        """Read the points of the minutes around; the rows' small charts need no more."""
        first, last = at - _CHARTED_S, at + _CHARTED_AHEAD_S

        def loaded() -> History:
            history = self._new_history()
            for seen_at, frame in self._reader.frames_of_points(first, last):
                history.append(seen_at, frame)
            return history

        self.history = await self._in_thread(loaded)
        self._charted = (first + _CHARTED_S / 2, last)

    def _new_history(self) -> ReplayHistory:
        return ReplayHistory(self.profile.limits.history_points, lambda: self.at)

    def _longest(self, kind: Kind) -> float | None:
        latencies = (piece.latency for piece in self.store.all(kind).values())
        return max((found for found in latencies if found is not None), default=None)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _differs(old: Slice[object], new: Slice[object]) -> bool:
    return old.value is not new.value or (old.fetched_at, old.problem) != (
        new.fetched_at,
        new.problem,
    )


def _profile(about: Mapping[str, str]) -> Profile:
    """What the recording says of its cluster; nothing may be written to it."""
    return Profile(
        name=about.get("name", "recording"),
        url=about.get("url", ""),
        environment=about.get("environment"),
        colour=about.get("colour"),
        write=False,
    )
