"""A few lines for a pane too small for tables: who, how many, where, and the worst thing."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from elysiadash.tui.facts import Facts
from elysiadash.tui.plain import plain
from elysiadash.tui.widgets.header import fit, header_parts
from elysiadash.tui.widgets.lines import Piece

_LEAST = 3
"""Lines; with no more than these, the worst thing goes before where one is."""
_LIST_OF_COLLECTIONS = "Stats"


class Summary(Widget):
    """Shows as many of its lines as there is room for."""

    DEFAULT_CSS = """
    Summary {
        height: auto;
        max-height: 4;
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
        self._path: list[str] = []
        self._chips: list[Piece] = []

    def set_facts(self, facts: Facts, worst: str) -> None:
        """Show these facts; ``worst`` is the most pressing thing in words, "" for none."""
        if (facts, worst) != (self._facts, self._worst):
            self._facts, self._worst = facts, worst
            self._changed()

    def set_place(self, path: list[str], chips: list[Piece]) -> None:
        """Where in the app one is, and that what is shown is filtered or held."""
        if (path, chips) != (self._path, self._chips):
            self._path, self._chips = path, chips
            self._changed()

    def _changed(self) -> None:
        if self.display:
            self.refresh(layout=self.size.height != self.get_content_height())

    def get_content_height(self, *_: object) -> int:
        """All lines, where they fit."""
        return 3 + self._has_place()

    def _has_place(self) -> bool:
        return bool(self._chips) or len(self._path) > 1

    def render(self) -> Content:
        """The lines for the present width."""
        facts, width = self._facts, self.size.width
        if facts is None:
            return Content.empty()
        parts = header_parts(facts, self.app.theme_variables)
        name, age, rest = parts[0], parts[-1], parts[1:-1]
        second = [part for part in rest if part.rank in (2, 5, 6)]
        first = [name, *(part for part in rest if part.rank in (1, 3, 4)), age]
        lines = [_line(fit(first, width)), _line(fit(second, width))]
        room = min(self.size.height, self.screen.size.height)
        if self._has_place() and (room > _LEAST or not self._worst):
            lines.append(self._place_line())
        last = [self._last_line(facts)] if len(lines) < room else []
        return Content("\n").join([*lines, *last])

    def _place_line(self) -> Content:
        """Where one is in the detail; on a list, which is plain to see, how it is narrowed."""
        pieces: list[Piece] = []
        for chip in self._chips:
            pieces += [chip, " "]
        if len(self._path) > 1:
            pieces.append((plain(self._path[-1]), "bold"))
        return Content.assemble(*pieces)

    def _last_line(self, facts: Facts) -> Content:
        if self._worst:
            return Content.assemble(("▲ ", "bold $health-warn"), plain(self._worst))
        where = " › ".join(plain(name) for name in self._path)
        if self._path != [_LIST_OF_COLLECTIONS]:
            # Beside another list's name the number would be taken for that list's.
            return Content(where)
        many = f"{facts.collections:,} collection{'' if facts.collections == 1 else 's'}"
        return Content.assemble(where, ("  " + many, "$health-unknown"))


def _line(parts: list[tuple[str, str]]) -> Content:
    pieces: list[str | tuple[str, str]] = []
    for text, style in parts:
        if text:
            pieces += [(text, style), " "]
    return Content.assemble(*pieces)
