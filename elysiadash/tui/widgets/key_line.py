"""The last line: the keys of this screen, from the bindings that are active now."""

from __future__ import annotations

from typing import NamedTuple

from textual.binding import ActiveBinding
from textual.content import Content
from textual.events import Click

from elysiadash.tui.actions import BY_ID
from elysiadash.tui.actions.binding import is_no_key
from elysiadash.tui.widgets.line import Line

_KEYS_LAST = 10_000
_ALWAYS = "screen.help"


class KeyLine(Line):
    """Keys and what they do, the most wanted first; a click on one presses it."""

    DEFAULT_CSS = """
    KeyLine {
        background: $panel;
        color: $foreground;
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._entries: list[_Entry] = []
        self._places: list[tuple[int, str]] = []
        """Where each key's words end, and the key."""

    def on_mount(self) -> None:
        """Follow the screen's bindings."""
        self.screen.bindings_updated_signal.subscribe(self, self._update)
        self._update(self.screen)

    def on_click(self, event: Click) -> None:
        """Press the key that was clicked."""
        event.stop()
        key = next((key for end, key in self._places if event.x < end), None)
        if key is not None:
            self.app.simulate_key(key)

    def _update(self, _screen: object) -> None:
        if not self.screen.is_attached:
            return
        active = self.screen.active_bindings.values()
        shown = [each for each in active if each.binding.show and not is_no_key(each.binding.key)]
        first_of: dict[str, ActiveBinding] = {}
        for found in sorted(shown, key=_order):
            first_of.setdefault(found.binding.action, found)
        self._entries = [self._entry(found) for found in first_of.values()]
        self._fit()

    def on_resize(self) -> None:
        """More room, more keys."""
        self._fit()

    def _entry(self, found: ActiveBinding) -> _Entry:
        key = self.app.get_key_display(found.binding)
        words = Content.assemble((f" {key} ", "bold $accent"), f"{found.binding.description} ")
        return _Entry(words, found.binding.key, found.binding.id == _ALWAYS)

    def _fit(self) -> None:
        """Whole entries only, the most wanted first, and always the way to all the others."""
        room = self.size.width - sum(e.words.cell_length for e in self._entries if e.always)
        line, self._places = Content.empty(), []
        for entry in self._entries:
            if not entry.always:
                room -= entry.words.cell_length
                if room < 0:
                    continue
            line += entry.words
            self._places.append((line.cell_length, entry.key))
        self.show(line)


class _Entry(NamedTuple):
    """One key: what is shown of it, and what a click presses."""

    words: Content
    key: str
    always: bool


def _order(found: ActiveBinding) -> int:
    action = BY_ID.get(found.binding.id or "")
    return _KEYS_LAST if action is None or action.footer is None else action.footer
