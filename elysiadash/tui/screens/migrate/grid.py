"""The ranges of a job, one cell each: which are done, in hand, waiting."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from textual.content import Content
from textual.widget import Widget

from elysiadash.jobs.ranges import KeyRange, RangeState
from elysiadash.tui import numbers
from elysiadash.tui.job_stages import name_of, place_of
from elysiadash.tui.widgets.lines import Piece

_MOST_LINES = 6
_LABEL = 11
_LEAST = 8

DONE, MOVES, RESTS, WAITS = "done", "in hand", "at rest", "waiting"
SIGNS: dict[str, tuple[str, str]] = {
    DONE: ("█", "$health-ok"),
    MOVES: ("▒", "$accent"),
    RESTS: ("○", "$health-warn"),
    WAITS: ("·", "$health-unknown"),
}
"""State -> its sign and look: the signs alone tell the states apart."""
_URGENCY = {MOVES: 3, RESTS: 2, WAITS: 1, DONE: 0}


class Generation:
    """The states of one generation's ranges, in key order."""

    def __init__(self, number: int, states: Sequence[str]) -> None:
        self.number = number
        self.states = tuple(states)

    @property
    def name(self) -> str:
        """As the stages are called."""
        return name_of(self.number)

    def cells(self, room: int) -> tuple[tuple[str, ...], int]:
        """(states of so many cells at most, how many ranges each stands for).

        A cell for several shows the most telling of them: what is in hand, then what is not done.
        """
        many = -(-len(self.states) // max(1, room))
        each = max(1, many)
        packs = [self.states[at : at + each] for at in range(0, len(self.states), each)]
        return tuple(max(pack, key=lambda state: _URGENCY[state]) for pack in packs), each


def generations(ranges: Sequence[KeyRange], *, worked_on: bool) -> list[Generation]:
    """The ranges by generation, the copy first."""
    found: dict[int, list[str]] = defaultdict(list)
    for each in ranges:
        found[each.generation].append(_state(each, worked_on))
    return [Generation(number, found[number]) for number in sorted(found, key=place_of)]


class RangesGrid(Widget):
    """A few lines of cells for each generation; hidden while there are no ranges."""

    DEFAULT_CSS = """
    RangesGrid { height: auto; width: 100%; padding: 0 1; display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._shown: list[Generation] = []
        self._said: object = None

    def show(self, found: list[Generation]) -> None:
        """Show these; paints only what changed."""
        said = [(each.number, each.states) for each in found]
        if said != self._said:
            self._said, self._shown = said, found
            self.display = bool(found)
            self.refresh(layout=True)

    def lines(self, width: int, most: int) -> list[Content]:
        """The grid for so much room: newest generations first where not all fit."""
        if not self._shown or width < _LABEL + _LEAST:
            return []
        room = width - _LABEL
        first, rest = self._shown[0], self._shown[1:]
        shown = [first, *rest[-max(0, most - 2) :]] if rest else [first]
        each_has = max(1, (most - len(shown)) // len(shown) + 1)
        lines: list[Content] = []
        for generation in shown:
            cells, stands_for = generation.cells(room * each_has)
            for at in range(0, len(cells), room):
                label = generation.name if at == 0 else ""
                pieces: list[Piece] = [(label.ljust(_LABEL), "$health-unknown")]
                pieces += _runs(cells[at : at + room])
                lines.append(Content.assemble(*pieces))
            if stands_for > 1:
                words = f"{'':{_LABEL}}each cell is {stands_for} ranges"
                lines.append(Content.styled(words, "$health-unknown"))
        return [*lines[: most - 1], self._legend()]

    def _legend(self) -> Content:
        states = [state for each in self._shown for state in each.states]
        pieces: list[Piece] = [" " * _LABEL]
        for state, (sign, look) in SIGNS.items():
            many = states.count(state)
            if many:
                words = (f" {state} {numbers.count(many)}  ", "$health-unknown")
                pieces += [(sign, look), words]
        return Content.assemble(*pieces)

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """As many lines as there are cells for, and no more than its share."""
        return len(self.lines(width, self._most()))

    def render(self) -> Content:
        """The cells."""
        return Content("\n").join(self.lines(self.size.width, self._most()))

    def _most(self) -> int:
        return max(3, min(_MOST_LINES, self.app.size.height // 5))


def _runs(cells: Sequence[str]) -> list[Piece]:
    """Neighbours of one state are one piece."""
    pieces: list[tuple[str, str]] = []
    for state in cells:
        sign, look = SIGNS[state]
        if pieces and pieces[-1][1] == look:
            pieces[-1] = (pieces[-1][0] + sign, look)
        else:
            pieces.append((sign, look))
    return list(pieces)


def _state(each: KeyRange, worked_on: bool) -> str:
    if each.state is RangeState.DONE:
        return DONE
    if each.state is RangeState.TAKEN and worked_on:
        return MOVES
    return RESTS if each.watermark is not None or each.state is RangeState.TAKEN else WAITS
