"""What every main screen shares: the lines around its body, pulling data, typing, freezing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen
from textual.widget import Widget
from textual.worker import Worker, WorkerState

from elysiadash.tui.actions import Action, bindings, commands
from elysiadash.tui.facts import Facts, gather
from elysiadash.tui.freshness import Freshness
from elysiadash.tui.numbers import span
from elysiadash.tui.widgets.header import Header
from elysiadash.tui.widgets.key_line import KeyLine
from elysiadash.tui.widgets.lines import Crumbs, Piece, StaleBar, StatusLine
from elysiadash.tui.widgets.prompt import COMMAND, Prompt
from elysiadash.tui.widgets.summary import Summary

if TYPE_CHECKING:
    from elysiadash.tui.app import ElysiadashApp

_SECOND_PRESS_S = 2.0
_PULLING = "showing the data"


class LiveScreen(Screen[None]):
    """A screen of live data. Subclasses give ``body``, ``pull`` and ``path``."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("screen")]
    SCOPES: ClassVar[tuple[str, ...]] = ("app", "screen")
    """Whose commands can be typed here."""

    def __init__(self) -> None:
        super().__init__()
        self.frozen_at: float | None = None
        """Wall-clock seconds since when rows and values are held; None while they move."""
        self._pulling = False
        self._pull_again = False
        self._quit_pressed_at = float("-inf")

    def compose(self) -> ComposeResult:
        """The lines around the body."""
        yield Header()
        yield Summary()
        yield StaleBar()
        yield Crumbs()
        yield from self.body()
        yield StatusLine()
        yield Prompt()
        yield KeyLine()

    def body(self) -> Iterable[Widget]:
        """The widgets in the middle."""
        return ()

    def path(self) -> list[str]:
        """Where one is, from the first screen on."""
        return [self.dash.watched.profile.name]

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

    @property
    def dash(self) -> ElysiadashApp:
        """The app, as ours."""
        return cast("ElysiadashApp", self.app)

    @property
    def status(self) -> StatusLine:
        """The status line."""
        return self.query_one(StatusLine)

    # Data

    def on_mount(self) -> None:
        """The header and the lines, with what is known before anything is asked."""
        self.tick()

    def on_screen_resume(self) -> None:
        """Visible again: whatever changed meanwhile is in the store."""
        self.wake()

    def wake(self) -> None:
        """Pull, or pull once more if a pull is under way."""
        if self._pulling:
            self._pull_again = True
            return
        self._pulling = True
        self.run_worker(self._pull(), name="pull", group="pull", exit_on_error=False)

    async def _pull(self) -> None:
        try:
            while True:
                self._pull_again = False
                await self.pull()
                self.dash.fault_over(_PULLING)
                self.tick()
                if not self._pull_again:
                    return
        finally:
            self._pulling = False

    def tick(self) -> None:
        """Bring everything that shows a time or an age up to date."""
        if not self.is_mounted or not self.query(Header):
            return
        facts = self.facts()
        self.query_one(Header).set_facts(facts)
        self.query_one(StaleBar).tell(self.dash.fault or facts.fresh.line())
        self.facts_changed(facts.fresh)
        self.query_one(Summary).set_facts(facts, self._worst_of(facts))
        self.tell_crumbs()

    def facts(self) -> Facts:
        """What the header says now."""
        return gather(self.dash.watched, self.dash.rows, self.dash.freshness(), demo=self.dash.demo)

    def tell_crumbs(self) -> None:
        """Bring the crumb line up to date."""
        held: list[Piece] = []
        if self.frozen_at is not None:
            age = span(self.dash.watched.store.clock() - self.frozen_at)
            held.append((f" ⏸ frozen {age} ", "bold reverse $health-warn"))
        self.query_one(Crumbs).tell(self.path(), self.notes() + held)
        self.query_one(Summary).set_place(self.path(), held + self.chips())

    def _worst_of(self, facts: Facts) -> str:
        stale = self.dash.fault or facts.fresh.line()
        if stale:
            return stale
        return ", ".join(facts.missing) or self.worst()

    @on(Worker.StateChanged)
    def _on_pull_state(self, event: Worker.StateChanged) -> None:
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            self.dash.report_fault(_PULLING, event.worker.error)

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

    async def action_show_mode(self, mode: str) -> None:
        """Go to one of the main screens."""
        await self.app.switch_mode(mode)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a line is being typed, letters are letters."""
        return not any(prompt.display for prompt in self.query(Prompt))

    # Typing

    def action_command(self) -> None:
        """Open the command line."""
        self.open_prompt(COMMAND, choices=sorted(commands(*self.SCOPES)))

    def open_prompt(self, mark: str, text: str = "", choices: Iterable[str] = ()) -> None:
        """Open the line for typing."""
        self.query_one(Prompt).ask(mark, text, choices)
        self.refresh_bindings()

    @on(Prompt.Accepted)
    async def _on_accepted(self, event: Prompt.Accepted) -> None:
        event.stop()
        prompt = self.query_one(Prompt)
        if event.mark != COMMAND:
            self.prompt_accepted(event.mark, event.text)
            return
        fault = await self.run_command(event.text)
        if fault is not None:
            prompt.fault(fault)
            return
        self.close_prompt()

    @on(Prompt.GivenUp)
    def _on_given_up(self, event: Prompt.GivenUp) -> None:
        event.stop()
        self.close_prompt()

    def prompt_accepted(self, mark: str, text: str) -> None:
        """Something other than a command was entered."""

    def close_prompt(self) -> None:
        """Close the line and give the keys back to the body."""
        self.query_one(Prompt).done()
        self.refresh_bindings()
        self.focus_body()

    def focus_body(self) -> None:
        """Put the focus where the cursor is."""

    async def run_command(self, line: str) -> str | None:
        """Run a typed command; returns what is wrong with it, None when it ran."""
        name, _, argument = line.strip().partition(" ")
        if not name:
            return None
        known = commands(*self.SCOPES)
        action = known.get(name) or _only_one(name, known)
        if action is None:
            return f"no command {name!r}; try :help"
        if action.takes is not None:
            return self.command_with(action, argument.strip())
        await (self.app if action.scope == "app" else self).run_action(action.does)
        return None

    def command_with(self, action: Action, argument: str) -> str | None:
        """Run a command that takes an argument."""
        if action.id == "app.theme":
            return self.dash.use_theme(argument)
        return f":{action.command} does not work here"


def _only_one(start: str, known: dict[str, Action]) -> Action | None:
    """The command that starts so, when there is just one."""
    found = [action for name, action in known.items() if name.startswith(start)]
    return found[0] if len(found) == 1 else None
