"""The lines around a screen's body: where one is, what is wrong with the data, what to know."""

from __future__ import annotations

from textual.content import Content

from elysiadash.tui.plain import plain
from elysiadash.tui.widgets.line import Line

Piece = str | tuple[str, str]


class StaleBar(Line):
    """Says why the values are old; hidden while they are not."""

    DEFAULT_CSS = """
    StaleBar {
        background: $health-warn 25%;
        color: $foreground;
        display: none;
    }
    StaleBar.-told { display: block; }
    """

    def tell(self, words: str | None) -> None:
        """Show these words, or nothing."""
        # By its class: where a summary says the same, the app's styles hide it nevertheless.
        self.set_class(words is not None, "-told")
        if words is not None:
            self.show(Content.assemble((" ▲ ", "bold $health-warn"), plain(words)))


class FrozenBar(Line):
    """Says which collection was left frozen, and how it is thawed; hidden while none is."""

    DEFAULT_CSS = """
    FrozenBar {
        background: $health-crit 40%;
        color: $foreground;
        text-style: bold;
        display: none;
    }
    FrozenBar.-told { display: block; }
    """

    def tell(self, words: str | None) -> None:
        """Show these words, or nothing."""
        self.set_class(words is not None, "-told")
        if words is not None:
            self.show(Content.assemble((" ✖ ", "bold $health-crit"), plain(words)))


class Crumbs(Line):
    """Where one is, and on the right how the rows are chosen and ordered."""

    DEFAULT_CSS = """
    Crumbs { color: $foreground; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._told: tuple[list[str], list[Piece]] = ([], [])

    def on_resize(self) -> None:
        """The right edge is elsewhere now."""
        self.tell(*self._told)

    def tell(self, path: list[str], notes: list[Piece]) -> None:
        """``path`` from the first screen to this one; ``notes`` go to the right edge."""
        self._told = (path, notes)
        trail: list[Piece] = [" "]
        for place, name in enumerate(path):
            here = place == len(path) - 1
            trail += [(plain(name), "bold" if here else "$health-unknown"), " › "]
        left, right = Content.assemble(*trail), Content.assemble(*_spaced(notes), " ")
        room = self.size.width - left.cell_length - right.cell_length
        if room < 1:
            left = left.truncate(max(8, self.size.width - right.cell_length - 1), ellipsis=True)
            room = max(1, self.size.width - left.cell_length - right.cell_length)
        self.show(left + " " * room + right)


class StatusLine(Line):
    """What there is to know about the row under the cursor, or for a moment something else."""

    DEFAULT_CSS = """
    StatusLine { color: $health-unknown; }
    """

    def __init__(self) -> None:
        super().__init__(id="status")
        self._resting = Content.empty()
        self._flashes = 0

    def rest(self, words: Content) -> None:
        """What it says when nothing else is to be said."""
        self._resting = words
        if not self._flashes:
            self.show(words)

    def flash(self, words: str, seconds: float = 4.0) -> None:
        """Say something for a moment."""
        self._flashes += 1
        self.show(Content.assemble(" ", (plain(words), "bold $foreground")))
        self.set_timer(seconds, self._end_flash)

    def _end_flash(self) -> None:
        self._flashes -= 1
        if not self._flashes:
            self.show(self._resting)


def _spaced(notes: list[Piece]) -> list[Piece]:
    spaced: list[Piece] = []
    for note in notes:
        spaced += [note, "  "]
    return spaced[:-1]
