"""What works where one cluster of several is chosen."""

from __future__ import annotations

from elysiadash.tui.actions.action import Action

ACTIONS: tuple[Action, ...] = (
    Action(
        id="picker.choose",
        keys="enter",
        does="choose",
        label="Choose",
        help="Go to the cluster under the cursor, or to the address that is typed.",
        scope="picker",
    ),
    Action(
        id="picker.down",
        keys="down",
        does="move(1)",
        label="Down",
        help="One choice down.",
        scope="picker",
    ),
    Action(
        id="picker.up",
        keys="up",
        does="move(-1)",
        label="Up",
        help="One choice up.",
        scope="picker",
    ),
    Action(
        id="picker.cancel",
        keys="escape",
        does="cancel",
        label="Cancel",
        help="Stay with the cluster that is watched.",
        scope="picker",
    ),
)
