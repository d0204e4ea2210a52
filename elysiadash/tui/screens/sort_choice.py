"""Which column to sort by: one more key after the sort key."""

from __future__ import annotations

from collections.abc import Mapping

from textual.app import ComposeResult
from textual.content import Content
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import Static


class SortChoice(ModalScreen[str | None]):
    """Shows the letters; ends with the chosen column's key, None when another key was pressed."""

    def __init__(self, letters: Mapping[str, str], titles: Mapping[str, str]) -> None:
        super().__init__()
        self._letters = letters
        self._titles = titles

    def compose(self) -> ComposeResult:
        """One line, or a few, at the bottom."""
        yield Static(self._content(self.app.size.width), id="choices", markup=False)

    def _content(self, width: int) -> Content:
        """The choices, none of them broken over two lines."""
        lines, line = [], Content.styled(" sort by ", "bold")
        for letter, column in self._letters.items():
            choice = Content.assemble("  ", (letter, "bold $accent"), f" {self._titles[column]}")
            if line.cell_length + choice.cell_length > width:
                lines.append(line)
                line = Content(" ")
            line += choice
        return Content("\n").join([*lines, line])

    def on_key(self, event: Key) -> None:
        """Any key ends it."""
        event.stop()
        # A second key can come before the first has taken us from the screen.
        if self.is_active:
            self.dismiss(self._letters.get(event.character or ""))
