"""The first screen where nothing names a cluster: type an address, choose one, or the demo."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static

from elysiadash.cluster.slices import Kind, Problem
from elysiadash.config.mistake import ConfigError
from elysiadash.config.profile import Profile
from elysiadash.tui.actions.binding import bindings
from elysiadash.tui.clusters import FirstRun
from elysiadash.tui.first_run import answers
from elysiadash.tui.plain import plain
from elysiadash.tui.source import Watched
from elysiadash.tui.widgets.cluster_list import Choice, ClusterList, choices_of

if TYPE_CHECKING:
    from elysiadash.tui.app import ElysiadashApp

_DEMO = "\0demo"
"""No profile's name."""
_NEEDS_KEY = frozenset({"unauthorized", "no credentials"})


class FirstRunScreen(ModalScreen[None]):
    """Stays until a cluster was gone to, or ``escape`` leaves it with the one that was tried."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("picker")]

    def __init__(self, first_run: FirstRun, tried: Watched) -> None:
        super().__init__()
        self._first_run = first_run
        self._tried = tried
        self._working = False
        self._refused: str | None = None
        """The address that was typed and did not answer."""

    def compose(self) -> ComposeResult:
        """What was tried, the line for an address, and what else there is."""
        with VerticalScroll(id="sheet", can_focus=False):
            yield Static(Content.styled("Welcome to elysiadash", "bold"), markup=False)
            yield Static(id="tried", markup=False)
            yield Static("Address of a Weaviate", classes="heading", markup=False)
            yield Input(compact=True, select_on_focus=False, placeholder="http://HOST:8080")
            yield Static(id="said", markup=False)
            yield Static("Or choose", classes="heading", markup=False)
            yield ClusterList(self._choices(), None)
            yield Static(self._more(), id="more", markup=False)

    def on_mount(self) -> None:
        """The line has the keys."""
        entry = next(iter(self.query(Input)), None)
        if entry is None:
            # The app ends while this opens.
            return
        entry.cursor_blink = False
        entry.focus()
        self._say("")
        self._tell_tried()
        self.set_interval(1.0, self._tell_tried)

    @property
    def _dash(self) -> ElysiadashApp:
        return cast("ElysiadashApp", self.app)

    def _choices(self) -> list[Choice]:
        app = self._dash
        tried = self._tried.profile.name
        found = choices_of(app.clusters, None, app.theme_variables)
        demo = Content.assemble(("  the demo", "bold"), "  simulated, no server needed")
        return [each for each in found if each.key != tried] + [Choice(_DEMO, demo, "demo")]

    def _more(self) -> Content:
        lines = [
            "enter goes to the address; with none typed, to the choice",
            "esc keeps trying the address above, ctrl+c twice leaves",
            f"settings: {plain(self._first_run.settings_file)}",
            "(elysiadash config init writes them)",
        ]
        return Content.styled("\n".join(lines), "$health-unknown")

    def _tell_tried(self) -> None:
        """Why this screen is here; a server that starts meanwhile is noticed."""
        url = plain(self._tried.profile.url)
        if answers(self._tried):
            words = Content.styled(
                f"A Weaviate answers at {url} now: esc goes there.", "$health-ok"
            )
        else:
            problem = self._tried.store.get(Kind.NODES).problem
            why = f" ({plain(problem.what)})" if problem is not None else ""
            words = Content(f"No cluster is named, and no Weaviate answers at {url}{why}.")
        self.query_one("#tried", Static).update(words)

    def _say(self, words: str, style: str = "bold $health-crit") -> None:
        said = self.query_one("#said", Static)
        said.display = bool(words)
        said.update(Content.styled(plain(words), style))

    # Choosing

    def on_input_changed(self, event: Input.Changed) -> None:
        """Another address is another try."""
        event.stop()
        if not self._working:
            self._refused = None
            self._say("")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter, wherever it came from."""
        event.stop()
        self.action_choose()

    @on(OptionList.OptionSelected)
    def _on_clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._choose(event.option_id)

    def action_choose(self) -> None:
        """Go to the address, or to the choice under the cursor."""
        typed = self.query_one(Input).value.strip()
        if typed:
            self._begin(self._try(typed))
        else:
            self._choose(self.query_one(ClusterList).chosen)

    def action_move(self, lines: int) -> None:
        """Move the cursor of the list while the line has the keys."""
        self.query_one(ClusterList).move(lines)

    def action_cancel(self) -> None:
        """Stay with the address that was tried."""
        if self.is_active:
            self.dismiss(None)

    def _choose(self, chosen: str | None) -> None:
        if chosen == _DEMO:
            self._begin(self._demo())
        elif chosen is not None:
            self._begin(self._go(chosen))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        """One thing at a time."""
        if self._working:
            work.close()
            return
        self._working = True
        going = partial(self._finish, work)
        self._dash.run_guarded(
            going, "going to a cluster", group="first run", of=self, tell=self._say
        )

    async def _finish(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        finally:
            self._working = False

    async def _try(self, url: str) -> None:
        """Go to an address that can be read and answers; said again, also to one that does not."""
        try:
            profile = await asyncio.to_thread(self._first_run.profile_of, url)
        except ConfigError as error:
            self._say(_mistake(error))
            return
        if url != self._refused:
            self._say(f"asking {profile.url} …", "$health-unknown")
            problem = await self._first_run.first_answer(profile)
            if problem is not None:
                self._refused = url
                self._say(_refusal(profile, problem))
                return
        await self._go(self._dash.clusters.add(profile))

    async def _demo(self) -> None:
        self._say("starting the demo …", "$health-unknown")
        found = await asyncio.to_thread(self._first_run.start_demo)
        if isinstance(found, str):
            self._say(found)
            return
        names = [self._dash.clusters.add(profile, simulated=True) for profile in found]
        await self._go(names[0])

    async def _go(self, name: str) -> None:
        if not answers(self._tried):
            self._dash.clusters.forget(self._tried.profile.name)
        fault = await self._dash.use_cluster(name)
        if fault is not None:
            self._say(fault)


def _mistake(error: ConfigError) -> str:
    """What is wrong with an address, without the names of flags that nobody typed."""
    mistake = next(iter(error.mistakes), None)
    if mistake is None:
        return error.message
    hint = f" (did you mean {mistake.nearest}?)" if mistake.nearest else ""
    return f"{mistake.message}{hint}"


def _refusal(profile: Profile, problem: Problem) -> str:
    words = f"{profile.url}: {problem.what}"
    if problem.kind in _NEEDS_KEY:
        return (
            f"{words}. It wants a key: start with --url {profile.url} --auth env:NAME, or write a "
            "profile (elysiadash config init). Enter again goes there without."
        )
    hint = f"; {problem.hint}" if problem.hint else ""
    return f"{words}{hint}. Correct it, or press enter again to watch it all the same."
