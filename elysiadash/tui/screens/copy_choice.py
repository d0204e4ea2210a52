"""What to copy of the row under the cursor, or of the marked rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on
from textual.binding import BindingType

from elysiadash.tui import numbers
from elysiadash.tui.actions import BY_ID
from elysiadash.tui.actions.binding import bindings
from elysiadash.tui.keymap import shown
from elysiadash.tui.leaving.copying import CLI, CURL, JSON, ROW, Copyable
from elysiadash.tui.plain import plain
from elysiadash.tui.screens.dialog import ListDialog
from elysiadash.tui.widgets.table import Cell, Column, VirtualTable

if TYPE_CHECKING:
    from elysiadash.tui.app import ElysiadashApp

_ACTIONS = {ROW: "copy.row", JSON: "copy.json", CURL: "copy.curl", CLI: "copy.cli"}


class CopyChoice(ListDialog[Copyable | None]):
    """Ends with what is to be copied; ``of`` says of what rows."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("copy")]

    def __init__(self, of: str, found: Sequence[Copyable]) -> None:
        super().__init__()
        self._of = of
        self._found = {each.name: each for each in found}

    def title_words(self) -> str:
        """Of what."""
        return f"copy of {self._of}"

    def keys(self) -> Iterable[tuple[str, str]]:
        """Choose or leave."""
        return (("table.select", "copies"), ("dialog.close", "cancels"))

    def make_list(self) -> VirtualTable[Copyable]:
        """One line for each thing that can be copied."""
        columns = (
            Column[Copyable]("key", "", self._key, 3, priority=9),
            Column[Copyable]("what", "What", lambda each: Cell(each.title), (18, 32), priority=8),
            Column[Copyable]("size", "Size", _size, (6, 8), "right", 7),
            Column[Copyable](
                "text", "Text", lambda each: Cell(plain(each.preview), "muted"), (10, 400)
            ),
        )
        table = VirtualTable[Copyable](columns, lambda each: each.name, settle_seconds=0.0)
        table.set_rows(tuple(self._found.values()))
        return table

    def _key(self, each: Copyable) -> Cell:
        action = _ACTIONS.get(each.name)
        keymap = cast("ElysiadashApp", self.app).keymap
        keys = keymap.keys(BY_ID[action]) if action else ()
        return Cell(shown(keys[0]) if keys else "", "accent")

    def action_take(self, name: str) -> None:
        """Copy this."""
        found = self._found.get(name)
        if found is None:
            self.app.bell()
        else:
            self.end(found)

    @on(VirtualTable.RowSelected)
    def _on_selected(self, event: VirtualTable.RowSelected) -> None:
        event.stop()
        self.action_take(str(event.key))


def _size(each: Any) -> Cell:
    return Cell(numbers.size(len(each.text.encode("utf-8", "replace"))), "muted")
