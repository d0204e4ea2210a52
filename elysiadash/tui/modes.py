"""The four main screens, and the places that a command leads to from any of them."""

from __future__ import annotations

from collections.abc import Callable

from elysiadash.tui.screens.live import LiveScreen
from elysiadash.tui.screens.stats import StatsScreen

MODES: dict[str, Callable[[], LiveScreen]] = {
    "stats": StatsScreen,
}
"""The base screen of each mode, by the name of the command that leads there."""


def _collection(name: str) -> LiveScreen:
    from elysiadash.tui.screens.collection import CollectionScreen

    return CollectionScreen(name)


def _fleet(_: str) -> LiveScreen:
    from elysiadash.tui.screens.fleet import FleetScreen

    return FleetScreen()


PLACES: dict[str, Callable[[str], LiveScreen]] = {
    "collection": _collection,
    "fleet": _fleet,
}
"""Command -> its screen, from what stands after the command."""
