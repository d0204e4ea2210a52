"""The line one types into: a filter after ``/``, a command after ``:``."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.suggester import Suggester
from textual.widget import Widget
from textual.widgets import Input

from elysiadash.tui.actions.binding import bindings
from elysiadash.tui.widgets.line import Line

FILTER, COMMAND = "/", ":"
_LONGEST_LINE = 1000
_REMEMBERED = 50

Complete = Callable[[str], Sequence[str]]
"""The lines that a line can become."""


class _Lines(Suggester):
    """Shows the first completion behind what is typed."""

    def __init__(self, complete: Complete) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._complete = complete

    async def get_suggestion(self, value: str) -> str | None:
        found = self._complete(value) if value else ()
        begun = value.casefold()
        longer = (line for line in found if line != value and line.casefold().startswith(begun))
        return next(longer, None)


class _Entry(Input):
    """An input that completes, recalls, and gives escape back to the prompt."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("prompt")]

    def __init__(self) -> None:
        super().__init__(compact=True, select_on_focus=False, max_length=_LONGEST_LINE)
        self.complete: Complete | None = None
        self.older: Sequence[str] = ()
        self._cycle: tuple[Sequence[str], int] | None = None
        self._recalled = 0

    def start(self, text: str, complete: Complete | None, older: Sequence[str]) -> None:
        """Begin with this text."""
        self.complete, self.older = complete, older
        self._cycle, self._recalled = None, 0
        self.suggester = _Lines(complete) if complete is not None else None
        self.cursor_blink = False
        with self.prevent(Input.Changed):
            self.value = text
        self.cursor_position = len(text)

    def action_complete(self, step: int) -> None:
        """The first line that fits, then one after the other, or back."""
        if self._cycle is not None and self.value == self._cycle[0][self._cycle[1]]:
            found, at = self._cycle
            at = (at + step) % len(found)
        else:
            found, at = tuple(self.complete(self.value)) if self.complete else (), min(step, 0)
        if not found:
            self.app.bell()
            return
        at %= len(found)
        self._put(found[at])
        # One that was completed to its end leaves nothing to go through.
        self._cycle = (found, at) if len(found) > 1 else None

    def action_recall(self, step: int) -> None:
        """An older line, or a newer one."""
        wanted = max(0, min(len(self.older), self._recalled - step))
        if wanted != self._recalled:
            self._recalled = wanted
            self._put(self.older[wanted - 1] if wanted else "")

    def restricted(self) -> None:
        """What was typed or pasted is more than a line may have; nothing of it was taken."""
        super().restricted()
        prompt = prompt_of(self)
        if prompt is not None:
            prompt.fault(f"a line has at most {_LONGEST_LINE:,} characters")

    def action_give_up(self) -> None:
        """Leave the prompt without doing anything."""
        self.post_message(Prompt.GivenUp())

    def _put(self, text: str) -> None:
        self.value = text
        self.cursor_position = len(text)


class Prompt(Horizontal):
    """Hidden until ``ask``; posts ``Changed`` while typing and ``Accepted`` or ``GivenUp``."""

    DEFAULT_CSS = """
    Prompt {
        height: 1;
        display: none;
        background: $panel;
    }
    Prompt > Line { width: auto; min-width: 1; }
    Prompt > #mark { width: auto; color: $accent; }
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
        self._older: dict[str, deque[str]] = {}
        self._taken: Callable[[], object] = lambda: None

    @property
    def mark(self) -> str:
        """What is being typed: a filter, a command or something else."""
        return self._mark

    def compose(self) -> ComposeResult:
        """The mark, the text, and what is wrong with it."""
        yield Line(id="mark")
        yield _Entry()
        yield Fault(id="fault")

    def ask(self, mark: str, text: str = "", complete: Complete | None = None) -> None:
        """Open for typing after ``mark``; ``complete`` gives what the text can become."""
        self._mark = mark
        entry = self.query_one(_Entry)
        entry.start(text, complete, tuple(self._older.get(mark, ())))
        marked = self.query_one("#mark", Line)
        marked.show(Content(mark))
        marked.refresh(layout=True)
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
        if self.screen.focused is self.query_one(_Entry):
            # At once, as in ``ask``: the keys that follow are not for a line that is closed.
            self.screen.set_focus(None)

    def enter_comes(self, taken: Callable[[], object]) -> None:
        """The key that enters the line is on its way; ``taken`` is called when it is done with."""
        self._taken = taken

    def taken(self) -> None:
        """The line that was entered is done with, or its fault is said."""
        self._taken()

    def begin_anew(self, character: str | None) -> str | None:
        """Open another line where ``character`` is its mark and the one before it was faulty.

        Returns the fault that is then not seen any more; None where the line stays.
        """
        fault = self.query_one(Fault)
        if not (self.display and fault.display and character == self._mark):
            return None
        words = fault.content.plain.strip()
        self.ask(self._mark, complete=self.query_one(_Entry).complete)
        return words

    def on_descendant_blur(self) -> None:
        """A click elsewhere ends the typing; a terminal that loses the focus does not."""
        self.call_later(self._end_where_left)

    def _end_where_left(self) -> None:
        focused = self.screen.focused if self.is_attached else None
        if self.display and focused is not None and self not in focused.ancestors:
            self.post_message(self.GivenUp())

    def on_input_changed(self, event: Input.Changed) -> None:
        """Hand on what was typed."""
        event.stop()
        self.post_message(self.Changed(self._mark, event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hand on what was entered, and remember it."""
        event.stop()
        older = self._older.setdefault(self._mark, deque(maxlen=_REMEMBERED))
        if event.value.strip() and (not older or older[0] != event.value):
            older.appendleft(event.value)
        self.post_message(self.Accepted(self._mark, event.value))


def prompt_of(widget: Widget | None) -> Prompt | None:
    """The prompt whose line ``widget`` is."""
    return widget.parent if widget is not None and isinstance(widget.parent, Prompt) else None


class Fault(Line):
    """What is wrong with the text, as wide as it needs."""

    def tell(self, words: str | None) -> None:
        """Show these words, or nothing."""
        self.display = bool(words)
        if words:
            self.show(Content(f" {words} "))
            self.refresh(layout=True)
