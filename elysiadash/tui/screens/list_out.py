"""What leaves the list that has the keys: its rows described, as JSON, copied, exported."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.errors import NoWidget

from elysiadash.tui.screens.live import LiveScreen
from elysiadash.tui.screens.row_list import RowList
from elysiadash.tui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from elysiadash.tui.leaving.copying import Copyable
    from elysiadash.tui.screens.row_sheet import RowSheet

_FILE = "file: "
"""What stands before a file name that is being typed."""
_TOLD_S = 12.0
"""Seconds that words stay which have to be read to the end."""
_PART_S = 4.0
_PAINTS = 20
"""How often the screen is waited for until the line for typing has left it."""
_EXPORTING = "exporting the list"
_NO_ROW = "no row under the cursor: move to choose one"


class ListOut(LiveScreen):
    """The half of the actions on a list that hands its rows on."""

    def __init__(self) -> None:
        super().__init__()
        self._sheet: RowSheet | None = None

    @property
    def the_list(self) -> RowList[Any] | None:
        """The list that has the keys; None where what has them is no list."""
        raise NotImplementedError

    def why_not(self, does: str) -> str:
        """Why an action of lists, by its method, means nothing here; "" where it does."""
        found = self.the_list
        if found is None:
            return "there is no list here"
        return "" if found.can(does) else f"this means nothing to {found.THINGS[1]}"

    def refuses(self, does: str) -> bool:
        """Whether an action means nothing here; then that is said."""
        why = self.why_not(does)
        if why:
            self.status.flash(why, 3.0)
        return bool(why)

    def export_name(self) -> str:
        """How the name of an exported file begins."""
        found = self.the_list
        return (found.NAME if found is not None else "") or "list"

    def prompt_accepted(self, mark: str, text: str) -> None:
        """A file name was entered."""
        if mark == _FILE:
            typed = partial(self._export_typed, text)
            self.dash.run_guarded(typed, _EXPORTING, group="export", of=self)

    def renew_sheet(self) -> None:
        """Let a sheet over the list say what is known now."""
        if self._sheet is not None and self._sheet.is_active:
            self._sheet.renew()

    def action_describe(self) -> None:
        """Everything known of the row under the cursor."""
        from elysiadash.tui.screens.row_sheet import Description

        if not self.refuses("describe"):
            self._open_sheet(Description)

    def action_json(self) -> None:
        """The row under the cursor as JSON."""
        from elysiadash.tui.screens.row_sheet import JsonSheet

        if not self.refuses("json"):
            self._open_sheet(JsonSheet)

    def _open_sheet(self, kind: type[RowSheet]) -> None:
        found = self.the_list
        row = found.table.current() if found is not None else None
        if found is None or row is None:
            self.status.flash(_NO_ROW, 3.0)
            return
        self._sheet = kind(found, found.row_key(row), row)
        self.app.push_screen(self._sheet)

    # Copying

    def action_copy(self) -> None:
        """Choose what to copy."""
        from elysiadash.tui.screens.copy_choice import CopyChoice

        if self.refuses("copy"):
            return
        found, of = self._copyables()
        if found:
            self.app.push_screen(CopyChoice(of, found), self._copy)
        else:
            self.status.flash(_NO_ROW, 3.0)

    def take_copy(self, what: str) -> str | None:
        """``:copy json``, ``:copy curl``, ``:copy objects``: something by its name."""
        why = self.why_not("copy")
        if why:
            return why
        found, _ = self._copyables()
        if not found:
            return "no row under the cursor, and none is marked"
        wanted = what.casefold().removeprefix("cell ").strip()
        for each in found:
            titles = (each.name.casefold(), each.title.casefold().removeprefix("cell: "))
            if wanted in titles:
                self._copy(each)
                return None
        return f"no {what!r} to copy; there are {', '.join(each.name for each in found)}"

    def offer_copy(self) -> Iterable[str]:
        """What can be copied."""
        return [each.name for each in self._copyables()[0]]

    def _copyables(self) -> tuple[Sequence[Copyable], str]:
        """What there is of the marked rows, else of the one under the cursor; and what they are."""
        from elysiadash.tui.leaving.copying import copyables

        found = self.the_list
        rows, of = _rows_to_copy(found) if found is not None else ([], "")
        if found is None or not rows:
            return (), ""
        return copyables(rows, found.table.view.columns, found.as_data, found.requests), of

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

    # Files

    def action_export(self) -> None:
        """Type the file to write to."""
        from elysiadash.tui.leaving.exporting import PICTURE, other_endings, usual_name

        watch, has_rows = self.dash.watched, self.the_list is not None
        name = usual_name(
            self.export_name(), watch.profile.name, watch.store.clock(), demo=self.dash.demo
        )
        if has_rows:
            self.open_prompt(_FILE, name, complete=other_endings)
        else:
            self.open_prompt(_FILE, str(Path(name).with_suffix(PICTURE)))

    async def take_export(self, text: str) -> str | None:
        """Write to a file by its name; returns what is wrong with that."""
        from elysiadash.tui.leaving.exporting import PICTURE, file_for

        path = await file_for(text)
        if isinstance(path, str):
            return path
        if self.the_list is None and path.suffix.lower() != PICTURE:
            return f"there are no rows here: a picture, {PICTURE}, can be written"
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
        for _ in range(_PAINTS):
            painted = asyncio.Event()
            self.call_after_refresh(painted.set)
            await painted.wait()
            if not self._shows_prompt():
                break
        self.tell(*await export(self.dash, self.the_list, path))

    def _shows_prompt(self) -> bool:
        """Whether the line for typing still has its place on the screen."""
        try:
            self.find_widget(self.query_one(Prompt))
        except NoWidget:
            return False
        return True


def _rows_to_copy(found: RowList[Any]) -> tuple[list[Any], str]:
    """The marked rows, else the one under the cursor; and what they are, in words."""
    from elysiadash.tui.leaving.copying import marked_words

    marked = found.table.marked
    keys = (*marked.shown, *marked.hidden)
    rows = [row for key in keys if (row := found.table.row(key)) is not None]
    if rows:
        hidden = [found.name_of(row) for row in rows[len(marked.shown) :]]
        return rows, marked_words(len(rows), found.THINGS, hidden)
    current = found.table.current()
    return ([], "") if current is None else ([current], found.name_of(current))
