"""What is said of a row that left the list, and which row is about the same thing now."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Generic

from elysiadash.tui.widgets.table.cells import RowT, words_of


class Succession(Generic[RowT]):
    """Rows come and go by themselves. A list whose rows can take each other's place says so."""

    def name(self, key: Hashable) -> str:
        """What a row is called."""
        return words_of(key)

    def gone(self, key: Hashable) -> str:
        """That a row is not on the list any more, as a sentence without its end."""
        return f"{self.name(key)} is gone"

    def heir(self, key: Hashable, rows: Sequence[RowT]) -> Hashable | None:
        """The row that is about what ``key`` was about; None where there is none."""
        return None

    def followed(self, key: Hashable, heir: Hashable) -> str:
        """What is said once the cursor went from a row to its heir; "" where the heir says it."""
        return f"{self.gone(key)}; the cursor is on {self.name(heir)} now"
