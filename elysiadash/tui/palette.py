"""What the palette lists: every action of the screen below it, with its keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from textual.app import SystemCommand
from textual.screen import Screen

from elysiadash.tui.actions import Action, allowed
from elysiadash.tui.keymap import shown
from elysiadash.tui.screens.live import LiveScreen

if TYPE_CHECKING:
    from elysiadash.tui.app import ElysiadashApp

_NOT_LISTED = {"app.palette", "app.interrupt"}
"""The palette itself, and half of a way out that it offers whole."""


def entries(screen: Screen[object], app: ElysiadashApp) -> Iterable[SystemCommand]:
    """The actions that work on ``screen``, the one below the palette.

    One that needs an argument opens the command line, so that the argument can be completed.
    """
    if not isinstance(screen, LiveScreen):
        return
    for action in allowed(*screen.scopes(), writable=app.writable):
        if action.id not in _NOT_LISTED and screen.fits_replay(action.method):
            keys = " ".join(map(shown, app.keymap.keys(action)))
            title = f"{action.label}  {keys}" if keys else action.label
            yield SystemCommand(title, action.help, _runner(action, screen, app))


def _runner(action: Action, screen: LiveScreen, app: ElysiadashApp) -> Callable[[], object]:
    if action.needs_argument:
        return lambda: screen.action_command(f"{action.command} ")
    target = app if action.scope == "app" else screen
    return lambda: target.run_action(action.does)
