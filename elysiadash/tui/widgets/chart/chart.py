"""The chart as a widget: shows a face, and paints the lines that changed."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.events import Resize
from textual.geometry import Region
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from elysiadash.tui.widgets.chart.face import ChartFace, Line, Look, chart_lines
from elysiadash.tui.widgets.table.glyphs import GlyphSet


class Chart(Widget):
    """One chart. ``show`` gives it what to say."""

    LEAST_HEIGHT: ClassVar[int] = 4
    """Lines below which the scale has no room."""
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "chart--title",
        "chart--figures",
        "chart--axis",
        "chart--plot",
        "chart--words",
        "chart--stale",
    }
    DEFAULT_CSS = """
    Chart {
        width: 1fr;
        height: 1fr;
        background: $surface;
        color: $foreground;

        & > .chart--title { text-style: bold; }
        & > .chart--axis { color: $health-unknown; }
        & > .chart--plot { color: $accent; }
        & > .chart--words { color: $health-unknown; text-style: italic; }
        & > .chart--stale { text-style: dim; }
    }
    """
    ALLOW_SELECT = False

    glyphs: reactive[GlyphSet] = reactive[GlyphSet]("braille", repaint=False)
    """The signs that the terminal's font can show."""

    stale: reactive[bool] = reactive(False)
    """Paint it dimmed: these are the last good values."""

    def __init__(self, face: ChartFace, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._face = face
        self._lines: tuple[Line, ...] = ()

    @property
    def face(self) -> ChartFace:
        """What is shown now."""
        return self._face

    def on_mount(self) -> None:
        """Draw with the signs that the terminal can show, where the app knows them."""
        appearance = getattr(self.app, "appearance", None)
        if appearance is not None:
            self.glyphs = appearance.glyphs

    def show(self, face: ChartFace) -> None:
        """Show this; only lines that say something else are painted anew."""
        self._face = face
        self._draw()

    def watch_glyphs(self) -> None:
        """Other signs."""
        self._draw()

    def on_resize(self, event: Resize) -> None:
        """Other room."""
        self._draw()

    def render_line(self, y: int) -> Strip:
        """One line, as it was drawn."""
        width = self.size.width
        if not 0 <= y < len(self._lines):
            return Strip.blank(width, self.rich_style)
        return Strip(
            [Segment(text, self._style(look)) for text, look in self._lines[y] if text]
        ).adjust_cell_length(width, self.rich_style)

    def _draw(self) -> None:
        before = self._lines
        width, height = self.size
        self._lines = chart_lines(self._face, width, height, self.glyphs)
        if len(before) != len(self._lines):
            self.refresh()
            return
        changed = (y for y, line in enumerate(self._lines) if line != before[y])
        regions = [Region(0, y, width, 1) for y in changed]
        if regions:
            self.refresh(*regions)

    def _style(self, look: Look) -> Style:
        style = self.rich_style + self.get_component_rich_style(f"chart--{look}", partial=True)
        if self.stale:
            style += self.get_component_rich_style("chart--stale", partial=True)
        return style
