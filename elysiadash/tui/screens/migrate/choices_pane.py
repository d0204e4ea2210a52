"""Steps 2 and 3 as lists: the choices, with what is recommended above them."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from elysiadash.tui.emptiness import Note
from elysiadash.tui.screens.migrate.settings import Setting, SettingsPane
from elysiadash.tui.widgets.about import Words


class ChoicesPane(SettingsPane):
    """Settings of which enter changes one."""

    def __init__(self, change: Callable[[Setting], Any]) -> None:
        super().__init__()
        self._change = change
        self.said: list[Words] = []

    async def open_row(self, key: Hashable) -> None:
        """Change the setting under the cursor."""
        row = self.table.row(key)
        if row is not None:
            await self._change(row)

    def lines(self) -> list[Words]:
        """The recommendation."""
        return self.said

    def why_empty(self) -> Note | None:
        """Nothing yet."""
        return "Reading the draft", []


class WherePane(ChoicesPane):
    """Step 2."""

    NAME = "where"
    NUMBER = "2"


class HowPane(ChoicesPane):
    """Step 3."""

    NAME = "how"
    NUMBER = "3"
