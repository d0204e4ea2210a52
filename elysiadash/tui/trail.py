"""Where one has been: places in the order they were visited, to go back and forth between."""

from __future__ import annotations

from collections.abc import Hashable

import msgspec

from elysiadash.tui.widgets.table import TablePlace

_MOST = 100

Route = tuple[str, ...]
"""The commands that lead to a place: first the main screen's, then what was opened on it."""


class Place(msgspec.Struct, frozen=True):
    """A place, and how the reader had it: where in its list, filtered how, with what folded.

    ``folds`` are rows of a tree that the reader opened (True) or closed (False).
    """

    route: Route
    table: TablePlace | None = None
    filter: str = ""
    folds: tuple[tuple[Hashable, bool], ...] = ()


class Trail:
    """Visited places, bounded; like the history of a browser.

    A place is kept as it was left last, however often it was visited.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._routes: list[Route] = []
        self._at = -1
        self._before: Route | None = None
        self._left: dict[Route, Place] = {}

    @property
    def here(self) -> Route | None:
        """The present place."""
        return self._routes[self._at] if self._routes else None

    def visit(self, route: Route) -> None:
        """A place is on the screen now; what was ahead is forgotten when it is another one."""
        if self.here == route:
            return
        self._before = self.here
        del self._routes[self._at + 1 :]
        self._routes.append(route)
        del self._routes[: -self._most]
        self._at = len(self._routes) - 1
        known = {*self._routes, self._before}
        self._left = {route: place for route, place in self._left.items() if route in known}

    def leave(self, place: Place) -> None:
        """Keep how the reader had a place; one that is not on the trail is not kept."""
        if place.route == self._before or place.route in self._routes:
            self._left[place.route] = place

    def place(self, route: Route) -> Place:
        """A place as it was left last."""
        return self._left.get(route) or Place(route)

    def step(self, steps: int) -> Place | None:
        """Move along the trail; None, and no move, at its ends."""
        wanted = self._at + steps
        if not 0 <= wanted < len(self._routes):
            return None
        self._before = self.here
        self._at = wanted
        return self.place(self._routes[wanted])

    def last(self) -> Place | None:
        """The place that was on the screen before this one; None where there is none."""
        return None if self._before is None else self.place(self._before)
