"""A screen of steps, one of which is shown: what the wizard and the view of a job share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import msgspec
from textual import on
from textual.content import Content
from textual.widget import Widget

from elysiadash.tui.freshness import Freshness
from elysiadash.tui.plain import plain
from elysiadash.tui.screens.list_actions import ListActions
from elysiadash.tui.screens.migrate.pane import StepPane
from elysiadash.tui.screens.row_list import RowList
from elysiadash.tui.trail import Place
from elysiadash.tui.widgets.line import Line
from elysiadash.tui.widgets.lines import Piece
from elysiadash.tui.widgets.prompt import Complete, Prompt
from elysiadash.tui.widgets.table import TablePlace, VirtualTable

DONE, HERE, OPEN, STOPS = "done", "here", "open", "stops"
_SIGNS = {DONE: "✓", OPEN: " ", STOPS: "✖"}
_LOOKS = {DONE: "$health-ok", OPEN: "$health-unknown", STOPS: "$health-crit"}


class Step(msgspec.Struct, frozen=True, gc=False):
    """One step in the line of all: its number, name and state."""

    number: str
    name: str
    state: str = OPEN
    shown: bool = False


class StepLine(Line):
    """All steps in one line: ``✓1 what  ✓2 where  ▶3 how   4 preflight``; numbers alone where
    there is no room for all names."""

    DEFAULT_CSS = """
    StepLine { background: $panel; color: $foreground; }
    """

    def __init__(self) -> None:
        super().__init__(id="steps")
        self._steps: tuple[Step, ...] = ()

    def tell(self, steps: Sequence[Step]) -> None:
        """Show these."""
        self._steps = tuple(steps)
        self._fit()

    def on_resize(self) -> None:
        """More room, more names."""
        self._fit()

    def _fit(self) -> None:
        whole = self._line(names=True)
        self.show(whole if whole.cell_length <= self.size.width else self._line(names=False))

    def _line(self, *, names: bool) -> Content:
        pieces: list[Piece] = [" "]
        for step in self._steps:
            name = f" {step.name}" if names or step.shown else ""
            sign = "▶" if step.shown else _SIGNS[step.state]
            look = _LOOKS[step.state]
            if step.shown:
                pieces.append((f"{sign}{step.number}{name}", "bold reverse"))
            else:
                pieces += [(sign, f"bold {look}"), (f"{step.number}{name}", look)]
            pieces.append("  ")
        return Content.assemble(*pieces)


class StepsPlace(Place, frozen=True):
    """Which step is shown, and each list's cursor, order and filter."""

    step: str = ""
    lists: tuple[tuple[str, TablePlace, str], ...] = ()


