"""What the palette lists: every action of the screen below it, with its keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from textual.app import SystemCommand
from textual.await_complete import AwaitComplete
from textual.command import CommandList, CommandPalette
from textual.screen import Screen

from elysiadash.tui.actions import Action, allowed
from elysiadash.tui.keymap import shown
from elysiadash.tui.screens.live import LiveScreen

if TYPE_CHECKING:
    from elysiadash.tui.app import ElysiadashApp

_NOT_LISTED = {"app.palette", "app.interrupt"}
"""The palette itself, and half of a way out that it offers whole."""


class Palette(CommandPalette):
    """Textual's palette, for hands that are quicker than it opens and closes."""

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Close it; a second key or click while it closes is nothing."""
        return super().dismiss(result) if self.is_active else AwaitComplete()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Moving in the list needs lines that are laid out."""
        if action == "command_list":
            listed = self.query_one(CommandList)
            return bool(listed.option_count and listed.virtual_size.height)
        return super().check_action(action, parameters)


def entries(screen: Screen[object], app: ElysiadashApp) -> Iterable[SystemCommand]:
    """The actions that work on ``screen``, the one below the palette.

    One that needs an argument opens the command line, so that the argument can be completed.
    """
    if not isinstance(screen, LiveScreen):
        return
    for action in allowed(*screen.scopes(), writable=screen.writable):
        if action.id not in _NOT_LISTED and screen.fits_replay(action.method):
            keys = " ".join(map(shown, app.keymap.keys(action)))
            title = f"{action.label}  {keys}" if keys else action.label
            yield SystemCommand(title, action.help, _runner(action, screen, app))


def _runner(action: Action, screen: LiveScreen, app: ElysiadashApp) -> Callable[[], object]:
    """Does the action, once: a second Enter before the palette has gone chooses it again."""
    target = app if action.scope == "app" else screen
    left = [action]

    def run() -> object:
        if not left:
            return None
        left.clear()
        if action.needs_argument:
            screen.action_command(f"{action.command} ")
            return None
        return target.run_action(action.does)

    return run
