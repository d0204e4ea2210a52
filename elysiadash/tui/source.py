"""What the app needs of a watch: the real one, or a fixed one in tests and pictures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from elysiadash.cluster.events.event import Event
from elysiadash.cluster.events.log import EventLog
from elysiadash.cluster.history import History
from elysiadash.cluster.last_shards import LastShards
from elysiadash.cluster.recording.state import RecordingState
from elysiadash.cluster.series import Series
from elysiadash.cluster.slices import Kind, Problem
from elysiadash.cluster.stats import CollectionStats
from elysiadash.cluster.store import Store
from elysiadash.cluster.view import ClusterView
from elysiadash.config.profile import Profile
from elysiadash.weaviate.budget import OwnLoad
from elysiadash.weaviate.models import Tenant


class Pace(Protocol):
    """How often a question is asked; what ``Poller.schedule`` says."""

    @property
    def interval(self) -> float:
        """Seconds between two polls."""

    @property
    def cost_factor(self) -> float:
        """Times the duration of the last call, when that is longer."""


class Asking(Protocol):
    """The state of one poller."""

    @property
    def schedule(self) -> Pace:
        """How often it asks."""

    @property
    def last_seconds(self) -> float | None:
        """How long the last call took."""

    @property
    def next_at(self) -> float | None:
        """When it asks again, in the event loop's time; None while it asks, infinite while only
        the end of a call under way makes place for another."""

    @property
    def asked_at(self) -> float | None:
        """When the call under way was sent, in the event loop's time; None while it waits."""


class Replaying(Protocol):
    """The controls of a recording that is played back; times are wall-clock seconds."""

    at: float
    playing: bool
    speed: float
    leaps: int
    """How often the moment shown did not follow from the one before: what is before and behind a
    leap must not be compared."""
    problem: str | None
    """Why playing stopped before the end, in words."""

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def start(self) -> float:
        """The first moment."""

    @property
    def end(self) -> float:
        """The last moment."""

    @property
    def place(self) -> tuple[int, int]:
        """Which moment of how many, counted from 1."""

    async def step(self, count: int) -> bool:
        """Go so many moments forward or back; False where there is none."""

    async def skip(self, seconds: float) -> bool:
        """Go so many seconds forward or back, at least one moment; False where there is none."""

    async def jump(self, at: float) -> None:
        """Go to the last moment not after ``at``."""

    def play(self, speed: float = 1.0) -> None:
        """Let time run, ``speed`` seconds each second."""

    def pause(self) -> None:
        """Let time stand."""


class Watched(Protocol):
    """A cluster that is being watched, as ``cluster.watch.Watch`` is."""

    @property
    def profile(self) -> Profile:
        """Which cluster."""

    @property
    def store(self) -> Store:
        """The slices."""

    @property
    def history(self) -> History:
        """The recent past."""

    @property
    def last_shards(self) -> LastShards:
        """What each node listed last."""

    @property
    def events(self) -> EventLog:
        """What changed."""

    @property
    def recording(self) -> RecordingState | None:
        """Who keeps the past of this cluster; None: nobody, and nobody is meant to."""

    @property
    def replay(self) -> Replaying | None:
        """The controls where this is a recording played back; None: it is live."""

    async def past_events(
        self, since: float | None = None, until: float | None = None, limit: int = 1000
    ) -> tuple[Event, ...]:
        """What changed, newest first: of the recording, whoever writes it, and of this session.

        ``since`` and ``until`` are wall-clock seconds.
        """

    @property
    def pollers(self) -> Mapping[Kind, Asking]:
        """One for each question."""

    async def run(self) -> None:
        """Keep everything fresh until cancelled."""

    async def rows(self) -> tuple[CollectionStats, ...]:
        """One row for each collection."""

    def rows_at(self) -> float | None:
        """Wall-clock seconds of the oldest data the rows rest on."""

    async def series(self, metric: str, collection: str, seconds: float, steps: int) -> Series:
        """One number of a collection over the last ``seconds``, in ``steps`` even steps."""

    async def tenants(self, collection: str) -> tuple[Tenant, ...]:
        """Every tenant of a collection, by name, asked now. Raises ``WeaviateError``:
        ``NotSupported`` where there is nobody to ask, as in a recording."""

    def cluster(self) -> ClusterView:
        """The nodes."""

    def problems(self) -> tuple[tuple[Kind, str, Problem], ...]:
        """Questions without a fresh answer."""

    def own_load(self) -> OwnLoad:
        """What we cost the cluster."""

    def change_pace(self, step: int) -> float:
        """Ask more often (-1) or less often (1); returns the seconds of the fast lane now."""

    def refresh_now(self) -> None:
        """Ask everything at once."""

    async def aclose(self) -> None:
        """Close the connections."""
