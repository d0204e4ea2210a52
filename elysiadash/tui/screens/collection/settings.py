"""The settings of the collection, from its definition in the schema."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from elysiadash.tui.collection_settings import COLUMNS, FIELDS, Setting, settings_of
from elysiadash.tui.filtering import Fields
from elysiadash.tui.freshness import Freshness
from elysiadash.tui.numbers import span
from elysiadash.tui.screens.collection.list_pane import ListPane
from elysiadash.tui.screens.collection.look import Look
from elysiadash.tui.widgets.lines import Piece
from elysiadash.tui.widgets.table import Column
from elysiadash.weaviate.models import CollectionDefinition


class SettingsPane(ListPane[Setting]):
    """Index, compression, replication, sharding, tenants, modules and properties."""

    NAME = "settings"
    THINGS = ("setting", "settings")

    def __init__(self) -> None:
        super().__init__()
        self._definition: CollectionDefinition | None = None

    def columns(self) -> Sequence[Column[Setting]]:
        """Value, meaning, and place in the definition."""
        return COLUMNS

    def row_key(self, row: Setting) -> Hashable:
        """A setting is its place in the definition."""
        return row.key

    def fields(self) -> Fields[Setting]:
        """Words of a line."""
        return FIELDS

    def name_of(self, row: Setting) -> str:
        """As the line has it."""
        return row.what

    def as_data(self, row: Setting) -> dict[str, object]:
        """The line, and whose setting it is."""
        line = {"what": row.what, "value": row.value, "note": row.note, "path": row.path}
        return {"collection": self.owner, **line}

    def requests(self, row: Setting) -> dict[str, str]:
        """How the definition is asked for."""
        from elysiadash.tui.requests import of_collection

        look = self.look
        return {} if look is None else of_collection(self.dash.watched.profile, look.collection)

    def line_of(self, row: Setting) -> str:
        """The whole of what the line has no room for."""
        if row.is_title:
            return ""
        said = ": ".join(part for part in (row.what, row.value) if part)
        return said + "".join(f" · {part}" for part in (row.note, row.path) if part)

    def why_no_rows(self) -> str:
        """No schema, or this collection is not in it."""
        if self.look is None or self.look.schema_at is None:
            return "the schema was not answered yet"
        return "the schema that was answered does not have this collection"

    def notes(self) -> list[Piece]:
        """Where it comes from, and how old it is."""
        at = self.look.schema_at if self.look is not None else None
        if at is None or self.chips():
            return self.chips()
        return [f"GET /v1/schema, {span(self.now - at)} ago"]

    async def pull(self, look: Look) -> None:
        """The newest definition."""
        await super().pull(look)
        if look.definition is not None and look.definition != self._definition:
            self._definition = look.definition
            self.table.set_rows(settings_of(look.definition))
        self.say_empty()
        self.tell()

    def facts_changed(self, fresh: Freshness) -> None:
        """The definition's age."""
        super().facts_changed(fresh)
        self.tell()
