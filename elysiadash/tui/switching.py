"""The cluster that is watched, and going to another one without leaving the app."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from functools import partial
from typing import Any

from textual.worker import Worker, WorkerCancelled, WorkerFailed, WorkerState

from elysiadash.cluster.stats import CollectionStats
from elysiadash.tui.bridge import Bridge
from elysiadash.tui.clusters import Clusters
from elysiadash.tui.finding_ages import FindingAges
from elysiadash.tui.modes import MODES
from elysiadash.tui.places import Places
from elysiadash.tui.row_health import Assessment
from elysiadash.tui.source import Watched
from elysiadash.tui.trail import Trail

log = logging.getLogger(__name__)

_WATCH = "watch"
_WATCHING = "watching the cluster"
_RESTART_AFTER_S = 5.0
_FAREWELL = "farewell"
_FAREWELL_S, _CLOSING_S = 2.0, 2.0


class Switching(Places):
    """The part of the app that runs the watch, and puts another one in its place."""

    def __init__(
        self, watch: Watched, *, clusters: Clusters | None, demo: bool, **given: Any
    ) -> None:
        super().__init__(**given)
        self.watched = watch
        self.demo = demo
        self.clusters = clusters or Clusters(
            {watch.profile.name: watch.profile}, lambda profile: watch
        )
        self.rows: tuple[CollectionStats, ...] = ()
        """The rows that were shown last; the header sums them up."""
        self.assessment = Assessment()
        """What the checks found last."""
        self.finding_ages = FindingAges()
        self.watching_since = 0.0
        """Wall-clock seconds since when this session looks at this cluster."""
        self._switching = asyncio.Lock()
        self._watching: Worker[None] | None = None
        self._bridge: Bridge | None = None

    def retitle(self, words: str) -> None:
        """Give the terminal this title."""
        raise NotImplementedError

    def _watch_now(self) -> None:
        replay = self.watched.replay
        self.watching_since = replay.start if replay else self.watched.store.clock()
        self._bridge = Bridge(self.watched, self.post_message)
        self._run_watch()

    def _run_watch(self) -> None:
        self.fault_over(_WATCHING)
        self._watching = self.run_guarded(self.watched.run, _WATCHING, group=_WATCH, again=True)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """The watch must not end before the app: start it again."""
        if event.worker is self._watching and event.state is WorkerState.SUCCESS:
            self.set_timer(_RESTART_AFTER_S, partial(self._restart, event.worker))

    def _restart(self, ended: Worker[None]) -> None:
        """Run the watch again, unless another cluster is watched by now."""
        if self._watching is ended:
            self._run_watch()

    @property
    def cluster_names(self) -> tuple[str, ...]:
        """The profiles one can go to."""
        return tuple(self.clusters.profiles)

    async def use_cluster(self, name: str) -> str | None:
        """Watch another cluster instead; returns why not. Works while nothing answers."""
        async with self._switching:
            if name == self.watched.profile.name:
                await self.show_mode("stats")
                return None
            profile = self.clusters.profile(name)
            if isinstance(profile, str):
                return profile
            # What an earlier run has kept is read from disk.
            watch = await asyncio.to_thread(self.clusters.open, profile)
            await self._watch_instead(watch)
        return None

    async def _watch_instead(self, watch: Watched) -> None:
        """Show and run another watch; the one before ends in the background."""
        before, self.watched = self.watched, watch
        self.demo = watch.profile.name in self.clusters.simulated
        if self._bridge is not None:
            self._bridge.stop()
        # What they are about to show is of the cluster before.
        for worker in [found for found in self.workers if found.group == "pull"]:
            worker.cancel()
        self.rows, self.trail = (), Trail()
        self.assessment, self.finding_ages = Assessment(), FindingAges()
        self._faults.clear()
        old, self._watching = self._watching, None
        await self._renew_modes()
        self.retitle(f"elysiadash · {watch.profile.name}")
        self._watch_now()
        leaving = partial(self._leave_watch, before, old)
        self.run_guarded(leaving, f"leaving {before.profile.name}", group=_FAREWELL)

    async def _leave_watch(self, watch: Watched, running: Worker[None] | None) -> None:
        """Let a watch keep its state, then close its connections; bounded, whatever hangs."""
        if running is not None:
            running.cancel()
            with suppress(WorkerCancelled, WorkerFailed, TimeoutError):
                async with asyncio.timeout(_FAREWELL_S):
                    await running.wait()
        try:
            async with asyncio.timeout(_CLOSING_S):
                await watch.aclose()
        except TimeoutError:
            log.warning("connections to %s did not close in time", watch.profile.name)

    async def _renew_modes(self) -> None:
        """Screens of another cluster are other screens."""
        before, self._generation = self._generation, self._generation + 1
        for name, screen in MODES.items():
            self.add_mode(f"{name}#{self._generation}", screen)
        await self.switch_mode(f"stats#{self._generation}")
        # Not awaited: the screen whose command this is would wait for its own end.
        forgetting = partial(self._forget_modes, before)
        self.run_guarded(forgetting, "closing the screens of a cluster", group=_FAREWELL)

    async def _forget_modes(self, generation: int) -> None:
        for name in MODES:
            await self.remove_mode(f"{name}#{generation}")
