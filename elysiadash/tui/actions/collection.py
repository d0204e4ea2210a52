"""What works on the detail of a collection."""

from __future__ import annotations

from elysiadash.tui.actions.action import Action

ACTIONS: tuple[Action, ...] = (
    Action(
        id="collection.pane",
        keys="tab",
        does="next_pane",
        label="Pane",
        help="The other pane.",
        scope="collection",
        footer=10,
    ),
    Action(
        id="collection.zoom",
        keys="f",
        does="zoom",
        label="Zoom",
        help="This pane alone; again: both.",
        scope="collection",
        footer=30,
        command="zoom",
    ),
)
