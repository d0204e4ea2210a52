"""What every main screen shares: the lines around its body, pulling data, typing, freezing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.css.query import NoMatches
from textual.events import Resize
from textual.widget import Widget

from elysiadash.config.moments import read_length
from elysiadash.tui.actions import is_writing
from elysiadash.tui.actions.binding import bindings
from elysiadash.tui.environment import colour_of
from elysiadash.tui.facts import Facts, gather
from elysiadash.tui.freshness import Freshness
from elysiadash.tui.numbers import span
from elysiadash.tui.screens.going import Going
from elysiadash.tui.screens.job_going import JobGoing
from elysiadash.tui.screens.replay_controls import ReplayControls
from elysiadash.tui.screens.typing import Typing
from elysiadash.tui.trail import Place, Route
from elysiadash.tui.widgets.header import Header
from elysiadash.tui.widgets.key_line import KeyLine
from elysiadash.tui.widgets.lines import Crumbs, FrozenBar, Piece, StaleBar, StatusLine
from elysiadash.tui.widgets.prompt import Prompt
from elysiadash.tui.widgets.summary import Summary
from elysiadash.tui.window import WINDOWS, next_window

_SECOND_PRESS_S = 2.0
_PULLING = "showing the data"


class LiveScreen(Going, JobGoing, Typing, ReplayControls):
    """A screen of live data. Subclasses give ``body`` and ``pull``, and where they are a place of
    their own ``crumb`` (their part of the way) and ``link`` (the command that leads there)."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("screen", "replay")]
    SCOPES: ClassVar[tuple[str, ...]] = ("app", "screen")
    """Whose commands can be typed here; ``scopes`` adds those of a replay."""

    def scopes(self) -> tuple[str, ...]:
        """Whose commands can be typed here now."""
        return (*self.SCOPES, "replay") if self.is_replay() else self.SCOPES

    def __init__(self) -> None:
        super().__init__()
        self.frozen_at: float | None = None
        """Wall-clock seconds since when rows and values are held; None while they move."""
        self.route: Route = ()
        """The commands that led here, as they were when this was last on the screen."""
        self._pulling = False
        self._pull_again = False
        self._framed = ""
        self._quit_pressed_at = float("-inf")

    def compose(self) -> ComposeResult:
        """The lines around the body."""
        yield Header()
        yield Summary()
        yield FrozenBar()
        yield StaleBar()
        yield Crumbs()
        yield from self.body()
        yield StatusLine()
        yield Prompt()
        yield KeyLine()

    def body(self) -> Iterable[Widget]:
        """The widgets in the middle."""
        return ()

    @property
    def writable(self) -> bool:
        """Whether what writes is there: by the cluster that is watched, or what a screen is of."""
        return self.dash.writable

    def crumb(self) -> str:
        """This screen's part of the way to it."""
        return ""

    def link(self) -> str:
        """The command that leads here; "" for a place that none leads to."""
        return ""

    def path(self) -> list[str]:
        """Where one is, from the first screen on."""
        below = [each for each in self.app.screen_stack if isinstance(each, LiveScreen)]
        if self not in below:
            return [self.crumb()]
        return [each.crumb() for each in below[: below.index(self) + 1]]

    def place(self) -> Place:
        """Where the reader is, and how they have this screen."""
        return Place(self.route)

    def return_to(self, place: Place) -> None:
        """Put the reader back where they were."""

    def point_at(self, thing: str) -> None:
        """Put the cursor on a part of what is shown, where there is one."""

    def notes(self) -> list[Piece]:
        """What the crumb line says at its right end."""
        return []

    def chips(self) -> list[Piece]:
        """Of the notes, those that say that not everything is shown."""
        return []

    async def pull(self) -> None:
        """Take from the watch what is shown; runs only while this screen is the visible one."""

    def facts_changed(self, fresh: Freshness) -> None:
        """Called each second and after each pull: repaint what depends on ages."""

    def worst(self) -> str:
        """The most pressing thing, for the small summary; "" when there is none."""
        return ""

    # Data

    def on_mount(self) -> None:
        """The header and the lines, with what is known before anything is asked."""
        self.tick()

    def on_resize(self, event: Resize) -> None:
        """A pane that became small or large has other lines, and edges or none."""
        self.call_after_refresh(self.tick)

    def on_screen_resume(self) -> None:
        """Visible again: whatever changed meanwhile is in the store."""
        self.arrive()
        self.wake()

    def arrive(self) -> None:
        """This place is on the screen: the trail has it from now on."""
        if self.link() and self.dash.live_screen is self:
            self.route = self.dash.route()
            self.dash.visit(self.route)

    def on_screen_suspend(self) -> None:
        """Another place comes on top: it is known where the reader was."""
        if self.route:
            self.dash.trail.leave(self.place())

    def wake(self) -> None:
        """Pull, or pull once more if a pull is under way."""
        if self._pulling:
            self._pull_again = True
            return
        self._pulling = True
        self.dash.run_guarded(self._pull, _PULLING, group="pull", of=self, again=True)

    async def _pull(self) -> None:
        try:
            while True:
                self._pull_again = False
                await self.dash.look_over()
                if not self.query(Header):
                    return
                await self._pull_whole()
                self.dash.fault_over(_PULLING)
                self.tick()
                if not self._pull_again:
                    return
        finally:
            self._pulling = False

    async def _pull_whole(self) -> None:
        try:
            await self.pull()
        except NoMatches:
            # The reader has left meanwhile, and the widgets have gone with them.
            if self.query(Header):
                raise

    def tick(self) -> None:
        """Bring everything that shows a time or an age up to date."""
        if not self.query(Header):
            return
        facts = self.facts()
        self._frame(colour_of(facts.colour, self.app.theme_variables, demo=facts.demo))
        self.dash.retitle(facts.title)
        self.query_one(Header).set_facts(facts)
        self.query_one(FrozenBar).tell(self.dash.frozen_words)
        self.query_one(StaleBar).tell(self.trouble(facts))
        self.facts_changed(facts.fresh)
        self.query_one(Summary).set_facts(facts, self._worst_of(facts))
        self.tell_crumbs()

    def trouble(self, facts: Facts) -> str | None:
        """Why what is shown is not as it should be, the most telling first."""
        return self.dash.fault or self.replay_problem() or facts.fresh.line()

    def _frame(self, colour: str) -> None:
        """Edges in the environment's colour; without colours they would say nothing."""
        small = self.has_class("-thin") or self.has_class("-low")
        wanted = "" if small or self.dash.appearance.colours == "none" else colour
        if self._framed != wanted:
            self._framed = wanted
            self.styles.border_left = ("outer", wanted) if wanted else None
            self.styles.border_right = ("outer", wanted) if wanted else None

    def facts(self) -> Facts:
        """What the header says now."""
        return gather(
            self.dash.watched,
            self.dash.rows,
            self.dash.freshness(),
            demo=self.dash.demo,
            findings=self.dash.findings,
            jobs=self.dash.jobs_here,
        )

    def tell_crumbs(self) -> None:
        """Bring the crumb line up to date."""
        held: list[Piece] = []
        if self.frozen_at is not None:
            age = span(self.dash.watched.store.clock() - self.frozen_at)
            held.append((f" ⏸ frozen {age} ", "bold reverse $health-warn"))
        self.query_one(Crumbs).tell(self.path(), self.notes() + held)
        self.query_one(Summary).set_place(self.path(), held + self.chips())

    def _worst_of(self, facts: Facts) -> str:
        if self.dash.frozen_words is not None:
            return self.dash.frozen_words
        stale = self.trouble(facts)
        if stale:
            return stale
        return ", ".join(facts.missing) or self.worst()

    # Actions

    def action_help(self) -> None:
        """Show the keys of this screen."""
        from elysiadash.tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.title_words(), self.help_notes()))

    def title_words(self) -> str:
        """This screen's name for the help."""
        return self.path()[-1]

    def help_notes(self) -> list[tuple[str, str]]:
        """(what, words) to be said on the help screen besides the keys."""
        return []

    def action_back(self) -> None:
        """Back to the screen below; on the first one a second press leaves the app."""
        if self._leave():
            return
        now = self.dash.monotonic()
        if now - self._quit_pressed_at <= _SECOND_PRESS_S:
            self.app.exit()
            return
        self._quit_pressed_at = now
        self.status.flash("press q again to leave", _SECOND_PRESS_S)

    def action_clear(self) -> None:
        """Escape: what a screen can clear, it clears; else back, but never out of the app."""
        self._leave()

    def _leave(self) -> bool:
        """Go back to the screen below; False where there is none."""
        # A second key can come before the first has taken us from the screen.
        if not self.is_active:
            return True
        if len(self.app.screen_stack) <= 1:
            return False
        self.dismiss(None)
        return True

    def action_refresh_now(self) -> None:
        """Ask everything at once."""
        if self.says_nobody():
            return
        self.dash.watched.refresh_now()
        self.status.flash("asking the cluster now", 2.0)

    def action_freeze(self) -> None:
        """Hold still, or go on."""
        self.frozen_at = None if self.frozen_at is not None else self.dash.watched.store.clock()
        self.hold(self.frozen_at is not None)
        self.tell_crumbs()
        if self.frozen_at is None:
            self.wake()

    def hold(self, held: bool) -> None:
        """Stop or let go what moves on this screen."""

    def action_window(self) -> None:
        """The next longer time window; after the longest, the shortest."""
        self.dash.use_window(next_window(self.dash.window))

    def take_window(self, text: str) -> str | None:
        """A time window by its name or length."""
        seconds = WINDOWS.get(text) or read_length(text)
        if seconds is None or not 60 <= seconds <= max(WINDOWS.values()):
            return f"{text!r} is no time window; such as 10m, 1h, 24h, 7d"
        self.dash.use_window(seconds)
        return None

    def window_changed(self) -> None:
        """The charts look further back now, or less far."""

    def action_pace(self, step: int) -> None:
        """Ask more often or less often."""
        if not self.says_nobody():
            self.status.flash(self.dash.change_pace(step), 3.0)

    def action_record(self) -> None:
        """Who records."""
        from elysiadash.tui.screens.recording_sheet import RecordingSheet

        self.app.push_screen(RecordingSheet(self.dash.watched))

    def offer_window(self) -> Iterable[str]:
        """The usual windows."""
        return WINDOWS

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a line is being typed, letters are letters; while read-only, nothing writes."""
        if (is_writing(action) and not self.writable) or not self.fits_replay(action):
            return False
        if action == "thaw" and not self.dash.frozen_jobs:
            return False
        return not any(prompt.display for prompt in self.query(Prompt))
