"""What works everywhere."""

from __future__ import annotations

from elysiadash.tui.actions.action import Action

ACTIONS: tuple[Action, ...] = (
    Action(
        id="app.interrupt",
        keys="ctrl+c",
        does="interrupt",
        label="Interrupt",
        help="Twice: leave the app. What runs on the servers goes on.",
        scope="app",
        # An input would take ctrl+c for copying.
        priority=True,
    ),
    Action(
        id="app.quit",
        does="leave",
        label="Quit",
        help="Leave the app.",
        scope="app",
        command="q",
    ),
    Action(
        id="app.suspend",
        # What a shell does with it, where the terminal would not send the key to us.
        keys="ctrl+z",
        does="suspend",
        label="Suspend",
        help="Back to the shell; fg brings the app back.",
        scope="app",
        command="suspend",
    ),
    Action(
        id="app.theme",
        does="theme",
        label="Theme",
        help="Use another theme; without a name, the next one.",
        scope="app",
        command="theme",
        takes="[NAME]",
    ),
    Action(
        id="app.palette",
        keys="ctrl+p",
        does="command_palette",
        label="Palette",
        help="Search everything that can be done here.",
        scope="app",
    ),
)
