"""The actions of the scope ``list``: they work on the list that has the keys."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from textual import events, on
from textual.binding import BindingType

from elysiadash.tui.actions import of_scopes
from elysiadash.tui.actions.binding import bindings
from elysiadash.tui.commands import last_word
from elysiadash.tui.screens.list_out import ListOut
from elysiadash.tui.screens.row_list import RowList, named_column
from elysiadash.tui.screens.sort_choice import SortChoice
from elysiadash.tui.widgets.prompt import FILTER, Prompt

_OF_LISTS = {action.id: action for action in of_scopes("list")}
_METHODS = frozenset(action.method for action in _OF_LISTS.values())


class ListActions(ListOut):
    """Subclasses say which list has the keys; what means nothing to it is not offered."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("list")]
    SCOPES: ClassVar[tuple[str, ...]] = ("app", "screen", "list")

    def __init__(self) -> None:
        super().__init__()
        self._filter_before = ""

    @property
    def lists(self) -> Iterable[RowList[Any]]:
        """Every list of the screen."""
        found = self.the_list
        return () if found is None else (found,)

    def on_screen_suspend(self) -> None:
        """Under a sheet or a dialog values go on, the order waits."""
        for each in self.lists:
            each.table.covered = True

    def on_screen_resume(self) -> None:
        """The order goes on."""
        if self.is_mounted:
            for each in self.lists:
                each.table.covered = False

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What means nothing to this list is not offered."""
        if not super().check_action(action, parameters):
            return False
        return action not in _METHODS or not self.why_not(action)

    def on_key(self, event: events.Key) -> None:
        """A key that is not offered says why."""
        if any(prompt.display for prompt in self.query(Prompt)):
            return
        for action in _OF_LISTS.values():
            if event.key in self.dash.keymap.keys(action) and self.refuses(action.method):
                event.stop()

    # Filter

    def action_filter(self) -> None:
        """Type a filter; it works while typing."""
        found = self.the_list
        if self.refuses("filter") or found is None:
            return
        self._filter_before = found.filter_text
        names = [f"{name}:" for name in found.fields().by_name]
        self.open_prompt(FILTER, found.filter_text, complete=lambda line: last_word(line, names))

    def take_filter(self, line: str) -> str | None:
        """Filter the list by this line; returns what is wrong with it."""
        found, why = self.the_list, self.why_not("filter")
        if why or found is None:
            return why
        fault = found.filter_by(line)
        self.tell_crumbs()
        return fault

    @on(Prompt.Changed)
    def _on_prompt_changed(self, event: Prompt.Changed) -> None:
        if event.mark == FILTER:
            event.stop()
            self.query_one(Prompt).fault(self.take_filter(event.text))

    def prompt_accepted(self, mark: str, text: str) -> None:
        """Enter keeps the filter, if it can be read; else the one there was stays in use."""
        if mark != FILTER:
            super().prompt_accepted(mark, text)
            return
        fault = self.take_filter(text)
        if fault is None:
            self.close_prompt()
        else:
            self.take_filter(self._filter_before)
            self.query_one(Prompt).fault(fault)

    @on(Prompt.GivenUp)
    def _on_prompt_given_up(self) -> None:
        """Escape goes back to the filter there was."""
        if self.query_one(Prompt).mark == FILTER:
            self.take_filter(self._filter_before)

    def action_clear(self) -> None:
        """Clear the filter, then "problems only", then the marks; else back."""
        found = self.the_list
        if found is not None and found.clear():
            self.tell_crumbs()
        else:
            super().action_clear()

    def action_problems(self) -> None:
        """Only rows with a problem, or all."""
        found = self.the_list
        if self.refuses("problems") or found is None:
            return
        found.show_problems_only(not found.table.status.problems_only)
        self.tell_crumbs()

    def action_seek(self, way: int) -> None:
        """The next row of the filter; without one, the next problem."""
        found = self.the_list
        if self.refuses("seek") or found is None:
            return
        filtered = found.keeps() is not None
        if not filtered and not found.FINDS_PROBLEMS:
            self.status.flash("this goes through what a filter leaves: type one first", 3.0)
            return
        matches = (lambda _: True) if filtered else found.is_problem
        if not found.table.seek(matches, backwards=way < 0):
            words = "no other row" if filtered else f"no {found.THINGS[0]} with a problem"
            self.status.flash(words, 2.0)

    # Order

    def action_sort(self) -> None:
        """Ask for the column."""
        found = self.the_list
        if self.refuses("sort") or found is None:
            return
        columns = found.sortable()
        letters = {column.letter: column.key for column in columns if column.letter}
        titles = {column.key: column.title for column in columns}
        self.app.push_screen(SortChoice(letters, titles), self._sort)

    def _sort(self, column: str | None) -> None:
        found = self.the_list
        # A node whose column it was can have gone meanwhile.
        if found is not None and column in found.table.model.columns:
            found.table.sort_by(column)

    def take_sort(self, words: str) -> str | None:
        """Sort by a column's title or key."""
        found, why = self.the_list, self.why_not("sort")
        if why or found is None:
            return why
        columns = found.sortable()
        column = named_column(columns, words)
        if column is not None and found.table.sort_by(column.key):
            return None
        return f"no column {words!r}; there are {', '.join(each.title for each in columns)}"

    def offer_sort(self) -> Iterable[str]:
        """Titles of the columns."""
        found = self.the_list
        return [] if found is None else [each.title for each in found.sortable()]

    def action_reverse(self) -> None:
        """Turn the order around."""
        found = self.the_list
        if self.refuses("reverse") or found is None:
            return
        sort = found.table.sort
        if sort is not None:
            found.table.sort_by(sort.column, not sort.descending)

    # Columns

    def action_columns(self) -> None:
        """Choose and order the columns."""
        from elysiadash.tui.screens.column_choice import ColumnChoice

        found = self.the_list
        if self.refuses("columns") or found is None:
            return
        columns = tuple(found.table.model.columns.values())
        chosen = found.table.visible_columns if found.table.view.by_choice else ()
        self.app.push_screen(ColumnChoice(columns, chosen), self._columns_chosen)

    async def _columns_chosen(self, keys: tuple[str, ...] | None) -> None:
        found = self.the_list
        if keys is not None and found is not None:
            await self._keep_columns(found, keys)

    async def take_columns(self, words: str) -> str | None:
        """``:columns objects,health``; ``:columns usual`` goes back."""
        found, why = self.the_list, self.why_not("columns")
        if why or found is None:
            return why
        words = words.strip(" ,")
        if not words:
            return "which columns? Their names with commas between them, or usual"
        columns = list(found.table.model.columns.values())
        chosen: list[str] = []
        if words.casefold() != "usual":
            chosen.append(columns[0].key)
            for word in filter(None, (part.strip() for part in words.split(","))):
                column = named_column(columns, word)
                if column is None:
                    known = ", ".join(each.key for each in columns)
                    return f"no column {word!r}; there are {known}, or usual"
                if column.key not in chosen:
                    chosen.append(column.key)
        await self._keep_columns(found, chosen)
        return None

    def offer_columns(self) -> Iterable[str]:
        """All columns as they are, to be changed; and back to the usual."""
        found = self.the_list
        if found is None:
            return ()
        return ["usual", ",".join(found.table.visible_columns), *found.table.model.columns]

    async def _keep_columns(self, found: RowList[Any], keys: Sequence[str]) -> None:
        found.use_columns(keys)
        kept = self.dash.kept
        fault = await asyncio.to_thread(kept.keep_columns, found.NAME, tuple(keys))
        many = f"{len(keys)} column{'s' * (len(keys) != 1)}" if keys else "columns as usual"
        how = "kept for the next time" if kept.lasts else "for this run only"
        self.status.flash(fault or f"{many}, {how}", 12.0 if fault else 3.0)
