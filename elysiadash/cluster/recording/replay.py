"""A recording played back: everything a screen asks of a watch, at a moment of the past.

Read-only by its nature: there is no connection to anything.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TypeVar

import msgspec

from elysiadash.cluster.events.event import Event
from elysiadash.cluster.events.log import EventLog
from elysiadash.cluster.history import History
from elysiadash.cluster.last_shards import LastShards
from elysiadash.cluster.poller import Schedule
from elysiadash.cluster.recording.advice import as_recorded
from elysiadash.cluster.recording.decoder import Decoder
from elysiadash.cluster.recording.file import DamagedRecording, NotARecording, unpacking
from elysiadash.cluster.recording.moment import GAP_S, Moment
from elysiadash.cluster.recording.reader import Contents, Index, Reader
from elysiadash.cluster.recording.replay_store import ReplayHistory, ReplayStore
from elysiadash.cluster.recording.state import RecordingState
from elysiadash.cluster.series import RECORDING, Sample, Series, means
from elysiadash.cluster.slices import Kind, Problem
from elysiadash.cluster.stats import CollectionStats
from elysiadash.cluster.view import ClusterView
from elysiadash.config.profile import Profile
from elysiadash.config.tuning import Intervals, Thresholds
from elysiadash.weaviate.budget import OwnLoad
from elysiadash.weaviate.errors import NotSupported
from elysiadash.weaviate.models import Tenant

logger = logging.getLogger(__name__)

T = TypeVar("T")

_FRAME_S = 0.25
_CHARTED_S = 1800.0
_FEW_COLLECTIONS = 300
_CHARTED_OF_FEW_S = 10_800.0
_CHARTED_AHEAD_S = 900.0
_TRIED_AT_THE_END = 5
_TRIED_GROUPS = 20

_YEAR_2200 = 7_258_118_400.0


class EmptyRecording(NotARecording):
    """There is no moment in the recording."""


class Resting(msgspec.Struct, frozen=True, gc=False):
    """A poller that asks nothing; says how old a value may get before it is late."""

    schedule: Schedule
    last_seconds: float | None
    next_at: float | None = None
    asked_at: float | None = None


class Replay:
    """A recording as a watch. Made by ``open``; begins at the last moment.

    Time is that of the moment shown, also while it plays: values are as old as they were when
    they were recorded. ``clock`` is monotonic seconds. Every method that moves takes the screen
    along through the store's notices, and raises ``NotARecording`` where the recording cannot be
    read there.
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
        self.demo = contents.about.get("demo") == "yes"
        """Whether the cluster was a simulated one."""
        self.path = reader.path
        self.at = index.times[-1]
        self.store = ReplayStore(lambda: self.at)
        self.last_shards = LastShards(self.store)
        self.history = ReplayHistory(self.profile.limits.history_points, lambda: self.at)
        self.events = EventLog()
        """Empty: nothing happens any more."""
        self.playing = False
        self.speed = 1.0
        self.leaps = 0
        """How often the moment shown did not follow from the one before: a step back, a jump, a
        gap."""
        self.problem: str | None = None
        """Why playing stopped before the end, in words."""
        self.recording: RecordingState | None = None
        """Nothing is recorded; says which of the events asked for last cannot be read."""
        self._reader = reader
        self._cursor = reader.cursor()
        self._decoder = Decoder()
        self._index = index
        self._place = -1
        self._head = self.at
        self._moment = Moment(at=self.at)
        self._charted: tuple[float, float] | None = None
        self._clock = clock
        self._turn = asyncio.Lock()
        self._woken = asyncio.Event()
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="replay")

    @classmethod
    def open(cls, path: Path, clock: Callable[[], float] = time.monotonic) -> Replay:
        """Open a recording at its last moment, or at the last that can be read.

        Reads the disk: before there is an event loop, or in a thread. Raises
        ``FileNotFoundError``, ``NotARecording`` and its kinds, ``EmptyRecording``.
        """
        reader = Reader(path)
        try:
            index = reader.index()
            if not len(index):
                raise EmptyRecording(f"{path} holds no moment yet")
            if not 0.0 <= index.first <= index.last < _YEAR_2200:
                raise DamagedRecording(f"{path} is damaged: its moments are of no real time")
            replay = cls(reader, reader.contents(), index, clock)
            replay._begin_late()
        except BaseException:
            reader.close()
            raise
        return replay

    def begin_at(self, at: float) -> None:
        """Be at the last moment not after ``at`` from the start; reads the disk as ``open``."""
        self._begin(self._index.at(at))

    # Controls

    @property
    def replay(self) -> Replay:
        """The controls; a live watch has None here."""
        return self

    @property
    def start(self) -> float:
        """Wall-clock seconds of the first moment."""
        return self._index.first

    @property
    def end(self) -> float:
        """Wall-clock seconds of the last moment."""
        return self._index.last

    @property
    def place(self) -> tuple[int, int]:
        """Which moment of how many, counted from 1."""
        return self._place + 1, len(self._index)

    async def step(self, count: int) -> bool:
        """Go so many moments forward or back; False at the end (or the beginning)."""
        self.pause()
        async with self._turn:
            return await self._go(self._place + count)

    async def skip(self, seconds: float) -> bool:
        """Go so many seconds forward or back, at least one moment; False as for ``step``."""
        self.pause()
        async with self._turn:
            at = self.at + seconds
            place = await self._in_thread(lambda: self._index.at(at))
            least = self._place + (1 if seconds > 0 else -1)
            return await self._go(max(place, least) if seconds > 0 else min(place, least))

    async def jump(self, at: float) -> None:
        """Go to the last moment not after ``at``; before the first, to that."""
        async with self._turn:
            place = await self._in_thread(lambda: self._index.at(at))
            await self._show(place)
            self._head = self.at

    def play(self, speed: float = 1.0) -> None:
        """Let time run, ``speed`` seconds each second; from the beginning when at the end."""
        self.speed = speed
        if not self.playing:
            self.playing = True
            self.problem = None
            self._head = self.at
            self._woken.set()

    def pause(self) -> None:
        """Let time stand."""
        self.playing = False

    async def run(self) -> None:
        """Let time run while playing, until cancelled."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            if self.playing and self._place == len(self._index) - 1:
                async with self._turn:
                    await self._play_to(0)
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
        """One number over the ``seconds`` before the moment shown; ``problem`` says where the
        recording cannot be read there."""
        end = self.at

        def read() -> tuple[list[Sample], str | None]:
            found = self._reader.samples(metric, collection, end - seconds, end)
            return found, self._reader.unread

        try:
            samples, problem = await self._in_thread(read)
        except NotARecording as error:
            samples, problem = [], str(error)
        inside = [sample for sample in samples if sample.at > end - seconds]
        return Series(
            start=end - seconds,
            end=end,
            values=means(inside, end, seconds, steps),
            source=RECORDING,
            problem=problem,
        )

    async def past_events(
        self, since: float | None = None, until: float | None = None, limit: int = 1000
    ) -> tuple[Event, ...]:
        """Events up to the moment shown, newest first. Raises ``NotARecording`` where they cannot
        be read; where only some cannot, ``recording.unread`` says so."""
        last = self.at if until is None else min(until, self.at)

        def read() -> tuple[tuple[Event, ...], str | None]:
            return self._reader.events(since, last, limit), self._reader.unread

        found, unread = await self._in_thread(read)
        self.recording = None if unread is None else RecordingState(unread=unread)
        return found

    def cluster(self) -> ClusterView:
        """The nodes."""
        return self._moment.cluster

    def missing_nodes(self) -> tuple[str, ...]:
        """Expected nodes that did not take part then."""
        return self.cluster().missing

    def problems(self) -> tuple[tuple[Kind, str, Problem], ...]:
        """Questions without a fresh answer."""
        return self.store.problems()

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
            self._head += seconds
            times, place = self._index.times, self._place
            while place + 1 < len(times) and times[place] <= times[place + 1] <= self._head:
                place += 1
            if place == self._place and place + 1 < len(times):
                ahead = times[place + 1] - times[place]
                if not 0 <= ahead <= GAP_S:
                    # Nothing was recorded here, or the clock was set back: nobody wants to wait.
                    place += 1
            await self._play_to(place)

    async def _play_to(self, place: int) -> None:
        """Go there; stops playing at the end, and where the recording cannot be read."""
        moved = place != self._place
        try:
            await self._show(place)
        except NotARecording as error:
            self.playing, self.problem = False, str(error)
            self.store.show(self._moment.slices)
            return
        if moved and not self.at <= self._head <= self.at + GAP_S:
            self._head = self.at
        if place + 1 >= len(self._index):
            self.playing = False

    async def _go(self, place: int) -> bool:
        wanted = max(0, min(len(self._index) - 1, place))
        if wanted == self._place:
            return False
        await self._show(wanted)
        return True

    async def _show(self, place: int) -> None:
        if place == self._place:
            return
        moment = await self._in_thread(lambda: self._load(place))
        self._take(place, moment)
        if self._charted is None or not self._charted[0] <= self.at <= self._charted[1]:
            await self._in_thread(self._chart)
            self.store.show(moment.slices)

    def _take(self, place: int, moment: Moment) -> None:
        ahead = place > self._place if self.playing else place == self._place + 1
        if not (ahead and 0 <= moment.at - self.at <= GAP_S):
            self.leaps += 1
        self._place, self._moment, self.at = place, moment, moment.at
        self.problem = None
        self.store.show(moment.slices)

    def _begin_late(self) -> None:
        """Damage at the end must not hide what is before it."""
        last, damage = len(self._index) - 1, DamagedRecording(f"{self.path} is damaged")
        for place in self._late_places():
            try:
                self._begin(place)
            except DamagedRecording as error:
                damage = error
            else:
                if place < last:
                    self.problem = f"the end is damaged: {last - place} moments after this one"
                return
        raise damage

    def _late_places(self) -> Iterator[int]:
        """The last moments, then the last one of each earlier group that begins anew."""
        last, keyframes = len(self._index) - 1, self._index.keyframes
        yield from range(last, max(-1, last - _TRIED_AT_THE_END), -1)
        ends = (at for at in range(last - 1, -1, -1) if keyframes[at] != keyframes[at + 1])
        yield from islice(ends, _TRIED_GROUPS)

    def _begin(self, place: int) -> None:
        self._take(place, self._load(place))
        self._chart()

    def _load(self, place: int) -> Moment:
        frame, keyframe = self._index.ids[place], self._index.keyframes[place]
        with unpacking(self.path):
            parts = self._cursor.move(frame, keyframe)
            moment = self._decoder.moment(self._index.times[place], parts)
            return as_recorded(moment, self.contents.about.get("metrics"))

    def _chart(self) -> None:
        """Read the points of the minutes around; the rows' small charts need no more."""
        few = self.contents.collections <= _FEW_COLLECTIONS
        back = _CHARTED_OF_FEW_S if few else _CHARTED_S
        first, last = self.at - back, self.at + _CHARTED_AHEAD_S
        around = History(self.profile.limits.history_points)
        try:
            for seen_at, frame in self._reader.frames_of_points(first, last):
                around.append(seen_at, frame)
            if self._reader.unread is not None:
                logger.warning("gaps in the small charts: %s", self._reader.unread)
        except NotARecording as error:
            # The moment itself can be shown; the charts of a collection say what is wrong.
            logger.warning("no small charts: %s", error)
        self.history.show(around)
        self._charted = (first + back / 2, last)

    def _longest(self, kind: Kind) -> float | None:
        latencies = (piece.latency for piece in self.store.all(kind).values())
        return max((found for found in latencies if found is not None), default=None)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _profile(about: Mapping[str, str]) -> Profile:
    """What the recording says of its cluster; nothing may be written to it."""
    return Profile(
        name=about.get("name", "recording"),
        url=about.get("url", ""),
        environment=about.get("environment"),
        colour=about.get("colour"),
        intervals=_settings(about, "intervals", Intervals),
        thresholds=_settings(about, "thresholds", Thresholds),
        write=False,
    )


def _settings(about: Mapping[str, str], name: str, kind: type[T]) -> T:
    """What the values were judged by; the defaults where another release says it otherwise."""
    try:
        return msgspec.json.decode(about.get(name, "{}"), type=kind)
    except msgspec.MsgspecError:
        return kind()
