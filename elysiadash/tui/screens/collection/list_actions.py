"""Actions on the list that has the keys, on a screen of several panes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from textual import on

from elysiadash.tui.commands import last_word
from elysiadash.tui.screens.collection.list_pane import ListPane
from elysiadash.tui.screens.live import LiveScreen
from elysiadash.tui.screens.sort_choice import SortChoice
from elysiadash.tui.widgets.prompt import FILTER, Prompt

_OF_LISTS = frozenset({"filter", "sort", "reverse"})


class ListActions(LiveScreen):
    """Subclasses say which pane has the keys; what means nothing to it is not offered."""

    def __init__(self) -> None:
        super().__init__()
        self._filter_before = ""

    @property
    def list_pane(self) -> ListPane[Any] | None:
        """The pane that has the keys, where it is a list."""
        raise NotImplementedError

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that mean nothing to this pane are not offered."""
        if not super().check_action(action, parameters):
            return False
        if action in _OF_LISTS:
            return self._lists_for(action)
        return action != "problems" or self._finds_problems()

    def _lists_for(self, action: str) -> bool:
        pane = self.list_pane
        return pane is not None and (action == "filter" or bool(pane.sortable()))

    def _finds_problems(self) -> bool:
        pane = self.list_pane
        return pane is not None and pane.FINDS_PROBLEMS

    def action_problems(self) -> None:
        """Only rows with a problem, or all."""
        pane = self.list_pane
        if pane is None or not pane.FINDS_PROBLEMS:
            self.mean_nothing("problems are of the pane shards")
            return
        pane.show_problems_only(not pane.table.status.problems_only)
        self.tell_crumbs()

    def action_filter(self) -> None:
        """Type a filter; it works while typing."""
        pane = self.list_pane
        if pane is None:
            self.mean_nothing("charts are not filtered")
            return
        self._filter_before = pane.filter_text
        names = [f"{name}:" for name in pane.fields().by_name]
        self.open_prompt(FILTER, pane.filter_text, complete=lambda line: last_word(line, names))

    def take_filter(self, line: str) -> str | None:
        """Filter the list by this line; returns what is wrong with it."""
        pane = self.list_pane
        if pane is None:
            return "charts are not filtered"
        fault = pane.take_filter(line)
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

    def action_sort(self) -> None:
        """Ask for the column."""
        pane = self.list_pane
        if pane is None or not pane.sortable():
            self.mean_nothing("shards and tenants can be sorted")
            return
        columns = pane.sortable()
        letters = {column.letter: column.key for column in columns if column.letter}
        titles = {column.key: column.title for column in columns}
        self.app.push_screen(SortChoice(letters, titles), self._sort)

    def _sort(self, column: str | None) -> None:
        pane = self.list_pane
        if column is not None and pane is not None:
            pane.table.sort_by(column)

    def take_sort(self, words: str) -> str | None:
        """Sort by a column's title or key."""
        pane, wanted = self.list_pane, words.casefold()
        columns = pane.sortable() if pane is not None else []
        if pane is None or not columns:
            return "shards and tenants can be sorted, this pane cannot"
        for column in columns:
            named = column.title.casefold().startswith(wanted) or column.key.casefold() == wanted
            if named and pane.table.sort_by(column.key):
                return None
        return f"no column {words!r}; there are {', '.join(column.title for column in columns)}"

    def offer_sort(self) -> Iterable[str]:
        """Titles of the columns."""
        pane = self.list_pane
        return [column.title for column in pane.sortable()] if pane is not None else []

    def action_reverse(self) -> None:
        """Turn the order around."""
        pane = self.list_pane
        sort = pane.table.sort if pane is not None else None
        if pane is not None and sort is not None:
            pane.table.sort_by(sort.column, not sort.descending)

    def mean_nothing(self, words: str) -> None:
        """Say that the pane has no use for the key."""
        self.status.flash(f"{words}; tab goes to the next pane", 3.0)
