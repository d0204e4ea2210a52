"""All keys of a screen, made from the bindings that are active there, and what else to know."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import ActiveBinding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from elysiadash.tui.actions import BY_ID, commands
from elysiadash.tui.actions.binding import bindings, is_no_key
from elysiadash.tui.plain import plain
from elysiadash.tui.screens.live import LiveScreen
from elysiadash.tui.screens.sheet import Sheet

if TYPE_CHECKING:
    from elysiadash.tui.app import ElysiadashApp

_EVERYWHERE = ("screen", "app")
_REPLAY = "In the recording"
_LIST = "Moving in the list"
_KEY_WIDTH = 18
_MARGINS = 9
"""Cells of the sheet's border, padding and scrollbar, and one to breathe."""


class HelpScreen(Sheet):
    """A sheet over the screen below; ``notes`` are (what, words) shown first."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("sheet")]

    def __init__(self, title: str, notes: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._sheet_title = title
        self._notes = notes
        self._writable = False

    def compose(self) -> ComposeResult:
        """The sheet, of the bindings of the screen below."""
        below = self.app.screen_stack[-2]
        found = below.active_bindings
        scopes = below.scopes() if isinstance(below, LiveScreen) else ("app", "screen")
        self._writable = isinstance(below, LiveScreen) and below.writable
        with VerticalScroll(id="sheet"):
            yield Static(self._content(found, scopes), markup=False)

    def action_close(self) -> None:
        """Back to the screen below, once."""
        if self.is_active:
            self.dismiss(None)

    def _content(self, found: dict[str, ActiveBinding], scopes: Sequence[str]) -> Content:
        app = cast("ElysiadashApp", self.app)
        lines = [Content.assemble((f"{plain(self._sheet_title)}: keys", "bold"), "  esc closes")]
        if app.keymap.changes:
            lines += [Content(line) for line in self._wrapped(f"yours: {app.keymap.path}", 2)]
        if self._notes:
            lines += [Content(""), Content.styled("Why values are missing here", "bold $accent")]
            for what, words in self._notes:
                lines += [Content.styled(f"  {plain(what)}", "bold")]
                lines += [Content(line) for line in self._wrapped(words, 4)]
        by_scope = [(_scope(each), each) for each in found.values()]
        apart = (*_EVERYWHERE, "table", "replay")
        here = [each for scope, each in by_scope if scope and scope not in apart]
        lines += self._section(_REPLAY, [each for scope, each in by_scope if scope == "replay"])
        lines += self._section("This screen", here)
        lines += self._section("Everywhere", [e for scope, e in by_scope if scope in _EVERYWHERE])
        lines += self._section(_LIST, [each for scope, each in by_scope if scope == "table"])
        lines += [Content(""), Content.styled("Commands", "bold $accent")]
        for name, action in sorted(commands(*scopes, writable=self._writable).items()):
            lines += self._entry(f":{name} {action.takes or ''}".strip(), action.help)
        return Content("\n").join(lines)

    def _section(self, title: str, found: list[ActiveBinding]) -> list[Content]:
        by_action: dict[str, list[ActiveBinding]] = {}
        for binding in found:
            if not is_no_key(binding.binding.key):
                by_action.setdefault(binding.binding.action, []).append(binding)
        if not by_action:
            return []
        lines = [Content(""), Content.styled(title, "bold $accent")]
        for same in by_action.values():
            keys = " ".join(dict.fromkeys(self.app.get_key_display(f.binding) for f in same))
            first = same[0].binding
            lines += self._entry(keys, first.tooltip or first.description)
        return lines

    def _entry(self, what: str, words: str) -> list[Content]:
        lines = self._wrapped(words, 2 + _KEY_WIDTH)
        if len(what) >= _KEY_WIDTH:
            return [Content.styled(f"  {what}", "bold"), *map(Content, lines)]
        first, *rest = lines
        key = Content.assemble("  ", (what.ljust(_KEY_WIDTH), "bold"), first.lstrip())
        return [key, *(Content(line) for line in rest)]

    def _wrapped(self, words: str, indent: int) -> list[str]:
        width = min(110, int(0.9 * self.app.size.width)) - _MARGINS
        blanks = " " * indent
        return textwrap.wrap(
            plain(words), max(20, width), initial_indent=blanks, subsequent_indent=blanks
        ) or [blanks]


def _scope(found: ActiveBinding) -> str | None:
    """Where the registry puts it; None for keys that are not in it."""
    action = BY_ID.get(found.binding.id or "")
    return action.scope if action else None
