"""A few lines above or below a list: what is known of the thing as a whole."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.widgets import Static

Words = list[str | tuple[str, str]]
"""One line: texts, some with a style; server text in it must come from ``plain``."""


class About(Static):
    """Lines that give way to the list in a small pane."""

    DEFAULT_CSS = """
    About {
        height: auto;
        max-height: 40%;
        width: 100%;
        padding: 0 1;
        color: $foreground;
        text-wrap: nowrap;
        text-overflow: ellipsis;
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(markup=False, id=id)
        self._said: list[Words] = []

    @property
    def words(self) -> str:
        """What is said, as plain text."""
        return "\n".join(
            "".join(piece if isinstance(piece, str) else piece[0] for piece in line)
            for line in self._said
        )

    def say(self, lines: Sequence[Words]) -> None:
        """Show these lines; paints only when they say something else."""
        if list(lines) != self._said:
            self._said = list(lines)
            self.update(Content("\n").join([Content.assemble(*line) for line in lines]))
