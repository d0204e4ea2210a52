"""The full-screen app: one watch, kept fresh by one worker, shown by the screens."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.events import Event, Key
from textual.filter import LineFilter
from textual.screen import Screen
from textual.widgets import Input
from textual.worker import Worker, WorkerCancelled, WorkerFailed, WorkerState

from elysiadash.cluster.stats import CollectionStats
from elysiadash.tui.actions.binding import bindings, no_key
from elysiadash.tui.appearance import Appearance
from elysiadash.tui.bridge import Bridge, DataChanged
from elysiadash.tui.clusters import Clusters, FirstRun
from elysiadash.tui.course import Course
from elysiadash.tui.finding_ages import FindingAges
from elysiadash.tui.first_run import offer_first_run
from elysiadash.tui.freshness import Freshness, look
from elysiadash.tui.kept import Kept
from elysiadash.tui.keymap import Keymap
from elysiadash.tui.modes import MODES, PLACES
from elysiadash.tui.output import LineFilters, driver_for
from elysiadash.tui.palette import entries
from elysiadash.tui.plain import plain
from elysiadash.tui.row_health import Assessment, assess
from elysiadash.tui.screens.live import LiveScreen
from elysiadash.tui.source import Watched
from elysiadash.tui.terminal import Terminal, has_shell
from elysiadash.tui.theme_choice import ThemeChoice
from elysiadash.tui.themes import VARIABLES, load_themes, shipped_themes
from elysiadash.tui.trail import Place, Route, Trail
from elysiadash.tui.widgets.prompt import COMMAND, Prompt
from elysiadash.tui.window import WINDOWS, window_name

if TYPE_CHECKING:
    from elysiadash.health.finding import Finding

log = logging.getLogger(__name__)

_WATCH = "watch"
_DRAWING = "drawing"
_FAREWELL = "farewell"
_RESTART_AFTER_S = 5.0
_SECOND_PRESS_S = 2.0
_TICK_S = 1.0
_FAREWELL_S = 2.0
_TOLD_S = 10.0
_SCREEN_MAY_TAKE_S, _SCREEN_LOOK_S = 1.0, 0.002
_THREADS = 64


class ElysiadashApp(App[None], inherit_bindings=False):
    """Shows a watched cluster.

    ``watch`` is anything that knows a cluster; ``clock`` is monotonic seconds, as the event
    loop counts them. ``terminal`` is the one to leave in order, None in tests.
    """

    TITLE = "elysiadash"
    CSS_PATH = Path(__file__).parent / "styles" / "app.tcss"
    MODES = {f"{name}#0": screen for name, screen in MODES.items()}  # noqa: RUF012 - as Textual's
    DEFAULT_MODE = "stats#0"
    # Ours is in the registry, with an id for the keymap.
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("app")]
    # Below 60 x 15 the screens show a summary instead of their lines.
    HORIZONTAL_BREAKPOINTS = [(0, "-thin"), (60, "-narrow"), (160, "-broad")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-low"), (15, "-tall")]  # noqa: RUF012

    def __init__(
        self,
        watch: Watched,
        *,
        clock: Callable[[], float] = time.monotonic,
        demo: bool = False,
        terminal: Terminal | None = None,
        theme_folders: Iterable[Path] | None = None,
        theme: str | None = None,
        appearance: Appearance | None = None,
        clusters: Clusters | None = None,
        kept: Kept | None = None,
        keymap: Keymap | None = None,
        first_run: FirstRun | None = None,
    ) -> None:
        self.appearance = Appearance() if appearance is None else appearance
        super().__init__(driver_class=driver_for(self.appearance))
        self.no_color = self.appearance.colours == "none"
        self.watched = watch
        self.monotonic = clock
        self.course = Course(clock)
        """The time in which what is shown changes."""
        self.demo = demo
        self.rows: tuple[CollectionStats, ...] = ()
        """The rows that were shown last; the header sums them up."""
        self.assessment = Assessment()
        """What the checks found last."""
        self.finding_ages = FindingAges()
        self.watching_since = 0.0
        """Wall-clock seconds since when this session looks at this cluster."""
        self.window = next(iter(WINDOWS.values()))
        """Seconds that charts look back."""
        self.kept = kept or Kept()
        self.keymap = keymap or Keymap()
        self.trail = Trail()
        self._travelling = False
        self.clusters = clusters or Clusters(
            {watch.profile.name: watch.profile}, lambda profile: watch
        )
        self.first_run = first_run
        self._switching = asyncio.Lock()
        self._generation = 0
        self._watching: Worker[None] | None = None
        self._lines = LineFilters(self.appearance)
        self._terminal = terminal
        self._bridge: Bridge | None = None
        self._faults: dict[str, str] = {}
        self._interrupted_at = float("-inf")
        self._title_shown = ""
        folders = [shipped_themes()] if theme_folders is None else theme_folders
        wanted = (theme, self.kept.choices.theme)
        self.theme_choice = ThemeChoice(load_themes(folders), wanted)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What every line passes on its way to a terminal with few colours."""
        return self._lines.filters(self.theme_variables, super().get_line_filters())

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our own style variables, for themes that do not give them."""
        return VARIABLES

    # Life

    def on_load(self) -> None:
        """The theme is there before the first paint, which would else come twice."""
        self.theme_choice.begin(self)

    def on_mount(self) -> None:
        """Show what is remembered; ask the cluster only after the first paint."""
        self.use_command_palette = True
        # Names that no server resolves and commands that give no key each hold a thread for
        # seconds: those of one cluster must not keep the others' answers waiting.
        threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="elysiadash")
        asyncio.get_running_loop().set_default_executor(threads)
        changes = self.keymap.changes.items()
        self.set_keymap({name: ",".join(keys) or no_key(name) for name, keys in changes})
        if self._terminal is not None:
            self._terminal.on_leave(self._leaver())
            self._terminal.let_go_with(self.suspend)
        self.call_after_refresh(self._begin)

    def _leaver(self) -> Callable[[int], None]:
        loop = asyncio.get_running_loop()

        def leave(code: int) -> None:
            # Late signals find the loop closed: then we are already gone.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self.exit, None, code)

        return leave

    def _begin(self) -> None:
        self._watch_now()
        self.set_interval(_TICK_S, self._tick)
        self._tell_of_settings()
        if self.first_run is not None:
            self.run_worker(offer_first_run(self, self.first_run), group="first run")
        # The first screen read its keys before the keymap was there.
        self.refresh_bindings()
        if self._terminal is not None:
            # What start-up made lives for ever: the collector need not look at it again.
            gc.collect()
            gc.freeze()
            gc.enable()

    def _tell_of_settings(self) -> None:
        """What of the user's themes and keys cannot be used, once."""
        faults = self.theme_choice.news()
        faults += [f"key left out: {mistake}" for mistake in self.keymap.mistakes]
        for fault in faults:
            log.warning("%s", fault)
        screen = self.live_screen
        if faults and screen is not None:
            more = f" (and {len(faults) - 1} more, in the log)" if len(faults) > 1 else ""
            screen.status.flash(faults[0] + more, _TOLD_S)

    def _watch_now(self) -> None:
        replay = self.watched.replay
        self.watching_since = replay.start if replay else self.watched.store.clock()
        self._bridge = Bridge(self.watched, self.post_message)
        self._run_watch()

    def _run_watch(self) -> None:
        self._faults.pop(_WATCH, None)
        self._watching = self.run_worker(
            self.watched.run(), name=_WATCH, group=_WATCH, exit_on_error=False
        )

    async def on_unmount(self) -> None:
        """Nothing of ours goes on."""
        if self._bridge is not None:
            self._bridge.stop()
        await self._leave_watch(self.watched, self._watching)

    def exit(self, result: None = None, return_code: int = 0, message: object = None) -> None:
        """Leave; a process that still lives three seconds later is ended."""
        if self._terminal is not None:
            self._terminal.arm(return_code)
        super().exit(result, return_code)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """The watch must not end before the app: say why it did, and start it again."""
        if event.worker.group != _WATCH or event.worker is not self._watching:
            return
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            self.report_fault(_WATCH, event.worker.error)
            self.set_timer(_RESTART_AFTER_S, partial(self._restart, event.worker))
        elif event.state is WorkerState.SUCCESS:
            self.set_timer(_RESTART_AFTER_S, partial(self._restart, event.worker))

    def _restart(self, ended: Worker[None]) -> None:
        """Run the watch again, unless another cluster is watched by now."""
        if self._watching is ended:
            self._run_watch()

    # Data

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the checks found last, the worst first."""
        return self.assessment.findings

    async def look_over(self) -> Assessment:
        """The rows and the findings of now, for the header and for every screen."""
        watch = self.watched
        self.course.look(watch)
        leaps = self.course.leaps
        rows = await watch.rows()
        found = await assess(watch, rows)
        if watch is self.watched:
            self.rows, self.assessment = rows, found
            self.finding_ages.look(found.findings, watch.store.clock(), leaps)
        return found

    def retitle(self, words: str) -> None:
        """Give the terminal this title, where it has another one."""
        shown = plain(self.appearance.shown(words))
        if self._terminal is not None and shown != self._title_shown:
            self._title_shown = shown
            self._terminal.retitle(shown)

    def on_data_changed(self, event: DataChanged) -> None:
        """The visible screen pulls, also under a sheet; a hidden one looks when it comes back."""
        screen = self.live_screen
        if screen is None or self._bridge is None:
            return
        if self._bridge.take():
            screen.wake()
        else:
            self._tick()

    def freshness(self) -> Freshness:
        """How fresh the data is right now."""
        return look(self.watched, self.monotonic())

    def _tick(self) -> None:
        screen = self.live_screen
        if screen is None:
            return
        try:
            screen.tick()
        except Exception as error:  # noqa: BLE001 - a timer's error would end the app
            if _DRAWING not in self._faults:
                self.report_fault(_DRAWING, error)

    @property
    def writable(self) -> bool:
        """Whether what writes is there at all: the profile allows it, and this is no replay."""
        return self.watched.profile.write and self.watched.replay is None

    @property
    def fault(self) -> str | None:
        """A fault of our own that is not over, in words."""
        return next(iter(self._faults.values()), None)

    def report_fault(self, doing: str, error: BaseException) -> None:
        """Log a fault of ours and show it above the data."""
        log.error("fault while %s", doing, exc_info=error)
        first = _innermost(error)
        words = plain(str(first))[:200]
        self._faults[doing] = f"our own fault ({doing}): {type(first).__name__}: {words}"
        self.call_later(self._tick)

    def fault_over(self, doing: str) -> None:
        """What failed has worked again."""
        self._faults.pop(doing, None)

    def _fatal_error(self) -> None:
        # Textual's own prints local variables, and those can hold keys.
        from rich.traceback import Traceback

        self.panic(Traceback(show_locals=False, width=None))

    # Places

    @property
    def live_screen(self) -> LiveScreen | None:
        """The main screen that is shown, or lies under a sheet."""
        stack = reversed(self.screen_stack)
        return next((screen for screen in stack if isinstance(screen, LiveScreen)), None)

    async def show_mode(self, mode: str) -> str | None:
        """Go to one of the main screens as it was left; if it is shown already, to its root."""
        if not await self._use_mode(mode):
            self._keep_screens(1)
        return None

    async def _use_mode(self, mode: str) -> bool:
        """Show a main screen and what lies on it; False where it is shown already."""
        name = f"{mode}#{self._generation}"
        if self.current_mode == name:
            return False
        await self.switch_mode(name)
        return True

    def _keep_screens(self, many: int) -> None:
        """Take away the screens above the lowest ``many``."""
        # Not awaited: the one that asks for it may be among them.
        while len(self.screen_stack) > many:
            self.pop_screen()

    async def go(self, link: str) -> str | None:
        """Go where a command leads; returns what is wrong with the command."""
        name, _, argument = link.partition(" ")
        if name in MODES:
            await self.show_mode(name)
        elif name in PLACES:
            await self._push_or_return(link, PLACES[name], argument.strip())
        else:
            return f"no place {name!r}"
        return None

    def route(self) -> Route:
        """The commands that lead to what is on the screen."""
        live = (each for each in self.screen_stack if isinstance(each, LiveScreen))
        return tuple(link for screen in live if (link := screen.link()))

    def visit(self, route: Route) -> None:
        """A place is on the screen; those on the way along the trail are not visited."""
        if not self._travelling:
            self.trail.visit(route)

    async def travel(self, place: Place) -> None:
        """Go to a place of the trail: over the same screens, each as it was left."""
        self._travelling = True
        try:
            await self._use_mode(place.route[0])
            for many in range(self._kept_of(place.route), len(place.route)):
                name, _, argument = place.route[many].partition(" ")
                await self.push_screen(PLACES[name](argument))
                self._return_to(self.trail.place(place.route[: many + 1]))
            self._return_to(place)
        finally:
            self._travelling = False

    def _kept_of(self, route: Route) -> int:
        """Take away the screens that are not on the way; returns how many of it are left."""
        kept = 1
        for screen, link in zip(self.screen_stack[1:], route[1:], strict=False):
            if not isinstance(screen, LiveScreen) or screen.link() != link:
                break
            kept += 1
        self._keep_screens(kept)
        return kept

    def _return_to(self, place: Place) -> None:
        screen = self.live_screen
        if screen is not None:
            screen.return_to(place)

    async def _push_or_return(
        self, link: str, make: Callable[[str], LiveScreen], argument: str
    ) -> None:
        links = [each.link() if isinstance(each, LiveScreen) else "" for each in self.screen_stack]
        if link not in links:
            await self.push_screen(make(argument))
            return
        self._keep_screens(links.index(link) + 1)

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
        leaving = self._leave_watch(before, old)
        self.run_worker(leaving, name=_FAREWELL, group=_FAREWELL, exit_on_error=False)

    async def _leave_watch(self, watch: Watched, running: Worker[None] | None) -> None:
        """Let a watch keep its state, then close its connections; bounded, whatever hangs."""
        if running is not None:
            running.cancel()
            with suppress(WorkerCancelled, WorkerFailed, TimeoutError):
                async with asyncio.timeout(_FAREWELL_S):
                    await running.wait()
        await watch.aclose()

    async def _renew_modes(self) -> None:
        """Screens of another cluster are other screens."""
        before, self._generation = self._generation, self._generation + 1
        for name, screen in MODES.items():
            self.add_mode(f"{name}#{self._generation}", screen)
        await self.switch_mode(f"stats#{self._generation}")
        # Not awaited: the screen whose command this is would wait for its own end.
        self.run_worker(self._forget_modes(before), name=_FAREWELL, group=_FAREWELL)

    async def _forget_modes(self, generation: int) -> None:
        for name in MODES:
            await self.remove_mode(f"{name}#{generation}")

    def use_window(self, seconds: float) -> None:
        """Let the charts look so far back."""
        self.window = seconds
        for screen in self.screen_stack:
            if isinstance(screen, LiveScreen):
                screen.window_changed()
        if (screen_now := self.live_screen) is not None:
            screen_now.status.flash(f"time window: {window_name(seconds)}", 2.0)
            screen_now.tell_crumbs()

    def change_pace(self, step: int) -> str:
        """Ask more often (-1) or less often (1); returns in words how often now."""
        seconds = self.watched.change_pace(step)
        return f"asking every {seconds:g} s"

    # Keys

    async def on_event(self, event: Event) -> None:
        """Run a screen's key before the next one is looked at.

        Sent through the focused list first, keys that come in one burst would all be the
        list's, also those after one that opens the line for typing.
        """
        if isinstance(event, Key):
            await self._screen_is_there()
        if isinstance(event, Key) and not event.is_forwarded and self._keys_are_actions():
            self.app_focus = True
            if await self._check_bindings(event.key, priority=True):
                return
            if await self._check_bindings(event.key):
                return
        await super().on_event(event)

    async def _screen_is_there(self) -> None:
        """A key that follows at once on the one that opened a screen waits for its widgets."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_SCREEN_MAY_TAKE_S):
                # Textual has no public event to wait for instead.
                while self.screen_stack and not self.screen_stack[-1].is_mounted:  # noqa: ASYNC110
                    await asyncio.sleep(_SCREEN_LOOK_S)

    def _keys_are_actions(self) -> bool:
        on_top = self.screen_stack[-1] if self.screen_stack else None
        return on_top is not None and not isinstance(on_top.focused, Input)

    # Actions

    def action_interrupt(self) -> None:
        """Ctrl+C: the second one leaves."""
        now = self.monotonic()
        if now - self._interrupted_at <= _SECOND_PRESS_S:
            self.exit()
            return
        self._interrupted_at = now
        screen = self.screen
        if isinstance(screen, LiveScreen):
            screen.status.flash("press ctrl+c again to leave", _SECOND_PRESS_S)

    def action_leave(self) -> None:
        """Leave at once."""
        self.exit()

    def action_suspend(self) -> None:
        """Stop, as ctrl+z stops a program in a shell."""
        if self._terminal is not None and has_shell():
            self._terminal.stop()
        elif (screen := self.live_screen) is not None:
            screen.status.flash("there is no shell to go back to", 2.0)

    def action_theme(self) -> None:
        """The next of our themes."""
        self.take_theme(self.theme_choice.after(self.theme))

    def take_theme(self, name: str) -> str | None:
        """Use another theme; returns what is wrong with the name."""
        fault = self.theme_choice.use(self, name)
        if fault is None:
            self.kept.keep_theme(name)
            screen = self.live_screen
            if screen is not None:
                screen.status.flash(f"theme: {name}", 2.0)
        return fault

    def offer_theme(self) -> Iterable[str]:
        """Our themes and the user's."""
        return self.theme_choice.names

    def on_prompt_changed(self, event: Prompt.Changed) -> None:
        """A theme is shown while its name is being typed."""
        if event.mark == COMMAND:
            self.theme_choice.preview(self, event.text)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette: what the registry has for this screen."""
        return entries(screen, self)


def _innermost(error: BaseException) -> BaseException:
    """The first real error inside groups and wrappers."""
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    return error
