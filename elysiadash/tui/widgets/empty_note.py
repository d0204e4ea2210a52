"""What the body says when there are no rows to show."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.widgets import Static

from elysiadash.tui.plain import plain


class EmptyNote(Static):
    """A title and a few lines in the middle of the body."""

    DEFAULT_CSS = """
    EmptyNote {
        display: none;
        height: 1fr;
        width: 100%;
        padding: 1 2;
        content-align: center middle;
        color: $foreground;
    }
    """

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._said: tuple[str, tuple[str, ...]] | None = None

    def say(self, title: str, lines: Sequence[str]) -> None:
        """Show this; server text in it is made plain here."""
        if self._said == (title, tuple(lines)):
            return
        self._said = (title, tuple(lines))
        pieces = [Content.styled(plain(title), "bold"), Content("")]
        pieces += [Content(plain(line)) for line in lines]
        self.update(Content("\n").join(pieces))
