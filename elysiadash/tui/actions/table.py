"""How one moves inside any list."""

from __future__ import annotations

from elysiadash.tui.actions.action import Action

ACTIONS: tuple[Action, ...] = (
    Action(
        id="table.down",
        keys="j,down",
        does="move(1)",
        label="Down",
        help="One row down.",
        scope="table",
    ),
    Action(
        id="table.up",
        keys="k,up",
        does="move(-1)",
        label="Up",
        help="One row up.",
        scope="table",
    ),
    Action(
        id="table.first",
        keys="g,home",
        does="first",
        label="First row",
        help="The first row.",
        scope="table",
    ),
    Action(
        id="table.last",
        keys="G,end",
        does="last",
        label="Last row",
        help="The last row.",
        scope="table",
    ),
    Action(
        id="table.page_down",
        keys="pagedown,ctrl+f",
        does="page(1)",
        label="Page down",
        help="One page down.",
        scope="table",
    ),
    Action(
        id="table.page_up",
        keys="pageup",
        does="page(-1)",
        label="Page up",
        help="One page up.",
        scope="table",
    ),
    Action(
        id="table.left",
        keys="h,left",
        does="columns(-1)",
        label="Columns to the left",
        help="Columns to the left; in a tree, close the row.",
        scope="table",
    ),
    Action(
        id="table.right",
        keys="l,right",
        does="columns(1)",
        label="Columns to the right",
        help="Columns to the right; in a tree, open the row.",
        scope="table",
    ),
    Action(
        id="table.mark",
        keys="space",
        does="mark",
        label="Mark",
        help="Mark the row, for copying and exporting.",
        scope="table",
    ),
    Action(
        id="table.select",
        keys="enter",
        does="select",
        label="Open",
        help="Open the row.",
        scope="table",
    ),
)
