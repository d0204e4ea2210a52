"""A question that is answered by typing a word: what happens, to what, and nothing by accident."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from elysiadash.tui.actions.binding import bindings
from elysiadash.tui.plain import plain


class TypedWord(ModalScreen[bool | None]):
    """Ends with True once the word was typed; None where it was not wanted after all."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("picker")]
    DEFAULT_CSS = """
    TypedWord { align: center middle; background: $background 60%; }
    TypedWord #sheet {
        width: 96%; max-width: 92; height: auto; max-height: 96%;
        padding: 0 1; background: $surface; border: round $health-warn;
        scrollbar-size-vertical: 1;
    }
    TypedWord Static { height: auto; width: 100%; }
    TypedWord Input { margin-top: 1; }
    """

    def __init__(self, title: str, lines: Sequence[str], word: str) -> None:
        super().__init__()
        self._title_words, self._lines, self._word = title, tuple(lines), word

    def compose(self) -> ComposeResult:
        """What happens, and the line to type into."""
        with VerticalScroll(id="sheet"):
            yield Static(Content.styled(plain(self._title_words), "bold"), markup=False)
            yield Static(Content("\n".join(map(plain, self._lines))), markup=False)
            yield Input(compact=True, select_on_focus=False, placeholder=f"type {self._word}")
            yield Static(self._keys(""), id="keys", markup=False)

    def on_mount(self) -> None:
        """Nothing is typed yet, so enter does nothing."""
        entry = self.query_one(Input)
        entry.cursor_blink = False
        entry.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """What was wrong is being corrected."""
        event.stop()
        self.query_one("#keys", Static).update(self._keys(""))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter, wherever it came from."""
        event.stop()
        self.action_choose()

    def action_choose(self) -> None:
        """Go on if the word is right."""
        if self.query_one(Input).value.strip() == self._word:
            self._end(True)
        else:
            words = f"that is not {self._word}; nothing was done"
            self.query_one("#keys", Static).update(self._keys(words))

    def action_move(self, lines: int) -> None:
        """Scroll what is said."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_cancel(self) -> None:
        """Leave everything as it is."""
        self._end(None)

    def _keys(self, fault: str) -> Content:
        pieces: list[tuple[str, str]] = []
        if fault:
            pieces.append((f"{plain(fault)}\n", "bold $health-crit"))
        words = f"type {plain(self._word)} and press enter; esc leaves everything as it is"
        return Content.assemble(*pieces, (words, "$health-unknown"))

    def _end(self, sure: bool | None) -> None:
        # A second key can come before the first has taken us from the screen.
        if self.is_active:
            self.dismiss(sure)
