"""The last line: the keys of this screen, from the bindings that are active now."""

from __future__ import annotations

from textual.binding import ActiveBinding
from textual.content import Content
from textual.style import Style

from elysiadash.tui.actions import BY_ID
from elysiadash.tui.widgets.line import Line

_KEYS_LAST = 10_000


class KeyLine(Line):
    """Keys and what they do, the most wanted first; a click on one presses it."""

    DEFAULT_CSS = """
    KeyLine {
        background: $panel;
        color: $foreground;
        link-color: $foreground;
        link-background: transparent;
        link-style: none;
        link-background-hover: $primary 40%;
        link-color-hover: $foreground;
        link-style-hover: none;
    }
    """

    def on_mount(self) -> None:
        """Follow the screen's bindings."""
        self.screen.bindings_updated_signal.subscribe(self, self._update)
        self._update(self.screen)

    def _update(self, _screen: object) -> None:
        if not self.screen.is_attached:
            return
        shown = [found for found in self.screen.active_bindings.values() if found.binding.show]
        actions: dict[str, list[ActiveBinding]] = {}
        for found in sorted(shown, key=_order):
            actions.setdefault(found.binding.action, []).append(found)
        pieces = [self._piece(same[0]) for same in actions.values()]
        self.show(Content("").join(pieces))

    def _piece(self, found: ActiveBinding) -> Content:
        key = self.app.get_key_display(found.binding)
        press = Style.from_meta({"@click": f"app.simulate_key({found.binding.key!r})"})
        words = Content.assemble((f" {key} ", "bold $accent"), f"{found.binding.description} ")
        return words.stylize(press)


def _order(found: ActiveBinding) -> int:
    action = BY_ID.get(found.binding.id or "")
    return _KEYS_LAST if action is None or action.footer is None else action.footer
