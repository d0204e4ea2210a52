"""All actions together, in the order in which help and README list them."""

from __future__ import annotations

from elysiadash.tui.actions import (
    collection,
    everywhere,
    lists,
    replay,
    screens,
    sheets,
    stats,
    table,
)
from elysiadash.tui.actions.action import Action

ACTIONS: tuple[Action, ...] = (
    *everywhere.ACTIONS,
    *screens.ACTIONS,
    *replay.ACTIONS,
    *lists.ACTIONS,
    *stats.ACTIONS,
    *collection.ACTIONS,
    *table.ACTIONS,
    *sheets.ACTIONS,
)

BY_ID = {action.id: action for action in ACTIONS}
if len(BY_ID) != len(ACTIONS):
    raise ValueError("two actions have the same id")


def of_scopes(*scopes: str) -> tuple[Action, ...]:
    """The actions of these scopes."""
    return tuple(action for action in ACTIONS if action.scope in scopes)


def commands(*scopes: str) -> dict[str, Action]:
    """The ``:`` commands of these scopes by name; a narrower scope wins."""
    return {
        action.command: action
        for scope in scopes
        for action in ACTIONS
        if action.command and action.scope == scope
    }
