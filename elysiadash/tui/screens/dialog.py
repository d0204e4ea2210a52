"""A dialog over a list that is a list itself: title, rows, and the keys that work."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Generic, cast

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen, ScreenResultType
from textual.widgets import Static

from elysiadash.tui.actions import BY_ID
from elysiadash.tui.actions.binding import bindings
from elysiadash.tui.keymap import shown
from elysiadash.tui.plain import plain
from elysiadash.tui.widgets.table import VirtualTable

if TYPE_CHECKING:
    from elysiadash.tui.app import ElysiadashApp


def key_words(app: App[Any], actions: Iterable[tuple[str, str]]) -> str:
    """``c copies  esc closes``: the first key of each action that has one, and what it does."""
    keymap = cast("ElysiadashApp", app).keymap
    words = []
    for name, does in actions:
        keys = keymap.keys(BY_ID[name])
        if keys:
            words.append(f"{_short(shown(keys[0]))} {does}")
    return "  ".join(words)


def _short(key: str) -> str:
    return {"escape": "esc"}.get(key, key)


class ListDialog(ModalScreen[ScreenResultType], Generic[ScreenResultType]):
    """Subclasses give the table and what its keys do."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("dialog")]
    DEFAULT_CSS = """
    ListDialog { align: center middle; background: $background 60%; }
    ListDialog #dialog {
        width: 96%; max-width: 90; height: 96%;
        padding: 0 1; background: $surface; border: round $primary;
    }
    ListDialog #title, ListDialog #keys { height: auto; width: 100%; }
    ListDialog #title { text-style: bold; }
    ListDialog #keys { color: $health-unknown; }
    """

    def make_list(self) -> VirtualTable[Any]:
        """The rows; called once."""
        raise NotImplementedError

    def title_words(self) -> str:
        """What the dialog is about."""
        raise NotImplementedError

    def keys(self) -> Iterable[tuple[str, str]]:
        """Actions and what their keys do, for the last line."""
        return ()

    def compose(self) -> ComposeResult:
        """Title, list and keys."""
        with Vertical(id="dialog") as dialog:
            self.rows_list = self.make_list()
            yield Static(Content(plain(self.title_words())), id="title", markup=False)
            yield self.rows_list
            yield Static(Content(key_words(self.app, self.keys())), id="keys", markup=False)
        # No higher than its rows, with titles, border, and two lines above and below.
        dialog.styles.max_height = self.rows_list.model.total + 7

    def on_mount(self) -> None:
        """The list has the keys."""
        self.rows_list.focus()

    def action_close(self) -> None:
        """Back to the list below, once, with nothing changed."""
        self.end(None)

    def end(self, result: ScreenResultType | None) -> None:
        """Close with a result. A second key can come before the first has taken us away."""
        if self.is_active:
            self.dismiss(result)
