"""What works on the detail of a collection."""

from __future__ import annotations

from elysiadash.tui.actions.action import Action

ACTIONS: tuple[Action, ...] = (
    Action(
        id="collection.pane",
        keys="tab",
        does="next_pane(1)",
        label="Pane",
        help="The next pane: shards, charts, numbers, settings, tenants.",
        scope="collection",
        footer=10,
    ),
    Action(
        id="collection.pane_back",
        keys="shift+tab",
        does="next_pane(-1)",
        label="Pane before",
        help="The pane before this one.",
        scope="collection",
    ),
    Action(
        id="collection.to_pane",
        does="pane",
        label="Go to pane",
        help="Go to a pane by its name.",
        scope="collection",
        command="pane",
        takes="NAME",
    ),
    Action(
        id="collection.zoom",
        keys="f",
        does="zoom",
        label="Zoom",
        help="This pane alone; again: all that fit.",
        scope="collection",
        footer=30,
        command="zoom",
    ),
    Action(
        id="collection.state",
        keys="s",
        does="next_state",
        label="State",
        help="Tenants of one state, then of the next; in the end all.",
        scope="collection",
        footer=25,
    ),
)
