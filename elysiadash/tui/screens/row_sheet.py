"""Sheets over a list that tell of one row, whatever happens to the list: description and JSON."""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, ClassVar

from rich.cells import chop_cells
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from elysiadash.tui.actions.binding import bindings
from elysiadash.tui.description import lines_of, text_of
from elysiadash.tui.leaving.clipboard import send, terminal_environment
from elysiadash.tui.leaving.rows import as_json
from elysiadash.tui.plain import plain
from elysiadash.tui.screens.dialog import key_words
from elysiadash.tui.screens.sheet import Sheet
from elysiadash.tui.widgets.line import Line
from elysiadash.tui.widgets.prompt import FILTER, Prompt

if TYPE_CHECKING:
    from elysiadash.tui.screens.row_list import RowList

_MARGINS = 7
"""Cells of the sheet's border, padding and scrollbar, and one to breathe."""
_LINES_AROUND = 6
_WIDEST = 120


class RowSheet(Sheet):
    """Tells of the row with ``key`` on the list ``below``; a row that goes stays as it was last."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("sheet", "row-sheet")]
    DEFAULT_CSS = """
    RowSheet { align: center middle; background: $background 60%; }
    RowSheet #sheet {
        width: 90%; max-width: 120; height: auto; max-height: 90%;
        padding: 0 2; background: $surface; border: round $primary;
    }
    RowSheet #text { height: auto; scrollbar-size-vertical: 1; }
    RowSheet #text > Static { height: auto; }
    RowSheet #title { text-style: bold; }
    RowSheet #says { height: auto; color: $health-unknown; }
    """
    # The only thing that can have the focus is the line for typing.
    AUTO_FOCUS = ""
    WHAT: ClassVar[str] = ""

    def __init__(self, below: RowList[Any], key: Hashable, row: Any) -> None:
        super().__init__()
        self._below = below
        self._key = key
        self._row = row
        self._gone = False
        self._lines: list[Content] = []
        self._pattern: re.Pattern[str] | None = None
        self._found: list[int] = []
        self._at = 0
        self._said = ""

    def lines(self, row: Any, width: int) -> list[Content]:
        """The sheet's lines, none wider than ``width``."""
        raise NotImplementedError

    def whole(self, row: Any) -> str:
        """What is copied."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """Title, text, what is to be said, and the line for typing."""
        with Vertical(id="sheet"):
            yield Line(id="title")
            with VerticalScroll(id="text", can_focus=False):
                yield Static(markup=False)
            yield Static(id="says", markup=False)
            yield Prompt()

    def on_mount(self) -> None:
        """Show the row."""
        self.renew()

    def on_resize(self, event: events.Resize) -> None:
        """Other lines for another width."""
        self.renew()

    def renew(self) -> None:
        """The list has other values, or another age."""
        if not self.is_mounted:
            return
        row = self._below.table.row(self._key)
        self._gone = row is None
        self._row = self._row if row is None else row
        # What title, words, typing and border leave of the sheet's greatest height.
        room = int(0.9 * self.app.size.height) - _LINES_AROUND
        self.query_one("#text").styles.max_height = max(3, room)
        width = min(_WIDEST, int(0.9 * self.app.size.width)) - _MARGINS
        self._lines = self.lines(self._row, max(20, width))
        self._find()
        self._paint()

    # Actions

    def action_close(self) -> None:
        """Back to the list, once."""
        if self.is_active:
            self.dismiss(None)

    def action_copy(self) -> None:
        """Copy the whole sheet."""
        what = f"{self.WHAT} of {plain(str(self._below.name_of(self._row)))}"
        self._say(*send(self.app, what, self.whole(self._row), terminal_environment()))

    def action_search(self) -> None:
        """Type what to look for."""
        self.query_one(Prompt).ask(FILTER)

    def action_seek(self, way: int) -> None:
        """The next line that was found, around the end if need be."""
        if not self._found:
            self.app.bell()
            return
        self._at = (self._at + way) % len(self._found)
        self._paint()
        self._show_found()

    # Search

    @on(Prompt.Changed)
    def _on_typed(self, event: Prompt.Changed) -> None:
        event.stop()
        fault = self._look_for(event.text)
        self.query_one(Prompt).fault(fault)

    @on(Prompt.Accepted)
    def _on_accepted(self, event: Prompt.Accepted) -> None:
        event.stop()
        if self._look_for(event.text) is None:
            self._close_prompt()
        self.query_one(Prompt).taken()

    @on(Prompt.GivenUp)
    def _on_given_up(self, event: Prompt.GivenUp) -> None:
        event.stop()
        self._look_for("")
        self._close_prompt()

    def _close_prompt(self) -> None:
        self.query_one(Prompt).done()
        self.set_focus(None)

    def _look_for(self, text: str) -> str | None:
        """Search for ``text``; returns what is wrong with it."""
        try:
            flags = re.IGNORECASE if text == text.lower() else re.NOFLAG
            self._pattern = re.compile(text, flags) if text else None
        except (re.error, OverflowError) as error:
            return f"not a regular expression: {error}"
        self._at = 0
        self._find()
        self._paint()
        self._show_found()
        return None

    def _find(self) -> None:
        pattern = self._pattern
        if pattern is None:
            self._found = []
            return
        self._found = [at for at, line in enumerate(self._lines) if pattern.search(line.plain)]
        self._at = min(self._at, max(0, len(self._found) - 1))

    def _show_found(self) -> None:
        if self._found:
            sheet = self.query_one("#text", VerticalScroll)
            middle = max(1, sheet.size.height) // 2
            sheet.scroll_to(y=max(0, self._found[self._at] - middle), animate=False)

    # Painting

    def _paint(self) -> None:
        title = f"{self.WHAT} of {plain(str(self._below.name_of(self._row)))}"
        gone = "  is gone: these are the last values" if self._gone else ""
        self.query_one("#title", Line).show(
            Content.assemble((title, "bold"), (gone, "bold $health-warn"))
        )
        self.query_one("#text > Static", Static).update(Content("\n").join(self._marked()))
        self.query_one("#says", Static).update(Content(self._words()))

    def _marked(self) -> list[Content]:
        if self._pattern is None:
            return self._lines
        lines = list(self._lines)
        for number, at in enumerate(self._found):
            style = "reverse $accent" if number == self._at else "underline $accent"
            for match in self._pattern.finditer(lines[at].plain):
                lines[at] = lines[at].stylize(style, match.start(), match.end())
        return lines

    def _words(self) -> str:
        if self._said:
            return self._said
        if self._pattern is not None:
            many = len(self._found)
            place = f"line {self._at + 1} of {many}" if many else "no line"
            return f"/{plain(self._pattern.pattern)}: {place}"
        keys = (
            ("sheet.close", "closes"),
            ("row_sheet.copy", "copies"),
            ("row_sheet.search", "searches"),
        )
        return key_words(self.app, keys)

    def _say(self, *words: str) -> None:
        """Say something for a moment: as long as it takes to read."""
        self._said = "; ".join(words)
        self._paint()
        self.set_timer(12.0, self._said_long_enough)

    def _said_long_enough(self) -> None:
        self._said = ""
        self._paint()


class Description(RowSheet):
    """Everything known of the row, for people."""

    WHAT = "all that is known"

    def lines(self, row: Any, width: int) -> list[Content]:
        """Sections of values, each with its meaning, source and age."""
        return lines_of(self._below.describe(row), width)

    def whole(self, row: Any) -> str:
        """The same as text."""
        return text_of(self._below.describe(row))


class JsonSheet(RowSheet):
    """The row as JSON."""

    WHAT = "JSON"

    def lines(self, row: Any, width: int) -> list[Content]:
        """The document, long lines broken."""
        document = as_json(self._below.as_data(row))
        return [
            Content(part)
            for line in document.split("\n")
            for part in chop_cells(plain(line), width) or [""]
        ]

    def whole(self, row: Any) -> str:
        """The document."""
        return as_json(self._below.as_data(row))
