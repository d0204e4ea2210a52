"""What works on sheets over a screen, and in the line one types into."""

from __future__ import annotations

from elysiadash.tui.actions.action import Action

ACTIONS: tuple[Action, ...] = (
    Action(
        id="sheet.close",
        keys="escape,q,question_mark",
        does="close",
        label="Close",
        help="Back to the screen below.",
        scope="sheet",
    ),
    Action(
        id="sheet.down",
        keys="j,down",
        does="scroll('down')",
        label="Down",
        help="A line down.",
        scope="sheet",
    ),
    Action(
        id="sheet.up",
        keys="k,up",
        does="scroll('up')",
        label="Up",
        help="A line up.",
        scope="sheet",
    ),
    Action(
        id="sheet.top",
        keys="g,home",
        does="scroll('home')",
        label="Top",
        help="To the beginning.",
        scope="sheet",
    ),
    Action(
        id="sheet.end",
        keys="G,end",
        does="scroll('end')",
        label="End",
        help="To the end.",
        scope="sheet",
    ),
    Action(
        id="sheet.page_down",
        keys="pagedown,ctrl+f",
        does="scroll('page_down')",
        label="Page down",
        help="A page down.",
        scope="sheet",
    ),
    Action(
        id="sheet.page_up",
        keys="pageup",
        does="scroll('page_up')",
        label="Page up",
        help="A page up.",
        scope="sheet",
    ),
    Action(
        id="prompt.accept",
        keys="enter",
        does="submit",
        label="Use",
        help="Use what was typed.",
        scope="prompt",
    ),
    Action(
        id="prompt.complete",
        keys="tab",
        does="complete",
        label="Complete",
        help="Complete the word; again: the next that fits.",
        scope="prompt",
    ),
    Action(
        id="prompt.cancel",
        keys="escape",
        does="give_up",
        label="Cancel",
        help="Leave the line as if nothing was typed.",
        scope="prompt",
    ),
    Action(
        id="prompt.older",
        keys="up",
        does="recall(-1)",
        label="Older",
        help="The line typed before this one.",
        scope="prompt",
    ),
    Action(
        id="prompt.newer",
        keys="down",
        does="recall(1)",
        label="Newer",
        help="The line typed after this one.",
        scope="prompt",
    ),
)
