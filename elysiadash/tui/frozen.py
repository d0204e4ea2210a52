"""The jobs as the app knows them everywhere: where they are read, and what was left frozen."""

from __future__ import annotations

from typing import Any

from elysiadash.tui import numbers
from elysiadash.tui.jobs_seen import LeftFrozen
from elysiadash.tui.jobs_source import JobRooms, Jobs
from elysiadash.tui.switching import Switching

_LOOK_EVERY_S = 5.0
_LOOKING = "looking for frozen collections"


class JobWatch(Switching):
    """The part of the app that has the jobs, and looks whether one left a collection frozen."""

    def __init__(self, *args: Any, job_rooms: JobRooms | None = None, **given: Any) -> None:
        super().__init__(*args, **given)
        self.job_rooms = job_rooms or JobRooms(None)
        self.frozen_jobs: tuple[LeftFrozen, ...] = ()
        """Freezes that are still to be put back, of all jobs."""
        self._frozen_looked: float | None = None

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
        """What was seen: say it, or that it is over."""
        if found != self.frozen_jobs:
            self.frozen_jobs = found
            self._tick()
            if self.screen_stack:
                # The key that thaws is there now, or is not any more.
                self.screen.refresh_bindings()
