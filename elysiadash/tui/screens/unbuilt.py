"""Optimize as far as it is there: what is known, and what one can do."""

from __future__ import annotations

from collections.abc import Iterable

from textual.widget import Widget

from elysiadash.tui import numbers
from elysiadash.tui.freshness import Freshness
from elysiadash.tui.screens.live import LiveScreen
from elysiadash.tui.widgets.empty_note import EmptyNote


class NoteScreen(LiveScreen):
    """A main screen without rows: a title and lines that are true now."""

    # The only thing that could take the focus is the line for typing, and that is hidden.
    AUTO_FOCUS = ""
    NAME = ""
    TITLE_WORDS = ""

    def body(self) -> Iterable[Widget]:
        """The words, in the middle."""
        note = EmptyNote()
        note.display = True
        yield note

    def crumb(self) -> str:
        """Where one is."""
        return self.NAME.capitalize()

    def link(self) -> str:
        """The command that leads here."""
        return self.NAME

    def facts_changed(self, fresh: Freshness) -> None:
        """What is said may have changed."""
        if self.frozen_at is None:
            self.query_one(EmptyNote).say(self.TITLE_WORDS, self.lines())

    def lines(self) -> list[str]:
        """What is said under the title."""
        return []

    def focus_body(self) -> None:
        """Keys are this screen's own."""
        self.set_focus(None)

    def arrive(self) -> None:
        """Nothing here takes the focus, which would bring the keys up to date."""
        super().arrive()
        self.refresh_bindings()


class OptimizeScreen(NoteScreen):
    """Optimizations: none are planned yet."""

    NAME = "optimize"
    TITLE_WORDS = "No plan"

    def lines(self) -> list[str]:
        """What is known that a plan would begin with."""
        rows = self.dash.rows
        plain_vectors = sum(row.compression == "none" for row in rows)
        lopsided = sum(bool(row.replica_gap) for row in rows)
        queued = sum(bool(row.vector_queue) for row in rows)
        return [
            "This release plans no optimizations yet; nothing was analysed or changed.",
            "",
            f"What is known of {_many(len(rows), 'collection')}:",
            f"  without compression: {numbers.count(plain_vectors)}",
            f"  with a vector queue: {numbers.count(queued)}",
            f"  with replicas that differ in flushed objects: {numbers.count(lopsided)}",
            "",
            "1, then o and a letter sorts the collections by size, queue or tombstones",
            "elysiadash stats --json: the same for programs",
        ]


def _many(count: int, one: str) -> str:
    return f"{numbers.count(count)} {one}{'' if count == 1 else 's'}"
