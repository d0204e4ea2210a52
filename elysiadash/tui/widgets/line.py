"""One line of styled text, repainted only when it says something else."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget


class Line(Widget):
    """Shows one ``Content``, cut with an ellipsis where it is too long."""

    DEFAULT_CSS = """
    Line {
        height: 1;
        width: 100%;
        text-wrap: nowrap;
        text-overflow: ellipsis;
    }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._content = Content.empty()

    @property
    def content(self) -> Content:
        """What is shown now."""
        return self._content

    def show(self, content: Content) -> None:
        """Show ``content``; server text in it must come from ``plain``."""
        if not self._content.is_same(content):
            self._content = content
            self.refresh()

    def render(self) -> Content:
        """The line."""
        return self._content
