"""What every main screen shares: the lines around its body, pulling data, typing, freezing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import Resize
from textual.screen import Screen
from textual.widget import Widget
from textual.worker import Worker, WorkerState

from elysiadash.cluster.shards import ShardReport
from elysiadash.cluster.slices import Kind
from elysiadash.config.moments import read_length
from elysiadash.tui.actions import is_writing
from elysiadash.tui.actions.binding import bindings
from elysiadash.tui.commands import completions, run_line
from elysiadash.tui.facts import Facts, gather
from elysiadash.tui.freshness import Freshness
from elysiadash.tui.numbers import span
from elysiadash.tui.screens.replay_controls import ALONE, ReplayControls
from elysiadash.tui.trail import Place, Route
from elysiadash.tui.widgets.header import Header, environment_colour
from elysiadash.tui.widgets.key_line import KeyLine
from elysiadash.tui.widgets.lines import Crumbs, Piece, StaleBar, StatusLine
from elysiadash.tui.widgets.prompt import COMMAND, Complete, Prompt
from elysiadash.tui.widgets.summary import Summary
from elysiadash.tui.window import WINDOWS, next_window

if TYPE_CHECKING:
    from elysiadash.tui.app import ElysiadashApp

_SECOND_PRESS_S = 2.0
_PULLING = "showing the data"
_OFFERED_SHARDS = 1_000


class LiveScreen(ReplayControls, Screen[None]):
    """A screen of live data. Subclasses give ``body``, ``pull`` and ``path``."""

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
        yield StaleBar()
        yield Crumbs()
        yield from self.body()
        yield StatusLine()
        yield Prompt()
        yield KeyLine()

    def body(self) -> Iterable[Widget]:
        """The widgets in the middle."""
        return ()

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
        self.run_worker(self._pull(), name="pull", group="pull", exit_on_error=False)

    async def _pull(self) -> None:
        try:
            while True:
                self._pull_again = False
                await self.dash.look_over()
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
        self._frame(environment_colour(facts, self.app.theme_variables))
        self.dash.retitle(facts.title)
        self.query_one(Header).set_facts(facts)
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
        stale = self.trouble(facts)
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

    async def action_show_mode(self, mode: str) -> None:
        """Go to one of the four main screens; where it is shown already, to its root."""
        await self.dash.show_mode(mode)

    async def action_travel(self, steps: int) -> None:
        """Back and forth between the places where one was."""
        self.dash.trail.leave(self.place())
        place = self.dash.trail.step(steps)
        if place is None:
            self.status.flash("there is no earlier place" if steps < 0 else "no later place", 2.0)
            return
        await self.dash.travel(place)

    async def action_last_view(self) -> None:
        """To the place that was on the screen before."""
        self.dash.trail.leave(self.place())
        place = self.dash.trail.last()
        if place is None:
            self.status.flash("there is no other place yet", 2.0)
            return
        self.dash.visit(place.route)
        await self.dash.travel(place)

    async def action_events(self) -> None:
        """What changed."""
        await self.dash.go("events")

    async def take_events(self, argument: str) -> str | None:
        """What changed since a time, or of a thing."""
        from elysiadash.tui.event_list import scope_of

        scope = scope_of(argument, self.dash.watched.store.clock())
        return scope if isinstance(scope, str) else await self.dash.go(f"events {scope.words}")

    async def action_nodes(self) -> None:
        """The nodes."""
        await self.dash.go("nodes")

    async def action_fleet(self) -> None:
        """Every cluster."""
        if not self.says_alone():
            await self.dash.go("fleet")

    async def action_profile(self) -> None:
        """Choose another cluster."""
        if self.says_alone():
            return
        from elysiadash.tui.screens.cluster_choice import ClusterChoice

        await self.dash.push_screen(ClusterChoice(), self._use_cluster)

    async def _use_cluster(self, name: str | None) -> None:
        fault = None if name is None else await self.dash.use_cluster(name)
        if fault is not None:
            self.status.flash(fault)

    async def take_profile(self, name: str) -> str | None:
        """Go to another cluster."""
        return ALONE if self.is_replay() else await self.dash.use_cluster(name)

    async def take_collection(self, name: str) -> str | None:
        """Open a collection by its name or alias."""
        for row in self.dash.rows:
            if name in (row.collection, *row.aliases):
                return await self.dash.go(f"collection {row.collection}")
        return f"there is no collection {name!r}"

    async def take_node(self, argument: str) -> str | None:
        """Go to a node by its name, and to one of its shards: ``weaviate-1 shard abc``."""
        from elysiadash.tui.node_shards import find_shard, split_link

        name, shard = split_link(argument)
        known = [node.node for node in self.dash.watched.cluster().nodes]
        if name not in known:
            return f"there is no node {name!r}; there are {', '.join(known) or 'none'}"
        report = self.dash.watched.store.get(Kind.VERBOSE).value
        if shard is not None and find_shard(report, name, shard) is None:
            return f"there is no shard {shard!r} on {name}, as far as it is known"
        fault = await self.dash.go(f"node {name}")
        if shard is not None and self.dash.live_screen is not None:
            self.dash.live_screen.point_at(shard)
        return fault

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

    def offer_collection(self) -> Iterable[str]:
        """Names and aliases."""
        return sorted(name for row in self.dash.rows for name in (row.collection, *row.aliases))

    def offer_node(self) -> Iterable[str]:
        """Nodes that are known; in a small cluster, their shards too."""
        names = [node.node for node in self.dash.watched.cluster().nodes]
        report: ShardReport | None = self.dash.watched.store.get(Kind.VERBOSE).value
        if report is None or sum(report.node_shards.values()) > _OFFERED_SHARDS:
            return names
        return names + [
            f"{node.name} shard {shard.collection}/{shard.name}"
            for node in report.nodes.nodes
            for shard in node.shards or ()
        ]

    def offer_events(self) -> Iterable[str]:
        """Times, then what events can be about."""
        nodes = (node.node for node in self.dash.watched.cluster().nodes)
        return ["10m", "1h", "6h", "24h", *nodes, *self.offer_collection()]

    def offer_profile(self) -> Iterable[str]:
        """Clusters of the settings."""
        return self.dash.cluster_names

    def offer_window(self) -> Iterable[str]:
        """The usual windows."""
        return WINDOWS

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a line is being typed, letters are letters; while read-only, nothing writes."""
        if (is_writing(action) and not self.dash.writable) or not self.fits_replay(action):
            return False
        return not any(prompt.display for prompt in self.query(Prompt))

    # Typing

    def action_command(self, begun: str = "") -> None:
        """Open the command line, with what is typed already."""
        self.open_prompt(COMMAND, begun, complete=lambda line: completions(line, self))

    def open_prompt(self, mark: str, text: str = "", complete: Complete | None = None) -> None:
        """Open the line for typing."""
        self.query_one(Prompt).ask(mark, text, complete)
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
        elif prompt.mark == COMMAND:  # else the command has opened the line for something else
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
        self.dash.theme_choice.end_preview(self.dash)
        self.refresh_bindings()
        self.focus_body()

    def focus_body(self) -> None:
        """Put the focus where the cursor is."""

    async def run_command(self, line: str) -> str | None:
        """Run a typed command; returns what is wrong with it, None when it ran."""
        return await run_line(line, self)
