"""Where one has been: places in the order they were visited, to go back and forth between."""

from __future__ import annotations

import msgspec

from elysiadash.tui.widgets.table import TablePlace

_MOST = 100


class Place(msgspec.Struct, frozen=True):
    """A place: the command that leads there, and where the reader was in its list."""

    link: str
    table: TablePlace | None = None


class Trail:
    """Visited places, bounded; like the history of a browser."""

    def __init__(self) -> None:
        self._places: list[Place] = []
        self._at = -1
        self._before: Place | None = None

    @property
    def here(self) -> Place | None:
        """The present place."""
        return self._places[self._at] if self._places else None

    def visit(self, link: str) -> None:
        """A place is on the screen now; what was ahead is forgotten when it is another one."""
        if self.here is not None and self.here.link == link:
            return
        self._before = self.here
        del self._places[self._at + 1 :]
        self._places.append(Place(link))
        del self._places[:-_MOST]
        self._at = len(self._places) - 1

    def leave(self, table: TablePlace | None) -> None:
        """Keep where the reader was in the present place."""
        if self.here is not None:
            self._places[self._at] = Place(self.here.link, table)

    def step(self, steps: int) -> Place | None:
        """Move along the trail; None, and no move, at its ends."""
        wanted = self._at + steps
        if not 0 <= wanted < len(self._places):
            return None
        self._before = self.here
        self._at = wanted
        return self._places[wanted]

    def last(self) -> Place | None:
        """The place that was on the screen before this one; None where there is none."""
        return self._before
