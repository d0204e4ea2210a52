"""Where one is in the app, and how one gets from one place to another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from elysiadash.tui.faults import Faults
from elysiadash.tui.modes import MODES, PLACES
from elysiadash.tui.screens.live import LiveScreen
from elysiadash.tui.trail import Place, Route, Trail


class Places(Faults):
    """The part of the app that leads from screen to screen.

    Each cluster that is watched has a generation of main screens of its own, ``stats#0``.
    """

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.trail = Trail()
        self._travelling = False
        self._generation = 0

    @property
    def live_screen(self) -> LiveScreen | None:
        """The main screen that is shown, or lies under a sheet."""
        stack = reversed(self.screen_stack)
        return next((screen for screen in stack if isinstance(screen, LiveScreen)), None)

    async def show_mode(self, mode: str) -> str | None:
        """Go to one of the main screens as it was left; if it is shown already, to its root."""
        if not await self._use_mode(mode):
            self._keep_screens(1)
        return None

    async def _use_mode(self, mode: str) -> bool:
        """Show a main screen and what lies on it; False where it is shown already."""
        name = f"{mode}#{self._generation}"
        if self.current_mode == name:
            return False
        await self.switch_mode(name)
        return True

    def _keep_screens(self, many: int) -> None:
        """Take away the screens above the lowest ``many``."""
        # Not awaited: the one that asks for it may be among them.
        while len(self.screen_stack) > many:
            self.pop_screen()

    async def go(self, link: str) -> str | None:
        """Go where a command leads; returns what is wrong with the command."""
        name, _, argument = link.partition(" ")
        if name in MODES:
            await self.show_mode(name)
        elif name in PLACES:
            await self._push_or_return(link, PLACES[name], argument.strip())
        else:
            return f"no place {name!r}"
        return None

    def route(self) -> Route:
        """The commands that lead to what is on the screen."""
        live = (each for each in self.screen_stack if isinstance(each, LiveScreen))
        return tuple(link for screen in live if (link := screen.link()))

    def visit(self, route: Route) -> None:
        """A place is on the screen; those on the way along the trail are not visited."""
        if not self._travelling:
            self.trail.visit(route)

    async def travel(self, place: Place) -> None:
        """Go to a place of the trail: over the same screens, each as it was left."""
        self._travelling = True
        try:
            await self._use_mode(place.route[0])
            for many in range(self._kept_of(place.route), len(place.route)):
                name, _, argument = place.route[many].partition(" ")
                await self.push_screen(PLACES[name](argument))
                self._return_to(self.trail.place(place.route[: many + 1]))
            self._return_to(place)
        finally:
            self._travelling = False

    def _kept_of(self, route: Route) -> int:
        """Take away the screens that are not on the way; returns how many of it are left."""
        kept = 1
        for screen, link in zip(self.screen_stack[1:], route[1:], strict=False):
            if not isinstance(screen, LiveScreen) or screen.link() != link:
                break
            kept += 1
        self._keep_screens(kept)
        return kept

    def _return_to(self, place: Place) -> None:
        screen = self.live_screen
        if screen is not None:
            screen.return_to(place)

    async def _push_or_return(
        self, link: str, make: Callable[[str], LiveScreen], argument: str
    ) -> None:
        links = [each.link() if isinstance(each, LiveScreen) else "" for each in self.screen_stack]
        if link not in links:
            await self.push_screen(make(argument))
            return
        self._keep_screens(links.index(link) + 1)
