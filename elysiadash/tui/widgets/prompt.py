"""The line one types into: a filter after ``/``, a command after ``:``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widgets import Input

from elysiadash.tui.widgets.line import Line

FILTER, COMMAND = "/", ":"


class _Entry(Input):
    """An input that gives escape and backspace-on-empty back to the prompt."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Use", id="prompt.accept"),
        Binding("tab", "cursor_right", "Complete", id="prompt.complete"),
        Binding("escape", "give_up", "Cancel", id="prompt.cancel"),
    ]

    def action_give_up(self) -> None:
        """Leave the prompt without doing anything."""
        self.post_message(Prompt.GivenUp())


class Prompt(Horizontal):
    """Hidden until ``ask``; posts ``Changed`` while typing and ``Accepted`` or ``GivenUp``."""

    DEFAULT_CSS = """
    Prompt {
        height: 1;
        display: none;
        background: $panel;
    }
    Prompt > Line { width: auto; min-width: 1; }
    Prompt > #mark { width: 1; color: $accent; }
    Prompt > Input { width: 1fr; }
    Prompt > #fault { width: auto; max-width: 70%; color: $health-crit; }
    """

    @dataclass
    class Changed(Message):
        """The text changed while typing a filter or a command."""

        mark: str
        text: str

    @dataclass
    class Accepted(Message):
        """Enter was pressed."""

        mark: str
        text: str

    class GivenUp(Message):
        """Escape was pressed."""

    def __init__(self) -> None:
        super().__init__()
        self._mark = FILTER

    @property
    def mark(self) -> str:
        """What is being typed: a filter, a command or something else."""
        return self._mark

    def compose(self) -> ComposeResult:
        """The mark, the text, and what is wrong with it."""
        yield Line(id="mark")
        yield _Entry(compact=True, select_on_focus=False)
        yield Fault(id="fault")

    def ask(self, mark: str, text: str = "", choices: Iterable[str] = ()) -> None:
        """Open for typing; ``choices`` are offered as completions."""
        self._mark = mark
        entry = self.query_one(_Entry)
        entry.suggester = SuggestFromList(choices) if choices else None
        entry.cursor_blink = False
        with entry.prevent(Input.Changed):
            entry.value = text
        entry.cursor_position = len(text)
        self.query_one("#mark", Line).show(Content(mark))
        self.fault(None)
        self.display = True
        # At once: ``focus`` waits for its turn, and the keys that follow do not.
        self.screen.set_focus(entry, scroll_visible=False)

    def fault(self, words: str | None) -> None:
        """Say what is wrong with the text; None when nothing is."""
        self.query_one(Fault).tell(words)

    def done(self) -> None:
        """Close."""
        self.display = False

    def on_input_changed(self, event: Input.Changed) -> None:
        """Hand on what was typed."""
        event.stop()
        self.post_message(self.Changed(self._mark, event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hand on what was entered."""
        event.stop()
        self.post_message(self.Accepted(self._mark, event.value))


class Fault(Line):
    """What is wrong with the text, as wide as it needs."""

    def tell(self, words: str | None) -> None:
        """Show these words, or nothing."""
        self.display = bool(words)
        if words:
            self.show(Content(f" {words} "))
            self.refresh(layout=True)
