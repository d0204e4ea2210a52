"""A step of the wizard or a view of a job: a few lines, and a list below them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, ClassVar, Generic, cast

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget

from elysiadash.tui.emptiness import Note
from elysiadash.tui.screens.row_list import RowList
from elysiadash.tui.widgets.about import About, Words
from elysiadash.tui.widgets.empty_note import EmptyNote
from elysiadash.tui.widgets.lines import Piece
from elysiadash.tui.widgets.table.cells import RowT

if TYPE_CHECKING:
    from elysiadash.tui.app import ElysiadashApp


class StepPane(RowList[RowT], Vertical, Generic[RowT]):
    """Subclasses give columns, identity, filter fields and rows; ``step`` is what is shown of it
    in the line of steps, by its number and name."""

    NUMBER: ClassVar[str] = ""
    FINDS_PROBLEMS: ClassVar[bool] = False
    DEFAULT_CSS = """
    StepPane { width: 1fr; height: 1fr; display: none; }
    StepPane About { max-height: 60%; text-wrap: wrap; }
    StepPane VirtualTable { height: 1fr; min-height: 3; }
    StepPane EmptyNote { min-height: 3; padding: 0 2; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.about = About()
        self.note = EmptyNote()

    @property
    def dash(self) -> ElysiadashApp:
        """The app, as ours."""
        return cast("ElysiadashApp", self.app)

    def compose(self) -> ComposeResult:
        """The lines, what a subclass puts between, and the list or why there is none."""
        yield self.about
        yield from self.between()
        yield self.table
        yield self.note

    def between(self) -> Iterable[Widget]:
        """What stands between the lines and the list."""
        return ()

    def why_empty(self) -> Note | None:
        """(what, why) instead of an empty list."""
        return None

    def lines(self) -> list[Words]:
        """What is said above the list."""
        return []

    def words(self) -> str:
        """The row under the cursor, for the status line."""
        return ""

    async def open_row(self, key: Hashable) -> None:
        """Enter on a row."""

    def put(self, rows: Iterable[RowT]) -> None:
        """Show these rows, and the lines above."""
        self.table.set_rows(list(rows))
        self.tell()

    def tell(self) -> None:
        """Bring the lines up to date."""
        self.about.say(self.lines())
        self.about.display = bool(self.lines())
        why = None if self.table.status.total else self.why_empty()
        self.table.display, self.note.display = why is None, why is not None
        if why is not None:
            self.note.say(*why)

    def take_keys(self) -> None:
        """The list has the keys, where it is shown."""
        # At once: ``focus`` waits for its turn, and would take the keys from a line opened since.
        self.screen.set_focus(self.table if self.table.display else None)

    def notes(self) -> list[Piece]:
        """Filter, counts and order."""
        status, notes = self.table.status, self.chips()
        if not notes and status.total:
            one, many = self.THINGS
            notes.append(
                (f"{status.total:,} {one if status.total == 1 else many}", "$health-unknown")
            )
        if status.sort is not None:
            title = self.table.model.columns[status.sort.column].title
            notes.append((f"sort: {title} {'↓' if status.sort.descending else '↑'}", ""))
        return notes