class StepsScreen(ListActions):
    """Subclasses give the panes and their states."""

    DEFAULT_CSS = """
    StepsScreen #bodies { height: 1fr; }
    """
    VIEWS: ClassVar[str] = "step"
    """What a pane is called."""

    def __init__(self, panes: Iterable[StepPane[Any]]) -> None:
        super().__init__()
        self.panes = {pane.NAME: pane for pane in panes}
        self._here = next(iter(self.panes))
        self._wants: tuple[str, Any] | None = None
        self.moved = False
        """Whether the reader chose the step: until then it is what is told of."""

    def body(self) -> Iterable[Widget]:
        """The line of steps and all panes; those that are not shown are hidden."""
        yield StepLine()
        yield from self.panes.values()

    # What a subclass gives

    def steps(self) -> Sequence[Step]:
        """Every step and its state."""
        raise NotImplementedError

    def typed(self, what: Any, text: str) -> str | None:
        """A value that was asked for was typed; returns what is wrong with it."""
        raise NotImplementedError

    def shown_changed(self) -> None:
        """Another step is shown."""

    # Panes

    @property
    def pane(self) -> StepPane[Any]:
        """The one that is shown."""
        return self.panes[self._here]

    @property
    def the_list(self) -> RowList[Any]:
        """The list of the step that is shown."""
        return self.pane

    @property
    def lists(self) -> Iterable[RowList[Any]]:
        """Every list."""
        return self.panes.values()

    def why_not(self, does: str) -> str:
        """What cannot be done on this list."""
        return "" if does == "export" or self.pane.can(does) else "not on this step's list"

    def on_mount(self) -> None:
        """Show the first step."""
        super().on_mount()
        self.go_to(self._here)

    def go_to(self, name: str) -> None:
        """Show a step and give it the keys."""
        self._here = name
        for pane in self.panes.values():
            pane.display = name == pane.NAME
        self.tell_steps()
        self.pane.tell()
        if not any(prompt.display for prompt in self.query(Prompt)):
            self.focus_body()
        self.say_words()
        self.tell_crumbs()
        self.refresh_bindings()
        self.shown_changed()

    def tell_steps(self) -> None:
        """Bring the line of steps up to date."""
        for line in self.query(StepLine):
            line.tell(
                [
                    msgspec.structs.replace(step, shown=step.name == self._here)
                    for step in self.steps()
                ]
            )

    def focus_body(self) -> None:
        """The step that is shown has the keys."""
        self.pane.take_keys()

    def facts_changed(self, fresh: Freshness) -> None:
        """Ages move on."""
        self.pane.tell()
        self.tell_steps()
        # A list that has just got its first rows could not take the keys before.
        if self.focused is None and self.pane.table.display and self.is_active:
            self.focus_body()
        self.renew_sheet()

    def hold(self, held: bool) -> None:
        """Every list stands still."""
        for pane in self.panes.values():
            pane.hold(held)

    def place(self) -> Place:
        """Where the reader is."""
        lists = tuple(
            (name, pane.table.leave(), pane.filter_text) for name, pane in self.panes.items()
        )
        return StepsPlace(self.route, step=self._here, lists=lists)

    def return_to(self, place: Place) -> None:
        """Put the reader back."""
        if not isinstance(place, StepsPlace):
            return
        for name, table, line in place.lists:
            if name in self.panes:
                self.panes[name].filter_by(line)
                self.panes[name].table.enter(table)
        if place.step in self.panes:
            self.go_to(place.step)

    # Lines

    def notes(self) -> list[Piece]:
        """Of the list that is shown."""
        return self.pane.notes()

    def chips(self) -> list[Piece]:
        """What the list does not show."""
        return self.pane.chips()

    def say_words(self) -> None:
        """The row under the cursor."""
        if self.is_mounted:
            words = self.pane.words()
            self.status.rest(Content(f" {plain(words)}" if words else ""))

    @on(VirtualTable.RowHighlighted)
    def _on_row_highlighted(self, event: VirtualTable.RowHighlighted) -> None:
        event.stop()
        self.say_words()

    @on(VirtualTable.StatusChanged)
    @on(VirtualTable.SortChanged)
    def _on_table_changed(self, event: VirtualTable.StatusChanged) -> None:
        event.stop()
        self.tell_crumbs()

    @on(VirtualTable.RowSelected)
    async def _on_row_selected(self, event: VirtualTable.RowSelected) -> None:
        event.stop()
        await self.pane.open_row(event.key)

    # Going from step to step

    @property
    def names(self) -> list[str]:
        """The steps that there are now, in order."""
        return list(self.panes)

    def action_next_step(self, way: int) -> None:
        """The next step, or the one before."""
        names = self.names
        self.moved = True
        self.go_to(names[(names.index(self._here) + way) % len(names)])

    def take_step(self, name: str) -> str | None:
        """A step by its name, how that begins, or its number."""
        wanted = name.casefold()
        found = [
            each
            for each, pane in self.panes.items()
            if each.startswith(wanted) or wanted == pane.NUMBER
        ]
        if not found:
            return f"no {self.VIEWS} {name!r}; there are {', '.join(self.panes)}"
        self.moved = True
        self.go_to(found[0])
        return None

    def offer_step(self) -> Iterable[str]:
        """Their names."""
        return self.names

    # Typing values

    def ask_for(
        self, what: Any, mark: str, text: str = "", complete: Complete | None = None
    ) -> None:
        """Open the line for a value; ``typed`` gets it."""
        self._wants = (mark, what)
        self.open_prompt(mark, text, complete)

    def prompt_accepted(self, mark: str, text: str) -> None:
        """A value, else what lists ask for."""
        if self._wants is None or self._wants[0] != mark:
            super().prompt_accepted(mark, text)
            return
        fault = self.typed(self._wants[1], text.strip())
        self.query_one(Prompt).fault(fault)
        if fault is None:
            self.close_prompt()

    @on(Prompt.Changed)
    def _on_value_changed(self, event: Prompt.Changed) -> None:
        """What was wrong is being corrected."""
        if self._wants is not None and event.mark == self._wants[0]:
            event.stop()
            self.query_one(Prompt).fault(None)
