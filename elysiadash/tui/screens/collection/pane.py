"""What every pane is: a line that names it and says whether it has the keys, and its content."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from elysiadash.tui.freshness import Freshness
from elysiadash.tui.plain import plain
from elysiadash.tui.screens.collection.look import Look
from elysiadash.tui.screens.collection.place import PanePlace
from elysiadash.tui.widgets.line import Line
from elysiadash.tui.widgets.lines import Piece

if TYPE_CHECKING:
    from elysiadash.tui.app import ElysiadashApp
    from elysiadash.tui.screens.live import LiveScreen


READING = "reading…"
"""What a pane says until it has looked at anything."""


class PaneTitle(Line):
    """The upper edge of a pane: ``━▶ Shards ━━━ 12 shards ━`` where it has the keys."""

    DEFAULT_CSS = """
    PaneTitle { color: $health-unknown; background: $background; }
    PaneTitle.-here { color: $accent; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._said: tuple[str, bool, tuple[Piece, ...]] = ("", False, ())

    @property
    def text(self) -> str:
        """What the line says now."""
        return self.render().plain

    def tell(self, name: str, here: bool, notes: Iterable[Piece]) -> None:
        """Say this; ``notes`` go to the right edge."""
        said = (name, here, tuple(notes))
        if said != self._said:
            self._said = said
            self.set_class(here, "-here")
            self.refresh()

    def render(self) -> Content:
        """The edge in the present width; the notes give way to the name."""
        name, here, notes = self._said
        rule = "━" if here else "─"
        left = Content.assemble(
            f"{rule}▶ " if here else f"{rule}{rule} ",
            (plain(name), "bold $foreground" if here else "$foreground"),
            " ",
        )
        pieces: list[Piece] = []
        for note in notes:
            pieces += [note, " "]
        right = Content.assemble(" ", *pieces, rule) if pieces else Content(rule)
        room = self.size.width - left.cell_length - right.cell_length
        if room < 1:
            right = right.truncate(max(1, self.size.width - left.cell_length - 1), ellipsis=True)
            room = max(1, self.size.width - left.cell_length - right.cell_length)
        return left + rule * room + right


class Pane(Vertical):
    """A part of the screen. It is pulled only while it is seen."""

    NAME: ClassVar[str] = ""
    """As ``:pane`` and the title have it."""
    DEFAULT_CSS = """
    Pane { width: 1fr; height: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__(id=f"pane-{self.NAME}")
        self.title = PaneTitle()
        self._shown: Look | None = None
        self._whose: LiveScreen | None = None

    @property
    def dash(self) -> ElysiadashApp:
        """The app, as ours."""
        return cast("ElysiadashApp", self.app)

    @property
    def live(self) -> LiveScreen:
        """The screen, as ours; also before the pane is on it, and while it is being left."""
        return self._whose or cast("LiveScreen", self.screen)

    def belongs_to(self, screen: LiveScreen) -> None:
        """Say whose pane this is, which the tree of widgets tells only while both are shown."""
        self._whose = screen

    @property
    def look(self) -> Look | None:
        """What is shown now."""
        return self._shown

    @property
    def has_read(self) -> bool:
        """Whether anything was looked at, so that what is not shown is not there."""
        return self._shown is not None

    @property
    def now(self) -> float:
        """Wall-clock seconds that ages are counted to: those of the freeze while it lasts."""
        held = self.live.frozen_at
        return self.dash.watched.store.clock() if held is None else held

    @property
    def here(self) -> bool:
        """Whether this pane has the keys."""
        return self.has_class("-here")

    def compose(self) -> ComposeResult:
        """The title, then the content."""
        yield self.title
        yield from self.content_widgets()

    def content_widgets(self) -> Iterable[Widget]:
        """What is below the title."""
        return ()

    def take_keys(self) -> None:
        """Put the focus where the cursor is."""
        raise NotImplementedError

    async def pull(self, look: Look) -> None:
        """Show this moment; called while the pane is seen."""
        self._shown = look

    def facts_changed(self, fresh: Freshness) -> None:
        """Each second while the pane is seen: ages move on, what is late fades."""

    def hold(self, held: bool) -> None:
        """Stand still, or go on."""

    def place(self) -> PanePlace | None:
        """How the reader has it; None where there is nothing to be kept."""
        return None

    def return_to(self, place: PanePlace) -> None:
        """Give it back."""

    def notes(self) -> list[Piece]:
        """What the title says at its right end."""
        return []

    def words(self) -> str:
        """What there is to know about the thing under the cursor, for the status line."""
        return ""

    def tell(self) -> None:
        """Bring the title up to date."""
        notes = self.notes() if self.has_read else [READING]
        self.title.tell(self.NAME.capitalize(), self.here, notes)

    def set_here(self, here: bool) -> None:
        """Mark the pane that has the keys."""
        self.set_class(here, "-here")
        self.tell()
