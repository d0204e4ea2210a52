"""All actions together, in the order in which help and README list them."""

from __future__ import annotations

from elysiadash.tui.actions import (
    collection,
    dialogs,
    everywhere,
    lists,
    migrate,
    picker,
    replay,
    screens,
    sheets,
    table,
)
from elysiadash.tui.actions.action import Action

ACTIONS: tuple[Action, ...] = (
    *everywhere.ACTIONS,
    *screens.ACTIONS,
    *replay.ACTIONS,
    *lists.ACTIONS,
    *collection.ACTIONS,
    *migrate.ACTIONS,
    *table.ACTIONS,
    *sheets.ACTIONS,
    *dialogs.ACTIONS,
    *picker.ACTIONS,
)

WRITING = frozenset(action.method for action in ACTIONS if action.writes)
"""The methods of the actions that change a cluster; asked for at each key."""
BY_ID = {action.id: action for action in ACTIONS}
if len(BY_ID) != len(ACTIONS):
    raise ValueError("two actions have the same id")


def of_scopes(*scopes: str) -> tuple[Action, ...]:
    """The actions of these scopes."""
    return tuple(action for action in ACTIONS if action.scope in scopes)


def allowed(*scopes: str, writable: bool) -> tuple[Action, ...]:
    """The actions of these scopes that there are: while read-only, none that writes."""
    return tuple(action for action in of_scopes(*scopes) if writable or not action.writes)


def commands(*scopes: str, writable: bool) -> dict[str, Action]:
    """The ``:`` commands of these scopes by name, as ``allowed``; a narrower scope wins."""
    return {
        action.command: action
        for scope in scopes
        for action in allowed(scope, writable=writable)
        if action.command
    }


def is_writing(method: str) -> bool:
    """Whether an action of this name, as in ``action_<name>``, changes a cluster."""
    return method in WRITING
