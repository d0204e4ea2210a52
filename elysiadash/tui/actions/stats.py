"""What works on the Stats screen."""

from __future__ import annotations

from elysiadash.tui.actions.action import Action

ACTIONS: tuple[Action, ...] = (
    Action(
        id="stats.open",
        does="open",
        label="Open",
        help="Open a collection.",
        scope="stats",
        command="open",
        takes="NAME",
    ),
)
