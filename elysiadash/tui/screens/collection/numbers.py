"""Everything known of the collection: findings, numbers with source and age, aliases."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

from elysiadash.tui.collection_facts import (
    FIELDS,
    Fact,
    FactColumns,
    SameFact,
    facts_of,
    is_title,
)
from elysiadash.tui.filtering import Fields
from elysiadash.tui.freshness import Freshness
from elysiadash.tui.screens.collection.list_pane import ListPane
from elysiadash.tui.screens.collection.look import Look
from elysiadash.tui.widgets.lines import Piece
from elysiadash.tui.widgets.table import Column, Succession

if TYPE_CHECKING:
    from elysiadash.tui.description import Section


class NumbersPane(ListPane[Fact]):
    """One line for each value, also for those that are not known."""

    NAME = "numbers"
    THINGS = ("line", "lines")

    def __init__(self) -> None:
        super().__init__()
        self._columns = FactColumns()
        self._follows = SameFact()

    def columns(self) -> Sequence[Column[Fact]]:
        """Value, where from, how old."""
        return self._columns.columns

    def row_key(self, row: Fact) -> Hashable:
        """What the line is about."""
        return row.key

    def succession(self) -> Succession[Fact]:
        """Lines are called what they say."""
        return self._follows

    def fields(self) -> Fields[Fact]:
        """Words of a line."""
        return FIELDS

    def name_of(self, row: Fact) -> str:
        """As the line has it."""
        return row.what

    def as_data(self, row: Fact) -> dict[str, object]:
        """The line, and whose number it is; ``at`` is the wall clock of the answer."""
        line = {"what": row.what, "value": row.value, "words": row.words, "at": row.at}
        return {"collection": self.owner, "key": row.key, **line, "series": row.series}

    def describe(self, row: Fact) -> Sequence[Section]:
        """The line in full, and what such a number means."""
        from elysiadash.tui.stats_description import describe_fact

        return describe_fact(self.owner, row, self.now)

    def line_of(self, row: Fact) -> str:
        """The whole of what the line has no room for."""
        if is_title(row):
            return ""
        return ": ".join(part for part in (row.what, row.value, row.words) if part)

    def why_no_rows(self) -> str:
        """Nothing answered."""
        return "nothing is known of this collection yet"

    def notes(self) -> list[Piece]:
        """The findings of this collection, instead of how many lines there are."""
        look = self.look
        if look is None or self.chips():
            return self.chips()
        many = sum(finding.collection == look.collection for finding in look.findings)
        if not many:
            unseen = ("no findings yet: its shards were not looked at", "$health-unknown")
            return ["no findings" if look.report is not None else unseen]
        return [(f"{many} finding{'s' if many > 1 else ''}", "bold $health-warn")]

    async def pull(self, look: Look) -> None:
        """The lines of this moment."""
        if look is not self.look and look.row is not None:
            self._columns.now = look.at
            facts = facts_of(self.dash.watched, look.row, look.findings, look.at)
            self._follows.note(facts)
            self.table.set_rows(facts)
        await super().pull(look)
        self.say_empty()
        self.tell()

    def facts_changed(self, fresh: Freshness) -> None:
        """Ages move on."""
        super().facts_changed(fresh)
        now = self.now
        if now != self._columns.now:
            self._columns.now = now
            self.table.refresh_values()
