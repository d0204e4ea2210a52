"""The full-screen app: one watch, kept fresh by one worker, shown by the screens."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import SystemCommand
from textual.binding import BindingType
from textual.events import Event, Key, Resize
from textual.filter import LineFilter
from textual.geometry import Size
from textual.screen import Screen
from textual.widgets import Input

from elysiadash.config.redaction import redact
from elysiadash.tui.actions.binding import bindings, no_key
from elysiadash.tui.appearance import Appearance
from elysiadash.tui.bridge import DataChanged
from elysiadash.tui.clusters import Clusters, FirstRun
from elysiadash.tui.course import Course
from elysiadash.tui.first_run import offer_first_run
from elysiadash.tui.freshness import Freshness, look
from elysiadash.tui.frozen import JobWatch
from elysiadash.tui.kept import Kept
from elysiadash.tui.keymap import Keymap
from elysiadash.tui.modes import MODES
from elysiadash.tui.output import LineFilters, driver_for
from elysiadash.tui.palette import Palette, entries
from elysiadash.tui.plain import plain
from elysiadash.tui.row_health import Assessment, assess
from elysiadash.tui.screens.live import LiveScreen
from elysiadash.tui.source import Watched
from elysiadash.tui.terminal import Terminal, has_shell
from elysiadash.tui.theme_choice import ThemeChoice
from elysiadash.tui.themes import VARIABLES, load_themes, shipped_themes
from elysiadash.tui.typed_ahead import TypedAhead
from elysiadash.tui.widgets.prompt import COMMAND, Prompt
from elysiadash.tui.window import WINDOWS, window_name

if TYPE_CHECKING:
    from elysiadash.health.finding import Finding
    from elysiadash.tui.jobs_source import JobRooms

log = logging.getLogger(__name__)

_DRAWING = "drawing"
_SECOND_PRESS_S = 2.0
_TICK_S = 1.0
_TOLD_S = 10.0
_SCREEN_MAY_TAKE_S, _SCREEN_LOOK_S = 1.0, 0.002
_THREADS = 64


class ElysiadashApp(JobWatch, inherit_bindings=False):
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
        job_rooms: JobRooms | None = None,
    ) -> None:
        self.appearance = Appearance() if appearance is None else appearance
        super().__init__(
            watch,
            clusters=clusters,
            demo=demo,
            driver_class=driver_for(self.appearance),
            job_rooms=job_rooms,
        )
        self.no_color = self.appearance.colours == "none"
        self.monotonic = clock
        self.course = Course(clock)
        """The time in which what is shown changes."""
        self.window = next(iter(WINDOWS.values()))
        """Seconds that charts look back."""
        self.kept = kept or Kept()
        self.keymap = keymap or Keymap()
        self._typed_ahead = TypedAhead(self)
        self.first_run = first_run
        self._lines = LineFilters(self.appearance)
        self._terminal = terminal
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
            offering = partial(offer_first_run, self, self.first_run)
            self.run_guarded(offering, "looking for a cluster", group="first run")
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

    async def on_unmount(self) -> None:
        """Nothing of ours goes on."""
        if self._bridge is not None:
            self._bridge.stop()
        await self._leave_watch(self.watched, self._watching)
        await asyncio.to_thread(self.job_rooms.close)

    def exit(self, result: None = None, return_code: int = 0, message: object = None) -> None:
        """Leave; a process that still lives three seconds later is ended."""
        if self._terminal is not None:
            self._terminal.arm(return_code)
        super().exit(result, return_code)

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
        self._mind_the_size()
        self.look_for_frozen(self.monotonic())
        self.look_for_writes(self.monotonic())
        screen = self.live_screen
        if screen is None:
            return
        try:
            screen.tick()
        except Exception as error:  # noqa: BLE001 - a timer's error would end the app
            if _DRAWING not in self._faults:
                self.fault_for_a_while(_DRAWING, error)

    def _mind_the_size(self) -> None:
        """The last of many changes of size can get lost: then screens are of another size."""
        found = self._terminal.size() if self._terminal is not None else None
        if found is not None and self.screen_stack and self.screen.outer_size != found:
            self.screen.post_message(Resize(Size(*found), Size(*found)))
            self.post_message(Resize(Size(*found), Size(*found)))

    @property
    def writable(self) -> bool:
        """Whether what writes is there at all: the profile allows it, and this is no replay."""
        return self.watched.profile.write and self.watched.replay is None

    def _fatal_error(self) -> None:
        # Textual's own fills the screen, and prints local variables: those can hold keys.
        from rich.text import Text

        error = sys.exc_info()[1]
        log.critical("the app ended by a fault of its own", exc_info=error)
        words = f"{type(error).__name__}: {plain(redact(str(error)))[:200]}"
        self.panic(
            Text(f"elysiadash: our own fault: {words}"),
            Text("  where it happened is in the log; elysiadash diag packs it for a bug report"),
        )

    # Reading

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
            if not event.is_forwarded and self._typed_ahead.holds(event):
                return
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

    async def action_theme(self) -> None:
        """The next of our themes."""
        await self.take_theme(self.theme_choice.after(self.theme))

    async def take_theme(self, name: str) -> str | None:
        """Use another theme; returns what is wrong with the name."""
        fault = self.theme_choice.use(self, name)
        if fault is not None:
            return fault
        not_kept = await asyncio.to_thread(self.kept.keep_theme, name)
        screen = self.live_screen
        if screen is not None:
            words = f"theme: {name}"
            if not_kept is not None:
                screen.status.flash(f"{words}, {not_kept}", _TOLD_S)
            else:
                screen.status.flash(words, 2.0)
        return None

    def offer_theme(self) -> Iterable[str]:
        """Our themes and the user's."""
        return self.theme_choice.names

    def on_prompt_changed(self, event: Prompt.Changed) -> None:
        """A theme is shown while its name is being typed."""
        if event.mark == COMMAND:
            self.theme_choice.preview(self, event.text)

    def action_command_palette(self) -> None:
        """Open the palette, once."""
        if not any(isinstance(screen, Palette) for screen in self.screen_stack):
            self.push_screen(Palette())

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette: what the registry has for this screen."""
        return entries(screen, self)
