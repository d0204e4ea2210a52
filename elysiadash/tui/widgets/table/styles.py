"""From what a cell says to how the theme paints it."""

from __future__ import annotations

from typing import Final

from rich.style import Style
from textual.color import Color, ColorParseError
from textual.widget import Widget

from elysiadash.tui.widgets.table.cells import StyleName
from elysiadash.tui.widgets.table.lines import HeaderLine, Line, RowLine, Run

COMPONENTS: Final = {
    "table--header",
    "table--header-sorted",
    "table--cursor",
    "table--marked",
    "table--stale",
    "table--ok",
    "table--warning",
    "table--critical",
    "table--unknown",
    "table--muted",
    "table--accent",
    "table--strong",
}

# Each state differs from its neighbours without colour too: plain, bold, underlined, slanted.
CSS: Final = """
VirtualTable {
    width: 1fr;
    height: 1fr;
    overflow-x: hidden;
    overflow-y: auto;
    scrollbar-size-vertical: 1;
    background: $surface;
    color: $foreground;

    & > .table--header { background: $panel; color: $foreground; text-style: bold; }
    & > .table--header-sorted { color: $accent; text-style: bold underline; }
    & > .table--cursor { background: $foreground 12%; }
    &:focus > .table--cursor { background: $primary 35%; text-style: bold; }
    & > .table--marked { text-style: bold; }
    & > .table--stale { text-style: dim; }
    & > .table--ok { color: $success; }
    & > .table--warning { color: $warning; text-style: bold; }
    & > .table--critical { color: $error; text-style: bold underline; }
    & > .table--unknown { color: $text-muted; text-style: italic; }
    & > .table--muted { color: $text-muted; }
    & > .table--accent { color: $accent; }
    & > .table--strong { text-style: bold; }
}
"""

_BRIGHT: Final = 0.55
"""From this brightness on black is read more easily than white."""

_THEME_VARIABLES: Final[dict[StyleName, str]] = {
    "ok": "health-ok",
    "warning": "health-warn",
    "critical": "health-crit",
    "unknown": "health-unknown",
}
"""Where a theme gives these, they win over the component's colour."""


class LineStyles:
    """The styles of a table, computed once for each combination that is on the screen."""

    def __init__(self, table: Widget) -> None:
        self._table = table
        self._known: dict[tuple[StyleName, bool, str, bool], Style] = {}

    def clear(self) -> None:
        """Forget everything: the theme, the focus or the style sheet changed."""
        self._known.clear()

    def of(self, line: Line, run: Run, stale: bool) -> Style:
        """The complete style of a run within its line."""
        kind, marked = "", False
        if isinstance(line, HeaderLine):
            kind, stale = "header", False
        elif isinstance(line, RowLine):
            kind, marked = "cursor" if line.cursor else "", line.marked
        if run.heading:
            kind = "header-sorted"
        key = (run.style, marked, kind, stale)
        style = self._known.get(key)
        if style is None:
            style = self._known[key] = self._combined(*key)
        return style

    def _combined(self, name: StyleName, marked: bool, kind: str, stale: bool) -> Style:
        style = self._table.rich_style
        if kind == "header-sorted":
            style = self._component("header")
        if kind:
            style += self._component(kind, partial=kind == "header-sorted")
        if marked:
            style += self._component("marked", partial=True)
        if name:
            style += self._cell(name)
        if stale:
            style += self._component("stale", partial=True)
        return style

    def _cell(self, name: StyleName) -> Style:
        if name.startswith("#"):
            # The colour of an environment, which is the user's and no theme's.
            ground = Color.parse(name)
            ink = "black" if ground.brightness > _BRIGHT else "white"
            return Style(color=Color.parse(ink).rich_color, bgcolor=ground.rich_color, bold=True)
        style = self._component(name, partial=True).without_color
        if self._table.get_component_styles(f"table--{name}").has_rule("color"):
            # The whole style's colour: only there "auto" has become one.
            style += Style(color=self._component(name).color)
        variable = _THEME_VARIABLES.get(name)
        value = self._table.app.theme_variables.get(variable, "") if variable else ""
        try:
            return style + Style(color=Color.parse(value).rich_color)
        except ColorParseError:  # the theme does not give it
            return style

    def _component(self, name: str, partial: bool = False) -> Style:
        return self._table.get_component_rich_style(f"table--{name}", partial=partial)
