"""What leaves a list: its rows described, as JSON, copied, exported; and which columns it has."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Generic

from elysiadash.tui.screens.live import LiveScreen
from elysiadash.tui.widgets.prompt import Prompt
from elysiadash.tui.widgets.table import Column, VirtualTable, words_of
from elysiadash.tui.widgets.table.cells import RowT

if TYPE_CHECKING:
    from elysiadash.tui.description import Section
    from elysiadash.tui.leaving.copying import Copyable
    from elysiadash.tui.screens.row_sheet import RowSheet

_FILE = "file: "
"""What stands before a file name that is being typed."""
_TOLD_S = 12.0
"""Seconds that words stay which have to be read to the end."""
_PART_S = 4.0
_EXPORTING = "exporting the list"
_NO_ROW = "no row under the cursor: move to choose one"


class ListOut(LiveScreen, Generic[RowT]):
    """The half of a list's screen that hands its rows on."""

    NAME: ClassVar[str] = ""
    """Under which the chosen columns are kept."""
    THINGS: ClassVar[tuple[str, str]] = ("row", "rows")
    """What the rows are called: one and many."""

    def __init__(self) -> None:
        super().__init__()
        self.table: VirtualTable[RowT]
        """The list; made when the app is there."""
        self._filter = ""
        self._sheet: RowSheet | None = None

    # What a subclass gives

    def row_key(self, row: RowT) -> Hashable:
        """What a row is, whatever line it stands on."""
        raise NotImplementedError

    def as_data(self, row: RowT) -> dict[str, object]:
        """The row as JSON: names and values that a program can use."""
        raise NotImplementedError

    def requests(self, row: RowT) -> dict[str, str]:
        """The same question to the server, in words for a shell: ``curl``, ``weaviate-cli``."""
        return {}

    def name_of(self, row: RowT) -> str:
        """What the row is called."""
        return words_of(self.row_key(row))

    def describe(self, row: RowT) -> Sequence[Section]:
        """Everything known of the row, for people."""
        from elysiadash.tui import description

        columns = self.table.model.columns.values()
        return (
            *description.of_columns(row, columns, self.as_data(row)),
            *description.of_requests(self.requests(row)),
        )

    @property
    def filter_text(self) -> str:
        """The filter in use, as it was typed."""
        return self._filter

    def prompt_accepted(self, mark: str, text: str) -> None:
        """A file name was entered."""
        if mark == _FILE:
            typed = partial(self._export_typed, text)
            self.dash.run_guarded(typed, _EXPORTING, group="export", of=self)

    def renew_sheet(self) -> None:
        """Let a sheet over the list say what is known now."""
        if self._sheet is not None and self._sheet.is_active:
            self._sheet.renew()

    # Columns

    def action_columns(self) -> None:
        """Choose and order the columns."""
        from elysiadash.tui.screens.column_choice import ColumnChoice

        columns = tuple(self.table.model.columns.values())
        chosen = self.table.visible_columns if self.table.view.by_choice else ()
        self.app.push_screen(ColumnChoice(columns, chosen), self._columns_chosen)

    async def _columns_chosen(self, keys: tuple[str, ...] | None) -> None:
        if keys is not None:
            await self._keep_columns(keys)

    async def take_columns(self, words: str) -> str | None:
        """``:columns objects,health``; ``:columns usual`` goes back."""
        columns = list(self.table.model.columns.values())
        if words.casefold() == "usual":
            await self._keep_columns(())
            return None
        chosen = [columns[0].key]
        for word in filter(None, (part.strip() for part in words.split(","))):
            found = named_column(columns, word)
            if found is None:
                known = ", ".join(column.key for column in columns)
                return f"no column {word!r}; there are {known}, or usual"
            if found.key not in chosen:
                chosen.append(found.key)
        await self._keep_columns(tuple(chosen))
        return None

    def offer_columns(self) -> Iterable[str]:
        """All columns as they are, to be changed; and back to the usual."""
        return ["usual", ",".join(self.table.visible_columns), *self.table.model.columns]

    def _use_columns(self, keys: Iterable[str]) -> None:
        """Show these, as far as they exist, with the first one first."""
        columns = self.table.model.columns
        known = [key for key in keys if key in columns]
        first = next(iter(columns))
        self.table.show_columns([first, *(key for key in known if key != first)] if known else ())

    async def _keep_columns(self, keys: tuple[str, ...]) -> None:
        self._use_columns(keys)
        fault = await asyncio.to_thread(self.dash.kept.keep_columns, self.NAME, keys)
        many = f"{len(keys)} columns" if keys else "columns as usual"
        how = "kept for the next time" if self.dash.kept.lasts else "for this run only"
        self.status.flash(fault or f"{many}, {how}", _TOLD_S if fault else 3.0)

    # Leaving the screen

    def action_describe(self) -> None:
        """Everything known of the row under the cursor."""
        from elysiadash.tui.screens.row_sheet import Description

        self._open_sheet(Description)

    def action_json(self) -> None:
        """The row under the cursor as JSON."""
        from elysiadash.tui.screens.row_sheet import JsonSheet

        self._open_sheet(JsonSheet)

    def _open_sheet(self, kind: type[RowSheet]) -> None:
        row = self.table.current()
        if row is None:
            self.status.flash(_NO_ROW, 3.0)
            return
        self._sheet = kind(self, self.row_key(row), row)
        self.app.push_screen(self._sheet)

    def action_copy(self) -> None:
        """Choose what to copy."""
        from elysiadash.tui.screens.copy_choice import CopyChoice

        rows, of = self._rows_to_copy()
        if rows:
            self.app.push_screen(CopyChoice(of, self._copyables(rows)), self._copy)

    def take_copy(self, what: str) -> str | None:
        """``:copy json``, ``:copy curl``, ``:copy objects``: something by its name."""
        rows, _ = self._rows_to_copy()
        if not rows:
            return "no row under the cursor, and none is marked"
        found = self._copyables(rows)
        wanted = what.casefold().removeprefix("cell ").strip()
        for each in found:
            titles = (each.name.casefold(), each.title.casefold().removeprefix("cell: "))
            if wanted in titles:
                self._copy(each)
                return None
        return f"no {what!r} to copy; there are {', '.join(each.name for each in found)}"

    def offer_copy(self) -> Iterable[str]:
        """What can be copied."""
        rows, _ = self._rows_to_copy()
        return [each.name for each in self._copyables(rows)] if rows else ()

    def _rows_to_copy(self) -> tuple[list[RowT], str]:
        """The marked rows, else the one under the cursor; and what they are, in words."""
        from elysiadash.tui.leaving.copying import marked_words

        marked = self.table.marked
        keys = (*marked.shown, *marked.hidden)
        rows = [row for key in keys if (row := self.table.row(key)) is not None]
        if rows:
            hidden = [self.name_of(row) for row in rows[len(marked.shown) :]]
            return rows, marked_words(len(rows), self.THINGS, hidden)
        current = self.table.current()
        if current is None:
            self.status.flash(_NO_ROW, 3.0)
            return [], ""
        return [current], self.name_of(current)

    def _copyables(self, rows: Sequence[RowT]) -> tuple[Copyable, ...]:
        from elysiadash.tui.leaving.copying import copyables

        return copyables(rows, self.table.view.columns, self.as_data, self.requests)

    def _copy(self, chosen: Copyable | None) -> None:
        from elysiadash.tui.leaving.clipboard import send, terminal_environment

        if chosen is not None:
            self.tell(*send(self.app, chosen.title, chosen.text, terminal_environment()))

    def tell(self, *parts: str) -> None:
        """Say this; what does not fit into the line beside the rest comes after it."""
        words = "; ".join(parts)
        if len(parts) > 1 and len(words) >= self.status.size.width:
            self.status.flash(parts[0], _PART_S)
            self.set_timer(_PART_S, lambda: self.tell(*parts[1:]))
        else:
            self.status.flash(words, _TOLD_S)

    def action_export(self) -> None:
        """Type the file to write to."""
        from elysiadash.tui.leaving.exporting import other_endings, usual_name

        watch = self.dash.watched
        name = usual_name(
            self.NAME or "list", watch.profile.name, watch.store.clock(), demo=self.dash.demo
        )
        self.open_prompt(_FILE, name, complete=other_endings)

    async def take_export(self, text: str) -> str | None:
        """Write to a file by its name; returns what is wrong with that."""
        from elysiadash.tui.leaving.exporting import file_for

        path = await file_for(text)
        if isinstance(path, str):
            return path
        writing = partial(self._export, path)
        self.dash.run_guarded(writing, _EXPORTING, group="export", of=self)
        return None

    async def _export_typed(self, text: str) -> None:
        fault = await self.take_export(text)
        if fault is None:
            self.close_prompt()
        else:
            self.query_one(Prompt).fault(fault)

    async def _export(self, path: Path) -> None:
        from elysiadash.tui.leaving.exporting import export

        # A picture is to show the list, not the line in which its name was typed.
        painted = asyncio.Event()
        self.call_after_refresh(painted.set)
        await painted.wait()
        self.tell(*await export(self, path))


def named_column(columns: Sequence[Column[RowT]], words: str) -> Column[RowT] | None:
    """The column of that key or title; else the first whose title starts so."""
    wanted = words.casefold()
    exact = [each for each in columns if wanted in (each.key.casefold(), each.title.casefold())]
    alike = [each for each in columns if each.title.casefold().startswith(wanted)]
    return next(iter([*exact, *alike]), None)
