"""A sheet over a screen whose text can be longer than the terminal is high."""

from __future__ import annotations

from collections.abc import Callable

from textual.containers import VerticalScroll
from textual.screen import ModalScreen


class Sheet(ModalScreen[None]):
    """Has one ``VerticalScroll``, which the keys of the scope ``sheet`` move."""

    def action_scroll(self, way: str) -> None:
        """Scroll by a line or a page, or to one of the ends."""
        text = self.query_one(VerticalScroll)
        ways: dict[str, Callable[..., None]] = {
            "down": text.scroll_down,
            "up": text.scroll_up,
            "home": text.scroll_home,
            "end": text.scroll_end,
            "page_down": text.scroll_page_down,
            "page_up": text.scroll_page_up,
        }
        ways[way](animate=False)
