"""Three lines for a pane too small for tables: who, how many, and the worst thing."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from elysiadash.tui.facts import Facts
from elysiadash.tui.plain import plain
from elysiadash.tui.widgets.header import fit, header_parts


class Summary(Widget):
    """Shows as many of its lines as there is room for."""

    DEFAULT_CSS = """
    Summary {
        height: auto;
        max-height: 3;
        width: 100%;
        display: none;
        text-wrap: nowrap;
        text-overflow: ellipsis;
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._facts: Facts | None = None
        self._worst = ""
        self._where = ""

    def set_facts(self, facts: Facts, worst: str, where: str) -> None:
        """Show these facts; ``worst`` is the most pressing thing in words, "" for none, and
        ``where`` the place in the app."""
        if (facts, worst, where) != (self._facts, self._worst, self._where):
            self._facts, self._worst, self._where = facts, worst, where
            if self.display:
                self.refresh()

    def get_content_height(self, *_: object) -> int:
        """All three, where they fit."""
        return 3

    def render(self) -> Content:
        """The lines for the present width."""
        facts, width = self._facts, self.size.width
        if facts is None:
            return Content.empty()
        parts = header_parts(facts, self.app.theme_variables)
        name, age, rest = parts[0], parts[-1], parts[1:-1]
        second = [part for part in rest if part.rank in (2, 5, 6)]
        first = [name, *(part for part in rest if part.rank in (1, 3, 4)), age]
        return Content("\n").join(
            [_line(fit(first, width)), _line(fit(second, width)), self._last_line(facts)]
        )

    def _last_line(self, facts: Facts) -> Content:
        if self._worst:
            return Content.assemble(("▲ ", "bold $health-warn"), plain(self._worst))
        many = f"{facts.collections:,} collections"
        return Content.assemble(plain(self._where), ("  " + many, "$health-unknown"))


def _line(parts: list[tuple[str, str]]) -> Content:
    pieces: list[str | tuple[str, str]] = []
    for text, style in parts:
        if text:
            pieces += [(text, style), " "]
    return Content.assemble(*pieces)
