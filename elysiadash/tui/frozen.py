"""The jobs as the app knows them everywhere: where they are read, how many run here, what was
left frozen, and what they and we ourselves wrote."""

from __future__ import annotations

import asyncio
from typing import Any

from elysiadash.jobs.job import ClusterUse, JobState
from elysiadash.tui import numbers
from elysiadash.tui.jobs_seen import LeftFrozen
from elysiadash.tui.jobs_source import JobRooms, Jobs
from elysiadash.tui.own_writes import OwnWritesTold
from elysiadash.tui.switching import Switching

_LOOK_EVERY_S = 5.0
_WRITES_EVERY_S = 2.0
_READING_WRITES = "reading what we wrote"
_LOOKING = "looking for frozen collections"


class JobWatch(Switching):
    """The part of the app that has the jobs, and looks whether one left a collection frozen."""

    def __init__(self, *args: Any, job_rooms: JobRooms | None = None, **given: Any) -> None:
        super().__init__(*args, **given)
        self.job_rooms = job_rooms or JobRooms(None)
        self.frozen_jobs: tuple[LeftFrozen, ...] = ()
        """Freezes that are still to be put back, of all jobs."""
        self.jobs_here = 0
        """Jobs that run on the cluster that is shown, when they were looked at last."""
        self._frozen_looked: float | None = None
        self._writes: OwnWritesTold | None = None
        self._writes_turn = asyncio.Lock()
        self._writes_looked: float | None = None

    @property
    def jobs(self) -> Jobs:
        """The jobs beside the cluster that is shown: a demo's are apart."""
        return self.job_rooms.of(demo=self.demo)

    @property
    def frozen_words(self) -> str | None:
        """What is frozen and how it is thawed, for a line on every screen."""
        if not self.frozen_jobs:
            return None
        first, more = self.frozen_jobs[0], len(self.frozen_jobs) - 1
        now = self.jobs.wall()
        age = "" if first.since is None else f" {numbers.span(now - first.since)}"
        if first.worked_on:
            who = f"by job {first.job}"
        elif first.watched_until is not None:
            left = numbers.span(first.watched_until - now)
            who = f"left by job {first.job}, its watchdog thaws it in {left}"
        else:
            who = f"left by job {first.job}, and nobody else thaws it"
        also = f" (and {more} more)" if more else ""
        # The key comes first: small panes show the beginning only.
        return f"FROZEN{age}: T thaws {first.what}{also}, {who}"

    def look_for_frozen(self, now: float) -> None:
        """Look now and then, in a thread; called each second."""
        looked = self._frozen_looked
        if looked is not None and 0 <= now - looked < _LOOK_EVERY_S:
            return
        self._frozen_looked = now
        if self.jobs.folder is not None:
            self.run_guarded(self.see_frozen, _LOOKING, group="jobs", again=True)

    async def see_frozen(self, *, now: bool = False) -> None:
        """Look at once; ``now``: also where it was looked within the last second."""
        self.take_frozen((await self.jobs.look(now=now)).frozen)

    def take_frozen(self, found: tuple[LeftFrozen, ...]) -> None:
        """What was seen: say it, or that it is over; and how many jobs run here."""
        here = self._running_here()
        if (found, here) == (self.frozen_jobs, self.jobs_here):
            return
        thaws = found != self.frozen_jobs
        self.frozen_jobs, self.jobs_here = found, here
        self._tick()
        if thaws and self.screen_stack:
            # The key that thaws is there now, or is not any more.
            self.screen.refresh_bindings()

    def _running_here(self) -> int:
        """How many jobs run on this cluster; in a recording none: they are of now."""
        watch = self.watched
        if watch.replay is not None:
            return 0
        here = ClusterUse(watch.profile.name, watch.profile.url).key
        return sum(
            each.job.state is JobState.RUNNING and here in {use.key for use in each.job.clusters}
            for each in self.jobs.seen.jobs
        )

    # What was written

    def look_for_writes(self, now: float) -> None:
        """Read the audit log on, now and then, in a thread; called each second."""
        looked = self._writes_looked
        if looked is not None and 0 <= now - looked < _WRITES_EVERY_S:
            return
        self._writes_looked = now
        if self.jobs.folder is not None and self.watched.replay is None:
            self.run_guarded(self.see_writes, _READING_WRITES, group="jobs", again=True)

    async def see_writes(self) -> None:
        """Read on at once."""
        async with self._writes_turn:
            watch, folder = self.watched, self.jobs.folder
            if folder is None or watch.replay is not None:
                return
            told = self._writes
            if told is None or told.watch is not watch or told.folder != folder:
                told = self._writes = OwnWritesTold(watch, folder)
            await told.look()
